"""Remote start and stop <-> ours. Source: checklist, 5.3, 5.4, 5.14, 5.15; crosswalk, 3(b).

As in `authorisation`, the header belongs to the hop.
"""

from datetime import datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar

from core.errors import Invalid
from core.model.base import Extensions
from core.model.command import Command, CommandKind
from core.model.ids import PartyId
from core.model.loss import Loss, LossKind
from core.model.token import Token, Whitelist
from mappings.emip.authorisation import CHARGE, Header
from mappings.emip.identification import KIND, medium_from_emip, named_members, user_id_to_emip
from mappings.emip.ids import contract_or_none, evse_id_from_emip, is_contract, party_from_emip
from mappings.emip.leftovers import PROTOCOL, own, put_aside, put_back
from mappings.emip.times import moment_to_emip
from mappings.losses import losses
from protocols.emip.wire import from_iop, to_iop
from protocols.emip.wire.parts import SessionAction
from protocols.emip.wire.words import AuthorisationValue, Flag

EMERGENCY_STOP: Final = 0
STOP: Final = 1
STOPS: Final = (EMERGENCY_STOP, STOP)
"""Natures of an action that every protocol knows. Source: EMIP-ACT-05."""

_TOKEN: Final = "eMIP names a driver by one id, and the contract's alias"  # noqa: S105
_OWN_IDS: Final = "eMIP tells a CPO the platform's session id only"
START_NOT_CARRIED: Final = {
    "location_id": "eMIP names an EVSE, not a location",
    "connector_id": "eMIP addresses no connectors",
    "product_id": "eMIP starts without a product",
    "session_id": _OWN_IDS,
    "authorization_reference": _OWN_IDS,
    "token.visual_number": _TOKEN,
    "token.issuer_name": _TOKEN,
    "token.group_id": _TOKEN,
    "token.expires_at": _TOKEN,
    "token.language": _TOKEN,
    "token.default_profile_type": "eMIP has no charging profiles",
    "token.energy_contract": _TOKEN,
    "token.rfid_family": _TOKEN,
}
"""Command field -> why SetServiceAuthorisation does not carry it to a CPO."""
STOP_NOT_CARRIED: Final = {
    "evse_id": "eMIP stops a session by its id alone",
    "location_id": "eMIP stops a session by its id alone",
}
ELSEWHERE: Final = {
    "evse_uid": "EVSEId",
    "patience_s": "the answer is waited for",
    "token.pin_hash": "never leaves the hub",
}

Start = from_iop.SetServiceAuthorisationRequest | to_iop.SetServiceAuthorisationRequest
Action = from_iop.SetSessionActionRequestRequest | to_iop.SetSessionActionRequestRequest


M = TypeVar("M")


class Asked(NamedTuple, Generic[M]):
    """The command in eMIP's words; None, and why in `losses`, where eMIP cannot say it."""

    message: M | None
    losses: tuple[Loss, ...]


# --- start


def start_from_emip(message: Start, *, id: str, operator: PartyId, now: datetime) -> Command:
    """`operator` runs the EVSE. Raises Invalid for an id that is none."""
    medium = medium_from_emip(message.user_id_type, message.user_id)
    if medium.uid is None:
        raise Invalid("/userId", "longer than an identification of a driver can be")
    to_platform = message if isinstance(message, to_iop.SetServiceAuthorisationRequest) else None
    to_operator = message if isinstance(message, from_iop.SetServiceAuthorisationRequest) else None
    issuer, alias = party_from_emip(message.operator_id), message.user_contract_id_alias
    command = Command(
        id=id,
        kind=CommandKind.START_SESSION,
        issuer=issuer,
        operator=operator,
        token=Token(
            issuer=issuer,
            uid=medium.uid,
            kind=medium.kind,
            contract_id=contract_or_none(alias) if alias and is_contract(alias) else medium.contract_id,
            valid=True,
            whitelist=Whitelist.NEVER,
            updated_at=now,
        ),
        evse_id=evse_id_from_emip(message.evse_id),
        session_id=to_platform.partner_service_session_id if to_platform else None,
        journey_id=to_operator.service_session_id.lower() if to_operator else None,
        extensions={},
    )
    produced = _start_members(command) | {"sale_partner_booking_id": None}
    for name in ("evse_id_type", "evse_id"):
        del produced[name]
    if produced["user_id"] in (None, message.user_id.upper()):
        del produced["user_id"]
    put_aside(command.extensions, message, produced)
    return command


def start_to_emip(command: Command, header: Header) -> Asked[from_iop.SetServiceAuthorisationRequest]:
    """To a CPO, with the journey's id."""
    members = _start_members(command)
    from_emip = put_back(command.extensions, members, from_iop.SetServiceAuthorisationRequest)
    obstacle = _cannot_start(command, members)
    if obstacle is not None:
        return Asked(None, (obstacle,))
    if command.journey_id is None:
        return Asked(None, (_no_session(),))
    message = from_iop.SetServiceAuthorisationRequest(
        **members, **header.members(), service_session_id=command.journey_id
    )
    return Asked(message, () if from_emip else losses(command, START_NOT_CARRIED, {"token.kind": KIND}))


def start_to_platform(command: Command, header: Header) -> Asked[to_iop.SetServiceAuthorisationRequest]:
    """To an upstream platform, as one of its eMSPs."""
    members = _start_members(command)
    from_emip = put_back(command.extensions, members, to_iop.SetServiceAuthorisationRequest)
    obstacle = _cannot_start(command, members)
    if obstacle is not None:
        return Asked(None, (obstacle,))
    not_carried = {name: why for name, why in START_NOT_CARRIED.items() if name != "session_id"}
    message = to_iop.SetServiceAuthorisationRequest(
        **members, **header._replace(target=None).members(), partner_service_session_id=command.session_id
    )
    return Asked(message, () if from_emip else losses(command, not_carried, {"token.kind": KIND}))


def _start_members(command: Command) -> dict[str, Any]:
    token = command.token
    user = user_id_to_emip(token.kind, token.uid, token.contract_id) if token else None
    return {
        **named_members(user, command.evse_id),
        "requested_service_id": CHARGE,
        "authorisation_value": AuthorisationValue.GRANTED,
        "intermediate_cdr_requested": Flag.NO,
        "user_contract_id_alias": token.contract_id.text if token and token.contract_id else None,
        "meter_limit_list": None,
        "parameter": None,
        "booking_id": None,
        "extra": None,
    }


def _cannot_start(command: Command, members: dict[str, Any]) -> Loss | None:
    if members["evse_id"] is None:
        named = command.evse_id.text if command.evse_id else None
        return _withheld("evse_id", "eMIP starts at one EVSE, by an id of its form, and there is none", named)
    if members["user_id"] is None:
        kind = command.token.kind if command.token else None
        return _withheld("token", f"eMIP cannot identify by this {kind}", kind)
    return None


def wants_intermediate_records(extensions: Extensions) -> bool:
    """Whether an eMSP on eMIP asked for them with its yes or its start."""
    return bool(own(extensions, "intermediateCDRRequested") == Flag.YES)


# --- stop


def stop_from_emip(message: Action, *, id: str, operator: PartyId) -> Command:
    """Whatever the action's nature, which is put aside: only a CPO on eMIP may be given one that is no stop."""
    to_operator = message if isinstance(message, from_iop.SetSessionActionRequestRequest) else None
    command = Command(
        id=id,
        kind=CommandKind.STOP_SESSION,
        issuer=party_from_emip(message.operator_id),
        operator=operator,
        session_id=to_operator.exec_partner_session_id if to_operator else None,
        journey_id=message.service_session_id.lower(),
        extensions={},
    )
    put_aside(command.extensions, message.session_action, _action_members(command, None))
    return command


def stop_to_emip(command: Command, header: Header, now: datetime) -> Asked[from_iop.SetSessionActionRequestRequest]:
    """To the CPO of the journey. `now` is when it was asked for, where the caller's protocol does not say that."""
    if command.journey_id is None:
        return Asked(None, (_no_session(),))
    message = from_iop.SetSessionActionRequestRequest(
        **header.members(),
        service_session_id=command.journey_id,
        exec_partner_session_id=command.session_id if command.session_id != command.journey_id else None,
        session_action=_asked_for(command, now),
    )
    return Asked(message, _stop_losses(command))


def stop_to_platform(
    command: Command, header: Header, now: datetime, sale_session_id: str | None
) -> Asked[to_iop.SetSessionActionRequestRequest]:
    """To an upstream platform, as one of its eMSPs."""
    if command.journey_id is None:
        return Asked(None, (_no_session(),))
    message = to_iop.SetSessionActionRequestRequest(
        **header._replace(target=None).members(),
        service_session_id=command.journey_id,
        sale_partner_session_id=sale_session_id,
        session_action=_asked_for(command, now),
    )
    return Asked(message, _stop_losses(command))


def _asked_for(command: Command, now: datetime) -> SessionAction:
    members = _action_members(command, moment_to_emip(now))
    put_back(command.extensions, members, SessionAction)
    return SessionAction(**members | {"session_action_id": members["session_action_id"] or command.id})


def _action_members(command: Command, at: str | None) -> dict[str, Any]:
    return {
        "session_action_nature": STOP,
        "session_action_id": command.id,
        "session_action_date_time": at,
        "session_action_parameter": None,
        "related_session_event_id": None,
        "extra": None,
    }


def _stop_losses(command: Command) -> tuple[Loss, ...]:
    return () if PROTOCOL in command.extensions else losses(command, STOP_NOT_CARRIED)


def _no_session() -> Loss:
    return _withheld("journey_id", "eMIP knows a session by the platform's id, and there is none", None)


def _withheld(path: str, reason: str, value: Any) -> Loss:
    return Loss(path=path, reason=reason, value=value, kind=LossKind.WITHHELD)
