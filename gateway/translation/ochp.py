"""OCHP 1.4 payloads: a record goes out as the list item of its request."""

from datetime import timedelta
from typing import Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from core.errors import Invalid, RoamingError, Unsupported
from core.model.authorisation import Authorisation, AuthoriseRequest, Decision
from core.model.base import pack_extension, unpack_extension
from core.model.cdr import Cdr
from core.model.ids import TokenUid
from core.model.location import Location
from core.model.loss import Loss
from core.model.partner import Role
from core.model.token import Token, TokenKind
from gateway.translation.completing import completed, place_of
from gateway.translation.model import UNKNOWN_PARTY, Context, Dialect, EvseReport, Kind, Written, assumed, withheld
from mappings.ochp.authorisation import (
    authorisation_from_ochp,
    authorisation_to_ochp,
    authorise_request_from_ochp,
    authorise_request_to_ochp,
)
from mappings.ochp.cdrs import cdr_from_ochp, cdr_to_ochp
from mappings.ochp.evse_status import evse_change_from_ochp, evse_status_to_ochp, reading_losses, static_from_ochp
from mappings.ochp.ids import evse_id_from_ochp
from mappings.ochp.leftovers import PROTOCOL
from mappings.ochp.locations import charge_points_to_ochp, locations_from_ochp
from mappings.ochp.times import moment_from_ochp
from mappings.ochp.tokens import token_from_ochp, token_to_ochp
from protocols.ochp import codec
from protocols.ochp.server.authorisation import end_of_day
from protocols.ochp.wire.cdrs import CDRInfo
from protocols.ochp.wire.charge_points import ChargePointInfo
from protocols.ochp.wire.live import EvseStatus, UpdateStatusRequest
from protocols.ochp.wire.tokens import (
    GetSingleRoamingAuthorisationRequest,
    GetSingleRoamingAuthorisationResponse,
    RoamingAuthorisationInfo,
)
from protocols.transport.soap.xml import local_name, parse

T = TypeVar("T")
POINTS: Final = ("chargePointInfoArray", "refusedChargePointInfo")
TOKENS: Final = ("roamingAuthorisationInfoArray", "roamingAuthorisationInfo", "refusedRoamingAuthorisationInfo")
CDRS: Final = ("cdrInfoArray",)
STATUSES: Final = ("evse", "combined")
TOKEN_HOLDS: Final = timedelta(days=30)
"""For a token without expiry, which OCHP demands; the running hub renews it while the token is listed."""


def _records(body: bytes, wire_type: type[T], names: tuple[str, ...]) -> list[T]:
    """`names`: what the records are called in one message or another."""
    inside = _names(body)[1]
    item = next((name for name in names if name in inside), names[0])
    return codec.documents(body, wire_type, item=item)


def _names(body: bytes) -> tuple[str, frozenset[str]]:
    """The element (of the body, if there is an envelope), and what is in it."""
    here = parse(body)
    if local_name(here.tag) == "Envelope":
        inner = [found for child in here if local_name(child.tag) == "Body" for found in child]
        here = inner[0] if inner else here
    return local_name(here.tag), frozenset(local_name(child.tag) for child in here)


def _alone(found: list[T]) -> T | list[T]:
    return found[0] if len(found) == 1 else found


def _text(message: Struct, name: str | None = None) -> str:
    return codec.encode(message, name).decode()


def _location(body: bytes, context: Context) -> Location | list[Location]:
    return _alone(locations_from_ochp(_records(body, ChargePointInfo, POINTS), received_at=context.now))


def _location_out(found: Location | list[Location], _: Context) -> Written:
    made = [charge_points_to_ochp(location) for location in (found if isinstance(found, list) else [found])]
    records = [_text(record, POINTS[0]) for one in made for record in one.records]
    lost = tuple(loss for one in made for loss in (*one.losses, *one.withheld))
    if not records and not lost:
        lost = (withheld("$.evses", "a location without EVSEs has nothing that OCHP can say"),)
    return Written(output=(_alone(records) if records else None), losses=lost)


# --- status


def _status(body: bytes, context: Context) -> EvseReport | list[EvseReport]:
    """A live status; of a charge point alone its own."""
    name, inside = _names(body)
    if name in POINTS or name == "ChargePointInfo" or inside & set(POINTS):
        return _alone([_static(record, context) for record in _records(body, ChargePointInfo, POINTS)])
    ttl = codec.read_document(body, UpdateStatusRequest).ttl if name == "UpdateStatusRequest" else None
    default = moment_from_ochp(ttl, "/UpdateStatusRequest/ttl/DateTime") if ttl else None
    reports = []
    for record in _records(body, EvseStatus, STATUSES):
        evse_id, change = evse_change_from_ochp(record, received_at=context.now, default_ttl=default)
        known = context.place(evse_id=evse_id)
        report = EvseReport(
            uid=known[1].uid if known else None,
            evse_id=evse_id,
            status=change.status,
            status_until=change.status_until,
            extensions={PROTOCOL: pack_extension(msgspec.to_builtins(replace(record, ttl=record.ttl or ttl)))},
        )
        reports.append(report)
    return _alone(reports)


def _static(record: ChargePointInfo, context: Context) -> EvseReport:
    evse_id = evse_id_from_ochp(record.evse_id)
    known = context.place(evse_id=evse_id)
    status = static_from_ochp(record.status)
    return EvseReport(uid=known[1].uid if known else None, evse_id=evse_id, status=status)


def _came(report: EvseReport) -> EvseStatus | None:
    if PROTOCOL not in report.extensions:
        return None
    return msgspec.convert(unpack_extension(report.extensions, PROTOCOL), EvseStatus)


def _status_unheld(report: EvseReport) -> tuple[Loss, ...]:
    """A status that was past its time is unknown, whatever it said."""
    record = _came(report)
    found = reading_losses(record) if record else ()
    if report.status_until is not None:
        reason = "only OCHP and eMIP say how long a status holds"
        found += (Loss(path="$.status_until", reason=reason, value=report.status_until.isoformat()),)
    return found


def _status_out(report: EvseReport, context: Context) -> Written:
    came = _came(report)
    if came is not None:
        return Written(output=_text(came, STATUSES[0]))
    sent = evse_status_to_ochp(report.evse_id, report.status, until=report.status_until, now=context.now)
    if sent.record is None:
        return Written(output=None, losses=sent.losses)
    lost = sent.losses
    if report.updated_at:
        reason = "OCHP does not say since when a status holds"
        lost += (Loss(path="$.updated_at", reason=reason, value=report.updated_at.isoformat()),)
    return Written(output=_text(sent.record, STATUSES[0]), losses=lost)


# --- tokens


def _token(body: bytes, context: Context) -> Token | list[Token]:
    found = _records(body, RoamingAuthorisationInfo, TOKENS)
    return _alone([token_from_ochp(record, received_at=context.now) for record in found])


def _token_out(token: Token, context: Context) -> Written:
    made = token_to_ochp(token, expires_at=context.now + TOKEN_HOLDS)
    return Written(output=_text(made.record, TOKENS[0]) if made.record else None, losses=made.losses)


def _question(body: bytes, context: Context) -> AuthoriseRequest:
    message = codec.read_document(body, GetSingleRoamingAuthorisationRequest)
    request = authorise_request_from_ochp(message, context.party(Role.CPO) or UNKNOWN_PARTY)
    token = context.token(request.uid)
    return replace(request, contract_id=token.contract_id if token else None)


def _question_out(request: AuthoriseRequest, _: Context) -> Written:
    made = authorise_request_to_ochp(request)
    return Written(output=_text(made.message) if made.message else None, losses=made.losses)


def _answer(body: bytes, context: Context) -> Authorisation:
    message = codec.read_document(body, GetSingleRoamingAuthorisationResponse)
    try:
        return authorisation_from_ochp(message, received_at=context.now, issuer=context.party(Role.EMSP))
    except (Invalid, Unsupported):
        raise
    except RoamingError as error:
        path = "/GetSingleRoamingAuthorisationResponse/result/resultCode"
        raise Invalid(path, f"no answer about a token: {error}") from error


def _answer_out(answer: Authorisation, context: Context) -> Written:
    request = _asked(answer, context)
    if request is None:
        why = "a yes needs its token: the GetSingleRoamingAuthorisation request that it answers"
        return Written(output=None, losses=(withheld("$.context.request", why),))
    known = context.token(request.uid)
    made: tuple[Loss, ...] = ()
    if answer.token is None and answer.decision is Decision.ALLOWED:
        if known is not None:
            answer = replace(answer, token=known)
            made = (assumed("$.roamingAuthorisationInfo", known.uid.text, "the record of the known token"),)
        else:
            until = end_of_day(context.now).isoformat()
            made = (assumed("$.roamingAuthorisationInfo.expiryDate", until, "the source does not say; end of the day"),)
    done = authorisation_to_ochp(answer, request, expires_at=end_of_day(context.now))
    if done.message.roaming_authorisation_info is None:
        made = ()
    return Written(output=_text(done.message), losses=done.losses + made)


def _asked(answer: Authorisation, context: Context) -> AuthoriseRequest | None:
    """The question that is answered; without it, what the answer says of its token. A no names none."""
    if context.request is not None:
        if not isinstance(context.request, str):
            raise Invalid("$.context.request", "XML text is expected")
        try:
            return _question(context.request.encode(), context)
        except Invalid as error:
            raise Invalid("$.context.request", f"{error.path}: {error.reason}") from error
    token = answer.token
    if token is None and answer.decision is Decision.ALLOWED:
        return None
    if token is None:
        return AuthoriseRequest(operator=UNKNOWN_PARTY, uid=TokenUid.parse("0" * 8), kind=TokenKind.RFID)
    return AuthoriseRequest(operator=UNKNOWN_PARTY, uid=token.uid, kind=token.kind, contract_id=token.contract_id)


# --- CDRs


def _cdr(body: bytes, context: Context) -> Cdr | list[Cdr]:
    found = _records(body, CDRInfo, CDRS)
    return _alone([cdr_from_ochp(record, received_at=context.now) for record in found])


def _cdr_out(cdr: Cdr, context: Context) -> Written:
    made: tuple[Loss, ...] = ()
    if PROTOCOL not in cdr.extensions:
        cdr, made = completed(cdr, context)
    sent = cdr_to_ochp(cdr, time_zone=context.time_zone, place=place_of(cdr, context))
    return Written(output=_text(sent.record, CDRS[0]) if sent.record else None, losses=made + sent.losses)


_DIRECT: Final = "OCHPdirect is not translated yet"

OCHP_1_4 = Dialect(
    reads={
        Kind.LOCATION: _location,
        Kind.EVSE_STATUS: _status,
        Kind.TOKEN: _token,
        Kind.AUTHORIZATION_REQUEST: _question,
        Kind.AUTHORIZATION: _answer,
        Kind.CDR: _cdr,
    },
    writes={
        Kind.LOCATION: _location_out,
        Kind.EVSE_STATUS: _status_out,
        Kind.TOKEN: _token_out,
        Kind.AUTHORIZATION_REQUEST: _question_out,
        Kind.AUTHORIZATION: _answer_out,
        Kind.CDR: _cdr_out,
    },
    why={
        Kind.SESSION: f"sessions are told by InformProvider, and {_DIRECT}",
        Kind.START_SESSION: f"charging is started by SelectEvse and ControlEvse, and {_DIRECT}",
        Kind.STOP_SESSION: f"charging is stopped by ControlEvse, and {_DIRECT}",
        Kind.RESERVE_NOW: f"reservations are made by SelectEvse, and {_DIRECT}",
        Kind.CANCEL_RESERVATION: f"reservations are given back by ReleaseEvse, and {_DIRECT}",
        Kind.COMMAND_RESULT: f"commands are answered by a DirectResult, and {_DIRECT}",
        Kind.TARIFF: "TariffInfo is not translated yet",
    },
    unheld={Kind.EVSE_STATUS: _status_unheld},
)
