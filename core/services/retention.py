"""How long what happened is kept. The protocols set no times; contracts and law do, so the operator of the hub says."""

import logging
from collections.abc import Mapping
from datetime import timedelta

from core.ports.clock import Clock
from core.ports.stores import Kept, RetentionStore

log = logging.getLogger(__name__)


class Retention:
    """`days` since its last change, by kind; what is not named is kept for ever."""

    def __init__(self, store: RetentionStore, clock: Clock, days: Mapping[Kept, int]) -> None:
        self._store = store
        self._clock = clock
        self._days = days

    async def round(self) -> None:
        for kind, days in self._days.items():
            gone = await self._store.forget(kind, self._clock.now() - timedelta(days=days))
            if gone:
                log.info("%d %s were older than %d days", gone, kind, days)
