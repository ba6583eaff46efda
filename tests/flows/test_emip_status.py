"""Availability and busy status. eMIP checklist, 5.7 to 5.12, 10.1."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from core.model.event import EventKind
from core.model.location import EvseStatus
from mappings.emip.evse_status import status_held
from protocols.emip import codec
from protocols.emip.wire import to_iop
from protocols.emip.wire.words import AvailabilityStatus as A
from protocols.emip.wire.words import BusyStatus as B
from protocols.emip.wire.words import IdType
from protocols.transport.soap.envelope import SOAP_12, seal
from tests.flows.emip_partners import EVSE, Reached, cpo, fault, join, opened, pair, place, status_of

AT = "2026-01-15T11:00:{:02}Z"
TABLE = [
    (A.DELETED, B.FREE, EvseStatus.REMOVED),
    (A.FUTURE, B.BUSY, EvseStatus.PLANNED),
    (A.OUT_OF_ORDER, B.FREE, EvseStatus.OUT_OF_ORDER),
    (A.IN_SERVICE, B.FREE, EvseStatus.AVAILABLE),
    (A.UNSPECIFIED, B.FREE, EvseStatus.AVAILABLE),
    (A.IN_SERVICE, B.BUSY, EvseStatus.CHARGING),
    (A.IN_SERVICE, B.RESERVED, EvseStatus.RESERVED),
    (A.IN_SERVICE, B.UNSPECIFIED, EvseStatus.UNKNOWN),
    (A.UNSPECIFIED, B.UNSPECIFIED, EvseStatus.UNKNOWN),
]


@pytest.mark.spec("EMIP-DYN-12")
@pytest.mark.parametrize(("availability", "busy", "expected"), TABLE)
async def test_both_kinds_make_one_status(availability: A, busy: B, expected: EvseStatus) -> None:
    async with pair() as (hub, one, _, _):
        assert await one.available(availability, AT.format(1)) == 1
        assert await one.busy(busy, AT.format(2)) == 1
        assert status_of(hub) is expected
        assert await one.available(availability, AT.format(3)) == 1
        assert status_of(hub) is expected


async def test_the_two_kinds_do_not_touch_each_other() -> None:
    async with pair() as (hub, one, _, _):
        await one.available(A.IN_SERVICE, AT.format(1))
        await one.busy(B.BUSY, AT.format(2))
        await one.available(A.OUT_OF_ORDER, AT.format(3))
        assert status_of(hub) is EvseStatus.OUT_OF_ORDER
        await one.busy(B.FREE, AT.format(4))
        assert status_of(hub) is EvseStatus.OUT_OF_ORDER
        await one.available(A.IN_SERVICE, AT.format(5))
        assert status_of(hub) is EvseStatus.AVAILABLE


async def test_what_another_way_said_meanwhile_is_no_kind_of_emip() -> None:
    """The location came anew with another status: what eMIP said before does not count any more."""
    async with pair() as (hub, one, _, _):
        await one.busy(B.FREE, AT.format(1))
        await one.available(A.OUT_OF_ORDER, AT.format(1))
        [location] = hub.storage.locations.held.values()
        evse = msgspec.structs.replace(location.evses[0], status=EvseStatus.INOPERATIVE)
        hub.storage.locations.held[location.key] = msgspec.structs.replace(location, evses=(evse,))
        await one.available(A.IN_SERVICE, AT.format(2))
        assert status_of(hub) is EvseStatus.UNKNOWN


@pytest.mark.spec("EMIP-DYN-04")
async def test_both_kinds_and_their_dates_outlive_the_process() -> None:
    async with pair() as (hub, one, _, _):
        await one.available(A.OUT_OF_ORDER, AT.format(1))
        await one.busy(B.RESERVED, AT.format(20))
        other = one.elsewhere()
        await other.busy(B.FREE, AT.format(10))
        await other.available(A.IN_SERVICE, AT.format(30))
        assert status_of(hub) is EvseStatus.RESERVED


async def test_two_processes_agree() -> None:
    async with pair() as (hub, one, _, _):
        other = one.elsewhere()
        calls = [one.available(A.IN_SERVICE, AT.format(5)), other.busy(B.FREE, AT.format(5))]
        calls += [one.busy(B.BUSY, AT.format(4)), other.available(A.OUT_OF_ORDER, AT.format(4))]
        assert set(await asyncio.gather(*calls)) == {1}
        assert status_of(hub) is EvseStatus.AVAILABLE


async def test_an_older_status_changes_nothing() -> None:
    async with pair() as (hub, one, _, _):
        assert await one.busy(B.BUSY, AT.format(10)) == 1
        assert await one.busy(B.FREE, AT.format(5)) == 1
        assert status_of(hub) is EvseStatus.CHARGING
        assert await one.available(A.OUT_OF_ORDER, AT.format(1)) == 1
        assert status_of(hub) is EvseStatus.OUT_OF_ORDER


@pytest.mark.spec("EMIP-DYN-05")
async def test_a_status_said_again_tells_nobody() -> None:
    async with pair() as (hub, one, _, _):
        for second in range(3):
            assert await one.busy(B.BUSY, AT.format(second)) == 1
        events = [e for e in hub.storage.outbox.events.values() if e.kind is EventKind.EVSE_STATUS_CHANGED]
        assert len(events) == 1


@pytest.mark.spec("EMIP-TID-04")
async def test_a_status_that_comes_again_is_answered_alike_and_fills_no_cache() -> None:
    async with pair() as (hub, one, _, _):
        message = synthetic(one, availability_status=A.IN_SERVICE, busy_status=B.BUSY)
        first = await one.send(message)
        hub.clock.advance(60)
        assert await one.send(message) == first
        events = [e for e in hub.storage.outbox.events.values() if e.kind is EventKind.EVSE_STATUS_CHANGED]
        assert len(events) == 1
        assert not hub.storage.cache.entries


@pytest.mark.spec("EMIP-DYN-10")
async def test_a_date_in_the_future_is_now() -> None:
    async with pair() as (hub, one, _, _):
        assert await one.busy(B.BUSY, "2026-01-16T12:00:00Z") == 1
        [location] = hub.storage.locations.held.values()
        assert location.evses[0].updated_at == hub.clock.now()
        hub.clock.advance(10)
        assert await one.busy(B.FREE, "2026-01-15T12:04:00Z") == 1
        [location] = hub.storage.locations.held.values()
        assert location.evses[0].updated_at == datetime(2026, 1, 15, 12, 4, tzinfo=UTC)
        assert status_of(hub) is EvseStatus.AVAILABLE


@pytest.mark.spec("EMIP-DYN-02", "EMIP-ID-09")
async def test_unknown_and_foreign_objects() -> None:
    async with pair() as (hub, one, _, _):
        third = await join(hub, cpo("FR*ZC2"))
        assert await one.busy(B.BUSY, AT.format(1), evse_id="FR*ZC1*E9") == 10601
        assert await third.busy(B.BUSY, AT.format(1)) == 10601
        assert status_of(hub) is EvseStatus.UNKNOWN
        for kind, name in (
            (to_iop.SetChargingPoolAvailabilityStatusRequest, "charging_pool"),
            (to_iop.SetChargingStationAvailabilityStatusRequest, "charging_station"),
            (to_iop.SetChargingConnectorAvailabilityStatusRequest, "charging_connector"),
        ):
            members: dict[str, Any] = {f"{name}_id_type": IdType.EMI3, f"{name}_id": "FR*ZC1*P1"}
            message = kind(**one.header(), **members, status_event_date=AT.format(1), availability_status=A.FUTURE)
            assert (await one.send(message)).request_status == 10601


def synthetic(one: Reached, **members: Any) -> to_iop.SetEVSESyntheticStatusRequest:
    return to_iop.SetEVSESyntheticStatusRequest(**one.header(), evse_id_type=IdType.EMI3, evse_id=EVSE, **members)


@pytest.mark.spec("EMIP-DYN-08")
async def test_synthetic_status() -> None:
    async with pair() as (hub, one, _, _):
        answer = await one.send(synthetic(one, availability_status=A.IN_SERVICE, busy_status=B.RESERVED))
        assert answer.request_status == 1
        assert status_of(hub) is EvseStatus.RESERVED
        await one.send(synthetic(one, busy_status=B.FREE, busy_status_event_date="2026-01-15T12:00:01Z"))
        assert status_of(hub) is EvseStatus.AVAILABLE
        wrong = await one.post(seal(SOAP_12, codec.encode(synthetic(one))))
        assert fault(wrong) == (400, "Sender", "MISSING_ELEMENT", "availabilityStatus")


@pytest.mark.spec("EMIP-DYN-15")
async def test_deleted_and_back() -> None:
    async with pair() as (hub, one, _, _):
        await one.busy(B.FREE, AT.format(1))
        await one.available(A.DELETED, AT.format(2))
        assert status_of(hub) is EvseStatus.REMOVED
        await one.available(A.IN_SERVICE, AT.format(3))
        assert status_of(hub) is EvseStatus.AVAILABLE


@pytest.mark.spec("EMIP-DYN-14", "EMIP-DYN-03")
async def test_comments_are_kept_with_their_kind() -> None:
    async with pair() as (hub, one, _, _):
        await one.available(A.OUT_OF_ORDER, AT.format(1), availability_status_comment="Câble arraché ☹")
        await one.busy(B.FREE, AT.format(2), busy_status_comment="vide")
        await one.busy(B.BUSY, AT.format(3))
        [location] = hub.storage.locations.held.values()
        held = status_held(location.evses[0])
        assert held.availability and held.busy
        assert (held.availability.comment, held.busy.comment) == ("Câble arraché ☹", None)
        assert (held.availability.value, held.busy.value) == (A.OUT_OF_ORDER, B.BUSY)


async def test_how_long_a_status_holds_is_kept() -> None:
    async with pair() as (hub, one, _, _):
        until = "2026-01-15T14:00:00Z"
        await one.available(A.OUT_OF_ORDER, AT.format(1), availability_status_until=until)
        [location] = hub.storage.locations.held.values()
        assert location.evses[0].status_until == datetime(2026, 1, 15, 14, tzinfo=UTC)


@pytest.mark.spec("EMIP-TRN-17")
async def test_many_at_once_and_the_newest_wins() -> None:
    async with pair() as (hub, one, _, _):
        calls = [one.busy(B.BUSY if second != 49 else B.RESERVED, AT.format(second)) for second in range(50)]
        assert set(await asyncio.gather(*reversed(calls))) == {1}
        assert status_of(hub) is EvseStatus.RESERVED


async def test_an_emsp_on_emip_is_told_no_status() -> None:
    async with pair() as (hub, one, _, back):
        await one.busy(B.BUSY, AT.format(1))
        assert await hub.relay() == []
        assert not back.received


@pytest.mark.spec("EMIP-ID-02")
async def test_ids_without_separators() -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        await hub.hub.locations.put(one.partner, place())
        for evse_id, value in (("FRZC1E10011", B.BUSY), ("fr-zc1-e1001-1", B.FREE), ("FR* ZC1*E1001*1", B.BUSY)):
            header = {"operator_id": "frzc1", "partner_id": "FR-ZC1"}
            message = to_iop.SetEVSEBusyStatusRequest(
                **one.header(**header),
                evse_id_type=IdType.EMI3,
                evse_id=evse_id,
                status_event_date=AT.format(1),
                busy_status=value,
            )
            assert (await one.send(message)).request_status == 1
            assert status_of(hub) is (EvseStatus.CHARGING if value is B.BUSY else EvseStatus.AVAILABLE)


@pytest.mark.spec("EMIP-ID-03")
async def test_ids_that_differ_in_their_stars_only_stay_apart() -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        await hub.hub.locations.put(one.partner, place("FR*ZC1*E1*11", "FR*ZC1*E11*1"))
        assert await one.busy(B.BUSY, AT.format(1), evse_id="FR*ZC1*E11*1") == 1
        assert (status_of(hub), status_of(hub, 1)) == (EvseStatus.UNKNOWN, EvseStatus.CHARGING)
        assert await one.busy(B.FREE, AT.format(1), evse_id="FR*ZC1*E1*11") == 1
        assert (status_of(hub), status_of(hub, 1)) == (EvseStatus.AVAILABLE, EvseStatus.CHARGING)
        assert await one.busy(B.RESERVED, AT.format(2), evse_id="FRZC1E111") == 10601
