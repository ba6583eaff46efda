"""Stations that the hub's operator hands in for a partner whose protocol has no message for them."""

import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from core.errors import Invalid, Unsupported
from core.model.ids import EvseId
from core.model.location import EvseStatus, Location
from gateway.admin.stations import HandedIn, replace_stations, stations_from
from protocols.emip.plugin import PLUGIN as EMIP
from protocols.emip.wire.words import AvailabilityStatus, BusyStatus
from protocols.ocpi.plugin import PLUGIN as OCPI
from tests.flows import emip_partners as emip
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, evse, location

spec = pytest.mark.spec
ONE, TWO, THREE = "FR*ZC1*E1001*1", "FR*ZC1*E1001*2", "FR*ZC1*E1002*1"


class Net(NamedTuple):
    hub: TestHub
    cpo: emip.Reached
    emsp: OcpiPartner

    async def hand_in(self, *listed: dict[str, Any]) -> HandedIn:
        partner = self.hub.storage.partners.held[self.cpo.partner.id]
        found = await replace_stations(self.hub.hub, partner, stations_from(json.dumps(listed).encode(), partner))
        await self.hub.relay()
        return found

    def held(self, location_id: str) -> Location:
        return self.hub.storage.locations.held[f"FRZC1/{location_id}"]

    def statuses(self, location_id: str) -> dict[str, str]:
        return {one.uid: one.status.value for one in self.held(location_id).evses}

    def told(self) -> list[dict[str, Any]]:
        """What the eMSP was told since it was asked last."""
        found = [request.json for method in ("PUT", "PATCH") for request in self.emsp.seen(method, "locations")]
        self.emsp.received.clear()
        return found


@pytest_asyncio.fixture
async def net() -> AsyncIterator[Net]:
    async with TestHub.open([EMIP, OCPI]) as hub:
        emsp = await OcpiPartner("emsp.test", ("EMSP", "DE", "EMB")).join(hub)
        yield Net(hub, await emip.join(hub, emip.cpo()), emsp)


def place(location_id: str, *evse_ids: str, **changes: Any) -> dict[str, Any]:
    evses = [evse(uid=evse_id, evse_id=evse_id, status="AVAILABLE") for evse_id in evse_ids]
    return location(country_code="FR", party_id="ZC1", id=location_id, evses=evses, **changes)


async def test_partners_are_told_as_by_any_operator(net: Net) -> None:
    assert await net.hand_in(place("P1", ONE, TWO)) == HandedIn(added=1, changed=0, unchanged=0, removed=0)
    [put] = net.told()
    assert (put["id"], [one["evse_id"] for one in put["evses"]]) == ("P1", [ONE, TWO])


@spec("EMIP-DYN-12")
async def test_their_statuses_are_the_operators_to_tell(net: Net) -> None:
    await net.hand_in(place("P1", ONE, TWO))
    assert await net.cpo.busy(BusyStatus.BUSY, "2026-01-15T11:00:00Z", ONE) == 1
    assert await net.cpo.available(AvailabilityStatus.OUT_OF_ORDER, "2026-01-15T11:00:00Z", TWO) == 1
    await net.hub.relay()
    net.told()
    said = await net.hand_in(place("P1", ONE, TWO, name="Renamed", last_updated="2026-01-15T11:30:00Z"))
    assert said == HandedIn(added=0, changed=1, unchanged=0, removed=0)
    assert net.statuses("P1") == {ONE: "CHARGING", TWO: "OUTOFORDER"}
    [put] = net.told()
    assert put["name"] == "Renamed"


@spec("EMIP-DYN-03")
async def test_both_kinds_of_status_outlive_a_list(net: Net) -> None:
    await net.hand_in(place("P1", ONE))
    await net.cpo.available(AvailabilityStatus.OUT_OF_ORDER, "2026-01-15T11:00:00Z", ONE)
    await net.cpo.busy(BusyStatus.BUSY, "2026-01-15T11:00:00Z", ONE)
    await net.hand_in(place("P1", ONE, name="Renamed"))
    assert net.statuses("P1") == {ONE: "OUTOFORDER"}
    await net.cpo.available(AvailabilityStatus.IN_SERVICE, "2026-01-15T11:30:00Z", ONE)
    assert net.statuses("P1") == {ONE: "CHARGING"}


async def test_where_nothing_is_known_the_list_says_it(net: Net) -> None:
    listed = place("P1", ONE)
    listed["evses"][0]["status"] = "UNKNOWN"
    await net.hand_in(listed)
    await net.hand_in(place("P1", ONE))
    assert net.statuses("P1") == {ONE: "AVAILABLE"}


async def test_the_same_again_is_told_to_nobody(net: Net) -> None:
    await net.hand_in(place("P1", ONE), place("P2", THREE))
    await net.cpo.busy(BusyStatus.BUSY, "2026-01-15T11:00:00Z", ONE)
    await net.hub.relay()
    net.told()
    said = await net.hand_in(place("P1", ONE), place("P2", THREE))
    assert said == HandedIn(added=0, changed=0, unchanged=2, removed=0)
    assert net.told() == []


async def test_a_change_without_a_new_time_is_a_change_of_now(net: Net) -> None:
    await net.hand_in(place("P1", ONE))
    await net.hand_in(place("P1", ONE, name="Renamed"))
    assert net.held("P1").name == "Renamed"
    assert net.held("P1").updated_at == net.hub.clock.now()


async def test_what_the_list_leaves_out_is_removed(net: Net) -> None:
    await net.hand_in(place("P1", ONE, TWO), place("P2", THREE))
    net.told()
    said = await net.hand_in(place("P1", ONE))
    assert said == HandedIn(added=0, changed=1, unchanged=0, removed=1)
    assert (net.statuses("P1"), net.statuses("P2")) == ({ONE: "AVAILABLE", TWO: "REMOVED"}, {THREE: "REMOVED"})
    assert {put["id"] for put in net.told()} == {"P1", "P2"}
    assert await net.hand_in(place("P1", ONE)) == HandedIn(added=0, changed=0, unchanged=1, removed=0)
    assert await net.hand_in() == HandedIn(added=0, changed=0, unchanged=0, removed=1)
    assert await net.hand_in() == HandedIn(added=0, changed=0, unchanged=0, removed=0)


async def test_what_was_removed_comes_back(net: Net) -> None:
    await net.hand_in(place("P1", ONE), place("P2", THREE))
    await net.hand_in()
    said = await net.hand_in(place("P1", ONE), place("P2", THREE))
    assert said == HandedIn(added=0, changed=2, unchanged=0, removed=0)
    assert (net.statuses("P1"), net.statuses("P2")) == ({ONE: "AVAILABLE"}, {THREE: "AVAILABLE"})


async def test_an_evse_that_moves_is_in_one_place_and_keeps_its_status(net: Net) -> None:
    await net.hand_in(place("P1", ONE, TWO), place("P2", THREE))
    await net.cpo.busy(BusyStatus.BUSY, "2026-01-15T11:00:00Z", TWO)
    await net.cpo.busy(BusyStatus.BUSY, "2026-01-15T11:00:00Z", THREE)
    await net.hand_in(place("P1", ONE), place("P3", TWO, THREE))
    assert net.statuses("P1") == {ONE: "AVAILABLE"}
    assert net.statuses("P2") == {}
    assert net.statuses("P3") == {TWO: "CHARGING", THREE: "CHARGING"}
    found = await net.hub.hub.locations.find_evse(EvseId.parse(THREE))
    assert found is not None
    assert found[0].id == "P3"


async def test_what_was_removed_comes_back_elsewhere(net: Net) -> None:
    await net.hand_in(place("P1", ONE))
    await net.hand_in()
    assert await net.hand_in(place("P2", ONE)) == HandedIn(added=1, changed=0, unchanged=0, removed=0)
    found = await net.hub.hub.locations.find_evse(EvseId.parse(ONE))
    assert found is not None
    assert (found[0].id, found[1].status, net.statuses("P1")) == ("P2", EvseStatus.AVAILABLE, {})


async def test_other_operators_are_left_alone(net: Net) -> None:
    other = await emip.join(net.hub, emip.cpo("FR*ZC2"))
    await Net(net.hub, other, net.emsp).hand_in(
        location(country_code="FR", party_id="ZC2", id="P9", evses=[evse(uid="a", evse_id="FR*ZC2*E1")])
    )
    await net.hand_in(place("P1", ONE))
    await net.hand_in()
    [evse_of_other] = net.hub.storage.locations.held["FRZC2/P9"].evses
    assert evse_of_other.status is EvseStatus.AVAILABLE


async def test_who_is_no_cpo_has_no_stations(net: Net) -> None:
    emsp = await emip.join(net.hub, emip.emsp())
    with pytest.raises(Unsupported, match="is no CPO"):
        await replace_stations(net.hub.hub, emsp.partner, [])


def wrong(**changes: Any) -> dict[str, Any]:
    return {**place("P2", THREE), **changes}


@pytest.mark.parametrize(
    ("listed", "path"),
    [
        ({}, "$"),
        ([3], "$[0]"),
        ([place("P1", ONE), wrong(coordinates={"latitude": "1", "longitude": "x"})], "$[1].coordinates"),
        ([place("P1", ONE), wrong(evses=[{"uid": "x"}])], "$[1].evses[0]"),
        ([place("P1", ONE), wrong(party_id="ZC2")], "$[1].party_id"),
        ([place("P1", ONE), wrong(party_id="ZM1")], "$[1].party_id"),
        ([place("P1", ONE), place("p1", THREE)], "$[1].id"),
        ([place("P1", ONE), place("P2", "FR*ZC1*E10011")], "$[1].evses[0].evse_id"),
        ([wrong(evses=[evse(uid="a", evse_id=ONE), evse(uid="A", evse_id=TWO)])], "$[0].evses[1].uid"),
        ([place("P1")] * 20_001, "$"),
    ],
)
async def test_one_wrong_item_is_named_and_nothing_is_stored(net: Net, listed: Any, path: str) -> None:
    partner = net.cpo.partner
    with pytest.raises(Invalid) as caught:
        stations_from(json.dumps(listed).encode(), partner)
    assert caught.value.path.startswith(path), caught.value
    assert caught.value.path[len(path) :][:1] in ("", "."), caught.value
    assert net.hub.storage.locations.held == {}


@pytest.mark.parametrize("body", [b"", b"[", b"\xff", b"[" * 10_000])
async def test_what_is_no_json(net: Net, body: bytes) -> None:
    with pytest.raises(Invalid, match="not JSON"):
        stations_from(body, net.cpo.partner)
