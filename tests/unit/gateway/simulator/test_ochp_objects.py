"""What the simulated OCHP networks write is valid by the schema, and says to the hub what was meant."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from core.model.ids import PartyId
from core.model.location import Location
from gateway.simulator.cast import card, invented
from gateway.simulator.irve import read_static
from gateway.simulator.network import Card, NotAsTold
from gateway.simulator.ochp import cards, cdrs, points, soap, xml
from gateway.simulator.ochp.xml import Element, element, leaf
from gateway.simulator.roles import Bill
from gateway.simulator.stations import Opening, Outlet, Point, Socket
from gateway.simulator.visits import Price, Visit
from mappings.ochp.cdrs import cdr_from_ochp, cdr_to_ochp
from mappings.ochp.locations import location_from_ochp
from mappings.ochp.tokens import token_from_ochp
from protocols.ochp import codec
from protocols.ochp.wire.cdrs import AddCDRsRequest, CDRInfo
from protocols.ochp.wire.charge_points import ChargePointInfo, SetChargePointListRequest
from protocols.ochp.wire.tokens import SetRoamingAuthorisationListRequest
from tests.ochp_schema import assert_valid
from tests.unit.gateway.simulator import rows

OPERATOR = PartyId("FR", "ZZZ")
SLOW, FAST = invented(OPERATOR, "Amperes", 1).points[:2]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DRIVER = card(PartyId("DE", "QM1"), 7)


def changed(point: Point, **changes: Any) -> Point:
    return Point(**{name: getattr(point, name) for name in point.__struct_fields__} | changes)


def checked(request: str, *records: Element) -> Element:
    """As a whole request, which the schema takes and a parser reads."""
    content = xml.written(element(request, *records))
    assert_valid(content)
    return xml.read(content)


def as_read(point: Point) -> tuple[ChargePointInfo, Location]:
    request = checked("SetChargePointListRequest", points.charge_point(point))
    (record,) = codec.read(request, SetChargePointListRequest).charge_point_info_array
    return record, location_from_ochp(record, received_at=NOW)


# --- charge points


def test_imported_points_are_taken(tmp_path: Path) -> None:
    made = [
        rows.point(id_pdc_itinerance=f"FRZZZETEST{number}", **changes)
        for number, changes in enumerate(
            (
                {},
                {"horaires": "Mo-Fr 08:00-12:00,14:00-00:00"},
                {"horaires": "Mo-Su 06:00-00:00"},
                {"horaires": "sur rendez-vous", "gratuit": "True"},
                {"prise_type_ef": "True", "prise_type_chademo": "True", "puissance_nominale": "50"},
                {"adresse_station": "N7", "coordonneesXY": "[4.8, 45.1234567]"},
                {"condition_acces": "Accès réservé", "station_deux_roues": "True", "reservation": "True"},
                {"id_station_itinerance": "FRZZZP" + "N" * 24},
            )
        )
    ]
    found = list(read_static(rows.write(tmp_path / "rows", *made)))
    for point in found:
        assert isinstance(point, Point), point
        as_read(point)


def test_a_point_is_read_as_it_was_meant() -> None:
    record, place = as_read(SLOW)
    (evse,) = place.evses
    (connector,) = evse.connectors
    assert (record.evse_id, place.owner, place.id) == ("FR*ZZZ*E1*1", OPERATOR, "FRZZZPLYON1")
    assert (place.address, place.house_number, place.postal_code) == ("Rue de la Gare", "1", "69002")
    assert (place.city, place.country, place.time_zone) == ("Lyon", "FRA", "Europe/Paris")
    assert (place.coordinates.latitude, place.coordinates.longitude) == (Decimal("45.758814"), Decimal("4.832011"))
    assert place.opening_times is not None
    assert place.opening_times.twentyfourseven
    assert (connector.standard, connector.format, connector.power_type, connector.max_power_w) == (
        "IEC_62196_T2",
        "SOCKET",
        "AC_3_PHASE",
        22000,
    )


def test_what_a_station_restricts_and_how_it_is_paid() -> None:
    strict = changed(
        SLOW, for_disabled=True, reserved_access=True, two_wheels_only=True, card_payment=True, on_street=True
    )
    record, _ = as_read(strict)
    assert [word.value for word in record.restriction] == ["disabled", "customers", "motorcycles"]
    assert [word.value for word in record.auth_methods] == ["RfidMifareCls", "RfidMifareDes", "DirectCreditcard"]
    assert record.location.value == "on-street"


def test_direct_current_is_said_once_a_plug_has_it() -> None:
    domestic = Outlet(socket=Socket.DOMESTIC, cable=False, power_kw=Decimal("2.3"))
    chademo = Outlet(socket=Socket.CHADEMO, cable=True, power_kw=Decimal(50))
    record, _ = as_read(changed(FAST, outlets=(domestic, chademo), power_kw=Decimal(50)))
    assert record.charge_point_type.value == "DC"
    assert [(one.connector_standard.value, one.connector_format.value) for one in record.connectors] == [
        ("DOMESTIC_E", "Socket"),
        ("Chademo", "Cable"),
    ]


def test_hours_go_to_the_end_of_the_day_and_are_left_out_if_they_are_too_many() -> None:
    late = tuple(Opening(day, 480, 1440) for day in range(1, 8))
    record, _ = as_read(changed(SLOW, always_open=False, openings=late))
    assert record.opening_times is not None
    assert [(one.weekday, one.period_begin, one.period_end) for one in record.opening_times.regular_hours] == [
        (day, "08:00", "24:00") for day in range(1, 8)
    ]
    for hours in ((), (Opening(1, 0, 400), *late)):
        record, _ = as_read(changed(SLOW, always_open=False, openings=hours))
        assert record.opening_times is None


def test_what_an_address_lacks_is_not_invented() -> None:
    record, _ = as_read(changed(SLOW, house_number=None, postal_code=None, country="LUX"))
    there = record.charge_point_address
    assert (there.house_number, there.address, there.zip_code) == (None, "Rue de la Gare 1", "-")
    assert record.location_name_lang == "UND"


def test_a_number_that_is_too_long_stays_with_its_street() -> None:
    record, _ = as_read(changed(SLOW, house_number="1 à 15 bis", address="Rue de la Gare 1 à 15 bis"))
    there = record.charge_point_address
    assert (there.house_number, there.address) == (None, "Rue de la Gare 1 à 15 bis")
    record, _ = as_read(changed(SLOW, house_number="12b"))
    assert (record.charge_point_address.house_number, record.charge_point_address.address) == ("12B", "Rue de la Gare")


texts = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=2, max_size=120)


@given(
    name=texts,
    street=texts,
    city=texts,
    number=st.none() | texts,
    postal_code=st.none() | texts,
    station_id=texts,
    latitude=st.decimals(-90, 90, places=8),
    power=st.decimals("0.1", 400, places=2),
)
def test_whatever_a_station_is_called_the_record_is_valid(
    name: str,
    street: str,
    city: str,
    number: str | None,
    postal_code: str | None,
    station_id: str,
    latitude: Decimal,
    power: Decimal,
) -> None:
    point = changed(
        SLOW,
        station_name=name,
        street=street,
        address=f"{street} {number or ''}",
        city=city,
        house_number=number,
        postal_code=postal_code,
        station_id=station_id,
        latitude=latitude,
        power_kw=power,
    )
    record, place = as_read(point)
    assert (record.location_name, record.charge_point_address.city) == (name[:100], city[:45])
    assert record.ratings is not None
    assert record.ratings.maximum_power == power
    assert abs(place.coordinates.latitude - latitude) <= Decimal("0.0000005")


# --- cards


@pytest.mark.parametrize("blocked", [False, True])
def test_a_blocked_card_has_expired(blocked: bool) -> None:
    held = Card(uid="04A2B3C4D5E680", contract_id="DE-QM1-C00000417-U", blocked=blocked)
    request = checked("SetRoamingAuthorisationListRequest", cards.authorisation(held, NOW))
    (info,) = codec.read(request, SetRoamingAuthorisationListRequest).roaming_authorisation_info_array
    token = token_from_ochp(info, received_at=NOW)
    assert (token.uid.text, token.contract_id.text if token.contract_id else None) == (held.uid, held.contract_id)
    assert token.valid is not blocked
    again = cards.listed(xml.read(codec.encode(info, "roamingAuthorisationInfo")))
    assert (again.uid, again.contract_id, again.expires_at) == (held.uid, held.contract_id, token.expires_at)


def test_a_listed_card_holds_until_its_expiry() -> None:
    now = datetime.now(UTC)
    assert cards.listed(cards.authorisation(DRIVER, now)).holds
    assert not cards.listed(cards.authorisation(DRIVER, now - cards.VALID_FOR)).holds


# --- records


def a_visit(**changes: Any) -> Visit:
    held = {"id": "v1", "card": DRIVER, "point": SLOW, "started_at": NOW, "ended_at": NOW + timedelta(minutes=9)}
    return Visit(**{**held, "energy_kwh": Decimal("7.125"), **changes})


def as_billed(visit: Visit, price: Price) -> CDRInfo:
    record = cdrs.record(OPERATOR, visit, visit.card.contract_id, price)
    (info,) = codec.read(checked("AddCDRsRequest", record), AddCDRsRequest).cdr_info_array
    return info


def test_an_id_begins_with_the_operator_and_is_always_the_same() -> None:
    first = cdrs.cdr_id(OPERATOR, "2b0c9a1e-7f9d-4f44-9e0a-3f5f6c1f2d11")
    assert first == cdrs.cdr_id(OPERATOR, "2b0c9a1e-7f9d-4f44-9e0a-3f5f6c1f2d11")
    assert (first[:5], len(first)) == ("FRZZZ", 36)
    assert first != cdrs.cdr_id(OPERATOR, "2b0c9a1e-7f9d-4f44-9e0a-3f5f6c1f2d12")


def test_times_have_the_offset_of_the_place_and_hours_have_three_digits() -> None:
    begun = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    info = as_billed(a_visit(started_at=begun, ended_at=begun + timedelta(hours=2)), Price("T", Decimal("0.4")))
    assert (info.start_date_time, info.end_date_time) == ("2026-10-25T01:30:00+02:00", "2026-10-25T02:30:00+01:00")
    assert info.duration == "002:00:00"
    assert cdrs.duration(timedelta(hours=101, minutes=2, seconds=3)) == "101:02:03"


@given(
    energy=st.decimals("0.001", 500, places=3),
    per_kwh=st.decimals("0.01", 2, places=4),
    begun=st.integers(0, 10**9).map(lambda seconds: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
    lasted=st.integers(1, 3 * 86400).map(lambda seconds: timedelta(seconds=seconds)),
    point=st.sampled_from([SLOW, FAST]),
)
def test_a_visit_comes_through_the_hub_as_its_bill(
    energy: Decimal, per_kwh: Decimal, begun: datetime, lasted: timedelta, point: Point
) -> None:
    visit = a_visit(energy_kwh=energy, started_at=begun, ended_at=begun + lasted, point=point)
    price = Price("T", per_kwh)
    cost = price.cost(energy)
    cdr = cdr_from_ochp(as_billed(visit, price), received_at=visit.ended_at)
    assert cdr.total_cost is not None
    assert cdr.total_cost.before_taxes == cost["before_taxes"]
    sent = cdr_to_ochp(cdr, time_zone=point.time_zone).record
    assert sent is not None
    assert cdrs.bill(xml.read(codec.encode(sent, "cdrInfoArray"))) == Bill(
        evse_id=point.evse_id,
        started_at=visit.started_at,
        ended_at=visit.ended_at,
        energy_kwh=energy,
        card_uid=DRIVER.uid,
        net=cost["before_taxes"],
        tax=cost["taxes"][0]["amount"],
    )


def an_item(kind: str, value: str, price: str, cost: str | None, rate: str | None) -> Element:
    return element(
        "chargingPeriods",
        xml.wrapped("billingItem", "BillingItemType", kind),
        leaf("billingValue", value),
        leaf("itemPrice", price),
        leaf("periodCost", cost),
        leaf("taxrate", rate),
    )


def billed(total: str | None, *items: Element) -> Bill:
    return cdrs.bill(
        element(
            "cdrInfoArray",
            leaf("evseId", SLOW.evse_id),
            cards.emt_id("emtId", "04a2"),
            xml.local_moment("startDateTime", NOW, "Europe/Paris"),
            xml.local_moment("endDateTime", NOW, "Europe/Paris"),
            *items,
            leaf("totalCost", total),
        )
    )


def test_a_bill_of_several_items() -> None:
    items = (
        an_item("energy", "2.5", "0.4", "1.00", "20"),
        an_item("energy", "1.5", "0.5", None, "20"),
        an_item("parkingtime", "0.5", "1.01", "0.51", "10"),
    )
    found = billed(None, *items)
    assert (found.energy_kwh, found.net, found.tax) == (Decimal("4.0"), Decimal("2.26"), Decimal("0.40"))
    assert found.card_uid == "04A2"
    assert billed("2.27", *items).net == Decimal("2.27")


def test_a_bill_without_energy_and_without_rate() -> None:
    found = billed(None, an_item("serviceFee", "1.0", "3.50", None, "20"), an_item("usagetime", "1", "2", None, None))
    assert (found.energy_kwh, found.net, found.tax) == (None, Decimal("5.500"), None)


# --- XML and SOAP


def test_numbers_have_no_exponent_and_texts_are_escaped() -> None:
    record = element("a", leaf("b", Decimal("1E+2")), leaf("c", Decimal("1E-7")), leaf("d", "<&>"), leaf("e", None))
    assert xml.written(record).split(b"\n", 1)[1] == (
        b'<a xmlns="http://ochp.eu/1.4"><b>100</b><c>0.0000001</c><d>&lt;&amp;&gt;</d></a>'
    )


def test_what_is_missing_is_named() -> None:
    record = element("chargePointInfo", element("status"))
    with pytest.raises(NotAsTold, match="chargePointInfo came without evseId"):
        xml.text_of(record, "evseId")
    assert xml.optional_text(record, "status/ChargePointStatusType") is None


@pytest.mark.parametrize("content", [b"", b"not xml", b"<a/>", b'{"a": 1}'])
def test_what_is_no_message_is_told(content: bytes) -> None:
    with pytest.raises(NotAsTold, match=r"not (XML|a SOAP 1\.1 message): "):
        soap.opened(content)


def test_a_fault_is_told_in_its_words() -> None:
    fault = (
        f'<e:Envelope xmlns:e="{soap.ENVELOPE}"><e:Body><e:Fault><faultcode>e:Client</faultcode>'
        "<faultstring>no such operation</faultstring></e:Fault></e:Body></e:Envelope>"
    )
    with pytest.raises(NotAsTold, match="fault e:Client: no such operation"):
        soap.opened(fault.encode())


def test_a_message_is_sealed_with_name_and_password() -> None:
    sealed = etree.fromstring(soap.sealed(element("GetCDRsRequest"), "me&you", "<secret>"))
    token = sealed.find(f".//{{{soap.SECEXT}}}UsernameToken")
    assert token is not None
    assert [part.text for part in token] == ["me&you", "<secret>"]
    assert token[1].get("Type") == soap.PASSWORD_TEXT
    assert soap.opened(etree.tostring(sealed)).tag == "{http://ochp.eu/1.4}GetCDRsRequest"
