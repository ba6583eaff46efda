"""What is measured with: as many EVSEs as the French national data set has, from it or made up like it."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle, islice
from pathlib import Path

from msgspec.structs import replace

from core.model.ids import PartyId
from gateway.simulator.irve import read_static
from gateway.simulator.stations import Opening, Operator, Outlet, Point, Socket, Station

EVSES = 19_289
"""Rows of the data set."""
_PLACES = (
    ("Lyon", "69002", "45.7578137", "4.8320114"),
    ("Rennes", "35000", "48.117266", "-1.677793"),
    ("Saint-Étienne", "42000", "45.439695", "4.387178"),
    ("Bourg-en-Bresse", "01000", "46.205167", "5.225501"),
)
_STREETS = ("Rue de la Gare", "Avenue du Général Leclerc", "Place de la Mairie", "Route de la Roquette")
_OUTLETS = (
    (Outlet(socket=Socket.TYPE_2, cable=False, power_kw=Decimal(22)),),
    (Outlet(socket=Socket.CCS, cable=True, power_kw=Decimal(120)),),
    (Outlet(socket=Socket.CCS, cable=True, power_kw=Decimal(50)),),
    (
        Outlet(socket=Socket.TYPE_2, cable=True, power_kw=Decimal(22)),
        Outlet(socket=Socket.CHADEMO, cable=True, power_kw=Decimal(50)),
    ),
)
_WEIGHTS = (5, 8, 3, 4)


def points_of(data: Path | None) -> list[Point]:
    """`EVSES` points. The rows of a data set that cannot be right are replaced by repeating others."""
    if data is None:
        return list(islice(_invented(), EVSES))
    packed, plain = data / "irve-static.jsonl.gz", data / "irve-static.jsonl"
    found = [row for row in read_static(packed if packed.exists() else plain) if isinstance(row, Point)]
    return list(islice(cycle(found), EVSES))


def _invented() -> Iterable[Point]:
    """Always the same ones; stations of one to ten points, as the data set has them."""
    chance = random.Random(19_289)
    for station in range(1, EVSES + 1):
        city, postal_code, latitude, longitude = chance.choice(_PLACES)
        street, number = chance.choice(_STREETS), str(chance.randint(1, 300))
        always = chance.random() < 0.97
        first = Point(
            evse_id="",
            station_id=f"S{station:05}",
            operator=PartyId("FR", "XXX"),
            operator_name="Bornes de France",
            station_name=f"Parking {street} - {city}",
            address=f"{number} {street}, {postal_code} {city}",
            street=street,
            house_number=number,
            postal_code=postal_code,
            city=city,
            latitude=Decimal(latitude) + Decimal(chance.randint(-90_000, 90_000)).scaleb(-6),
            longitude=Decimal(longitude) + Decimal(chance.randint(-90_000, 90_000)).scaleb(-6),
            power_kw=Decimal(22),
            outlets=_OUTLETS[0],
            always_open=always,
            openings=() if always else tuple(Opening(day, 360, 1320) for day in range(1, 8)),
            hours_text="24/7" if always else None,
            pays_on_the_spot=chance.random() < 0.8,
            updated_at=datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=chance.randint(0, 180)),
        )
        for _ in range(min(chance.randint(1, 10), chance.randint(1, 10))):
            outlets = chance.choices(_OUTLETS, _WEIGHTS)[0]
            yield replace(first, outlets=outlets, power_kw=max(outlet.power_kw for outlet in outlets))


def doubled(points: list[Point]) -> list[Point]:
    """Twice as many, at twice as many stations."""
    return [*points, *(replace(point, station_id=f"{point.station_id}-2") for point in points)]


def operated_by(party: PartyId, name: str, points: Iterable[Point]) -> Operator:
    """The same points as one operator's own, with ids of its own."""
    grouped: dict[str, list[Point]] = {}
    for point in points:
        grouped.setdefault(point.station_id, []).append(point)
    stations = []
    for number, together in enumerate(grouped.values(), start=1):
        station_id = f"{party.country_code}{party.party_id}P{number:05}"
        renamed = tuple(
            replace(
                point,
                evse_id=f"{party.country_code}*{party.party_id}*E{number:05}*{index}",
                station_id=station_id,
                operator=party,
                operator_name=name,
            )
            for index, point in enumerate(together, start=1)
        )
        stations.append(Station(station_id, renamed))
    return Operator(party, name, tuple(stations))
