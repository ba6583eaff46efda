"""OICP partners of the flow tests: their documents, their messages, and an EMP that answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import httpx
import msgspec

from core.model.partner import Partner
from protocols.oicp.plugin import PLUGIN
from tests.flows.hub import TestHub

encode = msgspec.json.Encoder(decimal_format="number").encode
decode = msgspec.json.Decoder(float_hook=Decimal).decode


def cpo(operator: str = "DE*ABC", **more: Any) -> dict[str, Any]:
    return _partner(operator, "CPO", "operator_id", more)


def emp(provider: str = "DE-DCB", **more: Any) -> dict[str, Any]:
    return _partner(provider, "EMSP", "provider_id", more)


def _partner(spelling: str, role: str, member: str, more: dict[str, Any]) -> dict[str, Any]:
    bare = spelling.replace("+49", "DE").replace("*", "").replace("-", "")
    roles = [{"role": role, "country_code": bare[:2], "party_id": bare[2:]}]
    return {"name": f"{role} {spelling}", "protocol": "oicp", "roles": roles, member: spelling, **more}


class Reached:
    """A partner as its own back office sees the hub."""

    def __init__(self, hub: TestHub, partner: Partner, key: str, own_id: str) -> None:
        self.hub = hub
        self.partner = partner
        self.key = key
        self.own_id = own_id

    async def post(self, path: str, body: Any, *, as_id: str | None = None, **more: Any) -> httpx.Response:
        """`path` with `{id}` for the partner's own id; `body` raw bytes, or JSON."""
        own = (as_id or self.own_id).replace("*", "%2A") if as_id is None else as_id
        content = body if isinstance(body, bytes) else encode(body)
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        headers |= more.pop("headers", {})
        return await self.hub.client.post(
            "/api/oicp/" + path.replace("{id}", own), content=content, headers=headers, **more
        )

    # --- as a CPO

    async def push_data(self, action: str, *records: dict[str, Any], **more: Any) -> httpx.Response:
        name = more.pop("operator_name", "ABC")
        data = {"OperatorID": more.pop("body_id", self.own_id), "OperatorName": name, "EvseDataRecord": list(records)}
        return await self.post(DATA, {"ActionType": action, "OperatorEvseData": data}, **more)

    async def push_status(self, action: str, statuses: dict[str, str], **more: Any) -> httpx.Response:
        records = [{"EvseID": name, "EvseStatus": status} for name, status in statuses.items()]
        data = {"OperatorID": more.pop("body_id", self.own_id), "EvseStatusRecord": records}
        return await self.post(STATUS, {"ActionType": action, "OperatorEvseStatus": data}, **more)

    async def start(self, identification: dict[str, Any], **members: Any) -> httpx.Response:
        return await self.post(START, {"OperatorID": self.own_id, "Identification": identification, **members})

    async def stop(self, session_id: str, identification: dict[str, Any], **members: Any) -> httpx.Response:
        body = {"SessionID": session_id, "OperatorID": self.own_id, "Identification": identification, **members}
        return await self.post(STOP, body)

    async def cdr(self, session_id: str, **members: Any) -> httpx.Response:
        return await self.post(CDR, cdr(session_id, **members))

    async def notify(self, kind: str, session_id: str, **members: Any) -> httpx.Response:
        return await self.post(NOTIFY, notification(kind, session_id, **members))

    async def push_products(self, action: str, *products: dict[str, Any], **more: Any) -> httpx.Response:
        data = product_set(*products, OperatorID=more.pop("body_id", self.own_id), **more)
        return await self.post(PUSH_PRODUCTS, {"ActionType": action, "PricingProductData": data})

    async def push_prices(self, action: str, *prices: dict[str, Any]) -> httpx.Response:
        return await self.post(PUSH_PRICES, {"ActionType": action, "EVSEPricing": list(prices)})

    # --- as an EMP

    async def product_sets(self, *operators: str, **members: Any) -> list[dict[str, Any]]:
        answer = await self.post(PULL_PRODUCTS, {"OperatorIDs": list(operators), **members})
        assert code(answer) == (200, "000"), answer.text
        sets: list[dict[str, Any]] = decode(answer.content)["PricingProductData"]
        return sets

    async def prices(self, *operators: str, **members: Any) -> dict[str, list[str]]:
        """EVSE -> products, of all blocks."""
        body = {"ProviderID": self.own_id, "OperatorIDs": list(operators), **members}
        answer = await self.post(PULL_PRICES, body)
        assert code(answer) == (200, "000"), answer.text
        blocks = answer.json()["EVSEPricing"]
        return {one["EvseID"]: one["EvseIDProductList"] for block in blocks for one in block["EVSEPricing"]}

    async def pull(self, query: str = "", **members: Any) -> httpx.Response:
        body = {"ProviderID": self.own_id, "GeoCoordinatesResponseFormat": "Google", **members}
        return await self.post(PULL + query, body)

    async def pulled(self, query: str = "", **members: Any) -> list[dict[str, Any]]:
        answer = await self.pull(query, **members)
        assert answer.status_code == 200, answer.text
        content: list[dict[str, Any]] = decode(answer.content)["content"]
        return content

    async def statuses(self, **members: Any) -> dict[str, str]:
        """Of the full pull, flattened."""
        answer = (await self.post(PULL_STATUS, {"ProviderID": self.own_id, **members})).json()
        return {
            one["EvseID"]: one["EvseStatus"]
            for block in answer["EvseStatuses"]["OperatorEvseStatus"]
            for one in block["EvseStatusRecord"]
        }

    async def push_cards(self, action: str, *identifications: dict[str, Any], **more: Any) -> httpx.Response:
        records = [{"Identification": one} for one in identifications]
        data = {"ProviderID": more.pop("body_id", self.own_id), "AuthenticationDataRecord": records}
        return await self.post(CARDS, {"ActionType": action, "ProviderAuthenticationData": data}, **more)

    async def fetch(self, query: str = "", **members: Any) -> httpx.Response:
        window = {"From": "2026-01-01T00:00:00Z", "To": "2027-01-01T00:00:00Z"}
        return await self.post(GET_CDRS + query, {"ProviderID": self.own_id, **window, **members})


DATA = "evsepush/v23/operators/{id}/data-records"
STATUS = "evsepush/v21/operators/{id}/status-records"
START = "charging/v21/operators/{id}/authorize/start"
STOP = "charging/v21/operators/{id}/authorize/stop"
CDR = "cdrmgmt/v22/operators/{id}/charge-detail-record"
PULL_CARDS = "authdata/v21/operators/{id}/pull-request"
NOTIFY = "notificationmgmt/v11/charging-notifications"
PUSH_PRODUCTS = "dynamicpricing/v10/operators/{id}/pricing-products"
PUSH_PRICES = "dynamicpricing/v10/operators/{id}/evse-pricing"
PULL_PRODUCTS = "dynamicpricing/v10/providers/{id}/pricing-products"
PULL_PRICES = "dynamicpricing/v10/providers/{id}/evse-pricing"
PULL = "evsepull/v23/providers/{id}/data-records"
PULL_STATUS = "evsepull/v21/providers/{id}/status-records"
BY_ID = "evsepull/v21/providers/{id}/status-records-by-id"
BY_OPERATOR = "evsepull/v21/providers/{id}/status-records-by-operator-id"
CARDS = "authdata/v21/providers/{id}/push-request"
GET_CDRS = "cdrmgmt/v22/providers/{id}/get-charge-detail-records-request"
CPO_PATHS = (DATA, STATUS, START, STOP, CDR, PULL_CARDS, PUSH_PRODUCTS, PUSH_PRICES)
EMP_PATHS = (PULL, PULL_STATUS, BY_ID, BY_OPERATOR, CARDS, PULL_PRODUCTS, PULL_PRICES, GET_CDRS)

CARD = "044A2DAA856280"


def rfid(uid: str = CARD) -> dict[str, Any]:
    return {"RFIDMifareFamilyIdentification": {"UID": uid}}


def pnc(evco_id: str = "DE-DCB-C12345678-X") -> dict[str, Any]:
    return {"PlugAndChargeIdentification": {"EvcoID": evco_id}}


def qr(pin: str = "1234", evco_id: str = "DE-OFF-C12345678-X") -> dict[str, Any]:
    return {"QRCodeIdentification": {"EvcoID": evco_id, "PIN": pin}}


def record(evse_id: str = "DE*ABC*E1", **members: Any) -> dict[str, Any]:
    """A minimal EVSE data record."""
    return {
        "EvseID": evse_id,
        "ChargingStationNames": [{"lang": "en", "value": f"Station {evse_id}"}],
        "Address": {
            "Country": "DEU",
            "City": "Berlin",
            "Street": "Test Street",
            "PostalCode": "10829",
            "HouseNum": "22",
        },
        "GeoCoordinates": {"Google": {"Coordinates": "52.480495 13.356465"}},
        "Plugs": ["Type 2 Outlet"],
        "ChargingFacilities": [{"PowerType": "AC_3_PHASE", "Power": 22}],
        "RenewableEnergy": True,
        "CalibrationLawDataAvailability": "Local",
        "AuthenticationModes": ["NFC RFID Classic"],
        "PaymentOptions": ["Contract"],
        "ValueAddedServices": ["None"],
        "Accessibility": "Free publicly accessible",
        "HotlinePhoneNumber": "+49301234567",
        "IsOpen24Hours": True,
        "IsHubjectCompatible": True,
        "DynamicInfoAvailable": "true",
        **members,
    }


def product(name: str = "AC3", price: str = "0.39", **members: Any) -> dict[str, Any]:
    """A minimal pricing product, around the clock."""
    return {
        "ProductID": name,
        "ReferenceUnit": "KILOWATT_HOUR",
        "ProductPriceCurrency": "EUR",
        "PricePerReferenceUnit": Decimal(price),
        "MaximumProductChargingPower": 22,
        "IsValid24hours": True,
        "ProductAvailabilityTimes": [],
        **members,
    }


def product_set(*products: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "OperatorID": "DE*ABC",
        "ProviderID": "*",
        "PricingDefaultPrice": Decimal("0.49"),
        "PricingDefaultPriceCurrency": "EUR",
        "PricingDefaultReferenceUnit": "KILOWATT_HOUR",
        "PricingProductDataRecords": list(products),
        **members,
    }


def evse_price(evse_id: str = "DE*ABC*E1", *products: str, to: str = "*") -> dict[str, Any]:
    return {"EvseID": evse_id, "ProviderID": to, "EvseIDProductList": list(products) or ["AC3"]}


def cdr(session_id: str, **members: Any) -> dict[str, Any]:
    return {
        "SessionID": session_id,
        "EvseID": "DE*ABC*E1",
        "Identification": rfid(),
        "SessionStart": "2026-01-15T10:00:00+01:00",
        "ChargingStart": "2026-01-15T10:01:00+01:00",
        "ChargingEnd": "2026-01-15T10:59:00+01:00",
        "SessionEnd": "2026-01-15T11:00:00+01:00",
        "ConsumedEnergy": Decimal("10.123"),
        **members,
    }


NOTIFIED = {
    "Start": {"ChargingStart": "2026-01-15T10:01:00+01:00"},
    "Progress": {
        "ChargingStart": "2026-01-15T10:01:00+01:00",
        "EventOccurred": "2026-01-15T10:11:00+01:00",
        "ConsumedEnergyProgress": Decimal("1.20"),
    },
    "End": {"ChargingEnd": "2026-01-15T10:59:00+01:00"},
    "Error": {"ErrorType": "CriticalError"},
}


def notification(kind: str, session_id: str, **members: Any) -> dict[str, Any]:
    """A minimal charging notification; a member that is None is left out."""
    body = {
        "Type": kind,
        "SessionID": session_id,
        "EvseID": "DE*ABC*E1",
        "OperatorID": "DE*ABC",
        **NOTIFIED.get(kind, {}),
        **members,
    }
    return {name: value for name, value in body.items() if value is not None}


class Emp:
    """An online EMP: says yes to the UIDs and contracts in `good`, `code` to others, and takes every CDR."""

    def __init__(self, *good: str, code: str = "102", **answer: Any) -> None:
        self.good = set(good)
        self.code = code
        self.more = answer
        self.asked: list[tuple[str, dict[str, Any], httpx.Headers]] = []
        self.raw: list[bytes] = []
        self.broken: httpx.Response | Exception | None = None
        self.acknowledgement: dict[str, Any] = {"Result": True, "StatusCode": {"Code": "000"}}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = decode(request.content)
        self.asked.append((request.url.raw_path.decode(), body, request.headers))
        self.raw.append(request.content)
        if isinstance(self.broken, Exception):
            raise self.broken
        if self.broken is not None:
            return self.broken
        if request.url.path.endswith(("charge-detail-record", "charging-notifications")):
            return httpx.Response(200, content=encode(self.acknowledgement))
        return httpx.Response(200, content=encode(self._answer(body)))

    def _answer(self, body: dict[str, Any]) -> dict[str, Any]:
        [medium] = [one for one in body["Identification"].values() if one]
        if (medium.get("UID") or medium.get("EvcoID")) in self.good:
            return {"AuthorizationStatus": "Authorized", "StatusCode": {"Code": "000"}, **self.more}
        return {"AuthorizationStatus": "NotAuthorized", "StatusCode": {"Code": self.code}}


async def join(hub: TestHub, document: dict[str, Any], answering: Any = None) -> Reached:
    """Add a partner; `answering` serves its service URL."""
    own_id = document.get("operator_id") or document["provider_id"]
    if answering is not None:
        host = f"{own_id.lower().replace('*', '').replace('+', '')}.test"
        hub.network.answer(host, answering)
        document = {"callback_url": f"http://{host}", **document}
    partner, shown = await hub.add(document)
    return Reached(hub, partner, shown["api_key"], own_id)


@asynccontextmanager
async def opened(**options: Any) -> AsyncIterator[TestHub]:
    async with TestHub.open([PLUGIN], **options) as hub:
        yield hub


def code(answer: httpx.Response) -> tuple[int, str]:
    """(HTTP status, status code)."""
    return answer.status_code, answer.json()["StatusCode"]["Code"]


def errors(answer: httpx.Response) -> list[str]:
    """The fields that a 400 names."""
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert set(body) == {"message", "extendedInfo", "validationErrors"}
    return [one["fieldReference"] for one in body["validationErrors"]]
