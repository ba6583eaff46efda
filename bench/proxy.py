"""The reference for what is passed on: a bare asynchronous proxy, on the hub's HTTP server and the hub's HTTP client.

Run as a process of its own: `python -m bench.proxy PORT TARGET`."""

import asyncio
import sys
from typing import Any

import httpx
from granian.constants import Interfaces
from granian.server.embed import Server

_OWN = frozenset({"host", "content-length", "connection", "transfer-encoding"})


def app_to(target: str) -> Any:
    client = httpx.AsyncClient(base_url=target, trust_env=False, timeout=30)

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = [(n, v) for n, v in scope["headers"] if n.decode().lower() not in _OWN]
        answer = await client.request(scope["method"], scope["path"], headers=headers, content=body)
        kept = [(n.lower(), v) for n, v in answer.headers.raw if n.decode().lower() != "transfer-encoding"]
        await send({"type": "http.response.start", "status": answer.status_code, "headers": kept})
        await send({"type": "http.response.body", "body": answer.content, "more_body": False})

    return app


async def main(port: int, target: str) -> None:
    await Server(app_to(target), address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False).serve()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
