"""Sightings in a dict. `writes` counts what a database would have had to write."""

from datetime import datetime, timedelta

from core.model.partner import Sighting


class FakeSightings:
    def __init__(self) -> None:
        self.held: dict[str, Sighting] = {}
        self.asked: dict[str, datetime] = {}
        self.writes = 0

    async def note(self, partner_id: str, at: datetime, sign: str | None) -> None:
        self.writes += 1
        held = self.held.get(partner_id, Sighting())
        signs = held.signs if sign is None else {**held.signs, sign: max(at, held.signs.get(sign, at))}
        self.held[partner_id] = Sighting(at=max(at, held.at or at), signs=signs)

    async def all(self) -> dict[str, Sighting]:
        return dict(self.held)

    async def take_turn(self, partner_id: str, at: datetime, lasts_s: float) -> bool:
        last = self.asked.get(partner_id)
        if last is not None and last > at - timedelta(seconds=lasts_s):
            return False
        self.asked[partner_id] = at
        return True

    async def forget(self, partner_id: str) -> None:
        self.held.pop(partner_id, None)
        self.asked.pop(partner_id, None)
