"""A foreign SOAP client and a foreign SOAP partner: zeep, built from the WSDL that the hub publishes alone."""

import logging
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
import zeep
from lxml import etree
from zeep.transports import AsyncTransport

from core.model.cdr import CdrState
from protocols.transport.soap.envelope import SOAP_12, seal
from tests.flows.emip_partners import (
    BADGE,
    CONTRACT,
    EVSE,
    XML,
    Reached,
    body_of,
    cpo,
    emsp,
    join,
    opened,
    pair,
    place,
    status_of,
)
from tests.flows.hub import TestHub
from tests.unit.protocols.emip.emip_goldens import WSDL


class Published(AsyncTransport):
    """Documents as the hub served them; calls through the hub's own client, with the partner's key."""

    def __init__(self, documents: dict[str, bytes], client: httpx.AsyncClient) -> None:
        self.documents = documents
        self.client = client
        self.cache = None
        self.operation_timeout = None
        self.logger = logging.getLogger("zeep")
        self._close_session = False

    def load(self, url: str) -> bytes:
        return self.documents[url]


async def published(hub: TestHub, address: str) -> dict[str, bytes]:
    documents = {f"{address}?wsdl": (await hub.client.get(f"{address}?wsdl")).content}
    waiting = list(documents)
    while waiting:
        for url in re.findall(rb'schemaLocation="([^"]+)"', documents[waiting.pop()]):
            name = url.decode()
            if name not in documents:
                documents[name] = (await hub.client.get(name)).content
                waiting.append(name)
    return documents


async def services(one: Reached, address: str) -> dict[str, Any]:
    documents = await published(one.hub, address)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(one.hub.app), headers={"authorization": f"Bearer {one.key}"}
    )
    foreign = zeep.AsyncClient(f"{address}?wsdl", transport=Published(documents, client))
    return {name: foreign.bind(name, f"{name}Port") for name in foreign.wsdl.services}


def header(one: Reached) -> dict[str, Any]:
    members = one.header()
    party = members["operator_id"]
    return {
        "transactionId": members["transaction_id"],
        "partnerIdType": "eMI3",
        "partnerId": members["partner_id"],
        "operatorIdType": "eMI3",
        "operatorId": party,
    }


AT = datetime(2026, 1, 15, 11, tzinfo=UTC)
NAMED = {"EVSEIdType": "eMI3", "EVSEId": EVSE}


@pytest.mark.spec("EMIP-GEN-01", "EMIP-WSD-04", "EMIP-WSD-05", "EMIP-GEN-09", "EMIP-CDR-03")
async def test_a_foreign_client_calls_all_twelve_operations() -> None:
    async with pair() as (hub, one, other, _):
        cpo_side = await services(one, "https://hub.test/emip/0.7.4/services/authorisationV1")
        emsp_side = await services(other, "https://hub.test/emip/0.7.4")
        auth, dynamic = cpo_side["AuthorisationV1"], cpo_side["EVCIDynamicV1"]

        beat = await cpo_side["PlatformV1"].eMIP_ToIOP_HeartBeat(**header(one))
        assert (beat.heartBeatPeriod, beat.requestStatus) == (300, 1)
        badge = {"userIdType": "RFID-UID", "userId": BADGE, "requestedServiceId": "1"}
        asked = await auth.eMIP_ToIOP_GetServiceAuthorisation(**header(one), **NAMED, **badge)
        assert (asked.authorisationValue, asked.requestStatus) == (1, 1)
        session = asked.serviceSessionId
        event = {"sessionEventNature": 3, "sessionEventDateTime": AT}
        reported = await auth.eMIP_ToIOP_SetSessionEventReport(
            **header(one), serviceSessionId=session, sessionEvent=event
        )
        assert reported.requestStatus == 1
        record = {
            "CDRNature": 1,
            "serviceSessionId": session,
            **NAMED,
            **badge,
            "startTime": AT,
            "endTime": AT,
            "meterReportList": {"meterReport": [{"meterTypeId": 2, "meterValue": Decimal("1.5"), "meterUnit": "kWh"}]},
        }
        billed = await auth.eMIP_ToIOP_SetChargeDetailRecord(**header(one), chargeDetailRecord=record)
        assert (billed.requestStatus, billed.salePartnerOperatorId) == (1, "FR*ZM1")

        own = emsp_side["AuthorisationV1"]
        start = await own.eMIP_ToIOP_SetServiceAuthorisation(
            **header(other),
            **NAMED,
            userIdType="eMA",
            userId=CONTRACT,
            requestedServiceId="1",
            authorisationValue=1,
            intermediateCDRRequested=0,
        )
        assert (start.requestStatus, start.execPartnerOperatorId) == (1, "FR*ZC1")
        action = {"sessionActionNature": 1, "sessionActionDateTime": AT}
        acted = await own.eMIP_ToIOP_SetSessionActionRequest(
            **header(other), serviceSessionId=start.serviceSessionId, sessionAction=action
        )
        assert acted.requestStatus == 1

        said = {"statusEventDate": AT, "availabilityStatus": 2}
        for kind, status in (
            ("ChargingPool", 10601),
            ("ChargingStation", 10601),
            ("ChargingConnector", 10601),
            ("EVSE", 1),
        ):
            named = NAMED if kind == "EVSE" else {f"{kind}IdType": "eMI3", f"{kind}Id": "FR*ZC1*P1"}
            call = dynamic[f"eMIP_ToIOP_Set{kind}AvailabilityStatus"]
            assert (await call(**header(one), **named, **said)).requestStatus == status
        busy = await dynamic.eMIP_ToIOP_SetEVSEBusyStatus(**header(one), **NAMED, statusEventDate=AT, busyStatus=1)
        assert busy.requestStatus == 1
        assert status_of(hub) == "AVAILABLE"
        both = await dynamic.eMIP_ToIOP_SetEVSESyntheticStatus(**header(one), **NAMED, busyStatus=3)
        assert both.requestStatus == 1
        assert status_of(hub) == "RESERVED"


@pytest.mark.spec("EMIP-TRN-28")
async def test_a_foreign_client_reads_our_faults() -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        platform = (await services(one, "https://hub.test/emip"))["PlatformV1"]
        with pytest.raises(zeep.exceptions.Fault) as caught:
            await platform.eMIP_ToIOP_HeartBeat(**{**header(one), "operatorId": "FR*XXX"})
        assert caught.value.code.endswith("Sender")
        assert caught.value.detail is not None


class ZeepEmsp:
    """An eMSP's server that reads and writes by our partner WSDL."""

    def __init__(self) -> None:
        client = zeep.Client(str(WSDL / "partner.wsdl"))
        self.types = client.wsdl.types
        self.received: list[Any] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        element = body_of(request)
        name = etree.QName(element)
        kind = self.types.get_element(f"{{{name.namespace}}}{name.localname}")
        self.received.append(kind.parse(element, self.types))
        answer = self.types.get_element(f"{{{name.namespace}}}{name.localname.removesuffix('Request')}Response")
        more: dict[str, Any] = {}
        if "GetServiceAuthorisation" in name.localname:
            more = {"authorisationValue": 1, "partnerServiceSessionId": "z-1", "intermediateCDRRequested": 0}
        given = {"transactionId": self.received[-1].transactionId, "requestStatus": 1, **more}
        holder = etree.Element("holder")
        answer.render(holder, answer(**given))
        return httpx.Response(200, content=seal(SOAP_12, etree.tostring(holder[0])), headers=XML)


@pytest.mark.spec("EMIP-WSD-02", "EMIP-GEN-06", "EMIP-XML-03")
async def test_a_foreign_emsp_understands_what_we_send() -> None:
    back = ZeepEmsp()
    async with opened() as hub:
        one = await join(hub, cpo())
        await join(hub, emsp(), back)
        await hub.hub.locations.put(one.partner, place())
        answer = await one.ask()
        assert (answer.authorisation_value, answer.request_status) == (1, 1)
        session = answer.service_session_id
        await one.event(session, 3, "2026-01-15T11:00:00Z")
        await one.cdr(session)
        await hub.relay()
        assert [one.state for one in await hub.settle()] == [CdrState.DELIVERED]
        asked, told, billed = back.received
        assert (asked.targetOperatorId, asked.userId, asked.serviceSessionId) == ("FR*ZM1", BADGE, session)
        assert (told.sessionEvent.sessionEventNature, told.salePartnerSessionId) == (3, "z-1")
        assert billed.chargeDetailRecord.salePartnerSessionId == "z-1"
        values = [report.meterValue for report in billed.chargeDetailRecord.meterReportList.meterReport]
        assert values == [Decimal(60), Decimal(18250), Decimal("7.31")]
