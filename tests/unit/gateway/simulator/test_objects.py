"""What the simulated networks send is what the specifications ask for: the wire types read it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.simulator.cast import LEIPZIG, LILLE, LYON, UTRECHT, Place, invented
from gateway.simulator.irve import read_static
from gateway.simulator.ocpi import objects as ocpi_objects
from gateway.simulator.oicp import objects as oicp_objects
from gateway.simulator.stations import Operator, Point, operators, slice_of, split
from protocols.ocpi.wire import strict
from protocols.ocpi.wire.locations import Location
from protocols.oicp.wire.evse_data import PushEvseData
from protocols.transport.json_codec import encode
from tests.unit.gateway.simulator.rows import point, write


def some(tmp_path: Path) -> list[Point]:
    rows: list[dict[str, Any]] = [
        point(
            id_pdc_itinerance=f"FR{party}ETEST{number}", id_station_itinerance=f"FR{party}PTEST{number % 3}", **changes
        )
        for party, number, changes in (
            ("AAA", 1, {}),
            ("AAA", 2, {"horaires": "Mo-Fr 08:00-12:00,14:00-00:00"}),
            ("AAA", 3, {"horaires": "sur rendez-vous", "gratuit": "True"}),
            ("BBB", 1, {"prise_type_ef": "True", "prise_type_chademo": "True", "puissance_nominale": "50"}),
            ("BBB", 2, {"adresse_station": "N7", "coordonneesXY": "[4.8, 45.1234567]"}),
            ("CCC", 1, {"condition_acces": "Accès réservé", "station_deux_roues": "True", "reservation": "True"}),
        )
    ]
    found = list(read_static(write(tmp_path / "rows", *rows)))
    assert all(isinstance(row, Point) for row in found)
    return [row for row in found if isinstance(row, Point)]


def check(operator: Operator) -> None:
    for station in operator.stations:
        body = encode(ocpi_objects.location(station, tariff_id="T"))
        msgspec.json.decode(body, type=Location)
        strict.check(body, Location)
    msgspec.json.decode(encode(oicp_objects.push_evse_data(operator)), type=PushEvseData)


def test_imported_points(tmp_path: Path) -> None:
    for operator in operators(some(tmp_path)):
        check(operator)


@pytest.mark.parametrize("place", [LYON, LILLE, LEIPZIG, UTRECHT])
def test_invented_operators(place: Place) -> None:
    from core.model.ids import PartyId

    check(invented(PartyId("FR", "ZZZ"), "Amperes", 3, place))


def test_large_and_small_operators_on_every_protocol(tmp_path: Path) -> None:
    found = operators(some(tmp_path))
    parts = [[operator.party.party_id for operator in part] for part in split(found, 2)]
    assert parts == [["AAA", "CCC"], ["BBB"]]
    assert [len(part) for part in split(found, 4)] == [1, 1, 1, 0]


def test_a_slice_is_whole_stations_and_always_the_same(tmp_path: Path) -> None:
    points = some(tmp_path)
    chosen = slice_of(points, 2)
    assert chosen == slice_of(points, 2)
    stations = {held.station_id for held in chosen}
    assert {held.evse_id for held in points if held.station_id in stations} == {held.evse_id for held in chosen}


def test_degrees() -> None:
    from decimal import Decimal

    assert ocpi_objects.degrees(Decimal("4.8")) == "4.80000"
    assert ocpi_objects.degrees(Decimal("45.12345678")) == "45.1234568"
    assert oicp_objects.degrees(Decimal("45.1234567")) == "45.123457"
