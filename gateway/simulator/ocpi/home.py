"""A simulated OCPI eMSP. Source: OCPI 2.3.0, mod_tokens, mod_locations, mod_sessions, mod_cdrs, mod_commands."""

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final

import httpx

from core.model.ids import PartyId
from gateway.simulator.network import Card, NotAsTold, bare, json_of
from gateway.simulator.ocpi.network import OcpiNetwork
from gateway.simulator.ocpi.objects import Object, stamp
from gateway.simulator.roles import SILENCE_S, Bill, Home, Live, Refusal
from gateway.simulator.server import Answer, Request
from gateway.simulator.stations import Point
from gateway.simulator.visits import Visit, new_id

LIVE: Final = {
    "AVAILABLE": Live.FREE,
    "CHARGING": Live.CHARGING,
    "INOPERATIVE": Live.BROKEN,
    "OUTOFORDER": Live.BROKEN,
}
RESULTS: Final = ("commands", "chargingprofiles")
EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD: Final = timedelta(seconds=5)
"""By how much the hub's clock may be behind ours."""


class OcpiHome(OcpiNetwork, Home):
    """`cdrs` holds every CDR that was posted, in order: one that comes twice is there twice."""

    protocol: ClassVar[str] = "OCPI"
    is_asked: ClassVar[bool] = True
    asked_at: ClassVar[str] = "/authorize"
    lists_cards: ClassVar[bool] = True
    sees_stations: ClassVar[bool] = True
    sees_status: ClassVar[bool] = True
    sees_sessions: ClassVar[bool] = True
    gives_commands: ClassVar[bool] = True
    reserves: ClassVar[bool] = True

    def __init__(self, name: str, party: PartyId, hub_url: str, *, thinks_s: float = 0.0) -> None:
        super().__init__(name, party, "EMSP", hub_url, thinks_s=thinks_s)
        self.cdrs: list[Object] = []
        self.cards: dict[str, Card] = {}
        self._results: dict[str, Object] = {}
        self._reserved: dict[str, PartyId] = {}
        self._started: dict[str, tuple[str, str]] = {}
        self._left: datetime | None = None

    # --- as the story wants it

    async def hand_out(self, cards: Sequence[Card], *, listed: bool = False) -> None:
        for card in cards:
            self.cards[card.uid] = card
            await self.put_token(self.token_of(card, self.now(), "ALLOWED" if listed else "NEVER"))

    async def stations(self) -> set[str]:
        return set(self.statuses())

    async def status(self, point: Point) -> Live | None:
        return LIVE.get(self.statuses().get(bare(point.evse_id), ""))

    async def bills(self) -> dict[str, list[Bill]]:
        found: dict[str, list[Bill]] = {}
        for bill in map(bill_of, self.cdrs):
            found.setdefault(bill.key, []).append(bill)
        return found

    def followed(self, visit: Visit) -> bool:
        """A session without energy comes from an operator whose protocol says none before the record."""
        return any(
            held["status"] == "COMPLETED"
            and held["kwh"] in (0, visit.energy_kwh)
            and datetime.fromisoformat(held["start_date_time"]) == visit.started_at
            and self._evse_of(held) == bare(visit.point.evse_id)
            for held in self.theirs["sessions"].values()
        )

    async def start(self, card: Card, point: Point) -> str:
        place, evse_uid = self._place(point)
        reference = new_id()
        body = {
            "token": self.token_of(card, self.now()),
            "location_id": place["id"],
            "evse_uid": evse_uid,
            "authorization_reference": reference,
        }
        self._started[reference] = (bare(point.evse_id), card.contract_id)
        await self._command("START_SESSION", body, _owner(place))
        return reference

    async def stop(self, started: str) -> None:
        await self.until(lambda: self._session(started) is not None, "the session of the remote start")
        session = self._session(started) or {}
        await self._command("STOP_SESSION", {"session_id": session["id"]}, _owner(session))

    async def reserve(self, card: Card, point: Point, minutes: int) -> str:
        place, evse_uid = self._place(point)
        reservation = str(secrets.randbelow(2**31))  # 2.1.1 knows numbers only
        body = {
            "token": self.token_of(card, self.now()),
            "expiry_date": stamp(datetime.now(UTC) + timedelta(minutes=minutes)),
            "reservation_id": reservation,
            "location_id": place["id"],
            "evse_uid": evse_uid,
        }
        await self._command("RESERVE_NOW", body, _owner(place))
        self._reserved[reservation] = _owner(place)
        return reservation

    async def give_back(self, reserved: str) -> None:
        if "CANCEL_RESERVATION" in self.speech.lacks:
            raise Refusal(f"OCPI {self.speech.id} has no CANCEL_RESERVATION")
        await self._command("CANCEL_RESERVATION", {"reservation_id": reserved}, self._reserved[reserved])

    async def set_profile(self, session: Object, profile: Object) -> None:
        """For a running session, as its operator told it."""
        await self._ask_profile("PUT", session, {"charging_profile": profile})

    async def profile(self, session: Object, duration_s: int) -> Object:
        """What the charge point will do in this time."""
        found = await self._ask_profile("GET", session, {"duration": duration_s})
        profile: Object = found["profile"]["charging_profile"]
        return profile

    async def clear_profile(self, session: Object) -> None:
        await self._ask_profile("DELETE", session, {})

    async def switch_off(self) -> None:
        self._left = self._left or datetime.now(UTC) - AHEAD
        await super().switch_off()

    async def catch_up(self) -> None:
        for module in ("locations", "sessions"):
            for held in await self.pull(module, self._left or EVER):
                self.theirs[module][f"{held['country_code']}/{held['party_id']}/{held['id']}".upper()] = held
        self._left = None

    # --- what it says to the hub

    def token_of(self, card: Card, at: str, whitelist: str = "NEVER") -> Object:
        """A card as an OCPI Token; unless `whitelist` says otherwise the hub has to ask us, valid or not."""
        return {
            "country_code": self.party.country_code,
            "party_id": self.party.party_id,
            "uid": card.uid,
            "type": "RFID",
            "contract_id": card.contract_id,
            "issuer": self.name,
            "valid": not card.blocked,
            "whitelist": whitelist,
            "last_updated": at,
        }

    async def put_token(self, token: Object) -> None:
        self.mine["tokens"][token["uid"]] = token
        await self._push("PUT", "tokens", token["uid"], token, params={"type": token["type"]})

    def statuses(self) -> dict[str, str]:
        """EVSE id without separators -> status, as this eMSP was told."""
        return evse_statuses(self.theirs["locations"].values())

    async def _command(self, kind: str, body: Object, to: PartyId) -> None:
        """Waits for the charge point's own result. Raises Refusal for all but ACCEPTED."""
        command = new_id()
        body = self.said("command", {"response_url": f"{self.url}/ocpi/{self.speech.id}/commands/{command}", **body})
        url = f"{self.endpoint('commands', 'RECEIVER')}/{kind}"
        await self._result_of(command, await self._send("POST", url, self.headers(to=to), body))

    async def _ask_profile(self, method: str, session: Object, asked: Object) -> Object:
        """As a command; what is asked stands in the body or in the query. Source: OCPI 2.3.0, mod_charging_profiles."""
        name = new_id()
        asked = {**asked, "response_url": f"{self.url}/ocpi/{self.speech.id}/chargingprofiles/{name}"}
        url = f"{self.endpoint('chargingprofiles', 'RECEIVER')}/{session['id']}"
        body, params = (asked, None) if method == "PUT" else (None, asked)
        return await self._result_of(
            name, await self._send(method, url, self.headers(to=_owner(session)), body, params)
        )

    async def _result_of(self, name: str, response: httpx.Response) -> Object:
        """What the operator tells later, once it has accepted what was asked. Raises Refusal for all but ACCEPTED."""
        answer = json_of(response, self.name)
        if not isinstance(answer.get("data"), dict):
            raise Refusal(f"OCPI {answer.get('status_code')}: {answer.get('status_message')}")
        _accepted(answer["data"])
        await self.until(lambda: name in self._results, f"the result of {response.request.url.path}")
        result = self._results.pop(name)
        _accepted(result)
        return result

    def _place(self, point: Point) -> tuple[Object, str]:
        """The Location with a point, and the EVSE's uid there. Raises NotAsTold if we were not told of it."""
        for place in self.theirs["locations"].values():
            for evse in place.get("evses", ()):
                if bare(evse.get("evse_id") or evse["uid"]) == bare(point.evse_id):
                    return place, str(evse["uid"])
        raise NotAsTold(f"{self.name} was not told of {point.evse_id}")

    def _session(self, reference: str) -> Object | None:
        """By the reference; in 2.1.1, which has none, by where and for whom it runs."""
        sessions = [*self.theirs["sessions"].values()]
        if not self.speech.single_party:
            return next((held for held in sessions if held.get("authorization_reference") == reference), None)
        running = (held for held in sessions if held["status"] == "ACTIVE")
        wanted = self._started[reference]
        return next(
            (held for held in running if (self._evse_of(held), held["cdr_token"]["contract_id"]) == wanted), None
        )

    def _evse_of(self, session: Object) -> str:
        """The id of its EVSE without separators, as far as we know the place."""
        key = f"{session['country_code']}/{session['party_id']}/{session['location_id']}".upper()
        evses = self.theirs["locations"].get(key, {}).get("evses", ())
        evse: Object = next((held for held in evses if held["uid"] == session["evse_uid"]), {})
        return bare(evse.get("evse_id") or session["evse_uid"])

    # --- what the hub calls

    async def _module(self, request: Request, module: str, rest: tuple[str, ...], body: Any) -> Answer:
        if module == "tokens" and request.method == "POST" and rest[1:] == ("authorize",):
            return await self._authorize(request, rest[0])
        if module in RESULTS and request.method == "POST" and len(rest) == 1 and isinstance(body, dict):
            self._results[rest[0]] = body
            return self._envelope(request)
        if module == "cdrs":
            return self._cdr(request, rest, body)
        return await super()._module(request, module, rest, body)

    async def _authorize(self, request: Request, uid: str) -> Answer:
        card = self.cards.get(uid.upper())
        await asyncio.sleep(SILENCE_S if card and card.silent else self.thinks_s)
        if card is None:
            return self._envelope(request, 2004, http=404, message="unknown token")
        token = self.mine["tokens"].get(uid) or self.token_of(card, stamp(datetime.now(UTC)))
        answer = {"allowed": "BLOCKED" if card.blocked else "ALLOWED", "token": token}
        return self._envelope(request, data=self.said("info", answer))

    def _cdr(self, request: Request, rest: tuple[str, ...], body: Any) -> Answer:
        if request.method == "GET" and rest:
            found = next((held for held in self.cdrs if held["id"] == rest[-1]), None)
            return self._envelope(request, data=found) if found else self._envelope(request, 2003, http=404)
        if request.method != "POST" or rest or not isinstance(body, dict):
            return self._envelope(request, 2000, http=405)
        body = self.speech.understand("cdr", body)
        self.cdrs.append(body)
        place = f"{self.url}{request.path}/{body['country_code']}/{body['party_id']}/{body['id']}"
        return self._envelope(request, http=201, headers={"location": place})


def bill_of(cdr: Object) -> Bill:
    """Taxes None where the price does not name any."""
    cost = cdr.get("total_cost") or {}
    taxes = cost.get("taxes")
    return Bill(
        evse_id=cdr["cdr_location"]["evse_id"],
        started_at=_moment(cdr["start_date_time"]),
        ended_at=_moment(cdr["end_date_time"]),
        energy_kwh=cdr["total_energy"],
        card_uid=uid.upper() if (uid := cdr["cdr_token"]["uid"]) else None,
        net=cost.get("before_taxes"),
        tax=sum((tax["amount"] for tax in taxes), Decimal(0)) if taxes else None,
    )


def evse_statuses(locations: Iterable[Object]) -> dict[str, str]:
    """EVSE id without separators -> status."""
    return {
        bare(evse.get("evse_id") or evse["uid"]): evse["status"]
        for location in locations
        for evse in location.get("evses", ())
    }


def _moment(text: str) -> datetime:
    """OCPI's times are UTC, with or without saying so."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _owner(held: Object) -> PartyId:
    return PartyId(held["country_code"], held["party_id"])


def _accepted(result: Object) -> None:
    """Raises Refusal for a CommandResponse or CommandResult that is no ACCEPTED."""
    if result.get("result") != "ACCEPTED":
        words = " ".join(str(text.get("text")) for text in result.get("message") or ())
        raise Refusal(f"{result.get('result')} {words}".strip())
