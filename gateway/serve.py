"""The gateway process: the hub's HTTP side in this process's own event loop."""

import asyncio
import gc
import logging

from granian.constants import Interfaces
from granian.server.embed import Server

from gateway.app import create_app
from gateway.settings import Settings
from gateway.wiring import assemble

log = logging.getLogger(__name__)
YOUNG = 10_000
"""A request makes hundreds of objects that are gone when it is answered: the collector need not look after each two."""


async def run_gateway(settings: Settings, host: str, port: int, stopping: asyncio.Event) -> None:
    """Serve until `stopping` is set; requests under way are finished."""
    assembly = await assemble(settings)
    try:
        server = Server(
            create_app(assembly),
            address=host,
            port=port,
            interface=Interfaces.ASGI,
            log_enabled=False,
            http1_settings=None,
        )
        _spare_the_collector()
        serving = asyncio.create_task(server.serve())
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            stopped.cancel()
        else:
            server.stop()  # type: ignore[no-untyped-call]
        await serving
    finally:
        await assembly.close()


def _spare_the_collector() -> None:
    """What is here before the first request stays as long as the process, and need not be looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
