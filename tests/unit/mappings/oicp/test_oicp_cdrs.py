"""Charge detail records: times, energy, signatures, and what may not be sent."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from core.errors import Invalid
from core.model.cdr import CdrLocation, SignedValue
from core.model.ids import EvseId, PartyId, TokenUid
from core.model.loss import LossKind
from core.model.session import AuthMethod, ChargingPeriod, Dimension
from mappings.oicp.cdrs import cdr_from_oicp, cdr_to_oicp
from protocols.oicp import codec
from protocols.oicp.wire.cdr import ChargeDetailRecord
from protocols.oicp.wire.identification import Identification, QRCodeIdentification
from tests.unit.mappings.oicp.oicp_samples import CDR, JOURNEY, NOW, OPERATOR, replace
from tests.unit.protocols.oicp.wire.oicp_goldens import body, golden

FULL, LEAST = golden("charge_detail_record/full"), golden("charge_detail_record/least")


def received(record: Any) -> Any:
    return cdr_from_oicp(record, OPERATOR, received_at=NOW)


def sent(**fields: Any) -> Any:
    return cdr_to_oicp(replace(CDR, **fields), time_zone="Europe/Berlin")


def test_a_full_record() -> None:
    cdr = received(FULL)
    assert (cdr.owner, cdr.id, cdr.journey_id) == (OPERATOR, JOURNEY, JOURNEY)
    assert (cdr.session_id, cdr.operator_session_id) == ("nl-2026-000917", "nl-2026-000917")
    assert (cdr.authorization_reference, cdr.issuer_session_id) == ("far/88121", "far/88121")
    assert cdr.started_at == datetime(2026, 3, 29, 0, 41, 55, tzinfo=UTC)
    assert cdr.charging_ended_at == datetime(2026, 3, 29, 2, 10, tzinfo=UTC)
    assert str(cdr.total_energy_kwh) == "18.6410"
    assert cdr.location == CdrLocation(evse_uid="DENORE20011", evse_id=EvseId.parse("DE*NOR*E2001*1"))
    assert cdr.signed_data is not None
    assert [value.nature for value in cdr.signed_data.values] == ["Start", "Intermediate", "End"]
    assert (cdr.hub_operator, cdr.hub_provider) == (PartyId("DE", "HUB"), PartyId("DE", "FAR"))
    assert (cdr.total_cost, cdr.currency) == (None, None)


def test_periods_are_charging_with_parking_around_it() -> None:
    cdr = received(LEAST)
    assert [(period.dimensions[0].type, str(period.dimensions[-1].volume)) for period in cdr.periods] == [
        ("PARKING_TIME", "0.0167"),
        ("ENERGY", "0.9667"),
        ("PARKING_TIME", "0.0167"),
    ]
    assert (str(cdr.total_time_h), str(cdr.total_parking_time_h)) == ("1.0000", "0.0334")
    assert cdr.auth_method is AuthMethod.COMMAND


@pytest.mark.spec("OICP-CDR-20")
def test_times_out_of_order_are_kept_and_make_one_period() -> None:
    odd = replace(LEAST, charging_start="2026-05-01T09:00:00Z")
    cdr = received(odd)
    assert len(cdr.periods) == 1
    assert cdr.total_parking_time_h is None
    assert cdr_to_oicp(cdr).record == odd


@pytest.mark.spec("OICP-NET-17", "OICP-NET-19")
@pytest.mark.parametrize("name", ["charge_detail_record/full", "charge_detail_record/least"])
def test_a_record_leaves_as_it_came(name: str) -> None:
    unknown = body(name).replace(b'"ConsumedEnergy"', b'"CustomData": {"a": 1.10}, "ConsumedEnergy"')
    came = codec.decode(unknown, ChargeDetailRecord)
    went = cdr_to_oicp(received(came)).record
    assert codec.encode(went) == codec.encode(came)


def test_a_pin_in_a_record_is_dropped() -> None:
    code = QRCodeIdentification(evco_id="DE-FAR-C0A1B2C3D-8", pin="7391")
    cdr = received(replace(LEAST, identification=Identification(qr_code_identification=code)))
    assert b"7391" not in msgspec.json.encode(cdr)
    record = cdr_to_oicp(cdr).record
    assert record is not None
    assert record.identification.qr_code_identification is not None


def test_a_day_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        received(replace(LEAST, session_end="2026-02-30T10:00:00Z"))
    assert caught.value.path == "$.SessionEnd"


def test_a_foreign_cdr() -> None:
    record, found = sent()
    assert record is not None
    assert codec.violations(codec.to_raw(record), ChargeDetailRecord) == []
    assert (record.session_id, record.cpo_partner_session_id, record.emp_partner_session_id) == (
        JOURNEY,
        "nl/917",
        "far/88121",
    )
    assert (record.session_start, record.charging_end) == ("2026-02-03T05:05:06+01:00", "2026-02-03T07:05:06+01:00")
    assert record.consumed_energy == Decimal("18.641")
    reported = {loss.path for loss in found}
    assert {"total_cost", "currency", "remark", "total_energy_kwh", "periods[].dimensions"} <= reported


def test_local_times_follow_the_change_of_the_clock() -> None:
    begin = datetime(2024, 10, 27, 0, 30, tzinfo=UTC)
    record = sent(
        started_at=begin,
        ended_at=begin + timedelta(hours=1),
        charging_started_at=begin,
        charging_ended_at=begin + timedelta(hours=1),
    ).record
    assert (record.session_start, record.session_end) == ("2024-10-27T02:30:00+02:00", "2024-10-27T02:30:00+01:00")
    utc, found = cdr_to_oicp(CDR)
    assert utc is not None
    assert utc.session_start == "2026-02-03T04:05:06Z"
    assert "SessionStart" in {loss.path for loss in found if loss.kind is LossKind.ASSUMED}


def test_charging_times_come_from_the_periods() -> None:
    def period(minutes: int, kind: str) -> ChargingPeriod:
        volume = Decimal("1.5")
        return ChargingPeriod(
            started_at=NOW + timedelta(minutes=minutes), dimensions=(Dimension(type=kind, volume=volume),)
        )

    periods = (period(0, "PARKING_TIME"), period(5, "ENERGY"), period(60, "TIME"), period(90, "PARKING_TIME"))
    record = sent(charging_started_at=None, charging_ended_at=None, periods=periods).record
    assert (record.charging_start[11:19], record.charging_end[11:19]) == ("05:10:06", "06:35:06")
    nothing = sent(charging_started_at=None, charging_ended_at=None, periods=())
    assert {"ChargingStart", "ChargingEnd"} <= {loss.path for loss in nothing.losses}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"credit": True}, "credit"),
        ({"journey_id": None, "authorization_reference": None}, "journey_id"),
        ({"location": CdrLocation()}, "location.evse_id"),
        ({"total_energy_kwh": None, "meter_start_kwh": None}, "total_energy_kwh"),
        ({"token": replace(CDR.token, kind="OTHER")}, "token"),
        ({"token": replace(CDR.token, uid=TokenUid.parse("012345678"))}, "token"),
    ],
)
def test_what_may_not_be_sent(change: Any, path: str) -> None:
    record, found = sent(**change)
    assert record is None
    assert [(loss.path, loss.kind) for loss in found] == [(path, LossKind.WITHHELD)]


def test_the_session_is_the_journey_or_a_reference_of_its_form() -> None:
    other = "0b0c8f0e-7d52-4c39-9f6a-2a4f1c3d9e77"
    assert sent(journey_id=None, authorization_reference=other).record.session_id == other
    assert cdr_to_oicp(replace(CDR, journey_id=None), session_id=other).record.session_id == other


@pytest.mark.spec("OICP-CDR-14")
@pytest.mark.parametrize(
    "values",
    [
        (SignedValue(signed_data="x" * 3001),),
        tuple(SignedValue(signed_data=str(number)) for number in range(11)),
    ],
)
def test_signatures_go_whole_or_not_at_all(values: Any) -> None:
    record, found = sent(signed_data=replace(CDR.signed_data, values=values))
    assert record.signed_metering_values is None
    assert "signed_data.values" in {loss.path for loss in found}


def test_energy_that_is_not_said_is_what_the_meter_counted() -> None:
    record, found = sent(total_energy_kwh=None, meter_start_kwh=Decimal("100.25"), meter_end_kwh=Decimal("118.75"))
    assert record.consumed_energy == Decimal("18.5")
    assert [loss.value for loss in found if loss.path == "ConsumedEnergy"] == [18.5]
