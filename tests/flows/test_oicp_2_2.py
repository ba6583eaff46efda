"""OICP 2.2 beside 2.3: one store, each partner through its own version."""

from decimal import Decimal
from typing import Any

import pytest

from tests.flows.hub import TestHub
from tests.flows.oicp_partners import (
    Emp,
    Reached,
    cdr,
    code,
    cpo,
    decode,
    emp,
    encode,
    errors,
    join,
    notification,
    opened,
    record,
    rfid,
)

PUSH = "evsepush/v22/operators/{id}/data-records"
PULL = "evsepull/v22/providers/{id}/data-records"
CDR = "cdrmgmt/v21/operators/{id}/charge-detail-record"
GET_CDRS = "cdrmgmt/v21/providers/{id}/get-charge-detail-records-request"
NOTIFY = "notificationmgmt/v10/charging-notifications"
E1, E2 = "DE*ABC*E1", "DE*ABC*E2"


def older(evse_id: str = E1, **members: Any) -> dict[str, Any]:
    """A record as 2.2 has it, with as little as it needs."""
    return {
        "EvseID": evse_id,
        "Address": {"Country": "DEU", "City": "Berlin", "Street": "Alte Straße"},
        "GeoCoordinates": {"Google": {"Coordinates": "52.480495 13.356465"}},
        "Plugs": ["Unspecified"],
        "AuthenticationModes": ["NFC RFID Classic"],
        "Accessibility": "Unspecified",
        "IsOpen24Hours": True,
        "IsHubjectCompatible": True,
        "DynamicInfoAvailable": "true",
        **members,
    }


RICH = older(
    ChargingStationName="Alter Markt",
    EnChargingStationName="Old Market",
    Plugs=["Type 2 Outlet", "Unspecified"],
    ChargingModes=["Mode_3"],
    ChargingFacilities=[{"PowerType": "AC_3_PHASE", "Power": Decimal("22.10")}, {"PowerType": "Unspecified"}],
    HotlinePhoneNumber="+49301234567",
    PaymentOptions=["Contract"],
    ValueAddedServices=["None"],
    Accessibility="Free publicly accessible",
    IsOpen24Hours=False,
    OpeningTimes=[{"unstructuredOpeningTime": "when the shop is open"}],
    AdditionalInfo="behind the shop",
)


async def push(abc: Reached, action: str, *records: dict[str, Any]) -> tuple[int, str]:
    data = {"OperatorID": "DE*ABC", "OperatorName": "ABC", "EvseDataRecord": list(records)}
    return code(await abc.post(PUSH, {"ActionType": action, "OperatorEvseData": data}))


async def pull(one: Reached, **members: Any) -> list[dict[str, Any]]:
    answer = await one.post(PULL, {"ProviderID": one.own_id, "GeoCoordinatesResponseFormat": "Google", **members})
    assert code(answer) == (200, "000")
    blocks = decode(answer.content)["EvseData"]["OperatorEvseData"]
    return [found for block in blocks for found in block["EvseDataRecord"]]


async def pair(hub: TestHub) -> tuple[Reached, Reached]:
    return await join(hub, cpo(version="2.2")), await join(hub, emp())


@pytest.mark.spec("OICP-V22-02", "OICP-URL-31", "OICP-EVSE-60", "OICP-PRT-17", "OICP-V22-01")
async def test_data_of_2_2_in_a_pull_of_2_3() -> None:
    async with opened() as hub:
        abc, dcb = await pair(hub)
        assert await push(abc, "fullLoad", older(E1), RICH | {"EvseID": E2}) == (200, "000")
        poor, rich = await dcb.pulled()
        for member in (
            "Plugs", "ChargingStationNames", "ChargingFacilities", "RenewableEnergy", "CalibrationLawDataAvailability",
            "PaymentOptions", "ValueAddedServices", "Accessibility", "HotlinePhoneNumber",
        ):  # fmt: skip
            assert poor[member] is None, member
        assert (poor["Address"]["HouseNum"], poor["Address"]["PostalCode"]) == (None, None)
        assert (poor["OperatorID"], poor["IsOpen24Hours"]) == ("DE*ABC", True)
        assert rich["ChargingStationNames"] == [
            {"lang": None, "value": "Alter Markt"},
            {"lang": "en", "value": "Old Market"},
        ]
        assert rich["Plugs"] == ["Type 2 Outlet"]
        assert rich["ChargingFacilities"] == [
            {"PowerType": "AC_3_PHASE", "Power": Decimal("22.10"), "ChargingModes": ["Mode_3"]},
            {"PowerType": None, "Power": None, "ChargingModes": ["Mode_3"]},
        ]
        assert rich["Accessibility"] == "Free publicly accessible"
        assert rich["RenewableEnergy"] is None
        assert rich["AdditionalInfo"] == [{"lang": None, "value": "behind the shop"}]
        assert not [name for name in (*poor, *rich) if "2.2" in name]
        assert await dcb.pulled(RenewableEnergy=False) == []
        assert len(await dcb.pulled(IsHubjectCompatible=True)) == 2


@pytest.mark.spec("OICP-V22-06", "OICP-V22-01", "OICP-URL-31")
async def test_data_of_2_2_in_a_pull_of_2_2_are_as_they_came() -> None:
    async with opened() as hub:
        abc, dcb = await pair(hub)
        await push(abc, "fullLoad", RICH)
        [shown] = await pull(dcb)
        assert shown.pop("lastUpdate")
        assert shown == RICH
        [turned] = await pull(dcb, GeoCoordinatesResponseFormat="DecimalDegree")
        assert turned["GeoCoordinates"] == {"DecimalDegree": {"Longitude": "13.356465", "Latitude": "52.480495"}}


@pytest.mark.spec("OICP-V22-03", "OICP-V22-06")
async def test_data_of_2_3_in_a_pull_of_2_2() -> None:
    async with opened() as hub:
        abc, dcb = await join(hub, cpo()), await join(hub, emp(version="2.2"))
        names = [{"lang": "en", "value": "Market " * 10}, {"lang": "de", "value": "Markt"}]
        given = record(
            E1,
            ChargingStationNames=names,
            HardwareManufacturer="Maker",
            DynamicPowerLevel=True,
            AccessibilityLocation="OnStreet",
            Address={**record()["Address"], "ParkingFacility": True, "ParkingSpot": "7"},
            ChargingFacilities=[
                {"PowerType": "AC_3_PHASE", "Power": 22, "ChargingModes": ["Mode_3"]},
                {"PowerType": "DC", "Power": 50, "ChargingModes": ["Mode_4", "Mode_3"]},
            ],
            ValueAddedServices=["RoofProvided", "Reservation"],
            AuthenticationModes=["No Authentication Required"],
        )
        assert code(await abc.push_data("fullLoad", given)) == (200, "000")
        [shown] = await pull(dcb)
        assert (shown["ChargingStationName"], shown["EnChargingStationName"]) == ("Markt", ("Market " * 10)[:50])
        assert shown["ChargingModes"] == ["Mode_3", "Mode_4"]
        assert shown["ChargingFacilities"] == [
            {"PowerType": "AC_3_PHASE", "Power": 22},
            {"PowerType": "DC", "Power": 50},
        ]
        assert shown["ValueAddedServices"] == ["Reservation"]
        assert shown["AuthenticationModes"] == ["No Authentication Required"]
        assert shown["Address"] == record()["Address"]
        new = {"ChargingStationNames", "HardwareManufacturer", "DynamicPowerLevel", "AccessibilityLocation"}
        assert not new & shown.keys()
        assert not {"RenewableEnergy", "CalibrationLawDataAvailability", "OperatorID"} & shown.keys()


@pytest.mark.spec("OICP-V22-06")
async def test_nothing_is_paged_in_2_2() -> None:
    async with opened() as hub:
        abc, dcb = await pair(hub)
        await push(abc, "fullLoad", *(older(f"DE*ABC*E{number}") for number in range(45)))
        assert len(await pull(dcb)) == 45
        assert await pull(dcb, OperatorIds=["DE*BBB"]) == []


@pytest.mark.spec("OICP-V22-01")
async def test_a_2_2_operator_changes_and_deletes_what_it_pushed() -> None:
    async with opened() as hub:
        abc, dcb = await pair(hub)
        pool = {"ChargingStationID": "one"}
        await push(abc, "fullLoad", older(E1, **pool), older(E2, ChargingStationName="Two", **pool))
        assert await push(abc, "insert", older(E1, **pool)) == (200, "009")
        hub.clock.advance(10)
        assert await push(abc, "update", older(E1, ChargingStationName="One", **pool)) == (200, "000")
        assert [one["ChargingStationNames"][0]["value"] for one in await dcb.pulled()] == ["One", "Two"]
        assert code(await abc.push_status("fullLoad", {E1: "Available"})) == (200, "000")
        assert await push(abc, "delete", {"EvseID": E1}) == (200, "000")
        assert [one["EvseID"] for one in await pull(dcb)] == [E2]


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"Plugs": ["Type 9"]}, "plugs[0]"),
        ({"ChargingStationName": "x" * 51}, "chargingStationName"),
        ({"ChargingModes": ["Mode_9"]}, "chargingModes[0]"),
        ({"Address": {"Country": "DEU"}}, "address.city"),
        ({"ChargingFacilities": [{"Power": -1}]}, "chargingFacilities[0].power"),
        ({"AuthenticationModes": []}, "authenticationModes"),
    ],
)
async def test_what_is_wrong_in_2_2_is_named(bad: dict[str, Any], field: str) -> None:
    async with opened() as hub:
        abc, _ = await pair(hub)
        data = {"OperatorID": "DE*ABC", "EvseDataRecord": [older(**bad)]}
        answer = await abc.post(PUSH, {"ActionType": "fullLoad", "OperatorEvseData": data})
        assert f"operatorEvseData.evseDataRecord[0].{field}" in errors(answer)
        assert not hub.storage.locations.held


async def test_nobody_else_writes_what_the_hub_keeps_of_2_2() -> None:
    async with opened() as hub:
        abc, dcb = await join(hub, cpo()), await join(hub, emp())
        assert code(await abc.push_data("fullLoad", record(E1) | {"-oicp-2.2": {"Plugs": 1}})) == (200, "000")
        [shown] = await dcb.pulled()
        assert "-oicp-2.2" not in shown
        assert (await pull(dcb))[0]["Plugs"] == ["Type 2 Outlet"]


# --- charge detail records


async def billed(hub: TestHub, version: str, **members: Any) -> tuple[Emp, Reached, dict[str, Any]]:
    """A record of a 2.2 operator, told to an EMP of this version."""
    back = Emp("044A2DAA856280")
    abc, dcb = await join(hub, cpo(version="2.2")), await join(hub, emp(version=version), back)
    session = (await abc.start(rfid())).json()["SessionID"]
    body = {name: value for name, value in (cdr(session) | members).items() if value is not None}
    assert code(await abc.post(CDR, body)) == (200, "000")
    await hub.settle()
    return back, dcb, body


@pytest.mark.spec("OICP-V22-04", "OICP-URL-31")
async def test_a_record_of_2_2_for_an_emp_of_2_3() -> None:
    gone = dict.fromkeys(("ChargingStart", "ChargingEnd", "ConsumedEnergy"))
    meters = {"MeterValueStart": Decimal("1.500"), "MeterValueEnd": Decimal("12.250")}
    async with opened() as hub:
        back, dcb, body = await billed(hub, "2.3", MeteringSignature="signed text", **gone, **meters)
        path, told, _ = back.asked[-1]
        assert path == "/api/oicp/cdrmgmt/v22/operators/DE%2AABC/charge-detail-record"
        assert (told["ChargingStart"], told["ChargingEnd"]) == (body["SessionStart"], body["SessionEnd"])
        assert told["ConsumedEnergy"] == Decimal("10.750")
        assert told["SignedMeteringValues"] == [{"SignedMeteringValue": "signed text"}]
        assert "MeteringSignature" not in told
        assert not [name for name in told if "2.2" in name]
        [shown] = decode((await dcb.fetch()).content)["content"]
        assert shown == told
        [settlement] = hub.storage.cdrs.held.values()
        assert any("converted from OICP 2.2" in loss.reason for loss in settlement.losses)


@pytest.mark.spec("OICP-V22-04")
async def test_a_signature_that_is_a_link() -> None:
    async with opened() as hub:
        back, _, _ = await billed(hub, "2.3", MeteringSignature="https://sign.test/1")
        info = back.asked[-1][1]["CalibrationLawVerificationInfo"]
        assert info == {"MeteringSignatureUrl": "https://sign.test/1"}


@pytest.mark.spec("OICP-V22-07", "OICP-V22-06", "OICP-URL-31")
async def test_a_record_between_partners_of_2_2_is_not_altered() -> None:
    async with opened() as hub:
        own = {"MeteringSignature": "signed text", "Unknown": {"kept": Decimal("1.10")}, "ChargingEnd": None}
        back, dcb, body = await billed(hub, "2.2", **own)
        path, told, _ = back.asked[-1]
        assert path == "/api/oicp/cdrmgmt/v21/operators/DE%2AABC/charge-detail-record"
        assert told == body
        window = {"From": "2026-01-01T00:00:00Z", "To": "2027-01-01T00:00:00Z"}
        answer = await dcb.post(GET_CDRS, {"ProviderID": "DE-DCB", **window})
        assert code(answer) == (200, "000")
        assert decode(answer.content)["eroamingChargeDetailRecords"] == [body]


@pytest.mark.spec("OICP-V22-05")
async def test_a_record_of_2_3_for_an_emp_of_2_2() -> None:
    async with opened() as hub:
        back = Emp("044A2DAA856280")
        abc = await join(hub, cpo())
        await join(hub, emp(version="2.2"), back)
        session = (await abc.start(rfid())).json()["SessionID"]
        info = {"MeteringSignatureUrl": "https://sign.test/1", "PublicKey": "key"}
        signed = {"SignedMeteringValues": [{"SignedMeteringValue": "abc"}], "CalibrationLawVerificationInfo": info}
        assert code(await abc.cdr(session, **signed)) == (200, "000")
        await hub.settle()
        told = back.asked[-1][1]
        assert told.pop("MeteringSignature") == "https://sign.test/1"
        assert told == decode(encode(cdr(session)))
        [settlement] = hub.storage.cdrs.held.values()
        assert any("signed metering values" in loss.reason for loss in settlement.losses)


async def test_a_record_without_any_energy_is_refused() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo(version="2.2"))
        await join(hub, emp(), Emp("044A2DAA856280"))
        session = (await abc.start(rfid())).json()["SessionID"]
        body = {name: value for name, value in cdr(session).items() if name != "ConsumedEnergy"}
        assert errors(await abc.post(CDR, body)) == ["consumedEnergy"]
        assert code(await abc.post(CDR, {**body, "ConsumedEnergy": -1})) == (200, "022")
        assert code(await abc.post(CDR, {**body, "ConsumedEnergy": 1})) == (200, "000")
        assert code(await abc.post(CDR, {**body, "ConsumedEnergy": 1})) == (404, "400")


@pytest.mark.spec("OICP-URL-31", "OICP-V22-01")
async def test_notifications_of_2_2() -> None:
    async with opened() as hub:
        back = Emp("044A2DAA856280")
        abc = await join(hub, cpo())
        await join(hub, emp(version="2.2"), back)
        session = (await abc.start(rfid())).json()["SessionID"]
        assert code(await abc.post(NOTIFY, notification("Start", session))) == (200, "000")
        assert back.asked[-1][0] == "/api/oicp/notificationmgmt/v10/charging-notifications"
        assert code(await abc.notify("Progress", session)) == (200, "320")
        assert code(await abc.notify("End", session)) == (200, "000")
        assert [body.get("Type") for _, body, _ in back.asked] == [None, "Start", "End"]
