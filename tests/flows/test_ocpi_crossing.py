"""OCPI: what one party asks of another of a different version, converted there and back while the caller waits."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.ocpi.settings import settings_of, settings_text
from protocols.ocpi.wire import v2_1_1 as wire
from protocols.ocpi.wire import v2_1_1_locations as wire_places
from protocols.transport.json_codec import decode
from tests.flows.hub import TestHub
from tests.flows.ocpi_2_1_1_partner import (
    OldPartner,
    accepted,
    old_connector,
    old_evse,
    old_location,
    old_session,
    old_token,
)
from tests.flows.ocpi_partner import (
    TIME,
    OcpiPartner,
    call,
    cdr,
    cdr_token,
    connector,
    envelope,
    evse,
    location,
    period,
    session,
    tariff,
    token,
)

spec = pytest.mark.spec
LATER = "2026-01-16T12:00:00Z"
AT_EMD = {**cdr_token(owner="ATEMD"), "contract_id": "AT-EMD-C12345678"}
IT_EME = {**cdr_token(owner="ITEME"), "contract_id": "IT-EME-C00000001"}
TAXED = {"before_taxes": 8.5, "taxes": [{"name": "VAT", "amount": 0.8}, {"name": "CITY", "amount": 0.05}]}
NET = {"excl_vat": 8.5, "incl_vat": 9.35}


class Bridge:
    """p1 CPO and p2 eMSP of 2.3.0, p4 eMSP and p5 CPO of 2.2.1, e eMSP and c CPO of 2.1.1."""

    def __init__(self, hub: TestHub) -> None:
        self.hub = hub
        self.p1 = OcpiPartner("p1.test", ("CPO", "NL", "CPA"))
        self.p2 = OcpiPartner("p2.test", ("EMSP", "DE", "EMB"))
        self.p4 = OcpiPartner("p4.test", ("EMSP", "AT", "EMD"), version="2.2.1")
        self.p5 = OcpiPartner("p5.test", ("CPO", "AT", "CPH"), version="2.2.1")
        self.e = OldPartner("e.test", "EMSP", "IT", "EME")
        self.c = OldPartner("c.test", "CPO", "IT", "CPF")

    @property
    def partners(self) -> tuple[OcpiPartner, ...]:
        return self.p1, self.p2, self.p4, self.p5, self.e, self.c

    async def ask(self, partner: OcpiPartner, method: str, path: str, body: Any = None, to: str | None = None) -> Any:
        return await partner.call(self.hub, method, path, body, to=to)

    async def told(self, partner: OcpiPartner, path: str, body: Any) -> None:
        """Told to all, and forgotten by those who were told."""
        accepted(await partner.call(self.hub, "PUT", path, body))
        await self.hub.relay()
        for other in self.partners:
            other.received.clear()

    @property
    def lost(self) -> set[tuple[str, str]]:
        return {(what, path) for what, _, _, path in self.hub.ledger.noted}


@pytest.fixture
async def net() -> AsyncIterator[Bridge]:
    async with TestHub.open([OCPI]) as hub:
        bridge = Bridge(hub)
        for partner in bridge.partners:
            await partner.join(hub)
        for partner in bridge.partners:
            partner.received.clear()
        yield bridge


def codes(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["status_code"]


def only(partner: OcpiPartner, wire_type: Any = None) -> Any:
    """The body of the one request that it was sent, valid in its version."""
    (request,) = partner.received
    if wire_type is not None:
        decode(request.body, wire_type)
    return request.json


# --- 2.3.0 and 2.2.1

LOC1 = "locations/receiver/NL/CPA/LOC1"
OLD_TARIFF = {name: value for name, value in tariff().items() if name != "tax_included"}
RICH = {"help_phone": "+31201234567", "parking_type": "ROOFTOP", "foo": 1}


@spec("OCPI-HUB-31", "OCPI-HUB-16", "OCPI-V221-22")
@pytest.mark.parametrize(
    ("method", "path", "body", "arrives"),
    [
        ("PUT", LOC1, location(**RICH), location(operator={"name": "NL CPA"})),
        ("PUT", f"{LOC1}/E1", evse(capabilities=["RFID_READER", "X"]), evse(capabilities=["RFID_READER"])),
        ("PUT", f"{LOC1}/E1/1", connector(capabilities=["X"]), connector()),
        ("PATCH", LOC1, {**RICH, "last_updated": LATER}, {"last_updated": LATER}),
        ("PATCH", LOC1, {"help_phone": "+31201234567", "last_updated": LATER}, {"last_updated": LATER}),
        ("PATCH", LOC1, {"name": None, "city": "X", "last_updated": LATER}, None),
        ("PATCH", f"{LOC1}/E1", {"status": "CHARGING", "last_updated": LATER}, None),
        ("PATCH", f"{LOC1}/E1/1", {"tariff_ids": ["15"], "last_updated": LATER}, None),
        ("PUT", "tariffs/receiver/NL/CPA/T1", tariff(preauthorize_amount=5), OLD_TARIFF),
        ("DELETE", "tariffs/receiver/NL/CPA/T1", None, None),
        (
            "PUT",
            "sessions/receiver/NL/CPA/S1",
            session(cdr_token=AT_EMD, total_cost=TAXED, foo=1),
            session(cdr_token=AT_EMD, total_cost=NET),
        ),
    ],
)
async def test_a_push_of_2_3_0_to_one_of_2_2_1(net: Bridge, method: str, path: str, body: Any, arrives: Any) -> None:
    net.p4.answers[method, path.partition("/")[0]] = (200, envelope(None, 1000, "taken"), {"x-limit": "7"})
    answer = await net.ask(net.p1, method, path, body, "ATEMD")
    assert (answer.status_code, answer.json(), answer.headers["x-limit"]) == (
        200,
        envelope(None, 1000, "taken"),
        "7",
    )
    (request,) = net.p4.received
    assert (request.method, request.path) == (method, f"/2.2.1/{path}")
    assert (request.party("to"), request.party("from")) == ("ATEMD", "NLCPA")
    assert (request.json if request.body else None) == (arrives or body)
    await net.hub.relay()
    assert len(net.p4.received) == 1


@spec("OCPI-HUB-31", "OCPI-V221-22")
async def test_the_change_of_a_session_to_one_of_2_2_1(net: Bridge) -> None:
    path = "sessions/receiver/NL/CPA/S1"
    accepted(await net.ask(net.p1, "PUT", path, session(cdr_token=AT_EMD), "ATEMD"))
    net.p4.received.clear()
    dimensions = [{"type": "RESERVATION_OVERTIME", "volume": 2}]
    change = {"total_cost": TAXED, "charging_periods": [period(dimensions=dimensions)], "last_updated": LATER}
    accepted(await net.ask(net.p1, "PATCH", path, change))
    told = [{"start_date_time": TIME, "dimensions": [{"type": "TIME", "volume": 0}]}]
    assert only(net.p4) == {"total_cost": NET, "charging_periods": told, "last_updated": LATER}
    listed = await net.ask(net.p4, "GET", f"sessions/sender?date_from={TIME}", to="NLHUB")
    assert [held["total_cost"] for held in accepted(listed)] == [NET]


@spec("OCPI-HUB-31", "OCPI-V221-22", "OCPI-V221-18")
async def test_pushes_of_2_2_1_to_one_of_2_3_0(net: Bridge) -> None:
    path = "locations/receiver/AT/CPH/L5"
    accepted(await net.ask(net.p5, "PUT", path, location("L5", "ATCPH", foo=[1.50]), "DEEMB"))
    assert only(net.p2) == location("L5", "ATCPH", foo=[1.50])
    net.p2.received.clear()
    accepted(await net.ask(net.p5, "PATCH", path, {"foo": 2, "name": None, "last_updated": LATER}, "DEEMB"))
    assert only(net.p2) == {"foo": 2, "name": None, "last_updated": LATER}
    net.p2.received.clear()
    owned = {"id": "T5", "country_code": "AT", "party_id": "CPH"}
    sent = {**OLD_TARIFF, **owned, "min_price": {"excl_vat": 1, "incl_vat": 1.2}}
    accepted(await net.ask(net.p5, "PUT", "tariffs/receiver/AT/CPH/T5", sent, "DEEMB"))
    assert only(net.p2) == {**tariff("T5", "ATCPH"), "min_price": {"before_taxes": 1, "after_taxes": 1.2}}


@spec("OCPI-HUB-31")
async def test_what_is_lost_on_the_way_is_counted(net: Bridge) -> None:
    await net.ask(net.p1, "PUT", LOC1, location(**RICH), "ATEMD")
    assert ("location", "help_phone") in net.lost
    net.hub.ledger.noted.clear()
    await net.ask(net.p1, "PATCH", LOC1, {"help_phone": "+31201234567", "city": "X", "last_updated": LATER}, "ATEMD")
    assert net.lost == {("location", "help_phone")}
    net.hub.ledger.noted.clear()
    await net.ask(net.p5, "PUT", "locations/receiver/AT/CPH/L5", location("L5", "ATCPH"), "DEEMB")
    assert not net.lost


@spec("OCPI-HUB-31", "OCPI-V221-21")
async def test_what_has_no_words_is_not_sent(net: Bridge) -> None:
    element = {
        "price_components": [{"type": "FLAT", "price": 1, "step_size": 1}],
        "restrictions": {"booking": "BOOKING"},
    }
    for path, body in (
        ("tariffs/receiver/NL/CPA/T1", tariff(elements=[element])),
        (f"{LOC1}/E1/1", connector(standard="MCS")),
        (f"{LOC1}/E1", {**evse(), "connectors": [connector(standard="MCS")]}),
    ):
        assert codes(await net.ask(net.p1, "PUT", path, body, "ATEMD")) == (200, 4000)
    for path, body in ((LOC1, {"city": 5}), (f"{LOC1}/E1", {"status": "OPEN", "last_updated": TIME})):
        assert codes(await net.ask(net.p1, "PATCH", path, body, "ATEMD")) == (200, 2001)
    assert codes(await net.ask(net.p1, "PUT", LOC1, b"{", "ATEMD")) == (400, 2001)
    assert not net.p4.received


@spec("OCPI-HUB-26", "OCPI-HUB-31")
@pytest.mark.parametrize(("status", "code"), [(200, 2001), (404, 2003), (200, 3001)])
async def test_an_error_of_the_receiver_is_the_answer(net: Bridge, status: int, code: int) -> None:
    wrong = {**envelope({"total_cost": 5}, code, "why"), "more": 1}
    net.p4.answers["PUT", "locations"] = (status, wrong, {})
    answer = await net.ask(net.p1, "PUT", LOC1, location(), "ATEMD")
    assert (answer.status_code, answer.json()) == (status, wrong)


@spec("OCPI-HUB-31")
async def test_what_a_party_of_2_2_1_has_at_one_of_2_3_0(net: Bridge) -> None:
    """An operator asks what the eMSP holds of a session."""
    path = "sessions/receiver/NL/CPA/S1"
    net.p4.answers["GET", "sessions"] = (200, envelope(session(cdr_token=AT_EMD, total_cost=NET)), {})
    answer = await net.ask(net.p1, "GET", path, to="ATEMD")
    total = {"before_taxes": 8.5, "taxes": [{"name": "VAT", "amount": 0.85}]}
    assert accepted(answer) == session(cdr_token=AT_EMD, total_cost=total)
    net.p4.answers["GET", "sessions"] = (200, envelope({"id": 5}), {})
    assert codes(await net.ask(net.p1, "GET", path, to="ATEMD")) == (200, 4000)


@spec("OCPI-HUB-31", "OCPI-HUB-77")
async def test_the_list_of_a_party_of_2_3_0_at_one_of_2_2_1(net: Bridge) -> None:
    """Page by page; what cannot be said or is no tariff is left out."""
    element = {
        "price_components": [{"type": "FLAT", "price": 1, "step_size": 1}],
        "restrictions": {"booking": "BOOKING"},
    }
    following = {"link": '<https://p1.test/2.3.0/tariffs/sender/?cursor=x>; rel="next"', "x-total-count": "4"}
    first = [tariff(), tariff("T2", elements=[element]), {"id": "T3"}]
    net.p1.answers["GET", "tariffs"] = (200, envelope(first), following)
    answer = await net.ask(net.p4, "GET", "tariffs/sender", to="NLCPA")
    assert accepted(answer) == [OLD_TARIFF]
    assert answer.headers["x-total-count"] == "4"
    link = answer.headers["link"].partition(">")[0].removeprefix("<https://hub.test")
    assert link.startswith("/ocpi/2.2.1/tariffs/page/")
    net.p1.answers["GET", "tariffs"] = (200, envelope([tariff("T4")]), {})
    assert accepted(await net.ask(net.p4, "GET", link)) == [{**OLD_TARIFF, "id": "T4"}]
    assert net.p1.received[-1].query == "cursor=x"
    net.p1.answers["GET", "tariffs"] = (200, envelope({"not": "a list"}), {})
    assert codes(await net.ask(net.p4, "GET", "tariffs/sender", to="NLCPA")) == (200, 4000)


@spec("OCPI-HUB-31", "OCPI-V221-23", "OCPI-HUB-78")
async def test_a_cdr_that_the_emsp_answers_itself(net: Bridge) -> None:
    held = next(one for one in net.hub.storage.partners.held.values() if one.name == "p1.test")
    settings = settings_text(replace(settings_of(held), forward_cdrs=True))
    await net.hub.storage.partners.update(replace(held, settings=settings))
    body = cdr(cdr_token=AT_EMD, total_cost=TAXED, tariffs=[tariff()], booking_id="B1")
    answer = await net.ask(net.p1, "POST", "cdrs/receiver", body)
    told = only(net.p4)
    assert (told["total_cost"], "booking_id" in told, "tax_included" in told["tariffs"][0]) == (NET, False, False)
    place = answer.headers["location"].removeprefix("https://hub.test")
    assert place.startswith("/ocpi/2.3.0/cdrs/cdr/")
    net.p4.answers["GET", "cdrs"] = (200, envelope(told), {})
    back = accepted(await net.ask(net.p1, "GET", place))
    assert back["total_cost"] == {"before_taxes": 8.5, "taxes": [{"name": "VAT", "amount": 0.85}]}


@spec("OCPI-HUB-31")
async def test_charging_preferences_are_the_same_in_both(net: Bridge) -> None:
    wishes = b'{"profile_type":"GREEN","energy_need":12.50,"more":1}'
    net.p5.answers["PUT", "sessions"] = (200, envelope("ACCEPTED"), {})
    path = "sessions/sender/S5/charging_preferences"
    assert accepted(await net.ask(net.p2, "PUT", path, wishes, "ATCPH")) == "ACCEPTED"
    assert net.p5.received[-1].body == wishes


# --- commands


def start(**changes: Any) -> dict[str, Any]:
    return {"response_url": "https://p2.test/cb?id=Ab%2F1", "token": token(), "location_id": "LOC1", **changes}


RESERVE = start(expiry_date=LATER, reservation_id="17", token=token(type="EMAID"))
URL = {"response_url": "https://p2.test/cb?id=Ab%2F1"}


@spec("OCPI-HUB-31", "OCPI-HUB-76", "OCPI-HUB-89", "OCPI-HUB-57")
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("START_SESSION", start(evse_uid="E1")),
        ("RESERVE_NOW", RESERVE),
        ("CANCEL_RESERVATION", {**URL, "reservation_id": "R1"}),
        ("STOP_SESSION", {**URL, "session_id": "S1"}),
        ("UNLOCK_CONNECTOR", {**URL, "location_id": "LOC1", "evse_uid": "E1", "connector_id": "1"}),
    ],
)
async def test_a_command_and_its_results(net: Bridge, kind: str, body: dict[str, Any]) -> None:
    why = [{"language": "en", "text": "why"}]
    net.p5.answers["POST", "commands"] = (200, envelope({"result": "ACCEPTED", "timeout": 9, "message": why}), {})
    answer = accepted(await net.ask(net.p2, "POST", f"commands/receiver/{kind}", body, "ATCPH"))
    assert answer == {"result": "ACCEPTED", "timeout": 9, "message": why}
    sent = only(net.p5)
    url = sent["response_url"].removeprefix("https://hub.test")
    assert url.startswith("/ocpi/2.2.1/commands/result/")
    named = {**body["token"], "type": "OTHER"} if kind == "RESERVE_NOW" else body.get("token")
    assert sent == {**body, "response_url": sent["response_url"], **({"token": named} if named else {})}
    for told in ({"result": "FAILED", "message": why}, {"result": "CANCELED_RESERVATION"}):
        accepted(await net.ask(net.p5, "POST", url, told))
        assert (net.p2.received[-1].path, net.p2.received[-1].query) == ("/cb", "id=Ab%2F1")
        assert net.p2.received[-1].json == told


@spec("OCPI-HUB-25")
async def test_a_command_that_the_other_version_does_not_have(net: Bridge) -> None:
    answer = await net.ask(net.p2, "POST", "commands/receiver/FUTURE_CMD", URL, "ATCPH")
    assert codes(answer) == (200, 4000)
    assert not net.p5.received


# --- 2.1.1


@spec("OCPI-HUB-31", "OCPI-V211-12", "OCPI-V211-14", "OCPI-V211-06")
async def test_pushes_of_2_3_0_to_one_emsp_of_2_1_1(net: Bridge) -> None:
    plugs = [connector(), connector(id="2", standard="MCS")]
    sent = location(parking_type="ON_STREET", postal_code="3511", evses=[evse(connectors=plugs)], help_phone="+31")
    accepted(await net.ask(net.p1, "PUT", LOC1, sent, "ITEME"))
    told = only(net.e, wire_places.Location)
    assert (told["type"], len(told["evses"][0]["connectors"]), told["operator"]) == ("ON_STREET", 1, {"name": "NL CPA"})
    assert net.e.received[-1].path == "/2.1.1/locations/NL/CPA/LOC1"
    assert not [name for name in net.e.received[-1].headers if name.startswith("ocpi-")]
    assert net.e.received[-1].headers["authorization"] == f"Token {net.e.token_b}"
    changes: list[tuple[str, dict[str, Any], Any, dict[str, Any]]] = [
        (LOC1, {"address": "A" * 50, "state": "X"}, wire_places.LocationPatch, {"address": "A" * 45}),
        (LOC1, {"parking_type": "ON_DRIVEWAY", "evses": [evse()]}, wire_places.LocationPatch, {}),
        (LOC1, {"name": None, "postal_code": None}, wire_places.LocationPatch, {"name": None}),
        (
            f"{LOC1}/E1",
            {"status": "BLOCKED", "floor_level": "1"},
            wire_places.EvsePatch,
            {"status": "BLOCKED", "floor_level": "1"},
        ),
        (f"{LOC1}/E1", {"connectors": plugs}, wire_places.EvsePatch, {"connectors": [old_connector()]}),
        (
            f"{LOC1}/E1/1",
            {"max_voltage": 400, "tariff_ids": ["15"]},
            wire_places.ConnectorPatch,
            {"voltage": 400, "tariff_id": "15"},
        ),
    ]
    for path, change, wire_type, arrives in changes:
        net.e.received.clear()
        accepted(await net.ask(net.p1, "PATCH", path, {**change, "last_updated": LATER}, "ITEME"))
        told = only(net.e, wire_type)
        if "evses" in change:
            assert (told["type"], told["evses"][0]["connectors"]) == ("OTHER", [old_connector()])
        else:
            assert told == {**arrives, "last_updated": LATER}
    net.e.received.clear()
    for path, change in (
        (LOC1, {"publish": False}),
        (f"{LOC1}/E1/1", {"standard": "MCS"}),
        (f"{LOC1}/E1", {"connectors": plugs[1:]}),
    ):
        assert codes(await net.ask(net.p1, "PATCH", path, {**change, "last_updated": LATER}, "ITEME")) == (200, 4000)
    limited = tariff(max_price={"before_taxes": 9})
    assert codes(await net.ask(net.p1, "PUT", "tariffs/receiver/NL/CPA/T1", limited, "ITEME")) == (200, 4000)
    assert not net.e.received


@spec("OCPI-HUB-31", "OCPI-V211-24")
async def test_tokens_for_one_operator_of_2_1_1(net: Bridge) -> None:
    path = "tokens/receiver/DE/EMB/APP1?type=APP_USER"
    accepted(await net.ask(net.p2, "PUT", path, token("APP1", type="APP_USER", group_id="G"), "ITCPF"))
    assert only(net.c, wire.Token)["type"] == "OTHER"
    assert net.c.received[-1].query == "type=OTHER"
    net.c.received.clear()
    change = {"valid": False, "contract_id": "DE-EMB-C00000009", "type": "APP_USER", "last_updated": LATER}
    accepted(await net.ask(net.p2, "PATCH", path, change, "ITCPF"))
    told = {"valid": False, "auth_id": "DE-EMB-C00000009", "type": "OTHER", "last_updated": LATER}
    assert only(net.c, wire.TokenPatch) == told
    net.c.answers["GET", "tokens"] = (200, envelope(old_token("APP1", auth_id="DE-EMB-C00000009")), {})
    held = accepted(await net.ask(net.p2, "GET", path, to="ITCPF"))
    assert (held["country_code"], held["party_id"], held["contract_id"]) == ("DE", "EMB", "DE-EMB-C00000009")


@spec("OCPI-HUB-31", "OCPI-V211-17", "OCPI-V211-15")
async def test_the_change_of_a_session_to_an_emsp_of_2_1_1(net: Bridge) -> None:
    await net.told(net.p1, LOC1, location())
    path = "sessions/receiver/NL/CPA/S1"
    begun = session(cdr_token=IT_EME, charging_periods=[period()])
    accepted(await net.ask(net.p1, "PUT", path, begun, "ITEME"))
    assert only(net.e, wire.Session)["location"]["id"] == "LOC1"
    for number in (13, 14):
        net.e.received.clear()
        later = f"2026-01-15T{number}:00:00Z"
        change = {"charging_periods": [period(later)], "kwh": 3, "total_cost": TAXED, "last_updated": later}
        accepted(await net.ask(net.p1, "PATCH", path, change))
    told = only(net.e, wire.SessionPatch)
    assert [held["start_date_time"] for held in told.pop("charging_periods")] == [
        TIME,
        "2026-01-15T13:00:00Z",
        "2026-01-15T14:00:00Z",
    ]
    assert told == {"kwh": 3, "total_cost": 8.5, "last_updated": "2026-01-15T14:00:00Z"}
    net.e.received.clear()
    accepted(await net.ask(net.p1, "PATCH", path, {"evse_uid": "E9", "status": "COMPLETED", "last_updated": LATER}))
    told = only(net.e, wire.SessionPatch)
    assert (told.keys(), told["location"]["id"]) == ({"location", "status", "last_updated"}, "LOC1")
    answer = await net.ask(net.p1, "PATCH", "sessions/receiver/NL/CPA/S9", {"kwh": 3, "last_updated": LATER}, "ITEME")
    assert codes(answer) == (404, 2001)


@spec("OCPI-HUB-31", "OCPI-V211-17", "OCPI-V211-16")
async def test_a_rewritten_session_of_2_1_1_is_told_as_a_whole(net: Bridge) -> None:
    accepted(await net.c.ask(net.hub, "PUT", "sessions/IT/CPF/S6", old_session()))
    net.p2.received.clear()
    change = {"charging_periods": [period("2026-01-15T11:00:00Z")], "last_updated": LATER}
    accepted(await net.c.ask(net.hub, "PATCH", "sessions/IT/CPF/S6", change))
    (request,) = net.p2.received
    assert (request.method, request.path) == ("PUT", "/2.3.0/sessions/receiver/IT/CPF/S6")
    assert (request.json["charging_periods"], request.json["kwh"]) == (change["charging_periods"], 1.5)


@spec("OCPI-HUB-31", "OCPI-V211-13", "OCPI-V211-05")
async def test_what_an_operator_of_2_1_1_serves(net: Bridge) -> None:
    net.c.answers["GET", "locations"] = (200, envelope([old_location(), {"id": 5}]), {})
    (found,) = accepted(await net.ask(net.p2, "GET", "locations/sender?limit=5", to="ITCPF"))
    assert (found["country_code"], found["party_id"], found["publish"]) == ("IT", "CPF", True)
    assert net.c.received[-1].query == "limit=5"
    net.c.answers["GET", "locations"] = (200, envelope(old_evse()), {})
    found = accepted(await net.ask(net.p2, "GET", "locations/sender/L6/E6", to="ITCPF"))
    assert (found["uid"], found["connectors"]) == ("E6", [connector()])
    await net.told(net.p2, "tokens/receiver/DE/EMB/04AABBCC", token())
    net.c.answers["GET", "sessions"] = (200, envelope([old_session()]), {})
    (found,) = accepted(await net.ask(net.p2, "GET", f"sessions/sender?date_from={TIME}", to="ITCPF"))
    assert (found["cdr_token"], found["location_id"], found["party_id"]) == (cdr_token(), "L6", "CPF")


@spec("OCPI-HUB-31", "OCPI-V211-30", "OCPI-HUB-25")
async def test_requests_that_2_1_1_does_not_have(net: Bridge) -> None:
    path = "sessions/sender/S6/charging_preferences"
    answer = await net.ask(net.p2, "PUT", path, {"profile_type": "GREEN"}, "ITCPF")
    assert codes(answer) == (200, 4000)
    assert "charging_preferences" in answer.json()["status_message"]
    assert not net.c.received


@spec("OCPI-HUB-22", "OCPI-V211-31")
async def test_codes_of_2_1_1_for_one_who_cannot_be_reached(net: Bridge) -> None:
    net.hub.network.silence("p2.test")
    answer = await net.c.ask(net.hub, "PUT", "sessions/IT/CPF/S6", old_session())
    assert codes(answer) == (200, 3000)
    nobody = old_session("S7", auth_id="XX-YYY-C12345678")
    assert codes(await net.c.ask(net.hub, "PUT", "sessions/IT/CPF/S7", nobody)) == (200, 2001)


@spec("OCPI-HUB-24", "OCPI-V211-26")
async def test_a_reservation_at_an_operator_of_2_1_1(net: Bridge) -> None:
    net.c.answers["POST", "commands"] = (200, envelope({"result": "ACCEPTED"}), {})
    body = {**RESERVE, "evse_uid": "E6", "authorization_reference": "REF"}
    answer = accepted(await net.ask(net.p2, "POST", "commands/receiver/RESERVE_NOW", body, "ITCPF"))
    assert answer == {"result": "ACCEPTED", "timeout": 30}
    told = only(net.c, wire.ReserveNow)
    assert (told["reservation_id"], told["token"]["type"], "authorization_reference" in told) == (17, "OTHER", False)


@spec("OCPI-HUB-31")
async def test_a_body_as_it_came_between_equal_versions(net: Bridge) -> None:
    """The bytes, whatever they say."""
    body = msgspec.json.format(msgspec.json.encode(location(foo=1.50)), indent=3)
    accepted(await net.ask(net.p1, "PUT", LOC1, body, "DEEMB"))
    assert net.p2.received[-1].body == body


@spec("OCPI-V211-26")
async def test_an_emsp_of_2_1_1_cannot_cancel_a_reservation(net: Bridge) -> None:
    body = {"response_url": "https://e.test/cb", "reservation_id": "17"}
    assert accepted(await net.e.ask(net.hub, "POST", "commands/CANCEL_RESERVATION", body)) == {
        "result": "NOT_SUPPORTED"
    }


# --- told to all


@spec("OCPI-GEN-02", "OCPI-HUB-49", "OCPI-V211-32")
async def test_each_copy_of_a_broadcast_is_in_the_words_of_its_receiver(net: Bridge) -> None:
    listed = accepted(await net.ask(net.p1, "GET", "/ocpi/versions"))
    assert [held["version"] for held in listed] == ["2.3.0", "2.2.1", "2.1.1"]
    body = location(help_phone="+31201234567", parking_type="ON_STREET")
    accepted(await net.ask(net.p1, "PUT", LOC1, body, "NLHUB"))
    await net.hub.relay()
    assert only(net.p2) == body
    told = only(net.p4)
    assert ("help_phone" in told, told["parking_type"], told["party_id"]) == (False, "ON_STREET", "CPA")
    told = only(net.e, wire_places.Location)
    assert ("party_id" in told, told["type"]) == (False, "ON_STREET")
    for partner in net.partners:
        partner.received.clear()
    hidden = location(publish=False, last_updated=LATER)
    accepted(await net.ask(net.p1, "PUT", LOC1, hidden, "NLHUB"))
    await net.hub.relay()
    assert (only(net.p2)["publish"], only(net.p4)["publish"], net.e.received) == (False, False, [])


@spec("OCPI-V211-34")
@pytest.mark.parametrize("ascii_texts", [False, True])
async def test_letters_beyond_ascii(net: Bridge, ascii_texts: bool) -> None:
    old = OldPartner("old.test", "EMSP", "SE", "OLD")
    net.hub.network.serve(old.host, old)
    document = {**old.document(), "ocpi": {"older": {"ascii_texts": ascii_texts}}}
    _, shown = await net.hub.add(document)
    path = "/ocpi/2.1.1/credentials"
    accepted(await call(net.hub, "POST", path, token=shown["token_a"], body=old.credentials()))
    old.received.clear()
    words = {
        "city": "Malm\u00f6",
        "address": "Stra\u00dfe " + "\u00df" * 37,
        "name": "\u0141\u00f3d\u017a \u2013 \u0391",
    }
    accepted(await net.ask(net.p1, "PUT", LOC1, location(**words), "NLHUB"))
    await net.hub.relay()
    told = only(old, wire_places.Location)
    plain = {"city": "Malmo", "address": ("Strasse " + "s" * 80)[:45], "name": "Lodz - ?"}
    assert {name: told[name] for name in words} == (
        plain if ascii_texts else words | {"address": words["address"][:45]}
    )


# --- what is wrong

WRONG = (None, 5, -1.5, True, "", "x" * 300, [], {}, [None], [{}], "2026-13-01T00:00:00Z")
PUSHED: dict[str, tuple[str, Any]] = {
    LOC1: ("PUT", location(**RICH)),
    f"{LOC1}/E1": ("PUT", evse()),
    f"{LOC1}/E1/1": ("PATCH", connector()),
    f"{LOC1}/E2": ("PATCH", evse()),
    "tariffs/receiver/NL/CPA/T1": ("PUT", tariff()),
    "sessions/receiver/NL/CPA/S1": ("PUT", session(cdr_token=IT_EME, charging_periods=[period()], total_cost=TAXED)),
    "sessions/receiver/NL/CPA/S2": ("PATCH", session("S2", cdr_token=IT_EME, total_cost=TAXED)),
    "tokens/sender/04AABBCC/authorize": ("POST", {"location_id": "LOC1", "evse_uids": ["E1"]}),
}


@pytest.mark.parametrize("to", ["ATEMD", "ITEME"])
@pytest.mark.parametrize("path", PUSHED)
async def test_whatever_is_wrong_with_a_message_has_an_answer(net: Bridge, to: str, path: str) -> None:
    """It is understood, or refused for what is wrong, or has no words: never the hub's fault."""
    method, body = PUSHED[path]
    await net.told(net.p1, LOC1, location())
    begun = session("S2", cdr_token=IT_EME)
    await net.ask(net.p1, "PUT", "sessions/receiver/NL/CPA/S2", begun, "ITEME")
    info = {"allowed": "ALLOWED", "token": token()}
    for partner in (net.p4, net.e):
        partner.answers["POST", "tokens"] = (200, envelope(info if partner is net.p4 else {"allowed": "ALLOWED"}), {})
    for name in body:
        less = {key: value for key, value in body.items() if key != name}
        for wrong in (less, *({**body, name: value} for value in WRONG)):
            answer = await net.ask(net.p1, method, path, wrong, to)
            said = answer.json()
            assert said["status_code"] in (1000, 2001, 4000), (name, wrong.get(name), said)
            assert said["status_code"] == 1000 or said["status_message"]
    nothing = [] if method == "POST" else [{}, b"", None]
    for wrong in (5, "text", [], [body], *nothing):
        assert (await net.ask(net.p1, method, path, wrong, to)).json()["status_code"] == 2001, wrong


ANSWERED: dict[tuple[str, str], Any] = {
    ("p1", "locations/sender/LOC1"): location(**RICH),
    ("p1", "locations/sender/LOC1/E1"): evse(),
    ("p1", "locations/sender"): [location()],
    ("p1", f"sessions/sender?date_from={TIME}"): [session(total_cost=TAXED)],
    ("c", "locations/sender/L6"): old_location(),
    ("c", f"sessions/sender?date_from={TIME}"): [old_session()],
    ("c", "tariffs/sender"): [{"id": "T6", "currency": "EUR", "elements": tariff()["elements"], "last_updated": TIME}],
}


@pytest.mark.parametrize("asked", ANSWERED)
async def test_whatever_is_wrong_with_an_answer_has_one(net: Bridge, asked: tuple[str, str]) -> None:
    """What is no object of the receiver's version is 4000, or left out of a list."""
    partner, path = getattr(net, asked[0]), asked[1]
    data, listed = ANSWERED[asked], isinstance(ANSWERED[asked], list)
    whole = data[0] if listed else data
    wrong = [{**whole, name: value} for name in whole for value in WRONG]
    wrong += [{key: value for key, value in whole.items() if key != name} for name in whole]
    for content in (*wrong, 5, "text", [], [[]], {}):
        partner.answers["GET", path.partition("/")[0]] = (200, envelope([content] if listed else content), {})
        answer = await net.ask(net.p4, "GET", path, to="".join(partner.roles[0][1:]))
        said = answer.json()
        assert answer.status_code == 200
        assert said["status_code"] in (1000, 4000), (content, said)
        assert not listed or said["status_code"] == 1000
    partner.answers["GET", path.partition("/")[0]] = (200, b'{"status_code":1000,"data":[}', {})
    assert codes(await net.ask(net.p4, "GET", path, to="".join(partner.roles[0][1:])))[1] == 4000
