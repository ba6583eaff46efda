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
    kept["addressed"] = type(message).__module__ == from_iop.__name__
    return extensions | {CAME: pack_extension(msgspec.to_builtins(kept))}


def came(extensions: Extensions) -> dict[str, Any] | None:
    return unpack_extension(extensions, CAME) if CAME in extensions else None


class Hop(Struct, frozen=True, kw_only=True):
    """`addressed`: from the platform to the party that is named; else from the sender to the platform."""

    addressed: bool
    members: dict[str, Any]
    losses: tuple[Loss, ...] = ()


def hop(
    extensions: Extensions, sender: PartyId, target: PartyId | None, context: Context, role: Role = Role.EMSP
) -> Hop | None:
    """`role` is that of the target; the only party of this role in the context is one. None: no sender is known."""
    kept = came(extensions)
    if kept is not None:
        members = {
            name: IdType(kept[name]) if name.endswith("_type") else kept[name] for name in _HEADER if name in kept
        }
        return Hop(addressed=kept["addressed"], members={"transaction_id": None} | members)
    if sender == UNKNOWN_PARTY:
        return None
    found = target or context.party(role)
    partner = context.party(Role.HUB) or sender
    header = Header(str(uuid.uuid4()), f"{partner.country_code}*{partner.party_id}", sender, found)
    made = [
        assumed("$.transactionId", header.transaction_id, "minted, as the running hub does"),
        assumed("$.partnerId", header.partner_id, "the running hub writes its own; that of the context, or the sender"),
    ]
    if found is not None and target is None:
        made.append(assumed("$.targetOperatorId", str(found), f"the one {role} of the context"))
    return Hop(addressed=found is not None, members=header.members(), losses=tuple(made))


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
