"""A law of OCPI's versions: 2.3.0 -> older -> 2.3.0 changes nothing in silence."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.model.ids import PartyId
from core.model.partner import PartyRole, Role
from mappings.ocpi import cdrs, locations, sessions, tariffs, tokens
from mappings.ocpi.forms import About, Unsayable, said
from protocols.ocpi.dialect import Dialect
from protocols.ocpi.versions import V2_1_1, V2_2_1, Version
from protocols.ocpi.wire import cdrs as wire_cdrs
from protocols.ocpi.wire import locations as wire_locations
from protocols.ocpi.wire import sessions as wire_sessions
from protocols.ocpi.wire import tariffs as wire_tariffs
from protocols.ocpi.wire import tokens as wire_tokens
from tests.property.strategies_ocpi import ocpi
from tests.property.test_ochp_losses import silent
from tests.property.test_ochp_mapping import bare

FEW = settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=8)
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
OWNER = PartyId("IT", "CPF")
KINDS = {
    wire_locations.Location: (
        locations.location_from_ocpi,
        locations.location_to_ocpi,
        locations.location_losses,
    ),
    wire_tokens.Token: (tokens.token_from_ocpi, tokens.token_to_ocpi, tokens.token_losses),
    wire_sessions.Session: (sessions.session_from_ocpi, sessions.session_to_ocpi, sessions.session_losses),
    wire_cdrs.Cdr: (cdrs.cdr_from_ocpi, cdrs.cdr_to_ocpi, cdrs.cdr_losses),
    wire_tariffs.Tariff: (tariffs.tariff_from_ocpi, tariffs.tariff_to_ocpi, tariffs.tariff_losses),
}
ELSEWHERE: dict[str, str] = {"owner": "the connection", "issuer": "the connection"}


@pytest.mark.parametrize("version", [V2_2_1, V2_1_1], ids=lambda version: version.id)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@FEW
@given(data=st.data())
def test_nothing_changes_in_silence(kind: Any, version: Version, data: st.DataObject) -> None:
    there, back, known = KINDS[kind]
    role = Role.EMSP if kind is wire_tokens.Token else Role.CPO
    about = About(partner=PartyRole(role=role, party=OWNER), now=NOW)
    before = bare(there(data.draw(ocpi(kind))))
    try:
        message = said(back(before), version.forms, about)
        form = version.forms[kind]
        after = bare(there(form.newer(message, about)))
    except (Unsayable, Invalid):
        return
    losses = known(before) + Dialect(version, about).losses(before)
    untaxed = {"elements": "prices"} if getattr(before, "tax_included", None) == "YES" else {}
    assert silent(before, after, losses, ELSEWHERE | untaxed) == []
