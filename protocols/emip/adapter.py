"""eMIP as core sees it: eMSPs that can be asked, that follow sessions, and that take charge detail records.

Ids of what is told again are the same each time: the receiver can tell a repetition from news.
"""

import uuid
from collections import OrderedDict
from typing import ClassVar, Final

import msgspec

from core.errors import Refused, Rejected, RoamingError, Uncertain, Unsupported
from core.model.authorisation import Authorisation, AuthoriseRequest, Journey
from core.model.cdr import Cdr, CdrState
from core.model.ids import PartyId
from core.model.location import Location
from core.model.loss import Loss, LossKind
from core.model.partner import Partner, PartnerState, Role
from core.model.session import Session
from core.ports.adapter import Call, Capability, ProtocolAdapter, Told
from mappings.emip.authorisation import Header, authorisation_from_emip, authorise_request_to_emip
from mappings.emip.cdrs import cdr_to_emip
from mappings.emip.codes import CDR_HELD, FIRST_ERROR, OK
from mappings.emip.ids import party_to_emip
from mappings.emip.sessions import event_key, events_to_emip, session_losses
from protocols.emip.client import EmipClient
from protocols.emip.settings import settings_of
from protocols.emip.wire import from_iop
from protocols.emip.wire.parts import ChargeDetailRecord, SessionEvent
from protocols.plugin import Outbound

NAMES: Final = uuid.UUID("8f7d6ac6-0a3e-5f0b-9a55-5d7a1f0f2b11")
REMEMBERED: Final = 20_000


class EmipAdapter(ProtocolAdapter):
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.AUTHORISE, Capability.PUSH_SESSION, Capability.PUSH_CDR}
    )

    def __init__(self, outbound: Outbound) -> None:
        self._client = EmipClient(outbound.http, outbound.credentials)
        self._hub = party_to_emip(outbound.identity.party)
        self._ids = outbound.ids
        self._told: OrderedDict[str, None] = OrderedDict()

    def answers(self, partner: Partner) -> bool:
        return bool(settings_of(partner).callback_url) and partner.state is not PartnerState.SUSPENDED

    def joins_broadcasts(self, partner: Partner) -> bool:
        return settings_of(partner).broadcast

    async def authorise(self, call: Call, request: AuthoriseRequest, location: Location | None) -> Authorisation:
        """Asked once: an eMSP that fails, or answers with an error, has given no answer."""
        header = Header(self._ids.uuid(), self._hub, call.sender, _issuer(call))
        asked = authorise_request_to_emip(request, header, location)
        if asked.message is None:
            raise Unsupported(asked.losses[0].reason)
        message = asked.message
        if message.extra and not settings_of(call.partner).send_unknown:
            message = msgspec.structs.replace(message, extra=None)
        try:
            answer = await self._client.get_service_authorisation(call.partner, message, call.correlation_id)
        except (Rejected, Refused) as error:
            raise Uncertain(f"the eMSP did not answer correctly: {error}") from error
        if not OK <= answer.request_status < FIRST_ERROR:
            raise Uncertain(f"the eMSP answered with the error {answer.request_status}")
        return authorisation_from_emip(answer, issuer=_issuer(call))

    async def push_session(self, call: Call, session: Session, journey: Journey | None) -> Told:
        """Each event of the session that this process has not told yet, in order."""
        partner, lost = call.partner, session_losses(session)
        if not settings_of(partner).session_events or not self.answers(partner):
            return _withheld(lost, "the eMSP takes no session events")
        events = events_to_emip(session)
        if not events:
            return _withheld(lost, "nothing that eMIP could say yet")
        for event in events:
            key = f"{partner.id}/{session.key}/{event_key(event)}"
            if key not in self._told:
                await self._tell(call, session, journey, event)
                self._remember(key)
        return Told(losses=lost)

    async def _tell(self, call: Call, session: Session, journey: Journey | None, event: SessionEvent) -> None:
        transaction_id = str(uuid.uuid5(NAMES, f"{call.partner.id}/{session.key}/{event_key(event)}"))
        if event.extra and not settings_of(call.partner).send_unknown:
            event = msgspec.structs.replace(event, extra=None)
        message = from_iop.SetSessionEventReportRequest(
            **Header(transaction_id, self._hub, call.sender, _issuer(call)).members(),
            service_session_id=journey.id if journey else _name("session", session.key),
            sale_partner_session_id=journey.issuer_session_id if journey else None,
            session_event=event,
        )
        answer = await self._client.set_session_event_report(call.partner, message, call.correlation_id)
        if not OK <= answer.request_status < FIRST_ERROR:
            raise Rejected(str(answer.request_status), "the eMSP did not take the event")

    def _remember(self, key: str) -> None:
        self._told[key] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)

    async def push_cdr(self, call: Call, cdr: Cdr, journey: Journey | None) -> Told:
        """A final record that the eMSP holds already is confirmed; any other error is tried again."""
        session_id = journey.id if journey else cdr.journey_id or _name("cdr", cdr.key)
        sent = cdr_to_emip(
            cdr,
            session_id=session_id,
            sale_operator=_issuer(call),
            sale_session_id=journey.issuer_session_id if journey else None,
        )
        if sent.record is None:
            return Told(losses=sent.losses, withheld=True)
        record = _without_unknown(sent.record, settings_of(call.partner).send_unknown)
        message = from_iop.SetChargeDetailRecordRequest(
            **Header(_name(call.partner.id, cdr.key), self._hub, call.sender).members(),
            charge_detail_record=with_exec_side(record, cdr, journey),
        )
        answer = await self._client.set_charge_detail_record(call.partner, message, call.correlation_id)
        if answer.request_status != CDR_HELD and not OK <= answer.request_status < FIRST_ERROR:
            raise Uncertain(f"the eMSP answered with the error {answer.request_status}")
        return Told(remote_id=answer.partner_service_session_id or session_id, losses=sent.losses)

    def after_failed_cdr(self, error: RoamingError) -> CdrState:
        """Repeated until the process gives up: a record is recognised by its session and its transactionId."""
        return CdrState.UNDELIVERABLE if isinstance(error, Unsupported) else CdrState.WAITING


def with_exec_side(record: ChargeDetailRecord, cdr: Cdr, journey: Journey | None) -> ChargeDetailRecord:
    """Who charged, filled in where the record does not say it; an id that the hub made is not the operator's."""
    missing: dict[str, object] = {}
    if record.exec_partner_operator_id is None:
        missing = {"exec_partner_operator_id_type": record.evse_id_type.EMI3}
        missing["exec_partner_operator_id"] = party_to_emip(cdr.owner)
    exec_id = record.exec_partner_session_id or (journey.operator_session_id if journey else None)
    if journey is not None and exec_id == journey.id:
        exec_id = None
    return msgspec.structs.replace(record, exec_partner_session_id=exec_id, **missing)


def _without_unknown(record: ChargeDetailRecord, send_unknown: bool) -> ChargeDetailRecord:
    if send_unknown:
        return record
    reports = record.meter_report_list
    bare = msgspec.structs.replace(
        reports,
        extra=None,
        meter_report=tuple(msgspec.structs.replace(one, extra=None) for one in reports.meter_report),
    )
    return msgspec.structs.replace(record, extra=None, meter_report_list=bare)


def _name(*parts: str) -> str:
    """An id that is the same each time."""
    return str(uuid.uuid5(NAMES, "/".join(parts)))


def _withheld(lost: tuple[Loss, ...], reason: str) -> Told:
    return Told(withheld=True, losses=(*lost, Loss(path="$", reason=reason, kind=LossKind.WITHHELD)))


def _issuer(call: Call) -> PartyId:
    return call.recipient or call.partner.parties_as(Role.EMSP)[0]
