"""Rules of the OCHP mappings that the round-trip laws do not show: what is withheld, narrowed, assumed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.errors import Invalid, Refused, Rejected, Uncertain
from core.model.authorisation import Authorisation, AuthoriseRequest, Decision
from core.model.ids import ContractId, EvseId, PartyId, TokenUid
from core.model.location import Connector, ConnectorFormat, EvseStatus, Location, PowerType
from core.model.loss import LossKind
from core.model.quantities import Price, TaxAmount
from core.model.session import ChargingPeriod, Dimension
from core.model.tariff import PriceComponent, Tariff, TariffElement
from core.model.token import Token, Whitelist
from mappings.ochp import authorisation, cdrs, charge_points, locations, tokens
from mappings.ochp.authorisation import (
    authorisation_from_ochp,
    authorisation_to_ochp,
    authorise_request_from_ochp,
    authorise_request_to_ochp,
)
from mappings.ochp.cdrs import cdr_from_ochp, cdr_to_ochp
from mappings.ochp.evse_status import evse_change_from_ochp, evse_status_to_ochp, reading_losses
from mappings.ochp.ids import contract_id_to_ochp, evse_uid
from mappings.ochp.languages import language_from_ochp, language_to_ochp
from mappings.ochp.locations import charge_points_to_ochp, locations_from_ochp
from mappings.ochp.times import local_to_ochp
from mappings.ochp.tokens import token_from_ochp, token_to_ochp
from mappings.zones import zone_info
from protocols.ochp import codec
from protocols.ochp.wire import cdrs as wire_cdrs
from protocols.ochp.wire import charge_points as wire_points
from protocols.ochp.wire import live as wire_live
from protocols.ochp.wire import tokens as wire_tokens
from protocols.ochp.wire.results import Result
from protocols.ochp.wire.words import CdrStatus, ChargePointStatus, Major, Minor, ResultCode, TokenType

GOLDEN = Path(__file__).parents[3] / "golden" / "ochp"
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
OPERATOR = PartyId("DE", "NOR")


def golden(name: str, kind: Any, item: str) -> list[Any]:
    return codec.documents((GOLDEN / f"{name}.xml").read_bytes(), kind, item=item)


def cards() -> list[Any]:
    return golden(
        "set_roaming_authorisation_list/request", wire_tokens.RoamingAuthorisationInfo, "roamingAuthorisationInfoArray"
    )


def points() -> list[Any]:
    return golden("set_charge_point_list/request", wire_points.ChargePointInfo, "chargePointInfoArray")


def records() -> list[Any]:
    return golden("add_cdrs/request", wire_cdrs.CDRInfo, "cdrInfoArray")


def bare(value: Any) -> Any:
    return msgspec.structs.replace(value, extensions={})


def replace(value: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(value, **changes)


# --- tokens


def test_a_card_a_hash_and_a_certificate() -> None:
    card, hashed, contract = (token_from_ochp(info, received_at=NOW) for info in cards())
    assert (card.issuer, card.kind, card.rfid_family) == (PartyId("DE", "FAR"), "RFID", "MIFARE_DESFIRE")
    assert (card.whitelist, card.valid, card.visual_number) == (Whitelist.ALWAYS, True, "FAR 0000 0815")
    assert hashed.kind == "RFID_SHA_256"
    assert contract.kind == "EMAID"


@pytest.mark.spec("OCHP-RA-08")
def test_a_remote_token_belongs_into_no_list() -> None:
    info = replace(cards()[0], emt_id=replace(cards()[0].emt_id, token_type=TokenType.REMOTE))
    with pytest.raises(Invalid, match="belongs into no list"):
        token_from_ochp(info, received_at=NOW)


@pytest.mark.spec("OCHP-DT-01")
def test_a_past_expiry_withdraws_and_an_impossible_one_is_wrong() -> None:
    gone = token_from_ochp(replace(cards()[0], expiry_date="2020-01-01T00:00:00Z"), received_at=NOW)
    assert not gone.valid
    with pytest.raises(Invalid):
        token_from_ochp(replace(cards()[0], expiry_date="2026-02-30T00:00:00Z"), received_at=NOW)


def token(**changes: Any) -> Token:
    fields: dict[str, Any] = {
        "issuer": PartyId("DE", "FAR"),
        "uid": TokenUid.parse("04b7e1a2"),
        "kind": "RFID",
        "contract_id": ContractId.parse("DE-FAR-C00000815-4"),
        "valid": True,
        "whitelist": Whitelist.ALLOWED,
        "updated_at": NOW,
    }
    return Token(**fields | changes)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"whitelist": Whitelist.NEVER}, "uid"),
        ({"whitelist": Whitelist.ALLOWED_OFFLINE}, "uid"),
        ({"kind": "APP_USER"}, "uid"),
        ({"kind": "OTHER"}, "uid"),
        ({"contract_id": None}, "contract_id"),
        ({"contract_id": ContractId.parse("whatever")}, "contract_id"),
    ],
)
def test_tokens_that_may_not_be_listed(changes: dict[str, Any], path: str) -> None:
    listed = token_to_ochp(token(**changes), expires_at=LATER)
    assert listed.record is None
    assert [(loss.path, loss.kind) for loss in listed.losses] == [(path, LossKind.WITHHELD)]


def test_a_token_without_expiry_gets_one_and_says_so() -> None:
    listed = token_to_ochp(token(group_id="G"), expires_at=LATER)
    assert listed.record is not None
    assert (listed.record.expiry_date, listed.record.emt_id.instance) == ("2026-02-14T12:00:00Z", "04B7E1A2")
    assert {(loss.path, loss.kind.value) for loss in listed.losses} == {("expiryDate", "ASSUMED"), ("group_id", "LOST")}


def test_a_token_that_is_not_valid_goes_out_expired() -> None:
    for changes in ({}, {"expires_at": LATER}, {"expires_at": NOW - timedelta(days=9)}):
        listed = token_to_ochp(token(valid=False, whitelist=Whitelist.NEVER, **changes), expires_at=LATER)
        assert listed.record is not None
        assert listed.record.expiry_date <= "2026-01-15T12:00:00Z"


@pytest.mark.spec("OCHP-ID-21")
def test_din_contracts_become_emaids() -> None:
    assert contract_id_to_ochp(ContractId.parse("NL-TNM-012204-5")) == "NLTNM000122045U"
    assert contract_id_to_ochp(ContractId.parse("de-8ac-C12e46l89-1")) == "DE-8AC-C12E46L89-1"


# --- authorisation


def question(**changes: Any) -> AuthoriseRequest:
    return AuthoriseRequest(operator=OPERATOR, uid=TokenUid.parse("04B7E1A2"), kind="RFID", **changes)


def test_a_yes_has_a_record() -> None:
    answer = Authorisation(decision=Decision.ALLOWED, token=token(expires_at=LATER), issuer=PartyId("DE", "FAR"))
    sent = authorisation_to_ochp(answer, question(), expires_at=NOW)
    assert sent.message.result.result_code is ResultCode.OK
    assert sent.message.roaming_authorisation_info is not None
    assert sent.message.roaming_authorisation_info.contract_id == "DE-FAR-C00000815-4"


def test_every_no_looks_the_same() -> None:
    refusals = [one for one in Decision if one not in (Decision.ALLOWED, Decision.TIMED_OUT)]
    answers = [
        authorisation_to_ochp(Authorisation(decision=one), question(), expires_at=LATER).message for one in refusals
    ]
    unnamed = Authorisation(decision=Decision.ALLOWED, issuer=PartyId("DE", "FAR"))
    elsewhere = Authorisation(decision=Decision.ALLOWED, token=token(), evse_uids=("1",))
    for answer in (unnamed, elsewhere):
        sent = authorisation_to_ochp(answer, question(), expires_at=LATER)
        answers.append(sent.message)
        assert sent.losses[0].kind is LossKind.WITHHELD
    assert len({codec.encode(message) for message in answers}) == 1
    assert answers[0].result.result_code is ResultCode.INVALID_ID


def test_a_yes_without_token_names_what_was_asked() -> None:
    asked = wire_tokens.GetSingleRoamingAuthorisationRequest(emt_id=cards()[0].emt_id)
    request = authorise_request_from_ochp(asked, OPERATOR)
    answer = Authorisation(decision=Decision.ALLOWED, contract_id=ContractId.parse("DEFARC00000815"))
    info = authorisation_to_ochp(answer, request, expires_at=LATER).message.roaming_authorisation_info
    assert info is not None
    assert (info.emt_id, info.expiry_date) == (asked.emt_id, "2026-02-14T12:00:00Z")


def test_a_timeout_is_the_servers() -> None:
    sent = authorisation_to_ochp(Authorisation(decision=Decision.TIMED_OUT), question(), expires_at=LATER)
    assert sent.message.result.result_code is ResultCode.SERVER


@pytest.mark.parametrize(
    ("code", "info", "decision"),
    [
        (ResultCode.OK, True, Decision.ALLOWED),
        (ResultCode.OK, False, Decision.UNKNOWN_TOKEN),
        (ResultCode.INVALID_ID, False, Decision.UNKNOWN_TOKEN),
        (ResultCode.INVALID_ID, True, Decision.UNKNOWN_TOKEN),
        (ResultCode.ROAMING, False, Decision.NO_ISSUER),
    ],
)
def test_only_a_record_is_a_yes(code: ResultCode, info: bool, decision: Decision) -> None:
    answer = wire_tokens.GetSingleRoamingAuthorisationResponse(
        result=Result(result_code=code, result_description="x"), roaming_authorisation_info=cards()[0] if info else None
    )
    assert authorisation_from_ochp(answer, received_at=NOW).decision is decision


def test_an_expired_record_is_no_yes() -> None:
    answer = wire_tokens.GetSingleRoamingAuthorisationResponse(
        result=Result(result_code=ResultCode.OK), roaming_authorisation_info=cards()[0]
    )
    assert authorisation_from_ochp(answer, received_at=datetime(2030, 1, 1, tzinfo=UTC)).decision is Decision.EXPIRED


@pytest.mark.parametrize(
    ("code", "error"),
    [(ResultCode.NOT_AUTHORIZED, Refused), (ResultCode.FORMAT, Rejected), (ResultCode.SERVER, Uncertain)],
)
def test_failures_are_no_answers(code: ResultCode, error: type[Exception]) -> None:
    answer = wire_tokens.GetSingleRoamingAuthorisationResponse(result=Result(result_code=code))
    with pytest.raises(error):
        authorisation_from_ochp(answer, received_at=NOW)


def test_what_ochp_cannot_ask() -> None:
    assert authorise_request_to_ochp(replace(question(), kind="OTHER")).message is None
    asked = authorise_request_to_ochp(question(evse_id=EvseId.parse("DE*NOR*E1"), pin="1234"))
    assert asked.message is not None
    assert "1234" not in repr(asked.losses)
    assert {loss.path for loss in asked.losses} == {"evse_id", "pin"}


# --- live status


def live(major: str, minor: str | None, ttl: str | None = None) -> wire_live.EvseStatus:
    return wire_live.EvseStatus(evse_id="DE*NOR*E1", major=Major(major), minor=Minor(minor) if minor else None, ttl=ttl)


@pytest.mark.spec("OCHP-LIVE-03", "OCHP-LIVE-29")
@pytest.mark.parametrize(
    ("major", "minor", "status"),
    [
        ("available", None, EvseStatus.AVAILABLE),
        ("available", "available", EvseStatus.AVAILABLE),
        ("available", "reserved", EvseStatus.AVAILABLE),
        ("not-available", None, EvseStatus.INOPERATIVE),
        ("not-available", "charging", EvseStatus.CHARGING),
        ("not-available", "blocked", EvseStatus.BLOCKED),
        ("not-available", "reserved", EvseStatus.RESERVED),
        ("not-available", "outoforder", EvseStatus.OUT_OF_ORDER),
        ("unknown", None, EvseStatus.UNKNOWN),
        ("available", "charging", None),
        ("not-available", "available", None),
        ("unknown", "available", None),
    ],
)
def test_the_pairs(major: str, minor: str | None, status: EvseStatus | None) -> None:
    if status is None:
        with pytest.raises(Invalid, match="may not be set"):
            evse_change_from_ochp(live(major, minor), received_at=NOW)
    else:
        assert evse_change_from_ochp(live(major, minor), received_at=NOW)[1].status is status


@pytest.mark.spec("OCHP-LIVE-04", "OCHP-LIVE-07")
def test_the_time_of_a_status() -> None:
    own = evse_change_from_ochp(
        live("available", None, "2026-01-15T14:00:00.5+01:00"), received_at=NOW, default_ttl=LATER
    )
    assert own[1].status_until == datetime(2026, 1, 15, 13, 0, 0, 500_000, tzinfo=UTC)
    assert evse_status_to_ochp(own[0], own[1].status, until=own[1].status_until).record.ttl == "2026-01-15T13:00:00Z"  # type: ignore[union-attr]
    assert evse_change_from_ochp(live("available", None), received_at=NOW, default_ttl=LATER)[1].status_until == LATER
    past = evse_change_from_ochp(live("available", None, "2026-01-15T11:59:59"), received_at=NOW)[1]
    assert (past.status, past.status_until) == (EvseStatus.UNKNOWN, None)
    assert evse_status_to_ochp(own[0], EvseStatus.CHARGING, until=NOW, now=NOW).record == live("unknown", None)


@pytest.mark.parametrize(
    ("static", "status"),
    [
        (ChargePointStatus.OPERATIVE, EvseStatus.AVAILABLE),
        (ChargePointStatus.UNKNOWN, EvseStatus.AVAILABLE),
        (None, EvseStatus.AVAILABLE),
        (ChargePointStatus.INOPERATIVE, EvseStatus.INOPERATIVE),
        (ChargePointStatus.PLANNED, EvseStatus.PLANNED),
        (ChargePointStatus.CLOSED, EvseStatus.REMOVED),
    ],
)
def test_the_static_status_goes_before(static: ChargePointStatus | None, status: EvseStatus) -> None:
    assert evse_change_from_ochp(live("available", "available"), received_at=NOW, static=static)[1].status is status


def test_statuses_that_lose_something() -> None:
    evse_id = EvseId.parse("DE*NOR*E1")
    assert evse_status_to_ochp(evse_id, EvseStatus.INOPERATIVE).losses[0].kind is LossKind.NARROWED
    assert evse_status_to_ochp(evse_id, EvseStatus.PLANNED).record is None
    assert evse_status_to_ochp(None, EvseStatus.AVAILABLE).record is None
    assert len(reading_losses(live("available", "reserved"))) == len(reading_losses(live("not-available", None))) == 1
    assert reading_losses(live("available", "available")) == ()


# --- charge points


def place() -> Location:
    location, _ = locations_from_ochp(points(), received_at=NOW)
    return replace(bare(location), evses=tuple(bare(evse) for evse in location.evses))


def test_a_charge_point_in_our_words() -> None:
    rich, minimal = locations_from_ochp(points(), received_at=NOW)
    evse = rich.evses[0]
    assert (rich.owner, rich.id, rich.parking_type, rich.charging_when_closed) == (
        OPERATOR,
        "HAFEN 3",
        "PARKING_GARAGE",
        False,
    )
    assert (rich.names[0].language, rich.time_zone) == ("de", "Europe/Berlin")
    assert (evse.uid, evse.floor_level, evse.status) == ("DENORE0815*2", "-1", EvseStatus.UNKNOWN)
    assert [(one.standard, one.power_type, one.max_power_w) for one in evse.connectors] == [
        ("IEC_62196_T2", PowerType.AC_3_PHASE, 22000), ("DOMESTIC_F", PowerType.AC_1_PHASE, None),
    ]  # fmt: skip
    assert evse.parking_restrictions == ("EV_ONLY", "CARSHARING")
    assert {"RFID_READER", "REMOTE_START_STOP_CAPABLE", "RESERVABLE", "CREDIT_CARD_PAYABLE"} == set(evse.capabilities)
    assert minimal.opening_times is None
    assert minimal.evses[0].connectors[0].power_type is PowerType.DC


@pytest.mark.spec("OCHP-ID-03")
def test_stars_inside_an_outlet_tell_evses_apart() -> None:
    assert evse_uid(EvseId.parse("fr*a23*e45b*78c")) == "FRA23E45B*78C"
    assert evse_uid(EvseId.parse("FRA23E45B78C")) == "FRA23E45B78C"


@pytest.mark.spec("OCHP-CP-29")
def test_records_of_one_location_are_grouped_and_differences_come_back() -> None:
    first = points()[0]
    second = replace(first, evse_id="DE*NOR*E0816", location_name="Anders", charge_point_type=first.charge_point_type)
    (location,) = locations_from_ochp([first, second], received_at=NOW)
    assert [evse.uid for evse in location.evses] == ["DENORE0815*2", "DENORE0816"]
    assert charge_points_to_ochp(location).records == [first, second]


def test_a_withdrawn_evse_is_closed_and_a_busy_one_still_operative() -> None:
    location = locations_from_ochp(points()[:1], received_at=NOW)[0]
    for status, static in ((EvseStatus.REMOVED, "Closed"), (EvseStatus.CHARGING, "Operative")):
        now = replace(location, evses=(replace(location.evses[0], status=status),))
        assert charge_points_to_ochp(now).records[0].status == static


def paths(location: Location, **options: Any) -> dict[str, str]:
    sent = charge_points_to_ochp(location, **options)
    return {loss.path: loss.kind.value for loss in (*sent.losses, *sent.withheld)}


@pytest.mark.spec("OCHP-CP-30")
def test_texts_that_do_not_fit_are_cut_and_codes_left_out() -> None:
    evse = place().evses[0]
    long = replace(
        place(), id="a-uuid-of-36-characters", address="x" * 60, house_number="12/III", postal_code="1012 lg",
        city="y" * 50, help_phone="+49 (0)471 555/08 15",
        name="n" * 120, names=(), opening_times=None, charging_when_closed=None,
        evses=(replace(evse, max_reservation_min=Decimal("12.5"), parking_restrictions=("TAXIS", "DISABLED")),),
    )  # fmt: skip
    sent = charge_points_to_ochp(long)
    record = sent.records[0]
    assert record.charge_point_address.address == "x" * 45
    assert (record.charge_point_address.house_number, record.charge_point_address.zip_code) == (None, "1012 LG")
    assert (record.telephone_number, record.max_reservation) == ("+49 471 555 08 15", 13)
    assert [word.value for word in record.restriction] == ["disabled"]
    assert len(record.location_id) == 15
    found = paths(long)
    assert found["address"] == found["city"] == found["name"] == found["id"] == "NARROWED"
    assert found["locationNameLang"] == "ASSUMED"
    assert found["evses[0].parking_restrictions[0]"] == "LOST"


def test_evses_that_cannot_be_said_are_withheld() -> None:
    evse = place().evses[0]
    plug = Connector(id="1", standard="MCS", format=ConnectorFormat.CABLE, power_type=PowerType.DC, updated_at=NOW)
    wrong = [
        replace(evse, evse_id=None),
        replace(evse, evse_id=EvseId.parse("+1*555*42")),
        replace(evse, connectors=(plug,)),
        replace(evse, connectors=()),
        replace(evse, authentication_modes=(), capabilities=("REMOTE_START_STOP_CAPABLE",)),
    ]
    sent = charge_points_to_ochp(replace(place(), evses=tuple(wrong)))
    assert (sent.records, len(sent.withheld)) == ([], len(wrong))
    hidden = charge_points_to_ochp(replace(place(), publish=False))
    assert (hidden.records, hidden.withheld[0].path) == ([], "publish")


def test_remote_control_is_said_only_where_it_is_offered() -> None:
    assert paths(place())["evses[0].authentication_modes[1]"] == "LOST"
    words = [method.value for method in charge_points_to_ochp(place(), direct=True).records[0].auth_methods]
    assert words == ["RfidMifareDes", "OchpDirectAuth", "DirectCreditcard"]


def test_more_than_seven_periods_leave_the_hours_out() -> None:
    hours = place().opening_times
    assert hours is not None
    many = replace(hours, regular_hours=hours.regular_hours * 4)
    sent = charge_points_to_ochp(replace(place(), opening_times=many))
    assert sent.records[0].opening_times is None
    assert "opening_times.regular_hours" in {loss.path for loss in sent.losses}


@pytest.mark.parametrize(
    ("tag", "code"), [("de", "DEU"), ("fr-CH", "FRA"), ("ces", "CES"), ("xx", None), ("cs", "CES"), ("nl", "NLD")]
)
def test_languages(tag: str, code: str | None) -> None:
    assert language_to_ochp(tag) == code
    if code:
        assert language_from_ochp(code) in (tag.partition("-")[0], "cs")


# --- CDRs


@pytest.mark.spec("OCHP-CLI-29")
def test_local_times_have_the_offset_of_the_place_at_that_instant() -> None:
    berlin = zone_info("Europe/Berlin")
    begin = datetime(2024, 10, 27, 0, 30, tzinfo=UTC)
    assert local_to_ochp(begin, berlin) == "2024-10-27T02:30:00+02:00"
    assert local_to_ochp(begin + timedelta(hours=1), berlin) == "2024-10-27T02:30:00+01:00"
    assert local_to_ochp(begin, None) == "2024-10-27T00:30:00+00:00"


def test_a_bill_in_our_words() -> None:
    cdr = cdr_from_ochp(records()[0], received_at=NOW)
    assert (cdr.owner, cdr.token.issuer, cdr.total_time_h) == (OPERATOR, PartyId("DE", "FAR"), Decimal("1.0000"))
    assert (cdr.total_energy_kwh, cdr.total_parking_time_h) == (Decimal("10.50"), Decimal("0.5"))
    assert cdr.total_cost == Price(
        before_taxes=Decimal("5.30"), taxes=(TaxAmount(name="VAT", amount=Decimal("1.01"), percentage=Decimal(19)),)
    )
    assert cdr.total_fixed_cost is not None
    assert cdr.total_fixed_cost.before_taxes == Decimal("0.500")
    assert [dimension.type for period in cdr.periods for dimension in period.dimensions] == ["ENERGY", "PARKING_TIME"]


def test_a_bill_without_total_and_taxes() -> None:
    cdr = cdr_from_ochp(records()[1], received_at=NOW)
    assert cdr.auth_method == "COMMAND"
    assert cdr.total_cost == Price(before_taxes=Decimal("1.999998"))
    assert (cdr.total_energy_kwh, [period.dimensions[0].type for period in cdr.periods]) == (None, ["TIME"])


def anew(**changes: Any) -> Any:
    return replace(bare(cdr_from_ochp(records()[0], received_at=NOW)), **changes)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"total_cost": None}, "total_cost"),
        ({"currency": None}, "currency"),
        ({"credit": True}, "credit"),
    ],
)
def test_cdrs_that_wait(changes: dict[str, Any], path: str) -> None:
    sent = cdr_to_ochp(anew(**changes))
    assert sent.record is None
    assert [(loss.path, loss.kind) for loss in sent.losses] == [(path, LossKind.WITHHELD)]


def test_what_the_cdr_does_not_say_comes_from_the_place() -> None:
    cdr = anew()
    silent = replace(cdr, location=type(cdr.location)(evse_id=cdr.location.evse_id, connector_id="1"))
    assert cdr_to_ochp(silent).record is None
    record = cdr_to_ochp(silent, place=place()).record
    assert record is not None
    assert record.charge_point_address.address == "Südkai 3-5"
    assert record.connector_type.connector_standard == "IEC_62196_T2"
    assert record.start_date_time == "2025-10-26T02:30:00+02:00"


def test_a_fraction_of_a_second_that_is_cut_off_is_a_loss() -> None:
    cdr = anew()
    begun, ended = cdr.started_at + timedelta(milliseconds=250), cdr.ended_at + timedelta(milliseconds=900)
    whole, cut = cdr_to_ochp(cdr), cdr_to_ochp(replace(cdr, started_at=begun, ended_at=ended))
    assert cut.record == whole.record
    assert [(loss.path, loss.kind) for loss in cut.losses if loss not in whole.losses] == [
        ("started_at", LossKind.NARROWED),
        ("ended_at", LossKind.NARROWED),
    ]


@pytest.mark.spec("OCHP-CLI-21")
def test_the_status_is_the_clearing_houses() -> None:
    assert cdr_to_ochp(anew()).record.status is CdrStatus.NEW  # type: ignore[union-attr]
    own = cdr_from_ochp(records()[0], received_at=NOW)
    assert cdr_to_ochp(own, status=CdrStatus.ACCEPTED).record == replace(records()[0], status=CdrStatus.ACCEPTED)


def test_the_billed_quantity_is_what_the_price_gives() -> None:
    """Of OCPI's own example: 1.973 h measured, 2.0 h billed at 2.00 an hour."""
    tariff = Tariff(
        owner=OPERATOR, id="T", currency="EUR", updated_at=NOW,
        elements=(TariffElement(components=(PriceComponent(type="TIME", price=Decimal("2.00"), step_size=300),)),),
    )  # fmt: skip
    period = ChargingPeriod(started_at=NOW, dimensions=(Dimension(type="TIME", volume=Decimal("1.973")),))
    cdr = anew(
        tariffs=(tariff,), periods=(period,), started_at=NOW, ended_at=NOW + timedelta(hours=2),
        total_cost=Price(before_taxes=Decimal("4.00")), total_time_cost=Price(before_taxes=Decimal("4.00")),
        total_energy_cost=None, total_parking_cost=None, total_fixed_cost=None, total_parking_time_h=None,
    )  # fmt: skip
    record = cdr_to_ochp(cdr).record
    assert record is not None
    (item,) = record.charging_periods
    assert (item.billing_item, item.billing_value, item.item_price, item.period_cost) == ("usagetime", 2, 2, 4)


def test_the_measured_quantity_is_billed_where_only_the_cost_was_rounded() -> None:
    """7.125 kWh at 0.42 are 2.9925, which is 2.99; that is not 7.1190 kWh."""
    tariff = Tariff(
        owner=OPERATOR, id="T", currency="EUR", updated_at=NOW,
        elements=(TariffElement(components=(PriceComponent(type="ENERGY", price=Decimal("0.42"), step_size=1),)),),
    )  # fmt: skip
    cost = Price(before_taxes=Decimal("2.99"))
    cdr = anew(
        tariffs=(tariff,), total_energy_kwh=Decimal("7.125"), total_cost=cost, total_energy_cost=cost,
        total_time_cost=None, total_parking_cost=None, total_fixed_cost=None,
    )  # fmt: skip
    sent = cdr_to_ochp(cdr)
    assert sent.record is not None
    (item,) = sent.record.charging_periods
    assert (item.billing_value, item.item_price, item.period_cost) == (
        Decimal("7.125"),
        Decimal("0.42"),
        Decimal("2.99"),
    )
    assert not [loss for loss in sent.losses if "dimensions" in loss.path]


def test_a_total_alone_is_one_derived_item_and_a_rest_a_fee() -> None:
    parts: dict[str, Any] = {"total_parking_cost": None, "total_fixed_cost": None}
    alone = cdr_to_ochp(anew(**parts, total_energy_cost=None))
    assert [(item.billing_item.value, item.period_cost) for item in alone.record.charging_periods] == [  # type: ignore[union-attr]
        ("energy", Decimal("5.30"))
    ]
    assert any("itemPrice" in loss.path for loss in alone.losses)
    rest = cdr_to_ochp(anew(**parts)).record
    assert [(item.billing_item.value, item.period_cost) for item in rest.charging_periods] == [  # type: ignore[union-attr]
        ("energy", Decimal("4.20")), ("serviceFee", Decimal("1.10")),
    ]  # fmt: skip


def test_two_taxes_are_left_out_and_the_net_stays() -> None:
    taxes = tuple(TaxAmount(name=name, amount=Decimal(1), percentage=Decimal(5)) for name in ("GST", "QST"))
    sent = cdr_to_ochp(anew(total_energy_cost=Price(before_taxes=Decimal("4.20"), taxes=taxes)))
    assert sent.record is not None
    assert (sent.record.charging_periods[0].taxrate, sent.record.total_cost) == (None, Decimal("5.30"))
    assert "total_cost.taxes" in {loss.path for loss in sent.losses}


# --- accounting


ACCOUNTED = [
    (tokens.NOT_CARRIED, tokens.ELSEWHERE, Token),
    (authorisation.REQUEST_NOT_CARRIED, authorisation.REQUEST_ELSEWHERE, AuthoriseRequest),
    (authorisation.NOT_CARRIED, authorisation.ELSEWHERE, Authorisation),
    (cdrs.NOT_CARRIED, cdrs.ELSEWHERE, type(anew())),
    (locations.NOT_CARRIED, locations.ELSEWHERE, Location),
]


@pytest.mark.parametrize(("lost", "elsewhere", "kind"), ACCOUNTED, ids=lambda value: getattr(value, "__name__", ""))
def test_every_path_of_a_table_is_a_field(lost: dict[str, str], elsewhere: dict[str, str], kind: Any) -> None:
    assert not lost.keys() & elsewhere.keys()
    fields = set(kind.__struct_fields__)
    assert {path.partition(".")[0].removesuffix("[]") for path in (*lost, *elsewhere)} <= fields
    assert charge_points.shared_members(place(), None)
