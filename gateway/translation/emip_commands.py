"""Remote start and stop and their results as eMIP 0.7.4 payloads.

To a CPO they go as from the platform, where the CPO is known; else as from the eMSP to the platform, which finds it.
"""

import uuid
from typing import Any, Final

from msgspec.structs import replace

from core.errors import Invalid, Unsupported
from core.model.base import unpack_extension
from core.model.command import Command, CommandKind, CommandOutcome
from core.model.ids import PartyId
from core.model.loss import Loss
from core.model.partner import Role
from gateway.translation.emip_header import Hop, came, came_in, header_of, hop
from gateway.translation.model import UNKNOWN_PARTY, Context, Written, assumed, withheld
from mappings.emip.codes import CPO_NOT_REACHED, NOT_SENT
from mappings.emip.commands import (
    STOPS,
    start_from_emip,
    start_to_emip,
    start_to_platform,
    stop_from_emip,
    stop_to_emip,
    stop_to_platform,
)
from mappings.emip.ids import evse_id_from_emip, party_from_emip, party_to_emip
from mappings.emip.leftovers import PROTOCOL
from mappings.emip.outcomes import outcome_losses, outcome_of_action, outcome_of_start, status_of
from protocols.emip import codec
from protocols.emip.wire import from_iop, to_iop
from protocols.emip.wire.words import AuthorisationValue, IdType

COMMAND_ID: Final = "translated"
"""Commands have no id on the wire; the running hub gives them one."""
_STARTS: Final = (to_iop.SetServiceAuthorisationRequest, from_iop.SetServiceAuthorisationRequest)
_ACTIONS: Final = (to_iop.SetSessionActionRequestRequest, from_iop.SetSessionActionRequestRequest)
_STARTED: Final = (to_iop.SetServiceAuthorisationResponse, from_iop.SetServiceAuthorisationResponse)
_ACTED: Final = (to_iop.SetSessionActionRequestResponse, from_iop.SetSessionActionRequestResponse)
_NO_ISSUER: Final = "name the one EMSP in the context"
_ANSWERED: Final = (
    "element",
    "service_session_id",
    "session_action_id",
    "exec_partner_operator_id_type",
    "exec_partner_operator_id",
)
"""Members of an answer beside its status; what came in eMIP goes out in eMIP as it came."""
_OF_THE_SESSION: Final = "that of the session, which the running hub knows"
_MINTED: Final = "minted, as the running hub does"


# --- start


def start_session(body: bytes, context: Context) -> Command:
    """Raises Unsupported for a service that is forbidden: that starts nothing."""
    message = codec.read_document(body, *_STARTS)
    if message.authorisation_value is AuthorisationValue.REFUSED:
        raise Unsupported("authorisationValue 2 forbids a service: what it ends is known to a running hub only")
    evse_id = evse_id_from_emip(message.evse_id)
    known = context.place(evse_id=evse_id)
    operator = known[0].owner if known else _target_of(message) or evse_id.operator
    command = start_from_emip(message, id=COMMAND_ID, operator=operator, now=context.now)
    extensions = came_in(command.extensions, message)
    if known is None:
        return replace(command, extensions=extensions)
    return replace(command, location_id=known[0].id, evse_uid=known[1].uid, extensions=extensions)


def start_session_out(command: Command, context: Context) -> Written:
    way = _way(command, context)
    if way is None:
        return Written(output=None, losses=(withheld("$.operatorId", _NO_ISSUER),))
    lost = way.losses
    if way.addressed and command.journey_id is None:
        command = replace(command, journey_id=str(uuid.uuid4()))
        lost += (assumed("$.serviceSessionId", command.journey_id, _MINTED),)
    say: Any = start_to_emip if way.addressed else start_to_platform
    return _written(say(command, header_of(way.members)), way, lost)


# --- stop


def stop_session(body: bytes, context: Context) -> Command:
    """Raises Unsupported for an action that is no stop."""
    message = codec.read_document(body, *_ACTIONS)
    if message.session_action.session_action_nature not in STOPS:
        raise Unsupported("only sessionActionNature 0 and 1 stop a session")
    operator = _target_of(message) or context.party(Role.CPO) or UNKNOWN_PARTY
    command = stop_from_emip(message, id=COMMAND_ID, operator=operator)
    return replace(command, extensions=came_in(command.extensions, message, "sale_partner_session_id"))


def stop_session_out(command: Command, context: Context) -> Written:
    """The platform's session id is known to the running hub."""
    way = _way(command, context)
    if way is None:
        return Written(output=None, losses=(withheld("$.operatorId", _NO_ISSUER),))
    lost = way.losses
    if command.journey_id is None:
        command = replace(command, journey_id=str(uuid.uuid4()))
        lost += (assumed("$.serviceSessionId", command.journey_id, _OF_THE_SESSION),)
    if PROTOCOL not in command.extensions:
        command = replace(command, id=str(uuid.uuid4()))
        lost += (
            assumed("$.sessionAction.sessionActionId", command.id, _MINTED),
            assumed("$.sessionAction.sessionActionDateTime", context.now, "when it was translated"),
        )
    header = header_of(way.members)
    if way.addressed:
        return _written(stop_to_emip(command, header, context.now), way, lost)
    sale_id = (came(command.extensions) or {}).get("sale_partner_session_id")
    return _written(stop_to_platform(command, header, context.now, sale_id), way, lost)


def _target_of(message: Any) -> PartyId | None:
    named = getattr(message, "target_operator_id", None)
    return party_from_emip(named, "/targetOperatorId") if named else None


def _way(command: Command, context: Context) -> Hop | None:
    """None: nobody knows which eMSP asks."""
    operator = None if command.operator == UNKNOWN_PARTY else command.operator
    return hop(command.extensions, command.issuer, operator, context, Role.CPO)


def _written(asked: Any, way: Hop, lost: tuple[Loss, ...]) -> Written:
    if asked.message is None:
        return Written(output=None, losses=asked.losses)
    message = replace(asked.message, **way.members)
    return Written(output=codec.encode(message).decode(), losses=asked.losses + lost)


def unheld(command: Command) -> tuple[Loss, ...]:
    """What only eMIP says of a start or an action."""
    kept = unpack_extension(command.extensions, PROTOCOL)
    return tuple(
        Loss(path=f"$.{name}", reason="other protocols have no place for it", value=value)
        for name, value in kept.items()
        if value is not None and name not in ("userId", "userIdType", "sessionActionId", "sessionActionDateTime")
    )


# --- results


def result(body: bytes, _: Context) -> CommandOutcome:
    message = codec.read_document(body, *_STARTED, *_ACTED)
    if isinstance(message, _STARTED):
        outcome = outcome_of_start(message.request_status, getattr(message, "partner_service_session_id", None))
    else:
        outcome = outcome_of_action(message.request_status)
    unreached = message.request_status in (CPO_NOT_REACHED, NOT_SENT)
    kept = came_in(outcome.extensions, message, "request_status", *_ANSWERED)
    return replace(outcome, unanswered=unreached, extensions=kept)


def result_out(outcome: CommandOutcome, context: Context) -> Written:
    """The response to the request of the context; without one, to an eMSP's start."""
    kept = came(outcome.extensions)
    request = _request(context)
    if kept is not None:
        _, answer = codec.MESSAGES[kept["element"]]
    else:
        answer = codec.BY_REQUEST[type(request)].response if request else _STARTED[0]
    kind = CommandKind.START_SESSION if answer in _STARTED else CommandKind.STOP_SESSION
    members, made = _members(kept, request, answer)
    status = kept["request_status"] if kept else status_of(kind, outcome)
    lost = () if kept else outcome_losses(kind, outcome)
    if answer is _STARTED[1]:
        members["partner_service_session_id"] = outcome.session_id
        lost = tuple(loss for loss in lost if loss.path != "session_id")
    message = answer(request_status=status, **members)
    return Written(output=codec.encode(message).decode(), losses=lost + made)


def _members(kept: dict[str, Any] | None, request: Any, answer: Any) -> tuple[dict[str, Any], tuple[Loss, ...]]:
    """All of an answer but what came of the command; what neither came nor stands in the request is minted."""
    names = set(answer.__struct_fields__)
    if kept is not None:
        told = {name: value for name, value in kept.items() if name in names and name != "request_status"}
        return {name: _typed(name, value) for name, value in told.items()}, ()
    found: dict[str, Any] = {
        "transaction_id": getattr(request, "transaction_id", None),
        "service_session_id": getattr(request, "service_session_id", None),
    }
    if isinstance(request, _ACTIONS):
        found["session_action_id"] = request.session_action.session_action_id
    elif request is not None:
        found["exec_partner_operator_id_type"] = IdType.EMI3
        found["exec_partner_operator_id"] = party_to_emip(evse_id_from_emip(request.evse_id).operator)
    found = {name: value for name, value in found.items() if name in names}
    minted = {name: str(uuid.uuid4()) for name, value in found.items() if value is None}
    paths = {"transaction_id": "transactionId", "service_session_id": "serviceSessionId"}
    made = [assumed(f"$.{paths.get(name, 'sessionActionId')}", value, _MINTED) for name, value in minted.items()]
    return found | minted, tuple(made)


def _typed(name: str, value: Any) -> Any:
    return IdType(value) if name.endswith("_type") else value


def _request(context: Context) -> Any:
    if context.request is None:
        return None
    if not isinstance(context.request, str):
        raise Invalid("$.context.request", "XML text is expected")
    try:
        return codec.read_document(context.request.encode(), *_STARTS, *_ACTIONS)
    except Invalid as error:
        raise Invalid("$.context.request", f"{error.path}: {error.reason}") from error
