"""Charge points and live status: operators upload, providers and navigation services fetch."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from core.model.location import EvseStatus
from tests.flows.hub import TestHub
from tests.flows.ochp_partners import Answer, Fault, Reached, charge_point, join, live, opened, since

SET, UPDATE = "SetChargePointList", "UpdateChargePointList"
GET, DELTA = "GetChargePointList", "GetChargePointListUpdates"
NOW = "2026-01-15T12:00:00Z"


class Net(NamedTuple):
    hub: TestHub
    cpo: Reached
    nsp: Reached


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    async with opened() as hub:
        yield Net(hub, await join(hub, "CPO", "DEQX7"), await join(hub, "NSP", "NLNAV"))


async def listed(nsp: Reached) -> list[str]:
    return (await nsp.ask(GET)).texts("chargePointInfoArray/evseId")


def static(answer: Answer) -> dict[str, str | None]:
    return {
        one.findtext("{*}evseId"): one.findtext("{*}status/{*}ChargePointStatusType")
        for one in answer.all("chargePointInfoArray")
    }


async def changed(nsp: Reached, moment: str) -> dict[str, str | None]:
    answer = await nsp.ask(DELTA, since(moment))
    assert answer.result == "ok", answer.text
    return static(answer)


@pytest.mark.spec("OCHP-CP-01", "OCHP-CP-02", "OCHP-CP-08", "OCHP-CP-31", "OCHP-CP-05")
async def test_a_set_is_the_whole_list_and_an_update_adds(net: Net) -> None:
    assert (await net.cpo.ask(SET, charge_point("DE*QX7*E1") + charge_point("DE*QX7*E2", "HAFEN2"))).result == "ok"
    await net.cpo.ask(SET, charge_point("DE*QX7*E2", "HAFEN2"))
    assert await listed(net.nsp) == ["DE*QX7*E2"]
    await net.cpo.ask(UPDATE, charge_point("DE*QX7*E3", "HAFEN2"))
    assert sorted(await listed(net.nsp)) == ["DE*QX7*E2", "DE*QX7*E3"]


@pytest.mark.spec("OCHP-CP-07", "OCHP-CP-09", "OCHP-DLT-08", "OCHP-DLT-01", "OCHP-CP-11")
async def test_deltas_tell_withdrawn_evses_as_closed_and_go_by_the_hub_s_time(net: Net) -> None:
    hub = net.hub
    await net.cpo.ask(SET, charge_point("DE*QX7*E1", stamp="2015-01-01T00:00:00Z") + charge_point("DE*QX7*E2"))
    assert set(await changed(net.nsp, "2026-01-15T11:00:00Z")) == {"DE*QX7*E1", "DE*QX7*E2"}
    hub.clock.advance(3600)
    await net.cpo.ask(SET, charge_point("DE*QX7*E2"))
    assert await changed(net.nsp, "2026-01-15T13:00:00Z") == {"DE*QX7*E1": "Closed"}
    assert await listed(net.nsp) == ["DE*QX7*E2"]
    hub.clock.advance(3600)
    await net.cpo.ask(UPDATE, charge_point("DE*QX7*E2", status="Closed"))
    assert static(await net.nsp.ask(GET)) == {"DE*QX7*E2": "Closed"}
    await net.cpo.ask(UPDATE, charge_point("DE*QX7*E1"))
    assert static(await net.nsp.ask(GET)) == {"DE*QX7*E2": "Closed", "DE*QX7*E1": "Operative"}


@pytest.mark.spec("OCHP-DLT-10", "OCHP-DLT-06")
async def test_the_same_list_again_changes_nothing(net: Net) -> None:
    body = charge_point("DE*QX7*E1") + charge_point("DE*QX7*E2", "HAFEN2", name="Nord")
    await net.cpo.ask(SET, body)
    await net.hub.relay()
    net.hub.clock.advance(3600)
    assert (await net.cpo.ask(SET, body)).result == "ok"
    assert (await net.cpo.ask(UPDATE, charge_point("DE*QX7*E1"))).result == "ok"
    assert net.hub.storage.outbox.events == {}
    assert await changed(net.nsp, "2026-01-15T12:30:00Z") == {}
    assert await changed(net.nsp, "2026-02-15T12:30:00Z") == {}


@pytest.mark.spec("OCHP-CP-03", "OCHP-CP-06", "OCHP-ID-04")
async def test_records_are_exchanged_whole_and_neighbours_stay_as_they_were(net: Net) -> None:
    first = charge_point("de*qx7*e1", stamp="2016-02-03T04:05:06Z", name="Süd &amp; Nord", status=None)
    second = charge_point("DE*QX7*E2", name="Anders", lat="53.560000")
    await net.cpo.ask(SET, first + second)
    before = {one.findtext("{*}evseId"): _text(one) for one in (await net.nsp.ask(GET)).all("chargePointInfoArray")}
    assert before["de*qx7*e1"].startswith("de*qx7*e1HAFEN12016-02-03T04:05:06ZSüd & Nord")
    await net.cpo.ask(UPDATE, charge_point("DE*QX7*E3", name="Neu"))
    await net.cpo.ask(UPDATE, charge_point("DE*QX7*E2", name="Noch anders"))
    after = {one.findtext("{*}evseId"): _text(one) for one in (await net.nsp.ask(GET)).all("chargePointInfoArray")}
    assert after["de*qx7*e1"] == before["de*qx7*e1"]
    assert "Noch anders" in after["DE*QX7*E2"]


def _text(element: object) -> str:
    return "".join(element.itertext())  # type: ignore[attr-defined]


async def test_an_evse_that_moves_to_another_place_is_listed_once_and_gone_from_the_old_one(net: Net) -> None:
    await net.cpo.ask(SET, charge_point("DE*QX7*E1", "OLD") + charge_point("DE*QX7*E2", "OLD"))
    await net.cpo.ask(UPDATE, charge_point("DE*QX7*E1", "NEW"))
    assert sorted(await listed(net.nsp)) == ["DE*QX7*E1", "DE*QX7*E2"]
    old = net.hub.storage.locations.held["DEQX7/OLD"]
    assert {evse.uid: (evse.status, evse.evse_id is None) for evse in old.evses} == {
        "DEQX7E2": (EvseStatus.UNKNOWN, False),
        "DEQX7E1": (EvseStatus.REMOVED, True),
    }
    await net.cpo.ask(SET, charge_point("DE*QX7*E1", "NEW"))
    assert await listed(net.nsp) == ["DE*QX7*E1"]


@pytest.mark.spec("OCHP-CP-04", "OCHP-ID-05", "OCHP-RES-04", "OCHP-RES-05")
async def test_foreign_evses_are_refused(net: Net) -> None:
    answer = await net.cpo.ask(SET, charge_point("AT*QV2*E1"))
    assert (answer.result, answer.texts("refusedChargePointInfo/evseId")) == ("invalid-id", ["AT*QV2*E1"])
    answer = await net.cpo.ask(SET, charge_point("AT*QV2*E1") + charge_point("DE*QX7*E1"))
    assert (answer.result, answer.texts("refusedChargePointInfo/evseId")) == ("partly", ["AT*QV2*E1"])
    assert await listed(net.nsp) == ["DE*QX7*E1"]


_HOURS = "<openingTimes>{}<closedCharging>true</closedCharging></openingTimes>"


@pytest.mark.spec(
    "OCHP-CP-14", "OCHP-CP-16", "OCHP-CP-17", "OCHP-CP-20", "OCHP-CP-21", "OCHP-CP-22", "OCHP-ID-02", "OCHP-ID-20"
)
@pytest.mark.parametrize(
    "record",
    [
        charge_point("DE*QX7E1"),
        charge_point("+49*823*1234"),
        charge_point(lat="91.000000"),
        charge_point(lat="51.96"),
        charge_point(zone="Europe/Nowhere"),
        charge_point().replace("<connectors>", "<x>").replace("</connectors>", "</x>"),
        charge_point(hours="<openingTimes><twentyfourseven>true</twentyfourseven></openingTimes>"),
        charge_point(hours=_HOURS.format('<regularHours weekday="1" periodBegin="08:00" periodEnd="25:00"/>')),
        charge_point(hours=_HOURS.format('<regularHours weekday="1" periodBegin="08:00" periodEnd="18:00"/>' * 8)),
    ],
)
async def test_what_a_charge_point_cannot_be_is_refused_and_the_list_stays(net: Net, record: str) -> None:
    await net.cpo.ask(SET, charge_point("DE*QX7*E9"))
    answer = await net.cpo.ask(SET, record)
    assert answer.result == "format", answer.text
    assert await listed(net.nsp) == ["DE*QX7*E9"]


@pytest.mark.spec("OCHP-CP-15", "OCHP-CP-14")
async def test_opening_hours_come_back(net: Net) -> None:
    closed = _HOURS.format("<twentyfourseven>false</twentyfourseven>")
    await net.cpo.ask(SET, charge_point(hours=closed))
    answer = await net.nsp.ask(GET)
    assert answer.texts("chargePointInfoArray/openingTimes/twentyfourseven") == ["false"]


@pytest.mark.spec("OCHP-REL-05", "OCHP-LIVE-24", "OCHP-DLT-12")
async def test_only_connected_operators_are_shown(net: Net) -> None:
    far = await join(net.hub, "CPO", "ATQV2")
    for one, evse_id in ((net.cpo, "DE*QX7*E1"), (far, "AT*QV2*E1")):
        assert (await one.ask(SET, charge_point(evse_id))).result == "ok"
    partners = net.hub.storage.partners.held
    partners[far.partner.id] = replace(partners[far.partner.id], open_to=())
    assert await listed(net.nsp) == ["DE*QX7*E1"]
    assert set(await changed(net.nsp, NOW)) == {"DE*QX7*E1"}
    assert set(await statuses(net.nsp)) == {"DE*QX7*E1"}


@pytest.mark.spec("OCHP-CP-10", "OCHP-RES-12")
async def test_who_sees_no_operator_has_nothing_to_exchange() -> None:
    async with opened() as hub:
        nsp = await join(hub, "NSP", "NLNAV")
        for name, inner in ((GET, ""), (DELTA, since(NOW))):
            answer = await nsp.ask(name, inner)
            assert (answer.result, len(answer.body)) == ("roaming", 1)
        assert len((await nsp.ask("GetStatus")).body) == 0


# --- live status


async def statuses(nsp: Reached, inner: str = "", name: str = "evse") -> dict[str, tuple[str | None, ...]]:
    answer = await nsp.ask("GetStatus", inner)
    return {one.findtext("{*}evseId"): (one.get("major"), one.get("minor"), one.get("ttl")) for one in answer.all(name)}


@pytest.mark.spec(
    "OCHP-LIVE-01", "OCHP-LIVE-03", "OCHP-LIVE-04", "OCHP-LIVE-07", "OCHP-ID-01", "OCHP-LIVE-26", "OCHP-LIVE-25"
)
async def test_the_newest_status_is_told_with_its_time(net: Net) -> None:
    await net.cpo.ask(SET, charge_point("DE*QX7*E1") + charge_point("DE*QX7*E2"))
    body = (
        live("deqx7e1", "available", "available", "2026-01-15T15:00:00.5+02:00")
        + live("DE*QX7*E2", "not-available", "charging")
        + "<ttl><DateTime>2026-01-15T12:30:00Z</DateTime></ttl>"
    )
    assert (await net.cpo.ask("UpdateStatus", body)).result == "ok"
    assert await statuses(net.nsp) == {
        "DE*QX7*E1": ("available", "available", "2026-01-15T13:00:00Z"),
        "DE*QX7*E2": ("not-available", "charging", "2026-01-15T12:30:00Z"),
    }
    await net.cpo.ask("UpdateStatus", live("DE*QX7*E1", "not-available", "blocked"))
    assert (await statuses(net.nsp))["DE*QX7*E1"] == ("not-available", "blocked", None)


@pytest.mark.spec(
    "OCHP-LIVE-05", "OCHP-LIVE-06", "OCHP-LIVE-08", "OCHP-DLT-13", "OCHP-LIVE-20", "OCHP-LIVE-21", "OCHP-OPS-06"
)
async def test_after_its_time_nothing_is_known(net: Net) -> None:
    await net.cpo.ask(SET, charge_point("DE*QX7*E1") + charge_point("DE*QX7*E2"))
    await net.cpo.ask(
        "UpdateStatus",
        live("DE*QX7*E1", "available", ttl="2026-01-15T12:10:00Z") + live("DE*QX7*E2", ttl="2026-01-15T11:00:00Z"),
    )
    assert (await statuses(net.nsp))["DE*QX7*E2"] == ("unknown", None, None)
    assert (await statuses(net.nsp))["DE*QX7*E1"][0] == "available"
    net.hub.clock.advance(900)
    assert (await statuses(net.nsp))["DE*QX7*E1"] == ("unknown", None, None)
    window = "<startDateTime><DateTime>{}</DateTime></startDateTime>"
    assert set(await statuses(net.nsp, window.format("2026-01-15T12:05:00Z"))) == {"DE*QX7*E1"}
    assert await statuses(net.nsp, window.format("2026-01-15T12:14:00Z")) == {}
    assert len(await statuses(net.nsp, window.format("2026-01-16T12:14:00Z"))) == 2


@pytest.mark.spec("OCHP-LIVE-02")
@pytest.mark.parametrize(
    ("major", "minor"), [("available", "charging"), ("unknown", "available"), ("not-available", "available")]
)
async def test_pairs_that_may_not_be_set(net: Net, major: str, minor: str) -> None:
    await net.cpo.ask(SET, charge_point("DE*QX7*E1") + charge_point("DE*QX7*E2"))
    assert (await net.cpo.ask("UpdateStatus", live("DE*QX7*E1", major, minor))).result == "format"
    answer = await net.cpo.ask("UpdateStatus", live("DE*QX7*E1", major, minor) + live("DE*QX7*E2"))
    assert (answer.result, "DE*QX7*E1" in answer.text) == ("partly", True)
    assert (await statuses(net.nsp))["DE*QX7*E1"] == ("unknown", None, None)


@pytest.mark.spec("OCHP-LIVE-29", "OCHP-LIVE-01")
@pytest.mark.parametrize(
    ("major", "minor", "seen"),
    [
        ("available", None, EvseStatus.AVAILABLE),
        ("available", "reserved", EvseStatus.AVAILABLE),
        ("not-available", None, EvseStatus.INOPERATIVE),
        ("not-available", "charging", EvseStatus.CHARGING),
        ("not-available", "blocked", EvseStatus.BLOCKED),
        ("not-available", "reserved", EvseStatus.RESERVED),
        ("not-available", "outoforder", EvseStatus.OUT_OF_ORDER),
    ],
)
async def test_every_pair_comes_back_and_means_what_it_says(
    net: Net, major: str, minor: str | None, seen: EvseStatus
) -> None:
    await net.cpo.ask(SET, charge_point())
    await net.cpo.ask("UpdateStatus", live(major=major, minor=minor))
    assert await statuses(net.nsp) == {"DE*QX7*E1": (major, minor, None)}
    assert net.hub.storage.locations.held["DEQX7/HAFEN1"].evses[0].status is seen
    await net.cpo.ask("UpdateStatus", live(minor="available"))
    assert await statuses(net.nsp) == {"DE*QX7*E1": ("available", "available", None)}


@pytest.mark.spec("OCHP-LIVE-28")
@pytest.mark.parametrize("status", ["Unknown", "Operative", "Inoperative", "Planned", None])
async def test_static_and_live_status_leave_each_other_alone(net: Net, status: str | None) -> None:
    await net.cpo.ask(SET, charge_point(status=status))
    await net.cpo.ask("UpdateStatus", live(major="not-available", minor="outoforder"))
    assert static(await net.nsp.ask(GET)) == {"DE*QX7*E1": status}
    await net.cpo.ask(UPDATE, charge_point(status=status, name="Anders"))
    assert await statuses(net.nsp) == {"DE*QX7*E1": ("not-available", "outoforder", None)}
    seen = net.hub.storage.locations.held["DEQX7/HAFEN1"].evses[0].status
    kept = {"Inoperative": EvseStatus.INOPERATIVE, "Planned": EvseStatus.PLANNED}
    assert seen is kept.get(status or "", EvseStatus.OUT_OF_ORDER)
    await net.cpo.ask(UPDATE, charge_point(status="Operative"))
    assert net.hub.storage.locations.held["DEQX7/HAFEN1"].evses[0].status is EvseStatus.OUT_OF_ORDER


@pytest.mark.spec("OCHP-LIVE-09", "OCHP-LIVE-13", "OCHP-LIVE-14", "OCHP-ID-02")
async def test_statuses_that_are_refused_are_named(net: Net) -> None:
    await net.cpo.ask(SET, charge_point())
    assert (await net.cpo.ask("UpdateStatus")).result == "ok"
    assert (await net.cpo.ask("UpdateStatus", live("AT*QV2*E1"))).result == "invalid-id"
    answer = await net.cpo.ask("UpdateStatus", live() + live("AT*QV2*E1") + live("DE*QX7*E404"))
    assert answer.result == "partly"
    assert "AT*QV2*E1" in answer.text
    assert "DE*QX7*E404" in answer.text
    assert (await net.cpo.ask("UpdateStatus", live("DE*QX7E1"))).result == "format"


@pytest.mark.spec("OCHP-LIVE-15", "OCHP-LIVE-16", "OCHP-LIVE-19", "OCHP-LIVE-22")
async def test_kinds_are_never_mixed(net: Net) -> None:
    await net.cpo.ask(SET, charge_point() + charge_point("DE*QX7*E2"))
    await net.cpo.ask("UpdateStatus", live())
    kinds = "<statusType>{}</statusType>"
    combined = await statuses(net.nsp, kinds.format("combined"), "combined")
    assert combined == {"DE*QX7*E1": ("available", None, None), "DE*QX7*E2": ("unknown", None, None)}
    assert await statuses(net.nsp, kinds.format("combined")) == {}
    assert len((await net.nsp.ask("GetStatus", kinds.format("parking"))).body) == 0


@pytest.mark.spec("OCHP-LIVE-23", "OCHP-AUTH-05", "OCHP-RES-14")
async def test_errors_of_an_operation_without_result_are_faults(net: Net) -> None:
    body = '<GetStatusRequest xmlns="http://ochp.eu/1.4"><statusType>foo</statusType></GetStatusRequest>'
    assert Fault(await net.nsp.post(body)).code == "Client"
    fault = Fault(await net.nsp.post(body, header=net.nsp.header("wrong")))
    assert (fault.code, "foo" in fault.raw) == ("FailedAuthentication", False)
    assert Fault(await net.cpo.post(body)).code == "Client"


async def test_a_status_said_again_tells_nobody(net: Net) -> None:
    await net.cpo.ask(SET, charge_point())
    await net.cpo.ask("UpdateStatus", live(minor="available"))
    await net.hub.relay()
    net.hub.clock.advance(60)
    await net.cpo.ask("UpdateStatus", live(minor="available"))
    assert net.hub.storage.outbox.events == {}


@pytest.mark.spec("OCHP-DT-17")
async def test_lengths_are_those_of_characters(net: Net) -> None:
    longest = charge_point(name="ü" * 100).replace("<address>Kai<", f"<address>{'ß' * 45}<")
    longest = longest.replace("<city>Hafen<", f"<city>{'Ö' * 45}<")
    assert (await net.cpo.ask("SetChargePointList", longest)).result == "ok"
    answer = await net.nsp.ask("GetChargePointList")
    assert answer.texts("chargePointInfoArray/chargePointAddress/city") == ["Ö" * 45]
    for longer in (
        longest.replace("ß" * 45, "ß" * 46),
        longest.replace("Ö" * 45, "Ö" * 46),
        longest.replace("ü" * 100, "ü" * 101),
    ):
        assert (await net.cpo.ask("UpdateChargePointList", longer)).result == "format"


@pytest.mark.spec("OCHP-CP-24")
async def test_a_connector_names_a_tariff_before_there_is_one(net: Net) -> None:
    named = charge_point().replace("</connectors>", "<tariffId>DEQX7T1</tariffId></connectors>")
    answer = await net.cpo.ask("SetChargePointList", named)
    assert answer.result == "ok", answer.text
    told = await net.nsp.ask("GetChargePointList")
    assert told.texts("chargePointInfoArray/connectors/tariffId") == ["DEQX7T1"]
