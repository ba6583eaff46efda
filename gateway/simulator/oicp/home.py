"""A simulated OICP EMP. Source: OICP 2.3 EMP."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from core.model.ids import PartyId
from gateway.simulator.network import Card, bare
from gateway.simulator.oicp.network import GOOD, OicpNetwork, acknowledgement, code_of, json_answer
from gateway.simulator.oicp.objects import Object, operator_id, provider_id, stamp
from gateway.simulator.roles import SILENCE_S, Bill, Home, Live, Refusal
from gateway.simulator.server import Answer, Request
from gateway.simulator.stations import Point
from gateway.simulator.visits import Visit, key

UNKNOWN_CARD: Final = "102"
BLOCKED_CARD: Final = "200"
PAGE: Final = 500
LIVE: Final = {"Available": Live.FREE, "Occupied": Live.CHARGING, "OutOfService": Live.BROKEN}


class OicpHome(OicpNetwork, Home):
    """`cdrs` holds every record that was sent to it, in order: one that comes twice is there twice."""

    protocol: ClassVar[str] = "OICP"
    is_asked: ClassVar[bool] = True
    asked_at: ClassVar[str] = "/authorize"
    names_contracts: ClassVar[bool] = False
    lists_cards: ClassVar[bool] = True
    sees_stations: ClassVar[bool] = True
    sees_status: ClassVar[bool] = True
    sees_sessions: ClassVar[bool] = True
    gives_commands: ClassVar[bool] = True
    reserves: ClassVar[bool] = True

    def __init__(self, name: str, party: PartyId, hub_url: str, *, thinks_s: float = 0.0) -> None:
        super().__init__(name, party, "EMSP", hub_url, thinks_s=thinks_s)
        self.cards: dict[str, Card] = {}
        self.cdrs: list[Object] = []
        self._uploaded: list[Card] = []
        self._began = datetime.now(UTC) - timedelta(minutes=1)
        self._started: dict[str, str] = {}
        self._notified: dict[str, set[str]] = {}

    # --- as the story wants it

    async def hand_out(self, cards: Sequence[Card], *, listed: bool = False) -> None:
        self.cards |= {card.uid: card for card in cards}
        if listed:
            self._uploaded += cards
            await self.push_authentication_data(self._uploaded)

    async def stations(self) -> set[str]:
        return {bare(record["EvseID"]) for record in await self.pull_evse_data()}

    async def status(self, point: Point) -> Live | None:
        return LIVE.get((await self.pull_evse_status()).get(bare(point.evse_id), ""))

    async def bills(self) -> dict[str, list[Bill]]:
        """Those that were sent, and those that can only be fetched. Source: OICP 2.3 EMP, GetChargeDetailRecords."""
        fetched = await self.get_charge_detail_records(self._began, datetime.now(UTC) + timedelta(minutes=1))
        sent = {record["SessionID"] for record in self.cdrs}  # now: some are sent while others are fetched
        missed = [record for record in fetched if record["SessionID"] not in sent]
        found: dict[str, list[Bill]] = {}
        for bill in map(bill_of, [*self.cdrs, *missed]):
            found.setdefault(bill.key, []).append(bill)
        return found

    def followed(self, visit: Visit) -> bool:
        return {"Start", "End"} <= self._notified.get(visit.key, set())

    async def start(self, card: Card, point: Point) -> str:
        body = {
            "ProviderID": provider_id(self.party),
            "EvseID": point.evse_id,
            "Identification": {"RemoteIdentification": {"EvcoID": card.contract_id}},
        }
        answer = await self._commanded("start", body)
        self._started[answer["SessionID"]] = point.evse_id
        return str(answer["SessionID"])

    async def stop(self, started: str) -> None:
        body = {"ProviderID": provider_id(self.party), "SessionID": started, "EvseID": self._started[started]}
        await self._commanded("stop", body)

    async def reserve(self, card: Card, point: Point, minutes: int) -> str:
        body = {
            "ProviderID": provider_id(self.party),
            "EvseID": point.evse_id,
            "Identification": {"RemoteIdentification": {"EvcoID": card.contract_id}},
            "Duration": minutes,
        }
        answer = await self._asked(f"reservation/v11/{self.providers}/reservation-start-request", body)
        self._started[answer["SessionID"]] = point.evse_id
        return str(answer["SessionID"])

    async def give_back(self, reserved: str) -> None:
        body = {"ProviderID": provider_id(self.party), "SessionID": reserved, "EvseID": self._started[reserved]}
        await self._asked(f"reservation/v11/{self.providers}/reservation-stop-request", body)

    # --- what it says to the hub

    async def push_authentication_data(self, cards: Sequence[Card]) -> None:
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
        await self._acknowledged(f"authdata/v21/{self.providers}/push-request", body)

    async def pull_evse_data(self, last_call: datetime | None = None) -> list[Object]:
        """All pages; with `last_call` only what changed since."""
        body: Object = {"ProviderID": provider_id(self.party), "GeoCoordinatesResponseFormat": "Google"}
        if last_call:
            body["LastCall"] = stamp(last_call, "UTC")
        return await self._pages(f"evsepull/v23/{self.providers}/data-records", body, PAGE)

    async def pull_evse_status(self) -> dict[str, str]:
        """Status of every EVSE of all operators, by id without separators."""
        body = {"ProviderID": provider_id(self.party)}
        answer = await self._call(f"evsepull/v21/{self.providers}/status-records", body)
        blocks = (answer.get("EvseStatuses") or {}).get("OperatorEvseStatus") or []
        return {bare(entry["EvseID"]): entry["EvseStatus"] for block in blocks for entry in block["EvseStatusRecord"]}

    async def pull_products(self, operators: Sequence[PartyId]) -> list[Object]:
        """The products of these operators, of all sets."""
        body = {"OperatorIDs": [operator_id(party) for party in operators]}
        answer = await self._call(f"dynamicpricing/v10/{self.providers}/pricing-products", body)
        return [record for found in answer["PricingProductData"] for record in found["PricingProductDataRecords"]]

    async def pull_evse_pricing(self, operators: Sequence[PartyId]) -> dict[str, list[str]]:
        """The products that hold at the EVSEs of these operators, by id without separators."""
        body = {"ProviderID": provider_id(self.party), "OperatorIDs": [operator_id(party) for party in operators]}
        answer = await self._call(f"dynamicpricing/v10/{self.providers}/evse-pricing", body)
        entries = (entry for block in answer["EVSEPricing"] for entry in block["EVSEPricing"])
        return {bare(entry["EvseID"]): entry["EvseIDProductList"] for entry in entries}

    async def get_charge_detail_records(self, since: datetime, until: datetime) -> list[Object]:
        body = {"ProviderID": provider_id(self.party), "From": stamp(since, "UTC"), "To": stamp(until, "UTC")}
        return await self._pages(f"cdrmgmt/v22/{self.providers}/get-charge-detail-records-request", body, PAGE)

    async def _commanded(self, kind: str, body: Object) -> Object:
        return await self._asked(f"charging/v21/{self.providers}/authorize-remote/{kind}", body)

    async def _asked(self, path: str, body: Object) -> Object:
        """Raises Refusal with the code of a no."""
        answer = await self._call(path, body, any_status=True)
        if answer.get("Result") is not True:
            raise Refusal(code_of(answer))
        return answer

    # --- what the hub calls

    async def _served(self, request: Request, body: Object) -> Answer | None:
        match request.parts:
            case (*_, "operators", _, "authorize", "start" | "stop" as kind):
                return await self._authorise(body, kind)
            case (*_, "operators", _, "charge-detail-record"):
                self.cdrs.append(body)
                return json_answer(acknowledgement(body))
            case (*_, "notificationmgmt", _, "charging-notifications"):
                begun = key(body["EvseID"], datetime.fromisoformat(body["SessionStart"]))
                self._notified.setdefault(begun, set()).add(body["Type"])
                return json_answer(acknowledgement(body))
        return None

    async def _authorise(self, body: Object, kind: str) -> Answer:
        medium = body.get("Identification") or {}
        uid = (medium.get("RFIDMifareFamilyIdentification") or {}).get("UID", "")
        card = self.cards.get(uid.upper())
        await asyncio.sleep(SILENCE_S if card and card.silent else self.thinks_s)
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
        return json_answer(answer)


def bill_of(record: Object) -> Bill:
    """OICP's record carries no amount; a card is named only by the one that began at the station."""
    card = record["Identification"].get("RFIDMifareFamilyIdentification") or {}
    return Bill(
        evse_id=record["EvseID"],
        started_at=datetime.fromisoformat(record["SessionStart"]),
        ended_at=datetime.fromisoformat(record["SessionEnd"]),
        energy_kwh=record["ConsumedEnergy"],
        card_uid=card.get("UID"),
    )
