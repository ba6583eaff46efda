"""Looks after who is there, for as long as the worker runs. Any number of workers may do so side by side."""

import asyncio
import logging

from core.errors import RoamingError
from core.services.keep_alive import KeepAlive

log = logging.getLogger(__name__)


async def watch(keep_alive: KeepAlive) -> None:
    """Until it is cancelled; a failing database is waited for."""
    while True:
        try:
            await keep_alive.round()
        except RoamingError as error:
            log.warning("partners that say nothing: %s", error)
        except Exception:
            log.exception("partners that say nothing")
        await asyncio.sleep(keep_alive.pause_s)
