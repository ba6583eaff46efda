"""How a story reaches the hub's operator: the admin API, as anybody would over HTTP."""

from types import TracebackType
from typing import Any, Self

import httpx
from msgspec import Struct

from core.model.ids import PartyId
from gateway.simulator.network import TIMEOUT_S, NotAsTold, json_of
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

    async def __aenter__(self) -> Self:
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

    async def add(self, document: dict[str, Any]) -> dict[str, Any]:
        """The partner as it was added, with its credentials."""
        found: dict[str, Any] = await self.call("POST", "/partners", document)
        return found

    async def cdrs(self) -> list[dict[str, Any]]:
        """All settlements, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            page = await self.call("GET", "/cdrs", offset=len(found), limit=500)
            found += page["items"]
            if not page["items"] or len(found) >= page["total"]:
                return found


def partner_document(name: str, protocol: str, party: PartyId, role: str, **members: Any) -> dict[str, Any]:
    """What the hub's operator says of a new partner. `role` CPO or EMSP; members that are None are left out."""
    roles = [{"role": role, "country_code": party.country_code, "party_id": party.party_id}]
    said = {name: value for name, value in members.items() if value is not None}
    return {"name": name, "protocol": protocol, "roles": roles, **said}
