"""Charging points in words of no protocol, as an importer or a story makes them."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from core.model.ids import PartyId

HOTLINE = "+33199000000"
"""Of the range that is kept for fiction. OICP demands a number of every EVSE, and imported rows have none."""


class Socket(StrEnum):
    """What a car or a cable is plugged into."""

    DOMESTIC = "E/F"
    TYPE_2 = "Type 2"
    CCS = "CCS"
    CHADEMO = "CHAdeMO"

    @property
    def direct_current(self) -> bool:
        return self in (Socket.CCS, Socket.CHADEMO)


class Outlet(Struct, frozen=True, kw_only=True):
    """One connector of a charging point. `cable`: it hangs on the station."""

    socket: Socket
    cable: bool
    power_kw: Decimal

    @property
    def phases(self) -> int:
        """Of alternating current; one up to 7.4 kW."""
        return 1 if self.power_kw <= Decimal("7.4") else 3

    @property
    def volts(self) -> int:
        """Between line and neutral for alternating current."""
        if not self.socket.direct_current:
            return 230
        return 500 if self.socket is Socket.CHADEMO or self.power_kw <= 100 else 1000

    @property
    def amperes(self) -> int:
        """At full power, rounded to whole amperes."""
        lines = 1 if self.socket.direct_current else self.phases
        return max(1, round(self.power_kw * 1000 / (self.volts * lines)))


class Opening(Struct, frozen=True, order=True):
    """Open on `weekday` (Monday is 1) from `begin` to `end`, local minutes of that day; 1440 is its end."""

    weekday: int
    begin: int
    end: int


class Point(Struct, frozen=True, kw_only=True):
    """One EVSE and what is known of its station. `openings` empty and not `always_open`: the hours are not known.

    `remarks` says what was put right or could not be told, in one phrase each."""

    evse_id: str
    station_id: str
    operator: PartyId
    operator_name: str
    station_name: str
    address: str
    street: str
    house_number: str | None = None
    postal_code: str | None = None
    city: str
    country: str = "FRA"
    time_zone: str = "Europe/Paris"
    latitude: Decimal
    longitude: Decimal
    power_kw: Decimal
    outlets: tuple[Outlet, ...]
    always_open: bool = False
    openings: tuple[Opening, ...] = ()
    hours_text: str | None = None
    on_street: bool = False
    reserved_access: bool = False
    for_disabled: bool = False
    two_wheels_only: bool = False
    free_of_charge: bool = False
    pays_on_the_spot: bool = False
    card_payment: bool = False
    reservable: bool = False
    updated_at: datetime
    remarks: tuple[str, ...] = ()


class Station(Struct, frozen=True):
    """The points at one place, in the order of their ids."""

    id: str
    points: tuple[Point, ...]


class Operator(Struct, frozen=True):
    party: PartyId
    name: str
    stations: tuple[Station, ...]

    @property
    def points(self) -> tuple[Point, ...]:
        return tuple(point for station in self.stations for point in station.points)


def operators(points: Iterable[Point]) -> list[Operator]:
    """Points grouped by operator and station; the largest operator first."""
    grouped: dict[PartyId, dict[str, list[Point]]] = {}
    for point in points:
        grouped.setdefault(point.operator, {}).setdefault(point.station_id, []).append(point)
    found = [
        Operator(
            party,
            next(iter(stations.values()))[0].operator_name,
            tuple(Station(id, tuple(sorted(held, key=lambda point: point.evse_id))) for id, held in stations.items()),
        )
        for party, stations in grouped.items()
    ]
    return sorted(found, key=lambda operator: (-len(operator.points), operator.party))


def split(found: Sequence[Operator], parts: int) -> list[list[Operator]]:
    """Turn by turn, so that each part has large and small ones."""
    return [list(found[part::parts]) for part in range(parts)]


def slice_of(points: Sequence[Point], wanted: int) -> list[Point]:
    """Whole stations up to about `wanted` points: always the same ones, of all operators."""
    stations: dict[str, list[Point]] = {}
    for point in points:
        stations.setdefault(point.station_id, []).append(point)
    chosen: list[Point] = []
    for station_id in sorted(stations, key=stable):
        if len(chosen) >= wanted:
            break
        chosen += stations[station_id]
    return chosen


def stable(text: str) -> str:
    """A shuffled but repeatable order."""
    return hashlib.sha256(text.encode()).hexdigest()
