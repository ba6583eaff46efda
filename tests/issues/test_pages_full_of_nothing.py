"""A page of millions of tiny items took gigabytes of memory, for a list that is passed back as well as for a feed."""

import pytest

from core.errors import Uncertain
from protocols.ocpi import codec
from protocols.ocpi.plugin import PLUGIN
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, envelope, location


def test_an_array_is_counted_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "MOST_COMMAS", 3)
    assert codec.items(b"[1,2,3,4]") == (b"1", b"2", b"3", b"4")
    with pytest.raises(ValueError, match="3 commas"):
        codec.items(b"[1,2,3,4,5]")


async def test_such_a_page_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    async with TestHub.open([PLUGIN]) as hub:
        p1 = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        old = await OcpiPartner("p4.test", ("EMSP", "AT", "EMD"), version="2.2.1").join(hub)
        entry = next(held for held in hub.storage.partners.held.values() if held.name == "p1.test")
        p1.answers["GET", "locations"] = (200, envelope([0] * 50), {})
        monkeypatch.setattr(codec, "MOST_COMMAS", 40)
        with pytest.raises(Uncertain):
            await hub.following.run(entry.id, "locations")
        answer = await old.call(hub, "GET", "locations/sender", to="NLCPA")
        assert answer.json()["status_code"] == 4000
        report = await PLUGIN.check(hub.hub, entry)
        assert any("40 commas" in detail for found in report.findings for detail in found.details)


@pytest.mark.parametrize("length", [4000, 5000])
async def test_next_links_and_ids_of_any_length_are_not_remembered(length: int) -> None:
    async with TestHub.open([PLUGIN]) as hub:
        p1 = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        (entry,) = hub.storage.partners.held.values()
        pages = [
            (200, envelope([location("LOC1"), location("x" * 10_000)]), {"link": f"</2?{'x' * length}>; rel=next"}),
            (200, envelope([]), {}),
        ]
        p1.answers["GET", "locations"] = lambda _: pages.pop(0)
        p1.answers["GET", "2"] = lambda _: pages.pop(0)
        if length > 4096:
            with pytest.raises(Uncertain, match="next link"):
                await hub.following.run(entry.id, "locations")
        else:
            state = await hub.following.run(entry.id, "locations")
            assert (state.counts.pages, state.counts.taken, [held.key for held in state.held]) == (2, 1, [None])
