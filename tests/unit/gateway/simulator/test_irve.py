"""Each row that cannot be right is refused for its own reason; nothing else stops."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.model.ids import PartyId
from gateway.simulator.irve import PastSession, read_sessions, read_static
from gateway.simulator.rows import Refusal
from gateway.simulator.stations import Opening, Point, Socket
from tests.unit.gateway.simulator.rows import point, session, write

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def read(tmp_path: Path, *rows: dict[str, Any] | str, packed: bool = True) -> list[Point | Refusal]:
    return list(read_static(write(tmp_path / "rows", *rows, packed=packed), now=NOW))


def one(tmp_path: Path, **changes: Any) -> Point:
    (found,) = read(tmp_path, point(**changes))
    assert isinstance(found, Point), found
    return found


def reason(tmp_path: Path, **changes: Any) -> str:
    (found,) = read(tmp_path, point(**changes))
    assert isinstance(found, Refusal), found
    assert found.subject == (changes.get("id_pdc_itinerance", "FRZZZENULLE11") or "")
    return found.reason


def test_a_whole_row(tmp_path: Path) -> None:
    found = one(tmp_path)
    assert found.operator == PartyId("FR", "ZZZ")
    assert (found.latitude, found.longitude) == (Decimal("45.757814"), Decimal("4.832"))
    assert (found.street, found.house_number, found.postal_code, found.city) == (
        "rue des Essais",
        "12 bis",
        "69999",
        "Nulle-Part-sur-Mer",
    )
    assert [(outlet.socket, outlet.cable, outlet.power_kw) for outlet in found.outlets] == [
        (Socket.TYPE_2, True, Decimal(43)),
        (Socket.CCS, True, Decimal(150)),
    ]
    assert found.always_open and found.on_street and found.for_disabled and found.card_payment
    assert found.updated_at == datetime(2025, 3, 1, tzinfo=UTC)
    assert found.remarks == ()


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"id_pdc_itinerance": "DEZZZENULLE11"}, "the EVSE id is not of the national grammar"),
        ({"id_pdc_itinerance": "FRZZZPNULLE11"}, "the EVSE id is not of the national grammar"),
        ({"id_pdc_itinerance": None}, "the EVSE id is not of the national grammar"),
        ({"id_station_itinerance": "Non concerné"}, "the station id is not of the national grammar"),
        ({"coordonneesXY": "[4.8]"}, "coordinates are missing or not two numbers"),
        ({"coordonneesXY": None}, "coordinates are missing or not two numbers"),
        ({"coordonneesXY": "[0.0, 0.0]"}, "coordinates are 0, 0"),
        ({"coordonneesXY": "[45.757814, 4.832]"}, "latitude and longitude are swapped"),
        ({"coordonneesXY": "[13.4, 52.5]"}, "coordinates are outside France"),
        ({"puissance_nominale": None}, "puissance_nominale is missing"),
        ({"puissance_nominale": "beaucoup"}, "puissance_nominale is not a number"),
        ({"puissance_nominale": "NaN"}, "puissance_nominale is not a number"),
        ({"puissance_nominale": "0"}, "the power is zero or negative"),
        ({"puissance_nominale": "-22"}, "the power is zero or negative"),
        ({"puissance_nominale": "0.022"}, "the power is below 1 kW"),
        ({"puissance_nominale": "22000"}, "the power is impossible in kW (W, perhaps)"),
        ({"prise_type_2": "False", "prise_type_combo_ccs": "False"}, "no connector"),
        (
            {"prise_type_2": "False", "prise_type_combo_ccs": "False", "prise_type_autre": "True"},
            "the only connector is of a type that the schema does not name",
        ),
        (
            {"prise_type_2": "False", "prise_type_combo_ccs": "False", "prise_type_ef": "True"},
            "more power than a domestic socket can give",
        ),
        ({"prise_type_combo_ccs": "False"}, "more power than alternating current can give"),
        ({"prise_type_ef": "peut-être"}, "prise_type_ef is neither true nor false"),
        ({"adresse_station": "  "}, "the address is empty"),
        (
            {"adresse_station": "Nulle part", "code_insee_commune": None},
            "neither the address nor code_insee_commune says where it is",
        ),
        ({"date_maj": None}, "date_maj is missing"),
        ({"date_maj": "hier"}, "date_maj is not a date"),
        ({"date_maj": "2026-02-30"}, "date_maj is not a date"),
        ({"date_maj": "2027-01-01"}, "date_maj is in the future"),
        ({"date_mise_en_service": "0001-01-01"}, "date_mise_en_service is before the first charging stations"),
    ],
)
def test_refused(tmp_path: Path, changes: dict[str, Any], wanted: str) -> None:
    assert reason(tmp_path, **changes) == wanted


def test_nothing_else_stops(tmp_path: Path) -> None:
    rows = (point(), "{", point(), "[1]", "", point(id_pdc_itinerance="FRZZZENULLE12"))
    found = read(tmp_path, *rows, packed=False)
    assert [getattr(row, "reason", "") for row in found] == [
        "",
        "not JSON",
        "the EVSE id was already used",
        "not a JSON object",
        "",
    ]
    assert [row.line for row in found if isinstance(row, Refusal)] == [2, 3, 4]


def test_separators_do_not_make_another_evse(tmp_path: Path) -> None:
    found = read(tmp_path, point(), point(id_pdc_itinerance="FR*ZZZ*ENULLE*11"))
    assert isinstance(found[1], Refusal)
    assert found[1].detail == "by line 1"


def test_overseas(tmp_path: Path) -> None:
    found = one(tmp_path, coordonneesXY="[55.45, -20.88]")
    assert (found.country, found.time_zone) == ("REU", "Indian/Reunion")


@pytest.mark.parametrize(
    ("address", "street", "house", "postal_code", "city"),
    [
        ("Avenue de l'Essai 5, 69999 Essaiville", "Avenue de l'Essai", "5", "69999", "Essaiville"),
        ("A1 SENS NORD REPERE 80, 69999 ESSAIVILLE", "A1 SENS NORD REPERE 80", None, "69999", "ESSAIVILLE"),
        ("7-9 quai du Test 69999 Bas 69998 Haut (69)", "quai du Test 69999 Bas", "7-9", "69998", "Haut"),
        ("Rue du Test", "Rue du Test", None, None, "INSEE 2A999"),
    ],
)
def test_addresses(
    tmp_path: Path, address: str, street: str, house: str | None, postal_code: str | None, city: str
) -> None:
    found = one(tmp_path, adresse_station=address, code_insee_commune="2A999")
    assert (found.street, found.house_number, found.postal_code, found.city) == (street, house, postal_code, city)


def test_remarks_on_rows_that_are_taken(tmp_path: Path) -> None:
    assert one(tmp_path, horaires=None).remarks == ("no opening hours",)
    assert one(tmp_path, horaires="Mo 00:00-00:01").remarks == ("open for less than an hour a week",)
    unread = one(tmp_path, horaires="quand il fait beau")
    assert (unread.remarks, unread.openings, unread.hours_text) == (
        ("opening hours that are not understood",),
        (),
        "quand il fait beau",
    )
    assert one(tmp_path, horaires="Sa 08:00-12:00").openings == (Opening(6, 480, 720),)


def sessions(tmp_path: Path, *rows: dict[str, Any] | str) -> list[PastSession | Refusal]:
    path = write(tmp_path / "sessions", *rows)
    return list(read_sessions(path, {"FRZZZENULLE11": one(tmp_path)}, now=NOW))


def test_a_session(tmp_path: Path) -> None:
    assert sessions(tmp_path, session()) == [
        PastSession(
            "FRZZZENULLE11",
            datetime(2024, 11, 30, 20, 53, 20, 250000, tzinfo=UTC),
            datetime(2024, 11, 30, 21, 23, 20, tzinfo=UTC),
            Decimal("20.5"),
        )
    ]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"id_pdc_itinerance": None}, "the EVSE id is not of the national grammar"),
        ({"id_pdc_itinerance": "FRZZZENULLE99"}, "the EVSE is not known, or was refused"),
        ({"energy": None}, "energy is missing"),
        ({"energy": "viel"}, "energy is not a number"),
        ({"energy": -1}, "the energy is negative"),
        ({"energy": 20500}, "the energy is impossible in kWh (Wh, perhaps)"),
        ({"start": None}, "start is missing"),
        ({"end": 10**30}, "end is not a time"),
        ({"end": 1733000000250}, "the session has no length"),
        ({"end": 1732999999000}, "the end is before the start"),
        ({"end": 1733000000250 + 49 * 3600 * 1000}, "the session lasts for days"),
        ({"start": 1893456000000, "end": 1893459600000}, "the end is in the future"),
        ({"energy": 900}, "the mean power is impossible"),
        ({"energy": 99}, "the mean power is more than the point can give"),
    ],
)
def test_refused_sessions(tmp_path: Path, changes: dict[str, Any], wanted: str) -> None:
    found = sessions(tmp_path, session(**changes), session())
    assert isinstance(found[0], Refusal)
    assert found[0].reason == wanted
    assert isinstance(found[1], PastSession)


def test_the_same_session_again(tmp_path: Path) -> None:
    found = sessions(tmp_path, session(), session(energy=1))
    assert isinstance(found[1], Refusal)
    assert (found[1].reason, found[1].detail) == ("the same session again", "as line 1")
