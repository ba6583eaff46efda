"""Remembers which processes were started and nudged; runs none of them."""

from core.errors import Unavailable


class FakeProcesses:
    """`started` in order, each key once. Put keys into `waiting` to have a nudge find them.

    `down = True`: nothing can be started."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.nudged: list[str] = []
        self.waiting: set[str] = set()
        self.down = False

    async def settle_cdr(self, cdr_key: str) -> None:
        if self.down:
            raise Unavailable("the process engine is out of reach")
        if cdr_key not in self.started:
            self.started.append(cdr_key)

    async def nudge_cdr(self, cdr_key: str) -> bool:
        if cdr_key not in self.waiting:
            return False
        self.nudged.append(cdr_key)
        return True
