"""OCPI 2.1.1: a partner that takes all owners for one gets ids of its own where theirs meet, and has ids that later
versions cannot say."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.ocpi.settings import settings_of, settings_text
from protocols.ocpi.wire import v2_1_1 as wire
from protocols.transport.json_codec import decode
from tests.flows.hub import TestHub
from tests.flows.ocpi_2_1_1_partner import OldPartner, accepted, old_cdr, old_evse, old_location, old_session, old_token
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
    session,
    tariff,
    token,
)

spec = pytest.mark.spec
LATER = "2026-01-16T12:00:00Z"
MINE = {**cdr_token(owner="ITEME"), "contract_id": "IT-EME-C00000001"}
LONG = "a-location-id-of-thirty-nine-characters"
LONG_EVSE = "an-evse-uid-of-exactly-39-characters-ok"
URL = "https://e.test/results/1"


class Net:
    """CPOs p1 (NL CPA) and p3 (FR CPC) and eMSP p2 of 2.3.0, eMSP e (IT EME) and CPO c (IT CPF) of 2.1.1."""

    def __init__(self, hub: TestHub) -> None:
        self.hub = hub
        self.p1 = OcpiPartner("p1.test", ("CPO", "NL", "CPA"))
        self.p2 = OcpiPartner("p2.test", ("EMSP", "DE", "EMB"))
        self.p3 = OcpiPartner("p3.test", ("CPO", "FR", "CPC"))
        self.e = OldPartner("e.test", "EMSP", "IT", "EME")
        self.c = OldPartner("c.test", "CPO", "IT", "CPF")

    @property
    def partners(self) -> tuple[OcpiPartner, ...]:
        return self.p1, self.p2, self.p3, self.e, self.c

    async def told(self, partner: OcpiPartner, method: str, path: str, body: Any, to: str = "NLHUB") -> None:
        accepted(await partner.call(self.hub, method, path, body, to=to))
        await self.hub.relay()

    async def asked(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """By the eMSP of 2.1.1."""
        return await self.e.ask(self.hub, method, path, body)

    async def both(self, module: str, make: Any, **changes: Any) -> list[Any]:
        """Each operator tells its own; what the eMSP of 2.1.1 got."""
        for partner, owner in ((self.p1, "NLCPA"), (self.p3, "FRCPC")):
            body = make(owner=owner, **changes)
            path = f"{module}/receiver/{owner[:2]}/{owner[2:]}/{body['id']}"
            await self.told(partner, "PUT", path, body, "ITEME" if module == "sessions" else "NLHUB")
        return [request.json for request in self.e.seen("PUT", module)]

    def forget(self) -> None:
        for partner in self.partners:
            partner.received.clear()


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    async with TestHub.open([OCPI]) as hub:
        found = Net(hub)
        for partner in found.partners:
            await partner.join(hub)
        found.forget()
        yield found


def accepting(partner: OcpiPartner) -> None:
    partner.answers["POST", "commands"] = (200, envelope({"result": "ACCEPTED", "timeout": 30}), {})


def start(**changes: Any) -> dict[str, Any]:
    return {"response_url": URL, "token": old_token(), "location_id": "LOC1", **changes}


# --- an eMSP that takes all operators for one


@spec("OCPI-TRP-53", "OCPI-V211-07")
async def test_the_locations_of_two_operators(net: Net) -> None:
    plugs = [connector(tariff_ids=["T1"])]
    told = await net.both("locations", location, evses=[evse(connectors=plugs)])
    assert [one["id"] for one in told] == ["LOC1", "FRCPC-LOC1"]
    assert [request.segments[4] for request in net.e.seen("PUT", "locations")] == ["LOC1", "FRCPC-LOC1"]
    listed = accepted(await net.asked("GET", "locations"))
    assert sorted(listed, key=lambda one: str(one["id"]), reverse=True) == told
    status = {"status": "BLOCKED", "last_updated": LATER}
    await net.told(net.p3, "PATCH", "locations/receiver/FR/CPC/LOC1/E1", status)
    assert net.e.seen("PATCH", "locations")[-1].segments[2:] == ["FR", "CPC", "FRCPC-LOC1", "E1"]
    for partner, theirs in ((net.p1, "LOC1"), (net.p3, "FRCPC-LOC1")):
        accepting(partner)
        net.forget()
        assert accepted(await net.asked("POST", "commands/START_SESSION", start(location_id=theirs))) == {
            "result": "ACCEPTED"
        }
        (request,) = partner.received
        assert request.json["location_id"] == "LOC1"
    net.p3.answers["GET", "locations"] = (200, envelope(location(owner="FRCPC")), {})
    assert accepted(await net.asked("GET", "locations/FRCPC-LOC1"))["id"] == "FRCPC-LOC1"
    assert net.p3.received[-1].path == "/2.3.0/locations/sender/LOC1"
    assert (await net.p2.call(net.hub, "GET", "locations/sender/FRCPC-LOC1")).status_code == 404


@spec("OCPI-V211-07")
async def test_the_tariffs_of_two_operators(net: Net) -> None:
    assert [one["id"] for one in await net.both("tariffs", tariff)] == ["T1", "FRCPC-T1"]
    plugs = [connector(tariff_ids=["T1"])]
    told = await net.both("locations", location, evses=[evse(connectors=plugs)])
    assert [one["evses"][0]["connectors"][0]["tariff_id"] for one in told] == ["T1", "FRCPC-T1"]
    assert {one["id"] for one in accepted(await net.asked("GET", "tariffs"))} == {"T1", "FRCPC-T1"}
    await net.told(net.p3, "DELETE", "tariffs/receiver/FR/CPC/T1", None)
    assert net.e.seen("DELETE", "tariffs")[-1].segments[2:] == ["FR", "CPC", "FRCPC-T1"]


@spec("OCPI-V211-07", "OCPI-V211-38")
async def test_the_sessions_of_two_operators(net: Net) -> None:
    await net.both("locations", location)
    told = await net.both("sessions", session, cdr_token=MINE)
    assert [(one["id"], one["location"]["id"]) for one in told] == [("S1", "LOC1"), ("FRCPC-S1", "FRCPC-LOC1")]
    change = {"kwh": 3, "last_updated": LATER}
    accepted(await net.p3.call(net.hub, "PATCH", "sessions/receiver/FR/CPC/S1", change, to="ITEME"))
    assert net.e.seen("PATCH", "sessions")[-1].segments[4] == "FRCPC-S1"
    net.e.answers["GET", "sessions"] = (200, envelope(told[1]), {})
    back = accepted(await net.p3.call(net.hub, "GET", "sessions/receiver/FR/CPC/S1", to="ITEME"))
    assert (back["id"], back["location_id"], back["party_id"]) == ("S1", "LOC1", "CPC")
    listed = accepted(await net.asked("GET", f"{net.e.links['sessions']}?date_from={TIME}"))
    assert {one["id"] for one in listed} == {"S1", "FRCPC-S1"}
    net.forget()
    accepting(net.p3)
    stop = {"response_url": URL, "session_id": "FRCPC-S1"}
    assert accepted(await net.asked("POST", "commands/STOP_SESSION", stop)) == {"result": "ACCEPTED"}
    assert net.p3.received[-1].json["session_id"] == "S1"
    newer = OcpiPartner("e.test", ("EMSP", "IT", "EME"))
    net.hub.network.serve(newer.host, newer)
    answer = await call(net.hub, "PUT", "credentials", token=net.e.token_c, body=newer.credentials())
    newer.token_c = accepted(answer)["token"]
    for to in ("FRCPC", None):
        net.forget()
        answer = accepted(await newer.call(net.hub, "POST", "commands/receiver/STOP_SESSION", stop, to=to))
        assert answer["result"] == "ACCEPTED"
        (request,) = net.p3.received
        assert request.json["session_id"] == "S1"
    answer = await newer.call(net.hub, "POST", "commands/receiver/STOP_SESSION", stop, to="NLCPA")
    assert net.p1.received[-1].json["session_id"] == "FRCPC-S1"
    wishes = {"profile_type": "GREEN"}
    for path, sent in (
        ("sessions/sender/FRCPC-S1/charging_preferences", "sessions/sender/S1/charging_preferences"),
        ("locations/sender/FRCPC-LOC1", "locations/sender/LOC1"),
    ):
        method = "PUT" if "charging" in path else "GET"
        accepted(await newer.call(net.hub, method, path, wishes if method == "PUT" else None, to=None))
        assert net.p3.received[-1].path == f"/2.3.0/{sent}"


@spec("OCPI-V211-07")
async def test_the_cdrs_of_two_operators(net: Net) -> None:
    for partner, owner in ((net.p1, "NLCPA"), (net.p3, "FRCPC")):
        body = cdr(owner=owner, cdr_token=MINE, tariffs=[tariff(owner=owner)])
        accepted(await partner.call(net.hub, "POST", "cdrs/receiver", body, to="ITEME"))
    await net.hub.settle()
    told = [request.json for request in net.e.seen("POST", "cdrs")]
    assert {(one["id"], one["location"]["id"], one["tariffs"][0]["id"]) for one in told} == {
        ("C1", "LOC1", "T1"),
        ("FRCPC-C1", "FRCPC-LOC1", "FRCPC-T1"),
    }
    assert {one["id"] for one in accepted(await net.asked("GET", "cdrs"))} == {"C1", "FRCPC-C1"}


@spec("OCPI-V211-07")
async def test_an_emsp_is_asked_in_its_own_ids(net: Net) -> None:
    await net.both("locations", location)
    allowed = {"allowed": "ALLOWED", "location": {"location_id": "FRCPC-LOC1", "evse_uids": ["E1"]}}
    net.e.answers["POST", "tokens"] = (200, envelope(allowed), {})
    path = "tokens/sender/0456789A/authorize"
    for to in ("ITEME", None):
        await net.told(net.p2, "PUT", "tokens/receiver/DE/EMB/X", token("X"))
        accepted(await net.asked("PUT", "tokens/IT/EME/0456789A", old_token()))
        answer = accepted(await net.p3.call(net.hub, "POST", path, {"location_id": "LOC1"}, to=to))
        assert net.e.seen("POST", "tokens")[-1].json == {"location_id": "FRCPC-LOC1"}
        assert answer["location"]["location_id"] == "LOC1"


# --- an operator with longer ids


@spec("OCPI-V211-09")
async def test_ids_of_thirty_nine_characters(net: Net) -> None:
    body = old_location(LONG, evses=[old_evse(LONG_EVSE), old_evse(LONG_EVSE.upper())])
    accepted(await net.c.ask(net.hub, "PUT", f"locations/IT/CPF/{LONG}", body))
    await net.hub.relay()
    told = net.p2.seen("PUT", "locations")[-1].json
    place, uids = told["id"], [one["uid"] for one in told["evses"]]
    assert len(place) <= 36
    assert all(len(uid) <= 36 for uid in uids)
    assert len({uid.upper() for uid in uids}) == 2
    accepted(await net.c.ask(net.hub, "PATCH", f"locations/IT/CPF/{LONG}/{LONG_EVSE}", {"status": "CHARGING"}))
    await net.hub.relay()
    assert net.p2.seen("PATCH", "locations")[-1].segments[-2:] == [place, uids[0]]
    own = accepted(await net.c.ask(net.hub, "GET", f"locations/IT/CPF/{LONG}/{LONG_EVSE}"))
    assert (own["uid"], own["status"]) == (LONG_EVSE, "CHARGING")
    net.c.answers["GET", "locations"] = (200, envelope(body), {})
    for to in ("ITCPF", None):
        found = accepted(await net.p2.call(net.hub, "GET", f"locations/sender/{place}", to=to))
        assert (found["id"], [one["uid"] for one in found["evses"]]) == (place, uids)
        assert net.c.seen("GET", "locations")[-1].path == f"/2.1.1/locations/{LONG}"
    accepting(net.c)
    begin = {"response_url": "https://p2.test/cb", "token": token(), "location_id": place, "evse_uid": uids[1]}
    accepted(await net.p2.call(net.hub, "POST", "commands/receiver/START_SESSION", begin, to=None))
    sent = net.c.seen("POST", "commands")[-1].json
    assert (sent["location_id"], sent["evse_uid"]) == (LONG, LONG_EVSE.upper())
    accepted(
        await net.c.ask(net.hub, "PUT", "sessions/IT/CPF/S6", old_session(location=body | {"evses": body["evses"][:1]}))
    )
    pushed = net.p2.seen("PUT", "sessions")[-1].json
    assert (pushed["location_id"], pushed["evse_uid"]) == (place, uids[0])


@spec("OCPI-V211-09")
async def test_ids_that_differ_by_case_alone(net: Net) -> None:
    for own in ("L6", "l6"):
        accepted(await net.c.ask(net.hub, "PUT", f"locations/IT/CPF/{own}", old_location(own, name=own)))
    await net.hub.relay()
    told = {request.json["name"]: request.json["id"] for request in net.p2.seen("PUT", "locations")}
    assert told["L6"] == "L6"
    assert told["l6"].upper() != "L6"
    accepted(await net.c.ask(net.hub, "PATCH", "locations/IT/CPF/l6", {"city": "X"}))
    assert accepted(await net.c.ask(net.hub, "GET", "locations/IT/CPF/L6"))["city"] == "Torino"
    assert accepted(await net.c.ask(net.hub, "GET", "locations/IT/CPF/l6"))["city"] == "X"
    assert {one["id"] for one in accepted(await net.asked("GET", "locations"))} == {"L6", told["l6"]}


# --- reservations


@spec("OCPI-V211-29")
async def test_the_number_of_a_reservation(net: Net) -> None:
    accepted(await net.c.ask(net.hub, "PUT", "locations/IT/CPF/L6", old_location()))
    accepting(net.c)
    numbers = []
    for reservation_id in ("R-1", "17", "R-1", "r-2"):
        body = {
            "response_url": "https://p2.test/cb",
            "token": token(),
            "expiry_date": LATER,
            "reservation_id": reservation_id,
            "location_id": "L6",
        }
        accepted(await net.p2.call(net.hub, "POST", "commands/receiver/RESERVE_NOW", body, to="ITCPF"))
        sent = net.c.seen("POST", "commands")[-1]
        decode(sent.body, wire.ReserveNow)
        numbers.append(sent.json["reservation_id"])
    assert numbers[1] == 17
    assert numbers[0] == numbers[2]
    assert len(set(numbers)) == 3
    assert all(0 <= number < 2**31 for number in numbers)


@spec("OCPI-V211-29", "OCPI-CMD-13")
async def test_a_reservation_of_2_1_1_is_cancelled_by_the_operator(net: Net) -> None:
    await net.told(net.p1, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    accepting(net.p1)
    body = start(expiry_date=LATER, reservation_id=17)
    assert accepted(await net.asked("POST", "commands/RESERVE_NOW", body)) == {"result": "ACCEPTED"}
    sent = net.p1.seen("POST", "commands")[-1].json
    assert sent["reservation_id"] == "17"
    result = sent["response_url"].removeprefix("https://hub.test")
    for said in ("ACCEPTED", "CANCELED_RESERVATION"):
        accepted(await call(net.hub, "POST", result, token=net.p1.token_c, body={"result": said}))
    told = [request.json for request in net.e.received if request.path == "/results/1"]
    assert told == [{"result": "ACCEPTED"}, {"result": "REJECTED"}]


# --- both


@spec("OCPI-V211-07", "OCPI-V211-09", "OCPI-V211-17")
async def test_an_operator_and_an_emsp_of_2_1_1(net: Net) -> None:
    """Each hears of the other in its own ids."""
    await net.told(net.p1, "PUT", "locations/receiver/NL/CPA/L6", location("L6"))
    body = old_location("L6", evses=[old_evse(LONG_EVSE)])
    accepted(await net.c.ask(net.hub, "PUT", "locations/IT/CPF/L6", body))
    await net.hub.relay()
    told = net.e.seen("PUT", "locations")[-1].json
    assert told["id"] == "ITCPF-L6"
    mine = old_session(location=body, auth_id="IT-EME-C00000001", charging_periods=[])
    accepted(await net.c.ask(net.hub, "PUT", "sessions/IT/CPF/S6", mine))
    pushed = net.e.seen("PUT", "sessions")[-1].json
    assert (pushed["id"], pushed["location"]["id"], pushed["auth_id"]) == ("S6", "ITCPF-L6", "IT-EME-C00000001")
    periods = [{"start_date_time": TIME, "dimensions": [{"type": "ENERGY", "volume": 1}]}]
    for number in (1, 2):
        change = {"charging_periods": periods * number, "kwh": number, "last_updated": f"2026-01-16T12:00:0{number}Z"}
        accepted(await net.c.ask(net.hub, "PATCH", "sessions/IT/CPF/S6", change))
        assert net.e.seen("PATCH", "sessions")[-1].json == change
    accepting(net.c)
    begin = start(location_id="ITCPF-L6", evse_uid=told["evses"][0]["uid"])
    assert accepted(await net.asked("POST", "commands/START_SESSION", begin)) == {"result": "ACCEPTED"}
    sent = net.c.seen("POST", "commands")[-1].json
    assert (sent["location_id"], sent["evse_uid"]) == ("L6", LONG_EVSE)
    result = sent["response_url"].removeprefix("https://hub.test")
    accepted(await net.c.ask(net.hub, "POST", result, {"result": "TIMEOUT"}))
    assert net.e.received[-1].json == {"result": "TIMEOUT"}


@spec("OCPI-V211-09", "OCPI-V211-25")
async def test_an_operator_asks_in_its_own_ids(net: Net) -> None:
    accepted(await net.c.ask(net.hub, "PUT", f"locations/IT/CPF/{LONG}", old_location(LONG)))
    await net.told(net.p2, "PUT", "tokens/receiver/DE/EMB/04AABBCC", token())
    (place,) = [name.ours for name in net.hub.storage.names.held.values() if name.theirs == LONG]
    info = {"allowed": "ALLOWED", "token": token(), "location": {"location_id": place, "evse_uids": ["E6"]}}
    net.p2.answers["POST", "tokens"] = (200, envelope(info), {})
    asked = {"location_id": LONG, "evse_uids": ["E6"]}
    answer = accepted(await net.c.ask(net.hub, "POST", "tokens/04AABBCC/authorize", asked))
    assert answer == {"allowed": "ALLOWED", "location": asked}
    assert net.p2.seen("POST", "tokens")[-1].json == {"location_id": place, "evse_uids": ["E6"]}


@spec("OCPI-V211-09")
async def test_questions_and_what_is_too_long_leave_no_names(net: Net) -> None:
    await net.told(net.p2, "PUT", "tokens/receiver/DE/EMB/04AABBCC", token())
    await net.c.ask(net.hub, "GET", "locations/IT/CPF/NOWHERE")
    await net.c.ask(net.hub, "POST", "tokens/04AABBCC/authorize", {"location_id": "NOWHERE"})
    wide = "x" * 40
    answer = await net.c.ask(net.hub, "PUT", f"locations/IT/CPF/{wide}", old_location(wide))
    assert answer.json()["status_code"] == 2001
    await net.asked("GET", "locations/NOWHERE")
    assert not net.hub.storage.names.held


@spec("OCPI-V211-07", "OCPI-V211-19", "OCPI-HUB-78")
async def test_cdrs_that_the_emsp_answers_itself(net: Net) -> None:
    """To 2.1.1 and from it, with the places where they are read back."""
    for name in ("p1.test", "p3.test", "c.test"):
        held = next(one for one in net.hub.storage.partners.held.values() if one.name == name)
        settings = settings_text(replace(settings_of(held), forward_cdrs=True))
        await net.hub.storage.partners.update(replace(held, settings=settings))
    for partner, owner, told in ((net.p1, "NLCPA", "C1"), (net.p3, "FRCPC", "FRCPC-C1")):
        answer = await partner.call(net.hub, "POST", "cdrs/receiver", cdr(owner=owner, cdr_token=MINE), to="ITEME")
        assert answer.status_code == 201
        sent = net.e.seen("POST", "cdrs")[-1]
        decode(sent.body, wire.Cdr)
        assert sent.json["id"] == told
        net.e.answers["GET", "cdrs"] = (200, envelope(sent.json), {})
        place = answer.headers["location"].removeprefix("https://hub.test")
        back = accepted(await partner.call(net.hub, "GET", place))
        assert (back["id"], back["country_code"] + back["party_id"], back["cdr_location"]["id"]) == (
            "C1",
            owner,
            "LOC1",
        )
    answer = await net.c.ask(net.hub, "POST", "cdrs", old_cdr())
    assert (answer.status_code, answer.headers["location"].startswith("https://hub.test/ocpi/2.1.1/")) == (201, True)
    assert net.p2.seen("POST", "cdrs")[-1].json["party_id"] == "CPF"
