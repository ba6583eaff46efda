"""Whatever partners send, each endpoint gives an answer of OICP's own, and what was taken keeps nobody from pulling."""

import asyncio
import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.model.partner import Role
from protocols.oicp.server.operations import OPERATIONS, Operation
from tests.flows.oicp_partners import Reached, cdr, cpo, emp, join, notification, opened, product, product_set
from tests.flows.oicp_partners import record as evse
from tests.flows.test_oicp_2_2 import RICH

SESSION = "f98efba4-02d8-4fa0-b810-9a9d50d2c527"
CONTRACT = "DE-DCB-C12345678-X"
CARD = {"RFIDMifareFamilyIdentification": {"UID": "044A2DAA856280"}}
REMOTE = {"RemoteIdentification": {"EvcoID": CONTRACT}}
CENTER = {"GeoCoordinates": {"Google": {"Coordinates": "52.480495 13.356465"}}, "Radius": 1.5}
FULL_RECORD = evse(
    IsOpen24Hours=False,
    OpeningTimes=[{"Period": [{"begin": "08:00", "end": "20:00"}], "on": "Workdays"}],
    EnergySource=[{"Energy": "Solar", "Percentage": 85}],
    EnvironmentalImpact={"CO2Emission": 30.3, "NuclearWaste": 0.1},
    AdditionalInfo=[{"lang": "de", "value": "Hinten"}],
    MaxCapacity=50,
    GeoChargingPointEntrance={"DecimalDegree": {"Longitude": "13.4", "Latitude": "52.5"}},
)
STOP = {"SessionID": SESSION, "ProviderID": "DE-DCB", "EvseID": "DE*ABC*E1"}
START = {"ProviderID": "DE-DCB", "EvseID": "DE*ABC*E1", "Identification": REMOTE}
FULL_CDR = cdr(SESSION) | {
    "MeterValueStart": 1.5,
    "MeterValueEnd": 12.5,
    "MeterValueInBetween": {"meterValues": [2.5, 3.5]},
    "SignedMeteringValues": [{"SignedMeteringValue": "abc", "MeteringStatus": "Start"}],
    "MeteringSignature": "https://sign.test",
}
CARDS = [
    {"Identification": {"RFIDIdentification": {"UID": "1234ABCD", "RFID": "mifareFamily", "PrintedNumber": "7"}}},
    {"Identification": {"QRCodeIdentification": {"EvcoID": CONTRACT, "PIN": "1234"}}},
]
BODIES: dict[str, Any] = {
    "PushEvseData": {
        "ActionType": "fullLoad",
        "OperatorEvseData": {"OperatorID": "DE*ABC", "OperatorName": "ABC", "EvseDataRecord": [FULL_RECORD, RICH]},
    },
    "PushEvseStatus": {
        "ActionType": "fullLoad",
        "OperatorEvseStatus": {
            "OperatorID": "DE*ABC",
            "EvseStatusRecord": [{"EvseID": "DE*ABC*E1", "EvseStatus": "Occupied"}],
        },
    },
    "AuthorizeStart": {"OperatorID": "DE*ABC", "EvseID": "DE*ABC*E1", "Identification": CARD},
    "AuthorizeStop": {"SessionID": SESSION, "OperatorID": "DE*ABC", "Identification": CARD},
    "ChargeDetailRecord": FULL_CDR,
    "PullAuthenticationData": {"OperatorID": "DE*ABC"},
    "PushPricingProductData": {"ActionType": "fullLoad", "PricingProductData": product_set(product())},
    "PushEVSEPricing": {
        "ActionType": "fullLoad",
        "EVSEPricing": [{"EvseID": "DE*ABC*E1", "ProviderID": "*", "EvseIDProductList": ["AC3"]}],
    },
    "PullPricingProductData": {"OperatorIDs": ["DE*ABC"], "LastCall": "2026-01-01T00:00:00Z"},
    "PullEVSEPricing": {"ProviderID": "DE-DCB", "OperatorIDs": ["DE*ABC"]},
    "PullEvseData": {"ProviderID": "DE-DCB", "GeoCoordinatesResponseFormat": "Google", "SearchCenter": CENTER},
    "PullEvseStatus": {"ProviderID": "DE-DCB", "SearchCenter": CENTER, "EvseStatus": "Available"},
    "PullEvseStatusByID": {"ProviderID": "DE-DCB", "EvseID": ["DE*ABC*E1"]},
    "PullEvseStatusByOperatorID": {"ProviderID": "DE-DCB", "OperatorID": ["DE*ABC"]},
    "PushAuthenticationData": {
        "ActionType": "fullLoad",
        "ProviderAuthenticationData": {"ProviderID": "DE-DCB", "AuthenticationDataRecord": CARDS},
    },
    "AuthorizeRemoteStart": START,
    "AuthorizeRemoteStop": STOP,
    "AuthorizeRemoteReservationStart": START | {"Duration": 15},
    "AuthorizeRemoteReservationStop": STOP,
    "GetChargeDetailRecords": {
        "ProviderID": "DE-DCB",
        "From": "2026-01-01T00:00:00Z",
        "To": "2027-01-01T00:00:00Z",
        "SessionID": [SESSION],
        "CDRForwarded": True,
    },
    "ChargingNotification": notification("End", SESSION, ConsumedEnergy=5.5, PenaltyTimeStart="2026-01-15T11:00:00Z"),
}
JUNK: list[Any] = [
    None, True, "", " ", "x" * 400, "\u0000", "\ud800", "🔌", 0, -1, 1.5, 10**40, -(10**40), 1e300, "1e999999", "NaN",
    [], {}, [None], [[]], {"": {}}, {"-extra": 1}, {"-oicp-2.2": {}}, "DE*ABC*E1", "DE*BBB*E1", "+49*810*000", SESSION,
    "0001-01-01T00:00:00-14:00", "9999-12-31T23:59:59+14:00", "2026-01-15T11:00:00", "24:00", "fullLoad", "delete",
    "update", "insert", "Progress", "Error", "900.0 900.0", "-190.000001 0.0",
]  # fmt: skip


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a body, the body itself among them."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield from places(child, (*at, key))


@st.composite
def spoilt(draw: st.DrawFn, name: str) -> Any:
    """A body that was right, with one to three places in which it is not, or is right otherwise."""
    body = copy.deepcopy(BODIES[name])
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from([place for place in places(body) if place] or [("",)]))
        holder = body
        for key in way:
            holder = holder[key]
        junk = copy.deepcopy(draw(st.sampled_from(JUNK)))
        what = draw(st.sampled_from(["put", "drop", "double", "add"]))
        if what == "drop":
            del holder[last]
        elif what == "double" and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[last]))
        elif what == "add" and isinstance(holder, dict):
            holder[draw(st.sampled_from(["Unknown", "-extra", "-oicp-2.2", "EvseID"]))] = junk
        else:
            holder[last] = junk
        if not isinstance(body, dict) or not body:
            break
    return body


def without_measure(body: Any) -> Iterator[Any]:
    """The body, once for each of its numbers that is none."""
    for place in places(body):
        *way, last = place or ("",)
        holder = body
        for key in way:
            holder = holder[key]
        if place and isinstance(holder[last], int | float | Decimal) and not isinstance(holder[last], bool):
            for text in ("NaN", "sN_aN", "\u00a0-Infinity", "-1e999999"):
                spoilt_one = copy.deepcopy(body)
                inner = spoilt_one
                for key in way:
                    inner = inner[key]
                inner[last] = text
                yield spoilt_one


def sent(body: Any) -> bytes:
    return json.dumps(body, default=float).encode("utf-8", "surrogatepass")


async def answered(one: Reached, operation: Operation, body: bytes, query: str = "") -> None:
    suffix = f"{{id}}{operation.suffix}" if operation.suffix else ""
    answer = await one.post(operation.prefix + suffix + query, body)
    assert answer.status_code in (200, 400, 401, 403, 404), (body, answer.text)
    told = answer.json()
    assert "StatusCode" in told or "validationErrors" in told, (body, told)
    assert answer.headers["process-id"]


def takes_all(_: httpx.Request) -> httpx.Response:
    yes = {"Result": True, "AuthorizationStatus": "Authorized", "StatusCode": {"Code": "000"}}
    return httpx.Response(200, json=yes)


async def attack(operation: Operation, bodies: list[Any]) -> None:
    async with opened() as hub:
        abc = await join(hub, cpo(pulls_cards=True), takes_all)
        dcb = await join(hub, emp(disclosed=True), takes_all)
        session = (await abc.start(CARD)).json()["SessionID"]
        for body in bodies:
            hub.clock.advance(400)
            raw = body if isinstance(body, bytes) else sent(body).replace(SESSION.encode(), session.encode())
            await answered(abc if operation.role is Role.CPO else dcb, operation, raw)
        await hub.settle()
        for reading in OPERATIONS:
            if reading.name.startswith(("Pull", "Get")):
                plain = {name: value for name, value in BODIES[reading.name].items() if name not in FILTERS}
                reader = abc if reading.role is Role.CPO else dcb
                path = f"{reading.prefix}{{id}}{reading.suffix}"
                answer = await reader.post(path, plain)
                assert answer.status_code == 200, (reading.prefix, bodies, answer.text)
                assert answer.json()["StatusCode"]["Code"] == "000", (reading.prefix, bodies)


FILTERS = {"SearchCenter", "EvseStatus", "SessionID", "CDRForwarded", "LastCall"}
GARBAGE = [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"' + b"x" * 5000, b"[" * 2000, b'{"a":' * 900 + b"1" + b"}" * 900]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.prefix}{one.suffix}")
@pytest.mark.spec("OICP-NET-04", "OICP-DT-01", "OICP-ERR-02")
def test_no_body_is_too_much(operation: Operation) -> None:
    asyncio.run(attack(operation, [*GARBAGE, *without_measure(BODIES[operation.name]), BODIES[operation.name]]))

    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(spoilt(operation.name), min_size=2, max_size=5))
    def spoil(bodies: list[Any]) -> None:
        asyncio.run(attack(operation, bodies))

    spoil()


def test_every_operation_is_attacked() -> None:
    assert {operation.name for operation in OPERATIONS} == BODIES.keys()
