"""Laws: core -> OCHP -> core changes nothing in silence: what differs is reported, or the mapping says where it is."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from core.model.loss import Loss
from core.model.quantities import Price
from core.model.token import Token
from mappings.ochp import cdrs, locations, tokens
from mappings.ochp.cdrs import cdr_from_ochp, cdr_to_ochp
from mappings.ochp.locations import charge_points_to_ochp, locations_from_ochp
from mappings.ochp.tokens import token_from_ochp, token_to_ochp
from mappings.ocpi.cdrs import cdr_from_ocpi
from mappings.ocpi.tokens import token_from_ocpi
from protocols.ocpi.wire import cdrs as ocpi_cdrs
from protocols.ocpi.wire import tokens as ocpi_tokens
from tests.property import strategies_ochp as ochp
from tests.property.strategies_ochp import NOW
from tests.property.strategies_ocpi import ocpi
from tests.property.test_ochp_mapping import LAW, bare, billable

LATER = NOW + timedelta(days=30)
PARTS = {f"total_{part}_cost" for part in ("fixed", "energy", "time", "parking", "reservation")}


def silent(before: Any, after: Any, losses: Iterable[Loss], elsewhere: Mapping[str, str]) -> list[str]:
    """Fields that differ and that neither the report nor the table of other places names."""
    named = {_field(loss.path) for loss in losses} | {_field(path) for path in elsewhere} | {"extensions"}
    if named & {"total_cost", "chargingPeriods"}:  # the bill was divided anew, and this was said
        named |= PARTS
    return [
        name
        for name in before.__struct_fields__
        if name not in named and _meant(getattr(before, name)) != _meant(getattr(after, name))
    ]


def _field(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _meant(value: Any) -> Any:
    """A bill says nothing of what costs nothing, nor of a tax that there is not; space around a text is none of it."""
    value = bare(value)
    if isinstance(value, Price):
        return None if value.before_taxes == 0 else msgspec.structs.replace(value, taxes=value.taxes or None)
    return " ".join(value.split()) if type(value) is str else value


def card(token: Token) -> Token:
    return msgspec.structs.replace(bare(token), kind="RFID", whitelist="ALWAYS", valid=True)


@LAW
@given(ocpi(ocpi_tokens.Token).map(token_from_ocpi).map(card), st.none() | st.just(LATER))
def test_tokens_lose_nothing_in_silence(token: Token, expires_at: Any) -> None:
    token = msgspec.structs.replace(token, expires_at=expires_at)
    sent = token_to_ochp(token, expires_at=LATER)
    if sent.record is None:
        assert [loss.kind for loss in sent.losses] == ["WITHHELD"]
        return
    found = silent(token, token_from_ochp(sent.record, received_at=NOW), sent.losses, tokens.ELSEWHERE)
    assumed = [loss.path for loss in sent.losses if loss.kind == "ASSUMED"]
    assert (found, assumed) == (([], []) if expires_at else (["expires_at"], ["expiryDate"]))


@LAW
@given(ocpi(ocpi_cdrs.Cdr).map(billable).map(cdr_from_ocpi).map(bare))
def test_cdrs_lose_nothing_in_silence(cdr: Any) -> None:
    assume(cdr.started_at.year > 1970)  # before, clocks differed by seconds
    sent = cdr_to_ochp(cdr, time_zone="Europe/Berlin")
    if sent.record is None:
        assert [loss.kind for loss in sent.losses] == ["WITHHELD"]
        return
    found = silent(cdr, cdr_from_ochp(sent.record, received_at=NOW), sent.losses, cdrs.ELSEWHERE)
    assert set(found) <= {"periods"}  # which OCHP has by item of the bill


@LAW
@given(st.lists(ochp.charge_point_infos, min_size=1, max_size=3))
def test_locations_lose_nothing_in_silence(records: list[Any]) -> None:
    for location in map(bare, locations_from_ochp(records, received_at=NOW)):
        sent = charge_points_to_ochp(location)
        assert len(sent.records) + len(sent.withheld) == len(location.evses)
        for after in locations_from_ochp(sent.records, received_at=NOW):
            assert silent(location, after, (*sent.losses, *sent.withheld), locations.ELSEWHERE) == []
