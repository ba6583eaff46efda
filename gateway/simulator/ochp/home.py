"""A simulated OCHP provider: its cards, the stations of others, the records of its drivers. Source: OCHP 1.4."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from core.model.ids import PartyId
from gateway.simulator.network import Card, bare
from gateway.simulator.ochp.cards import authorisation
from gateway.simulator.ochp.cdrs import bill
from gateway.simulator.ochp.network import OchpNetwork
from gateway.simulator.ochp.xml import Element, element, leaf, moment, optional_text, text_of
from gateway.simulator.roles import Bill, Home, Live, Refusal
from gateway.simulator.stations import Point
from gateway.simulator.visits import Visit

LIVE = {
    ("available", "available"): Live.FREE,
    ("available", None): Live.FREE,
    ("not-available", "charging"): Live.CHARGING,
    ("not-available", "outoforder"): Live.BROKEN,
}
NO_COMMANDS = "OCHP has no remote start and stop without OCHPdirect"


class OchpHome(OchpNetwork, Home):
    """Nobody asks it: its list of cards is its word. It fetches all that it knows of others, while it is on."""

    protocol: ClassVar[str] = "OCHP"
    is_asked: ClassVar[bool] = False
    lists_cards: ClassVar[bool] = True
    sees_stations: ClassVar[bool] = True
    sees_status: ClassVar[bool] = True
    sees_sessions: ClassVar[bool] = False
    gives_commands: ClassVar[bool] = False

    def __init__(self, name: str, party: PartyId, hub_url: str, *, thinks_s: float = 0.0) -> None:
        super().__init__(name, party, "EMSP", hub_url, thinks_s=thinks_s)
        self._has_listed = False
        self._stations: set[str] = set()
        self._live: dict[str, Element] = {}
        self._live_since: datetime | None = None
        self._bills: dict[str, list[Bill]] = {}

    async def hand_out(self, cards: Sequence[Card], *, listed: bool = False) -> None:
        """The first call sets its list, later ones add to it."""
        if not cards:
            return
        now = datetime.now(UTC)
        operation = "UpdateRoamingAuthorisationList" if self._has_listed else "SetRoamingAuthorisationList"
        await self.call(operation, *(authorisation(card, now) for card in cards))
        self._has_listed = True

    async def stations(self) -> set[str]:
        if self.is_on:
            for record in await self.changes("GetChargePointList"):
                self._take(record)
        return set(self._stations)

    def _take(self, record: Element) -> None:
        evse_id = bare(text_of(record, "evseId"))
        if optional_text(record, "status/ChargePointStatusType") == "Closed":
            self._stations.discard(evse_id)
        else:
            self._stations.add(evse_id)

    async def status(self, point: Point) -> Live | None:
        if self.is_on:
            async with self._fetching:
                await self._fetch_statuses()
        entry = self._live.get(bare(point.evse_id))
        return None if entry is None or _is_over(entry) else LIVE.get((entry.get("major", ""), entry.get("minor")))

    async def _fetch_statuses(self) -> None:
        begun = datetime.now(UTC)
        since = [moment("startDateTime", self._live_since)] if self._live_since else []
        for entry in (await self.call("GetStatus", *since)).records:
            self._live[bare(text_of(entry, "evseId"))] = entry
        self._live_since = begun

    async def bills(self) -> dict[str, list[Bill]]:
        """What it has fetched it approves, so that it is not told again."""
        if self.is_on:
            async with self._fetching:
                await self._fetch_bills()
        return self._bills

    async def _fetch_bills(self) -> None:
        records = (await self.call("GetCDRs")).records
        for read in map(bill, records):
            self._bills.setdefault(read.key, []).append(read)
        if records:
            await self.call("ConfirmCDRs", *map(_approved, records))

    def followed(self, visit: Visit) -> bool:
        return False

    async def start(self, card: Card, point: Point) -> str:
        raise Refusal(NO_COMMANDS)

    async def stop(self, started: str) -> None:
        raise Refusal(NO_COMMANDS)


def _is_over(entry: Element) -> bool:
    """Whether a live status is not to be believed any more."""
    until = entry.get("ttl")
    return until is not None and datetime.fromisoformat(until) <= datetime.now(UTC)


def _approved(cdr: Element) -> Element:
    return element("approved", leaf("cdrId", text_of(cdr, "CdrId")), leaf("evseId", text_of(cdr, "evseId")))
