"""What simulated networks say in older versions of OCPI is what those ask for: the wire types read it, to the last
member."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from core.model.ids import PartyId
from gateway.simulator.cast import card, invented
from gateway.simulator.ocpi import objects
from gateway.simulator.ocpi.home import OcpiHome, bill_of
from gateway.simulator.ocpi.versions import V2_1_1, V2_2_1, Speech
from gateway.simulator.visits import Price, Visit
from protocols.ocpi.wire import commands, locations, strict, tokens, v2_1_1, v2_1_1_locations, v2_2_1
from protocols.transport.json_codec import convert, decode_raw, encode

PARTY = PartyId("FR", "HST")
AT = "2026-01-15T12:00:00.5Z"
BEGAN = datetime(2026, 1, 15, 10, tzinfo=UTC)
PRICE = Price("AC", Decimal("0.42"))
STATION = invented(PARTY, "Host", 1).stations[0]
VISIT = Visit(
    id="V1",
    card=card(PARTY, 1),
    point=STATION.points[0],
    started_at=BEGAN,
    ended_at=BEGAN + timedelta(minutes=30),
    energy_kwh=Decimal("7.125"),
)
PLACES = {STATION.id: objects.location(STATION, tariff_id="AC")}
TOKEN = OcpiHome("Home", PARTY, "http://127.0.0.1:1").token_of(VISIT.card, AT)
NAMES = ("country_code", "party_id", "uid", "type", "contract_id")
AUTHORISED = {
    "cdr_token": {name: TOKEN[name] for name in NAMES},
    "auth_method": "COMMAND",
    "authorization_reference": "ref-1",
}
COMMAND = {
    "response_url": "https://home.test/cb",
    "token": TOKEN,
    "expiry_date": AT,
    "reservation_id": "4711",
    "location_id": STATION.id,
    "evse_uid": VISIT.point.evse_id,
    "authorization_reference": "ref-1",
}
ENDED = {"total_cost": PRICE.cost(VISIT.energy_kwh), "status": "COMPLETED", "end_date_time": AT, "last_updated": AT}
WHOLE: dict[str, Any] = {
    "location": PLACES[STATION.id],
    "tariff": PRICE.tariff(PARTY.country_code, PARTY.party_id, AT),
    "token": TOKEN,
    "session": objects.session(VISIT, PARTY, AUTHORISED, AT) | ENDED,
    "cdr": objects.cdr(VISIT, PARTY, PRICE, AUTHORISED, AT),
    "command": COMMAND,
}
CASES = [
    (V2_2_1, "location", locations.Location),
    (V2_2_1, "tariff", v2_2_1.Tariff),
    (V2_2_1, "token", tokens.Token),
    (V2_2_1, "session", v2_2_1.Session),
    (V2_2_1, "cdr", v2_2_1.Cdr),
    (V2_2_1, "command", commands.ReserveNow),
    (V2_1_1, "location", v2_1_1_locations.Location),
    (V2_1_1, "tariff", v2_1_1.Tariff),
    (V2_1_1, "token", v2_1_1.Token),
    (V2_1_1, "session", v2_1_1.Session),
    (V2_1_1, "cdr", v2_1_1.Cdr),
    (V2_1_1, "command", v2_1_1.ReserveNow),
]


@pytest.mark.parametrize(("speech", "kind", "wire_type"), CASES)
def test_what_is_said_is_of_its_version(speech: Speech, kind: str, wire_type: Any) -> None:
    body = encode(speech.say(kind, WHOLE[kind], PLACES))
    convert(decode_raw(body), wire_type)
    strict.check(body, wire_type)
    assert not unknown(decode_raw(body), wire_type)


def unknown(raw: Any, wire_type: Any) -> set[str]:
    """Members at the top that the type does not have."""
    return set(raw) - {field.encode_name for field in msgspec.structs.fields(wire_type)}


@pytest.mark.parametrize("speech", [V2_2_1, V2_1_1])
def test_a_bill_is_read_as_it_was_written(speech: Speech) -> None:
    bill = bill_of(speech.understand("cdr", speech.say("cdr", WHOLE["cdr"], PLACES)))
    assert (bill.evse_id, bill.energy_kwh, bill.net) == (VISIT.point.evse_id, VISIT.energy_kwh, Decimal("2.99"))
    assert bill.tax == (None if speech is V2_1_1 else Decimal("0.60"))


def test_a_change_of_a_session_is_no_whole_one() -> None:
    change = {"kwh": Decimal(3), "last_updated": AT}
    for speech in (V2_2_1, V2_1_1):
        assert speech.understand("session", speech.say("session", change, PLACES)) == change
