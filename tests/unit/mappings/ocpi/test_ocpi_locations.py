from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from core.errors import Invalid, Unknown, Unsupported
from core.model.ids import EvseId, PartyId
from core.model.location import (
    AuthenticationMode,
    Connector,
    ConnectorFormat,
    Evse,
    EvseChange,
    EvseStatus,
    Location,
    OpeningHours,
    PowerType,
    RegularHours,
)
from core.model.loss import LossKind
from core.model.quantities import Coordinates, Text
from mappings.ocpi import changes, evses, locations, places
from protocols.ocpi.wire import locations as wire
from protocols.transport.json_codec import decode, to_raw
from tests.golden.ocpi.goldens import golden

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)


def rich() -> Location:
    return locations.location_from_ocpi(golden("location/rich"))


def patched(patch: str, kind: Any) -> Any:
    return decode(patch.encode(), kind)


def foreign(**changes: Any) -> Location:
    """As a protocol would leave it that knows less of connectors and places."""
    connector = Connector(
        id="1", standard="IEC_62196_T2", format=ConnectorFormat.SOCKET, power_type=PowerType.AC_3_PHASE,
        max_power_w=22000, updated_at=NOW,
    )  # fmt: skip
    evse = Evse(
        uid="DE*NOR*E1", evse_id=EvseId.parse("DE*NOR*E1"), status=EvseStatus.AVAILABLE, connectors=(connector,),
        authentication_modes=(AuthenticationMode.RFID_MIFARE_DESFIRE, AuthenticationMode.REMOTE),
        value_added_services=("Reservation",), updated_at=NOW,
    )  # fmt: skip
    location = Location(
        owner=PartyId("DE", "NOR"), id="P1", names=(Text(language="de", text="Hof"), Text(language="en", text="Yard")),
        address="Hafenstr.", house_number="7", city="Kiel", country="DEU", evses=(evse,), updated_at=NOW,
        coordinates=Coordinates(latitude=Decimal("54.3"), longitude=Decimal("10.1")),
    )  # fmt: skip
    return msgspec.structs.replace(location, **changes)


# --- rules


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        pytest.param({"publish": True}, "$.publish_allowed_to", marks=pytest.mark.spec("OCPI-LOC-13")),
        pytest.param({"publish_allowed_to": [{"issuer": "x"}]}, "$.publish_allowed_to[0]",
                     marks=pytest.mark.spec("OCPI-LOC-13")),
        pytest.param({"publish_allowed_to": [{"group_id": "g"}, {"uid": "x"}]}, "$.publish_allowed_to[1].type",
                     marks=pytest.mark.spec("OCPI-LOC-13")),
        pytest.param({"publish_allowed_to": [{"visual_number": "x"}]}, "$.publish_allowed_to[0].issuer",
                     marks=pytest.mark.spec("OCPI-LOC-13")),
        pytest.param({"opening_times": {"twentyfourseven": False}}, "$.opening_times.regular_hours",
                     marks=pytest.mark.spec("OCPI-LOC-17")),
        pytest.param({"opening_times": {"twentyfourseven": True, "regular_hours": [
            {"weekday": 1, "period_begin": "08:00", "period_end": "09:00"}]}}, "$.opening_times.regular_hours",
                     marks=pytest.mark.spec("OCPI-LOC-17")),
        pytest.param({"opening_times": {"twentyfourseven": False, "regular_hours": [
            {"weekday": 1, "period_begin": "08:00", "period_end": "07:00"}]}},
                     "$.opening_times.regular_hours[0].period_end", marks=pytest.mark.spec("OCPI-LOC-17")),
        pytest.param({"parking_places": []}, "$.evses[0].parking[0].parking_id",
                     marks=pytest.mark.spec("OCPI-LOC-18")),
        pytest.param({"last_updated": "2025-02-30T00:00:00Z"}, "$.last_updated",
                     marks=pytest.mark.spec("OCPI-TYP-02")),
        ({"party_id": "V T"}, "$.party_id"),
    ],
)  # fmt: skip
def test_refused(changes: dict[str, Any], path: str) -> None:
    raw = {**to_raw(golden("location/rich")), **changes}
    with pytest.raises(Invalid) as error:
        locations.location_from_ocpi(msgspec.convert(raw, wire.Location))
    assert error.value.path == path


@pytest.mark.spec("OCPI-LOC-18")
def test_parking_ids_are_unique() -> None:
    message = golden("location/rich")
    twice = msgspec.structs.replace(message, parking_places=message.parking_places + message.parking_places[:1])
    with pytest.raises(Invalid, match="parking_places"):
        locations.location_from_ocpi(twice)


@pytest.mark.spec("OCPI-LOC-19")
def test_parking_without_dimensions_is_taken() -> None:
    message = golden("location/rich")
    bare = wire.Parking(id="V3", vehicle_types=("RIGID",), restricted_to_type=True, reservation_required=False)
    location = locations.location_from_ocpi(
        msgspec.structs.replace(message, parking_places=(*message.parking_places, bare))
    )
    assert location.parking_places[-1].vehicle_types == ("RIGID",)


def test_errors_deep_inside_name_their_place() -> None:
    message = golden("location/rich")
    connector = msgspec.structs.replace(message.evses[0].connectors[0], last_updated="2025-02-30T00:00:00Z")
    evse = msgspec.structs.replace(message.evses[0], connectors=(connector,))
    with pytest.raises(Invalid) as error:
        locations.location_from_ocpi(msgspec.structs.replace(message, evses=(message.evses[0], evse)))
    assert error.value.path == "$.evses[1].connectors[0].last_updated"


@pytest.mark.spec("OCPI-TYP-04")
def test_parties_are_compared_without_case() -> None:
    assert locations.location_from_ocpi(golden("location/unknown_fields")).owner == PartyId("NL", "VLT")


@pytest.mark.spec("OCPI-LOC-26")
def test_a_schedule_does_not_change_the_status() -> None:
    message = golden("evse/rich")
    past = wire.StatusSchedule(period_begin="2001-01-01T00:00:00Z", status=wire.Status.INOPERATIVE)
    assert evses.evse_from_ocpi(msgspec.structs.replace(message, status_schedule=(past,))).status == "RESERVED"


# --- changes


def test_a_status_patch_has_a_fast_way() -> None:
    assert changes.evse_change_from_ocpi(golden("evse_patch/status")) == EvseChange(
        status=EvseStatus.OUT_OF_ORDER, updated_at=datetime(2025, 3, 5, 1, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    "patch",
    [
        '{"floor_level":"1","status":"CHARGING","last_updated":"2025-03-05T01:00:00Z"}',
        '{"floor_level":"1","last_updated":"2025-03-05T01:00:00Z"}',
        '{"status":"CHARGING","last_updated":"2025-03-05T01:00:00Z","foo":1}',
    ],
)
def test_any_other_patch_takes_the_long_way(patch: str) -> None:
    assert changes.evse_change_from_ocpi(patched(patch, wire.EvsePatch)) is None


def test_a_status_returns_in_the_spelling_of_its_time() -> None:
    patch = patched('{"status":"CHARGING","last_updated":"2025-03-05T01:00:00.10Z"}', wire.EvsePatch)
    change = changes.evse_change_from_ocpi(patch)
    assert change is not None
    evse = rich().evses[0]
    told = msgspec.structs.replace(
        evse, status=change.status, updated_at=change.updated_at, extensions={**evse.extensions, **change.extensions}
    )
    assert evses.evse_to_ocpi(told).last_updated == "2025-03-05T01:00:00.10Z"
    later = msgspec.structs.replace(told, updated_at=datetime(2025, 3, 6, tzinfo=UTC))
    assert evses.evse_to_ocpi(later).last_updated == "2025-03-06T00:00:00Z"


@pytest.mark.spec("OCPI-COP-09", "OCPI-COP-14", "OCPI-LOC-07", "OCPI-LOC-11")
def test_an_evse_patch_leaves_the_rest_alone() -> None:
    before = rich()
    patch = patched('{"status":"REMOVED","last_updated":"2025-06-01T00:00:00","why":"gone"}', wire.EvsePatch)
    after = changes.patch_evse(before, "haven-07-a", patch)
    assert after.evses[0].status is EvseStatus.REMOVED
    assert after.evses[0].connectors == before.evses[0].connectors
    assert after.updated_at == after.evses[0].updated_at == datetime(2025, 6, 1, tzinfo=UTC)
    out = to_raw(locations.location_to_ocpi(after))
    assert out["evses"][0]["last_updated"] == "2025-06-01T00:00:00"
    assert out["evses"][0]["why"] == "gone"
    assert out["last_updated"] == "2025-06-01T00:00:00Z"


@pytest.mark.spec("OCPI-COP-11", "OCPI-COP-14")
def test_a_connector_patch_replaces_lists_and_moves_the_times() -> None:
    after = changes.patch_connector(rich(), "HAVEN-07-A", "1", golden("connector_patch/tariffs"))
    assert after.evses[0].connectors[0].tariff_ids == ("NACHT",)
    times = {after.updated_at, after.evses[0].updated_at, after.evses[0].connectors[0].updated_at}
    assert times == {datetime(2025, 3, 5, 2, tzinfo=UTC)}


@pytest.mark.spec("OCPI-COP-12")
def test_null_is_not_mentioned() -> None:
    after = changes.patch_location(rich(), golden("location_patch/name"))
    assert (after.name, after.postal_code) == ("Havenkade P7 (nieuw)", "4301 JK")


@pytest.mark.parametrize("patch", ['{"status":null,', '{"connectors":[],', '{"connectors":null,'])
def test_required_fields_cannot_be_patched_away(patch: str) -> None:
    with pytest.raises(Invalid):
        patched(patch + '"last_updated":"2025-03-05T01:00:00Z"}', wire.EvsePatch)


def test_the_patched_whole_is_validated() -> None:
    time = '"last_updated":"2025-03-05T01:00:00Z"'
    with pytest.raises(Invalid, match="parking"):
        changes.patch_location(rich(), patched('{"parking_places":[],' + time + "}", wire.LocationPatch))
    with pytest.raises(Invalid) as error:
        changes.patch_evse(
            rich(), "HAVEN-07-A", patched('{"parking":[{"parking_id":"X"}],' + time + "}", wire.EvsePatch)
        )
    assert error.value.path == "$.parking[0].parking_id"


@pytest.mark.spec("OCPI-LOC-05")
def test_a_child_is_added_or_replaced() -> None:
    evse = evses.evse_from_ocpi(golden("evse/rich"))
    added = changes.with_evse(rich(), evse)
    assert [held.uid for held in added.evses] == ["HAVEN-07-A", "KADE-2"]
    assert changes.with_evse(added, evse) == added
    connector = evses.connector_from_ocpi(golden("connector/rich"))
    assert len(changes.with_connector(added, "kade-2", connector).evses[1].connectors) == 2


def test_children_that_nobody_knows() -> None:
    with pytest.raises(Unknown):
        changes.patch_evse(rich(), "NOPE", golden("evse_patch/status"))
    with pytest.raises(Unknown):
        changes.patch_connector(rich(), "NOPE", "1", golden("connector_patch/tariffs"))
    with pytest.raises(Unknown):
        changes.patch_connector(rich(), "HAVEN-07-A", "7", golden("connector_patch/tariffs"))
    with pytest.raises(Unknown):
        changes.with_connector(rich(), "NOPE", rich().evses[0].connectors[0])


def test_a_status_goes_out_as_a_patch() -> None:
    evse = rich().evses[0]
    assert to_raw(changes.evse_status_to_ocpi(evse)) == {
        "status": "CHARGING",
        "last_updated": "2025-03-04T12:00:00.5Z",
    }
    assert to_raw(changes.evse_status_to_ocpi(evse, with_ids=True))["evse_id"] == "NL*VLT*E0707*1"


@pytest.mark.spec("OCPI-COP-15")
def test_a_spelling_that_no_longer_holds_is_not_used() -> None:
    evse = rich().evses[0]
    later = msgspec.structs.replace(evse, updated_at=NOW)
    assert evses.evse_to_ocpi(later).last_updated == "2025-03-01T12:00:00Z"


# --- from protocols that know less


def test_what_a_foreign_location_lacks_is_assumed_and_said() -> None:
    location = locations.location_to_ocpi(foreign())
    assert location.time_zone == "Europe/Berlin"
    assert location.address == "Hafenstr. 7"
    assert location.name == "Yard"
    assert location.evses
    connector = location.evses[0].connectors[0]
    assert (connector.max_voltage, connector.max_amperage, connector.max_electric_power) == (230, 32, 22000)
    assert location.evses[0].capabilities == ("RFID_READER", "REMOTE_START_STOP_CAPABLE", "RESERVABLE")
    said = {loss.path: loss.kind for loss in locations.location_losses(foreign())}
    assert said == {
        "names[0]": LossKind.LOST,
        "names[1]": LossKind.NARROWED,
        "evses[0].authentication_modes": LossKind.LOST,
        "evses[0].value_added_services": LossKind.LOST,
        "time_zone": LossKind.ASSUMED,
        "evses[0].connectors[0].max_voltage": LossKind.ASSUMED,
        "evses[0].connectors[0].max_amperage": LossKind.ASSUMED,
    }
    assert decode(msgspec.json.encode(to_raw(location)), wire.Location) == location


def test_a_time_zone_that_nobody_can_tell() -> None:
    with pytest.raises(Unsupported):
        locations.location_to_ocpi(foreign(country="USA"))


def test_an_evse_without_connectors_is_left_out_and_said() -> None:
    bare = msgspec.structs.replace(foreign().evses[0], connectors=())
    location = foreign(evses=(*foreign().evses, bare))
    assert len(locations.location_to_ocpi(location).evses or ()) == 1
    assert [loss.path for loss in locations.location_losses(location) if loss.kind is LossKind.WITHHELD] == [
        "evses[1].connectors"
    ]
    with pytest.raises(Unsupported):
        evses.evse_to_ocpi(bare)


def test_the_day_ends_at_2359() -> None:
    hours = OpeningHours(twentyfourseven=False, regular_hours=(RegularHours(weekday=1, begin="06:00", end="24:00"),))
    sent = places.hours_to_ocpi(hours).regular_hours or ()
    assert sent[0].period_end == "23:59"
    said = locations.location_losses(foreign(opening_times=hours, time_zone="Europe/Berlin"))
    assert "opening_times.regular_hours[0].end" in {loss.path for loss in said}
