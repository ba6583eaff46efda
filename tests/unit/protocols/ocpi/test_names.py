"""Names and numbers that the hub writes: those of the specification, and none of its own."""

import importlib
import pkgutil
import re
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from core.errors import Invalid, Refused, Rejected, Unavailable, Uncertain, Unknown, Unsupported
from protocols.ocpi import codes, wire
from protocols.ocpi.auth import fresh_token
from protocols.ocpi.codes import Failure, failure_of
from protocols.ocpi.versions import VERSIONS, version_details
from protocols.ocpi.wire.credentials import Credentials
from protocols.plugin import HubIdentity
from tests.flows.hub import HUB_PARTY, HUB_URL
from tests.golden.ocpi.goldens import golden

spec = pytest.mark.spec
MODULE_IDS = {
    "2.3.0": {
        *("bookings", "cdrs", "chargingprofiles", "commands", "credentials", "hubclientinfo", "invoicereconciliation"),
        *("locations", "payments", "sessions", "tariffs", "tokens"),
    },
    "2.2.1": {
        *("cdrs", "chargingprofiles", "commands", "credentials", "hubclientinfo", "locations", "sessions", "tariffs"),
        "tokens",
    },
    "2.1.1": {"cdrs", "commands", "credentials", "locations", "sessions", "tariffs", "tokens"},
}
"""Source: OCPI 2.3.0, 2.2.1 and 2.1.1, version_information_endpoint, ModuleID."""


def wire_types() -> list[type[Struct]]:
    modules = [importlib.import_module(f"{wire.__name__}.{info.name}") for info in pkgutil.iter_modules(wire.__path__)]
    found = [held for module in modules for held in vars(module).values() if isinstance(held, type)]
    return [held for held in dict.fromkeys(found) if issubclass(held, Struct)]


@spec("OCPI-GEN-07")
def test_fields_are_written_in_snake_case() -> None:
    types = wire_types()
    assert len(types) > 60
    wrong = [
        f"{held.__name__}.{field.encode_name}"
        for held in types
        for field in msgspec.structs.fields(held)
        if field.name != "extra" and not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", field.encode_name)
    ]
    assert wrong == []


@spec("OCPI-VER-13")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("for_hub", [False, True])
def test_no_module_of_our_own_is_published(version: str, for_hub: bool) -> None:
    identity = HubIdentity(party=HUB_PARTY, name="Test hub", public_url=HUB_URL)
    details = version_details(identity, VERSIONS[version], for_hub=for_hub)
    published = {end.identifier for end in details.endpoints}
    assert "locations" in published
    assert published <= MODULE_IDS[version]


@spec("OCPI-STC-18")
def test_no_status_code_is_of_our_own() -> None:
    named = {name: value for name, value in vars(codes).items() if name.isupper() and isinstance(value, int)}
    assert {value for value in named.values() if value >= 1000} <= {
        *(1000, 2000, 2001, 2002, 2003, 2004, 3000, 3001, 3002, 3003, 4000, 4001, 4002, 4003),
    }


@spec("OCPI-STC-18")
@pytest.mark.parametrize(
    "error",
    [
        Invalid("$.x", "no"),
        *(Unknown(noun, "x") for noun in ("location", "evse", "token", "party", "partner", "cdr", "anything")),
        Refused("no"),
        Refused("no", authenticated=False),
        Unsupported("no"),
        Unavailable("no"),
        Uncertain("no"),
        Rejected("4903", "its own"),
    ],
    ids=str,
)
def test_whatever_fails_is_told_by_a_code_of_the_specification(error: Any) -> None:
    failure: Failure = failure_of(error)
    for version in VERSIONS.values():
        code = version.codes.get(failure.code, failure.code)
        assert code in range(2000, 2005) or code in range(3000, 3004) or code in range(4000, 4004)


@spec("OCPI-TRN-12")
def test_tokens_are_long_and_random_and_show_in_no_text() -> None:
    tokens = {fresh_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(re.fullmatch(r"[\x21-\x7e]{22,64}", token) for token in tokens)
    assert len({token[index] for token in tokens for index in (0, 10, 20)}) > 50
    credentials: Credentials = golden("credentials/rich")
    assert credentials.token not in repr(credentials)
