"""The reference: bare Litestar on the same server, echoing or sending given bytes. Run as a process of its own."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar, Request, Response, get, post


@post("/echo", status_code=200)
async def echo(request: Request[Any, Any, Any]) -> Response[bytes]:
    return Response(content=await request.body(), media_type="application/json")


def page_of(content: bytes) -> Any:
    @get("/page")
    async def page() -> Response[bytes]:
        return Response(content=content, media_type="application/json")

    return page


async def main(port: int, page: Path | None) -> None:
    handlers = [echo, *([page_of(page.read_bytes())] if page else [])]
    app = Litestar(handlers, openapi_config=None)
    await Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False).serve()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None))
