"""EVSE data: grouping, pairing of plugs and ratings, what is assumed, what is withheld."""

from decimal import Decimal
from typing import Any

import pytest

from core.model.ids import EvseId, PartyId
from core.model.location import AuthenticationMode, ConnectorFormat, EvseChange, EvseStatus, OpeningHours, PowerType
from core.model.loss import LossKind
from core.model.quantities import Coordinates
from mappings.oicp.connectors import connectors_from_oicp
from mappings.oicp.coordinates import coordinates_from_oicp, coordinates_to_oicp
from mappings.oicp.evse_statuses import evse_change_from_oicp, evse_status_to_oicp
from mappings.oicp.locations import evse_records_to_oicp, locations_from_oicp, pull_record_to_oicp
from mappings.oicp.opening_times import hours_from_oicp
from mappings.oicp.times import zone_from_oicp, zone_to_oicp
from protocols.oicp import codec
from protocols.oicp.wire import evse_data as wire
from protocols.oicp.wire.common import DeltaType
from protocols.oicp.wire.coordinates import GeoFormat
from protocols.oicp.wire.evse_status import EvseStatus as WireStatus
from protocols.oicp.wire.evse_status import EvseStatusRecord
from tests.unit.mappings.oicp.oicp_samples import CONNECTOR, EVSE, LOCATION, NOW, OPERATOR, replace
from tests.unit.protocols.oicp.wire.oicp_goldens import golden

RECORDS = golden("push_evse_data/full_load").operator_evse_data.evse_data_record
AC, DC = RECORDS


def received(*records: Any) -> Any:
    return locations_from_oicp(OPERATOR, records, received_at=NOW, operator_name="Nordlader")


def sent(**fields: Any) -> Any:
    return evse_records_to_oicp(replace(LOCATION, **fields))


def paths(losses: Any, kind: LossKind) -> set[str]:
    return {loss.path for loss in losses if loss.kind is kind}


def test_a_record_becomes_a_location() -> None:
    location, other = received(AC, DC)
    assert (location.owner, location.id, location.pool_id) == (OPERATOR, "DENORP2001", "DE*NOR*P2001")
    assert (location.name, location.address, location.house_number) == ("Parkhaus Hafen, Ebene 1", "Kaistraße", "14a")
    assert (location.country, location.time_zone) == ("DEU", "Europe/Berlin")
    assert location.coordinates == Coordinates(latitude=Decimal("53.869720"), longitude=Decimal("10.686390"))
    assert location.operator is not None
    assert location.operator.name == "Nordlader"
    assert location.parking_type == "PARKING_GARAGE"
    evse = location.evses[0]
    assert (evse.uid, evse.status, evse.station_id) == ("DENORE20011", EvseStatus.UNKNOWN, "HAFEN-01")
    assert evse.capabilities == ("RFID_READER", "REMOTE_START_STOP_CAPABLE", "RESERVABLE")
    assert AuthenticationMode.RFID_MIFARE_DESFIRE in evse.authentication_modes
    assert (other.id, other.opening_times) == ("DENORE3001", OpeningHours(twentyfourseven=True))


@pytest.mark.spec("OICP-EVSE-20")
def test_an_evse_and_its_location_are_known_by_their_ids_without_separators() -> None:
    first = received(AC)[0]
    again = received(replace(AC, evse_id="DENORE20011", charging_pool_id="DENORP2001"))[0]
    assert (again.key, again.evses[0].uid) == (first.key, first.evses[0].uid)
    assert evse_records_to_oicp(again).records[0].evse_id == "DENORE20011"


def test_records_are_grouped_by_pool_then_station() -> None:
    pool = [replace(AC, evse_id=f"DE*NOR*E2001*{number}") for number in (1, 2)]
    station = [replace(DC, evse_id=f"DE*NOR*E3001*{number}", charging_station_id="OST-9") for number in (1, 2)]
    found = received(*pool, *station, DC)
    assert [(location.id, len(location.evses)) for location in found] == [
        ("DENORP2001", 2),
        ("OST-9", 2),
        ("DENORE3001", 1),
    ]


def test_what_a_later_record_of_a_group_says_differently_comes_back_with_it() -> None:
    other = replace(
        AC,
        evse_id="DE*NOR*E2001*2",
        hotline_phone_number="+4945199999",
        is_open_24_hours=True,
        opening_times=None,
        address=replace(AC.address, street="Am Kai", floor="2"),
    )
    (location,) = received(AC, other)
    assert location.help_phone == AC.hotline_phone_number
    assert tuple(evse_records_to_oicp(location).records) == (AC, other)


@pytest.mark.spec("OICP-EVSE-21")
def test_a_din_evse_keeps_its_form() -> None:
    (record,) = golden("push_evse_data/din_operator").operator_evse_data.evse_data_record
    (location,) = locations_from_oicp(PartyId("DE", "822"), [record], received_at=NOW)
    assert location.evses[0].uid == "DE822E4831"
    assert evse_records_to_oicp(location).records == [record]


def test_an_older_partners_record_goes_on_with_what_stands_in_noted() -> None:
    pulled = golden("evse_data_page/older_partner").content[0]
    (location,) = received(pulled)
    assert evse_records_to_oicp(location).records == []
    filled = evse_records_to_oicp(location, hotline="+4940123456", platform=True)
    assert filled.records == []
    assert filled.withheld[0].reason.startswith("no power is known")
    (powered,) = received(replace(pulled, charging_facilities=DC.charging_facilities))
    filled = evse_records_to_oicp(powered, hotline="+4940123456")
    assert filled.records[0].hotline_phone_number == "+4940123456"
    assert paths(filled.losses, LossKind.ASSUMED) == {
        "HotlinePhoneNumber",
        "PaymentOptions",
        "CalibrationLawDataAvailability",
    }


@pytest.mark.parametrize(
    ("plugs", "facilities", "expected"),
    [
        (
            ["Type F Schuko", "Type 2 Connector (Cable Attached)", "CCS Combo 2 Plug (Cable Attached)"],
            [("DC", 150), ("AC_1_PHASE", 3), ("AC_3_PHASE", 22)],
            [("AC_1_PHASE", 3000), ("AC_3_PHASE", 22000), ("DC", 150000)],
        ),
        (
            ["CHAdeMO", "CCS Combo 2 Plug (Cable Attached)"],
            [("DC", 50), ("DC", 150)],
            [("DC", 50000), ("DC", 150000)],
        ),
        (["CHAdeMO", "CCS Combo 2 Plug (Cable Attached)"], [("DC", 50)], [("DC", 50000), ("DC", 50000)]),
        (["Type 2 Outlet"], [("AC_1_PHASE", 7)], [("AC_1_PHASE", 7000)]),
        (["Type 2 Outlet"], [("DC", 50)], [("AC_3_PHASE", None)]),
        (["Type 3 Outlet"], [("AC_1_PHASE", 3)], [("AC_1_PHASE", 3000)]),
    ],
)
def test_plugs_and_ratings_are_paired_by_kind(plugs: Any, facilities: Any, expected: Any) -> None:
    found = connectors_from_oicp(
        [wire.Plug(plug) for plug in plugs],
        [wire.ChargingFacility(power_type=wire.PowerType(kind), power=Decimal(power)) for kind, power in facilities],
        NOW,
    )
    assert [(connector.power_type, connector.max_power_w) for connector in found] == expected


@pytest.mark.parametrize(
    ("plug", "power_type", "power", "amperage", "standard"),
    [
        ("IEC 60309 Single Phase", "AC_1_PHASE", 3, 16, "IEC_60309_2_single_16"),
        ("IEC 60309 Single Phase", "AC_1_PHASE", 7, 32, "IEC_60309_2_single_32"),
        ("IEC 60309 Three Phase", "AC_3_PHASE", 11, 16, "IEC_60309_2_three_16"),
        ("IEC 60309 Three Phase", "AC_3_PHASE", 22, 32, "IEC_60309_2_three_32"),
        ("IEC 60309 Three Phase", "AC_3_PHASE", 43, 63, "IEC_60309_2_three_64"),
        ("IEC 60309 Three Phase", "AC_3_PHASE", 11, None, "IEC_60309_2_three_16"),
        ("Type 3 Outlet", "AC_1_PHASE", 3, None, "IEC_62196_T3A"),
        ("Type 3 Outlet", "AC_3_PHASE", 22, None, "IEC_62196_T3C"),
    ],
)
def test_the_rating_tells_what_a_plug_name_does_not(
    plug: str, power_type: str, power: int, amperage: int | None, standard: str
) -> None:
    facility = wire.ChargingFacility(
        power_type=wire.PowerType(power_type),
        power=Decimal(power),
        amperage=None if amperage is None else Decimal(amperage),
    )
    assert connectors_from_oicp([wire.Plug(plug)], [facility], NOW)[0].standard == standard


def connector(**fields: Any) -> Any:
    return replace(CONNECTOR, capabilities=(), **fields)


@pytest.mark.parametrize(
    ("power_type", "voltage", "amperage", "watts", "rating"),
    [
        (PowerType.AC_3_PHASE, 230, 16, None, (11, 230, 16)),
        (PowerType.AC_3_PHASE, 230, 32, None, (22, 230, 32)),
        (PowerType.AC_1_PHASE, 230, 32, None, (7, 230, 32)),
        (PowerType.DC, 920, 400, 150000, (150, 920, None)),
        (PowerType.DC, 1000, 500, 350000, (350, None, None)),
        (PowerType.AC_3_PHASE, 400, 32, 22000, (22, 400, 32)),
    ],
)
def test_ratings_going_out(power_type: Any, voltage: int, amperage: int, watts: int | None, rating: Any) -> None:
    evse = replace(
        EVSE,
        connectors=(connector(power_type=power_type, max_voltage=voltage, max_amperage=amperage, max_power_w=watts),),
    )
    facility = sent(evses=(evse,)).records[0].charging_facilities[0]
    assert (facility.power, facility.voltage, facility.amperage) == rating


def test_connectors_that_oicp_cannot_name_are_left_out_and_an_evse_without_others_is_withheld() -> None:
    mcs = connector(id="2", standard="MCS")
    both = sent(evses=(replace(EVSE, connectors=(CONNECTOR, mcs)),))
    assert both.records[0].plugs == (wire.Plug.TYPE_2_CABLE,)
    assert "evses[0].connectors[1]" in paths(both.losses, LossKind.LOST)
    alone = sent(evses=(replace(EVSE, connectors=(mcs,)),))
    assert alone.records == []
    assert alone.withheld[0].kind is LossKind.WITHHELD


def test_one_record_an_evse_and_each_plug_once() -> None:
    outlet = connector(format=ConnectorFormat.SOCKET)
    records = sent(evses=(replace(EVSE, connectors=(outlet, replace(outlet, id="2"))),)).records
    assert [record.plugs for record in records] == [(wire.Plug.TYPE_2_OUTLET,)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"evse_id": None}, "no EVSE id"),
        ({"evse_id": EvseId.parse("DE*NOR*E" + "1" * 31)}, "no EVSE id"),
        ({"status": EvseStatus.REMOVED}, "removed"),
        ({"status": EvseStatus.PLANNED}, "planned"),
        ({"connectors": ()}, "none of its connectors"),
    ],
)
def test_what_may_not_be_sent_is_withheld(change: Any, reason: str) -> None:
    result = sent(evses=(replace(EVSE, **change),))
    assert result.records == []
    assert reason in result.withheld[0].reason


def test_an_unpublished_location_is_withheld() -> None:
    assert sent(publish=False)[:2] == ([], ())


def test_a_telephone_number_is_never_invented() -> None:
    assert sent().records[0].hotline_phone_number == "+494515550100"
    nobody = replace(LOCATION, help_phone=None)
    assert evse_records_to_oicp(nobody).withheld
    assert evse_records_to_oicp(nobody, platform=True).records[0].hotline_phone_number is None
    stand_in = evse_records_to_oicp(nobody, hotline="+4940123456")
    assert stand_in.records[0].hotline_phone_number == "+4940123456"
    assert "HotlinePhoneNumber" in paths(stand_in.losses, LossKind.ASSUMED)


def test_mandatory_members_without_a_source_are_assumed_and_reported() -> None:
    bare = replace(
        LOCATION, name=None, house_number=None, postal_code=None, opening_times=None, energy_mix=None, parking_type=None
    )
    evse = replace(EVSE, capabilities=(), parking_restrictions=(), connectors=(connector(),))
    result = evse_records_to_oicp(replace(bare, evses=(evse,)))
    assert paths(result.losses, LossKind.ASSUMED) == {
        "Accessibility", "Address.HouseNum", "Address.PostalCode", "AuthenticationModes",
        "CalibrationLawDataAvailability", "ChargingStationNames", "ChargingStationNames[0].lang",
        "DynamicInfoAvailable", "IsHubjectCompatible", "IsOpen24Hours", "PaymentOptions", "RenewableEnergy",
    }  # fmt: skip
    record = result.records[0]
    assert record.value_added_services == (wire.ValueAddedService.NONE,)
    assert codec.violations(codec.to_raw(record), wire.EvseDataRecord) == []


@pytest.mark.parametrize(
    ("street", "expected"),
    [
        ("Kaistraße 14a", ("Kaistraße", "14a")),
        ("Rue de la Paix, 7", ("Rue de la Paix", "7")),
        ("Straße des 17. Juni 135-137", ("Straße des 17. Juni", "135-137")),
        ("Am Bahnhof", ("Am Bahnhof", "-")),
        ("7", ("7-", "-")),
    ],
)
def test_a_house_number_is_split_off(street: str, expected: tuple[str, str]) -> None:
    address = sent(address=street, house_number=None).records[0].address
    assert (address.street, address.house_num) == expected


def test_a_foreign_location_makes_a_right_record() -> None:
    result = sent()
    assert codec.violations(codec.to_raw(result.records[0]), wire.EvseDataRecord) == []
    assert {"facilities", "charging_when_closed", "proprietor", "evses[0].status_schedule"} <= paths(
        result.losses, LossKind.LOST
    )
    assert result.records[0].accessibility is wire.Accessibility.RESTRICTED
    assert result.records[0].payment_options == (wire.PaymentOption.CONTRACT, wire.PaymentOption.DIRECT)


def test_texts_that_are_too_long_are_cut_and_reported() -> None:
    result = sent(name="x" * 200)
    assert len(result.records[0].charging_station_names[0].value) == 150
    assert "name" in paths(result.losses, LossKind.NARROWED)


@pytest.mark.spec("OICP-EVSE-44", "OICP-EVSE-45")
@pytest.mark.parametrize("form", GeoFormat)
def test_a_pull_has_the_coordinates_in_the_form_asked_for(form: GeoFormat) -> None:
    pulled = pull_record_to_oicp(AC, operator_id="DE*NOR", operator_name="Nordlader", form=form)
    for before, after in (
        (AC.geo_coordinates, pulled.geo_coordinates),
        (AC.geo_charging_point_entrance, pulled.geo_charging_point_entrance),
    ):
        assert after is not None
        assert [name for name in ("Google", "DecimalDegree", "DegreeMinuteSeconds") if name in codec.to_raw(after)] == [
            form
        ]
        old, new = coordinates_from_oicp(before), coordinates_from_oicp(after)
        assert abs(old.latitude - new.latitude) < Decimal("0.00001")
        assert abs(old.longitude - new.longitude) < Decimal("0.00001")
        assert (after is before) is (form is GeoFormat.GOOGLE)


def test_a_pull_names_the_operator_and_resolves_auto() -> None:
    pulled = pull_record_to_oicp(
        DC,
        operator_id="DE*NOR",
        operator_name="Nordlader",
        last_update="2026-02-03T04:05:06Z",
        delta_type=DeltaType.UPDATE,
        statuses_come=True,
    )
    assert (pulled.operator_id, pulled.operator_name) == ("DE*NOR", "Nordlader")
    assert pulled.dynamic_info_available is wire.DynamicInfo.TRUE
    assert (pulled.last_update, pulled.delta_type) == ("2026-02-03T04:05:06Z", DeltaType.UPDATE)


def test_a_sign_belongs_to_the_whole_value() -> None:
    place = Coordinates(latitude=Decimal("-0.5"), longitude=Decimal("-70.25"))
    minutes = coordinates_to_oicp(place, GeoFormat.DEGREE_MINUTE_SECONDS).degree_minute_seconds
    assert minutes is not None
    assert (minutes.latitude, minutes.longitude) == ("-0°30'00.000''", "-70°15'00.000''")


@pytest.mark.parametrize(
    ("country", "offset", "zone"),
    [
        ("DEU", "UTC+01:00", "Europe/Berlin"),
        ("ESP", "UTC+00:00", "Atlantic/Canary"),
        ("IRL", "UTC+00:00", "Europe/Dublin"),
        ("DEU", "UTC+05:00", None),
        ("DEU", None, None),
        ("USA", "UTC-05:00", None),
    ],
)
def test_time_zones(country: str, offset: str | None, zone: str | None) -> None:
    assert zone_from_oicp(country, offset) == zone
    assert zone is None or zone_to_oicp(zone) == offset


def test_hours_over_midnight_are_cut_there() -> None:
    times = (wire.OpeningTimes(on=wire.Day.FRIDAY, period=(wire.Period(begin="22:00", end="06:00"),)),)
    hours = hours_from_oicp(False, times)
    assert [(entry.weekday, entry.begin, entry.end) for entry in hours.regular_hours] == [
        (5, "22:00", "24:00"),
        (6, "00:00", "06:00"),
    ]
    everyday = (wire.OpeningTimes(on=wire.Day.EVERYDAY, period=(wire.Period(begin="00:00", end="00:00"),)),)
    assert hours_from_oicp(False, everyday) == OpeningHours(twentyfourseven=True)


@pytest.mark.spec("OICP-OPS-09")
@pytest.mark.parametrize(
    ("status", "word"),
    [
        (EvseStatus.AVAILABLE, WireStatus.AVAILABLE),
        (EvseStatus.BLOCKED, WireStatus.OCCUPIED),
        (EvseStatus.CHARGING, WireStatus.OCCUPIED),
        (EvseStatus.INOPERATIVE, WireStatus.OUT_OF_SERVICE),
        (EvseStatus.OUT_OF_ORDER, WireStatus.OUT_OF_SERVICE),
        (EvseStatus.RESERVED, WireStatus.RESERVED),
        (EvseStatus.UNKNOWN, WireStatus.UNKNOWN),
        (EvseStatus.PLANNED, None),
        (EvseStatus.REMOVED, None),
    ],
)
def test_statuses_going_out(status: EvseStatus, word: WireStatus | None) -> None:
    record, found = evse_status_to_oicp(EvseId.parse("DE*NOR*E1"), status)
    assert (record and record.evse_status) == word
    assert bool(found) is (
        status in (EvseStatus.BLOCKED, EvseStatus.INOPERATIVE, EvseStatus.PLANNED, EvseStatus.REMOVED)
    )


def test_a_status_without_an_id_is_withheld() -> None:
    assert evse_status_to_oicp(None, EvseStatus.AVAILABLE)[0] is None


@pytest.mark.spec("OICP-OPS-09")
@pytest.mark.parametrize(
    ("word", "status"),
    [
        (WireStatus.AVAILABLE, EvseStatus.AVAILABLE),
        (WireStatus.RESERVED, EvseStatus.RESERVED),
        (WireStatus.OCCUPIED, EvseStatus.CHARGING),
        (WireStatus.OUT_OF_SERVICE, EvseStatus.OUT_OF_ORDER),
        (WireStatus.UNKNOWN, EvseStatus.UNKNOWN),
        (WireStatus.EVSE_NOT_FOUND, EvseStatus.REMOVED),
    ],
)
def test_statuses_coming_in(word: WireStatus, status: EvseStatus) -> None:
    record = EvseStatusRecord(evse_id="de*nor*e1", evse_status=word)
    change = EvseChange(status=status, updated_at=NOW)
    assert evse_change_from_oicp(record, received_at=NOW) == (EvseId.parse("DE*NOR*E1"), change)
