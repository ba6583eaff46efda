"""The official examples, where they are at hand, are taken or refused as the checklist says."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.errors import Invalid
from protocols.ocpi.server.kept import changed_by
from protocols.ocpi.wire import bookings, credentials, locations, payments, sessions, strict, tariffs, tokens, versions
from protocols.ocpi.wire.envelope import Received
from protocols.transport.json_codec import decode, decode_raw, encode, to_raw
from tests.golden.ocpi.goldens import TYPES

EXAMPLES = Path(__file__).parents[5].parent / "shared" / "specs" / "data" / "ocpi-2.3.0"

PREFIXES: tuple[tuple[str, Any], ...] = (
    ("booking_example", bookings.Booking),
    ("cdr_", TYPES["cdr"]),
    ("credentials_", credentials.Credentials),
    ("location_example", locations.Location),
    ("location_hours", locations.Hours),
    ("location_patch_example_remove", locations.EvsePatch),
    ("location_patch_example_tariff", locations.ConnectorPatch),
    ("payment_financial", payments.FinancialAdviceConfirmation),
    ("payment_terminal_activate", payments.Terminal),
    ("payment_terminal_create", payments.Terminal),
    ("payment_terminal_example", payments.Terminal),
    ("session_example", sessions.Session),
    ("session_patch", sessions.SessionPatch),
    ("tariff", tariffs.Tariff),
    ("token_patch", tokens.TokenPatch),
    ("token_example", tokens.Token),
    ("type_displaytext", locations.DisplayText),
    ("version_details", versions.VersionDetails),
)
FRAGMENTS = {
    "location_energymix_example_energy_provider": ("energy_mix", locations.EnergyMix),
    "location_regularhours_example": ("opening_times", locations.Hours),
}
ENVELOPES = {
    "transport_and_format_get_token_example": tokens.Token,
    "transport_and_format_version_details_example": versions.VersionDetails,
}
REFUSED = {
    "booking_example": "length <= 3|booking_location_id",
    "cdr_example": "tax_included",
    "payment_financial_advice_confirmation_example_failure": "before_taxes|eft_data",
    "payment_terminal_create_minimal": "last_updated",
}

CHANGES = {
    "booking_location_patch_example_calendar",
    "booking_patch_example_evse_uid",
    "booking_request_patch_example_timeslot",
    "payment_terminal_location_assignment",
}
"""Of modules whose changes have no form of their own: they are passed on as they came."""

pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the official examples are not at hand")


def cases() -> list[Any]:
    found = [
        pytest.param(path, kind, id=path.stem)
        for path in sorted(EXAMPLES.glob("*.json"))
        for prefix, kind in PREFIXES
        if path.stem.startswith(prefix) and path.stem not in FRAGMENTS
    ]
    return found or [pytest.param(None, None, id="none")]


@pytest.mark.parametrize(("path", "kind"), cases())
def test_whole_objects(path: Path, kind: Any) -> None:
    body = path.read_bytes()
    if reason := REFUSED.get(path.stem):
        with pytest.raises(Invalid, match=reason):
            decode(body, kind)
        return
    strict.check(body, kind)
    assert to_raw(decode(body, kind)) == decode_raw(body)


@pytest.mark.parametrize("name", FRAGMENTS)
def test_fragments(name: str) -> None:
    field, kind = FRAGMENTS[name]
    raw = decode_raw((EXAMPLES / f"{name}.json").read_bytes())[field]
    assert to_raw(decode(encode(raw), kind)) == raw


@pytest.mark.parametrize("name", ENVELOPES)
def test_envelopes(name: str) -> None:
    received = msgspec.json.decode((EXAMPLES / f"{name}.json").read_bytes(), type=Received)
    assert received.status_code == 1000
    assert to_raw(decode(bytes(received.data), ENVELOPES[name])) == decode_raw(bytes(received.data))


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_changes(name: str) -> None:
    change = (EXAMPLES / f"{name}.json").read_bytes()
    changed = decode_raw(changed_by(b'{"id":"B1","last_updated":"2020-01-01T00:00:00Z"}', change))
    assert changed == {"id": "B1", "last_updated": "2020-01-01T00:00:00Z", **decode_raw(change)}


def test_no_example_is_left_out() -> None:
    judged = {case.values[0].stem for case in cases()} | {*FRAGMENTS, *ENVELOPES, *CHANGES}
    assert judged == {path.stem for path in EXAMPLES.glob("*.json")}
