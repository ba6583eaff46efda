"""The French national static schema of charging points (2.3.1) and sessions at them, as JSON lines.

Rows that cannot be right are refused one by one, each with a reason; all others become points and sessions in words of
no protocol. What could be put right, or could not be told, is in `Point.remarks`.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import Struct

from core.errors import Invalid
from core.model.ids import EvseId
from gateway.simulator import hours
from gateway.simulator.rows import Refusal, Wrong, day, flag, moment, number, rows, text
from gateway.simulator.stations import Opening, Outlet, Point, Socket

_EVSE = re.compile(r"FR\*?[A-Z0-9]{3}\*?E[A-Z0-9*]{1,30}")
_STATION = re.compile(r"FR\*?[A-Z0-9]{3}\*?P[A-Z0-9*]{1,29}")
_POSTAL_CODE = re.compile(r"(?<!\d)(\d{5})(?!\d)[ ,]*((?:(?!\d{5})[^,(|])*)")
_HOUSE = re.compile(r"^(\d{1,4}(?:-\d{1,4})?(?: ?(?:bis|ter|[A-D]))?)[ ,]+(?=\D)(.+)$", re.IGNORECASE)
_STREET = r"(?:rue|avenue|av\.?|boulevard|bd\.?|all[ée]e|place|quai|chemin|route|rte|cours)"
_HOUSE_LAST = re.compile(rf"^({_STREET}\b.*\D),? (\d{{1,4}}(?: ?(?:bis|ter))?)$", re.IGNORECASE)
_INSEE = re.compile(r"(?:\d\d|2[AB])\d{3}")

DOMESTIC_KW = Decimal("3.7")
MOST_DOMESTIC_KW = Decimal("7.4")
MOST_AC_KW = Decimal("43.5")
MOST_KW = Decimal(1000)
LONGEST = timedelta(hours=48)
MOST_KWH = Decimal(1000)
TOLERANCE = Decimal("1.2")
"""A point may give a little more than its nominal power, and meters and clocks are not exact."""

_PLACES: tuple[tuple[str, str, tuple[float, float, float, float]], ...] = (
    ("FRA", "Europe/Paris", (-5.5, 41.2, 9.8, 51.3)),
    ("GLP", "America/Guadeloupe", (-61.9, 15.7, -60.9, 16.6)),
    ("MTQ", "America/Martinique", (-61.3, 14.3, -60.7, 15.0)),
    ("GUF", "America/Cayenne", (-54.7, 2.0, -51.5, 6.0)),
    ("REU", "Indian/Reunion", (55.1, -21.5, 55.9, -20.8)),
    ("MYT", "Indian/Mayotte", (44.9, -13.1, 45.4, -12.5)),
    ("BLM", "America/St_Barthelemy", (-63.0, 17.8, -62.7, 18.0)),
    ("MAF", "America/Marigot", (-63.2, 18.0, -62.9, 18.2)),
    ("SPM", "America/Miquelon", (-56.6, 46.7, -56.0, 47.2)),
    ("NCL", "Pacific/Noumea", (163.4, -22.9, 168.3, -19.4)),
    ("PYF", "Pacific/Tahiti", (-155.0, -28.0, -134.0, -7.5)),
)
"""Country code, time zone and box (west, south, east, north) of each part of France that has charging stations."""


class PastSession(Struct, frozen=True):
    """One session that took place. `energy_kwh` as measured."""

    evse_id: str
    started_at: datetime
    ended_at: datetime
    energy_kwh: Decimal


def read_static(path: Path, *, now: datetime | None = None) -> Iterator[Point | Refusal]:
    """One point or one refusal for each row, in the order of the file."""
    latest = (now or datetime.now(UTC)) + timedelta(days=1)
    seen: dict[str, int] = {}
    for line, row in rows(path):
        if isinstance(row, Refusal):
            yield row
            continue
        subject = text(row, "id_pdc_itinerance") or ""
        try:
            point = _point(row, latest)
            key = EvseId.parse(point.evse_id).key
            if key in seen:
                raise Wrong("the EVSE id was already used", f"by line {seen[key]}")
            seen[key] = line
            yield point
        except Wrong as error:
            yield Refusal(line, subject, error.reason, error.detail)


def read_sessions(
    path: Path, points: Mapping[str, Point] | None = None, *, now: datetime | None = None
) -> Iterator[PastSession | Refusal]:
    """One session or one refusal for each row. With `points` (by EVSE id) a session must fit its point."""
    latest = (now or datetime.now(UTC)) + timedelta(minutes=5)
    seen: dict[tuple[str, datetime], int] = {}
    for line, row in rows(path):
        if isinstance(row, Refusal):
            yield row
            continue
        subject = text(row, "id_pdc_itinerance") or ""
        try:
            session = _session(row, latest)
            if points is not None:
                _check_point(session, points)
            key = (session.evse_id, session.started_at)
            if key in seen:
                raise Wrong("the same session again", f"as line {seen[key]}")
            seen[key] = line
            yield session
        except Wrong as error:
            yield Refusal(line, subject, error.reason, error.detail)


def _point(row: dict[str, Any], latest: datetime) -> Point:
    evse_id, station_id = text(row, "id_pdc_itinerance") or "", text(row, "id_station_itinerance") or ""
    if not _EVSE.fullmatch(evse_id.upper()):
        raise Wrong("the EVSE id is not of the national grammar", evse_id)
    if not _STATION.fullmatch(station_id.upper()):
        raise Wrong("the station id is not of the national grammar", station_id)
    try:
        operator = EvseId.parse(evse_id).operator
    except Invalid as error:
        raise Wrong("the EVSE id is not of the national grammar", evse_id) from error
    remarks: list[str] = []
    latitude, longitude, country, time_zone = _coordinates(row)
    power_kw = _power(row)
    outlets = _outlets(row, power_kw)
    address, street, house_number, postal_code, city = _address(row, remarks)
    always_open, openings, hours_text = _hours(row, remarks)
    name = text(row, "nom_station") or text(row, "nom_enseigne") or station_id
    return Point(
        evse_id=evse_id,
        station_id=station_id,
        operator=operator,
        operator_name=(text(row, "nom_operateur") or text(row, "nom_enseigne") or str(operator))[:100],
        station_name=name[:150],
        address=address,
        street=street,
        house_number=house_number,
        postal_code=postal_code,
        city=city,
        country=country,
        time_zone=time_zone,
        latitude=latitude,
        longitude=longitude,
        power_kw=power_kw,
        outlets=outlets,
        always_open=always_open,
        openings=openings,
        hours_text=hours_text,
        on_street=text(row, "implantation_station") == "Voirie",
        reserved_access=text(row, "condition_acces") == "Accès réservé",
        for_disabled=text(row, "accessibilite_pmr") == "Réservé PMR",
        two_wheels_only=flag(row, "station_deux_roues"),
        free_of_charge=flag(row, "gratuit"),
        pays_on_the_spot=flag(row, "paiement_acte"),
        card_payment=flag(row, "paiement_cb"),
        reservable=flag(row, "reservation"),
        updated_at=_updated_at(row, latest),
        remarks=tuple(remarks),
    )


def _updated_at(row: dict[str, Any], latest: datetime) -> datetime:
    day(row, "date_mise_en_service")  # read only to refuse what is no date
    updated = day(row, "date_maj")
    if updated is None:
        raise Wrong("date_maj is missing")
    at = datetime(updated.year, updated.month, updated.day, tzinfo=UTC)
    if at > latest:
        raise Wrong("date_maj is in the future", updated)
    return at


def _coordinates(row: dict[str, Any]) -> tuple[Decimal, Decimal, str, str]:
    """Latitude, longitude, country code and time zone; the schema writes `[longitude, latitude]`."""
    written = text(row, "coordonneesXY") or ""
    found = re.findall(r"-?\d+(?:\.\d+)?", written)
    if len(found) != 2:
        raise Wrong("coordinates are missing or not two numbers", written)
    longitude, latitude = Decimal(found[0]), Decimal(found[1])
    if longitude == 0 and latitude == 0:
        raise Wrong("coordinates are 0, 0", written)
    for country, time_zone, (west, south, east, north) in _PLACES:
        if west <= longitude <= east and south <= latitude <= north:
            return latitude, longitude, country, time_zone
        if west <= latitude <= east and south <= longitude <= north and country == "FRA":
            raise Wrong("latitude and longitude are swapped", written)
    raise Wrong("coordinates are outside France", written)


def _power(row: dict[str, Any]) -> Decimal:
    power = number(row, "puissance_nominale")
    if power is None:
        raise Wrong("puissance_nominale is missing")
    if power <= 0:
        raise Wrong("the power is zero or negative", power)
    if power < 1:
        raise Wrong("the power is below 1 kW", power)
    if power > MOST_KW:
        raise Wrong("the power is impossible in kW (W, perhaps)", power)
    return power.quantize(Decimal("0.001")).normalize() + 0


def _outlets(row: dict[str, Any], power_kw: Decimal) -> tuple[Outlet, ...]:
    given = [
        socket
        for socket, name in (
            (Socket.DOMESTIC, "ef"), (Socket.TYPE_2, "2"), (Socket.CCS, "combo_ccs"), (Socket.CHADEMO, "chademo"),
        )
        if flag(row, f"prise_type_{name}")
    ]  # fmt: skip
    if not given and flag(row, "prise_type_autre"):
        raise Wrong("the only connector is of a type that the schema does not name")
    if not given:
        raise Wrong("no connector")
    if given == [Socket.DOMESTIC] and power_kw > MOST_DOMESTIC_KW:
        raise Wrong("more power than a domestic socket can give", f"{power_kw} kW")
    if not any(socket.direct_current for socket in given) and power_kw > MOST_AC_KW:
        raise Wrong("more power than alternating current can give", f"{power_kw} kW")
    attached = flag(row, "cable_t2_attache")
    return tuple(_outlet(socket, power_kw, attached, alone=len(given) == 1) for socket in given)


def _outlet(socket: Socket, power_kw: Decimal, attached: bool, *, alone: bool) -> Outlet:
    if socket is Socket.DOMESTIC:
        return Outlet(socket=socket, cable=False, power_kw=power_kw if alone else min(power_kw, DOMESTIC_KW))
    if socket is Socket.TYPE_2:
        power = min(power_kw, Decimal(43))
        return Outlet(socket=socket, cable=attached or power > Decimal("23.1"), power_kw=power)
    return Outlet(socket=socket, cable=True, power_kw=power_kw)


def _address(row: dict[str, Any], remarks: list[str]) -> tuple[str, str, str | None, str | None, str]:
    """Address as written, street, house number, postal code, city; the schema has no fields for the last four."""
    written = text(row, "adresse_station")
    if written is None or len(written) < 2:
        raise Wrong("the address is empty")
    insee = (text(row, "code_insee_commune") or "").upper()
    found = next(reversed(list(_POSTAL_CODE.finditer(written))), None)
    postal_code = found[1] if found else None
    city = re.sub(r"\bFrance\b", "", found[2], flags=re.IGNORECASE).strip(" ,-") if found else ""
    if not city and not _INSEE.fullmatch(insee):
        raise Wrong("neither the address nor code_insee_commune says where it is", insee)
    if not city:
        remarks.append("the city is not in the address: its INSEE code instead")
        city = f"INSEE {insee}"
    before = written[: found.start()].strip(" ,|") if found else written
    street = before if len(before) >= 2 else written
    house_number = None
    if match := _HOUSE.match(street):
        house_number, street = match[1], match[2]
    elif match := _HOUSE_LAST.match(street):
        street, house_number = match[1].rstrip(" ,"), match[2]
    if len(street) < 2:
        street = written
    if len(street) > 100:
        remarks.append("the address was cut to 100 characters")
    return written[:255], street[:100], house_number, postal_code, city[:45].strip()


def _hours(row: dict[str, Any], remarks: list[str]) -> tuple[bool, tuple[Opening, ...], str | None]:
    written = text(row, "horaires")
    if written is None:
        remarks.append("no opening hours")
        return False, (), None
    if hours.always(written):
        return True, (), written
    understood = hours.openings(written)
    if understood is None:
        remarks.append("opening hours that are not understood")
        return False, (), written
    if sum(opening.end - opening.begin for opening in understood) < 60:
        remarks.append("open for less than an hour a week")
    return False, understood, written


def _session(row: dict[str, Any], latest: datetime) -> PastSession:
    evse_id = text(row, "id_pdc_itinerance")
    if evse_id is None or not _EVSE.fullmatch(evse_id.upper()):
        raise Wrong("the EVSE id is not of the national grammar", evse_id or "")
    energy = number(row, "energy")
    if energy is None:
        raise Wrong("energy is missing")
    started, ended = moment(row, "start"), moment(row, "end")
    if ended < started:
        raise Wrong("the end is before the start", ended - started)
    if ended == started:
        raise Wrong("the session has no length")
    if ended > latest:
        raise Wrong("the end is in the future", ended)
    if ended - started > LONGEST:
        raise Wrong("the session lasts for days", ended - started)
    if energy < 0:
        raise Wrong("the energy is negative", energy)
    if energy > MOST_KWH:
        raise Wrong("the energy is impossible in kWh (Wh, perhaps)", energy)
    if _mean_kw(energy, ended - started) > MOST_KW:
        raise Wrong("the mean power is impossible", f"{_mean_kw(energy, ended - started):.0f} kW")
    return PastSession(evse_id, started, ended, energy)


def _check_point(session: PastSession, points: Mapping[str, Point]) -> None:
    point = points.get(session.evse_id)
    if point is None:
        raise Wrong("the EVSE is not known, or was refused")
    mean_kw = _mean_kw(session.energy_kwh, session.ended_at - session.started_at)
    if mean_kw > point.power_kw * TOLERANCE:
        raise Wrong("the mean power is more than the point can give", f"{mean_kw:.1f} of {point.power_kw} kW")


def _mean_kw(energy_kwh: Decimal, length: timedelta) -> Decimal:
    return energy_kwh * 3600 / Decimal(str(length.total_seconds()))
