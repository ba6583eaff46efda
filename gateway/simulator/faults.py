"""What may be wrong with a network, one thing at a time or several: for tests, and for `chargesphere simulate --fault`.

Most of it is the same for every protocol over HTTP and is done by `Network`; the rest a network does itself, see where
it asks for `Network.faulty`."""

import asyncio
from enum import StrEnum
from typing import Final

from gateway.simulator.server import Answer

SLOW_S: Final = 20.0
RETRY_AFTER_S: Final = 30


class Fault(StrEnum):
    """DOWN: nobody listens. ERROR and BUSY: refused before anything happened. GARBAGE and PARTIAL_JSON: it happened,
    and the answer cannot be read. ONE_ITEM_PAGES: lists come in pages of one. WRONG_TOKEN: it does not take the hub's
    credentials. LATE_RESULT: a command's result comes when nobody waits for it any more. WRONG_SESSION_ID: its answers
    name a session of its own making. DUPLICATE_CDR: each charge detail record is sent twice."""

    SLOW = "slow"
    DOWN = "down"
    ERROR = "500"
    BUSY = "429"
    GARBAGE = "garbage"
    PARTIAL_JSON = "partial-json"
    ONE_ITEM_PAGES = "one-item-pages"
    WRONG_TOKEN = "wrong-token"  # noqa: S105
    LATE_RESULT = "late-result"
    WRONG_SESSION_ID = "wrong-session-id"
    DUPLICATE_CDR = "duplicate-cdr"


OF_HTTP: Final = frozenset({Fault.SLOW, Fault.DOWN, Fault.ERROR, Fault.BUSY, Fault.GARBAGE, Fault.PARTIAL_JSON})
"""Every network can have them."""
_GARBAGE: Final = Answer(200, b"<html><body>Wartungsarbeiten \xff\xfe</body></html>", {"content-type": "text/html"})


async def refused(faults: frozenset[Fault], slow_s: float) -> Answer | None:
    """The answer of a network that does not even look at what it is asked; None: it does, after a while if it is
    slow."""
    if Fault.SLOW in faults:
        await asyncio.sleep(slow_s)
    if Fault.ERROR in faults:
        return Answer(500, b"java.lang.NullPointerException\n\tat net.sim.Servlet", {"content-type": "text/plain"})
    if Fault.BUSY in faults:
        return Answer(429, b"", {"retry-after": str(RETRY_AFTER_S)})
    return None


def spoilt(answer: Answer, faults: frozenset[Fault]) -> Answer:
    """What becomes of a good answer on its way out."""
    if Fault.GARBAGE in faults:
        return _GARBAGE
    if Fault.PARTIAL_JSON in faults:
        return Answer(answer.status, answer.body[: len(answer.body) // 2], answer.headers)
    return answer
