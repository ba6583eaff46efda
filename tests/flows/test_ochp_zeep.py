"""A foreign SOAP client: zeep, built from the description that the hub publishes, and from the official one."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import zeep
from lxml import etree
from zeep.proxy import AsyncServiceProxy
from zeep.transports import AsyncTransport
from zeep.wsse.username import UsernameToken

from tests.flows.hub import HUB_URL, TestHub
from tests.flows.ochp_partners import ENV, Reached, join, opened
from tests.ochp_schema import OFFICIAL, assert_valid, needs_official

PLACE = {
    "address": {"houseNumber": "7", "address": "Kai", "city": "Hafen", "zipCode": "26999", "country": "DEU"},
    "connector": {
        "connectorStandard": {"ConnectorStandard": "IEC_62196_T2"},
        "connectorFormat": {"ConnectorFormat": "Socket"},
    },
}
EMT_ID = {"instance": "04C3A1B2", "tokenType": "rfid"}
CONTRACT = "DE-QM1-C00000417-U"


class Published(AsyncTransport):
    """Documents from the hub or from disk; calls into the hub's application. Every answer is judged by the schema."""

    def __init__(self, documents: dict[str, bytes], client: httpx.AsyncClient) -> None:
        self.documents = documents
        self.client = client
        self.cache = None
        self.operation_timeout = None
        self.logger = logging.getLogger("zeep")
        self._close_session = False

    def load(self, url: str) -> bytes:
        return self.documents[url] if url in self.documents else Path(url).read_bytes()

    async def post(self, address: str, message: bytes, headers: dict[str, str]) -> Any:
        assert address.startswith(HUB_URL)
        answer = await self.client.post(address, content=message, headers=headers)
        assert_valid(etree.tostring(etree.fromstring(answer.content).find(f"{ENV}Body")[0]))
        return answer


async def published(hub: TestHub, path: str) -> dict[str, bytes]:
    return {
        url: (await hub.client.get(url)).content
        for url in (f"{HUB_URL}{path}?wsdl", f"{HUB_URL}{path}?xsd=messages.xsd")
    }


class Foreign:
    """Both interfaces of one partner."""

    def __init__(self, main: Any, live: Any) -> None:
        self.main = main
        self.live = live


async def ours(one: Reached) -> Foreign:
    services = []
    for path, binding in (("/ochp/1.4", "eCHS-OCHP_1.4"), ("/ochp/1.4/live", "eCHS-OCHP_1.4-live")):
        documents = await published(one.hub, path)
        services.append(_service(one, f"{HUB_URL}{path}?wsdl", documents, binding, f"{HUB_URL}{path}"))
    return Foreign(*services)


async def official(one: Reached) -> Foreign:
    wsdl = str(OFFICIAL / "ochp.wsdl")
    return Foreign(
        _service(one, wsdl, {}, "eCHS-OCHP_1.4", f"{HUB_URL}/service/ochp/v1.4"),
        _service(one, wsdl, {}, "eCHS-OCHP_1.4-live", f"{HUB_URL}/live/ochp/v1.4"),
    )


def _service(one: Reached, wsdl: str, documents: dict[str, bytes], binding: str, address: str) -> Any:
    client = httpx.AsyncClient(transport=httpx.ASGITransport(one.hub.app), base_url=HUB_URL)
    wsse = UsernameToken(one.shown["username"], one.shown["password"])
    settings = zeep.Settings(strict=False, xml_huge_tree=True)
    foreign = zeep.AsyncClient(wsdl, wsse=wsse, transport=Published(documents, client), settings=settings)
    found = foreign.wsdl.bindings[f"{{http://ochp.eu/1.4}}{binding}"]
    return AsyncServiceProxy(foreign, found, address=address)


@pytest.fixture
async def hub() -> AsyncIterator[TestHub]:
    async with opened() as hub:
        yield hub


def code(answer: Any) -> str:
    """zeep gives the bare result of responses that have nothing else."""
    result = getattr(answer, "result", answer)
    return str(result.resultCode.resultCode)


def record() -> dict[str, Any]:
    return {
        "EmtId": EMT_ID,
        "contractId": CONTRACT,
        "printedNumber": "QM 417",
        "expiryDate": {"DateTime": "2030-01-01T00:00:00Z"},
    }


def charge_point() -> dict[str, Any]:
    return {
        "evseId": "DE*QX7*E1",
        "locationId": "HAFEN1",
        "locationName": "Südkai",
        "locationNameLang": "DEU",
        "chargePointAddress": PLACE["address"],
        "chargePointLocation": {"lat": "53.550000", "lon": "9.990000"},
        "status": {"ChargePointStatusType": "Operative"},
        "location": {"GeneralLocationType": "on-street"},
        "authMethods": [{"AuthMethodType": "RfidMifareCls"}],
        "connectors": [PLACE["connector"]],
        "chargePointType": "AC",
    }


def cdr(cdr_id: str) -> dict[str, Any]:
    begin, end = "2026-01-15T10:00:00+01:00", "2026-01-15T11:00:00+01:00"
    return {
        "CdrId": cdr_id,
        "evseId": "DE*QX7*E1",
        "emtId": EMT_ID,
        "contractId": CONTRACT,
        "status": {"CdrStatusType": "new"},
        "startDateTime": {"LocalDateTime": begin},
        "endDateTime": {"LocalDateTime": end},
        "chargePointAddress": PLACE["address"],
        "chargePointType": "AC",
        "connectorType": PLACE["connector"],
        "chargingPeriods": [
            {
                "startDateTime": {"LocalDateTime": begin},
                "endDateTime": {"LocalDateTime": end},
                "billingItem": {"BillingItemType": "energy"},
                "billingValue": 10.0,
                "itemPrice": 0.4,
                "periodCost": 4.0,
            }
        ],
        "totalCost": 4.0,
        "currency": "EUR",
    }


@pytest.mark.spec("OCHP-TRN-10", "OCHP-TRN-11", "OCHP-TRN-12", "OCHP-CP-05", "OCHP-AUTH-09")
@pytest.mark.parametrize("built", [ours, pytest.param(official, marks=needs_official)])
async def test_a_day_of_two_partners_who_speak_by_zeep(hub: TestHub, built: Any) -> None:
    """Every operation of both interfaces, each answer by the schema."""
    cpo = await built(await join(hub, "CPO", "DEQX7"))
    emp = await built(await join(hub, "EMSP", "DEQM1"))
    early = {"DateTime": "2026-01-15T11:00:00Z"}

    assert code(await emp.main.SetRoamingAuthorisationList(roamingAuthorisationInfoArray=[record()])) == "ok"
    assert code(await emp.main.UpdateRoamingAuthorisationList(roamingAuthorisationInfoArray=[record()])) == "ok"
    tokens = await cpo.main.GetRoamingAuthorisationList()
    assert tokens.roamingAuthorisationInfoArray[0].contractId == CONTRACT
    tokens = await cpo.main.GetRoamingAuthorisationListUpdates(lastUpdate=early)
    assert tokens.roamingAuthorisationInfo[0].EmtId.instance == "04C3A1B2"
    hub.clock.advance(-3 * 3600)
    single = await cpo.main.GetSingleRoamingAuthorisation(emtId=EMT_ID)
    hub.clock.advance(3 * 3600)
    assert (code(single), single.roamingAuthorisationInfo.printedNumber) == ("ok", "QM 417")

    assert code(await cpo.main.SetChargepointList(chargePointInfoArray=[charge_point()])) == "ok"
    assert code(await cpo.main.UpdateChargePointList(chargePointInfoArray=[charge_point()])) == "ok"
    points = await emp.main.GetChargePointList()
    assert points.chargePointInfoArray[0].locationName == "Südkai"
    points = await emp.main.GetChargePointListUpdates(lastUpdate=early)
    assert points.chargePointInfoArray[0].status.ChargePointStatusType == "Operative"
    status = {"evseId": "DE*QX7*E1", "major": "not-available", "minor": "charging"}
    assert code(await cpo.live.UpdateStatus(evse=[status], ttl={"DateTime": "2026-01-15T13:00:00Z"})) == "ok"
    found = await emp.live.GetStatus()
    (live,) = found.evse if hasattr(found, "evse") else found
    assert (live.major, live.minor) == ("not-available", "charging")

    added = await cpo.main.AddCDRs(cdrInfoArray=[cdr("DEQX7A1"), cdr("DEQX7A2"), cdr("XX1")])
    assert (code(added), added.implausibleCdrsArray) == ("partly", ["XX1"])
    queue = await emp.main.GetCDRs()
    assert [one.CdrId for one in queue.cdrInfoArray] == ["DEQX7A1", "DEQX7A2"]
    decided = await emp.main.ConfirmCDRs(
        approved=[{"cdrId": "DEQX7A1", "evseId": "DE*QX7*E1"}], declined=[{"cdrId": "DEQX7A2", "evseId": "DE*QX7*E1"}]
    )
    assert code(decided) == "ok"
    back = await cpo.main.CheckCDRs()
    assert [(one.CdrId, one.status.CdrStatusType) for one in back.cdrInfoArray] == [("DEQX7A2", "declined")]
    (journey,) = hub.storage.journeys.held.values()
    assert journey.cdr_key == "DEQX7/DEQX7A1"


@needs_official
async def test_the_samples_of_the_checklist_are_answered_as_they_say(hub: TestHub) -> None:
    """Result codes and refused records; texts are free."""
    samples = OFFICIAL / "samples"
    if not samples.is_dir():
        pytest.skip("the samples are not at hand")
    hub.clock.advance(90 * 24 * 3600)
    cpo = await join(hub, "CPO", "DEQX7")
    emp = await join(hub, "EMSP", "DEQM1")
    callers = {"SetRoamingAuthorisationList": emp, "AddCDRs": cpo, "ConfirmCDRs": emp, "SetChargepointList": cpo}
    for path in sorted(samples.glob("*.request.xml")):
        caller = callers.get(path.name.split("-")[1].split(".")[0])
        if caller is None:
            continue
        body = _body(path)
        expected = _body(path.with_name(path.name.replace("request", "response")))
        answer = etree.fromstring((await caller.post(etree.tostring(body))).content).find(f"{ENV}Body")[0]
        assert _codes(answer) == _codes(expected), path.name


def _body(path: Path) -> Any:
    root = etree.fromstring(path.read_bytes())
    return root.find(f"{ENV}Body")[0] if root.tag == f"{ENV}Envelope" else root


def _codes(element: Any) -> list[str | None]:
    """The result code, and what else is in the answer beside the description."""
    rest = [one.text for one in element if not one.tag.endswith("}result")]
    return [element.findtext("{*}result/{*}resultCode/{*}resultCode"), *rest]
