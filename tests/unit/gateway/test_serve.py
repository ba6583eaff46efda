"""The end of a gateway process."""

import asyncio
import socket
from typing import Any

import httpx
import pytest

from gateway import serve
from gateway.up import free_port


class Assembly:
    closed = False

    async def close(self) -> None:
        self.closed = True


@pytest.mark.spec("OCPI-HUB-96")
async def test_requests_under_way_are_answered_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the stores stay open until then; nobody is let in any more."""
    assembly, under_way, answering = Assembly(), asyncio.Event(), asyncio.Event()
    open_still: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        under_way.set()
        await answering.wait()
        open_still.append(not assembly.closed)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    async def assemble(_: Any) -> Assembly:
        return assembly

    monkeypatch.setattr(serve, "assemble", assemble)
    monkeypatch.setattr(serve, "create_app", lambda _: app)
    monkeypatch.setattr(serve, "_spare_the_collector", lambda: None)
    port, stopping = free_port("127.0.0.1"), asyncio.Event()
    running = asyncio.create_task(serve.run_gateway(None, "127.0.0.1", port, stopping))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=5)) as client:
        asked = asyncio.create_task(client.get(f"http://127.0.0.1:{port}/", timeout=20))
        await asyncio.wait_for(under_way.wait(), 20)
        stopping.set()
        await asyncio.sleep(0.2)
        assert not running.done()
        answering.set()
        assert (await asked).text == "done"
    await asyncio.wait_for(running, 20)
    assert open_still == [True]
    assert assembly.closed
    with pytest.raises(OSError, match=r"refused"), socket.create_connection(("127.0.0.1", port)):
        pass
