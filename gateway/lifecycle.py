"""When a process of ours ends: by a signal, or because the process that started it is gone."""

import asyncio
import os
import signal
from typing import Final

PARENT_FD: Final = "CHARGESPHERE_PARENT_FD"
"""Names the read end of a pipe that the starting process holds open; its end of file is the end of that process."""
ORPHAN_S: Final = 5.0
"""So long may an orphan tidy up. The servers of its parent end with it, and would be waited for in vain."""


def stopping() -> asyncio.Event:
    """Set at SIGINT, SIGTERM, or when the parent is gone. To be called once, in the running loop."""
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, event.set)
    if parent := os.environ.get(PARENT_FD):
        descriptor = int(parent)

        def gone() -> None:
            loop.remove_reader(descriptor)
            event.set()
            loop.call_later(ORPHAN_S, os._exit, 1)

        loop.add_reader(descriptor, gone)
    return event
