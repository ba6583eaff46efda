"""A simulated eMSP that speaks eMIP. Source: eMIP 0.7.4, services of the eMSP."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar, Final

from core.model.ids import PartyId
from gateway.simulator.emip.charging import stamp
from gateway.simulator.emip.network import (
    CDR_HELD,
    COST,
    ENDED,
    ENERGY,
    FINAL,
    GRANTED,
    OK,
    REFUSED,
    STARTED,
    UNKNOWN_USER,
    EmipNetwork,
    badge,
    place,
    status_of,
)
from gateway.simulator.emip.soap import Members, several
from gateway.simulator.network import Card
from gateway.simulator.roles import SILENCE_S, Bill, Home, Live, Refusal
from gateway.simulator.stations import Point
from gateway.simulator.visits import Visit, is_of, key, new_id

_WH: Final = {"Wh": Decimal("0.001"), "kWh": Decimal(1)}


class EmipHome(EmipNetwork, Home):
    """Asked about each card: eMIP has no lists. It hears of sessions, and nothing of stations.

    `records` holds every charge detail record that it was sent, in order."""

    is_asked: ClassVar[bool] = True
    lists_cards: ClassVar[bool] = False
    sees_stations: ClassVar[bool] = False
    sees_status: ClassVar[bool] = False
    sees_sessions: ClassVar[bool] = True
    gives_commands: ClassVar[bool] = True

    def __init__(self, name: str, party: PartyId, hub_url: str, *, thinks_s: float = 0.0) -> None:
        super().__init__(name, party, "EMSP", hub_url, thinks_s=thinks_s)
        self.records: list[Members] = []
        self._cards: dict[str, Card] = {}
        self._places: dict[str, str] = {}
        self._events: dict[str, dict[str, datetime]] = {}

    async def hand_out(self, cards: Sequence[Card], *, listed: bool = False) -> None:
        self._cards |= {card.uid: card for card in cards}

    async def stations(self) -> set[str]:
        return set()

    async def status(self, point: Point) -> Live | None:
        return None

    async def bills(self) -> dict[str, list[Bill]]:
        found: dict[str, list[Bill]] = {}
        for record in self.records:
            bill = _bill(record)
            found.setdefault(bill.key, []).append(bill)
        return found

    def followed(self, visit: Visit) -> bool:
        """An event names the session: where it is, we heard when we were asked for the card, or asked to start."""
        return any(
            ENDED in events and STARTED in events and key(self._places.get(session, ""), events[STARTED]) == visit.key
            for session, events in self._events.items()
        )

    async def catch_up(self) -> None:
        """Nothing can be fetched; what the platform still has to tell, it tells who is heard of."""
        await self.heart_beat()

    async def start(self, card: Card, point: Point) -> str:
        asked: Members = {
            **place(point.evse_id),
            **badge(card.uid),
            "partnerServiceSessionId": new_id(),
            "authorisationValue": GRANTED,
            "intermediateCDRRequested": "1",
            "userContractIdAlias": card.contract_id,
        }
        answer = await self._call("SetServiceAuthorisation", asked)
        _accepted(answer)
        session_id = str(answer["serviceSessionId"])
        self._places[session_id] = point.evse_id
        return session_id

    async def stop(self, started: str) -> None:
        action = {
            "sessionActionNature": "1",
            "sessionActionId": new_id(),
            "sessionActionDateTime": stamp(datetime.now(UTC)),
        }
        _accepted(await self._call("SetSessionActionRequest", {"serviceSessionId": started, "sessionAction": action}))

    # --- what it is asked and told

    async def _answered(self, operation: str, asked: Members) -> Members | None:
        if operation == "GetServiceAuthorisation":
            return await self._authorised(asked)
        if operation == "SetSessionEventReport":
            return self._event(asked)
        if operation == "SetChargeDetailRecord":
            return self._record(asked)
        return None

    async def _authorised(self, asked: Members) -> Members:
        card = next((held for held in self._cards.values() if is_of(held, asked["userId"])), None)
        await asyncio.sleep(SILENCE_S if card and card.silent else self.thinks_s)
        yes = card is not None and not card.blocked
        if session_id := asked.get("serviceSessionId"):
            self._places[session_id] = asked["EVSEId"]
        return {
            "transactionId": asked["transactionId"],
            "authorisationValue": GRANTED if yes else REFUSED,
            "partnerServiceSessionId": new_id(),
            "intermediateCDRRequested": "1" if yes else "0",
            "userContractIdAlias": card.contract_id if card and yes else None,
            "requestStatus": OK if card else UNKNOWN_USER,
        }

    def _event(self, asked: Members) -> Members:
        event = asked["sessionEvent"]
        at = datetime.fromisoformat(event["sessionEventDateTime"])
        self._events.setdefault(asked["serviceSessionId"], {})[event["sessionEventNature"]] = at
        return {
            "transactionId": asked.get("transactionId"),
            "serviceSessionId": asked["serviceSessionId"],
            "sessionActionId": event.get("sessionEventId"),
            "requestStatus": OK,
        }

    def _record(self, asked: Members) -> Members:
        """One final record a session; a second is refused, and kept all the same for whoever counts."""
        record = asked["chargeDetailRecord"]
        held = any(one["serviceSessionId"] == record["serviceSessionId"] for one in self.records)
        if record["CDRNature"] == FINAL:
            self.records.append(record)
        return {
            "transactionId": asked["transactionId"],
            "requestStatus": CDR_HELD if held and record["CDRNature"] == FINAL else OK,
            "partnerServiceSessionId": record.get("salePartnerSessionId"),
        }


def _accepted(answer: Members) -> None:
    if (status := status_of(answer)) != OK:
        raise Refusal(f"requestStatus {status}")


def _bill(record: Members) -> Bill:
    meters = {meter["meterTypeId"]: meter for meter in several((record["meterReportList"] or {}).get("meterReport"))}
    energy, cost = meters.get(ENERGY), meters.get(COST)
    return Bill(
        evse_id=record["EVSEId"],
        started_at=datetime.fromisoformat(record["startTime"]),
        ended_at=datetime.fromisoformat(record["endTime"]),
        energy_kwh=Decimal(energy["meterValue"]) * _WH[energy["meterUnit"]] if energy else None,
        card_uid=record["userId"] if record["userIdType"] == "RFID-UID" else None,
        net=Decimal(cost["meterValue"]) if cost else None,
    )
