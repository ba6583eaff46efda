"""Every golden object survives the way through the model, and every one of its fields counts there."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import Invalid, RoamingError
from core.model.ids import PartyId
from mappings.ocpi import authorisation, cdrs, commands, evses, locations, sessions, tariffs, tokens
from protocols.transport.json_codec import convert, decode_raw, to_raw
from tests.golden.ocpi import goldens

OPERATOR = PartyId("DE", "ABC")
NOW = datetime(2026, 2, 3, 4, tzinfo=UTC)
PAIRS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "location": (locations.location_from_ocpi, locations.location_to_ocpi),
    "evse": (evses.evse_from_ocpi, evses.evse_to_ocpi),
    "connector": (evses.connector_from_ocpi, evses.connector_to_ocpi),
    "token": (tokens.token_from_ocpi, tokens.token_to_ocpi),
    "authorization_info": (authorisation.authorisation_from_ocpi, authorisation.authorisation_to_ocpi),
    "session": (sessions.session_from_ocpi, sessions.session_to_ocpi),
    "cdr": (cdrs.cdr_from_ocpi, cdrs.cdr_to_ocpi),
    "tariff": (tariffs.tariff_from_ocpi, tariffs.tariff_to_ocpi),
    "start_session": (
        lambda message: commands.start_session_from_ocpi(message, id="c", operator=OPERATOR),
        lambda command: commands.start_session_to_ocpi(command, None, commands.response_url_of(command) or ""),
    ),
    "stop_session": (
        lambda message: commands.stop_session_from_ocpi(message, id="c", issuer=OPERATOR, operator=OPERATOR),
        lambda command: commands.stop_session_to_ocpi(command, commands.response_url_of(command) or ""),
    ),
    "reserve_now": (
        lambda message: commands.reserve_now_from_ocpi(message, id="c", operator=OPERATOR),
        lambda command: commands.reserve_now_to_ocpi(command, commands.response_url_of(command) or "", now=NOW),
    ),
    "cancel_reservation": (
        lambda message: commands.cancel_reservation_from_ocpi(message, id="c", issuer=OPERATOR, operator=OPERATOR),
        lambda command: commands.cancel_reservation_to_ocpi(command, commands.response_url_of(command) or ""),
    ),
    "command_result": (commands.outcome_from_result, commands.result_to_ocpi),
}
NAMES = [name for name in goldens.NAMES if name.split("/")[0] in PAIRS]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.spec(
    "OCPI-TRN-45", "OCPI-COP-15", "OCPI-LOC-16", "OCPI-LOC-21", "OCPI-LOC-22", "OCPI-LOC-23", "OCPI-LOC-24",
    "OCPI-SES-08", "OCPI-SES-09", "OCPI-SES-16", "OCPI-CDR-06", "OCPI-CDR-11", "OCPI-CDR-12", "OCPI-CDR-17",
    "OCPI-CDR-20", "OCPI-CDR-22", "OCPI-TAR-09", "OCPI-TAR-10", "OCPI-TAR-11", "OCPI-TAR-13", "OCPI-TAR-14",
    "OCPI-TAR-19", "OCPI-TOK-12",
)  # fmt: skip
def test_there_and_back(name: str) -> None:
    there, back = PAIRS[name.split("/")[0]]
    assert to_raw(back(there(goldens.golden(name)))) == decode_raw(goldens.body(name))


def places(raw: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(raw, dict):
        for key, value in raw.items():
            yield (*path, key)
            yield from places(value, (*path, key))
    if isinstance(raw, list):
        for index, value in enumerate(raw):
            yield from places(value, (*path, index))


def without(name: str, path: tuple[Any, ...]) -> Any:
    raw = decode_raw(goldens.body(name))
    place = raw
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return raw


@pytest.mark.parametrize("name", NAMES)
def test_each_field_counts(name: str) -> None:
    """Without a field the message is refused, or means something else to us."""
    there, _ = PAIRS[name.split("/")[0]]
    whole = there(goldens.golden(name))
    for path in places(decode_raw(goldens.body(name))):
        try:
            part = there(convert(without(name, path), goldens.kind(name)))
        except Invalid:
            continue
        except RoamingError as error:
            pytest.fail(f"{path}: {error}")
        assert part != whole, path


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_lost_towards_ocpi(name: str) -> None:
    losses = {
        "location": locations.location_losses,
        "token": tokens.token_losses,
        "authorization_info": authorisation.authorisation_losses,
        "session": sessions.session_losses,
        "cdr": cdrs.cdr_losses,
        "tariff": tariffs.tariff_losses,
        "start_session": commands.start_session_losses,
        "stop_session": commands.stop_session_losses,
        "reserve_now": lambda command: commands.reserve_now_losses(command, NOW),
        "cancel_reservation": commands.cancel_reservation_losses,
        "command_result": commands.outcome_losses,
    }
    kind = name.split("/")[0]
    if kind in losses:
        assert losses[kind](PAIRS[kind][0](goldens.golden(name))) == ()
