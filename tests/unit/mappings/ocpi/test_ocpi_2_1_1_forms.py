"""OCPI 2.1.1: the forms of every type."""

from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.model.ids import PartyId
from core.model.partner import PartyRole, Role
from mappings.ocpi.forms import About, Form, Unsayable, said
from mappings.ocpi.v2_1_1.forms import FORMS
from protocols.ocpi.wire import commands, sessions, strict, tokens
from protocols.ocpi.wire import v2_1_1 as wire
from protocols.ocpi.wire.versions import VersionDetails
from protocols.transport.json_codec import decode, encode
from tests.property.strategies_ocpi import ocpi

SLOW = settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=15)
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
CPO = About(
    hub=PartyRole(role=Role.HUB, party=PartyId("NL", "HUB")),
    partner=PartyRole(role=Role.CPO, party=PartyId("IT", "CPF")),
    now=NOW,
)
EMSP = About(hub=CPO.hub, partner=PartyRole(role=Role.EMSP, party=PartyId("IT", "EME")), now=NOW)
OBJECTS = [newer for newer in FORMS if newer is not VersionDetails]


@pytest.mark.parametrize("newer", OBJECTS, ids=lambda kind: kind.__name__)
@SLOW
@given(data=st.data())
@pytest.mark.spec("OCPI-V211-10")
def test_whatever_can_be_said_is_valid(newer: Any, data: st.DataObject) -> None:
    form: Form = FORMS[newer]
    try:
        message = said(data.draw(ocpi(newer)), FORMS, EMSP)
    except Unsayable:
        return
    body = encode(message)
    strict.check(body, form.wire_type)
    assert decode(body, form.wire_type) == message


@pytest.mark.parametrize("newer", OBJECTS, ids=lambda kind: kind.__name__)
@SLOW
@given(data=st.data())
def test_whatever_is_read_is_valid_in_2_3_0(newer: Any, data: st.DataObject) -> None:
    form: Form = FORMS[newer]
    kind = next(held for held in (*get_args(form.wire_type), form.wire_type) if hasattr(held, "__struct_fields__"))
    asked = data.draw(ocpi(tokens.Token))
    try:
        message = form.newer(data.draw(ocpi(kind)), About(partner=CPO.partner, now=NOW, asked=asked))
    except (Unsayable, Invalid):
        return
    body = encode(message)
    if newer is wire.TariffPatch or getattr(message, "time_zone", "") is None:
        return
    strict.check(body, newer)
    assert decode(body, newer) == message


@pytest.mark.spec("OCPI-V211-27")
@pytest.mark.parametrize(
    ("result", "told"),
    [
        ("ACCEPTED", "ACCEPTED"),
        ("NOT_SUPPORTED", "NOT_SUPPORTED"),
        ("REJECTED", "REJECTED"),
        ("TIMEOUT", "TIMEOUT"),
        ("CANCELED_RESERVATION", "REJECTED"),
        ("EVSE_OCCUPIED", "REJECTED"),
        ("EVSE_INOPERATIVE", "REJECTED"),
        ("FAILED", "REJECTED"),
        ("UNKNOWN_RESERVATION", "REJECTED"),
    ],
)
def test_a_result_is_told_as_a_response(result: str, told: str) -> None:
    message = commands.CommandResult(result=commands.CommandResultType(result))
    assert encode(said(message, FORMS, EMSP)) == b'{"result":"%b"}' % told.encode()


@pytest.mark.spec("OCPI-V211-27", "OCPI-V211-28")
@pytest.mark.parametrize("body", [b'"TIMEOUT"', b'{"result":"TIMEOUT"}'])
def test_a_response_is_an_object_or_a_bare_word(body: bytes) -> None:
    answer = decode(body, wire.CommandAnswer)
    response = FORMS[commands.CommandResponse].newer(answer, CPO)
    assert (response.result, response.timeout) == (commands.CommandResponseType.REJECTED, 30)
    assert FORMS[commands.CommandResult].newer(answer, CPO).result is commands.CommandResultType.TIMEOUT


def test_a_contract_without_a_provider_is_refused() -> None:
    session = decode(
        b'{"id":"S","start_datetime":"2026-01-15T12:00:00Z","kwh":1,"auth_id":"whatever","auth_method":"WHITELIST",'
        b'"location":{"id":"L","type":"OTHER","address":"A","city":"C","postal_code":"-","country":"ITA",'
        b'"coordinates":{"latitude":"1.000000","longitude":"1.000000"},"last_updated":"2026-01-15T12:00:00Z"},'
        b'"currency":"EUR","status":"ACTIVE","last_updated":"2026-01-15T12:00:00Z"}',
        wire.Session,
    )
    with pytest.raises(Invalid, match="auth_id"):
        FORMS[sessions.Session].newer(session, CPO)
