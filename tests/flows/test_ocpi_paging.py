"""OCPI: pages of every list endpoint."""

import re
from typing import Any

import httpx
import pytest

from core.model.location import LocationQuery
from tests.flows.conftest import OcpiNet
from tests.flows.ocpi_2_1_1_partner import OldPartner
from tests.flows.ocpi_partner import cdr, location, session, tariff, token

spec = pytest.mark.spec
LISTS = ("locations", "tariffs", "tokens", "sessions", "cdrs")
START = "2026-01-15T12:00:00Z"


def stamp(number: int) -> str:
    return f"2026-01-15T12:00:{number:02}Z"


async def filled(net: OcpiNet, module: str, count: int = 25) -> str:
    """Puts objects with rising times into the hub; gives back the path of the list as a reader asks for it."""
    make: Any = {"locations": location, "tariffs": tariff, "sessions": session, "cdrs": cdr, "tokens": token}[module]
    for number in range(count):
        await put(net, module, make(f"X{number:02}", last_updated=stamp(number)))
    return f"{module}/sender?" + ("date_from=2026-01-01T00:00:00Z&" if module == "sessions" else "")


async def put(net: OcpiNet, module: str, body: dict[str, Any]) -> None:
    net.hub.clock.advance(0.001)
    name = body.get("uid") or body["id"]
    if module == "cdrs":
        answer = await net.p1.call(net.hub, "POST", "cdrs/receiver", body, to="DEEMB")
    elif module == "tokens":
        answer = await net.p2.call(net.hub, "PUT", f"tokens/receiver/DE/EMB/{name}", body)
    else:
        to = "DEEMB" if module == "sessions" else "NLHUB"
        answer = await net.p1.call(net.hub, "PUT", f"{module}/receiver/NL/CPA/{name}", body, to=to)
    assert answer.is_success, answer.text


async def get(net: OcpiNet, path: str) -> httpx.Response:
    reader = net.p1 if path.split("/ocpi/2.3.0/")[-1].startswith("tokens") else net.p2
    return await reader.call(net.hub, "GET", path)


def names(answer: httpx.Response) -> list[str]:
    return [one.get("uid") or one["id"] for one in answer.json()["data"]]


def following(answer: httpx.Response) -> str | None:
    link = answer.headers.get("link")
    if link is None:
        return None
    match = re.fullmatch(r'<(https://hub\.test)(/[^>]*)>; rel="next"', link)
    assert match
    return match[2]


@spec("OCPI-TRP-55", "OCPI-TRP-56")
@spec(
    "OCPI-PAG-01", "OCPI-PAG-04", "OCPI-PAG-05", "OCPI-PAG-06", "OCPI-PAG-07", "OCPI-PAG-08", "OCPI-PAG-11",
    "OCPI-PAG-10", "OCPI-TRN-48", "OCPI-HUB-61", "OCPI-HUB-63",
)  # fmt: skip
@pytest.mark.parametrize("module", LISTS)
async def test_a_crawl(net: OcpiNet, module: str) -> None:
    path: str | None = await filled(net, module) + "limit=10"
    first = path
    found: list[str] = []
    sizes: list[int] = []
    while path:
        answer = await get(net, path)
        assert names(await get(net, path)) == names(answer)
        assert answer.headers["x-total-count"] == "25"
        assert answer.headers["x-limit"] == "10"
        assert answer.headers["ocpi-from-party-id"] == "HUB"
        found += names(answer)
        sizes.append(len(names(answer)))
        path = following(answer)
    assert sizes == [10, 10, 5]
    assert found == [f"X{number:02}" for number in range(25)]
    beyond = await get(net, f"{first}&offset=9999")
    assert (beyond.json()["status_code"], names(beyond), beyond.headers["x-total-count"]) == (1000, [], "25")
    assert "link" not in beyond.headers
    assert len(names(await get(net, str(first).replace("limit=10", "")))) == 25


@spec("OCPI-PAG-02", "OCPI-PAG-03", "OCPI-PAG-13", "OCPI-PAG-01")
@pytest.mark.parametrize("module", LISTS)
async def test_dates(net: OcpiNet, module: str) -> None:
    path = (await filled(net, module, 6)).partition("?")[0]
    answer = await get(net, f"{path}?date_from={stamp(2)}&date_to={stamp(4)}")
    assert names(answer) == ["X02", "X03"]
    assert answer.headers["x-total-count"] == "2"
    for until in (stamp(2), stamp(1)):
        empty = await get(net, f"{path}?date_from={stamp(2)}&date_to={until}")
        assert (empty.json()["status_code"], names(empty), empty.headers["x-total-count"]) == (1000, [], "0")
        assert "link" not in empty.headers


@spec("OCPI-PAG-23")
async def test_dates_mean_the_same_in_2_1_1(net: OcpiNet) -> None:
    """It says "after" and "before"."""
    reader = await OldPartner("p5.test", "EMSP", "IT", "EME").join(net.hub)
    await filled(net, "locations", 6)
    path = reader.links["locations"]
    answer = await reader.ask(net.hub, "GET", f"{path}?date_from={stamp(2)}&date_to={stamp(4)}")
    assert names(answer) == ["X02", "X03"]


@spec("OCPI-TRP-56")
@spec("OCPI-PAG-08", "OCPI-PAG-16", "OCPI-TRN-55")
async def test_the_next_link_keeps_everything(net: OcpiNet) -> None:
    path = await filled(net, "locations", 5)
    answer = await get(net, f"{path}foo=a%26b%20c&date_from={START}&limit=2&offset=1&date_to=2026-02-01T00:00:00Z")
    assert names(answer) == ["X01", "X02"]
    link = httpx.URL(following(answer) or "")
    assert dict(link.params) == {
        "foo": "a&b c",
        "date_from": START,
        "date_to": "2026-02-01T00:00:00Z",
        "limit": "2",
        "offset": "3",
        "after": link.params["after"],
    }
    assert link.params["after"].endswith("/NLCPA/X02")


@spec("OCPI-PAG-06")
async def test_the_limit_of_the_server(net: OcpiNet) -> None:
    path = await filled(net, "locations", 3)
    assert (await get(net, path + "limit=2000")).headers["x-limit"] == "100"


@spec("OCPI-PAG-12", "OCPI-STC-04")
@pytest.mark.parametrize("module", [*LISTS, "hubclientinfo"])
@pytest.mark.parametrize(
    "wrong",
    [
        "offset=-1", "offset=x", "offset=1.5", "offset=", "offset=99999999999999999999999", "offset=%C2%B2", "limit=0",
        "limit=-3", "limit=ten", "date_from=yesterday", "date_from=2026-01-01", "date_to=2026-01-01T00:00:00%2B00:00",
        "date_to=2026-02-30T00:00:00Z",
    ],
)  # fmt: skip
async def test_bad_parameters(net: OcpiNet, module: str, wrong: str) -> None:
    path = "hubclientinfo" if module == "hubclientinfo" else f"{module}/sender"
    answer = await get(net, f"{path}?{wrong}")
    assert (answer.status_code, answer.json()["status_code"]) == (200, 2001)
    assert wrong.partition("=")[0] in answer.json()["status_message"]


@spec("OCPI-PAG-14")
@pytest.mark.parametrize("form", ["2026-01-15T12:00:03Z", "2026-01-15T12:00:03", "2026-01-15T12:00:03.000Z"])
async def test_forms_of_a_date(net: OcpiNet, form: str) -> None:
    path = await filled(net, "locations", 5)
    assert names(await get(net, f"{path}date_from={form}")) == ["X03", "X04"]


@spec("OCPI-HUB-56")
@pytest.mark.parametrize("module", LISTS)
async def test_a_list_without_to(net: OcpiNet, module: str) -> None:
    answer = await net.p2.call(net.hub, "GET", f"{module}/sender?date_from={START}", to=None)
    assert (answer.status_code, answer.json()["status_code"]) == (200, 2001)


@spec("OCPI-HUB-56")
async def test_a_list_without_to_by_the_partners_own_switch(net: OcpiNet) -> None:
    await net.p2.call(net.hub, "DELETE", "credentials", to=None)
    document = {**net.p2.document(), "name": "again", "ocpi": {"list_without_to": True}}
    old = next(x for x in net.hub.storage.partners.held.values() if x.name == "p2.test")
    await net.hub.hub.partners.remove(old.id)
    _, shown = await net.hub.add(document)
    from tests.flows.ocpi_partner import call

    answer = await call(net.hub, "POST", "credentials", token=shown["token_a"], body=net.p2.credentials())
    net.p2.token_c = answer.json()["data"]["token"]
    assert (await net.p2.call(net.hub, "GET", "locations/sender", to=None)).json()["status_code"] == 1000


@spec("OCPI-PAG-09", "OCPI-TRP-57")
@pytest.mark.parametrize("module", LISTS)
async def test_what_comes_or_changes_during_a_crawl_shifts_no_page(net: OcpiNet, module: str) -> None:
    """New objects are last, however old they say they are; changed ones stay where they were."""
    first = await get(net, await filled(net, module, 12) + "limit=5")
    make: Any = {"locations": location, "tariffs": tariff, "sessions": session, "cdrs": cdr, "tokens": token}[module]
    changed = () if module == "cdrs" else (("X01", stamp(50)), ("X07", stamp(51)))
    for name, at in (*changed, ("N00", "2026-01-15T11:00:00Z")):
        await put(net, module, make(name, last_updated=at))
    found, path = names(first), following(first)
    while path:
        answer = await get(net, path)
        assert answer.headers["x-total-count"] == "13"
        found, path = found + names(answer), following(answer)
    assert found == [*(f"X{number:02}" for number in range(12)), "N00"]


@pytest.mark.parametrize("after", ["", "x", "5", "x/NLCPA/X01", "-1/NLCPA/X01", "/NLCPA/X01", "9" * 30 + "/X"])
async def test_a_next_link_that_was_altered(net: OcpiNet, after: str) -> None:
    answer = await get(net, await filled(net, "locations", 1) + f"after={after}")
    assert (answer.status_code, answer.json()["status_code"]) == (200, 2001)
    assert "after" in answer.json()["status_message"]


async def test_an_encoded_page_is_kept_until_something_changes(net: OcpiNet, monkeypatch: pytest.MonkeyPatch) -> None:
    path = await filled(net, "locations", 5)
    asked: list[LocationQuery] = []
    page_keys = net.hub.storage.locations.page_keys

    async def counted(query: LocationQuery) -> Any:
        asked.append(query)
        return await page_keys(query)

    monkeypatch.setattr(net.hub.storage.locations, "page_keys", counted)
    for _ in range(3):
        assert len(names(await get(net, path))) == 5
    assert len(asked) == 1
    await net.p1.call(
        net.hub, "PATCH", "locations/receiver/NL/CPA/X02/E1", {"status": "BLOCKED", "last_updated": stamp(59)}
    )
    answer = await get(net, path)
    assert len(asked) == 2
    assert [one["evses"][0]["status"] for one in answer.json()["data"]].count("BLOCKED") == 1
    net.hub.storage.locations.watched = False
    await get(net, path)
    await get(net, path)
    assert len(asked) == 4
