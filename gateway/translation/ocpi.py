"""Payloads of OCPI, in each of its versions."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import UNSET

from core.errors import Invalid, Uncertain, Unknown, Unsupported
from core.model.authorisation import Authorisation, AuthoriseRequest
from core.model.cdr import Cdr
from core.model.ids import EvseId
from core.model.location import Location
from core.model.loss import Loss
from core.model.partner import Role
from core.model.session import Session
from core.model.tariff import Tariff
from core.model.token import Token
from gateway.translation import ocpi_commands
from gateway.translation.completing import completed
from gateway.translation.model import UNKNOWN_PARTY, Context, Dialect, EvseReport, Kind, Written, assumed, withheld
from gateway.translation.ocpi_version import Speech, untold_token
from mappings.ocpi.authorisation import (
    authorisation_from_ocpi,
    authorisation_losses,
    authorisation_to_ocpi,
    authorise_request_from_ocpi,
    authorise_request_losses,
    authorise_request_to_ocpi,
)
from mappings.ocpi.cdrs import cdr_from_ocpi, cdr_losses, cdr_to_ocpi
from mappings.ocpi.common import time_from_ocpi, time_to_ocpi
from mappings.ocpi.evses import EVSE_STATUS
from mappings.ocpi.locations import location_from_ocpi, location_losses, location_to_ocpi
from mappings.ocpi.sessions import session_from_ocpi, session_losses, session_to_ocpi
from mappings.ocpi.tariffs import tariff_from_ocpi, tariff_losses, tariff_to_ocpi
from mappings.ocpi.tokens import token_from_ocpi, token_losses, token_to_ocpi
from protocols.ocpi.versions import V2_1_1, V2_2_1, V2_3_0, Version
from protocols.ocpi.wire import cdrs, locations, sessions, tariffs, tokens
from protocols.ocpi.wire.commands import CommandType
from protocols.transport.json_codec import convert, decode_raw, to_raw


def _location(speech: Speech, body: bytes, context: Context) -> Location:
    return location_from_ocpi(speech.read(body, locations.Location, context))


def _location_out(speech: Speech, found: Location | list[Location], context: Context) -> Written:
    several = found if isinstance(found, list) else [found]
    made = [_one_location(speech, location, context) for location in several]
    outputs = [written.output for written in made if written.output is not None]
    lost = tuple(loss for written in made for loss in written.losses)
    return Written(output=(outputs or [None])[0] if len(several) == 1 else outputs or None, losses=lost)


def _one_location(speech: Speech, location: Location, context: Context) -> Written:
    lost = location_losses(location) + speech.losses(location, context)
    if not speech.version.older:
        return Written(output=to_raw(location_to_ocpi(location)), losses=lost)
    return speech.written(lambda: location_to_ocpi(location), lost, context)


def _status(speech: Speech, body: bytes, context: Context) -> EvseReport:
    patch = speech.read(body, locations.EvsePatch, context)
    if patch.status is UNSET:
        raise Invalid("$.status", "Object missing required field `status`")
    uid = None if patch.uid is UNSET else patch.uid
    evse_id = None if patch.evse_id in (UNSET, None) else patch.evse_id
    known = context.place(uid=uid) if uid and evse_id is None else None
    return EvseReport(
        uid=uid,
        evse_id=_evse_id(evse_id) if evse_id else known[1].evse_id if known else None,
        status=EVSE_STATUS.to_core(patch.status),
        updated_at=time_from_ocpi(patch.last_updated, "$.last_updated"),
    )


def _evse_id(text: Any) -> EvseId:
    return EvseId.parse(str(text), "$.evse_id")


def _status_out(speech: Speech, report: EvseReport, context: Context) -> Written:
    lost: list[Loss] = []
    uid = report.uid
    if uid is None:
        known = context.place(evse_id=report.evse_id)
        uid = known[1].uid if known else report.evse_id.key[:36] if report.evse_id else None
        if known is None:
            lost.append(assumed("$.uid", uid, "the location is not known; OCPI addresses EVSEs by the owner's uid"))
    if uid is None:
        return Written(output=None, losses=(withheld("$.uid", "no EVSE is named"),))
    if report.updated_at is None:
        lost.append(assumed("$.last_updated", context.now, "the source does not say when the status changed"))
    patch = locations.EvsePatch(
        uid=uid,
        evse_id=report.evse_id.text if report.evse_id else UNSET,
        status=EVSE_STATUS.to_wire(report.status),
        last_updated=time_to_ocpi(report.updated_at or context.now),
    )
    return Written(output=speech.raw(patch, context), losses=tuple(lost))


def _token(speech: Speech, body: bytes, context: Context) -> Token:
    return token_from_ocpi(speech.read(body, tokens.Token, context))


def _token_out(speech: Speech, token: Token, context: Context) -> Written:
    try:
        output = speech.raw(token_to_ocpi(token), context)
    except Unsupported as error:
        return Written(output=None, losses=(withheld("$", str(error)),))
    return Written(output=output, losses=token_losses(token) + speech.losses(token, context))


class _Question(msgspec.Struct, frozen=True, kw_only=True):
    token_uid: str
    type: str | None = None
    location: Any = None


def _question(speech: Speech, raw: Any, context: Context) -> AuthoriseRequest:
    question = convert(raw, _Question)
    said = question.location
    place = speech.convert(said, tokens.LocationReferences, context) if said is not None else None
    known = context.location(place.location_id) if place else None
    operator = known.owner if known else context.party(Role.CPO)
    request = authorise_request_from_ocpi(question.token_uid, question.type, place, operator or UNKNOWN_PARTY)
    evses = [evse for evse in known.evses if evse.uid in request.evse_uids] if known else []
    if len(evses) == 1:
        request = msgspec.structs.replace(request, evse_id=evses[0].evse_id)
    token = context.token(request.uid)
    return msgspec.structs.replace(request, contract_id=token.contract_id if token else None)


def _request(speech: Speech, body: bytes, context: Context) -> AuthoriseRequest:
    return _question(speech, decode_raw(body), context)


def _request_out(speech: Speech, request: AuthoriseRequest, context: Context) -> Written:
    place = context.place(evse_id=request.evse_id) if request.evse_id else None
    uid, kind, references = authorise_request_to_ocpi(request, place[0] if place else None)
    lost = authorise_request_losses(request)
    if request.evse_id and place is None:
        lost += (Loss(path="$.evse_id", reason="the location is not known to the hub", value=request.evse_id.text),)
    output = {"token_uid": uid, "type": speech.version.token_type_said(kind)}
    location = {"location": speech.raw(references, context)} if references else {}
    return Written(output=output | location, losses=lost + speech.losses(request, context))


def _answer(speech: Speech, body: bytes, context: Context) -> Authorisation:
    """2.1.1 answers without the token."""
    answer = authorisation_from_ocpi(speech.read(body, tokens.AuthorizationInfo, context))
    if not speech.version.single_party:
        return answer
    return msgspec.structs.replace(answer, token=None, issuer=context.party(Role.EMSP))


def _answer_out(speech: Speech, answer: Authorisation, context: Context) -> Written:
    request = _question(speech, context.request, context) if context.request is not None else None
    token = context.token(request.uid) if request else None
    if answer.token is None and token is not None:
        answer = msgspec.structs.replace(answer, token=token)
    elif answer.token is None and speech.version.single_party:
        answer = msgspec.structs.replace(answer, token=token_from_ocpi(untold_token(context)))
    try:
        info = authorisation_to_ocpi(answer, request, context.now)
    except (Unknown, Uncertain, Unsupported) as error:
        return Written(output=None, losses=(withheld("$.allowed", f"no AuthorizationInfo says this: {error}"),))
    told = answer.token or speech.version.single_party
    made = () if told else (assumed("$.token", info.token.uid, "the source answers without the token"),)
    lost = authorisation_losses(answer) + made + speech.losses(answer, context)
    return Written(output=speech.raw(info, context), losses=lost)


def _session(speech: Speech, body: bytes, context: Context) -> Session:
    return session_from_ocpi(speech.read(body, sessions.Session, context))


def _session_out(speech: Speech, session: Session, context: Context) -> Written:
    try:
        output = speech.raw(session_to_ocpi(session), context)
    except Unsupported as error:
        return Written(output=None, losses=(withheld("$", str(error)),))
    return Written(output=output, losses=session_losses(session) + speech.losses(session, context))


def _cdr(speech: Speech, body: bytes, context: Context) -> Cdr:
    return cdr_from_ocpi(speech.read(body, cdrs.Cdr, context))


def _cdr_out(speech: Speech, cdr: Cdr, context: Context) -> Written:
    cdr, made = completed(cdr, context)
    try:
        output = speech.raw(cdr_to_ocpi(cdr), context)
    except Unsupported as error:
        return Written(output=None, losses=(*made, withheld("$", str(error))))
    return Written(output=output, losses=made + cdr_losses(cdr) + speech.losses(cdr, context))


def _tariff(speech: Speech, body: bytes, context: Context) -> Tariff:
    return tariff_from_ocpi(speech.read(body, tariffs.Tariff, context))


def _tariff_out(speech: Speech, tariff: Tariff, context: Context) -> Written:
    lost = tariff_losses(tariff) + speech.losses(tariff, context)
    return speech.written(lambda: tariff_to_ocpi(tariff), lost, context)


READS: Mapping[Kind, Callable[[Speech, bytes, Context], Any]] = {
    Kind.LOCATION: _location,
    Kind.EVSE_STATUS: _status,
    Kind.TOKEN: _token,
    Kind.AUTHORIZATION_REQUEST: _request,
    Kind.AUTHORIZATION: _answer,
    Kind.SESSION: _session,
    Kind.CDR: _cdr,
    Kind.TARIFF: _tariff,
    Kind.START_SESSION: ocpi_commands.start_session,
    Kind.STOP_SESSION: ocpi_commands.stop_session,
    Kind.RESERVE_NOW: ocpi_commands.reserve_now,
    Kind.CANCEL_RESERVATION: ocpi_commands.cancel_reservation,
    Kind.COMMAND_RESULT: ocpi_commands.result,
}
WRITES: Mapping[Kind, Callable[[Speech, Any, Context], Written]] = {
    Kind.LOCATION: _location_out,
    Kind.EVSE_STATUS: _status_out,
    Kind.TOKEN: _token_out,
    Kind.AUTHORIZATION_REQUEST: _request_out,
    Kind.AUTHORIZATION: _answer_out,
    Kind.SESSION: _session_out,
    Kind.CDR: _cdr_out,
    Kind.TARIFF: _tariff_out,
    Kind.START_SESSION: ocpi_commands.start_session_out,
    Kind.STOP_SESSION: ocpi_commands.stop_session_out,
    Kind.RESERVE_NOW: ocpi_commands.reserve_now_out,
    Kind.CANCEL_RESERVATION: ocpi_commands.cancel_reservation_out,
    Kind.COMMAND_RESULT: ocpi_commands.result_out,
}


_COMMANDS: Final = {
    Kind.RESERVE_NOW: CommandType.RESERVE_NOW,
    Kind.CANCEL_RESERVATION: CommandType.CANCEL_RESERVATION,
}
"""What not every version can say."""


def _dialect(version: Version) -> Dialect:
    speech = Speech(version)
    why = {
        kind: f"OCPI {version.id} has no {command}" for kind, command in _COMMANDS.items() if command in version.lacks
    }
    return Dialect(
        reads={kind: partial(read, speech) for kind, read in READS.items() if kind not in why},
        writes={kind: partial(write, speech) for kind, write in WRITES.items() if kind not in why},
        why=why,
        unheld=dict.fromkeys(READS, speech.unowned) if version.single_party else {},
    )


OCPI_2_3_0, OCPI_2_2_1, OCPI_2_1_1 = map(_dialect, (V2_3_0, V2_2_1, V2_1_1))
