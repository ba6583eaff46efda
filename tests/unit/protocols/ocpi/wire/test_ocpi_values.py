"""Which values a field takes. Each case changes one field of a golden message."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from core.errors import Invalid
from protocols.ocpi.wire import strict
from protocols.ocpi.wire.envelope import Received, Response
from protocols.ocpi.wire.types import Code
from protocols.transport.json_codec import decode, decode_raw, encode, invalid
from tests.golden.ocpi import goldens


def changed(name: str, path: str, value: Any) -> bytes:
    raw = decode_raw(goldens.body(name))
    place: Any = raw
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        place = place[step]
    place[last] = value
    return encode(raw)


def accept(name: str, path: str, value: Any) -> Any:
    body = changed(name, path, value)
    try:
        strict.check(body, goldens.kind(name))
    except msgspec.ValidationError as error:
        raise invalid(error) from error
    return decode(body, goldens.kind(name))


def row(ids: str, name: str, path: str, value: Any) -> Any:
    return pytest.param(name, path, value, marks=pytest.mark.spec(*ids.split()))


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        row("OCPI-TYP-02", "token/rich", "last_updated", "2015-06-29T20:39:09Z"),
        row("OCPI-TYP-02", "token/rich", "last_updated", "2015-06-29T20:39:09"),
        row("OCPI-TYP-02", "token/rich", "last_updated", "2016-12-29T17:45:09.2Z"),
        row("OCPI-TYP-02", "token/rich", "last_updated", "2016-12-29T17:45:09.2"),
        row("OCPI-TYP-02", "token/rich", "last_updated", "2018-01-01T01:08:01.123Z"),
        row("OCPI-TYP-02", "token/rich", "last_updated", "2018-01-01T01:08:01.123"),
        row("OCPI-TYP-05", "location/rich", "city", "ö" * 45),
        row("OCPI-TYP-07", "location/rich", "images", None),
        row("OCPI-TYP-07", "location/rich", "images", []),
        row("OCPI-TYP-07", "location/rich", "name", None),
        row("OCPI-TYP-09 OCPI-SES-08", "session/reservation", "evse_uid", "#NA"),
        row("OCPI-TRN-46 OCPI-TYP-13", "connector/rich", "standard", "FUTURE_PLUG"),
        row("OCPI-TRN-46 OCPI-TYP-13", "location/rich", "facilities", ["BEACH"]),
        row("OCPI-TAR-16", "tariff/free", "elements.0.price_components.0.step_size", 0),
        row("OCPI-CDR-16", "cdr/rich", "signed_data.signed_values.0.plain_data", "x" * 5000),
        row("OCPI-CDR-12", "cdr/rich", "start_date_time", "1970-1-1T00:00:00Z"),
        row("OCPI-CDR-20", "cdr/rich", "remark", "é" * 255),
        row("OCPI-CDR-20", "cdr/rich", "invoice_reference_id", "i" * 39),
        row("OCPI-TOK-19", "token/rich", "uid", "!" * 36),
    ],
)  # fmt: skip
def test_taken(name: str, path: str, value: Any) -> None:
    accept(name, path, value)


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        row("OCPI-TYP-02", "token/rich", "last_updated", "2020-01-01 10:00"),
        row("OCPI-TYP-02", "token/rich", "last_updated", "2020-01-01T10:00:00+00:00"),
        row("OCPI-TYP-02", "token/rich", "last_updated", "2020-01-01T10:00:99Z"),
        row("OCPI-TYP-02", "token/rich", "last_updated", "2020-01-01T10:00:00z"),
        row("OCPI-TYP-02", "token/rich", "last_updated", "2020-01-01T10:00:00Z\n"),
        row("OCPI-TYP-05", "location/rich", "city", "ö" * 46),
        row("OCPI-TYP-06", "location/rich", "name", "a\tb"),
        row("OCPI-TYP-06", "location/rich", "evses.0.directions.0.text", "one\r\ntwo"),
        row("OCPI-TYP-06", "location/rich", "id", "kø"),
        row("OCPI-TYP-06", "location/rich", "evses.0.connectors.0.tariff_ids.1", "né"),
        row("OCPI-TYP-08 OCPI-LOC-08", "evse/rich", "connectors", []),
        row("OCPI-TYP-08", "evse/rich", "connectors", None),
        row("OCPI-TYP-08", "tariff/rich", "elements", []),
        row("OCPI-TYP-10", "location/rich", "coordinates.latitude", Decimal("51.0")),
        row("OCPI-TYP-10", "location/rich", "coordinates.latitude", "51.0"),
        row("OCPI-TYP-10", "location/rich", "coordinates.longitude", "3.12345678"),
        row("OCPI-TYP-11", "connector/rich", "max_voltage", "230"),
        row("OCPI-TYP-11", "session/rich", "kwh", "10.012"),
        row("OCPI-TYP-11", "cdr/rich", "total_cost.taxes.0.amount", "1.26"),
        row("OCPI-TYP-11", "token/rich", "valid", "true"),
        row("OCPI-TYP-12", "connector/rich", "terms_and_conditions", "https://x.example/" + "y" * 240),
        row("OCPI-TYP-12", "connector/rich", "terms_and_conditions", "/voorwaarden"),
        row("OCPI-TYP-13", "evse/rich", "status", "available"),
        row("OCPI-TYP-13 OCPI-SES-17", "session/rich", "status", "RESERVED"),
        row("OCPI-TYP-13 OCPI-TAR-07", "tariff/rich", "tax_included", "NA"),
        row("OCPI-LOC-20", "location/rich", "help_phone", "0" * 26),
        row("OCPI-LOC-21", "evse/rich", "accepted_service_providers", ["p" * 51]),
        row("OCPI-LOC-18", "location/rich", "parking_places.0.vehicle_types", []),
        row("OCPI-LOC-17", "location/rich", "opening_times.regular_hours.0.weekday", 0),
        row("OCPI-LOC-17", "location/rich", "opening_times.regular_hours.0.weekday", 8),
        row("OCPI-TAR-08", "tariff/rich", "min_price", {"after_taxes": 1}),
        row("OCPI-TAR-12", "tariff/free", "elements.0.price_components.0", {"type": "FLAT", "step_size": 1}),
        row("OCPI-CDR-08", "cdr/credit", "id", "C" * 40),
    ],
)  # fmt: skip
@pytest.mark.spec("OCPI-TYP-15")
def test_refused_with_the_path(name: str, path: str, value: Any) -> None:
    with pytest.raises(Invalid) as error:
        accept(name, path, value)
    assert error.value.path.startswith("$")
    if value not in ([], None, "NA"):
        assert path.split(".")[0] in str(error.value)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        pytest.param("location/rich", "time_zone", marks=pytest.mark.spec("OCPI-LOC-14")),
        pytest.param("location/rich", "publish", marks=pytest.mark.spec("OCPI-LOC-14")),
        pytest.param("location/rich", "country_code", marks=pytest.mark.spec("OCPI-LOC-14")),
        pytest.param("location/rich", "party_id", marks=pytest.mark.spec("OCPI-LOC-14")),
        pytest.param("tariff/rich", "tax_included", marks=pytest.mark.spec("OCPI-TAR-07")),
    ],
)
def test_required(name: str, field: str) -> None:
    raw = decode_raw(goldens.body(name))
    del raw[field]
    with pytest.raises(Invalid, match=field):
        decode(encode(raw), goldens.kind(name))


@pytest.mark.parametrize("name", [name for name in goldens.NAMES if "_patch/" in name])
@pytest.mark.spec("OCPI-COP-10", "OCPI-LOC-09", "OCPI-SES-04", "OCPI-TOK-05")
def test_a_patch_needs_its_time(name: str) -> None:
    raw = decode_raw(goldens.body(name))
    del raw["last_updated"]
    with pytest.raises(Invalid, match="last_updated"):
        decode(encode(raw), goldens.kind(name))


@pytest.mark.spec("OCPI-TRN-47")
@pytest.mark.parametrize("number", ["0.1", "12.3450", "100000000.0001", "0", "-3.50"])
def test_numbers_keep_their_digits(number: str) -> None:
    body = changed("session/minimal", "kwh", Decimal(number))
    assert b'"kwh":' + number.encode() in encode(decode(body, goldens.TYPES["session"]))


@pytest.mark.spec("OCPI-TRN-44")
def test_numbers_as_text_in_unknown_fields_do_not_matter() -> None:
    message = accept("session/minimal", "ext", {"kwh": "12", "note": "a\tb"})
    assert message.extra == {"ext": {"kwh": "12", "note": "a\tb"}}


def test_codes_are_hashed_as_text() -> None:
    class Colour(Code):
        DARK_RED = "dark red"

    assert {Colour.DARK_RED: 1}["dark red"] == 1  # type: ignore[index]


def test_an_answer_is_read_in_two_steps() -> None:
    body = b'{"data":{"a":1},"status_code":1000,"timestamp":"now","hint":true}'
    received = msgspec.json.decode(body, type=Received)
    assert bytes(received.data) == b'{"a":1}'
    assert bytes(msgspec.json.decode(b'{"status_code":2001}', type=Received).data) == b""


@pytest.mark.spec("OCPI-TRN-40", "OCPI-TRN-42")
def test_an_answer_without_payload_has_no_data() -> None:
    assert b"data" not in encode(Response(status_code=1000, timestamp="2025-01-01T00:00:00Z"))
    assert b'"data":[]' in encode(Response(status_code=1000, data=(), timestamp="2025-01-01T00:00:00Z"))


def test_credentials_do_not_show_their_token() -> None:
    credentials = goldens.golden("credentials/rich")
    assert credentials.token not in repr(credentials)
    assert "Voltaire" in repr(credentials)
