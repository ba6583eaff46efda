"""Ending background tasks."""

import asyncio


async def end(task: "asyncio.Task[None]") -> None:
    """Cancels until it has ended: the driver at times takes a cancellation for a failed connection and goes on."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.2)
