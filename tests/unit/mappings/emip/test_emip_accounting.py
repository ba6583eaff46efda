"""Field accounting: every field changes what the other side gets, or a table says why not, or where it goes instead."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from core.model.authorisation import Answered, Authorisation, AuthoriseRequest, Decision
from core.model.cdr import Cdr, CdrLocation, SignedData, SignedValue
from core.model.command import Command, CommandKind, CommandOutcome, Outcome
from core.model.ids import ContractId, EvseId, PartyId, TokenUid
from core.model.location import ConnectorFormat, PowerType
from core.model.loss import Loss
from core.model.quantities import Coordinates, Price, TaxAmount, Text
from core.model.session import AuthMethod, CdrToken, ChargingPeriod, Dimension, Session, SessionStatus
from core.model.tariff import PriceComponent, Tariff, TariffElement
from core.model.token import EnergyContract, Token, Whitelist
from mappings.emip import authorisation, cdrs, commands, outcomes, sessions
from protocols.emip.wire import from_iop, to_iop
from tests.unit.protocols.emip.emip_goldens import golden

AT = datetime(2026, 6, 1, 6, tzinfo=UTC)
LUM, CLA = PartyId("FR", "LUM"), PartyId("FR", "CLA")
CONTRACT = ContractId.parse("FR-CLA-C1A2B3C4D-5")
UID = TokenUid.parse("049F3C7A")
EVSE = EvseId.parse("FR*LUM*EPORT7*2")
HEADER = authorisation.Header("t-1", "NL*HUB", LUM, CLA)
PRICE = Price(before_taxes=Decimal("4.05"), taxes=(TaxAmount(name="TVA", amount=Decimal("0.81")),))
TARIFF = Tariff(
    owner=LUM,
    id="T1",
    currency="EUR",
    elements=(TariffElement(components=(PriceComponent(type="FLAT", price=Decimal(1), step_size=1),)),),
    updated_at=AT,
)
REQUEST = AuthoriseRequest(
    operator=LUM,
    uid=UID,
    kind="EMAID",
    contract_id=CONTRACT,
    issuer=CLA,
    evse_id=EVSE,
    surrogate_evse_id=EvseId.parse("FR*LUM*E9"),
    location_id="PORT",
    evse_uids=("7",),
    pin="1234",
    operator_session_id="lum/7731",
    journey_id="9b7f1a52-6d0e-4c1d-8f57-2a6d5e0b3c11",
    correlation_id="c",
    ask_issuer=True,
)
TOKEN = Token(issuer=CLA, uid=UID, kind="RFID", valid=True, whitelist=Whitelist.NEVER, updated_at=AT)
ANSWER = Authorisation(
    decision=Decision.ALLOWED,
    issuer=CLA,
    token=TOKEN,
    contract_id=CONTRACT,
    location_id="PORT",
    evse_uids=("7",),
    reference="R1",
    issuer_session_id="cla-s-5",
    info=Text(language="fr", text="Bonne route"),
    answered_by=Answered.ISSUER,
    explanation="the issuer said so",
    losses=(Loss(path="pin", reason="a secret"),),
    partner_code="000",
    partner_text="fine",
    journey_id="9b7f1a52-6d0e-4c1d-8f57-2a6d5e0b3c11",
    stop_uids=(UID,),
    unreached=True,
)
PERIOD = ChargingPeriod(started_at=AT, dimensions=(Dimension(type="ENERGY", volume=Decimal(1)),))
CDR = Cdr(
    owner=LUM,
    id="C1",
    started_at=AT,
    ended_at=AT.replace(hour=7),
    charging_started_at=AT,
    charging_ended_at=AT.replace(hour=7),
    booking_id="b",
    session_id="S1",
    token=CdrToken(issuer=CLA, uid=UID, kind="RFID", contract_id=CONTRACT),
    auth_method=AuthMethod.AUTH_REQUEST,
    authorization_reference="R1",
    location=CdrLocation(
        id="PORT",
        name="Port",
        address="1 Quai",
        city="Testville",
        postal_code="75000",
        state="X",
        country="FRA",
        coordinates=Coordinates(latitude=Decimal("48.1"), longitude=Decimal("2.1")),
        evse_uid="7",
        evse_id=EVSE,
        connector_id="1",
        connector_standard="IEC_62196_T2",
        connector_format=ConnectorFormat.CABLE,
        connector_power_type=PowerType.DC,
    ),
    meter_id="M",
    meter_start_kwh=Decimal(1),
    meter_end_kwh=Decimal(2),
    meter_between_kwh=(Decimal("1.5"),),
    currency="EUR",
    tariffs=(TARIFF,),
    periods=(PERIOD,),
    signed_data=SignedData(values=(SignedValue(signed_data="x"),)),
    total_cost=msgspec.structs.replace(PRICE, after_taxes=Decimal("4.86")),
    total_fixed_cost=PRICE,
    total_energy_kwh=Decimal("9.8765"),
    total_energy_cost=PRICE,
    total_time_h=Decimal("0.7083"),
    total_time_cost=PRICE,
    total_parking_time_h=Decimal("0.1"),
    total_parking_cost=PRICE,
    total_reservation_cost=PRICE,
    remark="r",
    invoice_reference_id="i",
    home_charging_compensation=True,
    product_id="NUIT",
    issuer_session_id="cla-s-5",
    operator_session_id="lum/7731",
    hub_operator=LUM,
    hub_provider=CLA,
    journey_id="9b7f1a52-6d0e-4c1d-8f57-2a6d5e0b3c11",
    updated_at=AT,
)
SESSION = Session(
    owner=LUM,
    id="S1",
    started_at=AT,
    ended_at=AT.replace(hour=7),
    energy_kwh=Decimal(5),
    token=CdrToken(issuer=CLA, uid=UID, kind="RFID"),
    auth_method=AuthMethod.AUTH_REQUEST,
    authorization_reference="R1",
    location_id="PORT",
    evse_uid="7",
    connector_id="1",
    meter_id="M",
    currency="EUR",
    periods=(PERIOD,),
    total_cost=PRICE,
    status=SessionStatus.COMPLETED,
    journey_id="9b7f1a52-6d0e-4c1d-8f57-2a6d5e0b3c11",
    updated_at=AT,
)
START = Command(
    id="c",
    kind=CommandKind.START_SESSION,
    issuer=CLA,
    operator=LUM,
    caller="a",
    target="b",
    token=Token(
        issuer=CLA,
        uid=UID,
        kind="RFID",
        contract_id=CONTRACT,
        visual_number="v",
        issuer_name="Clarté",
        group_id="g",
        valid=True,
        expires_at=AT,
        whitelist=Whitelist.NEVER,
        language="fr",
        default_profile_type="GREEN",
        energy_contract=EnergyContract(supplier_name="e"),
        rfid_family="MIFARE",
        pin_hash="h",
        updated_at=AT,
    ),
    location_id="PORT",
    evse_uid="7",
    evse_id=EVSE,
    connector_id="1",
    session_id="cla-s-5",
    authorization_reference="R1",
    product_id="NUIT",
    patience_s=Decimal(5),
    journey_id="9b7f1a52-6d0e-4c1d-8f57-2a6d5e0b3c11",
)
STOP = Command(
    id="c",
    kind=CommandKind.STOP_SESSION,
    issuer=CLA,
    operator=LUM,
    caller="a",
    target="b",
    location_id="PORT",
    evse_id=EVSE,
    session_id="lum/7731",
    patience_s=Decimal(5),
    journey_id="9b7f1a52-6d0e-4c1d-8f57-2a6d5e0b3c11",
)
OUTCOME = CommandOutcome(
    outcome=Outcome.EVSE_OCCUPIED,
    messages=(Text(language="fr", text="occupé"),),
    session_id="lum/7731",
    unanswered=True,
)
_HOP = {"caller", "target"}
CASES: dict[str, tuple[Any, Callable[[Any], Any], set[str]]] = {
    "authorise_request": (
        REQUEST,
        lambda request: authorisation.authorise_request_to_emip(request, HEADER),
        {*authorisation.ELSEWHERE},
    ),
    "authorisation": (
        ANSWER,
        lambda answer: authorisation.authorisation_to_emip(answer, transaction_id="t", session_id="s"),
        {*authorisation.ANSWER_ELSEWHERE, "journey_id", "partner_code"},
    ),
    "start": (START, lambda command: commands.start_to_emip(command, HEADER), {*commands.ELSEWHERE, *_HOP}),
    "stop": (STOP, lambda command: commands.stop_to_emip(command, HEADER, AT), {*commands.ELSEWHERE, *_HOP}),
    "outcome": (
        OUTCOME,
        lambda outcome: (
            outcomes.status_of(CommandKind.START_SESSION, outcome),
            outcomes.outcome_losses(CommandKind.START_SESSION, outcome),
        ),
        set(),
    ),
    "cdr": (CDR, cdrs.cdr_to_emip, {*cdrs.ELSEWHERE}),
    "session": (
        SESSION,
        lambda session: (sessions.events_to_emip(session), sessions.session_losses(session)),
        {*sessions.ELSEWHERE},
    ),
}


def fields(value: Any, path: str = "") -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every field that is set and has a default, with the object as it is when that field is reset."""
    for field in msgspec.structs.fields(type(value)):
        here = f"{path}.{field.name}" if path else field.name
        held = getattr(value, field.name)
        default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
        if default is not msgspec.NODEFAULT and held != default:
            yield here, lambda name=field.name, other=default: msgspec.structs.replace(value, **{name: other})
        if isinstance(held, CdrToken | CdrLocation | Token):
            for inner, without in fields(held, here):
                yield (
                    inner,
                    lambda name=field.name, without=without: msgspec.structs.replace(value, **{name: without()}),
                )


@pytest.mark.parametrize("case", CASES)
def test_every_canonical_field_is_accounted_for(case: str) -> None:
    value, send, elsewhere = CASES[case]
    whole = send(value)
    assert whole[0], whole
    forgotten = {path for path, without in fields(value) if send(without()) == whole} - elsewhere
    assert not forgotten


_LATER = ("reservation_id", "expires_at", "correlation_id")
UNUSED = {
    "start": _LATER,
    "stop": ("token", "evse_uid", "connector_id", "authorization_reference", "product_id", *_LATER),
}
"""Fields of a command that other kinds of commands have, or the log alone."""


@pytest.mark.parametrize("case", CASES)
def test_the_samples_set_every_field(case: str) -> None:
    value = CASES[case][0]
    unset = {
        field.name
        for field in msgspec.structs.fields(type(value))
        if field.default is not msgspec.NODEFAULT and getattr(value, field.name) == field.default
    }
    assert unset <= {"credit", "credit_reference_id", *UNUSED.get(case, ())}


def test_no_report_shows_a_pin() -> None:
    found = authorisation.authorise_request_to_emip(REQUEST, HEADER).losses
    assert "1234" not in str(found)
    assert "pin" in {loss.path for loss in found}


INBOUND: dict[str, tuple[Any, Callable[[Any], Any], set[str]]] = {
    "to_request": (
        golden("to_get_service_authorisation/badge_request"),
        authorisation.authorise_request_from_emip,
        {"transaction_id", "partner_id_type", "partner_id", "operator_id_type", "evse_id_type"},
    ),
    "from_request": (
        golden("from_get_service_authorisation/request"),
        authorisation.authorise_request_from_emip,
        {
            "transaction_id",
            "partner_id_type",
            "partner_id",
            "operator_id_type",
            "evse_id_type",
            "target_operator_id_type",
        },
    ),
    "answer": (
        golden("from_get_service_authorisation/granted_response"),
        lambda answer: authorisation.authorisation_from_emip(answer, issuer=CLA),
        {"transaction_id"},
    ),
    "start": (
        golden("to_set_service_authorisation/request"),
        lambda message: commands.start_from_emip(message, id="c", operator=LUM, now=AT),
        {"transaction_id", "partner_id_type", "partner_id", "operator_id_type", "evse_id_type"},
    ),
    "action": (
        golden("to_set_session_action_request/request"),
        lambda message: commands.stop_from_emip(message, id="c", operator=LUM),
        {"transaction_id", "partner_id_type", "partner_id", "operator_id_type", "sale_partner_session_id"},
    ),
    "started": (
        golden("from_set_service_authorisation/response"),
        lambda answer: outcomes.outcome_of_start(answer.request_status, answer.partner_service_session_id),
        {"transaction_id"},
    ),
    "cdr": (
        golden("to_set_charge_detail_record/final_request").charge_detail_record,
        lambda record: cdrs.cdr_from_emip(record, LUM, received_at=AT),
        {"evse_id_type"},
    ),
}
OTHER: dict[str, Any] = {"request_status": 299, "authorisation_value": 2}


@pytest.mark.parametrize("case", INBOUND)
def test_every_element_changes_the_canonical_object(case: str) -> None:
    message, receive, header = INBOUND[case]
    whole = receive(message)
    for field in msgspec.structs.fields(type(message)):
        held = getattr(message, field.name)
        if field.name in header or held is None:
            continue
        if field.name in OTHER:
            other = OTHER[field.name]
        elif field.default is not msgspec.NODEFAULT:
            other = field.default
        else:
            other = _another(held)
        if other is None and field.required:
            continue
        assert receive(msgspec.structs.replace(message, **{field.name: other})) != whole, field.name


def _another(held: Any) -> Any:
    """Another value of the same kind; None where there is none that could be sent."""
    texts = {
        "FR*LUM": "FR*LUX",
        "FR*CLA": "FR*CLB",
        "FR*LUM*EPORT7*2": "FR*LUM*EPORT7*3",
        "RFID-UID": "eMI3",
        "049F3C7A": "049F3C7B",
        "1": "2",
    }
    if isinstance(held, str) and held in texts and type(held) is str:
        return texts[held]
    if isinstance(held, str) and held.startswith("2026-06-01T06:"):
        return held.replace("T06:", "T06:").replace("01T06:0", "01T06:1").replace("01T06:4", "01T06:5")
    if isinstance(held, str) and type(held) is str:
        return held + "x"
    return None


def test_types_of_the_samples() -> None:
    assert isinstance(golden("to_get_service_authorisation/badge_request"), to_iop.GetServiceAuthorisationRequest)
    assert isinstance(golden("from_get_service_authorisation/request"), from_iop.GetServiceAuthorisationRequest)
