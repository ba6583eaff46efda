"""When partners were last heard of, noted cheaply."""

from datetime import datetime, timedelta
from typing import Final

from core.errors import RoamingError
from core.model.partner import Sighting
from core.ports.clock import Clock
from core.ports.registry import SightingStore

SILENCE_S: Final = 300.0
"""Source: OCPI 2.3.0, mod_hub_client_info, still alive check: nothing received for some minutes."""
LONGEST_GRAIN_S: Final = 60.0


class Presence:
    """`silence_s`: after so long a silence a partner is asked whether it is there.

    A process writes the same partner at most once a `grain`, so what is stored may be older than the truth by that."""

    def __init__(self, sightings: SightingStore, clock: Clock, silence_s: float = SILENCE_S) -> None:
        self._sightings = sightings
        self._clock = clock
        self._noted: dict[tuple[str, str | None], datetime] = {}
        self.silence_s = silence_s
        self.grain = timedelta(seconds=min(LONGEST_GRAIN_S, silence_s / 5))

    async def saw(self, partner_id: str, sign: str | None = None) -> None:
        """Never fails: a message is worth more than the note of it."""
        now, name = self._clock.now(), (partner_id, sign)
        noted = self._noted.get(name)
        if noted is not None and now - noted < self.grain:
            return
        self._noted[name] = now
        try:
            await self._sightings.note(partner_id, now, sign)
        except RoamingError:
            self._noted.pop(name, None)

    async def sightings(self) -> dict[str, Sighting]:
        return await self._sightings.all()

    async def take_turn(self, partner_id: str, lasts_s: float) -> bool:
        return await self._sightings.take_turn(partner_id, self._clock.now(), lasts_s)

    async def forget(self, partner_id: str) -> None:
        self._noted = {name: at for name, at in self._noted.items() if name[0] != partner_id}
        await self._sightings.forget(partner_id)
