"""OCPI: tariffs."""

from typing import Any

import httpx
import pytest

from tests.flows.conftest import OcpiNet
from tests.flows.ocpi_partner import connector, evse, location, tariff

spec = pytest.mark.spec
PATH = "tariffs/receiver/NL/CPA/T1"
T1 = "2026-01-15T12:01:00Z"


async def put(net: OcpiNet, body: Any = None, path: str = PATH) -> httpx.Response:
    return await net.p1.call(net.hub, "PUT", path, tariff() if body is None else body)


async def shown(net: OcpiNet) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await net.p2.call(net.hub, "GET", "tariffs/sender")).json()["data"]
    return found


def codes(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["status_code"]


@spec("OCPI-TAR-01", "OCPI-COP-03", "OCPI-COP-04", "OCPI-HUB-36", "OCPI-HUB-37")
async def test_put_creates_and_replaces_and_is_told(net: OcpiNet) -> None:
    assert codes(await put(net, tariff(tariff_alt_url="https://cpa.example/t"))) == (201, 1000)
    assert codes(await put(net, tariff(last_updated=T1))) == (200, 1000)
    assert await shown(net) == [tariff(last_updated=T1)]
    await net.relay()
    copies = net.p2.seen("PUT", "tariffs") + net.p3.seen("PUT", "tariffs")
    assert {copy.party("to") for copy in copies} == {"DEEMB", "FREMC", "FRNSC"}
    assert {copy.party("from") for copy in copies} == {"NLHUB"}
    assert {copy.path for copy in copies} == {f"/2.3.0/{PATH}"}
    assert (await net.p1.call(net.hub, "PATCH", PATH, tariff())).status_code == 405


@spec("OCPI-TAR-02")
async def test_no_single_tariff_for_readers(net: OcpiNet) -> None:
    await put(net)
    assert (await net.p2.call(net.hub, "GET", "tariffs/sender/T1")).status_code == 404
    assert (await net.p1.call(net.hub, "GET", PATH)).json()["data"] == tariff()


@spec("OCPI-TAR-03", "OCPI-COP-19")
async def test_delete_is_told(net: OcpiNet) -> None:
    await put(net)
    await net.relay()
    net.p3.answers["DELETE", "tariffs"] = (404, {"status_code": 2001, "timestamp": T1}, {})
    assert codes(await net.p1.call(net.hub, "DELETE", PATH)) == (200, 1000)
    assert await shown(net) == []
    settled = await net.hub.relay()
    assert {delivery.state for delivery in settled} == {"DELIVERED"}
    copies = net.p2.seen("DELETE", "tariffs") + net.p3.seen("DELETE", "tariffs")
    assert sorted(copy.party("to") or "" for copy in copies) == ["DEEMB", "FREMC", "FRNSC"]


@spec("OCPI-TAR-05")
async def test_a_tariff_that_goes_while_connectors_name_it(net: OcpiNet, caplog: pytest.LogCaptureFixture) -> None:
    plug = {**connector(), "tariff_ids": ["T1"]}
    for name, tariff_ids in (("LOC1", ["T1"]), ("LOC2", ["T2"])):
        place = location(name, evses=[evse(connectors=[{**plug, "tariff_ids": tariff_ids}])])
        assert (await net.p1.call(net.hub, "PUT", f"locations/receiver/NL/CPA/{name}", place)).is_success
    await put(net)
    caplog.clear()
    assert codes(await net.p1.call(net.hub, "DELETE", PATH)) == (200, 1000)
    (said,) = [record.getMessage() for record in caplog.records if "is gone" in record.getMessage()]
    assert "1 locations name it: 'LOC1'" in said


@spec("OCPI-TAR-04")
async def test_delete_of_what_is_not_held_is_404(net: OcpiNet) -> None:
    assert codes(await net.p1.call(net.hub, "DELETE", "tariffs/receiver/NL/CPA/NOPE")) == (404, 2001)
    assert codes(await net.p1.call(net.hub, "DELETE", "tariffs/receiver/FR/CPC/T1")) == (404, 2001)
    assert not net.hub.storage.outbox.events


@spec("OCPI-TRP-41")
@spec("OCPI-TAR-07", "OCPI-TAR-08", "OCPI-TAR-12")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"tax_included": None}, 2001),
        ({"tax_included": "NA"}, 2001),
        ({"tax_included": "N/A"}, 1000),
        ({"min_price": {"after_taxes": 1.0}}, 2001),
        ({"min_price": {"before_taxes": 1.0, "after_taxes": 1.21}}, 1000),
        ({"max_price": {"before_taxes": 9.0}}, 1000),
        ({"elements": [{"price_components": [{"type": "FLAT", "step_size": 1}]}]}, 2001),
        ({"elements": [{"price_components": [{"type": "FLAT", "price": "0", "step_size": 1}]}]}, 2001),
        ({"elements": []}, 2001),
    ],
)
async def test_prices(net: OcpiNet, changes: dict[str, Any], code: int) -> None:
    answer = await put(net, tariff(**changes))
    assert answer.json()["status_code"] == code
    if code == 1000:
        assert await shown(net) == [tariff(**changes)]


@spec("OCPI-TRP-65", "OCPI-TRP-68")
@spec(
    "OCPI-TAR-09", "OCPI-TAR-10", "OCPI-TAR-11", "OCPI-TAR-12", "OCPI-TAR-13", "OCPI-TAR-14", "OCPI-TAR-15",
    "OCPI-TAR-16", "OCPI-TAR-17", "OCPI-TAR-18", "OCPI-TAR-19",
)  # fmt: skip
async def test_a_tariff_passes_as_it_is(net: OcpiNet) -> None:
    limits = {"start_time": "22:00", "end_time": "00:00", "start_date": "2026-01-01", "end_date": "2027-01-01"}
    body = tariff(
        elements=[
            {"price_components": [{"type": "TIME", "price": 2.001, "step_size": 300}], "restrictions": limits},
            {
                "price_components": [{"type": "FLAT", "price": 0.0, "step_size": 0}],
                "restrictions": {"reservation": "RESERVATION_EXPIRES"},
            },
            {"price_components": [{"type": "ENERGY", "price": 0.12345, "vat": 20.0, "step_size": 1}]},
        ],
        tariff_alt_text=[{"language": "en", "text": "one"}, {"language": "nl", "text": "een"}],
        preauthorize_amount=50.5,
        start_date_time="2026-01-01T00:00:00Z",
        end_date_time="2026-12-31T23:59:59Z",
    )
    await put(net, body)
    await net.relay()
    for data in (net.p2.seen("PUT", "tariffs")[0].json, (await shown(net))[0]):
        assert data == body


async def test_older_changes_nothing(net: OcpiNet) -> None:
    await put(net, tariff(last_updated=T1))
    assert codes(await put(net, tariff(currency="USD"))) == (200, 1000)
    assert await shown(net) == [tariff(last_updated=T1)]


@spec("OCPI-COP-05", "OCPI-COP-06", "OCPI-COP-07")
async def test_whose_it_is(net: OcpiNet) -> None:
    assert codes(await put(net, tariff("T2"))) == (200, 2001)
    assert codes(await put(net, tariff(owner="BECPA"))) == (200, 2001)
    assert codes(await put(net, tariff(owner="FRCPC"), "tariffs/receiver/FR/CPC/T1")) == (404, 2001)
    assert await shown(net) == []
