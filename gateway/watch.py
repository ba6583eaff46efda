"""What a worker does again and again, for as long as it runs. Any number of workers may do so side by side."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from core.errors import RoamingError
from gateway.wiring import Assembly

RETENTION_S: Final = 3600.0
RENEWAL_S: Final = 900.0
log = logging.getLogger(__name__)


async def watch(assembly: Assembly) -> None:
    """Until it is cancelled: who is there, what is too old, which secrets are."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_repeat("partners that say nothing", assembly.keep_alive.round, assembly.keep_alive.pause_s))
        group.create_task(_repeat("new secrets", assembly.renewal.round, RENEWAL_S))
        group.create_task(_repeat("what is too old", assembly.retention.round, RETENTION_S))


async def _repeat(what: str, work: Callable[[], Awaitable[None]], pause_s: float) -> None:
    """A failing database is waited for."""
    while True:
        try:
            await work()
        except RoamingError as error:
            log.warning("%s: %s", what, error)
        except Exception:
            log.exception(what)
        await asyncio.sleep(pause_s)
