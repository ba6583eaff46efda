"""eMIP as core sees it: eMSPs that can be asked, that follow sessions and take charge detail records; CPOs that start
and stop from afar.

Ids of what is told again are the same each time: the receiver can tell a repetition from news.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import ClassVar, Final

import msgspec

from core.errors import Refused, Rejected, RoamingError, Unavailable, Uncertain, Unsupported
from core.model.authorisation import Authorisation, AuthoriseRequest, Journey
from core.model.cdr import Cdr, CdrState
from core.model.command import Command, CommandKind, CommandOutcome, Sent
from core.model.event import EventKind
from core.model.ids import PartyId
from core.model.location import Location
from core.model.loss import Loss, LossKind
from core.model.partner import Partner, PartnerState, Role
from core.model.session import Session
from core.ports.adapter import Call, Capability, ProtocolAdapter, Told
from mappings.emip.authorisation import Header, authorisation_from_emip, authorise_request_to_emip
from mappings.emip.cdrs import cdr_to_emip
from mappings.emip.codes import CDR_HELD, FIRST_ERROR, OK
from mappings.emip.commands import start_to_emip, stop_to_emip
from mappings.emip.ids import party_to_emip
from mappings.emip.outcomes import outcome_losses, outcome_of_action, outcome_of_start, outcome_without_status
from mappings.emip.sessions import event_key, events_to_emip, records_to_emip, session_losses
from protocols.emip.auth import PROTOCOL
from protocols.emip.client import EmipClient
from protocols.emip.outgoing import as_agreed, name, record_as_agreed, with_exec_side, with_sale_side
from protocols.emip.settings import settings_of
from protocols.emip.wire import from_iop
from protocols.emip.wire.parts import ChargeDetailRecord, SessionEvent
from protocols.emip.wire.words import Flag
from protocols.plugin import Outbound
from protocols.transport.soap.client import Unusable, is_fault

REMEMBERED: Final = 20_000
SESSION_ATTEMPTS: Final = 731


class EmipAdapter(ProtocolAdapter):
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.AUTHORISE,
            Capability.START_SESSION,
            Capability.STOP_SESSION,
            Capability.PUSH_SESSION,
            Capability.PUSH_CDR,
        }
    )
    tells_locations: ClassVar[bool] = False

    def __init__(self, outbound: Outbound) -> None:
        self._client = EmipClient(outbound.http, outbound.credentials)
        self._hub = party_to_emip(outbound.identity.party)
        self._ids = outbound.ids
        self._clock = outbound.clock
        self._told: OrderedDict[str, None] = OrderedDict()

    def answers(self, partner: Partner) -> bool:
        return bool(settings_of(partner).callback_url) and partner.state is not PartnerState.SUSPENDED

    def joins_broadcasts(self, partner: Partner) -> bool:
        return settings_of(partner).broadcast

    def silence_s(self, partner: Partner, usual_s: float) -> float | None:
        settings = settings_of(partner)
        return float(settings.heartbeat_s * settings.silent_after)

    def retries(self, partner: Partner) -> dict[str, int]:
        """An eMSP cannot pull what it was not told: its sessions wait for it, for thirty days."""
        return {EventKind.SESSION_CHANGED: SESSION_ATTEMPTS}

    async def authorise(self, call: Call, request: AuthoriseRequest, location: Location | None) -> Authorisation:
        """Asked once: an eMSP that fails, or answers with an error, has given no answer."""
        header = Header(self._ids.uuid(), self._hub, call.sender, _issuer(call))
        asked = authorise_request_to_emip(request, header, location)
        if asked.message is None:
            raise Unsupported(asked.losses[0].reason)
        message = as_agreed(asked.message, call.partner)
        try:
            answer = await self._client.get_service_authorisation(call.partner, message, call.correlation_id)
        except (Rejected, Refused) as error:
            raise Uncertain(f"the eMSP did not answer correctly: {error}") from error
        if not OK <= answer.request_status < FIRST_ERROR:
            raise Uncertain(f"the eMSP answered with the error {answer.request_status}")
        return msgspec.structs.replace(authorisation_from_emip(answer, issuer=_issuer(call)), losses=asked.losses)

    def check_command(self, partner: Partner, command: Command) -> None:
        """A CPO that can be called; a start at an EVSE and for a driver that eMIP can name."""
        settings = settings_of(partner)
        if not settings.callback_url:
            raise Unsupported(f"{partner.name} has no callback URL")
        if command.kind is CommandKind.STOP_SESSION:
            if not settings.session_actions:
                raise Unsupported(f"{partner.name} takes no actions")
            return
        asked = start_to_emip(command, Header("", self._hub, command.issuer, command.operator))
        if asked.message is None:
            raise Rejected("", asked.losses[0].reason)

    async def start_session(self, call: Call, command: Command, location: Location | None) -> Sent:
        """Asked once. The CPO's answer is the charge point's own result."""
        asked = start_to_emip(command, self._to_operator(call, command))
        if asked.message is None:
            raise Unsupported(asked.losses[0].reason)
        message, patience_s = as_agreed(asked.message, call.partner), float(command.patience_s)
        if settings_of(call.partner).intermediate_records and PROTOCOL not in command.extensions:
            message = msgspec.structs.replace(message, intermediate_cdr_requested=Flag.YES)
        try:
            answer = await self._client.set_service_authorisation(call.partner, message, command.id, patience_s)
        except (Refused, Rejected, Unusable) as error:
            return _unanswered(command.kind, error)
        evse = location.evse(command.evse_uid) if location and command.evse_uid else None
        outcome = outcome_of_start(answer.request_status, answer.partner_service_session_id, evse)
        return Sent(result=outcome, losses=asked.losses)

    async def stop_session(self, call: Call, command: Command, journey: Journey) -> Sent:
        """Asked once more where the CPO was not reached: an action is known by its id."""
        asked = stop_to_emip(command, self._to_operator(call, command), self._clock.now())
        if asked.message is None:
            raise Unsupported(asked.losses[0].reason)
        action = as_agreed(asked.message.session_action, call.partner)
        message = msgspec.structs.replace(asked.message, session_action=action)
        try:
            answer = await self._act(call.partner, message, command)
        except (Refused, Rejected, Unusable) as error:
            return _unanswered(command.kind, error)
        return Sent(result=outcome_of_action(answer.request_status), losses=asked.losses)

    def answer_losses(self, command: Command, outcome: CommandOutcome) -> tuple[Loss, ...]:
        return outcome_losses(command.kind, outcome)

    async def _act(
        self, partner: Partner, message: from_iop.SetSessionActionRequestRequest, command: Command
    ) -> from_iop.SetSessionActionRequestResponse:
        patience_s = float(command.patience_s)
        try:
            return await self._client.set_session_action_request(partner, message, command.id, patience_s)
        except Unavailable:
            return await self._client.set_session_action_request(partner, message, command.id, patience_s)

    def _to_operator(self, call: Call, command: Command) -> Header:
        return Header(self._ids.uuid(), self._hub, call.sender, command.operator)

    async def push_session(self, call: Call, session: Session, journey: Journey | None) -> Told:
        """Each event and intermediate record of the session that this process has not told yet, in order. What the
        eMSP refuses does not hold up what comes after it."""
        partner, lost = call.partner, session_losses(session)
        if not settings_of(partner).session_events or not self.answers(partner):
            return _withheld(lost, "the eMSP takes no session events")
        events, records = events_to_emip(session), records_to_emip(session)
        if not events and not records:
            return _withheld(lost, "nothing that eMIP could say yet")
        refused: list[Rejected] = []
        for key, telling in self._telling(call, session, journey, events, records):
            if key in self._told:
                continue
            try:
                await telling()
            except Rejected as error:
                refused.append(error)
            self._remember(key)
        if refused:
            raise refused[0]
        return Told(losses=lost)

    def _telling(
        self,
        call: Call,
        session: Session,
        journey: Journey | None,
        events: Sequence[SessionEvent],
        records: Sequence[ChargeDetailRecord],
    ) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        """What there is to tell, each under a name that is the same each time."""
        about = f"{call.partner.id}/{session.key}"
        for event in events:
            key = f"{about}/{event_key(event)}"
            yield key, partial(self._tell_event, call, session, journey, event, name(key))
        for record in records:
            key = f"{about}/record/{record.end_time}"
            yield key, partial(self._tell_record, call, session, journey, record, name(key))

    async def _tell_event(
        self, call: Call, session: Session, journey: Journey | None, event: SessionEvent, transaction_id: str
    ) -> None:
        message = from_iop.SetSessionEventReportRequest(
            **Header(transaction_id, self._hub, call.sender, _issuer(call)).members(),
            service_session_id=journey.id if journey else name("session", session.key),
            sale_partner_session_id=journey.issuer_session_id if journey else None,
            session_event=as_agreed(event, call.partner),
        )
        answer = await self._client.set_session_event_report(call.partner, message, call.correlation_id)
        if not OK <= answer.request_status < FIRST_ERROR:
            raise Rejected(str(answer.request_status), "the eMSP did not take the event")

    async def _tell_record(
        self, call: Call, session: Session, journey: Journey | None, record: ChargeDetailRecord, transaction_id: str
    ) -> None:
        record = with_sale_side(record_as_agreed(record, call.partner), _issuer(call), journey)
        message = from_iop.SetChargeDetailRecordRequest(
            **Header(transaction_id, self._hub, call.sender).members(),
            charge_detail_record=with_exec_side(record, session.owner, journey),
        )
        answer = await self._client.set_charge_detail_record(call.partner, message, call.correlation_id)
        if not OK <= answer.request_status < FIRST_ERROR:
            raise Rejected(str(answer.request_status), "the eMSP did not take the intermediate record")

    def _remember(self, key: str) -> None:
        self._told[key] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)

    async def push_cdr(self, call: Call, cdr: Cdr, journey: Journey | None) -> Told:
        """A final record that the eMSP holds already is confirmed; any other error is tried again."""
        session_id = journey.id if journey else cdr.journey_id or name("cdr", cdr.key)
        sent = cdr_to_emip(
            cdr,
            session_id=session_id,
            sale_operator=_issuer(call),
            sale_session_id=journey.issuer_session_id if journey else None,
        )
        if sent.record is None:
            return Told(losses=sent.losses, withheld=True)
        record = record_as_agreed(sent.record, call.partner)
        message = from_iop.SetChargeDetailRecordRequest(
            **Header(name(call.partner.id, cdr.key), self._hub, call.sender).members(),
            charge_detail_record=with_exec_side(record, cdr.owner, journey),
        )
        answer = await self._client.set_charge_detail_record(call.partner, message, call.correlation_id)
        if answer.request_status != CDR_HELD and not OK <= answer.request_status < FIRST_ERROR:
            raise Uncertain(f"the eMSP answered with the error {answer.request_status}")
        return Told(remote_id=answer.partner_service_session_id or session_id, losses=sent.losses)

    def after_failed_cdr(self, partner: Partner, error: RoamingError) -> CdrState:
        """Repeated until the process gives up: a record is recognised by its session and its transactionId."""
        return CdrState.UNDELIVERABLE if isinstance(error, Unsupported) else CdrState.WAITING


def _unanswered(kind: CommandKind, error: RoamingError) -> Sent:
    """What a failure of the CPO comes to. Raises Unavailable where it does not take our login."""
    if isinstance(error, Refused):
        raise Unavailable(error.reason) from error
    return Sent(result=outcome_without_status(kind, str(error), fault=is_fault(error)))


def _withheld(lost: tuple[Loss, ...], reason: str) -> Told:
    return Told(withheld=True, losses=(*lost, Loss(path="$", reason=reason, kind=LossKind.WITHHELD)))


def _issuer(call: Call) -> PartyId:
    return call.recipient or call.partner.parties_as(Role.EMSP)[0]
