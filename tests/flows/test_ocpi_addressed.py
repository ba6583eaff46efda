"""OCPI: what an owner tells one party instead of all is in the list of that party and of nobody else."""

from typing import Any

import pytest

from protocols.ocpi.plugin import PLUGIN as OCPI
from tests.flows.conftest import OcpiNet
from tests.flows.hub import TestHub
from tests.flows.ocpi_2_1_1_partner import OldPartner, accepted
from tests.flows.ocpi_partner import OcpiPartner, connector, envelope, evse, location, tariff, token

spec = pytest.mark.spec
LOC1 = "locations/receiver/NL/CPA/LOC1"
T1, T2, T3 = (f"2026-01-15T12:0{minute}:00Z" for minute in (1, 2, 3))


async def say(net: OcpiNet, method: str, path: str, body: Any, to: str = "NLHUB") -> None:
    """By P1."""
    accepted(await net.p1.call(net.hub, method, path, body, to=to))
    await net.relay()


async def listed(net: OcpiNet, partner: OcpiPartner, path: str = "locations/sender") -> dict[str, Any]:
    """By id, with the last change of each."""
    answer = await partner.call(net.hub, "GET", path)
    return {held.get("id") or held["uid"]: held for held in accepted(answer)}


@spec("OCPI-HUB-65", "OCPI-HUB-64", "OCPI-HUB-27")
async def test_the_later_of_two_versions_is_shown(net: OcpiNet) -> None:
    await say(net, "PUT", LOC1, location(name="all", last_updated=T1))
    await say(net, "PUT", LOC1, location(name="one", last_updated=T2), "DEEMB")
    assert (await listed(net, net.p2))["LOC1"] == location(name="one", last_updated=T2)
    assert (await listed(net, net.p3))["LOC1"] == location(name="all", last_updated=T1)
    own = await net.p1.call(net.hub, "GET", LOC1)
    assert accepted(own)["name"] == "all"
    await say(net, "PUT", LOC1, location(name="later", last_updated=T3))
    assert (await listed(net, net.p2))["LOC1"]["name"] == "later"


@spec("OCPI-HUB-64", "OCPI-HUB-27")
async def test_what_one_was_told_alone_follows_the_rest(net: OcpiNet) -> None:
    for number in range(3):
        body = location(f"L{number}", evses=[evse(f"E{number}", evse_id=f"NL*CPA*E{number}")])
        await say(net, "PUT", f"locations/receiver/NL/CPA/L{number}", body)
    for number in (7, 8):
        body = location(f"L{number}", last_updated=T1, foo=number)
        await say(net, "PUT", f"locations/receiver/NL/CPA/L{number}", body, "DEEMB")
    answer = await net.p2.call(net.hub, "GET", "locations/sender?limit=2")
    seen = [held["id"] for held in answer.json()["data"]]
    while "link" in answer.headers:
        assert answer.headers["x-total-count"] == "5"
        url = answer.headers["link"].partition(">")[0].removeprefix("<https://hub.test")
        answer = await net.p2.call(net.hub, "GET", url)
        seen += [held["id"] for held in answer.json()["data"]]
    assert seen == ["L0", "L1", "L2", "L7", "L8"]
    assert (await listed(net, net.p2))["L7"]["foo"] == 7
    assert (await listed(net, net.p3)).keys() == {"L0", "L1", "L2"}
    later = f"locations/sender?date_from={T1}"
    assert (await listed(net, net.p2, later)).keys() == {"L7", "L8"}
    assert not await listed(net, net.p2, f"locations/sender?date_from={T2}")


@spec("OCPI-HUB-65")
async def test_dates_are_those_of_the_version_that_is_shown(net: OcpiNet) -> None:
    await say(net, "PUT", LOC1, location(last_updated=T1))
    await say(net, "PUT", LOC1, location(name="one", last_updated=T3), "DEEMB")
    assert not await listed(net, net.p2, f"locations/sender?date_to={T2}")
    assert (await listed(net, net.p2, f"locations/sender?date_from={T2}"))["LOC1"]["name"] == "one"
    assert (await listed(net, net.p3, f"locations/sender?date_to={T2}")).keys() == {"LOC1"}


@spec("OCPI-HUB-64", "OCPI-HUB-67")
async def test_changes_for_one_party_change_its_copy(net: OcpiNet) -> None:
    """Of what it was told alone, else of what all were told."""
    await say(net, "PUT", LOC1, location(evses=[evse(connectors=[connector()])]))
    changes: list[tuple[str, str, dict[str, Any]]] = [
        ("PATCH", f"{LOC1}/E1", {"status": "BLOCKED", "last_updated": T1}),
        ("PATCH", f"{LOC1}/E1/1", {"tariff_ids": ["15"], "last_updated": T2}),
        ("PATCH", LOC1, {"name": "one", "last_updated": T2}),
        ("PUT", f"{LOC1}/E2", evse("E2", evse_id="NL*CPA*E2", last_updated=T2)),
        ("PUT", f"{LOC1}/E2/2", connector(id="2", last_updated=T3)),
        ("PATCH", f"{LOC1}/E1", {"status": "CHARGING", "last_updated": T1}),
        ("PATCH", "locations/receiver/NL/CPA/NONE", {"name": "one", "last_updated": T2}),
    ]
    for method, path, body in changes:
        await say(net, method, path, body, "DEEMB")
    (held,) = (await listed(net, net.p2)).values()
    assert (held["name"], held["last_updated"]) == ("one", T3)
    first, second = held["evses"]
    assert (first["status"], first["connectors"][0]["tariff_ids"]) == ("BLOCKED", ["15"])
    assert [plug["id"] for plug in second["connectors"]] == ["1", "2"]
    assert "name" not in (await listed(net, net.p3))["LOC1"]


@spec("OCPI-HUB-64", "OCPI-HUB-65")
async def test_tariffs_and_tokens_for_one_party(net: OcpiNet) -> None:
    path = "tariffs/receiver/NL/CPA/T1"
    await say(net, "PUT", path, tariff())
    await say(net, "PUT", path, tariff(currency="SEK", last_updated=T1), "DEEMB")
    assert (await listed(net, net.p2, "tariffs/sender"))["T1"]["currency"] == "SEK"
    assert (await listed(net, net.p3, "tariffs/sender"))["T1"]["currency"] == "EUR"
    await say(net, "DELETE", path, None, "DEEMB")
    assert (await listed(net, net.p2, "tariffs/sender"))["T1"]["currency"] == "EUR"
    uid = "tokens/receiver/DE/EMB/04AABBCC"
    accepted(await net.p2.call(net.hub, "PUT", uid, token(), to="NLCPA"))
    change = {"valid": False, "last_updated": T2}
    accepted(await net.p2.call(net.hub, "PATCH", uid, change, to="NLCPA"))
    assert (await listed(net, net.p1, "tokens/sender"))["04AABBCC"]["valid"] is False
    assert not (await net.p3.call(net.hub, "GET", "tokens/sender", sender="FRCPC")).json()["data"]


@spec("OCPI-HUB-64", "OCPI-HUB-71")
async def test_what_is_not_taken_or_of_one_who_left_is_not_listed(net: OcpiNet) -> None:
    net.p2.answers["PUT", "locations"] = (200, envelope(None, 2001, "no"), {})
    refused = await net.p1.call(net.hub, "PUT", LOC1, location(), to="DEEMB")
    assert refused.json()["status_code"] == 2001
    assert not await listed(net, net.p2)
    del net.p2.answers["PUT", "locations"]
    await say(net, "PUT", LOC1, b'{"anything":1}', "DEEMB")
    assert not await listed(net, net.p2)
    await say(net, "PUT", LOC1, location(), "DEEMB")
    assert (await listed(net, net.p2)).keys() == {"LOC1"}
    accepted(await net.p1.call(net.hub, "DELETE", "credentials"))
    assert not await listed(net, net.p2)


@spec("OCPI-HUB-54", "OCPI-HUB-64")
async def test_a_location_that_one_was_told_alone_is_found_by_its_id(net: OcpiNet) -> None:
    await say(net, "PUT", LOC1, location(), "DEEMB")
    net.p1.answers["POST", "commands"] = (200, envelope({"result": "ACCEPTED", "timeout": 30}), {})
    body = {"response_url": "https://p2.test/cb", "token": token(), "location_id": "LOC1"}
    answer = await net.p2.call(net.hub, "POST", "commands/receiver/START_SESSION", body, to=None)
    assert accepted(answer)["result"] == "ACCEPTED"
    theirs = {**body, "token": token(owner="FREMC")}
    answer = await net.p3.call(net.hub, "POST", "commands/receiver/START_SESSION", theirs, to=None)
    assert answer.json()["status_code"] == 2003


@spec("OCPI-HUB-64", "OCPI-V211-12")
async def test_one_of_2_1_1_is_shown_what_it_was_told_alone() -> None:
    async with TestHub.open([OCPI]) as hub:
        p1 = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        e = await OldPartner("e.test", "EMSP", "IT", "EME").join(hub)
        accepted(await p1.call(hub, "PUT", LOC1, location(), to="ITEME"))
        (told,) = accepted(await e.ask(hub, "GET", "locations"))
        assert told == e.seen("PUT", "locations")[-1].json


@spec("OCPI-HUB-64")
async def test_what_another_process_took_is_seen_a_second_later(net: OcpiNet) -> None:
    assert not await listed(net, net.p2)
    await say(net, "PUT", LOC1, location(), "DEEMB")
    (record,) = [one for one in net.hub.storage.records.held.values() if one.reader]
    assert (await listed(net, net.p2)).keys() == {"LOC1"}
    await net.hub.storage.records.remove([record], events=[])
    assert not await listed(net, net.p2)
    await net.hub.storage.records.save(record, events=[])
    net.hub.clock.advance(1)
    assert (await listed(net, net.p2)).keys() == {"LOC1"}
