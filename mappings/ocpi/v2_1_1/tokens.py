"""Tokens, authorisation and commands. Source: OCPI 2.1.1 and 2.3.0, mod_tokens, mod_commands."""

from typing import Any, Final

from msgspec.structs import replace

from core.model.ids import PartyId
from core.model.name import NameKind
from mappings.ocpi.forms import About, ClosedWords, Unsayable, mapped, retyped
from mappings.ocpi.parties import spelled
from mappings.ocpi.v2_1_1.config import party_of
from mappings.ocpi.v2_1_1.parts import told
from mappings.tables import CodeTable
from protocols.ocpi.wire import commands, tokens
from protocols.ocpi.wire import v2_1_1 as wire
from protocols.ocpi.wire.commands import CommandResponseType, CommandResultType

TOKEN_TYPE: Final = ClosedWords(wire.TOKEN_TYPES, instead="OTHER")
RESPONSE: Final[CodeTable[wire.CommandResponseType, CommandResponseType]] = CodeTable(
    both={wire.CommandResponseType(word.value): word for word in CommandResponseType},
    inbound={wire.CommandResponseType.TIMEOUT: CommandResponseType.REJECTED},
)
RESULT: Final[CodeTable[wire.CommandResponseType, CommandResultType]] = CodeTable(
    both={
        wire.CommandResponseType.ACCEPTED: CommandResultType.ACCEPTED,
        wire.CommandResponseType.NOT_SUPPORTED: CommandResultType.NOT_SUPPORTED,
        wire.CommandResponseType.REJECTED: CommandResultType.REJECTED,
        wire.CommandResponseType.TIMEOUT: CommandResultType.TIMEOUT,
    },
    inbound={wire.CommandResponseType.UNKNOWN_SESSION: CommandResultType.FAILED},
    outbound={
        CommandResultType.CANCELED_RESERVATION: wire.CommandResponseType.REJECTED,
        CommandResultType.EVSE_OCCUPIED: wire.CommandResponseType.REJECTED,
        CommandResultType.EVSE_INOPERATIVE: wire.CommandResponseType.REJECTED,
        CommandResultType.FAILED: wire.CommandResponseType.REJECTED,
        CommandResultType.UNKNOWN_RESERVATION: wire.CommandResponseType.REJECTED,
    },
)
TIMEOUT_S: Final = 30
"""How long a charge point may take where the answer does not say it."""


def token_newer(token: wire.Token, about: About) -> tokens.Token:
    """Of the eMSP whose connection it is."""
    country_code, party_id = spelled(party_of(about))
    return retyped(token, tokens.Token, country_code=country_code, party_id=party_id, contract_id=token.auth_id)


def token_older(token: tokens.Token, _: About) -> wire.Token:
    return retyped(token, wire.Token, type=TOKEN_TYPE.said(token.type), auth_id=token.contract_id)


def token_patch_newer(patch: wire.TokenPatch, about: About) -> tokens.TokenPatch:
    moment = told(patch.last_updated, about)
    return retyped(patch, tokens.TokenPatch, contract_id=patch.auth_id, last_updated=moment)


def token_patch_older(patch: tokens.TokenPatch, _: About) -> wire.TokenPatch:
    return retyped(patch, wire.TokenPatch, type=mapped(TOKEN_TYPE.said, patch.type), auth_id=patch.contract_id)


def references_newer(place: wire.LocationReferences, _: About) -> tokens.LocationReferences:
    return retyped(place, tokens.LocationReferences)


def references_older(place: tokens.LocationReferences, _: About) -> wire.LocationReferences:
    return retyped(place, wire.LocationReferences)


def info_newer(info: wire.AuthorizationInfo, about: About) -> tokens.AuthorizationInfo:
    """With the token that was asked for, as valid as the answer says. Raises Unsayable where nobody asked for one."""
    if about.asked is None:
        raise Unsayable("an answer of OCPI 2.1.1 does not say for which token it is")
    token = replace(about.asked, valid=info.allowed is tokens.AllowedType.ALLOWED)
    place = mapped(lambda held: references_newer(held, about), info.location)
    return retyped(info, tokens.AuthorizationInfo, token=token, location=place)


def info_older(info: tokens.AuthorizationInfo, about: About) -> wire.AuthorizationInfo:
    place = mapped(lambda held: references_older(held, about), info.location)
    return retyped(info, wire.AuthorizationInfo, location=place)


def start_session_newer(command: wire.StartSession, about: About) -> commands.StartSession:
    return retyped(command, commands.StartSession, token=token_newer(command.token, about))


def start_session_older(command: commands.StartSession, about: About) -> wire.StartSession:
    return retyped(command, wire.StartSession, token=token_older(command.token, about))


def reserve_now_newer(command: wire.ReserveNow, about: About) -> commands.ReserveNow:
    token = token_newer(command.token, about)
    return retyped(command, commands.ReserveNow, token=token, reservation_id=str(command.reservation_id))


def reserve_now_older(command: commands.ReserveNow, about: About) -> wire.ReserveNow:
    """Raises Unsayable for an id that is no number and was given none."""
    number = command.reservation_id
    if about.told:
        number = about.told.get(reservation_of(command), number)
    if not (number.isascii() and number.isdigit() and len(number) <= _DIGITS):
        raise Unsayable(f"reservation {number!r} has no number in OCPI 2.1.1")
    token = token_older(command.token, about)
    return retyped(command, wire.ReserveNow, token=token, reservation_id=int(number))


_DIGITS: Final = 10


def reservation_of(command: commands.ReserveNow) -> tuple[NameKind, str, str]:
    """For `About.told`: ids of reservations are the eMSPs' own."""
    issuer = PartyId.of(command.token.country_code, command.token.party_id, "$.token.party_id")
    return NameKind.RESERVATION, issuer.key, command.reservation_id.upper()


def response_newer(answer: Any, _: About) -> commands.CommandResponse:
    word, extra = _word(answer)
    return commands.CommandResponse(result=RESPONSE.to_core(word), timeout=TIMEOUT_S, extra=extra)


def response_older(response: commands.CommandResponse, _: About) -> wire.CommandResponse:
    return wire.CommandResponse(result=RESPONSE.to_wire(response.result), extra=response.extra)


def result_newer(answer: Any, _: About) -> commands.CommandResult:
    word, extra = _word(answer)
    return commands.CommandResult(result=RESULT.to_core(word), extra=extra)


def result_older(result: commands.CommandResult, _: About) -> wire.CommandResponse:
    return wire.CommandResponse(result=RESULT.to_wire(result.result), extra=result.extra)


def _word(answer: Any) -> tuple[wire.CommandResponseType, dict[str, Any] | None]:
    """Of the object, or of the bare word."""
    if isinstance(answer, wire.CommandResponse):
        return answer.result, answer.extra
    return wire.CommandResponseType(answer), None
