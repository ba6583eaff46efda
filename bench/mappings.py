"""(e) What a mapping costs per EVSE and per CDR, against msgspec decoding and encoding of the same message.

For a translation the message in is decoded and the message out encoded. CPU time, so that neighbours do not count."""

import gc
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from bench.material import operated_by
from bench.rig import Figure, Pairs
from core.model.ids import PartyId
from gateway.simulator.cast import HOSTS, card
from gateway.simulator.network import Card
from gateway.simulator.ocpi.objects import cdr, location, stamp
from gateway.simulator.oicp.objects import charge_detail_record, identification, record
from gateway.simulator.stations import Operator, Point
from gateway.simulator.visits import Visit
from mappings.ocpi.cdrs import cdr_from_ocpi, cdr_losses, cdr_to_ocpi
from mappings.ocpi.locations import location_from_ocpi, location_losses, location_to_ocpi
from mappings.oicp.cdrs import cdr_from_oicp, cdr_to_oicp
from mappings.oicp.locations import evse_records_to_oicp, locations_from_oicp
from protocols.ocpi.wire.cdrs import Cdr as OcpiCdr
from protocols.ocpi.wire.locations import Location as OcpiLocation
from protocols.oicp.wire.cdr import ChargeDetailRecord
from protocols.oicp.wire.evse_data import EvseDataRecord
from protocols.transport.json_codec import encode

MOST: Final = 5.0
EVSES: Final = 3_000
CDRS: Final = 2_000
SESSION: Final = "b2688855-7f00-4000-8000-00000000{:04x}"
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
PARTY: Final = PartyId("FR", "BCH")
HOME: Final = PartyId("DE", "NDL")
_encode = msgspec.json.Encoder(decimal_format="number").encode
Work = Callable[[], object]


def measure(points: Sequence[Point], rounds: int) -> list[Figure]:
    operator = operated_by(PARTY, "Bornes de France", points[:EVSES])
    return [*_evses(operator, rounds), *_cdrs(operator, rounds)]


def _evses(operator: Operator, rounds: int) -> list[Figure]:
    ocpi_bytes = [encode(location(station)) for station in operator.stations]
    oicp_bytes = [[encode(record(point)) for point in station.points] for station in operator.stations]
    read_ocpi, read_oicp = _decoder(OcpiLocation), _decoder(EvseDataRecord)
    ocpi = list(map(read_ocpi, ocpi_bytes))
    oicp = [list(map(read_oicp, one)) for one in oicp_bytes]
    from_ocpi = list(map(location_from_ocpi, ocpi))
    from_oicp = [_from_oicp(one) for one in oicp]
    crossed_oicp = [records for one in from_ocpi for records in evse_records_to_oicp(one).records]
    crossed_ocpi = list(map(location_to_ocpi, map(_known_zone, from_oicp)))
    to_ocpi_ref = _both(read_ocpi, ocpi_bytes, ocpi)
    to_oicp_ref = _both(read_oicp, [body for one in oicp_bytes for body in one], [body for one in oicp for body in one])
    flat_oicp = [body for one in oicp_bytes for body in one]
    rows: list[tuple[str, Work, Work]] = [
        ("OCPI in", lambda: _through(map(location_from_ocpi, ocpi)), to_ocpi_ref),
        ("OCPI out", lambda: _through(map(location_to_ocpi, from_ocpi)), to_ocpi_ref),
        ("OICP in", lambda: _through(map(_from_oicp, oicp)), to_oicp_ref),
        ("OICP out", lambda: _through(map(evse_records_to_oicp, from_oicp)), to_oicp_ref),
        (
            "OCPI to OICP",
            lambda: _through(evse_records_to_oicp(location_from_ocpi(one)) for one in ocpi),
            _both(read_ocpi, ocpi_bytes, crossed_oicp),
        ),
        (
            "OICP to OCPI",
            lambda: _through(_ocpi_with_losses(_known_zone(_from_oicp(one))) for one in oicp),
            _both(read_oicp, flat_oicp, crossed_ocpi),
        ),
    ]
    return [_figure("EVSE", name, len(flat_oicp), work, other, rounds) for name, work, other in rows]


def _cdrs(operator: Operator, rounds: int) -> list[Figure]:
    ocpi_bytes, oicp_bytes = _cdr_bodies(operator)
    read_ocpi, read_oicp = _decoder(OcpiCdr), _decoder(ChargeDetailRecord)
    ocpi, oicp = list(map(read_ocpi, ocpi_bytes)), list(map(read_oicp, oicp_bytes))
    from_ocpi = list(map(cdr_from_ocpi, ocpi))
    from_oicp = [cdr_from_oicp(one, PARTY, received_at=NOW) for one in oicp]
    pairs = list(zip(oicp, from_ocpi, strict=True))

    def ocpi_to_oicp() -> Iterator[Any]:
        for index, one in enumerate(ocpi):
            yield cdr_to_oicp(cdr_from_ocpi(one), time_zone="Europe/Paris", session_id=SESSION.format(index))

    def oicp_to_ocpi() -> Iterator[Any]:
        for one, known in pairs:
            cdr = replace(  # what the hub knows beside the record: card, place and price
                cdr_from_oicp(one, PARTY, received_at=NOW),
                token=known.token,
                location=known.location,
                currency=known.currency,
                total_cost=known.total_cost,
            )
            yield cdr_to_ocpi(cdr), cdr_losses(cdr)

    to_oicp, to_ocpi = [one.record for one in ocpi_to_oicp()], [one for one, _ in oicp_to_ocpi()]
    ocpi_ref, oicp_ref = _both(read_ocpi, ocpi_bytes, ocpi), _both(read_oicp, oicp_bytes, oicp)
    rows: list[tuple[str, Work, Work]] = [
        ("OCPI in", lambda: _through(map(cdr_from_ocpi, ocpi)), ocpi_ref),
        ("OCPI out", lambda: _through(map(cdr_to_ocpi, from_ocpi)), ocpi_ref),
        ("OICP in", lambda: _through(cdr_from_oicp(one, PARTY, received_at=NOW) for one in oicp), oicp_ref),
        ("OICP out", lambda: _through(map(cdr_to_oicp, from_oicp)), oicp_ref),
        ("OCPI to OICP", lambda: _through(ocpi_to_oicp()), _both(read_ocpi, ocpi_bytes, to_oicp)),
        ("OICP to OCPI", lambda: _through(oicp_to_ocpi()), _both(read_oicp, oicp_bytes, to_ocpi)),
    ]
    return [_figure("CDR", name, len(ocpi), work, other, rounds) for name, work, other in rows]


def _cdr_bodies(operator: Operator) -> tuple[list[bytes], list[bytes]]:
    """The same visits as records of both protocols."""
    bodies: tuple[list[bytes], list[bytes]] = ([], [])
    for index in range(CDRS):
        held = card(HOME, index)
        begun = NOW + timedelta(minutes=index)
        visit = Visit(
            id=f"V{index:05}",
            card=held,
            point=operator.points[index % len(operator.points)],
            started_at=begun,
            ended_at=begun + timedelta(minutes=17 + index % 90, seconds=index % 60),
            energy_kwh=Decimal(3000 + index * 17 % 40_000) / 1000,
        )
        bodies[0].append(encode(cdr(visit, PARTY, HOSTS["ocpi"].price, _authorised(held), stamp(visit.ended_at))))
        bodies[1].append(encode(charge_detail_record(visit, SESSION.format(index), identification(held.uid))))
    return bodies


def _authorised(held: Card) -> dict[str, Any]:
    token = {"country_code": HOME.country_code, "party_id": HOME.party_id, "uid": held.uid, "type": "RFID"}
    return {"cdr_token": {**token, "contract_id": held.contract_id}, "auth_method": "AUTH_REQUEST"}


def _from_oicp(records: list[Any]) -> Any:
    [found] = locations_from_oicp(PARTY, records, received_at=NOW)
    return found


def _known_zone(found: Any) -> Any:
    return found if found.time_zone else replace(found, time_zone="Europe/Paris")


def _ocpi_with_losses(found: Any) -> tuple[Any, Any]:
    return location_to_ocpi(found), location_losses(found)


def _decoder(kind: Any) -> Callable[[bytes], Any]:
    return msgspec.json.Decoder(kind).decode


def _both(read: Callable[[bytes], Any], bodies: Sequence[bytes], messages: Sequence[Any]) -> Work:
    def work() -> None:
        _through(map(read, bodies))
        _through(map(_encode, messages))

    return work


def _through(results: Iterable[object]) -> None:
    """Makes each and forgets it, as a hub does."""
    deque(results, maxlen=0)


def _figure(thing: str, name: str, number: int, work: Work, other: Work, rounds: int) -> Figure:
    pairs = Pairs()
    gc.collect()
    gc.freeze()  # what is measured with is no work of the collector's
    for turn in range(rounds + 2):
        ours, theirs = _us(work, number), _us(other, number)
        if turn > 1:
            pairs.add(ours, theirs)
    made = pairs.figure(f"(e) {thing}, {name}", "us", "decode + encode", None)
    return replace(made, goal=f"<= {MOST:g}", held=pairs.ratio <= MOST)


def _us(work: Work, number: int) -> float:
    begun = time.process_time()
    work()
    return (time.process_time() - begun) / number * 1_000_000
