"""How a story reaches the hub's operator: the admin API, as anybody would over HTTP."""

from types import TracebackType
from typing import Any

import httpx
from msgspec import Struct

from core.model.ids import PartyId
from gateway.simulator.network import TIMEOUT_S, NotAsTold, json_of
from gateway.simulator.ocpi_objects import Object
from gateway.simulator.oicp_objects import operator_id, provider_id
from protocols.transport.json_codec import encode


class HubAccess(Struct, frozen=True, kw_only=True):
    base_url: str
    admin_key: str

    def __repr__(self) -> str:
        return f"HubAccess(base_url={self.base_url!r})"


class Admin:
    """The admin API of a running hub. Its refusals raise NotAsTold."""

    def __init__(self, hub: HubAccess) -> None:
        self._client = httpx.AsyncClient(
            base_url=hub.base_url.rstrip("/") + "/admin/api",
            headers={"authorization": f"Bearer {hub.admin_key}"},
            timeout=TIMEOUT_S,
            trust_env=False,
        )

    async def __aenter__(self) -> "Admin":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def call(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        content = None if body is None else encode(body)
        try:
            response = await self._client.request(method, path, content=content, params=params)
        except httpx.HTTPError as error:
            raise NotAsTold(f"the hub's admin API cannot be reached: {error or type(error).__name__}") from error
        if response.status_code >= 400:
            raise NotAsTold(f"admin API: {method} {path} was answered {response.status_code}: {response.text[:300]}")
        return json_of(response, "admin API") if response.content else None

    async def add(self, document: Object) -> Object:
        found: Object = await self.call("POST", "/partners", document)
        return found

    async def cdrs(self) -> list[Object]:
        """All settlements, page by page."""
        found: list[Object] = []
        while True:
            page = await self.call("GET", "/cdrs", offset=len(found), limit=500)
            found += page["items"]
            if not page["items"] or len(found) >= page["total"]:
                return found


def ocpi_document(name: str, party: PartyId, role: str) -> Object:
    return {"name": name, "protocol": "ocpi", "roles": [_role(party, role)]}


def oicp_document(name: str, party: PartyId, role: str, url: str | None = None, tariff: Object | None = None) -> Object:
    """`role` CPO or EMSP. `url` is where the hub reaches an EMP; `tariff` what a CPO agreed on, as an OCPI Tariff."""
    found: Object = {"name": name, "protocol": "oicp", "roles": [_role(party, role)]}
    if role == "CPO":
        found["operator_id"] = operator_id(party)
    else:
        found["provider_id"] = provider_id(party)
    if url:
        found["callback_url"] = url
    if tariff:
        found["tariff"] = tariff
    return found


def _role(party: PartyId, role: str) -> Object:
    return {"role": role, "country_code": party.country_code, "party_id": party.party_id}
