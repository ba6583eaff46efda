"""One version of OCPI, for payloads without a connection around them."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

from msgspec import Struct

from core.errors import Unsupported
from core.model.loss import Loss
from core.model.partner import PartyRole, Role
from gateway.translation.model import UNKNOWN_PARTY, Context, Written, assumed, withheld
from gateway.translation.unknown import unknown_fields
from mappings.ocpi.common import NA, PROTOCOL, time_to_ocpi
from mappings.ocpi.forms import About, Switches, lost, said
from mappings.ocpi.tokens import token_to_ocpi
from protocols.ocpi.dialect import places_of
from protocols.ocpi.versions import Version
from protocols.ocpi.wire import commands, tokens
from protocols.transport.json_codec import convert, decode_raw, to_raw

T = TypeVar("T")
_OF_EMSPS: Final = frozenset({tokens.Token, tokens.AuthorizationInfo, commands.StartSession, commands.ReserveNow})
"""What an eMSP writes; operators write the rest."""


class Speech(Struct, frozen=True):
    version: Version

    def read(self, body: bytes, wire_type: type[T], context: Context) -> T:
        """Raises Invalid."""
        return self.convert(decode_raw(body), wire_type, context)

    def convert(self, raw: Any, wire_type: type[T], context: Context) -> T:
        form = self.version.forms.get(wire_type)
        if form is None:
            return convert(raw, wire_type)
        newer: T = form.newer(convert(raw, form.wire_type), self._about(context, wire_type))
        return newer

    def raw(self, message: Any, context: Context) -> Any:
        """As plain JSON. Raises Unsayable."""
        if not self.version.older:
            return to_raw(message)
        return to_raw(said(message, self.version.forms, self._about(context, type(message))))

    def losses(self, canonical: Struct, context: Context) -> tuple[Loss, ...]:
        """Beyond those of 2.3.0."""
        return lost(canonical, self.version.lost, self._about(context, None))

    def written(self, message: Callable[[], Any], losses: tuple[Loss, ...], context: Context) -> Written:
        """The payload, or none and why."""
        try:
            return Written(output=self.raw(message(), context), losses=losses)
        except Unsupported as error:
            return Written(output=None, losses=(*losses, withheld("$", str(error))))

    def unowned(self, canonical: Any) -> tuple[Loss, ...]:
        """2.1.1 names no owner: what the context does not say either is assumed. And the unknown fields."""
        lost = unknown_fields(canonical, PROTOCOL)
        owner = getattr(canonical, "owner", None) or getattr(canonical, "issuer", None)
        if owner != UNKNOWN_PARTY:
            return lost
        return (assumed("$.owner", str(UNKNOWN_PARTY), "the payload belongs to the party of its connection"), *lost)

    def _about(self, context: Context, wire_type: Any) -> About:
        role = Role.EMSP if wire_type in _OF_EMSPS else Role.CPO
        return About(
            partner=PartyRole(role=role, party=context.party(role) or UNKNOWN_PARTY),
            now=context.now,
            switches=Switches(time_zone=context.time_zone),
            places=places_of(context.locations),
            tokens=_by_contract(context),
            asked=untold_token(context),
        )


def _by_contract(context: Context) -> dict[str, tokens.Token]:
    found: dict[str, tokens.Token] = {}
    for token in context.tokens:
        with suppress(Unsupported):
            if token.contract_id is not None:
                found.setdefault(token.contract_id.text, token_to_ocpi(token))
    return found


def untold_token(context: Context) -> tokens.Token:
    """Stands where an answer of 2.1.1 leaves the token out, and is never told."""
    return tokens.Token(
        country_code=UNKNOWN_PARTY.country_code,
        party_id=UNKNOWN_PARTY.party_id,
        uid=NA,
        type=NA,
        contract_id=NA,
        issuer=NA,
        valid=False,
        whitelist=tokens.WhitelistType.NEVER,
        last_updated=time_to_ocpi(context.now),
    )
