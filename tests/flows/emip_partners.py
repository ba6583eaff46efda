"""eMIP partners of the flow tests: their documents, their messages, and an eMSP that answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import msgspec
from litestar import Litestar
from lxml import etree

from core.model.ids import EvseId, PartyId
from core.model.location import Connector, ConnectorFormat, Evse, EvseStatus, Location, PowerType
from core.model.partner import Partner
from core.model.quantities import Coordinates
from protocols.emip import codec
from protocols.emip.plugin import PLUGIN
from protocols.emip.wire import from_iop, to_iop
from protocols.emip.wire.parts import ChargeDetailRecord, MeterReport, MeterReportList, SessionAction, SessionEvent
from protocols.emip.wire.words import AuthorisationValue, AvailabilityStatus, BusyStatus, CdrNature, Flag, IdType
from protocols.transport.soap.envelope import SOAP_12, seal
from protocols.transport.soap.xml import parse
from tests.flows.hub import HUB_URL, TestHub

BADGE = "04A1B2C3D4E5F6"
EVSE = "FR*ZC1*E1001*1"
CONTRACT = "FR-ZM1-C00012345"
XML = {"content-type": "application/soap+xml; charset=utf-8"}
ENVELOPE = "{http://www.w3.org/2003/05/soap-envelope}"
FAULT = "{urn:chargesphere:emip:fault}"


def cpo(party: str = "FR*ZC1", **more: Any) -> dict[str, Any]:
    return _document(party, ["CPO"], more)


def emsp(party: str = "FR*ZM1", **more: Any) -> dict[str, Any]:
    return _document(party, ["EMSP"], more)


def _document(party: str, roles: list[str], more: dict[str, Any]) -> dict[str, Any]:
    country, _, name = party.partition("*")
    played = [{"role": role, "country_code": country, "party_id": name} for role in roles]
    return {"name": f"{'+'.join(roles)} {party}", "protocol": "emip", "roles": played, **more}


class Reached:
    """A partner as its own back office sees the hub."""

    def __init__(self, hub: TestHub, partner: Partner, shown: dict[str, Any]) -> None:
        self.hub = hub
        self.partner = partner
        self.shown = shown
        self.key: str = shown["api_key"]
        self.client = hub.client
        self.count = 0

    def elsewhere(self) -> "Reached":
        """The same partner at another gateway process over the same stores."""
        app = Litestar(list(PLUGIN.routers(self.hub.hub)), openapi_config=None, logging_config=None)
        found = Reached(self.hub, self.partner, self.shown)
        found.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HUB_URL)
        return found

    def header(self, **members: Any) -> dict[str, Any]:
        """The common header, with a transactionId of its own each time."""
        self.count += 1
        party = self.partner.parties[0]
        return {
            "transaction_id": f"T-{party.key}-{self.count}",
            "partner_id_type": IdType.EMI3,
            "partner_id": self.shown["partner_id"],
            "operator_id_type": IdType.EMI3,
            "operator_id": str(party),
            **members,
        }

    async def post(self, body: bytes, path: str = "/emip/0.7.4", **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.key}", **XML, **more.pop("headers", {})}
        return await self.client.post(path, content=body, headers=headers, **more)

    async def send(self, message: Any, **more: Any) -> Any:
        """The answer, read by its type."""
        answer = await self.post(seal(SOAP_12, codec.encode(message)), **more)
        assert answer.status_code == 200, answer.text
        body = body_of(answer)
        found = codec.find(body)
        assert found is not None
        assert found.wire_type is codec.BY_REQUEST[type(message)].response
        return codec.read(body, found.wire_type)

    # --- as a CPO

    async def ask(self, user_id: str = BADGE, **members: Any) -> to_iop.GetServiceAuthorisationResponse:
        message = to_iop.GetServiceAuthorisationRequest(**{**self.header(), **asked(user_id), **members})
        answer: to_iop.GetServiceAuthorisationResponse = await self.send(message)
        return answer

    async def event(
        self, session_id: str, nature: int, at: str, **members: Any
    ) -> to_iop.SetSessionEventReportResponse:
        exec_id = members.pop("exec_partner_session_id", None)
        event = SessionEvent(session_event_nature=nature, session_event_date_time=at, **members)
        message = to_iop.SetSessionEventReportRequest(
            **self.header(), service_session_id=session_id, exec_partner_session_id=exec_id, session_event=event
        )
        answer: to_iop.SetSessionEventReportResponse = await self.send(message)
        return answer

    async def cdr(self, session_id: str, **members: Any) -> to_iop.SetChargeDetailRecordResponse:
        message = to_iop.SetChargeDetailRecordRequest(
            **self.header(), charge_detail_record=record(session_id, **members)
        )
        answer: to_iop.SetChargeDetailRecordResponse = await self.send(message)
        return answer

    async def available(self, value: AvailabilityStatus, at: str, evse_id: str = EVSE, **members: Any) -> int:
        message = to_iop.SetEVSEAvailabilityStatusRequest(
            **self.header(),
            evse_id_type=IdType.EMI3,
            evse_id=evse_id,
            status_event_date=at,
            availability_status=value,
            **members,
        )
        status: int = (await self.send(message)).request_status
        return status

    async def busy(self, value: BusyStatus, at: str, evse_id: str = EVSE, **members: Any) -> int:
        message = to_iop.SetEVSEBusyStatusRequest(
            **self.header(),
            evse_id_type=IdType.EMI3,
            evse_id=evse_id,
            status_event_date=at,
            busy_status=value,
            **members,
        )
        status: int = (await self.send(message)).request_status
        return status

    # --- as an eMSP

    async def start(self, evse_id: str = EVSE, **members: Any) -> to_iop.SetServiceAuthorisationResponse:
        given: dict[str, Any] = {"authorisation_value": AuthorisationValue.GRANTED}
        given |= {"intermediate_cdr_requested": Flag.NO}
        given |= {**self.header(), **asked(CONTRACT, evse_id=evse_id, user_id_type="eMA"), **members}
        answer: to_iop.SetServiceAuthorisationResponse = await self.send(to_iop.SetServiceAuthorisationRequest(**given))
        return answer

    async def act(self, session_id: str, nature: int = 1, **members: Any) -> to_iop.SetSessionActionRequestResponse:
        sale_id = members.pop("sale_partner_session_id", None)
        action = SessionAction(session_action_nature=nature, session_action_date_time="2026-01-15T12:30:00Z", **members)
        message = to_iop.SetSessionActionRequestRequest(
            **self.header(),
            service_session_id=session_id,
            sale_partner_session_id=sale_id,
            session_action=action,
        )
        answer: to_iop.SetSessionActionRequestResponse = await self.send(message)
        return answer


def heartbeat(one: Reached, **members: Any) -> bytes:
    return seal(SOAP_12, codec.encode(to_iop.HeartBeatRequest(**one.header(**members))))


def asked(user_id: str = BADGE, **members: Any) -> dict[str, Any]:
    return {
        "evse_id_type": IdType.EMI3,
        "evse_id": EVSE,
        "user_id_type": "RFID-UID",
        "user_id": user_id,
        "requested_service_id": "1",
        **members,
    }


def report(meter_type: int, value: str, unit: str) -> MeterReport:
    return MeterReport(meter_type_id=meter_type, meter_value=Decimal(value), meter_unit=unit)


def record(session_id: str, **members: Any) -> ChargeDetailRecord:
    given: dict[str, Any] = {
        "cdr_nature": CdrNature.FINAL,
        "service_session_id": session_id,
        **asked(),
        "start_time": "2026-01-15T10:00:00Z",
        "end_time": "2026-01-15T11:00:00Z",
        "meter_report_list": MeterReportList(
            meter_report=(report(1, "60", "min"), report(2, "18250", "Wh"), report(3, "7.31", "EUR"))
        ),
        **members,
    }
    return ChargeDetailRecord(**given)


class Emsp:
    """An eMSP: says yes to the users in `good`, and takes every event and record."""

    def __init__(self, *good: str, **answer: Any) -> None:
        self.good = set(good)
        self.more = answer
        self.status = 1
        self.received: list[Any] = []
        self.requests: list[httpx.Request] = []
        self.broken: httpx.Response | Exception | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.broken, Exception):
            raise self.broken
        element = body_of(request)
        found = codec.find(element)
        assert found is not None
        assert found.namespace == found.operation.namespace
        message = codec.read(element, found.wire_type)
        assert_valid(element, found.operation.namespace)
        self.received.append(message)
        if self.broken is not None:
            return self.broken
        return httpx.Response(200, content=seal(SOAP_12, codec.encode(self.answer(message))), headers=XML)

    def answer(self, message: Any) -> Any:
        if isinstance(message, from_iop.GetServiceAuthorisationRequest):
            yes = message.user_id in self.good
            given: dict[str, Any] = {"authorisation_value": 1 if yes else 2, "request_status": self.status, **self.more}
            return from_iop.GetServiceAuthorisationResponse(transaction_id=message.transaction_id, **given)
        answer: Any = codec.BY_REQUEST[type(message)].response
        return answer(transaction_id=message.transaction_id, request_status=self.status)

    def got(self, kind: Any) -> list[Any]:
        return [message for message in self.received if isinstance(message, kind)]


class Cpo(Emsp):
    """A CPO that is asked to start and stop, and answers with `status`; `session_id` is its own."""

    def __init__(self, session_id: str | None = "ZC1-S-1") -> None:
        super().__init__()
        self.session_id = session_id

    def answer(self, message: Any) -> Any:
        answer = super().answer(message)
        if isinstance(message, from_iop.SetServiceAuthorisationRequest) and self.status == 1:
            return msgspec.structs.replace(answer, partner_service_session_id=self.session_id)
        return answer


def body_of(message: httpx.Request | httpx.Response) -> Any:
    root = parse(message.content)
    assert root.tag == f"{ENVELOPE}Envelope"
    [body] = root.findall(f"{ENVELOPE}Body")
    [element] = body
    return element


def fault(answer: httpx.Response) -> tuple[int, str, str | None, str | None]:
    """(HTTP status, fault code, detail code, element)."""
    element = body_of(answer)
    assert element.tag == f"{ENVELOPE}Fault", answer.text
    value = element.findtext(f"{ENVELOPE}Code/{ENVELOPE}Value")
    detail = f"{ENVELOPE}Detail/{FAULT}eMIPFault/{FAULT}"
    return (
        answer.status_code,
        value.partition(":")[2],
        element.findtext(f"{detail}code"),
        element.findtext(f"{detail}element"),
    )


_FILES = {codec.PLATFORM: "platform", codec.AUTHORISATION: "authorisation", codec.EVCI_DYNAMIC: "evci-dynamic"}
_SCHEMAS: dict[str, Any] = {}


def assert_valid(element: Any, namespace: str) -> None:
    """By our own schema, which knows one order and one form."""
    if namespace not in _SCHEMAS:
        _SCHEMAS[namespace] = etree.XMLSchema(file=f"protocols/emip/wsdl/{_FILES[namespace]}.xsd")
    again = parse(etree.tostring(element))
    assert _SCHEMAS[namespace].validate(again), _SCHEMAS[namespace].error_log


async def join(hub: TestHub, document: dict[str, Any], answering: Any = None) -> Reached:
    """Add a partner; `answering` serves its callback URL."""
    if answering is not None:
        role = document["roles"][0]
        host = f"{role['country_code']}{role['party_id']}.test".lower()
        hub.network.answer(host, answering)
        document = {"callback_url": f"http://{host}/emip", **document}
    partner, shown = await hub.add(document)
    return Reached(hub, partner, shown)


def place(*evse_ids: str, status: EvseStatus = EvseStatus.UNKNOWN) -> Location:
    """As it would have come by another protocol."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    connector = Connector(
        id="1", standard="IEC_62196_T2", format=ConnectorFormat.SOCKET, power_type=PowerType.AC_3_PHASE, updated_at=at
    )
    evses = tuple(
        Evse(
            uid=f"u{index}",
            evse_id=EvseId.parse(evse_id),
            status=status,
            connectors=(connector,),
            updated_at=at,
        )
        for index, evse_id in enumerate(evse_ids or (EVSE,), 1)
    )
    return Location(
        owner=PartyId("FR", "ZC1"),
        id="P1001",
        address="12 Rue Exemple",
        city="Testville",
        country="FRA",
        coordinates=Coordinates(latitude=Decimal("48.85"), longitude=Decimal("2.35")),
        evses=evses,
        updated_at=at,
    )


def status_of(hub: TestHub, index: int = 0) -> EvseStatus:
    [location] = hub.storage.locations.held.values()
    return location.evses[index].status


@asynccontextmanager
async def opened(**options: Any) -> AsyncIterator[TestHub]:
    async with TestHub.open([PLUGIN], **options) as hub:
        yield hub


@asynccontextmanager
async def pair(*good: str, **answer: Any) -> AsyncIterator[tuple[TestHub, Reached, Reached, Emsp]]:
    """A hub with one CPO and one eMSP, and the CPO's EVSE."""
    back = Emsp(*(good or (BADGE,)), **answer)
    async with opened() as hub:
        one = await join(hub, cpo(), Cpo())
        other = await join(hub, emsp(), back)
        await hub.hub.locations.put(one.partner, place())
        yield hub, one, other, back
