"""OCPI 2.2.1: the forms of every type."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappings.ocpi import v2_2_1
from mappings.ocpi.forms import NOTHING_KNOWN, Form, said
from protocols.ocpi.wire import sessions, strict, tariffs
from protocols.ocpi.wire import v2_2_1 as wire
from protocols.ocpi.wire.tokens import Token, TokenPatch
from protocols.transport.json_codec import decode, encode
from tests.property.strategies_ocpi import ocpi

SLOW = settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=25)
DIFFERENT = [wire.Credentials, wire.ClientInfo, wire.Session, wire.SessionPatch, wire.Tariff, wire.Cdr]
THERE_AND_BACK = [sessions.Session, sessions.SessionPatch, tariffs.Tariff]


@pytest.mark.parametrize("wire_type", DIFFERENT, ids=lambda kind: kind.__name__)
@SLOW
@given(data=st.data())
def test_what_is_encoded_is_decoded(wire_type: Any, data: st.DataObject) -> None:
    message = data.draw(ocpi(wire_type))
    body = encode(message)
    strict.check(body, wire_type)
    assert decode(body, wire_type) == message


@pytest.mark.parametrize("newer", v2_2_1.FORMS, ids=lambda kind: kind.__name__)
@SLOW
@given(data=st.data())
@pytest.mark.spec("OCPI-V221-23")
def test_whatever_can_be_said_is_valid(newer: Any, data: st.DataObject) -> None:
    form: Form = v2_2_1.FORMS[newer]
    try:
        message = said(data.draw(ocpi(newer)), v2_2_1.FORMS, NOTHING_KNOWN)
    except v2_2_1.Unsayable:
        return
    body = encode(message)
    strict.check(body, form.wire_type)
    assert decode(body, form.wire_type) == message


@pytest.mark.parametrize("wire_type", THERE_AND_BACK, ids=lambda kind: kind.__name__)
@SLOW
@given(data=st.data())
def test_a_message_settles_after_one_trip(wire_type: Any, data: st.DataObject) -> None:
    form = v2_2_1.FORMS[wire_type]
    try:
        once = form.older(form.newer(data.draw(ocpi(form.wire_type)), NOTHING_KNOWN), NOTHING_KNOWN)
    except v2_2_1.Unsayable:
        return
    assert form.older(form.newer(once, NOTHING_KNOWN), NOTHING_KNOWN) == once


@pytest.mark.spec("OCPI-V221-05")
@given(st.decimals(-9999, 9999, places=4), st.none() | st.decimals(-9999, 9999, places=4))
def test_a_price_comes_back_exactly(excluding: Decimal, including: Decimal | None) -> None:
    price = wire.Price(excl_vat=excluding, incl_vat=including)
    assert v2_2_1.price_older(v2_2_1.price_newer(price)) == price


@given(ocpi(TokenPatch))
def test_a_patch_mentions_nothing_new(patch: TokenPatch) -> None:
    older = said(patch, v2_2_1.FORMS, NOTHING_KNOWN)
    assert older.last_updated == patch.last_updated
    for name in TokenPatch.__struct_fields__:
        if name not in ("extra", "type"):
            assert name == "energy_contract" or getattr(older, name) == getattr(patch, name)


@pytest.mark.spec("OCPI-V221-09")
@given(ocpi(Token))
def test_only_known_kinds_of_tokens_are_told(token: Token) -> None:
    kind = said(token, v2_2_1.FORMS, NOTHING_KNOWN).type
    assert kind == (token.type if token.type in wire.TOKEN_TYPES else "OTHER")
