"""A simulated OCPI platform as it talks to the hub, in either role: in 2.3.0, or in what `speak` says."""

import base64
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from core.model.ids import PartyId
from gateway.simulator.access import Admin, partner_document
from gateway.simulator.network import NotAsTold, json_of
from gateway.simulator.ocpi.objects import Object, stamp
from gateway.simulator.ocpi.server import OcpiServer
from gateway.simulator.ocpi.versions import KIND

PAGE = 100
AWAY = (4001, 4002, 4003)
"""Status codes of a message that the hub could not hand on."""


class IssuerAway(NotAsTold):
    """Nobody can be asked about a card now: what the operator does next, its issuer's whitelist says."""


class OcpiNetwork(OcpiServer):
    """`join` first. Every refusal that was not asked for raises NotAsTold."""

    def __init__(self, name: str, party: PartyId, role: str, hub_url: str, *, thinks_s: float = 0.0) -> None:
        super().__init__(name, party, role, hub_url, thinks_s=thinks_s)
        self.hub_party: PartyId | None = None
        self._token = ""
        self._endpoints: dict[tuple[str, str], str] = {}
        self._last_stamp = datetime.min.replace(tzinfo=UTC)

    async def join(self, admin: Admin) -> None:
        """Switched on, added by the hub's operator, registered by the handshake."""
        await self.switch_on()
        given = await admin.add(partner_document(self.name, "ocpi", self.party, self.role))
        await self.register(given["token_a"], given["versions_url"])

    async def register(self, token_a: str, versions_url: str) -> None:
        """The credentials handshake, begun by this network. Source: OCPI 2.3.0, credentials."""
        self._token = token_a
        versions = await self._ok("GET", versions_url)
        details_url = next((entry["url"] for entry in versions if entry["version"] == self.speech.id), None)
        if details_url is None:
            raise NotAsTold(f"{self.name}: the hub does not offer OCPI {self.speech.id}")
        details = await self._ok("GET", details_url)
        self._endpoints = {(entry["identifier"], entry.get("role", "")): entry["url"] for entry in details["endpoints"]}
        credentials_url = next(url for (module, _), url in self._endpoints.items() if module == "credentials")
        self.hub_token = secrets.token_urlsafe(32)
        answer = await self._ok("POST", credentials_url, self.credentials(self.hub_token))
        self._token = answer["token"]
        self.reachable = answer.get("roles", [])
        as_hub = (f"{one['country_code']}{one['party_id']}" for one in self.reachable if one["role"] == "HUB")
        if hub := answer.get("hub_party_id") or next(as_hub, None):  # 2.2.1 has a role for it
            self.hub_party = PartyId.parse(hub)

    async def pull(self, module: str, since: datetime | None = None, of: PartyId | None = None) -> list[Object]:
        """All pages of a module from the hub, of all parties that we may see; or from this party, through the hub."""
        params: dict[str, Any] | None = {"limit": PAGE}
        if since:
            params = {"limit": PAGE, "date_from": stamp(since)}
        url: str | None = self.endpoint(module, "SENDER")
        found: list[Object] = []
        while url:
            response = await self._send("GET", url, self.headers(to=of or self.hub_party), params=params)
            listed = self._data(response, json_of(response, self.name)) or []
            found += [self.speech.understand(KIND[module], one) for one in listed]
            url, params = response.links.get("next", {}).get("url"), None  # the link is whole
        return found

    def now(self) -> str:
        """A stamp that is later than all before: two changes never share one."""
        at = datetime.now(UTC)
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        if at <= self._last_stamp:
            at = self._last_stamp + timedelta(milliseconds=1)
        self._last_stamp = at
        return stamp(at)

    def headers(self, *, to: PartyId | None = None, routed: bool = True) -> dict[str, str]:
        single = self.speech.single_party
        encoded = self._token if single else base64.b64encode(self._token.encode()).decode()
        routed = routed and not single
        found = {
            "authorization": f"Token {encoded}",
            "x-request-id": str(uuid.uuid4()),
            "x-correlation-id": str(uuid.uuid4()),
        }
        if routed:
            found |= {
                "ocpi-from-country-code": self.party.country_code,
                "ocpi-from-party-id": self.party.party_id,
            }
        if routed and to:
            found |= {"ocpi-to-country-code": to.country_code, "ocpi-to-party-id": to.party_id}
        return found

    def endpoint(self, module: str, role: str) -> str:
        """Of the hub."""
        url = self._endpoints.get((module, "" if self.speech.single_party else role))
        if url is None:
            raise NotAsTold(f"{self.name}: the hub publishes no {module} {role}")
        return url.rstrip("/")

    async def _push(
        self,
        method: str,
        module: str,
        path: str,
        body: Object,
        *,
        to_hub: bool = True,
        lenient: bool = False,
        params: dict[str, str] | None = None,
    ) -> None:
        url = f"{self.endpoint(module, 'RECEIVER')}/{self.party.country_code}/{self.party.party_id}/{path}"
        headers = self.headers(to=self.hub_party if to_hub else None)
        if "/" not in path:  # an EVSE's status is said alike in all versions
            body = self.said(KIND[module], body)
        response = await self._send(method, url, headers, body, params)
        answer = json_of(response, self.name)
        if lenient and answer.get("status_code") in AWAY:
            return
        self._data(response, answer)

    async def _ok(self, method: str, url: str, body: Any = None) -> Any:
        response = await self._send(method, url, self.headers(routed=False), body)
        return self._data(response, json_of(response, self.name))

    def _data(self, response: httpx.Response, answer: Any) -> Any:
        code = answer.get("status_code") if isinstance(answer, dict) else None
        if response.status_code < 400 and isinstance(code, int) and 1000 <= code < 2000:
            return answer.get("data")
        said = answer.get("status_message") if isinstance(answer, dict) else None
        raise NotAsTold(
            f"{self.name}: {response.request.method} {response.request.url.path} was answered "
            f"HTTP {response.status_code}, OCPI {code}: {said}"
        )
