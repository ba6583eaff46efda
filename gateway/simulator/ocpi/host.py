"""A simulated OCPI CPO. Source: OCPI 2.3.0, locations, tariffs, tokens, sessions, cdrs, commands, charging profiles."""

import asyncio
from contextlib import suppress
from typing import Any, ClassVar, Final
from urllib.parse import quote

from core.model.ids import PartyId
from gateway.simulator.crowd import at_once
from gateway.simulator.faults import Fault
from gateway.simulator.network import NotAsTold, json_of
from gateway.simulator.ocpi.charging import OcpiCharging
from gateway.simulator.ocpi.network import IssuerAway, OcpiNetwork
from gateway.simulator.ocpi.objects import Object, location
from gateway.simulator.roles import Charging, Host, Live
from gateway.simulator.server import Answer, Request
from gateway.simulator.stations import Operator, Point, Station
from gateway.simulator.visits import Price, Visit, is_of

STATUS: Final = {Live.FREE: "AVAILABLE", Live.CHARGING: "CHARGING", Live.BROKEN: "OUTOFORDER"}
PATIENT_S = 30
LATE_S = 75.0
"""More than anybody waits for a result."""


class OcpiHost(OcpiNetwork, Host):
    """`reservations`: reservation id -> the ReserveNow that stands. `late_s`: how long a late result takes."""

    possible_faults: ClassVar[frozenset[Fault]] = OcpiNetwork.possible_faults | {
        Fault.LATE_RESULT,
        Fault.DUPLICATE_CDR,
    }
    protocol: ClassVar[str] = "OCPI"
    tells_sessions: ClassVar[bool] = True
    takes_commands: ClassVar[bool] = True
    takes_reservations: ClassVar[bool] = True

    def __init__(self, name: str, party: PartyId, hub_url: str, price: Price) -> None:
        super().__init__(name, party, "CPO", hub_url)
        self.price = price
        self._starts: dict[str, Object] = {}
        self._stops: set[str] = set()
        self.reservations: dict[str, Object] = {}
        self.late_s = LATE_S
        self._results: set[asyncio.Task[None]] = set()

    # --- as the story wants it

    async def offer(self, operator: Operator) -> None:
        tariff = self.price.tariff(self.party.country_code, self.party.party_id, self.now())
        await self.put_tariff(tariff)
        await at_once([self._put_station(station) for station in operator.stations])

    async def show(self, point: Point, live: Live) -> None:
        await self.patch_evse(point.station_id, point.evse_id, STATUS[live])

    def charging(self, visit: Visit, *, live: bool = True) -> Charging:
        return OcpiCharging(self, visit, live=live)

    async def started(self, visit: Visit) -> Charging:
        evse = visit.point.evse_id
        await self.until(lambda: evse in self._starts, f"a remote start at {evse}")
        command = self._starts.pop(evse)
        token = command["token"]
        if not is_of(visit.card, token["uid"]) and not is_of(visit.card, token["contract_id"]):
            raise NotAsTold(f"{self.name}: the remote start at {evse} is for {token['contract_id']}")
        return OcpiCharging.commanded(self, visit, token, command.get("authorization_reference"))

    def stopped(self, charging: Charging) -> bool:
        return charging.visit.id in self._stops

    def reserved(self, point: Point) -> bool:
        return any(held.get("evse_uid") == point.evse_id for held in self.reservations.values())

    async def close(self) -> None:
        for task in self._results:
            task.cancel()
        await super().close()

    # --- what it says to the hub

    async def put_location(self, found: Object) -> None:
        self.mine["locations"][found["id"]] = found
        await self._push("PUT", "locations", found["id"], found)

    async def patch_evse(self, location_id: str, evse_uid: str, status: str) -> None:
        """A live status, at this moment."""
        found = self.mine["locations"][location_id]
        at = self.now()
        evse = next(held for held in found["evses"] if held["uid"] == evse_uid)
        evse |= {"status": status, "last_updated": at}
        found["last_updated"] = at
        change = {"status": status, "last_updated": at}
        await self._push("PATCH", "locations", f"{location_id}/{evse_uid}", change)

    async def put_tariff(self, tariff: Object) -> None:
        self.mine["tariffs"][tariff["id"]] = tariff
        await self._push("PUT", "tariffs", tariff["id"], tariff)

    async def authorize(self, uid: str, location_id: str, evse_uid: str) -> Object | None:
        """AuthorizationInfo, or None if nobody knows the card. Raises IssuerAway if its issuer cannot be asked."""
        url = f"{self.endpoint('tokens', 'SENDER')}/{quote(uid, safe='')}/authorize"
        place = {"location_id": location_id, "evse_uids": [evse_uid]}
        response = await self._send("POST", url, self.headers(), place, {"type": "RFID"})
        answer = json_of(response, self.name)
        if answer.get("status_code") in (2004, 4001) and not answer.get("data"):
            return None
        if answer.get("status_code") in (4002, 4003):
            raise IssuerAway(f"{self.name}: {answer.get('status_message')}")
        data = self._data(response, answer)
        return data if isinstance(data, dict) else None

    def token(self, uid: str) -> Object | None:
        """As its issuer pushed it."""
        wanted = uid.upper()
        return next((token for token in self.theirs["tokens"].values() if token["uid"].upper() == wanted), None)

    async def put_session(self, session: Object, *, lenient: bool = False) -> None:
        """`lenient`: a home network that is away is not an error, it will pull."""
        self.mine["sessions"][session["id"]] = session
        await self._push("PUT", "sessions", session["id"], session, to_hub=False, lenient=lenient)

    async def patch_session(self, session_id: str, change: Object, *, lenient: bool = False) -> None:
        self.mine["sessions"][session_id] |= change
        await self._push("PATCH", "sessions", session_id, change, to_hub=False, lenient=lenient)

    async def post_cdr(self, cdr: Object) -> None:
        """Answered with the URL under which it can be read back; a second time likewise."""
        self.mine["cdrs"][cdr["id"]] = cdr
        for _ in range(2 if self.faulty(Fault.DUPLICATE_CDR) else 1):
            said = self.said("cdr", cdr)
            response = await self._send("POST", self.endpoint("cdrs", "RECEIVER"), self.headers(), said)
            self._data(response, json_of(response, self.name))
            if not response.headers.get("location"):
                raise NotAsTold(f"{self.name}: the answer to POST cdrs has no Location header")

    async def _put_station(self, station: Station) -> None:
        await self.put_location(location(station, tariff_id=self.price.tariff_id))

    # --- what the hub calls

    async def _module(self, request: Request, module: str, rest: tuple[str, ...], body: Any) -> Answer:
        if module == "commands" and request.method == "POST" and len(rest) == 1 and isinstance(body, dict):
            return self._command(request, rest[0], self.speech.understand("command", body))
        if module == "chargingprofiles" and len(rest) == 1:
            return self._profile(request, rest[0], body)
        return await super()._module(request, module, rest, body)

    def _command(self, request: Request, kind: str, body: Object) -> Answer:
        """Accepted at once; the charge point's own result follows. Source: OCPI 2.3.0, mod_commands."""
        accepted, result = False, "ACCEPTED"
        if kind == "START_SESSION":
            accepted = self._offers(body["location_id"], body.get("evse_uid"))
            self._starts |= {body["evse_uid"]: body} if accepted else {}
        elif kind == "STOP_SESSION":
            accepted = body["session_id"] in self.mine["sessions"]
            self._stops |= {body["session_id"]} if accepted else set()
        elif kind == "RESERVE_NOW":
            accepted = self._offers(body["location_id"], body.get("evse_uid"))
            result = self._reserve(body) if accepted else result
        elif kind == "CANCEL_RESERVATION":
            accepted = True
            result = "ACCEPTED" if self.reservations.pop(body["reservation_id"], None) else "UNKNOWN_RESERVATION"
        if not accepted:
            return self._envelope(request, data=self.said("response", {"result": "REJECTED", "timeout": 0}))
        return self._accepted(request, body["response_url"], {"result": result})

    def _profile(self, request: Request, session_id: str, body: Any) -> Answer:
        """Set, read or cleared at once, and told later. Source: OCPI 2.3.0, mod_charging_profiles."""
        if session_id not in self.mine["sessions"]:
            return self._envelope(request, data={"result": "UNKNOWN_SESSION", "timeout": 0})
        result = self._profiled(request.method, session_id, body)
        if result is None:
            return self._envelope(request, 2000, http=405)
        asked = body if request.method == "PUT" else request.query
        return self._accepted(request, asked["response_url"], result)

    def _profiled(self, method: str, session_id: str, body: Any) -> Object | None:
        """What comes of it; None: no such method."""
        held = self.theirs["chargingprofiles"]
        match method:
            case "PUT":
                held[session_id] = body["charging_profile"]
                return {"result": "ACCEPTED"}
            case "DELETE":
                return {"result": "ACCEPTED" if held.pop(session_id, None) is not None else "UNKNOWN"}
            case "GET" if session_id in held:
                active = {"start_date_time": self.now(), "charging_profile": held[session_id]}
                return {"result": "ACCEPTED", "profile": active}
            case "GET":
                return {"result": "REJECTED"}
        return None

    def _accepted(self, request: Request, response_url: str, result: Object) -> Answer:
        """The result follows when this has been answered."""
        task = asyncio.create_task(self._tell_result(response_url, result))
        self._results.add(task)
        task.add_done_callback(self._results.discard)
        return self._envelope(request, data=self.said("response", {"result": "ACCEPTED", "timeout": PATIENT_S}))

    def _offers(self, location_id: str, evse_uid: str | None) -> bool:
        held = self.mine["locations"].get(location_id)
        return held is not None and any(evse["uid"] == evse_uid for evse in held["evses"])

    def _reserve(self, body: Object) -> str:
        """The same id at the same place takes the place of what stood. Source: OCPI 2.3.0, mod_commands, ReserveNow."""
        others = [held for key, held in self.reservations.items() if key != body["reservation_id"]]
        if any(held["evse_uid"] == body["evse_uid"] for held in others):
            return "EVSE_OCCUPIED"
        self.reservations[body["reservation_id"]] = body
        return "ACCEPTED"

    async def _tell_result(self, response_url: str, result: Object) -> None:
        if self.faulty(Fault.LATE_RESULT):
            await asyncio.sleep(self.late_s)
        with suppress(NotAsTold):  # who waits for it will hear of a silence
            await self._ok("POST", response_url, result)
