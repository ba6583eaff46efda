"""A simulated OICP 2.3 partner, CPO or EMP, that knows its platform by base URL and key. Source: OICP 2.3."""

import asyncio
from datetime import datetime
from typing import Any
from urllib.parse import quote

from core.model.ids import PartyId
from gateway.simulator.network import Card, Network, NotAsTold, bare, json_of
from gateway.simulator.oicp_objects import Object, operator_id, provider_id, push_evse_data, stamp
from gateway.simulator.server import Answer, Request
from gateway.simulator.stations import Operator
from protocols.transport.json_codec import encode

PAGE = 500
GOOD = "000"
UNKNOWN_CARD = "102"
BLOCKED_CARD = "200"
PREFIX = "/api/oicp"


class OicpNetwork(Network):
    """`cards` are those that the EMP answers for online. `cdrs` holds every record that was sent to it, in order."""

    def __init__(self, name: str, party: PartyId, role: str, hub_url: str, *, thinks_s: float = 0.0) -> None:
        super().__init__(name, party, role, hub_url, thinks_s=thinks_s)
        self.cards: dict[str, Card] = {}
        self.cdrs: list[Object] = []
        self._key = ""
        self._base = self.hub_url

    def connect(self, api_key: str, base_url: str | None = None) -> None:
        """What the hub's operator gave us. OICP has no handshake."""
        self._key = api_key
        self._base = (base_url or self.hub_url).rstrip("/").removesuffix(PREFIX)

    # --- as a CPO

    async def push_evse_data(self, operator: Operator) -> None:
        await self._acknowledged(f"evsepush/v23/{self._operators}/data-records", push_evse_data(operator))

    async def push_evse_status(self, statuses: dict[str, str], action: str = "update") -> None:
        body = {
            "ActionType": action,
            "OperatorEvseStatus": {
                "OperatorID": operator_id(self.party),
                "OperatorName": self.name,
                "EvseStatusRecord": [{"EvseID": evse, "EvseStatus": status} for evse, status in statuses.items()],
            },
        }
        await self._acknowledged(f"evsepush/v21/{self._operators}/status-records", body)

    async def authorize_start(self, uid: str, evse_id: str, session: str) -> Object:
        """eRoamingAuthorizationStart; `session` is our own id of what is to begin."""
        body = {
            "OperatorID": operator_id(self.party),
            "EvseID": evse_id,
            "CPOPartnerSessionID": session,
            "Identification": identification(uid),
        }
        return await self._call(f"charging/v21/{self._operators}/authorize/start", body)

    async def authorize_stop(self, uid: str, evse_id: str, session_id: str) -> Object:
        body = {
            "SessionID": session_id,
            "OperatorID": operator_id(self.party),
            "EvseID": evse_id,
            "Identification": identification(uid),
        }
        return await self._call(f"charging/v21/{self._operators}/authorize/stop", body)

    async def charge_detail_record(self, record: Object) -> None:
        await self._acknowledged(f"cdrmgmt/v22/{self._operators}/charge-detail-record", record)

    # --- as an EMP

    async def push_authentication_data(self, cards: list[Card]) -> None:
        """The hub may then decide about these cards by itself."""
        records = [
            {
                "Identification": {
                    "RFIDIdentification": {"UID": card.uid, "RFID": "mifareFamily", "EvcoID": card.contract_id}
                }
            }
            for card in cards
        ]
        body = {
            "ActionType": "fullLoad",
            "ProviderAuthenticationData": {
                "ProviderID": provider_id(self.party),
                "AuthenticationDataRecord": records,
            },
        }
        await self._acknowledged(f"authdata/v21/{self._providers}/push-request", body)

    async def pull_evse_data(self, last_call: datetime | None = None) -> list[Object]:
        """All pages; with `last_call` only what changed since."""
        body: Object = {"ProviderID": provider_id(self.party), "GeoCoordinatesResponseFormat": "Google"}
        if last_call:
            body["LastCall"] = stamp(last_call, "UTC")
        return await self._pages(f"evsepull/v23/{self._providers}/data-records", body)

    async def pull_evse_status(self) -> dict[str, str]:
        """Status of every EVSE of all operators, by id without separators."""
        body = {"ProviderID": provider_id(self.party)}
        answer = await self._call(f"evsepull/v21/{self._providers}/status-records", body)
        blocks = (answer.get("EvseStatuses") or {}).get("OperatorEvseStatus") or []
        return {bare(entry["EvseID"]): entry["EvseStatus"] for block in blocks for entry in block["EvseStatusRecord"]}

    async def get_charge_detail_records(self, since: datetime, until: datetime) -> list[Object]:
        body = {"ProviderID": provider_id(self.party), "From": stamp(since, "UTC"), "To": stamp(until, "UTC")}
        return await self._pages(f"cdrmgmt/v22/{self._providers}/get-charge-detail-records-request", body)

    # --- what the hub calls

    async def _answer(self, request: Request, body: Any) -> Answer:
        if request.method != "POST" or not isinstance(body, dict):
            return Answer(404)
        match request.parts:
            case ("api", "oicp", "charging", _, "operators", _, "authorize", "start" | "stop" as kind):
                return await self._authorise(body, kind)
            case ("api", "oicp", "cdrmgmt", _, "operators", _, "charge-detail-record"):
                self.cdrs.append(body)
                return _json(acknowledgement(body))
            case ("api", "oicp", "notificationmgmt", _, "charging-notifications"):
                return _json(acknowledgement(body))
        return Answer(404)

    async def _authorise(self, body: Object, kind: str) -> Answer:
        if self.thinks_s:
            await asyncio.sleep(self.thinks_s)
        medium = body.get("Identification") or {}
        uid = (medium.get("RFIDMifareFamilyIdentification") or {}).get("UID", "")
        card = self.cards.get(uid.upper())
        code = GOOD if card and not card.blocked else BLOCKED_CARD if card else UNKNOWN_CARD
        answer: Object = {
            "SessionID": body.get("SessionID"),
            "CPOPartnerSessionID": body.get("CPOPartnerSessionID"),
            "ProviderID": provider_id(self.party),
            "AuthorizationStatus": "Authorized" if code == GOOD else "NotAuthorized",
            "StatusCode": {"Code": code, "Description": "Success" if code == GOOD else "Not authorised"},
        }
        if kind == "start" and code == GOOD:
            answer["EMPPartnerSessionID"] = f"{self.party.party_id}-{body.get('SessionID')}"
        return _json(answer)

    # --- the wire

    @property
    def _operators(self) -> str:
        return f"operators/{quote(operator_id(self.party), safe='')}"

    @property
    def _providers(self) -> str:
        return f"providers/{quote(provider_id(self.party), safe='')}"

    async def _pages(self, path: str, body: Object) -> list[Object]:
        found: list[Object] = []
        number = 0
        while True:
            page = await self._call(path, body, {"page": number, "size": PAGE})
            if not isinstance(page.get("content"), list):
                raise NotAsTold(f"{self.name}: {path} was answered without a page: {str(page)[:200]}")
            found += page["content"]
            number += 1
            if page.get("last", True):
                return found

    async def _acknowledged(self, path: str, body: Object) -> None:
        answer = await self._call(path, body)
        code = (answer.get("StatusCode") or {}).get("Code")
        if answer.get("Result") is not True or code != GOOD:
            raise NotAsTold(f"{self.name}: {path} was answered {code}: {str(answer.get('StatusCode'))[:300]}")

    async def _call(self, path: str, body: Object, params: dict[str, Any] | None = None) -> Object:
        """The decoded answer of HTTP 200. Raises NotAsTold for any other status."""
        headers = {"authorization": f"Bearer {self._key}"}
        response = await self._send("POST", f"{self._base}{PREFIX}/{path}", headers, body, params)
        answer = json_of(response, self.name)
        if response.status_code != 200 or not isinstance(answer, dict):
            raise NotAsTold(f"{self.name}: {path} was answered HTTP {response.status_code}: {response.text[:300]}")
        return answer


def identification(uid: str) -> Object:
    return {"RFIDMifareFamilyIdentification": {"UID": uid}}


def acknowledgement(body: Object) -> Object:
    return {
        "Result": True,
        "StatusCode": {"Code": GOOD, "Description": "Success"},
        "SessionID": body.get("SessionID"),
    }


def _json(answer: Object) -> Answer:
    return Answer(200, encode(answer))
