"""The simulated eMIP networks write what our own schema knows, in its order, and read what foreign ones write."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from core.model.ids import PartyId
from gateway.simulator.emip.charging import EmipCharging, Grant, stamp
from gateway.simulator.emip.home import EmipHome
from gateway.simulator.emip.host import EmipHost
from gateway.simulator.emip.network import badge, place, status_of
from gateway.simulator.emip.soap import Members, Message, NotSoap, action, fault_text, opened, sealed, several
from gateway.simulator.network import Card, NotAsTold
from gateway.simulator.server import Request
from gateway.simulator.stations import Outlet, Point, Socket
from gateway.simulator.visits import Price, Visit
from protocols.transport.soap.xml import parse
from tests.flows.emip_partners import ENVELOPE, assert_valid

HUB = "http://127.0.0.1:1"
PARTY = PartyId("FR", "ZC1")
GOOD = Card(uid="04A1B2C3D4E5F6", contract_id="FR-ZM1-C00012345")
BLOCKED = Card(uid="04A1B2C3D4E5F7", contract_id="FR-ZM1-C00012346", blocked=True)
AT = "2026-01-15T10:00:00Z"
HEADER = {
    "transactionId": "T1",
    "partnerIdType": "eMI3",
    "partnerId": "FR*HUB",
    "operatorIdType": "eMI3",
    "operatorId": "FR*ZM1",
}
EVSE = "FR*ZC1*E1*1"
SESSION = "8f7d6ac6-0a3e-4f0b-9a55-5d7a1f0f2b11"
EVENT = {"sessionEventNature": "3", "sessionEventId": "E1", "sessionEventDateTime": AT}


def element_of(content: bytes) -> Any:
    [element] = parse(content).find(f"{ENVELOPE}Body")
    return element


def valid(content: bytes) -> Message:
    element = element_of(content)
    assert_valid(element, element.tag[1:].partition("}")[0])
    return opened(content)


def call(name: str, members: Members) -> Request:
    body = sealed(Message(f"eMIP_FromIOP_{name}Request", members))
    return Request("POST", "/emip", ("emip",), {}, {}, body, 0.0)


def charging() -> EmipCharging:
    outlet = Outlet(socket=Socket.TYPE_2, cable=False, power_kw=Decimal(22))
    point = Point(
        evse_id=EVSE,
        station_id="P1",
        operator=PARTY,
        operator_name="Zett",
        station_name="Zett",
        address="Rue 1",
        street="Rue",
        city="Lyon",
        latitude=Decimal("45.7"),
        longitude=Decimal("4.8"),
        power_kw=Decimal(22),
        outlets=(outlet,),
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    stay = Visit(
        id="V1",
        card=GOOD,
        point=point,
        started_at=datetime(2026, 1, 15, 10, tzinfo=UTC),
        ended_at=datetime(2026, 1, 15, 10, 20, 20, tzinfo=UTC),
        energy_kwh=Decimal("10.000"),
    )
    grant = Grant(session_id=SESSION, own_id="V1", user=badge(GOOD.uid), alias=None, reports=True)
    return EmipCharging(EmipHost("Zett", PARTY, HUB, Price("P", Decimal("0.42"))), stay, grant=grant)


def test_a_record_says_what_was_measured_in_plain_numbers() -> None:
    record = charging().record()
    meters = [tuple(meter.values()) for meter in record["meterReportList"]["meterReport"]]
    assert meters == [("1", "20.3333", "min"), ("2", "10000", "Wh"), ("3", "4.2", "EUR")]
    valid(sealed(Message("eMIP_ToIOP_SetChargeDetailRecordRequest", HEADER | {"chargeDetailRecord": record})))


def test_it_is_the_same_record_each_time() -> None:
    one = charging()
    assert one.record() == one.record()


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("HeartBeat", {}),
        ("GetServiceAuthorisation", place(EVSE) | badge(GOOD.uid) | {"partnerServiceSessionId": "V1"}),
        ("SetEVSEBusyStatus", place(EVSE) | {"statusEventDate": AT, "busyStatus": "1"}),
        ("SetEVSEAvailabilityStatus", place(EVSE) | {"statusEventDate": AT, "availabilityStatus": "2"}),
        ("SetSessionEventReport", {"serviceSessionId": SESSION, "execPartnerSessionId": "V1", "sessionEvent": EVENT}),
    ],
)
def test_every_request_is_of_its_service(name: str, members: Members) -> None:
    content = sealed(Message(f"eMIP_ToIOP_{name}Request", HEADER | members))
    assert valid(content) == Message(f"eMIP_ToIOP_{name}Request", HEADER | members)
    assert action(f"eMIP_ToIOP_{name}Request") == f"https://api-iop.gireve.com/services/eMIP_ToIOP_{name}V1/"


@pytest.mark.parametrize(
    ("card", "value", "status"), [(GOOD, "1", "1"), (BLOCKED, "2", "1"), (None, "2", "203")], ids=["good", "no", "?"]
)
async def test_a_home_answers_for_its_cards(card: Card | None, value: str, status: str) -> None:
    home = EmipHome("Emm", PartyId("FR", "ZM1"), HUB)
    await home.hand_out([GOOD])
    await home.hand_out([BLOCKED])
    asked = HEADER | place(EVSE) | badge(card.uid.lower() if card else "04FF") | {"serviceSessionId": SESSION}
    answer = valid((await home._serve(call("GetServiceAuthorisation", asked))).body)
    assert (answer.members["authorisationValue"], answer.members["requestStatus"]) == (value, status)
    assert answer.members.get("userContractIdAlias") == (GOOD.contract_id if card is GOOD else None)
    assert answer.members["transactionId"] == "T1"
    await home.close()


@pytest.mark.parametrize("user_id", ["FR-ZM1-C00012345", "FRZM1C00012345"])
async def test_a_card_is_known_by_its_contract_too(user_id: str) -> None:
    home = EmipHome("Emm", PartyId("FR", "ZM1"), HUB)
    await home.hand_out([GOOD])
    asked = HEADER | place(EVSE) | badge(user_id) | {"userIdType": "eMA"}
    assert opened((await home._serve(call("GetServiceAuthorisation", asked))).body).members["requestStatus"] == "1"
    await home.close()


async def test_a_home_takes_events_and_records() -> None:
    home = EmipHome("Emm", PartyId("FR", "ZM1"), HUB)
    for name, members in (
        ("SetSessionEventReport", {"serviceSessionId": SESSION, "sessionEvent": EVENT}),
        ("SetChargeDetailRecord", {"chargeDetailRecord": charging().record()}),
        ("SetChargeDetailRecord", {"chargeDetailRecord": charging().record() | {"CDRNature": "2"}}),
    ):
        assert valid((await home._serve(call(name, HEADER | members))).body).members["requestStatus"] == "1"
    assert len(home.records) == 1
    await home.close()


async def test_a_host_starts_and_stops_what_is_its_own() -> None:
    host = EmipHost("Zett", PARTY, HUB, Price("P", Decimal("0.42")))
    host._points = {"FRZC1E11"}
    start = HEADER | badge(GOOD.uid) | {"serviceSessionId": SESSION, "intermediateCDRRequested": "0"}
    stop = {"sessionActionNature": "1", "sessionActionId": "A1", "sessionActionDateTime": AT}
    said = []
    for name, members in (
        ("SetServiceAuthorisation", start | place("FR*ZC1*E9") | {"authorisationValue": "1"}),
        ("SetServiceAuthorisation", start | place(EVSE) | {"authorisationValue": "2"}),
        ("SetSessionActionRequest", HEADER | {"serviceSessionId": SESSION, "sessionAction": stop}),
        ("SetServiceAuthorisation", start | place(EVSE) | {"authorisationValue": "1"}),
        ("SetSessionActionRequest", HEADER | {"serviceSessionId": SESSION, "sessionAction": stop}),
    ):
        answer = valid((await host._serve(call(name, members))).body)
        said.append(int(answer.members["requestStatus"]))
    assert said == [205, 205, 10501, 1, 1]
    assert host.stops == {SESSION: "A1"}
    await host.close()


async def test_a_role_has_its_own_operations() -> None:
    host, home = EmipHost("Zett", PARTY, HUB, Price("P", Decimal(1))), EmipHome("Emm", PARTY, HUB)
    assert (await host._serve(call("GetServiceAuthorisation", HEADER))).status == 400
    assert (await home._serve(call("SetServiceAuthorisation", HEADER))).status == 400
    await host.close()
    await home.close()


@pytest.mark.parametrize("content", [b"", b"{}", b"<x/>", b"<!DOCTYPE x [<!ENTITY e 'x'>]><x>&e;</x>"])
def test_what_is_no_envelope(content: bytes) -> None:
    with pytest.raises(NotSoap):
        opened(content)


def test_what_comes_once_or_several_times() -> None:
    body = b"<a/><b> x </b><b>y</b><c><d>1</d></c>"
    envelope = (
        b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body>'
        b'<n:R xmlns:n="u">%s</n:R></e:Body></e:Envelope>'
    )
    assert opened(envelope % body) == Message("R", {"a": "", "b": ["x", "y"], "c": {"d": "1"}})
    assert [several(value) for value in (None, "", "x", ["x", "y"])] == [[], [], ["x"], ["x", "y"]]


def test_the_words_of_a_fault() -> None:
    assert fault_text(Message("Fault", {"Reason": {"Text": "no"}})) == "no"
    assert fault_text(Message("Fault", {"Reason": "no"})) == "no"
    assert fault_text(Message("R", {})) is None


@pytest.mark.parametrize("answer", [{}, {"requestStatus": "fine"}])
def test_an_answer_without_status_is_named(answer: Members) -> None:
    with pytest.raises(NotAsTold, match="without a requestStatus"):
        status_of(answer)


def test_times_are_utc() -> None:
    at = datetime.fromisoformat("2026-01-15T11:00:00.250+01:00")
    assert [stamp(at), stamp(at.replace(microsecond=0))] == ["2026-01-15T10:00:00.250Z", "2026-01-15T10:00:00Z"]
