"""What a platform may answer its partner, and who may call where."""

import hashlib
import ipaddress
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, NamedTuple

import httpx
import pytest

from core.errors import Invalid, Rejected, RoamingError, Uncertain
from core.model.cdr import CdrState
from core.model.delivery import DeliveryState
from core.model.partner import Partner, PartnerState
from protocols.oicp.upstream import mirror
from tests.flows.hub import TestHub
from tests.flows.oicp_partners import Emp, Reached, code, cpo, decode, emp, encode, join, opened, record, rfid
from tests.flows.test_oicp_partners import PROXY, as_header, certificate
from tests.flows.upstream import EVSE_HERE, GOOD_HERE, GOOD_THERE, platform_document

SESSION = "ABCDEF01-2345-4678-9abc-def012345678"
YES = {"AuthorizationStatus": "Authorized", "SessionID": SESSION, "StatusCode": {"Code": "000"}, "ProviderID": "DE-FAR"}
OWN = {"operator_id": "DE*HHH", "provider_id": "DE-HHH"}
OK = {"Result": True, "StatusCode": {"Code": "000", "Description": None}, "SessionID": None}


class Platform:
    """Answers by the last words of the path; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.answers: dict[str, httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        last = request.url.path.split("/")[-1]
        answer = self.answers.get(last, httpx.Response(200, content=encode(YES if last == "start" else OK)))
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    def says(self, last: str, body: Any, status: int = 200, **headers: str) -> None:
        content = body if isinstance(body, bytes) else encode(body)
        self.answers[last] = httpx.Response(status, content=content, headers=headers)


class Net(NamedTuple):
    hub: TestHub
    platform: Platform
    upstream: Partner
    key: str
    cpo: Reached
    emp: Reached
    emp_at: Emp

    async def call(self, path: str, body: Any, key: str | None = None, place: str | None = None) -> httpx.Response:
        """As the platform."""
        return await self.hub.client.post(
            f"/oicp/upstream/{place or self.upstream.id}/api/oicp/{path}",
            content=encode(body),
            headers={"authorization": f"Bearer {key or self.key}"},
        )

    async def billed(self) -> str:
        """A session of the platform's whose record is on its way; the hub's id of it."""
        answer = (await self.cpo.start(rfid(GOOD_THERE), EvseID=EVSE_HERE)).json()
        assert answer["AuthorizationStatus"] == "Authorized"
        assert code(await self.cpo.cdr(answer["SessionID"]))[1] == "000"
        return str(answer["SessionID"])


@asynccontextmanager
async def net(*, options: dict[str, Any] | None = None, **more: Any) -> AsyncIterator[Net]:
    async with opened(**options or {}) as hub:
        platform, emp_at = Platform(), Emp(GOOD_HERE)
        hub.network.answer("above.test", platform)
        upstream, shown = await hub.add(platform_document() | more)
        yield Net(
            hub,
            platform,
            upstream,
            shown["api_key"],
            await join(hub, cpo()),
            await join(hub, emp(), emp_at),
            emp_at,
        )


START = "charging/v21/operators/DE*FAR/authorize/start"


@pytest.mark.spec("OICP-UP-02", "OICP-URL-33")
async def test_each_platform_is_let_in_at_its_own_place_only() -> None:
    async with net() as one:
        ask = {"OperatorID": "DE*FAR", "SessionID": SESSION, "Identification": rfid(GOOD_HERE)}
        assert (await one.call(START, ask)).json()["AuthorizationStatus"] == "Authorized"
        assert code(await one.call(START, ask, key="x" * 40)) == (401, "017")
        assert code(await one.call(START, ask, key=one.cpo.key)) == (401, "017")
        assert code(await one.call(START, ask, place="another")) == (401, "017")
        assert code(await one.call(START, ask, place=one.cpo.partner.id, key=one.cpo.key)) == (401, "017")
        platform_side = await one.hub.client.post(
            "/api/oicp/charging/v21/operators/DE*UPS/authorize/start",
            content=encode(ask),
            headers={"authorization": f"Bearer {one.key}"},
        )
        assert code(platform_side) == (401, "017")
        assert (await one.call("evsepush/v23/operators/DE*UPS/data-records", {})).status_code == 404
        await one.hub.hub.partners.suspend(one.upstream.id)
        assert code(await one.call(START, ask | {"SessionID": SESSION[:-1] + "9"})) == (401, "017")


@pytest.mark.spec("OICP-UP-02")
async def test_a_platform_may_prove_itself_by_its_certificate_alone() -> None:
    theirs, strange = certificate(), certificate()
    proxies = {"trusted_proxies": (ipaddress.ip_network("10.0.0.0/24"),)}
    ask = {"OperatorID": "DE*FAR", "SessionID": SESSION, "Identification": rfid(GOOD_HERE)}
    async with net(options=proxies, certificates=[hashlib.sha256(theirs).hexdigest()]) as one:
        url = f"https://hub.test/oicp/upstream/{one.upstream.id}/api/oicp/{START}"
        transport = httpx.ASGITransport(one.hub.app, client=PROXY)
        async with httpx.AsyncClient(transport=transport) as client:
            for der, expected in ((strange, (401, "017")), (theirs, (200, "000"))):
                headers = {"client-cert": as_header(der).decode()}
                assert code(await client.post(url, content=encode(ask), headers=headers)) == expected


@pytest.mark.spec("OICP-UP-02", "OICP-UP-12")
async def test_messages_of_a_platform_that_cannot_be_right() -> None:
    async with net() as one:
        ask = {"OperatorID": "DE*FAR", "SessionID": SESSION, "Identification": rfid(GOOD_HERE)}
        for body in ([], b"{", {"OperatorID": "DE*FAR"}, ask | {"SessionID": None}, ask | {"Identification": None}):
            answer = await one.call(START, body) if not isinstance(body, bytes) else await _raw(one, body)
            assert answer.status_code == 400, (body, answer.text)
        assert one.emp_at.asked == []
        assert (await one.call(START, ask)).json()["AuthorizationStatus"] == "Authorized"
        assert code(await one.call(START, ask))[1] == "400"  # the platform gives a session once
        assert len(one.emp_at.asked) == 1
        unknown = {"OperatorID": "DE*FAR", "SessionID": SESSION.replace("A", "B"), "Identification": rfid()}
        stop = (await one.call("charging/v21/operators/DE*FAR/authorize/stop", unknown)).json()
        assert (stop["AuthorizationStatus"], stop["StatusCode"]["Code"]) == ("NotAuthorized", "400")


async def _raw(one: Net, body: bytes) -> httpx.Response:
    headers = {"authorization": f"Bearer {one.key}"}
    return await one.hub.client.post(
        f"/oicp/upstream/{one.upstream.id}/api/oicp/{START}", content=body, headers=headers
    )


@pytest.mark.spec("OICP-UP-08", "OICP-UP-16", "OICP-UP-23", "OICP-UP-17")
async def test_a_record_is_sent_until_the_platform_has_it_for_certain() -> None:
    async with net() as one:
        ours = await one.billed()
        last = "charge-detail-record"
        trouble: list[Any] = [
            httpx.ConnectError("away"),
            httpx.ReadTimeout(""),
            httpx.Response(502, content=b"<html/>"),
            httpx.Response(403, content=b"<html>blocked</html>", headers={"content-type": "text/html"}),
            httpx.Response(408),
            httpx.Response(500, content=encode({"StatusCode": {"Code": "001"}})),
            httpx.Response(503),
            httpx.Response(429, headers={"retry-after": "5"}),
        ]
        for answer in trouble:
            one.platform.answers[last] = answer
            [settled] = await one.hub.settle()
            assert settled.state is CdrState.WAITING, (answer, settled.last_error)
            assert settled.last_error
        before = len(one.platform.asked)
        one.platform.says(last, OK)
        [settled] = await one.hub.settle()
        assert (settled.state, len(one.platform.asked)) == (CdrState.WAITING, before)  # it rests after the 429
        one.hub.clock.advance(60)
        one.platform.says(last, {"StatusCode": {"Code": "400", "AdditionalInfo": "Session found but closed"}}, 404)
        [settled] = await one.hub.settle()
        assert settled.state is CdrState.DELIVERED
        sent = [decode(x.content) for x in one.platform.asked if x.url.path.endswith(last)]
        assert {(x["SessionID"], x["CPOPartnerSessionID"]) for x in sent} == {(SESSION, ours)}


@pytest.mark.spec("OICP-UP-08", "OICP-UP-22", "OICP-UP-16")
async def test_a_refused_record_is_not_sent_again_and_what_the_hub_is_refused_for_is_called_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for status, body in (
        (401, {"StatusCode": {"Code": "017"}}),
        (403, {"StatusCode": {"Code": "210", "Description": "No active subscription found"}}),
        (404, {"StatusCode": {"Code": "300"}}),
        (400, {"message": "Error", "validationErrors": [{"fieldReference": "evseID", "errorMessage": "wrong"}]}),
        (404, {"StatusCode": {"Code": "400", "AdditionalInfo": "no such session"}}),
    ):
        async with net() as one:
            await one.billed()
            caplog.clear()
            one.platform.says("charge-detail-record", body, status)
            with caplog.at_level(logging.ERROR):
                [settled] = await one.hub.settle()
            assert settled.state is CdrState.REFUSED, (body, settled.last_error)
            assert ("Platform above" in caplog.text) is (status in (401, 403) or "300" in str(body))
            assert (status == 400) is ("evseID: wrong" in (settled.last_error or ""))


@pytest.mark.spec("OICP-UP-08")
async def test_a_crash_between_sending_and_hearing_books_nothing_twice() -> None:
    async with net() as one:
        await one.billed()
        one.platform.answers["charge-detail-record"] = httpx.ReadError("killed")
        [settled] = await one.hub.settle()
        assert settled.state is CdrState.WAITING
        one.platform.says(
            "charge-detail-record", {"Result": False, "StatusCode": {"Code": "400", "AdditionalInfo": "closed"}}, 404
        )
        [settled] = await one.hub.settle()
        assert settled.state is CdrState.DELIVERED
        assert (await one.hub.settle())[0].attempts == settled.attempts


@pytest.mark.spec("OICP-UP-09")
async def test_an_emp_that_wants_no_notifications_is_sent_none_of_this_session() -> None:
    async with net() as one:
        ours = (await one.cpo.start(rfid(GOOD_THERE), EvseID=EVSE_HERE)).json()["SessionID"]
        assert code(await one.cpo.notify("Start", ours)) == (200, "000")
        told = decode(one.platform.asked[-1].content)
        assert (told["Type"], told["SessionID"], told["CPOPartnerSessionID"]) == ("Start", SESSION, ours)
        one.platform.says("charging-notifications", {"Result": False, "StatusCode": {"Code": "320"}})
        assert code(await one.cpo.notify("Progress", ours))[1] == "320"
        before = len(one.platform.asked)
        assert code(await one.cpo.notify("End", ours))[1] == "320"
        assert len(one.platform.asked) == before
        assert code(await one.cpo.cdr(ours))[1] == "000"


@pytest.mark.spec("OICP-UP-17", "OICP-UP-24", "OICP-UP-16")
async def test_what_may_have_happened_is_not_asked_twice_and_each_call_has_its_patience() -> None:
    async with net() as one:
        for answer in (
            httpx.ReadTimeout(""),
            httpx.Response(502, content=b"<html/>"),
            httpx.Response(200, content=b"x"),
        ):
            one.platform.answers["start"] = answer
            asked = len(one.platform.asked)
            refused = (await one.cpo.start(rfid(GOOD_THERE))).json()
            assert (refused["AuthorizationStatus"], len(one.platform.asked)) == ("NotAuthorized", asked + 1)
        assert one.platform.asked[-1].extensions["timeout"]["read"] == 10
        one.platform.says("start", YES | {"SessionID": None})  # a yes that could never be billed
        assert (await one.cpo.start(rfid(GOOD_THERE))).json()["AuthorizationStatus"] == "NotAuthorized"
        one.platform.says("data-records", {"content": [], "last": True, "StatusCode": {"Code": "000"}})
        await one.hub.following.run(one.upstream.id, "evse-data")
        assert one.platform.asked[-1].extensions["timeout"]["read"] == 120
        one.platform.says("data-records", {"content": [_there("1")], "last": True, "StatusCode": {"Code": "000"}})
        one.hub.clock.advance(900)
        await one.hub.following.run(one.upstream.id, "evse-data")
        one.platform.answers["start"] = httpx.ReadTimeout("")
        start = {"ProviderID": "DE-DCB", "EvseID": "DE*FAR*E1"}
        start["Identification"] = {"RemoteIdentification": {"EvcoID": "DE-DCB-C12345678-X"}}
        asked = len(one.platform.asked)
        answer = await one.emp.post("charging/v21/providers/{id}/authorize-remote/start", start)
        assert (code(answer)[1], len(one.platform.asked)) == ("310", asked + 1)
        assert one.platform.asked[-1].extensions["timeout"]["read"] == 60


def _there(number: str, **members: Any) -> dict[str, Any]:
    return record(f"DE*FAR*E{number}") | {"OperatorID": "DE*FAR", "OperatorName": "Far", **members}


@pytest.mark.spec("OICP-UP-21", "OICP-UP-10")
async def test_oddities_of_pages_are_taken_and_what_cannot_be_is_held() -> None:
    old = _there("2", ChargingStationNames=[{"lang": None, "value": "Süd"}], RenewableEnergy=None, Accessibility=None)
    old |= {"CalibrationLawDataAvailability": None, "PaymentOptions": None, "deltaType": "insert", "Novelty": {"a": 1}}
    old |= {"MaxCapacity": "11.5", "lastUpdate": "2026-01-01T00:00:00.123Z", "HotlinePhoneNumber": None}
    spelled = {name: value for name, value in _there("3").items() if name != "OperatorID"} | {"OperatorId": "DE*FAR"}
    pages = [[_there("1"), old], [old, spelled, _there("4", Plugs=["Warp drive"]), "nonsense"]]

    def page(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page"])
        body = {"content": pages[number], "last": number == 1, "number": number, "StatusCode": {"Code": "000"}}
        return httpx.Response(
            200, content=encode(body), headers={"content-type": "application/json;charset=ISO-8859-1"}
        )

    async with net() as one:
        one.platform.answers["data-records"] = page
        state = await one.hub.following.run(one.upstream.id, "evse-data")
        assert (state.counts.pages, state.counts.held) == (2, 2)
        assert {item.pointer for item in state.held} >= {"/Plugs/0"}
        held = one.hub.storage.locations.held
        assert sorted(evse.uid for location in held.values() for evse in location.evses) == [
            f"DEFARE{n}" for n in "123"
        ]
        [second] = [location for location in held.values() if location.evses[0].uid == "DEFARE2"]
        assert (second.name, second.evses[0].max_capacity_kwh) == ("Süd", Decimal("11.5"))
        one.platform.says(
            "status-records-by-id",
            {
                "EVSEStatusRecords": {
                    "EvseStatusRecord": [
                        {"EvseID": "DE*FAR*E1", "EvseStatus": "Occupied", "Extra": None},
                        {"EvseID": "DE*FAR*E2", "EvseStatus": "Charging"},
                        {"EvseID": "DE*FAR*E9", "EvseStatus": "Available"},
                    ]
                }
            },
        )
        state = await one.hub.following.run(one.upstream.id, "evse-status")
        assert (state.counts.taken, state.counts.held, state.counts.foreign) == (1, 1, 1)


@pytest.mark.spec("OICP-UP-21", "OICP-UP-16")
async def test_answers_to_pulls_that_are_none() -> None:
    async with net() as one:
        run = one.hub.following.run
        latin = "Ungültig".encode("latin-1")
        faults: list[tuple[int, Any, type[RoamingError], str]] = [
            (200, {"StatusCode": {"Code": "210"}, "content": None}, Rejected, "210"),
            (403, {"StatusCode": {"Code": "210"}}, Rejected, "210"),
            (400, b'{"message":"' + latin + b'"}', Rejected, "Ungültig"),
            (200, b"<html/>", Uncertain, "usable"),
            (502, b"<html/>", Uncertain, "502"),
            (204, b"{}", Uncertain, "204"),
        ]
        for status, body, error, said in faults:
            one.platform.says("data-records", body, status)
            with pytest.raises(error, match=said):
                await run(one.upstream.id, "evse-data")
            assert said in ((await one.hub.following.state(one.upstream.id, "evse-data")).error or "")
        assert one.hub.storage.locations.held == {}


@pytest.mark.spec("OICP-UP-23", "OICP-NET-51")
async def test_a_platform_that_says_too_much_is_left_alone_and_stays_connected() -> None:
    async with net() as one:
        one.platform.answers["start"] = httpx.Response(429)
        for _ in range(3):
            assert (await one.cpo.start(rfid(GOOD_THERE))).json()["AuthorizationStatus"] == "NotAuthorized"
        assert len(one.platform.asked) == 1
        one.hub.clock.advance(5)
        await one.cpo.start(rfid(GOOD_THERE))
        assert len(one.platform.asked) == 2
        one.hub.clock.advance(4)
        await one.cpo.start(rfid(GOOD_THERE))
        assert len(one.platform.asked) == 2  # the second rest is longer
        assert one.hub.storage.partners.held[one.upstream.id].state is PartnerState.CONNECTED
        one.hub.clock.advance(60)
        one.platform.says("start", YES)
        assert (await one.cpo.start(rfid(GOOD_THERE))).json()["AuthorizationStatus"] == "Authorized"


@pytest.mark.spec("OICP-NET-52")
async def test_an_idle_hub_asks_a_platform_nothing() -> None:
    async with net() as one:
        one.hub.clock.advance(7 * 86400)
        await one.hub.keep_alive.round()
        await one.hub.relay()
        assert one.platform.asked == []
        await one.hub.hub.partners.not_reached(one.upstream.id)
        await one.hub.keep_alive.round()
        assert [(x.method, x.url.path) for x in one.platform.asked] == [("GET", "/")]
        assert one.hub.storage.partners.held[one.upstream.id].state is PartnerState.CONNECTED


@pytest.mark.spec("OICP-UP-01")
async def test_what_an_entry_of_a_platform_must_hold() -> None:
    async with net() as one:
        assert one.key not in one.upstream.settings
        assert "the-key-of-our-hub" not in one.upstream.settings + str(one.hub.storage.journal.exchanges)
        wrong: list[tuple[dict[str, Any], str]] = [
            ({"callback_url": None}, "$.callback_url"),
            ({"upstream": {"operator_id": "DE*HHH"}}, "$.upstream.provider_id"),
            ({"upstream": {"provider_id": "DE-HHH"}}, "$.upstream.operator_id"),
            ({"upstream": {"operator_id": "?", "provider_id": "DE-HHH"}}, "$.upstream.operator_id"),
            (
                {"upstream": OWN | {"sub_ids": ["x"]}},
                "$.upstream.sub_ids[0]",
            ),
            (
                {"upstream": OWN | {"page_size": 2001}},
                "$.upstream.page_size",
            ),
            ({"upstream": OWN | {"nonsense": 1}}, "$.upstream"),
            (
                {"upstream": OWN | {"calls_per_minute": {"X": 1}}},
                "$.upstream.calls_per_minute.X",
            ),
            ({"outbound_key": ""}, "$.outbound_key"),
            ({"outbound_key": "a\nb"}, "$.outbound_key"),
            ({"inbound_key": "short"}, "$.inbound_key"),
            ({"outbound_certificate": "nonsense"}, "$.outbound_private_key"),
            ({"trust_anchor": "nonsense"}, "$.trust_anchor"),
        ]
        other = [{"role": "CPO", "country_code": "DE", "party_id": "UPT"}]
        for more, path in wrong:
            document = platform_document() | {"roles": other, "operator_id": None, "provider_id": None} | more
            if path.startswith("$.upstream.operator_id"):
                document["roles"] = [{**other[0], "role": role} for role in ("CPO", "EMSP")]
            if "operator_id" in document["upstream"] and document["roles"] == other:
                document["roles"] = [{**other[0], "role": role} for role in ("CPO", "EMSP")]
            with pytest.raises(Invalid) as refused:
                await one.hub.add(document)
            assert refused.value.path == path, (more, refused.value)
        two_parties = [*other, {"role": "EMSP", "country_code": "DE", "party_id": "UPV"}]
        with pytest.raises(Invalid, match="one party"):
            await one.hub.add(platform_document() | {"roles": two_parties, "operator_id": None, "provider_id": None})


async def test_a_status_that_the_platform_does_not_take_is_told_with_all_others() -> None:
    async with net() as one:
        await one.cpo.push_data("fullLoad", record(EVSE_HERE))
        await one.cpo.push_status("fullLoad", {EVSE_HERE: "Available"})
        for feed in ("shown-evses", "shown-statuses"):
            await one.hub.following.run(one.upstream.id, feed)
        await one.hub.relay()
        one.platform.says("status-records", {"Result": False, "StatusCode": {"Code": "009"}})
        await one.cpo.push_status("update", {EVSE_HERE: "Occupied"})
        [told] = [x for x in await one.hub.relay() if x.partner == one.upstream.id]
        assert told.state is DeliveryState.PENDING
        one.platform.says("status-records", OK)
        one.hub.clock.advance(60)
        await one.hub.following.run(one.upstream.id, "shown-statuses")
        body = decode(one.platform.asked[-1].content)
        assert body["ActionType"] == "fullLoad"
        assert body["OperatorEvseStatus"]["EvseStatusRecord"] == [{"EvseID": EVSE_HERE, "EvseStatus": "Occupied"}]
        before = len(one.platform.asked)
        await one.hub.relay()
        assert len(one.platform.asked) == before


@pytest.mark.spec("OICP-UP-04", "OICP-UP-05")
async def test_a_push_whose_turn_does_not_come_waits_and_a_turn_left_behind_ends() -> None:
    async with net() as one:
        await one.cpo.push_data("fullLoad", record(EVSE_HERE))
        await one.cpo.push_status("fullLoad", {EVSE_HERE: "Available"})
        for feed in ("shown-evses", "shown-statuses"):
            await one.hub.following.run(one.upstream.id, feed)
        await one.hub.relay()
        before = len(one.platform.asked)
        assert await one.hub.storage.cache.first(f"oicp/turn/{one.upstream.id}/PushEvseStatus", mirror.TURN_LASTS_S)
        one.hub.adapters["oicp"]._exporter._mirror._patience_s = 0.05  # type: ignore[attr-defined]
        await one.cpo.push_status("update", {EVSE_HERE: "Occupied"})
        [told] = [x for x in await one.hub.relay() if x.partner == one.upstream.id]
        assert (told.state, len(one.platform.asked)) == (DeliveryState.PENDING, before)
        assert one.hub.storage.partners.held[one.upstream.id].state is PartnerState.CONNECTED
        one.hub.clock.advance(mirror.TURN_LASTS_S)
        [told] = [x for x in await one.hub.relay() if x.partner == one.upstream.id]
        assert (told.state, len(one.platform.asked)) == (DeliveryState.DELIVERED, before + 1)
