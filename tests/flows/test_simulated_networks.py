"""The simulated networks as a hub meets them: they page, they go away and come back under the same address."""

import asyncio
import base64
from typing import Any

import httpx
import pytest

from core.model.ids import PartyId
from gateway.simulator.cast import card
from gateway.simulator.network import Network, NotAsTold
from gateway.simulator.ocpi.home import OcpiHome
from gateway.simulator.oicp.home import OicpHome
from gateway.simulator.server import Answer, Request, SmallServer

PARTY = PartyId("FR", "ZZZ")
TOKEN = "token-of-the-hub"
AS_HUB = {"authorization": f"Token {base64.b64encode(TOKEN.encode()).decode()}"}


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False)


async def echo(request: Request) -> Answer:
    return Answer(200, request.body, {"x-seen": f"{request.method} {'|'.join(request.parts)} {request.query}"})


async def test_requests_are_read_as_they_were_sent() -> None:
    server = SmallServer(echo)
    await server.start()

    async def pieces() -> Any:
        for piece in (b"one ", b"two"):
            yield piece

    async with client() as caller:
        whole = await caller.put(f"{server.url}/a%2Fb/c?x=1&y=", content=b"{}")
        chunked = await caller.post(f"{server.url}/", content=pieces())
    await server.stop()
    assert (whole.content, whole.headers["x-seen"]) == (b"{}", "PUT a/b|c {'x': '1', 'y': ''}")
    assert chunked.content == b"one two"


async def test_what_is_not_http_is_refused() -> None:
    server = SmallServer(echo)
    await server.start()
    reader, writer = await asyncio.open_connection(*server.url.removeprefix("http://").split(":"))
    writer.write(b"hello\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    writer.close()
    await server.stop()


async def test_switched_off_is_refused_and_on_again_has_the_same_address() -> None:
    network = OicpHome("Zett", PARTY, "http://127.0.0.1:1")
    await network.switch_on()
    url = network.url
    async with client() as caller:
        assert (await caller.post(f"{url}/nothing")).status_code == 404
        await network.switch_off()
        with pytest.raises(httpx.ConnectError):
            await caller.post(f"{url}/nothing")
        await network.switch_on()
        assert (await caller.post(f"{url}/nothing")).status_code == 404
    assert network.url == url
    await network.close()


async def test_an_emsp_answers_for_its_cards_and_only_to_the_hub() -> None:
    network = OcpiHome("Zett", PARTY, "http://127.0.0.1:1")
    network.hub_token = TOKEN
    good, bad = card(PARTY, 1), card(PARTY, 2, blocked=True)
    network.cards = {good.uid: good, bad.uid: bad}
    await network.switch_on()
    async with client() as caller:

        async def ask(uid: str, headers: dict[str, str]) -> tuple[int, Any]:
            answer = await caller.post(f"{network.url}/ocpi/2.3.0/tokens/{uid}/authorize", headers=headers)
            body = answer.json()
            return answer.status_code, body.get("data", {}).get("allowed", body["status_code"])

        assert await ask(good.uid.lower(), AS_HUB) == (200, "ALLOWED")
        assert await ask(bad.uid, AS_HUB) == (200, "BLOCKED")
        assert await ask("00", AS_HUB) == (404, 2004)
        assert await ask(good.uid, {}) == (401, 2000)
    assert [call.status for call in network.received] == [200, 200, 404, 401]
    await network.close()


async def test_a_list_is_paged_by_links() -> None:
    network = OcpiHome("Zett", PARTY, "http://127.0.0.1:1")
    network.hub_token = TOKEN
    for number in range(5):
        token = network.token_of(card(PARTY, number), f"2025-01-0{number + 1}T00:00:00Z")
        network.mine["tokens"][token["uid"]] = token
    await network.switch_on()
    found: list[str] = []
    async with client() as caller:
        url: str | None = f"{network.url}/ocpi/2.3.0/tokens?limit=2&date_from=2025-01-02T00:00:00Z"
        while url:
            answer = await caller.get(url, headers=AS_HUB)
            assert answer.headers["x-total-count"] == "4"
            found += [token["last_updated"] for token in answer.json()["data"]]
            url = answer.links.get("next", {}).get("url")
    assert found == [f"2025-01-0{day}T00:00:00Z" for day in (2, 3, 4, 5)]
    await network.close()


async def test_waiting_names_what_did_not_happen() -> None:
    network = Network("Zett", PARTY, "EMSP", "http://127.0.0.1:1")
    with pytest.raises(NotAsTold, match="Zett: the arrival of spring did not happen within"):
        await network.until(lambda: False, "the arrival of spring", 0.01)
    await network.close()
