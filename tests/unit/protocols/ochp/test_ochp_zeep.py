"""zeep as the foreign partner: built from the official WSDLs and from ours, without a network."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
import requests
import zeep
from lxml import etree
from zeep.wsse.username import UsernameToken as ZeepToken

from protocols.ochp import codec
from protocols.ochp.wire import cdrs, live, tokens
from protocols.ochp.wire.results import Result
from protocols.ochp.wire.words import ResultCode
from protocols.transport.soap.dispatch import Call, Dispatcher, Incoming
from protocols.transport.soap.security import username_token
from protocols.transport.soap.wsdl import WsdlFiles
from tests.ochp_schema import OFFICIAL, OURS, assert_valid, needs_official
from tests.unit.protocols.ochp.test_ochp_messages import GOLDEN

OK = Result(result_code=ResultCode.OK, result_description="done")
HOST = "http://hub.example/"


class Hub:
    """Answers each request with its golden answer, after reading it."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        handlers = {tag: self.answer for tag in codec.MESSAGES if tag.endswith("Request")}
        self.dispatcher = Dispatcher(handlers)

    async def answer(self, call: Call) -> bytes:
        token = username_token(call.header)
        assert token is not None
        self.seen.append(
            (token.username, token.secret.value, codec.read(call.body, codec.MESSAGES[str(call.body.tag)]))
        )
        kind = codec.MESSAGES[str(call.body.tag).replace("Request", "Response")]
        for path in sorted(GOLDEN.rglob("*.xml")):
            if path.read_text().startswith(f"<o:{kind.__name__} "):
                (element,) = [etree.fromstring(path.read_bytes())]
                encoded = codec.encode(codec.read(element, kind))
                assert_valid(encoded)
                return encoded
        raise AssertionError(kind)


class Wire(zeep.transports.Transport):
    """Posts into the dispatcher; loads files and what the hub serves, and nothing else."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self.hub = hub

    def post(self, address: str, message: bytes, headers: dict[str, str]) -> requests.Response:
        assert address.startswith(HOST)
        lowered = {name.lower(): value for name, value in headers.items()}
        reply = asyncio.run(self.hub.dispatcher.answer(Incoming(body=message, headers=lowered)))
        response = requests.Response()
        response.status_code, response._content = reply.status, reply.body
        response.headers["Content-Type"] = reply.content_type
        return response

    def load(self, url: str) -> bytes:
        if url.startswith(HOST):
            path, _, query = url.removeprefix(HOST).partition("?")
            document = WsdlFiles(OURS, f"{path}.wsdl").document(query, HOST + path)
            assert document is not None, url
            return document
        assert "://" not in url, url
        return Path(url).read_bytes()


def no_network(*args: Any, **kwargs: Any) -> Any:
    raise AssertionError("the network is not used")


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", no_network)


def client(wsdl: str, hub: Hub) -> Any:
    return zeep.Client(wsdl, wsse=ZeepToken("me", "geheim"), transport=Wire(hub))


def speak(main: Any, live_service: Any) -> None:
    """Every operation of the two services, with zeep's own spelling of the values."""
    info = {
        "EmtId": {"instance": "04B7E1A2", "tokenType": "rfid", "representation": "plain"},
        "contractId": "DEFARC00000815",
        "expiryDate": {"DateTime": "2027-01-01T00:00:00Z"},
    }
    for operation in (main.SetRoamingAuthorisationList, main.UpdateRoamingAuthorisationList):
        assert operation(roamingAuthorisationInfoArray=[info]).result.resultCode.resultCode in ("ok", "partly")
    full = main.GetRoamingAuthorisationList()
    assert full.roamingAuthorisationInfoArray[0].EmtId.instance == "04B7E1A2C93F80"
    updates = main.GetRoamingAuthorisationListUpdates(lastUpdate={"DateTime": "2026-01-01T00:00:00Z"})
    assert len(updates.roamingAuthorisationInfo) == 1
    single = main.GetSingleRoamingAuthorisation(emtId=info["EmtId"])
    assert single.roamingAuthorisationInfo.contractId == "DE-FAR-C00000815-4"
    points = main.GetChargePointList().chargePointInfoArray
    assert points[0].connectors[0].connectorStandard.ConnectorStandard == "IEC_62196_T2"
    points[0].relatedLocation = []  # zeep writes the attributes of the official AdditionalGeoPointType as "NotSet"
    for operation in (main.SetChargepointList, main.UpdateChargePointList):
        assert operation(chargePointInfoArray=points).result.resultDescription
    assert main.GetChargePointListUpdates(lastUpdate="2026-01-01T00:00:00Z").result.resultCode.resultCode == "roaming"
    records = main.GetCDRs(cdrStatus="approved").cdrInfoArray
    assert records[0].chargingPeriods[0].billingItem.BillingItemType == "energy"
    assert main.AddCDRs(cdrInfoArray=records).implausibleCdrsArray == ["DENOR2"]
    assert main.CheckCDRs().cdrInfoArray[0].status.CdrStatusType == "declined"
    confirmed = main.ConfirmCDRs(approved=[{"cdrId": "A1", "evseId": "DE*NOR*E1"}])
    assert confirmed.resultCode.resultCode == "ok"
    status = live_service.UpdateStatus(evse=[{"evseId": "DE*NOR*E1", "major": "available", "minor": "reserved"}])
    assert status.resultCode.resultCode == "ok"
    assert live_service.GetStatus(statusType="combined")


def check(hub: Hub) -> None:
    assert {kind for kind in codec.MESSAGES.values() if kind.__name__.endswith("Request")} == {
        type(message) for _, _, message in hub.seen
    }
    assert {(name, secret) for name, secret, _ in hub.seen} == {("me", "geheim")}
    sent = [message for _, _, message in hub.seen if isinstance(message, live.UpdateStatusRequest)]
    assert sent[0].evse[0].minor == "reserved"
    confirmed = [message for _, _, message in hub.seen if isinstance(message, cdrs.ConfirmCDRsRequest)]
    assert confirmed[0].approved[0].cdr_id == "A1"


@needs_official
@pytest.mark.spec("OCHP-CP-05", "OCHP-TRN-05", "OCHP-WSD-02")
def test_a_client_of_the_official_wsdl_talks_to_us() -> None:
    hub = Hub()
    official = client(str(OFFICIAL / "ochp.wsdl"), hub)
    main = official.create_service("{http://ochp.eu/1.4}eCHS-OCHP_1.4", HOST + "main")
    live_service = official.create_service("{http://ochp.eu/1.4}eCHS-OCHP_1.4-live", HOST + "live")
    speak(main, live_service)
    check(hub)


def test_a_client_of_our_served_wsdl_talks_to_us() -> None:
    hub = Hub()
    speak(client(HOST + "main?wsdl", hub).service, client(HOST + "live?wsdl", hub).service)
    check(hub)


def test_our_wsdls_load_offline_from_their_folder() -> None:
    hub = Hub()
    for name, count in (("main", 13), ("live", 2)):
        loaded = client(str(OURS / f"{name}.wsdl"), hub)
        (binding,) = loaded.wsdl.bindings.values()
        assert len(binding.all()) == count


@needs_official
def test_the_bindings_are_called_as_in_the_official_wsdl() -> None:
    theirs, ours = (
        client(str(OFFICIAL / "ochp.wsdl"), Hub()),
        [client(str(OURS / f"{n}.wsdl"), Hub()) for n in ("main", "live")],
    )
    for one in ours:
        for name, binding in one.wsdl.bindings.items():
            official = theirs.wsdl.bindings[name]
            for operation in binding.all().values():
                assert official.get(operation.name).soapaction == operation.soapaction


def test_a_partner_of_ours_reads_a_fault() -> None:
    hub = Hub()
    hub.dispatcher = Dispatcher({"{urn:x}y": hub.answer})
    with pytest.raises(zeep.exceptions.Fault, match="no operation"):
        client(HOST + "main?wsdl", hub).service.GetCDRs()


def test_answers_of_our_own_making() -> None:
    assert_valid(codec.encode(tokens.GetSingleRoamingAuthorisationResponse(result=OK)))
    assert_valid(codec.encode(live.GetStatusResponse()))
