"""A simulated CPO that speaks eMIP. Source: eMIP 0.7.4, services of the CPO."""

from datetime import UTC, datetime
from typing import ClassVar, Final

from core.model.ids import PartyId
from gateway.simulator.access import Admin
from gateway.simulator.crowd import at_once
from gateway.simulator.emip.charging import EmipCharging, Grant, granted, stamp
from gateway.simulator.emip.network import (
    GRANTED,
    NO_SESSION,
    NOT_AVAILABLE,
    OK,
    STOPS,
    UNKNOWN_NATURE,
    EmipNetwork,
    place,
)
from gateway.simulator.emip.soap import Members
from gateway.simulator.network import NotAsTold, bare
from gateway.simulator.ocpi.objects import location
from gateway.simulator.roles import Charging, Host, Live
from gateway.simulator.stations import Operator, Point
from gateway.simulator.visits import Price, Visit, is_of, new_id

OUT_OF_ORDER: Final = "1"
IN_SERVICE: Final = "2"
"""availabilityStatus."""
BUSY_STATUS: Final = {Live.FREE: "1", Live.CHARGING: "2"}


class EmipHost(EmipNetwork, Host):
    """Its stations reach the hub by the hub's operator, since eMIP cannot say them.

    `stops` holds what was to be stopped from afar: the platform's session id -> id of the action."""

    tells_sessions: ClassVar[bool] = True
    takes_commands: ClassVar[bool] = True

    def __init__(self, name: str, party: PartyId, hub_url: str, price: Price) -> None:
        super().__init__(name, party, "CPO", hub_url)
        self.price = price
        self.stops: dict[str, str] = {}
        self._starts: dict[str, Grant] = {}
        self._sessions: set[str] = set()
        self._points: set[str] = set()

    async def join(self, admin: Admin) -> None:
        await super().join(admin)
        self._admin = admin

    async def offer(self, operator: Operator) -> None:
        """The whole list each time: what is no longer in it is gone."""
        listed = [location(station, status="UNKNOWN") for station in operator.stations]
        await self._admin.call("PUT", f"/partners/{self.id}/locations", listed)
        self._points = {bare(point.evse_id) for point in operator.points}
        await at_once([self.show(point, Live.FREE) for point in operator.points])

    async def show(self, point: Point, live: Live) -> None:
        """The busy status first: it does not count while the EVSE is out of order."""
        if live is not Live.BROKEN:
            await self._status("Busy", point, BUSY_STATUS[live])
        await self._status("Availability", point, OUT_OF_ORDER if live is Live.BROKEN else IN_SERVICE)

    def charging(self, visit: Visit, *, live: bool = True) -> EmipCharging:
        return EmipCharging(self, visit, live=live)

    async def started(self, visit: Visit) -> EmipCharging:
        here = bare(visit.point.evse_id)
        await self.until(lambda: here in self._starts, f"a remote start at {visit.point.evse_id}")
        grant = self._starts.pop(here)
        if not any(is_of(visit.card, name) for name in (grant.user["userId"], grant.alias) if name):
            raise NotAsTold(f"{self.name}: the remote start at {visit.point.evse_id} is for {grant.user['userId']}")
        return EmipCharging(self, visit, grant=grant)

    def stopped(self, charging: Charging) -> bool:
        return isinstance(charging, EmipCharging) and charging.grant.session_id in self.stops

    # --- what it tells

    async def get_service_authorisation(self, evse_id: str, user: Members, own_id: str) -> Members:
        """Whatever the answer says."""
        asked = {**place(evse_id), **user, "partnerServiceSessionId": own_id}
        answer = await self._call("GetServiceAuthorisation", asked)
        if answer.get("authorisationValue") == GRANTED:
            self._sessions.add(answer["serviceSessionId"])
        return answer

    async def set_session_event_report(self, session_id: str, own_id: str, event: Members) -> None:
        told = {"serviceSessionId": session_id, "execPartnerSessionId": own_id, "sessionEvent": event}
        await self._told("SetSessionEventReport", told)

    async def set_charge_detail_record(self, record: Members) -> None:
        await self._told("SetChargeDetailRecord", {"chargeDetailRecord": record})

    async def _status(self, kind: str, point: Point, value: str) -> None:
        told = {
            **place(point.evse_id),
            "statusEventDate": stamp(datetime.now(UTC)),
            f"{kind.lower()}Status": value,
        }
        await self._told(f"SetEVSE{kind}Status", told)

    # --- what it is asked

    async def _answered(self, operation: str, asked: Members) -> Members | None:
        if operation == "SetServiceAuthorisation":
            return self._start(asked)
        if operation == "SetSessionActionRequest":
            return {"transactionId": asked.get("transactionId"), "requestStatus": self._act(asked)}
        return None

    def _start(self, asked: Members) -> Members:
        """Starts what it is asked to start: whether a car is there, nobody knows."""
        if asked["authorisationValue"] != GRANTED or bare(asked["EVSEId"]) not in self._points:
            return {"transactionId": asked.get("transactionId"), "requestStatus": NOT_AVAILABLE}
        user = {name: asked[name] for name in ("userIdType", "userId", "requestedServiceId")}
        grant = granted(asked, own_id=new_id(), user=user)
        self._starts[bare(asked["EVSEId"])] = grant
        self._sessions.add(grant.session_id)
        return {
            "transactionId": asked.get("transactionId"),
            "partnerServiceSessionId": grant.own_id,
            "requestStatus": OK,
        }

    def _act(self, asked: Members) -> int:
        session_id, action = asked["serviceSessionId"], asked["sessionAction"]
        if session_id not in self._sessions:
            return NO_SESSION
        if action["sessionActionNature"] not in STOPS:
            return UNKNOWN_NATURE
        self.stops[session_id] = action["sessionActionId"]
        return OK
