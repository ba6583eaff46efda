"""Sessions, CDRs and tariffs."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from core.errors import Invalid, Unsupported
from core.model.cdr import Cdr, CdrLocation
from core.model.ids import ContractId, PartyId, TokenUid
from core.model.loss import LossKind
from core.model.quantities import Coordinates, Price
from core.model.session import CdrToken
from mappings.ocpi import cdrs, sessions, tariffs
from protocols.ocpi.wire import cdrs as wire
from protocols.ocpi.wire import sessions as wire_sessions
from protocols.transport.json_codec import decode, encode, to_raw
from tests.golden.ocpi.goldens import golden

START, END = datetime(2025, 3, 1, 12, tzinfo=UTC), datetime(2025, 3, 1, 13, 30, tzinfo=UTC)


def foreign(**changes: Any) -> Cdr:
    """As a protocol would leave it that has no periods and knows the place by its EVSE only."""
    cdr = Cdr(
        owner=PartyId("DE", "NOR"), id="N1", started_at=START, ended_at=END, total_energy_kwh=Decimal("12.5"),
        token=CdrToken(kind="EMAID", contract_id=ContractId.parse("DE-ELK-C00012345-K")), updated_at=END,
        location=CdrLocation(coordinates=Coordinates(latitude=Decimal("54.3"), longitude=Decimal("10.1"))),
        currency="EUR", total_cost=Price(before_taxes=Decimal("5.00")), meter_start_kwh=Decimal(100),
    )  # fmt: skip
    return msgspec.structs.replace(cdr, **changes)


# --- sessions


def test_a_session_of_which_little_is_known_says_so() -> None:
    known = sessions.session_from_ocpi(golden("session/minimal"))
    bare = msgspec.structs.replace(
        known, energy_kwh=None, evse_uid=None, connector_id=None, currency=None, extensions={}
    )
    sent = sessions.session_to_ocpi(bare)
    assert (sent.kwh, sent.evse_uid, sent.connector_id, sent.currency) == (0, "#NA", "#NA", "XXX")
    assumed = {loss.path for loss in sessions.session_losses(bare) if loss.kind is LossKind.ASSUMED}
    assert assumed == {"energy_kwh", "evse_uid", "connector_id", "currency"}
    assert sessions.session_losses(known) == ()
    with pytest.raises(Unsupported, match="location"):
        sessions.session_to_ocpi(msgspec.structs.replace(bare, location_id=None))


@pytest.mark.spec("OCPI-SES-03", "OCPI-COP-11")
def test_a_patch_adds_periods() -> None:
    before = sessions.session_from_ocpi(golden("session/rich"))
    after = sessions.patch_session(before, golden("session_patch/period"))
    assert after.periods[:2] == before.periods
    assert len(after.periods) == 3
    assert (after.energy_kwh, after.total_cost) == (Decimal("12.5"), before.total_cost)


@pytest.mark.spec("OCPI-SES-03")
@pytest.mark.parametrize("periods", ["[]", "null"])
def test_an_empty_list_of_periods_changes_nothing(periods: str) -> None:
    before = sessions.session_from_ocpi(golden("session/rich"))
    body = f'{{"charging_periods":{periods},"last_updated":"2025-03-04T10:50:10Z"}}'
    after = sessions.patch_session(before, decode(body.encode(), wire_sessions.SessionPatch))
    assert after.periods == before.periods


@pytest.mark.spec("OCPI-SES-15")
def test_no_cost_is_not_free() -> None:
    assert sessions.session_from_ocpi(golden("session/minimal")).total_cost is None
    free = msgspec.structs.replace(golden("session/minimal"), total_cost=wire_sessions.Price(before_taxes=Decimal(0)))
    cost = sessions.session_from_ocpi(free).total_cost
    assert cost == Price(before_taxes=Decimal(0))
    assert b'"total_cost":{"before_taxes":0}' in encode(sessions.session_to_ocpi(sessions.session_from_ocpi(free)))


def test_no_taxes_is_not_the_same_as_nothing_said() -> None:
    cdr = cdrs.cdr_from_ocpi(golden("cdr/rich"))
    assert cdr.total_energy_cost
    assert cdr.total_energy_cost.taxes == ()
    assert cdr.total_time_cost
    assert cdr.total_time_cost.taxes is None


def test_a_token_without_emsp_cannot_be_billed() -> None:
    token = CdrToken(uid=TokenUid.parse("04AB"), kind="RFID")
    with pytest.raises(Unsupported):
        sessions.cdr_token_to_ocpi(token)
    with pytest.raises(Unsupported):
        sessions.cdr_token_to_ocpi(CdrToken(kind="RFID", contract_id=ContractId.parse("DE-ELK-C00012345-K")))


# --- CDRs


@pytest.mark.spec("OCPI-CDR-06")
def test_a_credit_names_what_it_credits() -> None:
    with pytest.raises(Invalid, match="credit_reference_id"):
        cdrs.cdr_from_ocpi(msgspec.structs.replace(golden("cdr/credit"), credit_reference_id=None))
    cost = cdrs.cdr_from_ocpi(golden("cdr/credit")).total_cost
    assert cost
    assert cost.before_taxes == Decimal("-6.02")


@pytest.mark.spec("OCPI-CDR-08")
def test_only_a_credit_may_have_a_long_id() -> None:
    long_id = golden("cdr/credit").id
    assert len(long_id) > 36
    assert cdrs.cdr_from_ocpi(golden("cdr/credit")).id == long_id
    with pytest.raises(Invalid) as error:
        cdrs.cdr_from_ocpi(msgspec.structs.replace(golden("cdr/minimal"), id=long_id))
    assert error.value.path == "$.id"


@pytest.mark.spec("OCPI-CDR-10")
def test_tariffs_inside_a_cdr_are_its_own() -> None:
    cdr = cdrs.cdr_from_ocpi(golden("cdr/rich"))
    assert [tariff.id for tariff in cdr.tariffs] == ["DAG"]
    assert cdrs.cdr_to_ocpi(cdr).tariffs == golden("cdr/rich").tariffs


def test_the_placeholder_of_a_time_comes_back_as_it_was() -> None:
    message = cdrs.cdr_to_ocpi(cdrs.cdr_from_ocpi(golden("cdr/unused_reservation")))
    assert (message.start_date_time, message.end_date_time) == ("1970-1-1T00:00:00Z", "1970-01-01T00:00:00Z")


def test_what_a_foreign_cdr_lacks_is_assumed_and_said() -> None:
    message = cdrs.cdr_to_ocpi(foreign())
    assert decode(encode(message), wire.Cdr) == message
    assert message.total_time == Decimal("1.5")
    assert to_raw(message.charging_periods[0]) == {
        "start_date_time": "2025-03-01T12:00:00Z",
        "dimensions": [{"type": "ENERGY", "volume": Decimal("12.5")}],
    }
    assert (message.cdr_token.uid, message.cdr_token.party_id) == ("DE-ELK-C00012345-K", "ELK")
    losses = {loss.path: loss.kind for loss in cdrs.cdr_losses(foreign())}
    assert losses.pop("meter_start_kwh") is LossKind.LOST
    assert set(losses.values()) == {LossKind.ASSUMED}
    assert {"token.uid", "token.issuer", "auth_method", "total_time_h", "periods", "location.evse_id"} <= losses.keys()


@pytest.mark.parametrize(
    "changes", [{"total_cost": None}, {"currency": None}, {"token": CdrToken(kind="RFID")}, {"location": CdrLocation()}]
)
def test_a_cdr_that_nobody_could_bill_waits(changes: dict[str, Any]) -> None:
    with pytest.raises(Unsupported):
        cdrs.cdr_to_ocpi(foreign(**changes))


@pytest.mark.spec("EMIP-MTR-05")
@pytest.mark.parametrize("remark", [None, "meter broken", "x" * 250])
def test_energy_that_nobody_knows_is_a_zero_that_says_so(remark: str | None) -> None:
    cdr = foreign(total_energy_kwh=None, remark=remark)
    sent = cdrs.cdr_to_ocpi(cdr)
    assert sent.total_energy == 0
    assert sent.remark is not None
    assert sent.remark.startswith(cdrs.NO_ENERGY) and len(sent.remark) <= 255
    assert [(item.type, item.volume) for item in sent.charging_periods[0].dimensions] == [("TIME", Decimal("1.5"))]
    found = {loss.path for loss in cdrs.cdr_losses(cdr)}
    assert "total_energy_kwh" in found
    assert ("remark" in found) is (remark is not None and len(remark) > 200)


def test_a_long_address_is_cut_and_said() -> None:
    place = msgspec.structs.replace(foreign().location, address="a" * 60)
    assert cdrs.cdr_location_to_ocpi(place).address == "a" * 45
    narrowed = [loss.path for loss in cdrs.cdr_losses(foreign(location=place)) if loss.kind is LossKind.NARROWED]
    assert narrowed == ["location.address"]


# --- tariffs


@pytest.mark.spec("OCPI-TAR-11")
def test_elements_keep_their_order() -> None:
    tariff = tariffs.tariff_from_ocpi(golden("tariff/rich"))
    assert [[part.type for part in element.components] for element in tariff.elements] == [
        ["ENERGY", "FLAT"],
        ["TIME"],
        ["FLAT"],
        ["ENERGY", "PARKING_TIME"],
    ]


def test_a_tariff_that_ocpi_cannot_say_is_not_sent() -> None:
    tariff = tariffs.tariff_from_ocpi(golden("tariff/rich"))
    with pytest.raises(Unsupported):
        tariffs.tariff_to_ocpi(msgspec.structs.replace(tariff, tax_included=None))
    with pytest.raises(Unsupported):
        tariffs.tariff_to_ocpi(msgspec.structs.replace(tariff, type="SECRET"))
    strange = msgspec.structs.replace(tariff.elements[0].components[0], type="WATER")
    with pytest.raises(Unsupported):
        tariffs.component_to_ocpi(strange)


def test_a_foreign_day_ends_at_midnight() -> None:
    limits = tariffs.restrictions_from_ocpi(golden("tariff/rich").elements[0].restrictions)
    assert tariffs.restrictions_to_ocpi(msgspec.structs.replace(limits, end_time="24:00")).end_time == "00:00"
