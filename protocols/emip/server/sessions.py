"""SetSessionEventReport, and intermediate records. Source: checklist, 5.5, 5.6.

What was reported of a session is stored, and told by the outbox: the answer says that the hub has it.
"""

from datetime import datetime

from core.errors import Unknown
from core.model.authorisation import FROM_COPIES, Answered, Journey
from core.model.location import Evse, Location
from core.model.partner import Role
from core.model.session import AuthMethod, CdrToken, Session
from mappings.emip.codes import NO_PARTNER, NO_SESSION, NOT_ACCEPTED, NOT_OF_SESSION, OK
from mappings.emip.commands import wants_intermediate_records
from mappings.emip.sessions import Facts, reported_of, session_from_emip
from protocols.emip.auth import PROTOCOL
from protocols.emip.server.inbound import Inbound
from protocols.emip.settings import settings_of
from protocols.emip.wire import to_iop
from protocols.emip.wire.parts import ChargeDetailRecord

LONGEST_ID = 36


async def set_session_event_report(call: Inbound) -> to_iop.SetSessionEventReportResponse:
    message: to_iop.SetSessionEventReportRequest = call.message
    event = message.session_event
    journey = await call.journey(message.service_session_id)
    status = _may_report(call, journey)
    if journey is not None and status == OK:
        status = await report(call, journey, message.exec_partner_session_id, event=message)
        if status == OK and not await _wants_events(call, journey):
            status = NOT_ACCEPTED
    return to_iop.SetSessionEventReportResponse(
        transaction_id=call.transaction_id,
        service_session_id=message.service_session_id,
        session_action_id=event.related_session_action_id or event.session_event_id or call.hub.ids.uuid(),
        request_status=status,
    )


def _may_report(call: Inbound, journey: Journey | None) -> int:
    if journey is None:
        return NO_SESSION
    if call.is_operator(journey):
        return OK
    return NOT_ACCEPTED if call.is_issuer(journey) else NOT_OF_SESSION


async def _wants_events(call: Inbound, journey: Journey) -> bool:
    """An eMSP on eMIP may have switched them off; the hub keeps them all the same. Source: EMIP-EVT-23."""
    home = await call.home(journey.issuer, Role.EMSP)
    return home is None or home.protocol != PROTOCOL or settings_of(home).session_events


async def report(
    call: Inbound,
    journey: Journey,
    exec_id: str | None,
    *,
    event: to_iop.SetSessionEventReportRequest | None = None,
    record: ChargeDetailRecord | None = None,
) -> int:
    """What was reported, added to what is known of the session. The status of the answer."""
    async with call.shared.lock(f"session/{journey.id}"):
        journey = await call.journey(journey.id) or journey
        held = await _held(call, session_id_of(journey, exec_id))
        reported = reported_of(held)
        if event is not None:
            reported = reported.with_event(event.session_event)
        if record is not None:
            reported = reported.with_record(record, whole=wants_intermediate_records(journey.extensions))
        if held is not None and reported == reported_of(held):
            return OK
        facts = await _facts(call, journey, exec_id)
        session = session_from_emip(reported, facts, received_at=_later(call.hub.clock.now(), held))
        try:
            await call.hub.sessions.put(call.partner, session, call.correlation_id)
        except Unknown:
            return NO_PARTNER
    return OK


async def _held(call: Inbound, session_id: str) -> Session | None:
    try:
        return await call.hub.sessions.own(call.partner, call.party, session_id)
    except Unknown:
        return None


def _later(now: datetime, held: Session | None) -> datetime:
    return now if held is None else max(now, held.updated_at)


def session_id_of(journey: Journey, exec_id: str | None) -> str:
    """The operator's own id where it fits, the first that was told; else the platform's."""
    for text in (journey.operator_session_id, exec_id):
        if text and len(text) <= LONGEST_ID:
            return text
    return journey.id


async def _facts(call: Inbound, journey: Journey, exec_id: str | None) -> Facts:
    place = await _place(call, journey)
    location, evse = place if place else (None, None)
    tariff = call.partner.agreed_tariff
    connectors = evse.connectors if evse else ()
    return Facts(
        owner=call.party,
        session_id=session_id_of(journey, exec_id),
        token=CdrToken(issuer=journey.issuer, uid=journey.uid, kind=journey.kind, contract_id=journey.contract_id),
        started_at=journey.created_at,
        auth_method=_auth_method(journey),
        authorization_reference=journey.reference,
        location_id=location.id if location else None,
        evse_uid=evse.uid if evse else None,
        connector_id=connectors[0].id if len(connectors) == 1 else None,
        currency=tariff.currency if tariff else None,
        journey_id=journey.id,
    )


def _auth_method(journey: Journey) -> AuthMethod:
    if journey.answered_by is Answered.COMMAND:
        return AuthMethod.COMMAND
    return AuthMethod.WHITELIST if journey.answered_by in FROM_COPIES else AuthMethod.AUTH_REQUEST


async def _place(call: Inbound, journey: Journey) -> tuple[Location, Evse] | None:
    place = await call.hub.locations.find_evse(journey.evse_id) if journey.evse_id else None
    return place if place and place[0].owner == call.party else None
