"""The header of an eMIP message: it belongs to its hop, so a running hub fills it in anew.

What came in eMIP keeps its direction and its header here, for there is no hub between.
"""

import uuid
from typing import Any, Final

import msgspec
from msgspec import Struct

from core.model.base import Extensions, pack_extension, unpack_extension
from core.model.ids import PartyId
from core.model.loss import Loss
from core.model.partner import Role
from gateway.translation.model import UNKNOWN_PARTY, Context, assumed
from mappings.emip.authorisation import Header
from mappings.emip.ids import party_from_emip
from protocols.emip.wire import from_iop
from protocols.emip.wire.words import IdType

CAME: Final = "emip.message"
"""Extension of a canonical object: which message it came in, with its header."""
_HEADER: Final = (
    "transaction_id",
    "partner_id_type",
    "partner_id",
    "operator_id_type",
    "operator_id",
    "target_operator_id_type",
    "target_operator_id",
)


def came_in(extensions: Extensions, message: Struct, *more: str) -> Extensions:
    """With the message's name, header, and the members `more`."""
    kept = {name: getattr(message, name, None) for name in (*_HEADER, *more)}
    kept = {name: value for name, value in kept.items() if value is not None}
    kept["to_issuer"] = type(message).__module__ == from_iop.__name__
    return extensions | {CAME: pack_extension(msgspec.to_builtins(kept))}


def came(extensions: Extensions) -> dict[str, Any] | None:
    return unpack_extension(extensions, CAME) if CAME in extensions else None


class Hop(Struct, frozen=True, kw_only=True):
    """`to_issuer`: from the platform to the eMSP that is named; else from the operator to the platform."""

    to_issuer: bool
    members: dict[str, Any]
    losses: tuple[Loss, ...] = ()


def hop(extensions: Extensions, operator: PartyId, issuer: PartyId | None, context: Context) -> Hop | None:
    """None: no operator is known."""
    kept = came(extensions)
    if kept is not None:
        members = {
            name: IdType(kept[name]) if name.endswith("_type") else kept[name] for name in _HEADER if name in kept
        }
        return Hop(to_issuer=kept["to_issuer"], members={"transaction_id": None} | members)
    if operator == UNKNOWN_PARTY:
        return None
    target = issuer or context.party(Role.EMSP)
    partner = context.party(Role.HUB) or operator
    header = Header(str(uuid.uuid4()), f"{partner.country_code}*{partner.party_id}", operator, target)
    made = [
        assumed("$.transactionId", header.transaction_id, "minted, as the running hub does"),
        assumed("$.partnerId", header.partner_id, "the running hub writes its own; that of the context, or the CPO"),
    ]
    if target is not None and issuer is None:
        made.append(assumed("$.targetOperatorId", str(target), "the one EMSP of the context"))
    return Hop(to_issuer=target is not None, members=header.members(), losses=tuple(made))


def without_target(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if not name.startswith("target_")}


def header_of(members: dict[str, Any]) -> Header:
    """As the mappings want it: types and spellings of parties are theirs."""
    target = members.get("target_operator_id")
    return Header(
        members.get("transaction_id") or str(uuid.uuid4()),
        members["partner_id"],
        party_from_emip(members["operator_id"]),
        party_from_emip(target) if target else None,
    )
