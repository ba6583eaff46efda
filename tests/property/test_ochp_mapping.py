"""Laws: OCHP -> core -> OCHP returns exactly what came, and what others say becomes valid OCHP or nothing."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.model.ids import ContractId, EvseId, PartyId
from mappings.ochp.authorisation import (
    authorisation_from_ochp,
    authorisation_to_ochp,
    authorise_request_from_ochp,
    authorise_request_to_ochp,
)
from mappings.ochp.bills import unit_price
from mappings.ochp.cdrs import cdr_from_ochp, cdr_to_ochp
from mappings.ochp.codes import LIVE_STATUS
from mappings.ochp.evse_status import evse_change_from_ochp, evse_status_to_ochp, status_from_ochp
from mappings.ochp.ids import cdr_id_to_ochp, contract_id_to_ochp, evse_id_to_ochp, location_id_to_ochp
from mappings.ochp.locations import charge_points_to_ochp, locations_from_ochp
from mappings.ochp.tokens import token_from_ochp, token_to_ochp
from mappings.ocpi.cdrs import cdr_from_ocpi
from mappings.ocpi.locations import location_from_ocpi
from mappings.oicp.cdrs import cdr_from_oicp
from mappings.oicp.locations import locations_from_oicp
from protocols.ochp import codec
from protocols.ochp.wire import cdrs, charge_points, tokens
from protocols.ochp.wire.results import Result
from protocols.ochp.wire.words import ResultCode
from protocols.ocpi.wire import cdrs as ocpi_cdrs
from protocols.ocpi.wire import locations as ocpi_locations
from tests.ochp_schema import assert_valid
from tests.property import strategies_ochp as ochp
from tests.property import strategies_oicp as oicp
from tests.property.strategies_ochp import NOW
from tests.property.strategies_ocpi import ocpi

LATER = NOW + timedelta(days=30)
OPERATOR = PartyId("DE", "NOR")
LAW = settings(
    max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None
)


def bare(value: Any) -> Any:
    """The same object as if it had come from nowhere in particular."""
    if isinstance(value, tuple):
        return tuple(map(bare, value))
    if not isinstance(value, msgspec.Struct):
        return value
    fields = {name: bare(getattr(value, name)) for name in value.__struct_fields__}
    if "extensions" in fields:
        fields["extensions"] = {}
    return type(value)(**fields)


@pytest.mark.spec("OCHP-RA-12")
@LAW
@given(ochp.records)
def test_tokens_come_back(record: Any) -> None:
    token = token_from_ochp(record, received_at=NOW)
    sent = token_to_ochp(token, expires_at=LATER)
    assert (repr(sent.record), sent.losses) == (repr(record), ())


@pytest.mark.spec("OCHP-CP-06")
@LAW
@given(st.lists(ochp.charge_point_infos, min_size=1, max_size=4))
def test_charge_points_come_back(records: list[Any]) -> None:
    keys = [EvseId.parse(record.evse_id).key for record in records]
    assume(len(set(keys)) == len(keys))
    found = []
    for location in locations_from_ochp(records, received_at=NOW):
        sent = charge_points_to_ochp(location)
        assert (sent.losses, sent.withheld) == ((), ())
        found += sent.records
    by_id = {record.evse_id: record for record in found}
    assert [repr(by_id[record.evse_id]) for record in records] == [repr(record) for record in records]


@pytest.mark.spec("OCHP-CDR-18", "OCHP-CDR-47")
@LAW
@given(ochp.cdr_infos)
def test_cdrs_come_back(record: Any) -> None:
    sent = cdr_to_ochp(cdr_from_ochp(record, received_at=NOW))
    assert (repr(sent.record), sent.losses) == (repr(record), ())


@LAW
@given(ochp.wire(tokens.GetSingleRoamingAuthorisationRequest))
def test_questions_come_back(message: Any) -> None:
    assert authorise_request_to_ochp(authorise_request_from_ochp(message, OPERATOR)) == (message, ())


@LAW
@given(
    st.builds(
        tokens.GetSingleRoamingAuthorisationResponse,
        result=st.builds(
            Result,
            result_code=st.sampled_from([ResultCode.OK, ResultCode.INVALID_ID, ResultCode.ROAMING]),
            result_description=st.none() | st.text(ochp.plain, max_size=20),
        ),
        roaming_authorisation_info=st.none() | ochp.records,
    )
)
def test_answers_come_back(message: Any) -> None:
    answer = authorisation_from_ochp(message, received_at=NOW)
    question = tokens.GetSingleRoamingAuthorisationRequest(emt_id=tokens.EmtId(instance="AA", token_type="rfid"))
    sent = authorisation_to_ochp(answer, authorise_request_from_ochp(question, OPERATOR), expires_at=LATER).message
    record = message.roaming_authorisation_info
    given_out = record if answer.decision == "ALLOWED" else None
    assert sent == type(message)(result=message.result, roaming_authorisation_info=given_out)


@pytest.mark.spec("OCHP-LIVE-29")
@LAW
@given(ochp.evse_statuses)
def test_a_status_settles_after_one_trip(record: Any) -> None:
    evse_id, change = evse_change_from_ochp(record, received_at=NOW)
    sent = evse_status_to_ochp(evse_id, change.status, until=change.status_until, now=NOW).record
    assert sent is not None
    again = evse_change_from_ochp(sent, received_at=NOW)[1].status
    if (record.major, record.minor) != ("not-available", None):  # for which there is no exact word
        assert again is change.status
    if change.status_until is not None and (record.major, record.minor) in LIVE_STATUS.lossy_out.values():
        assert status_from_ochp(sent) is change.status


# --- what others say


def sayable(location: Any) -> Any:
    """More often than by chance in a country, with plugs that OCHP knows."""
    evses = tuple(
        msgspec.structs.replace(
            evse,
            connectors=tuple(msgspec.structs.replace(one, standard="IEC_62196_T2") for one in evse.connectors),
        )
        for evse in location.evses
    )
    return msgspec.structs.replace(location, country="DEU", publish=True, publish_allowed_to=(), evses=evses)


def billable(cdr: Any) -> Any:
    place = msgspec.structs.replace(
        cdr.cdr_location, country="DEU", connector_standard="IEC_62196_T2", evse_id="DE*ABC*E1*2"
    )
    token = msgspec.structs.replace(cdr.cdr_token, contract_id="DE8ACC12E46L89", type="RFID")
    return msgspec.structs.replace(cdr, cdr_location=place, cdr_token=token, currency="EUR")


@pytest.mark.spec("OCHP-CP-30", "OCHP-TRN-11")
@LAW
@given(ocpi(ocpi_locations.Location).map(sayable))
def test_ocpi_locations_become_valid_charge_points(location: Any) -> None:
    valid_charge_points(location_from_ocpi(location))


@pytest.mark.spec("OCHP-CP-30", "OCHP-TRN-11")
@LAW
@given(oicp.evse_records())
def test_oicp_records_become_valid_charge_points(record: Any) -> None:
    for location in locations_from_oicp(OPERATOR, [record], received_at=NOW):
        valid_charge_points(location)


def valid_charge_points(location: Any) -> None:
    sent = charge_points_to_ochp(location)
    assert len(sent.records) + len(sent.withheld) == (len(location.evses) if location.publish else 1)
    if sent.records:
        request = charge_points.SetChargePointListRequest(charge_point_info_array=tuple(sent.records))
        assert_valid(codec.encode(request))
        again = locations_from_ochp(sent.records, received_at=NOW)
        assert sum(len(one.evses) for one in again) == len(sent.records)


@pytest.mark.spec("OCHP-TRN-11", "OCHP-CLI-06")
@LAW
@given(ocpi(ocpi_cdrs.Cdr).map(billable))
def test_ocpi_cdrs_become_valid_records(cdr: Any) -> None:
    valid_cdr(cdr_from_ocpi(cdr))


@LAW
@given(oicp.charge_detail_records())
def test_oicp_cdrs_without_price_wait(record: Any) -> None:
    sent = cdr_to_ochp(cdr_from_oicp(record, OPERATOR, received_at=NOW))
    assert sent.record is None
    assert [loss.kind for loss in sent.losses] == ["WITHHELD"]


def valid_cdr(cdr: Any) -> None:
    sent = cdr_to_ochp(cdr, time_zone="Europe/Berlin")
    if sent.record is None:
        assert sent.losses
        return
    assert_valid(codec.encode(cdrs.AddCDRsRequest(cdr_info_array=(sent.record,))))
    periods = sent.record.charging_periods
    assert sum(period.period_cost for period in periods) == sent.record.total_cost
    for period in periods:
        assert abs(period.billing_value * period.item_price - period.period_cost) <= max(
            period.period_cost / 200, type(period.period_cost)("0.01")
        )


@LAW
@given(ochp.cdr_infos)
def test_a_cdr_made_anew_costs_the_same(record: Any) -> None:
    cdr = bare(cdr_from_ochp(record, received_at=NOW))
    sent = cdr_to_ochp(cdr, time_zone="Europe/Berlin").record
    if sent is None:
        return
    assert_valid(codec.encode(cdrs.AddCDRsRequest(cdr_info_array=(sent,))))
    assert sum(period.period_cost for period in sent.charging_periods) == sent.total_cost
    assert cdr_from_ochp(sent, received_at=NOW).total_cost.before_taxes == cdr.total_cost.before_taxes


# --- ids


@LAW
@given(st.from_regex(r"[A-Z]{2}[A-Z0-9]{3}[A-Z0-9]{6}[0-9X]", fullmatch=True))
def test_din_contracts_become_emaids(text: str) -> None:
    spelled = contract_id_to_ochp(ContractId.parse(text))
    assert spelled is not None
    contract = ContractId.parse(spelled)
    assert contract.is_emaid
    assert contract.check_digit == contract.expected_check_digit


@LAW
@given(st.text(ochp.plain, min_size=1, max_size=39))
def test_made_ids_are_valid_and_always_the_same(text: str) -> None:
    for make in (lambda: location_id_to_ochp(text), lambda: cdr_id_to_ochp(OPERATOR, text)):
        assert make() == make()
        assert make().isascii()
    assert len(location_id_to_ochp(text)) <= 15
    made = cdr_id_to_ochp(OPERATOR, text)
    assert made.startswith("DENOR")
    assert len(made) <= 36
    assert cdr_id_to_ochp(OPERATOR, made) == made


@LAW
@given(st.from_regex(r"[A-Za-z]{2}(\*?)[A-Za-z0-9]{3}\1[Ee][A-Za-z0-9][A-Za-z0-9*]{0,30}", fullmatch=True))
def test_evse_ids_keep_their_form(text: str) -> None:
    assert evse_id_to_ochp(EvseId.parse(text)) == text.upper()


@LAW
@given(ochp.decimals, ochp.decimals)
def test_unit_prices_give_the_cost_back(quantity: Any, cost: Any) -> None:
    assume(quantity > 0)
    assert abs(unit_price(quantity, cost) * quantity - cost) <= type(cost)("0.005")
