"""Long-running processes that must not be lost. They sequence and wait; the rules are in core."""

from typing import Protocol


class Processes(Protocol):
    async def settle_cdr(self, cdr_key: str) -> None:
        """Start the settlement of an accepted CDR.

        Starting it twice is once. Raises Unavailable if it cannot be started now."""
        ...

    async def nudge_cdr(self, cdr_key: str) -> bool:
        """Try its delivery again now (an operator's replay). False if no such process waits."""
        ...
