"""The simulated OCHP networks against the hub: with each other, and with partners of OCPI."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import httpx
import pytest

from core.model.cdr import CdrState
from core.model.ids import PartyId
from core.model.secret import Secret
from gateway.simulator.cast import card, invented
from gateway.simulator.network import Card, NotAsTold, bare
from gateway.simulator.ochp.home import OchpHome
from gateway.simulator.ochp.host import OchpHost
from gateway.simulator.ochp.network import Account, Reply
from gateway.simulator.ochp.xml import Element, element
from gateway.simulator.roles import Bill, Live, Refusal, Verdict
from gateway.simulator.stations import Point
from gateway.simulator.visits import Price, Visit, new_id
from protocols.ochp.plugin import PLUGIN as OCHP
from protocols.ocpi.plugin import PLUGIN as OCPI
from tests.flows.hub import HUB_URL, TestHub
from tests.flows.ocpi_partner import OcpiPartner, envelope
from tests.flows.ocpi_partner import cdr as ocpi_cdr
from tests.flows.ocpi_partner import evse as ocpi_evse
from tests.flows.ocpi_partner import location as ocpi_location
from tests.flows.ocpi_partner import token as ocpi_token
from tests.flows.simulated import Town

PRICE = Price("ENERGY", Decimal("0.42"))
STATIONS, DRIVERS = PartyId("FR", "HST"), PartyId("DE", "HOM")
GOOD, BAD, LATER = card(DRIVERS, 1), card(DRIVERS, 2, blocked=True), card(DRIVERS, 3)
STRANGE = card(PartyId("DE", "ZZZ"), 1)


class Net(NamedTuple):
    """OCHP: `host` with `points`, and `home`. OCPI: the CPO NLCPA and the eMSP DEEMB. The hub's clock is right."""

    hub: TestHub
    host: OchpHost
    home: OchpHome
    cpo: OcpiPartner
    emsp: OcpiPartner
    points: tuple[Point, ...]

    def now(self) -> str:
        return f"{self.hub.clock.now():%Y-%m-%dT%H:%M:%SZ}"

    async def put(self, partner: OcpiPartner, path: str, body: dict[str, Any]) -> None:
        answer = await partner.call(self.hub, "PUT", path, body)
        assert answer.json()["status_code"] == 1000, answer.text


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    operator = invented(STATIONS, "Host", 2)
    async with TestHub.open([OCHP, OCPI]) as hub:
        run(hub)
        host = OchpHost("Host", STATIONS, HUB_URL, PRICE)
        home = OchpHome("Home", DRIVERS, HUB_URL)
        cpo = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        emsp = await OcpiPartner("p2.test", ("EMSP", "DE", "EMB")).join(hub)
        emsp.answers["POST", "tokens"] = (404, envelope(None, 2004), {})
        town = Town(hub)
        await town.join(host, home)
        await host.offer(operator)
        await hub.relay()
        yield Net(hub, host, home, cpo, emsp, operator.points)
        await town.close()


def run(hub: TestHub, ahead: timedelta = timedelta(0)) -> None:
    """The hub's clock goes as that of the networks, which have none of their own."""
    hub.clock.now = lambda: datetime.now(UTC) + ahead  # type: ignore[method-assign]


def visit(held: Card, point: Point, energy: str = "7.125") -> Visit:
    ended = datetime.now(UTC).replace(microsecond=0)
    started = ended - timedelta(minutes=20)
    return Visit(id=new_id(), card=held, point=point, started_at=started, ended_at=ended, energy_kwh=Decimal(energy))


# --- stations and statuses


async def test_the_home_fetches_the_stations_of_ochp_and_ocpi_and_what_changes(net: Net) -> None:
    ours = {bare(point.evse_id) for point in net.points}
    assert await net.home.stations() == ours
    place = ocpi_location(last_updated=net.now(), evses=[ocpi_evse(last_updated=net.now())])
    await net.put(net.cpo, "locations/receiver/NL/CPA/LOC1", place)
    assert await net.home.stations() == ours | {"NLCPAEE1"}
    place["evses"][0]["status"] = "REMOVED"
    await net.put(net.cpo, "locations/receiver/NL/CPA/LOC1", place)
    assert await net.home.stations() == ours


async def test_the_ocpi_emsp_is_told_of_stations_and_statuses(net: Net) -> None:
    told = {one.json["id"]: one.json for one in net.emsp.seen("PUT", "locations")}
    evses = {evse["evse_id"]: evse for place in told.values() for evse in place["evses"]}
    assert set(evses) == {point.evse_id for point in net.points}
    place = told[net.points[0].station_id]
    assert (place["name"], place["address"], place["postal_code"]) == ("Host Lyon 1", "Rue de la Gare 1", "69002")
    assert place["opening_times"] == {"twentyfourseven": True}
    connector = evses[net.points[0].evse_id]["connectors"][0]
    assert (connector["standard"], connector["format"], connector["max_electric_power"]) == (
        "IEC_62196_T2",
        "SOCKET",
        22000,
    )
    net.emsp.received.clear()
    await net.host.show(net.points[0], Live.BROKEN)
    await net.hub.relay()
    (patched,) = [one for one in net.emsp.received if one.method in ("PATCH", "PUT")]
    assert patched.json["status"] == "OUTOFORDER"


@pytest.mark.parametrize("live", Live)
async def test_the_home_fetches_each_status(net: Net, live: Live) -> None:
    first, second = net.points[:2]
    assert await net.home.status(first) is Live.FREE
    await net.host.show(first, live)
    assert await net.home.status(first) is live
    assert await net.home.status(second) is Live.FREE


async def test_a_status_past_its_time_is_not_known(net: Net) -> None:
    run(net.hub, ahead=timedelta(hours=13))
    assert await net.home.status(net.points[0]) is None


async def test_a_charging_shows_its_status_only_if_it_is_live(net: Net) -> None:
    point = net.points[0]
    await net.host.charging(visit(GOOD, point), live=False).begin()
    assert await net.home.status(point) is Live.FREE
    charging = net.host.charging(visit(GOOD, point))
    await charging.begin()
    assert await net.home.status(point) is Live.CHARGING
    await charging.proceed()
    await charging.end()
    assert await net.home.status(point) is Live.FREE


# --- cards


async def verdict(net: Net, held: Card) -> tuple[Verdict, str]:
    charging = net.host.charging(visit(held, net.points[0]))
    return await charging.authorise(), charging.why


async def test_cards_are_known_by_the_list_and_its_changes(net: Net) -> None:
    assert await verdict(net, GOOD) == (Verdict.REFUSED, "invalid-id")
    await net.home.hand_out([GOOD, BAD])
    assert await verdict(net, GOOD) == (Verdict.ALLOWED, "listed")
    assert await verdict(net, LATER) == (Verdict.REFUSED, "invalid-id")
    await net.home.hand_out([])
    await net.home.hand_out([LATER])
    assert await verdict(net, LATER) == (Verdict.ALLOWED, "listed")
    assert await verdict(net, GOOD) == (Verdict.ALLOWED, "listed")
    assert await verdict(net, STRANGE) == (Verdict.REFUSED, "invalid-id")


async def test_a_card_is_blocked_once_its_expiry_has_passed(net: Net) -> None:
    await net.home.hand_out([GOOD, LATER])
    assert await verdict(net, GOOD) == (Verdict.ALLOWED, "listed")
    await net.home.hand_out([Card(uid=GOOD.uid, contract_id=GOOD.contract_id, blocked=True)])
    assert await verdict(net, GOOD) == (Verdict.BLOCKED, "invalid-id")
    assert await verdict(net, LATER) == (Verdict.ALLOWED, "listed")


async def test_cards_are_told_to_the_ocpi_cpo(net: Net) -> None:
    await net.home.hand_out([GOOD, BAD])
    await net.hub.relay()
    told = {one.json["uid"]: one.json for one in net.cpo.seen("PUT", "tokens")}
    assert told[GOOD.uid]["valid"] is True
    assert told[GOOD.uid]["contract_id"] == GOOD.contract_id
    answer = await net.cpo.call(net.hub, "POST", f"tokens/sender/{BAD.uid}/authorize", to="DEHOM")
    assert answer.json()["data"]["allowed"] in ("BLOCKED", "EXPIRED"), answer.text


def answering(net: Net, uid: str, allowed: str) -> None:
    info = {"allowed": allowed, "token": ocpi_token(uid=uid)}
    net.emsp.answers["POST", "tokens"] = (200, envelope(info), {})


async def test_the_card_of_an_ocpi_emsp_is_asked_for(net: Net) -> None:
    held = Card(uid="AA09", contract_id="DE-EMB-C12345678")
    answering(net, held.uid, "ALLOWED")
    assert await verdict(net, held) == (Verdict.ALLOWED, "ok")
    answering(net, held.uid, "BLOCKED")
    assert (await verdict(net, held))[0] is Verdict.REFUSED

    def silent(_: object) -> object:
        raise httpx.ReadTimeout("")

    net.emsp.answers["POST", "tokens"] = silent
    assert await verdict(net, held) == (Verdict.UNANSWERED, "server")


# --- records


def the_bill(stay: Visit) -> Bill:
    cost = PRICE.cost(stay.energy_kwh)
    return Bill(
        evse_id=stay.point.evse_id,
        started_at=stay.started_at,
        ended_at=stay.ended_at,
        energy_kwh=stay.energy_kwh,
        card_uid=stay.card.uid,
        net=cost["before_taxes"],
        tax=cost["taxes"][0]["amount"],
    )


async def test_a_record_is_fetched_exact_once_and_approved(net: Net) -> None:
    await net.home.hand_out([GOOD])
    stay = visit(GOOD, net.points[1], "7.333")
    charging = net.host.charging(stay)
    assert await charging.authorise() is Verdict.ALLOWED
    await charging.bill()
    await charging.bill()
    await net.hub.settle()
    assert await net.host.outcome(stay) is None
    bills = await net.home.bills()
    assert bills == {stay.key: [the_bill(stay)]}
    assert await net.home.bills() == bills
    assert await net.host.outcome(stay) == "approved"
    (held,) = net.hub.storage.cdrs.held.values()
    assert held.state is CdrState.DELIVERED


async def test_a_record_is_fetched_once_whoever_looks_at_the_same_time(net: Net) -> None:
    await net.home.hand_out([GOOD])
    charging = net.host.charging(visit(GOOD, net.points[0]))
    await charging.authorise()
    await charging.bill()
    ask = net.home.ask

    async def slowly(operation: str, *inside: Element) -> Reply:
        reply = await ask(operation, *inside)
        await asyncio.sleep(0)
        return reply

    net.home.ask = slowly  # type: ignore[method-assign]
    await asyncio.gather(*(net.home.bills() for _ in range(3)))
    assert [len(found) for found in (await net.home.bills()).values()] == [1]


async def test_a_record_reaches_the_ocpi_emsp(net: Net) -> None:
    held = Card(uid="AA09", contract_id="DE-EMB-C12345678")
    answering(net, held.uid, "ALLOWED")
    stay = visit(held, net.points[0])
    charging = net.host.charging(stay)
    assert await charging.authorise() is Verdict.ALLOWED
    await charging.bill()
    await net.hub.settle()
    (sent,) = net.emsp.seen("POST", "cdrs")
    cost = sent.json["total_cost"]
    assert (cost["before_taxes"], cost["taxes"][0]["amount"]) == (2.99, 0.6)
    assert sent.json["total_energy"] == 7.125
    assert sent.json["cdr_token"]["uid"] == held.uid
    assert await net.host.outcome(stay) == "approved"


async def test_an_ocpi_record_is_fetched_exact(net: Net) -> None:
    await net.home.hand_out([GOOD])
    issuer = {"country_code": "DE", "party_id": "HOM", "uid": GOOD.uid, "type": "RFID", "contract_id": GOOD.contract_id}
    begun, ended = datetime(2025, 3, 1, 9, 0, 7, tzinfo=UTC), datetime(2025, 3, 1, 10, tzinfo=UTC)
    price = {"before_taxes": 4.07, "taxes": [{"name": "VAT", "percentage": 20, "amount": 0.81}]}
    body = ocpi_cdr(
        cdr_token=issuer,
        start_date_time="2025-03-01T09:00:07Z",
        end_date_time="2025-03-01T10:00:00Z",
        total_cost=price,
        total_energy_cost=price,
        last_updated=net.now(),
    )
    answer = await net.cpo.call(net.hub, "POST", "cdrs/receiver", body, to="DEHOM")
    assert answer.json()["status_code"] == 1000, answer.text
    await net.hub.settle()
    ((read,),) = (await net.home.bills()).values()
    assert read == Bill(
        evse_id="NL*CPA*EE1",
        started_at=begun,
        ended_at=ended,
        energy_kwh=Decimal("12.345"),
        card_uid=GOOD.uid,
        net=Decimal("4.07"),
        tax=Decimal("0.81"),
    )


async def test_a_visit_without_authorisation_is_not_billed(net: Net) -> None:
    with pytest.raises(NotAsTold, match="was not authorised"):
        await net.host.charging(visit(GOOD, net.points[0])).bill()


async def test_an_implausible_record_is_not_taken(net: Net) -> None:
    await net.home.hand_out([GOOD])
    stay = visit(GOOD, net.points[0])
    backwards = Visit(
        id=stay.id,
        card=GOOD,
        point=stay.point,
        started_at=stay.ended_at,
        ended_at=stay.started_at,
        energy_kwh=stay.energy_kwh,
    )
    charging = net.host.charging(backwards)
    await charging.authorise()
    with pytest.raises(NotAsTold, match="AddCDRs was answered format: "):
        await charging.bill()


# --- what OCHP has not, and what goes wrong


async def test_a_home_that_is_off_knows_what_it_knew(net: Net) -> None:
    await net.home.hand_out([GOOD])
    known = await net.home.stations()
    assert await net.home.status(net.points[0]) is Live.FREE
    charging = net.host.charging(visit(GOOD, net.points[0]))
    await charging.authorise()
    await net.home.switch_off()
    await net.host.show(net.points[0], Live.BROKEN)
    await charging.bill()
    assert (await net.home.bills(), await net.home.stations()) == ({}, known)
    assert await net.home.status(net.points[0]) is Live.FREE
    await net.home.switch_on()
    assert await net.home.status(net.points[0]) is Live.BROKEN
    assert len(await net.home.bills()) == 1


async def test_there_are_no_commands(net: Net) -> None:
    stay = visit(GOOD, net.points[0])
    with pytest.raises(Refusal, match="without OCHPdirect"):
        await net.home.start(GOOD, net.points[0])
    with pytest.raises(Refusal, match="without OCHPdirect"):
        await net.home.stop("1")
    with pytest.raises(NotAsTold, match="without OCHPdirect"):
        await net.host.started(stay)
    assert not net.host.stopped(net.host.charging(stay))
    assert not net.home.followed(stay)


async def test_what_the_clearing_house_says_is_told(net: Net) -> None:
    with pytest.raises(NotAsTold, match="Host: GetCDRs was answered not-authorized: "):
        await net.host.call("GetCDRs")
    account = net.home.account
    assert account is not None
    net.home.account = Account(account.partner_id, account.username, Secret("wrong"))
    with pytest.raises(NotAsTold, match=r"Home: GetStatus .* HTTP 500, fault .*FailedAuthentication"):
        await net.home.status(net.points[0])
    with pytest.raises(NotAsTold, match="Home: Nonsense was answered HTTP 500, fault "):
        await net.home.call("Nonsense", element("what"))
    assert account.password.value not in repr(account)


async def test_who_has_not_joined_has_no_account() -> None:
    home = OchpHome("Home", DRIVERS, HUB_URL)
    with pytest.raises(NotAsTold, match="Home has no account yet"):
        await home.call("GetCDRs")
    await home.close()
