"""Looking for stations at the admin API and on the dashboard."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from protocols.ocpi.plugin import PLUGIN
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import cast, connector, evse, location
from tests.flows.test_dashboard_pages import page
from tests.flows.test_sights import Admin

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated inferred style")
HERE = "52.08950,5.11040"


@pytest.fixture
async def hub() -> AsyncIterator[TestHub]:
    async with TestHub.open([PLUGIN]) as found:
        p1, _, p3 = cast()
        fast = connector(id="2", standard="IEC_62196_T2_COMBO", power_type="DC", max_electric_power=150_000)
        near = location(name="<b>Near</b>", evses=[evse("E1", status="CHARGING"), evse("E2", connectors=[fast])])
        far = location("FAR", coordinates={"latitude": "52.18950", "longitude": "5.11040"})
        theirs = location("LOC3", "FRCPC", evses=[evse(evse_id="FR*CPC*E1")])
        for partner, path, body in ((p1, "NL/CPA/LOC1", near), (p1, "NL/CPA/FAR", far), (p3, "FR/CPC/LOC3", theirs)):
            if partner.token_c is None:
                await partner.join(found)
            sender = path[:2] + path[3:6]
            answer = await partner.call(found, "PUT", f"locations/receiver/{path}", body, sender=sender)
            assert answer.status_code == 201, answer.text
        yield found


async def search(hub: TestHub, answer: int = 200, **query: Any) -> Any:
    return await Admin(hub).get(f"stations?{urlencode(query, doseq=True)}", answer)


async def test_a_station_is_found_with_what_was_looked_for(hub: TestHub) -> None:
    found = await search(hub, near=HERE, standard="IEC_62196_T2_COMBO", min_power_w=100_000, status="AVAILABLE")
    assert (found["total"], found["offset"], found["limit"]) == (1, 0, 50)
    (station,) = found["items"]
    assert (station["owner"], station["id"], station["distance_m"]) == ("NLCPA", "LOC1", 0)
    assert (station["latitude"], station["longitude"]) == ("52.08950", "5.11040")
    (point,) = station["evses"]
    assert (point["uid"], point["evse_id"], point["connectors"][0]["power_w"]) == ("E2", "NL*CPA*EE2", 150_000)


async def test_all_filters_narrow(hub: TestHub) -> None:
    async def ids(**query: Any) -> list[str]:
        return [one["id"] for one in (await search(hub, **query))["items"]]

    assert await ids(near=HERE) == ["LOC3", "LOC1"]
    assert await ids(near=HERE, radius_m=20_000) == ["LOC3", "LOC1", "FAR"]
    assert await ids(operator="FR*CPC") == ["LOC3"]
    assert await ids(near=HERE, radius_m=20_000, offset=2) == ["FAR"]
    assert await ids(status=["CHARGING", "OUTOFORDER"]) == ["LOC1"]
    assert sorted(await ids(min_power_w=22_080)) == ["FAR", "LOC1", "LOC3"]
    assert await ids(min_power_w=22_081) == ["LOC1"]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"near": "52"}, "$.near"),
        ({"near": "91,0"}, "$.near"),
        ({"near": "0,180.1"}, "$.near"),
        ({"near": "nan,inf"}, "$.near"),
        ({"near": "a,b"}, "$.near"),
        ({"near": HERE, "radius_m": 0}, "$.radius_m"),
        ({"near": HERE, "radius_m": 10**9}, "$.radius_m"),
        ({"operator": "?"}, "$.operator"),
        ({"status": "FREE"}, "$.status"),
        ({"min_power_w": "much"}, "$.min_power_w"),
        ({"standard": "x" * 65}, "$.standard"),
    ],
)
async def test_a_wrong_question_names_the_parameter(hub: TestHub, query: dict[str, Any], path: str) -> None:
    assert (await search(hub, 400, **query))["error"]["path"] == path


async def test_the_page_has_a_form_and_what_is_found(hub: TestHub) -> None:
    shown = (await page(hub, f"/stations?near={quote(HERE)}&operator=NL*CPA&min_kw=100&status=AVAILABLE")).text
    assert "Stations, 1 of 1" in shown
    assert "&lt;b&gt;Near&lt;/b&gt;" in shown
    assert "IEC_62196_T2_COMBO 150 kW" in shown
    assert "1 AVAILABLE" in shown
    assert f"value='{HERE}'" in shown
    assert "http-equiv=refresh" not in shown
    assert "Stations, 3 of 3" in (await page(hub, "/stations")).text


@pytest.mark.parametrize(
    "query", ["near=<script>", "radius_m=-1", "min_kw=1e9", "operator=<b>", "radius_m=99999999999"]
)
async def test_a_wrong_form_is_shown_again_with_what_is_wrong(hub: TestHub, query: str) -> None:
    shown = (await page(hub, f"/stations?{query}")).text
    assert "<p class=bad>" in shown
    assert "<script>" not in shown
