"""A partner that speaks OCPI 2.1.1: one party, role-less modules, a raw token, objects without owner."""

from typing import Any

import httpx
import msgspec

from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import TIME, OcpiPartner, Received, cdr_token, period

MODULES = ("locations", "sessions", "cdrs", "tariffs", "tokens", "commands")


class OldPartner(OcpiPartner):
    """`links` are the endpoints that the hub published for it."""

    def __init__(self, host: str, *role: str) -> None:
        super().__init__(host, (role[0], role[1], role[2]), version="2.1.1")
        self.raw_only = True
        self.links: dict[str, str] = {}

    def _details(self) -> list[dict[str, str]]:
        return [{"identifier": m, "url": f"{self.url}/2.1.1/{m}"} for m in ("credentials", *MODULES)]

    def credentials(self, token: str | None = None, **changes: Any) -> dict[str, Any]:
        ((_, country, party),) = self.roles
        business = {"name": f"{country} {party}"}
        whole = {"token": token or self.token_b, "url": f"{self.url}/versions", "business_details": business}
        return {**whole, "country_code": country, "party_id": party, **changes}

    async def join(self, hub: TestHub) -> "OldPartner":
        await super().join(hub)
        details = (await self.ask(hub, "GET", "/ocpi/2.1.1")).json()["data"]
        self.links = {end["identifier"]: end["url"].removeprefix("https://hub.test") for end in details["endpoints"]}
        return self

    async def ask(self, hub: TestHub, method: str, path: str, body: Any = None) -> httpx.Response:
        """As it writes: raw, without routing headers. `path` begins with a module, or is absolute."""
        module, _, rest = path.partition("/")
        url = path if path.startswith("/") else f"{self.links[module]}/{rest}".rstrip("/")
        content = None if body is None else msgspec.json.encode(body)
        return await hub.client.request(
            method, url, headers={"authorization": f"Token {self.token_c}"}, content=content
        )

    def seen(self, method: str, module: str) -> list[Received]:
        return [found for found in super().seen(method, module) if found.segments[1] == module]


def old_connector(**changes: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "voltage": 230,
        "amperage": 32,
        "last_updated": TIME,
        **changes,
    }


def old_evse(uid: str = "E6", **changes: Any) -> dict[str, Any]:
    return {
        "uid": uid,
        "evse_id": f"IT*CPF*E{uid}",
        "status": "AVAILABLE",
        "connectors": [old_connector()],
        "last_updated": TIME,
        **changes,
    }


def old_location(location_id: str = "L6", **changes: Any) -> dict[str, Any]:
    return {
        "id": location_id,
        "type": "ON_STREET",
        "address": "Via Roma 1",
        "city": "Torino",
        "postal_code": "10100",
        "country": "ITA",
        "coordinates": {"latitude": "45.070000", "longitude": "7.680000"},
        "evses": [old_evse()],
        "last_updated": TIME,
        **changes,
    }


def old_token(uid: str = "0456789A", **changes: Any) -> dict[str, Any]:
    return {
        "uid": uid,
        "type": "RFID",
        "auth_id": "IT-EME-C00000001",
        "issuer": "Emobil",
        "valid": True,
        "whitelist": "NEVER",
        "last_updated": TIME,
        **changes,
    }


def old_session(session_id: str = "S6", **changes: Any) -> dict[str, Any]:
    return {
        "id": session_id,
        "start_datetime": TIME,
        "kwh": 1.5,
        "auth_id": cdr_token()["contract_id"],
        "auth_method": "AUTH_REQUEST",
        "location": old_location(),
        "currency": "EUR",
        "charging_periods": [period()],
        "total_cost": 4.0,
        "status": "ACTIVE",
        "last_updated": TIME,
        **changes,
    }


def old_cdr(cdr_id: str = "C6", **changes: Any) -> dict[str, Any]:
    return {
        "id": cdr_id,
        "start_date_time": "2026-01-15T10:00:00Z",
        "stop_date_time": "2026-01-15T11:00:00Z",
        "auth_id": cdr_token()["contract_id"],
        "auth_method": "AUTH_REQUEST",
        "location": old_location(),
        "currency": "EUR",
        "charging_periods": [period("2026-01-15T10:00:00Z")],
        "total_cost": 4.0,
        "total_energy": 12.345,
        "total_time": 1.0,
        "last_updated": TIME,
        **changes,
    }


def old_tariff(tariff_id: str = "T6", **changes: Any) -> dict[str, Any]:
    return {
        "id": tariff_id,
        "currency": "EUR",
        "elements": [{"price_components": [{"type": "ENERGY", "price": 0.25, "step_size": 1}]}],
        "last_updated": TIME,
        **changes,
    }


def accepted(answer: httpx.Response) -> Any:
    """`data` of a success."""
    assert answer.json()["status_code"] == 1000, answer.text
    return answer.json().get("data")
