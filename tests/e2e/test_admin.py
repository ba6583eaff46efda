"""What the operator of a running hub sees and does: the admin API, the dashboard, health and figures."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families
from pymongo import AsyncMongoClient

from core.model.ids import PartyId
from gateway.simulator.access import Admin, partner_document
from tests.e2e.hub_fixture import HubProcess, Town, town, until
from tests.e2e.test_kill import drives

pytestmark = pytest.mark.server

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest_asyncio.fixture(scope="module")
async def web(hub: HubProcess) -> AsyncIterator[httpx.AsyncClient]:
    """Without the admin key."""
    async with httpx.AsyncClient(base_url=hub.base_url, trust_env=False, timeout=20) as client:
        yield client


@pytest_asyncio.fixture(scope="module")
async def networks(hub: HubProcess, web: httpx.AsyncClient, admin: Admin) -> AsyncIterator[Town]:
    """Four networks between which something has flowed."""
    async with town(hub) as found:
        for drive in drives(found):
            await drive.authorise()
            await drive.charging.begin()
            await drive.charging.end()
            await drive.charging.bill()
            await drive.arrives(admin)
        yield found


async def partner_of(admin: Admin, name: str) -> dict[str, Any]:
    return next(one for one in await admin.call("GET", "/partners") if one["name"] == name)


async def test_the_schema_is_of_the_admin_routes_alone(web: httpx.AsyncClient) -> None:
    """It may be read without the key, as the source may."""
    for path in ("/admin/api/schema", "/admin/api/schema/openapi.json"):
        answer = await web.get(path)
        assert answer.headers["content-type"].startswith("application/")
    schema = answer.json()
    assert schema["openapi"].startswith("3.")
    assert all(path.startswith("/admin/api/") for path in schema["paths"])
    assert {path.removeprefix("/admin/api") for path in schema["paths"]} >= {
        "/partners",
        "/partners/{partner_id}",
        "/partners/{partner_id}/exchanges",
        "/deliveries",
        "/deliveries/{delivery_id}/replay",
        "/cdrs",
        "/cdrs/{owner}/{cdr_id}/replay",
        "/counts",
    }
    for reference in re.findall(r'"\$ref":"#/components/schemas/([^"]+)"', answer.text):
        assert reference in schema["components"]["schemas"]


@pytest.mark.parametrize("key", [None, "Bearer wrong", "Basic wrong", "Bearer", "Token x"])
async def test_every_admin_route_asks_for_the_key(web: httpx.AsyncClient, key: str | None) -> None:
    paths = (await web.get("/admin/api/schema/openapi.json")).json()["paths"]
    headers = {} if key is None else {"authorization": key}
    for path, operations in paths.items():
        for method in operations:
            answer = await web.request(method, re.sub(r"\{[^}]+\}", UNKNOWN, path), headers=headers)
            assert answer.status_code == 401, (method, path)
            assert answer.json()["error"]["path"] == "$"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": ""}, "$.name"),
        ({"name": "x" * 101}, "$.name"),
        ({"name": 3}, "$.name"),
        ({"protocol": "smoke"}, "$.protocol"),
        ({"protocol": None}, "$.protocol"),
        ({"roles": []}, "$.roles"),
        ({"roles": ["CPO"]}, "$.roles[0]"),
        ({"roles": [{"role": "KING", "country_code": "FR", "party_id": "BAD"}]}, "$.roles[0].role"),
        ({"roles": [{"role": "CPO", "country_code": "FRA", "party_id": "BAD"}]}, "$.roles[0]"),
        ({"roles": [{"role": "CPO", "country_code": "FR", "party_id": "TOOLONG"}]}, "$.roles[0]"),
        ({"open_to": "all"}, "$.open_to"),
        ({"open_to": ["?"]}, "$.open_to[0]"),
        ({"tariff": {"id": "x"}}, "$.tariff"),
    ],
)
async def test_a_wrong_document_names_the_member(
    web: httpx.AsyncClient, hub: HubProcess, admin: Admin, change: dict[str, Any], path: str
) -> None:
    before = await admin.call("GET", "/partners")
    document = partner_document("Wrong", "ocpi", PartyId("FR", "BAD"), "CPO") | change
    headers = {"authorization": f"Bearer {hub.state['admin_key']}"}
    answer = await web.post("/admin/api/partners", json=document, headers=headers)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["path"].startswith(path), answer.text
    assert await admin.call("GET", "/partners") == before


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 10_000])
async def test_what_is_no_document(web: httpx.AsyncClient, hub: HubProcess, body: bytes) -> None:
    headers = {"authorization": f"Bearer {hub.state['admin_key']}"}
    answer = await web.post("/admin/api/partners", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["path"]) == (400, "$")


async def test_what_is_not_there_is_404(web: httpx.AsyncClient, hub: HubProcess) -> None:
    headers = {"authorization": f"Bearer {hub.state['admin_key']}"}
    for method, path in (
        ("GET", f"partners/{UNKNOWN}"),
        ("GET", f"partners/{UNKNOWN}/exchanges"),
        ("POST", f"partners/{UNKNOWN}/suspend"),
        ("POST", f"partners/{UNKNOWN}/resume"),
        ("DELETE", f"partners/{UNKNOWN}"),
        ("GET", f"deliveries/{UNKNOWN}"),
        ("POST", f"deliveries/{UNKNOWN}/replay"),
        ("GET", "cdrs/FRXXX/none"),
        ("POST", "cdrs/FRXXX/none/replay"),
        ("GET", "nothing"),
    ):
        answer = await web.request(method, f"/admin/api/{path}", headers=headers)
        assert answer.status_code == 404, (method, path)
        assert answer.json()["error"]["reason"]
    for query in ("limit=0", "limit=501", "offset=-1", "state=SAD", "limit=x"):
        answer = await web.get(f"/admin/api/deliveries?{query}", headers=headers)
        assert answer.status_code == 400, query
        assert answer.json()["error"]["path"] == f"$.{query.partition('=')[0]}"


async def test_the_same_party_twice_is_refused(hub: HubProcess, admin: Admin, web: httpx.AsyncClient) -> None:
    document = partner_document("Once", "oicp", PartyId("DE", "TWC"), "CPO", operator_id="DE*TWC")
    given = await admin.add(document)
    hub.secrets.append(given["api_key"])
    headers = {"authorization": f"Bearer {hub.state['admin_key']}"}
    answer = await web.post("/admin/api/partners", json=document, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["path"].startswith("$.roles")
    await admin.call("DELETE", f"/partners/{given['id']}")


async def test_exchanges_are_the_partners_own(admin: Admin, networks: Town) -> None:
    """Both directions, with the protocol's own code; the journal is written within a second."""
    for network, inbound, outbound in (
        (networks.ocpi_cpo, "PATCH", None),
        (networks.ocpi_emsp, "POST", "POST CDR"),
        (networks.oicp_cpo, "POST", None),
        (networks.oicp_emp, None, "ChargeDetailRecord"),
    ):
        partner = await partner_of(admin, network.name)
        await asyncio.sleep(0.6)
        page = await admin.call("GET", f"/partners/{partner['id']}/exchanges", limit=500)
        assert page["total"] == len(page["items"]) > 0
        assert {one["partner"] for one in page["items"]} == {partner["id"]}
        times = [one["at"] for one in page["items"]]
        assert times == sorted(times, reverse=True)
        if inbound:
            assert any(one["inbound"] and one["method"] == inbound and one["code"] for one in page["items"]), (
                network.name
            )
        if outbound:
            told = [one["operation"] for one in page["items"] if not one["inbound"]]
            assert any(outbound.lower() in operation.lower() for operation in told), told


async def test_counts_deliveries_and_pages(admin: Admin, networks: Town) -> None:
    counts = await admin.call("GET", "/counts")
    emsp = await partner_of(admin, networks.ocpi_emsp.name)
    assert counts["deliveries"][emsp["id"]]["DELIVERED"] > 0
    assert counts["cdrs"]["DELIVERED"] >= 4
    assert counts["outbox_age_s"] >= 0
    page = await admin.call("GET", "/deliveries", partner=emsp["id"], state="DELIVERED", limit=2)
    assert len(page["items"]) == 2 <= page["total"]
    one = await admin.call("GET", f"/deliveries/{page['items'][0]['id']}")
    assert one == page["items"][0]
    assert one["attempts"][0]["error"] is None
    found = await admin.call("GET", "/cdrs", recipient=emsp["id"], state="DELIVERED")
    assert {entry["recipient"] for entry in found["items"]} == {emsp["id"]}
    entry = found["items"][0]
    assert await admin.call("GET", f"/cdrs/{entry['owner']}/{entry['id']}") == entry


async def test_a_missed_delivery_is_replayed(admin: Admin, networks: Town) -> None:
    emsp, cpo, point = networks.ocpi_emsp, networks.ocpi_cpo, networks.ocpi_operator.points[2]
    partner = await partner_of(admin, emsp.name)
    await emsp.switch_off()
    await cpo.patch_evse(point.station_id, point.evse_id, "OUTOFORDER")
    missed: list[dict[str, Any]] = []
    async with asyncio.timeout(30):
        while not missed:
            found = await admin.call("GET", "/deliveries", partner=partner["id"], state="MISSED")
            missed = [one for one in found["items"] if one["part"] == point.evse_id]
    assert missed[0]["attempts"][0]["error"]
    assert (await partner_of(admin, emsp.name))["state"] == "OFFLINE"
    await emsp.switch_on()
    replayed = await admin.call("POST", f"/deliveries/{missed[0]['id']}/replay")
    assert replayed["state"] in ("PENDING", "DELIVERED")

    def told() -> bool:
        evses = (evse for place in emsp.theirs["locations"].values() for evse in place["evses"])
        return any(evse["uid"] == point.evse_id and evse["status"] == "OUTOFORDER" for evse in evses)

    await until(told, "the eMSP hears of it")
    async with asyncio.timeout(20):
        while (await admin.call("GET", f"/deliveries/{missed[0]['id']}"))["state"] != "DELIVERED":  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        while (await partner_of(admin, emsp.name))["state"] != "CONNECTED":  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_a_refused_cdr_is_shown_and_replayed(admin: Admin, networks: Town, web: httpx.AsyncClient) -> None:
    emsp = networks.ocpi_emsp
    drive = drives(networks)[0]
    assert drive.home is emsp
    await drive.authorise()
    emsp.refusing = True
    await drive.charging.bill()
    path = f"/cdrs/{networks.ocpi_cpo.party.key}/{drive.visit.id}"
    await reaches(admin, path, "REFUSED")
    assert "we agreed on another price" in (await admin.call("GET", path))["last_error"]
    page = (await web.get("/")).text
    assert drive.visit.id.upper() in page.upper()
    assert "we agreed on another price" in page
    emsp.refusing = False
    await admin.call("POST", f"{path}/replay")
    await reaches(admin, path, "DELIVERED")
    assert len(await drive.bills()) == 1


async def reaches(admin: Admin, path: str, state: str, patience_s: float = 40) -> dict[str, Any]:
    try:
        async with asyncio.timeout(patience_s):
            while True:
                entry: dict[str, Any] = await admin.call("GET", path)
                if entry["state"] == state:
                    return entry
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(f"{path} is {entry['state']}, not {state}: {entry['last_error']}")


async def test_the_dashboard(web: httpx.AsyncClient, networks: Town) -> None:
    answer = await web.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    for network in networks.everybody:
        assert network.name in answer.text
    assert not re.search(r"<script|https?://(?!127)", answer.text)


async def test_metrics(web: httpx.AsyncClient, admin: Admin, networks: Town) -> None:
    await asyncio.sleep(1.5)
    families = {family.name: family for family in text_string_to_metric_families((await web.get("/metrics")).text)}
    emsp = (await partner_of(admin, networks.ocpi_emsp.name))["id"]
    told = {
        (sample.labels["operation"], sample.labels["outcome"]): sample.value
        for sample in families["chargesphere_deliveries"].samples
        if sample.labels["partner"] == emsp and sample.labels["protocol"] == "ocpi"
    }
    assert told[("EVSE_STATUS_CHANGED", "DELIVERED")] > 0
    calls = [s for s in families["chargesphere_call_seconds"].samples if s.labels["partner"] == emsp]
    assert {"POST CDR", "POST authorize"} <= {sample.labels["operation"] for sample in calls}
    requests = families["chargesphere_request_seconds"].samples
    assert {"ocpi", "oicp", "hub"} <= {sample.labels["protocol"] for sample in requests}
    assert families["chargesphere_outbox_age_seconds"].samples[0].value >= 0
    assert families["chargesphere_cdrs_stored"].samples


async def test_not_ready_names_what_is_missing(hub: HubProcess, web: httpx.AsyncClient) -> None:
    """Redis stands still, as in a network partition."""
    assert (await web.get("/ready")).json() == {"status": "ready"}
    redis = hub.pid("redis-server")
    assert redis is not None
    os.kill(redis, signal.SIGSTOP)
    try:
        answer = await web.get("/ready")
        assert answer.status_code == 503
        assert set(answer.json()["missing"]) == {"redis"}
        assert (await web.get("/health")).status_code == 200
    finally:
        os.kill(redis, signal.SIGCONT)
    async with asyncio.timeout(20):
        while (await web.get("/ready")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_no_secret_is_shown_or_kept(
    hub: HubProcess, web: httpx.AsyncClient, admin: Admin, networks: Town
) -> None:
    """In no answer of the admin API, no page, no figure, no journal, no log, and in no document of the database."""
    shown = [(await web.get(path)).text for path in ("/", "/metrics", "/ready", "/admin/api/schema")]
    for partner in await admin.call("GET", "/partners"):
        shown.append(str(await admin.call("GET", f"/partners/{partner['id']}")))
        shown.append(str(await admin.call("GET", f"/partners/{partner['id']}/exchanges", limit=500)))
    shown += [str(await admin.call("GET", path, limit=500)) for path in ("/deliveries", "/cdrs")]
    shown += [log.read_text(errors="replace") for log in (hub.log, *(hub.data / "logs").iterdir())]
    async with AsyncMongoClient(hub.state["mongodb_url"]) as client:
        database = client["chargesphere"]
        for name in await database.list_collection_names():
            shown.append(str(await database[name].find().to_list()))
    assert len(hub.secrets) > 8
    assert not [(secret, text[:200]) for secret in hub.secrets for text in shown if secret in text]


async def test_sets_that_are_kept_by_version(web: httpx.AsyncClient, admin: Admin, hub: HubProcess) -> None:
    """What an OICP operator pushed is there by EVSE; the name of a set that nobody pushed is empty."""
    operator = partner_document("Sets", "oicp", PartyId("DE", "STS"), "CPO", operator_id="DE*STS")
    made = await admin.add(operator)
    path = "/api/oicp/evsepush/v21/operators/DE%2ASTS/status-records"
    one = {"EvseID": "DE*STS*E1", "EvseStatus": "Available"}
    body = {"ActionType": "fullLoad", "OperatorEvseStatus": {"OperatorID": "DE*STS", "EvseStatusRecord": [one]}}
    pushed = await web.post(path, json=body, headers={"authorization": f"Bearer {made['api_key']}"})
    assert pushed.json()["Result"] is True, pushed.text
    name = "oicp/loose-statuses/DESTS"
    found = await admin.call("GET", "/sets", name=name)
    assert [(item["key"], item["content"]) for item in found["items"]] == [("DESTSE1", one)]
    past = await admin.call("GET", "/sets/history", name=name, key="DESTSE1")
    assert [item["content"] for item in past["items"]] == [one]
    before = await admin.call("GET", "/sets", name=name, at="2020-01-01T00:00:00Z")
    assert before["items"] == []
