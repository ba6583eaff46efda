"""OICP as core sees it: EMPs that can be asked in real time and that take charge detail records."""

from collections.abc import Sequence
from typing import ClassVar, Final, TypeVar

import msgspec

from core.errors import Busy, Rejected, RoamingError, Unavailable, Unsupported
from core.model.authorisation import Authorisation, AuthoriseRequest, Journey
from core.model.cdr import Cdr, CdrState
from core.model.command import Command, CommandKind, CommandOutcome, Sent
from core.model.event import EventKind
from core.model.ids import PartyId
from core.model.location import Evse, Location
from core.model.loss import Loss
from core.model.partner import Partner, PartnerState, Role
from core.model.session import Session
from core.ports.adapter import Call, Capability, ProtocolAdapter, Told
from mappings.oicp.authorisation import (
    authorisation_from_oicp,
    authorise_request_to_oicp,
    authorise_stop_to_oicp,
)
from mappings.oicp.cdrs import cdr_to_oicp
from mappings.oicp.commands import (
    AskedStart,
    outcome_from_oicp,
    outcome_losses,
    remote_start_to_oicp,
    remote_stop_to_oicp,
)
from mappings.oicp.ids import operator_to_oicp
from mappings.oicp.leftovers import PROTOCOL
from mappings.oicp.notes import withheld
from mappings.oicp.reservations import AskedReservation, reservation_start_to_oicp, reservation_stop_to_oicp
from mappings.oicp.sessions import notifications_to_oicp
from mappings.oicp.v2_2 import conversion_losses
from protocols.oicp.client import OicpClient
from protocols.oicp.codes import NO_SERVICE
from protocols.oicp.settings import AUTHORIZATION, NOTIFICATIONS, RESERVATION, is_upstream, settings_of
from protocols.oicp.upstream.exporter import Exporter
from protocols.oicp.upstream.outgoing import (
    allowed_there,
    as_issuer,
    as_operator,
    begun_there,
    is_billed_there,
    own_operator_id,
)
from protocols.oicp.wire.authorisation import AuthorizationStart, AuthorizationStatus
from protocols.oicp.wire.cdr import ChargeDetailRecord
from protocols.oicp.wire.common import StatusCode
from protocols.oicp.wire.notifications import Notification, NotificationType
from protocols.plugin import Outbound

M = TypeVar("M", ChargeDetailRecord, Notification)
NOTIFICATION_ATTEMPTS: Final = 12
ONCE_S: Final = 7 * 86400.0
REMEMBERED_S: Final = {NotificationType.PROGRESS: 300.0}
"""How long a notification is not told again. Source: OICP 2.3, ChargingNotificationProgress (five minutes apart)."""


class OicpAdapter(ProtocolAdapter):
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.AUTHORISE,
            Capability.AUTHORISE_STOP,
            Capability.START_SESSION,
            Capability.STOP_SESSION,
            Capability.RESERVE_NOW,
            Capability.CANCEL_RESERVATION,
            Capability.PUSH_LOCATION,
            Capability.PUSH_EVSE_STATUS,
            Capability.PUSH_SESSION,
            Capability.PUSH_CDR,
        }
    )
    tells_sessions: ClassVar[bool] = False
    late_starts: ClassVar[bool] = False  # the answer to a failed start names no session
    bills_by_journey: ClassVar[bool] = True

    def __init__(self, outbound: Outbound) -> None:
        self._client = OicpClient(outbound)
        self._cache = outbound.cache
        self._clock = outbound.clock
        self._exporter = Exporter(self._client, outbound)

    def answers(self, partner: Partner) -> bool:
        """An EMP without a service URL is offline; nothing is sent to a locked one."""
        if is_upstream(partner):  # what waits for a platform waits until it may be sent
            return True
        return _called(partner, AUTHORIZATION) and partner.state is not PartnerState.SUSPENDED

    def is_upstream(self, partner: Partner) -> bool:
        return is_upstream(partner)

    def joins_broadcasts(self, partner: Partner) -> bool:
        return settings_of(partner).broadcast

    async def authorise(self, call: Call, request: AuthoriseRequest, location: Location | None) -> Authorisation:
        asked = authorise_request_to_oicp(request, location=location)
        if asked.message is None:
            raise Unsupported(asked.losses[0].reason)
        message = as_operator(call.partner, asked.message, ours=request.journey_id, theirs=None)
        try:
            said = await self._client.authorize_start(call.partner, message.operator_id, message, call.correlation_id)
        except Rejected as error:
            return _refused(error, _issuer(call))
        answer = allowed_there(call.partner, authorisation_from_oicp(said, issuer=_issuer(call)), said)
        return msgspec.structs.replace(answer, losses=asked.losses)

    async def probe(self, call: Call) -> None:
        await self._client.probe(call.partner)

    async def authorise_stop(self, call: Call, request: AuthoriseRequest, journey: Journey) -> Authorisation:
        request = msgspec.structs.replace(request, journey_id=journey.id)
        asked = authorise_stop_to_oicp(request)
        if asked.message is None:
            raise Unsupported(asked.losses[0].reason)
        message = asked.message
        if message.emp_partner_session_id is None and journey.issuer_session_id:
            message = msgspec.structs.replace(message, emp_partner_session_id=journey.issuer_session_id)
        message = as_operator(call.partner, message, ours=journey.id, theirs=journey.issuer_session_id)
        try:
            answer = await self._client.authorize_stop(call.partner, message.operator_id, message, call.correlation_id)
        except Rejected as error:
            return _refused(error, journey.issuer)
        return authorisation_from_oicp(answer, issuer=journey.issuer)

    def check_command(self, partner: Partner, command: Command) -> None:
        """OICP starts at an EVSE, by a contract, and by calling the CPO."""
        reserving = command.kind in (CommandKind.RESERVE_NOW, CommandKind.CANCEL_RESERVATION)
        if not _called(partner, RESERVATION if reserving else AUTHORIZATION):
            raise Unsupported(f"{partner.name} has no service URL")
        if command.evse_id is None:
            raise Unsupported("OICP names an EVSE, and none is named here")
        if command.kind is CommandKind.RESERVE_NOW and RESERVATION in settings_of(partner).closed_services:
            raise Unsupported(f"{partner.name} offers no reservations")
        asked: AskedStart | AskedReservation | None = None
        if command.kind is CommandKind.START_SESSION:
            asked = remote_start_to_oicp(command)
        elif command.kind is CommandKind.RESERVE_NOW:
            asked = reservation_start_to_oicp(command, now=self._clock.now())
        if asked is not None and asked.message is None:
            raise Rejected("", asked.losses[0].reason)

    async def start_session(self, call: Call, command: Command, location: Location | None) -> Sent:
        """The CPO's acknowledgement is the charge point's own result."""
        asked = remote_start_to_oicp(command)
        if asked.message is None:
            raise Unsupported(asked.losses[0].reason)
        timeout_s = _patience_s(call.partner, command)
        message = as_issuer(call.partner, asked.message, ours=command.journey_id, theirs=None)
        answer = await self._client.authorize_remote_start(call.partner, message, command.id, timeout_s)
        return Sent(result=begun_there(call.partner, outcome_from_oicp(answer), answer), losses=asked.losses)

    async def stop_session(self, call: Call, command: Command, journey: Journey) -> Sent:
        asked = remote_stop_to_oicp(command, emp_partner_session_id=_issuers_session(journey))
        if asked.message is None:
            raise Unsupported(asked.losses[0].reason)
        timeout_s = _patience_s(call.partner, command)
        message = as_issuer(call.partner, asked.message, ours=journey.id, theirs=journey.operator_session_id)
        answer = await self._client.authorize_remote_stop(call.partner, message, command.id, timeout_s)
        return Sent(result=outcome_from_oicp(answer), losses=asked.losses)

    def answer_losses(self, command: Command, outcome: CommandOutcome) -> tuple[Loss, ...]:
        return outcome_losses(outcome)

    async def reserve_now(self, call: Call, command: Command, location: Location | None) -> Sent:
        asked = reservation_start_to_oicp(command, now=self._clock.now())
        if asked.message is None:
            raise Unsupported(asked.losses[0].reason)
        timeout_s = _patience_s(call.partner, command)
        message = as_issuer(call.partner, asked.message, ours=command.journey_id, theirs=None)
        answer = await self._client.authorize_remote_reservation_start(call.partner, message, command.id, timeout_s)
        return Sent(
            result=begun_there(call.partner, outcome_from_oicp(answer, reservation=True), answer), losses=asked.losses
        )

    async def cancel_reservation(self, call: Call, command: Command, journey: Journey) -> Sent:
        asked = reservation_stop_to_oicp(command, emp_partner_session_id=_issuers_session(journey))
        if asked.message is None:
            raise Unsupported(asked.losses[0].reason)
        timeout_s = _patience_s(call.partner, command)
        message = as_issuer(call.partner, asked.message, ours=journey.id, theirs=journey.operator_session_id)
        answer = await self._client.authorize_remote_reservation_stop(call.partner, message, command.id, timeout_s)
        return Sent(result=outcome_from_oicp(answer, reservation=True), losses=asked.losses)

    def retries(self, partner: Partner) -> dict[str, int]:
        """An EMP cannot pull what it was not notified of, nor a platform what a station is like: they are told later,
        for some hours."""
        told = (EventKind.SESSION_CHANGED, EventKind.LOCATION_CHANGED, EventKind.EVSE_STATUS_CHANGED)
        return dict.fromkeys(told, NOTIFICATION_ATTEMPTS)

    def takes(self, partner: Partner, capability: Capability) -> bool:
        if capability in (Capability.PUSH_LOCATION, Capability.PUSH_EVSE_STATUS):
            return is_upstream(partner) and partner.plays(Role.EMSP)
        if capability is not Capability.PUSH_SESSION:
            return True
        wanted = settings_of(partner).notifications and _called(partner, NOTIFICATIONS)
        return wanted and partner.state is not PartnerState.SUSPENDED

    async def push_session(self, call: Call, session: Session, journey: Journey | None) -> Told:
        """The newest notification of a session of OICP; of any other those that are due: its start and its end once,
        how far it is at most every five minutes."""
        sent = notifications_to_oicp(
            session,
            session_id=journey.id if journey else None,
            evse_id=journey.evse_id if journey else None,
            time_zone=_time_zone(call),
        )
        if journey is None or not sent.messages:
            return Told(losses=sent.losses, withheld=True)
        if PROTOCOL in session.extensions:
            return Told(remote_id=await self._notify(call, sent.messages[-1], journey), losses=sent.losses)
        try:
            await self._notify_due(call, session, sent.messages, journey)
        except Rejected as error:
            if error.code != NO_SERVICE or not is_upstream(call.partner):
                raise
            return Told(losses=(withheld("$", error.text or "the EMP does not want notifications"),), withheld=True)
        return Told(losses=sent.losses)

    async def _notify_due(
        self, call: Call, session: Session, messages: Sequence[Notification], journey: Journey
    ) -> None:
        for message in messages:
            key = f"oicp/notified/{call.partner.id}/{session.key}/{message.type}"
            if await self._cache.get(key) is None:
                await self._notify(call, message, journey)
                await self._cache.put(key, b"1", REMEMBERED_S.get(message.type, ONCE_S))

    async def _notify(self, call: Call, message: Notification, journey: Journey) -> str | None:
        """The EMP's own id of the session, if it says one."""
        if is_upstream(call.partner):
            await self._notify_upstream(call, message, journey)
            return None
        message = with_partner_ids(message, journey)
        answer = await self._client.charging_notification(call.partner, message, call.correlation_id)
        return answer.emp_partner_session_id

    async def _notify_upstream(self, call: Call, message: Notification, journey: Journey) -> None:
        """Once the platform has said that the EMP wants none of this session, none is sent."""
        unwanted = f"oicp/unwanted/{call.partner.id}/{journey.id}"
        if await self._cache.get(unwanted) is not None:
            raise Rejected(NO_SERVICE, "the EMP does not want notifications of this session")
        message = as_operator(call.partner, message, ours=journey.id, theirs=journey.issuer_session_id)
        try:
            await self._client.charging_notification(call.partner, message, call.correlation_id)
        except Rejected as error:
            if error.code == NO_SERVICE:
                await self._cache.put(unwanted, b"1", ONCE_S)
            raise

    async def push_location(self, call: Call, location: Location) -> Told:
        """To a platform in which the hub is a CPO: the statuses at once; the data follow by themselves."""
        return await self._exporter.tell_statuses(call.partner, location.evses)

    async def push_evse_status(self, call: Call, location: Location, evses: Sequence[Evse]) -> Told:
        """To a platform in which the hub is a CPO."""
        return await self._exporter.tell_statuses(call.partner, evses)

    async def push_cdr(self, call: Call, cdr: Cdr, journey: Journey | None) -> Told:
        if call.partner.state is PartnerState.SUSPENDED:
            raise Busy(f"{call.partner.name} is suspended")
        own = "oicp" in cdr.extensions
        session_id = None if own or journey is None else journey.id
        sent = cdr_to_oicp(without_our_reference(cdr), time_zone=_time_zone(call), session_id=session_id)
        if sent.record is None:
            return Told(losses=sent.losses, withheld=True)
        record = with_partner_ids(sent.record, journey)
        theirs = journey.issuer_session_id if journey else None
        record = as_operator(call.partner, record, ours=record.session_id, theirs=theirs)
        operator_id = own_operator_id(call.partner) or operator_to_oicp(call.sender)
        try:
            await self._client.charge_detail_record(call.partner, operator_id, record, call.correlation_id)
        except Rejected as error:
            if not is_upstream(call.partner) or not is_billed_there(error):
                raise
        converted = conversion_losses(record, settings_of(call.partner).version)
        return Told(remote_id=record.session_id, losses=sent.losses + converted)

    def after_failed_cdr(self, partner: Partner, error: RoamingError) -> CdrState:
        """The EMP fetches it by GetChargeDetailRecords. One that may have arrived is never sent twice, but to a
        platform, where it is once whatever was heard of it."""
        if is_upstream(partner):
            return super().after_failed_cdr(partner, error)
        again = settings_of(partner).redeliver_cdrs and isinstance(error, Unavailable)
        return CdrState.WAITING if again else CdrState.FETCHABLE


def _called(partner: Partner, service: str) -> bool:
    return bool(settings_of(partner).service_url(service))


def _time_zone(call: Call) -> str | None:
    return call.place.time_zone if call.place else None


def _issuers_session(journey: Journey) -> str | None:
    """What the issuer calls it; a reference of the hub's own is not the issuer's."""
    reference = journey.reference if journey.reference != journey.id else None
    return journey.issuer_session_id or reference


def _patience_s(partner: Partner, command: Command) -> float:
    return min(settings_of(partner).remote_timeout_s, float(command.patience_s))


def without_our_reference(cdr: Cdr) -> Cdr:
    """A reference that the hub made is no session id of the EMP's."""
    if cdr.authorization_reference is None or cdr.authorization_reference != cdr.journey_id:
        return cdr
    return msgspec.structs.replace(cdr, authorization_reference=None)


def with_partner_ids(message: M, journey: Journey | None) -> M:
    """Only what the message lacks and the session knows is added; nothing else of it is touched."""
    if journey is None:
        return message
    missing = {
        name: value
        for name, value in (
            ("cpo_partner_session_id", journey.operator_session_id),
            ("emp_partner_session_id", journey.issuer_session_id),
        )
        if value and getattr(message, name) is None
    }
    return msgspec.structs.replace(message, **missing) if missing else message


def _refused(error: Rejected, issuer: PartyId) -> Authorisation:
    """A status code without an authorisation is a no in the partner's words."""
    said = StatusCode(code=error.code, additional_info=error.text[:1000] or None)
    answer = AuthorizationStart(authorization_status=AuthorizationStatus.NOT_AUTHORIZED, status_code=said)
    return authorisation_from_oicp(answer, issuer=issuer)


def _issuer(call: Call) -> PartyId:
    """The provider id by which the partner communicates."""
    return call.recipient or call.partner.parties_as(Role.EMSP)[0]
