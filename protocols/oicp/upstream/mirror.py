"""What a platform is shown of the hub's: the whole at first, then what is different, one push at a time.

What the platform was told last is on disk, so that a delta names what is new, what has changed and what is gone. After
a 009 or a silence it is not certain any more what the platform holds: then the whole is told again. Source: OICP 2.3,
Communication Paradigms, Data push operations; checklist, OICP-UP-04.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, Protocol

from msgspec import Struct

from core.errors import Busy, Rejected, Uncertain
from core.model.partner import Partner
from core.ports.cache import Cache
from core.ports.copies import CopyStore
from core.ports.feeds import Pull
from core.ports.stores import Saved
from protocols.oicp.codes import TRANSACTION
from protocols.oicp.wire.common import ActionType

WHOLE: Final = ""
"""The key under which it is noted that the platform was told the whole."""
AT_ONCE: Final = 10_000
TURN_S: Final = 0.05


class Thing(Struct, frozen=True, kw_only=True):
    """`digest` None: the platform is not to hold it; `record` then names it."""

    key: str
    record: Any
    digest: str | None


class Shelf(Protocol):
    """One kind of thing that is shown, and the operation that shows it."""

    @property
    def of(self) -> str: ...

    @property
    def operation(self) -> str: ...

    async def push(self, partner: Partner, action: ActionType, records: Sequence[Any]) -> None:
        """Raises Rejected for a negative acknowledgement."""
        ...


class Sheet(Shelf, Protocol):
    def things(self, partner: Partner, since: datetime | None) -> AsyncIterator[Thing]:
        """All that may have changed since then; None: all."""
        ...


class Mirror:
    def __init__(self, copies: CopyStore, cache: Cache, *, patience_s: float | None = None) -> None:
        self._copies = copies
        self._cache = cache
        self._patience_s = TURN_LASTS_S if patience_s is None else patience_s

    async def show(self, pull: Pull, sheet: Sheet) -> None:
        """One run. Raises what the platform's silence or refusal is."""
        known = await self._copies.held(pull.partner.id, sheet.of, [WHOLE])
        try:
            if not pull.whole and known:
                await self._changes(pull, sheet)
                return
        except Rejected as error:
            if error.code != TRANSACTION:
                raise
        await self._all(pull, sheet)

    async def push(self, partner: Partner, sheet: Shelf, action: ActionType, things: Sequence[Thing]) -> None:
        """When its turn comes. What is not certain afterwards is forgotten. Raises Busy if its turn does not come."""
        try:
            async with self._turn(partner, sheet.operation):
                await sheet.push(partner, action, [thing.record for thing in things])
        except (Rejected, Uncertain) as error:
            if isinstance(error, Uncertain) or error.code == TRANSACTION:
                await self._copies.forget(partner.id, sheet.of)
            raise
        await self._copies.note(partner.id, sheet.of, {thing.key: thing.digest for thing in things})

    async def _all(self, pull: Pull, sheet: Sheet) -> None:
        await self._copies.forget(pull.partner.id, sheet.of)
        action, seen, bulk = ActionType.FULL_LOAD, set[str](), list[Thing]()
        async for thing in sheet.things(pull.partner, None):
            if thing.digest is None or thing.key in seen:
                continue
            seen.add(thing.key)
            bulk.append(thing)
            if len(bulk) == AT_ONCE:
                await self._show(pull, sheet, action, bulk)
                action, bulk = ActionType.INSERT, []
        if bulk or action is ActionType.FULL_LOAD:
            await self._show(pull, sheet, action, bulk)
        await self._copies.note(pull.partner.id, sheet.of, {WHOLE: "told"})

    async def _changes(self, pull: Pull, sheet: Sheet) -> None:
        things = {thing.key: thing async for thing in sheet.things(pull.partner, pull.since)}
        held = await self._copies.held(pull.partner.id, sheet.of, things)
        sorted_out: dict[ActionType, list[Thing]] = {
            ActionType.DELETE: [x for x in things.values() if x.digest is None and x.key in held],
            ActionType.UPDATE: [x for x in things.values() if x.key in held and x.digest not in (None, held[x.key])],
            ActionType.INSERT: [x for x in things.values() if x.digest is not None and x.key not in held],
        }
        for action, several in sorted_out.items():
            for bulk in _bulks(several):
                await self._show(pull, sheet, action, bulk)

    async def _show(self, pull: Pull, sheet: Sheet, action: ActionType, bulk: Sequence[Thing]) -> None:
        partner = await pull.page()
        await self.push(partner, sheet, action, bulk)
        for thing in bulk:
            pull.took(thing.key, Saved.CHANGED)

    @asynccontextmanager
    async def _turn(self, partner: Partner, operation: str) -> AsyncIterator[None]:
        """One push of an operation at a time, whichever process it comes from."""
        name = f"oicp/turn/{partner.id}/{operation}"
        patience_s = self._patience_s
        while not await self._cache.first(name, TURN_LASTS_S):
            if patience_s <= 0:
                raise Busy(f"{operation}: another push takes too long")
            patience_s -= TURN_S
            await asyncio.sleep(TURN_S)
        try:
            yield
        finally:
            await self._cache.drop(name)


TURN_LASTS_S: Final = 300.0
"""The longest that a push may take; a turn that was left by a killed process ends then."""


def _bulks(things: Sequence[Thing]) -> Iterator[Sequence[Thing]]:
    for start in range(0, len(things), AT_ONCE):
        yield things[start : start + AT_ONCE]
