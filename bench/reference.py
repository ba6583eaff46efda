"""The reference: bare Litestar on the same server, echoing, or sending given bodies in turn.

Run as a process of its own."""

import asyncio
import sys
from itertools import cycle
from pathlib import Path
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar, Request, Response, get, post

from bench.load import unframed


@post("/echo", status_code=200)
async def echo(request: Request[Any, Any, Any]) -> Response[bytes]:
    return Response(content=await request.body(), media_type="application/json")


def pages_of(bodies: list[bytes]) -> Any:
    following = cycle(bodies).__next__

    @get("/page")
    async def page() -> Response[bytes]:
        return Response(content=following(), media_type="application/json")

    return page


async def main(port: int, pages: Path | None) -> None:
    handlers = [echo, *([pages_of(unframed(pages))] if pages else [])]
    app = Litestar(handlers, openapi_config=None)
    await Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False).serve()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None))
