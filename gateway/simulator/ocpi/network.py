"""A simulated OCPI 2.3.0 network, CPO or eMSP, as a foreign platform would be. Source: OCPI 2.3.0.

This file is what it says to the hub; `ocpi_server.py` is what it serves."""

import base64
import secrets
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx

from core.model.ids import PartyId
from gateway.simulator.network import NotAsTold, bare, json_of
from gateway.simulator.ocpi_objects import Object, stamp
from gateway.simulator.ocpi_server import VERSION, OcpiServer

PAGE = 100


class IssuerAway(NotAsTold):
    """Nobody can be asked about a card now: what the operator does next, its issuer's whitelist says."""


class OcpiNetwork(OcpiServer):
    """`register` first; then the methods of its role. Every refusal that was not asked for raises NotAsTold."""

    def __init__(self, name: str, party: PartyId, role: str, hub_url: str, *, thinks_s: float = 0.0) -> None:
        super().__init__(name, party, role, hub_url, thinks_s=thinks_s)
        self.hub_party: PartyId | None = None
        self._token = ""
        self._endpoints: dict[tuple[str, str], str] = {}
        self._last_stamp = datetime.min.replace(tzinfo=UTC)

    # --- registration

    async def register(self, token_a: str, versions_url: str) -> None:
        """The credentials handshake, begun by this network. Source: OCPI 2.3.0, credentials."""
        self._token = token_a
        versions = await self._ok("GET", versions_url)
        details_url = next((entry["url"] for entry in versions if entry["version"] == VERSION), None)
        if details_url is None:
            raise NotAsTold(f"{self.name}: the hub does not offer OCPI {VERSION}")
        details = await self._ok("GET", details_url)
        self._endpoints = {(entry["identifier"], entry["role"]): entry["url"] for entry in details["endpoints"]}
        credentials_url = next(url for (module, _), url in self._endpoints.items() if module == "credentials")
        self.hub_token = secrets.token_urlsafe(32)
        answer = await self._ok("POST", credentials_url, self.credentials(self.hub_token))
        self._token = answer["token"]
        if hub := answer.get("hub_party_id"):
            self.hub_party = PartyId.parse(hub)
        self.reachable = answer["roles"]

    # --- as a CPO

    async def put_location(self, location: Object) -> None:
        self.mine["locations"][location["id"]] = location
        await self._push("PUT", "locations", location["id"], location)

    async def patch_evse(self, location_id: str, evse_uid: str, status: str) -> None:
        """A live status, at this moment."""
        location = self.mine["locations"][location_id]
        at = self.now()
        evse = next(held for held in location["evses"] if held["uid"] == evse_uid)
        evse |= {"status": status, "last_updated": at}
        location["last_updated"] = at
        change = {"status": status, "last_updated": at}
        await self._push("PATCH", "locations", f"{location_id}/{evse_uid}", change)

    async def put_tariff(self, tariff: Object) -> None:
        self.mine["tariffs"][tariff["id"]] = tariff
        await self._push("PUT", "tariffs", tariff["id"], tariff)

    async def authorize(self, uid: str, location_id: str, evse_uid: str) -> Object | None:
        """AuthorizationInfo, or None if nobody knows the card. Raises IssuerAway if its issuer cannot be asked."""
        url = f"{self._endpoint('tokens', 'SENDER')}/{quote(uid, safe='')}/authorize"
        place = {"location_id": location_id, "evse_uids": [evse_uid]}
        response = await self._send("POST", url, self._headers(), place, {"type": "RFID"})
        answer = json_of(response, self.name)
        if answer.get("status_code") in (2004, 4001) and not answer.get("data"):
            return None
        if answer.get("status_code") in (4002, 4003):
            raise IssuerAway(f"{self.name}: {answer.get('status_message')}")
        data = self._data(response, answer)
        return data if isinstance(data, dict) else None

    def whitelisted(self, uid: str) -> Object | None:
        """The token as its issuer pushed it, if it lets us decide while it is away."""
        wanted = uid.upper()
        return next(
            (
                token
                for token in self.theirs["tokens"].values()
                if token["uid"].upper() == wanted
                and token["valid"]
                and token["whitelist"] in ("ALWAYS", "ALLOWED", "ALLOWED_OFFLINE")
            ),
            None,
        )

    async def put_session(self, session: Object, *, lenient: bool = False) -> None:
        """`lenient`: a home network that is away is not an error, it will pull."""
        self.mine["sessions"][session["id"]] = session
        await self._push("PUT", "sessions", session["id"], session, to_hub=False, lenient=lenient)

    async def patch_session(self, session_id: str, change: Object, *, lenient: bool = False) -> None:
        self.mine["sessions"][session_id] |= change
        await self._push("PATCH", "sessions", session_id, change, to_hub=False, lenient=lenient)

    async def post_cdr(self, cdr: Object) -> str:
        """The URL under which it can be read back."""
        self.mine["cdrs"][cdr["id"]] = cdr
        response = await self._send("POST", self._endpoint("cdrs", "RECEIVER"), self._headers(), cdr)
        self._data(response, json_of(response, self.name))
        found = response.headers.get("location")
        if not found:
            raise NotAsTold(f"{self.name}: the answer to POST cdrs has no Location header")
        return str(found)

    # --- as an eMSP

    async def put_token(self, token: Object) -> None:
        self.mine["tokens"][token["uid"]] = token
        await self._push("PUT", "tokens", token["uid"], token, params={"type": token["type"]})

    def statuses(self) -> dict[str, str]:
        """EVSE id without separators -> status, as this eMSP was told."""
        return evse_statuses(self.theirs["locations"].values())

    async def pull(self, module: str, since: datetime | None = None) -> list[Object]:
        """All pages of a module from the hub, of all parties that we may see."""
        params: dict[str, Any] | None = {"limit": PAGE}
        if since:
            params = {"limit": PAGE, "date_from": stamp(since)}
        url: str | None = self._endpoint(module, "SENDER")
        found: list[Object] = []
        while url:
            response = await self._send("GET", url, self._headers(to=self.hub_party), params=params)
            data = self._data(response, json_of(response, self.name))
            found += data or []
            url, params = response.links.get("next", {}).get("url"), None  # the link is whole
        return found

    # --- the wire

    def now(self) -> str:
        """A stamp that is later than all before: two changes never share one."""
        at = datetime.now(UTC)
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        if at <= self._last_stamp:
            at = self._last_stamp + timedelta(milliseconds=1)
        self._last_stamp = at
        return stamp(at)

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
        url = f"{self._endpoint(module, 'RECEIVER')}/{self.party.country_code}/{self.party.party_id}/{path}"
        headers = self._headers(to=self.hub_party if to_hub else None)
        response = await self._send(method, url, headers, body, params)
        answer = json_of(response, self.name)
        if lenient and answer.get("status_code") in (4001, 4002, 4003):
            return
        self._data(response, answer)

    async def _ok(self, method: str, url: str, body: Any = None) -> Any:
        response = await self._send(method, url, self._headers(routed=False), body)
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

    def _headers(self, *, to: PartyId | None = None, routed: bool = True) -> dict[str, str]:
        encoded = base64.b64encode(self._token.encode()).decode()
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

    def _endpoint(self, module: str, role: str) -> str:
        url = self._endpoints.get((module, role))
        if url is None:
            raise NotAsTold(f"{self.name}: the hub publishes no {module} {role}")
        return url.rstrip("/")


def evse_statuses(locations: Iterable[Object]) -> dict[str, str]:
    """EVSE id without separators -> status."""
    return {
        bare(evse.get("evse_id") or evse["uid"]): evse["status"]
        for location in locations
        for evse in location.get("evses", ())
    }
