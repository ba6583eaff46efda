"""A simulated OICP CPO. Source: OICP 2.3 CPO."""

from typing import ClassVar, Final

from core.model.ids import PartyId
from gateway.simulator.faults import Fault
from gateway.simulator.network import NotAsTold
from gateway.simulator.oicp.charging import OicpCharging
from gateway.simulator.oicp.network import OicpNetwork, acknowledgement, code_of, json_answer
from gateway.simulator.oicp.objects import (
    Object,
    agreed,
    identification,
    operator_id,
    push_evse_data,
    push_evse_pricing,
    push_pricing_product_data,
)
from gateway.simulator.roles import Charging, Host, Live
from gateway.simulator.server import Answer, Request
from gateway.simulator.stations import Operator, Point
from gateway.simulator.visits import Price, Visit, is_of

NO_SESSION: Final = "400"
RESERVED_ALREADY: Final = "601"
NOT_TOLD: Final = frozenset({"310", "320"})
"""The EMP does not answer; it cannot be told. Source: OICP 2.3, status codes."""
STATUS: Final = {Live.FREE: "Available", Live.CHARGING: "Occupied", Live.BROKEN: "OutOfService"}


class OicpHost(OicpNetwork, Host):
    """Its records carry no amount: the hub knows its price, which was agreed on. `reservations`: EVSE id -> the session
    of the reservation that stands there."""

    possible_faults: ClassVar[frozenset[Fault]] = OicpNetwork.possible_faults | {Fault.DUPLICATE_CDR}
    protocol: ClassVar[str] = "OICP"
    tells_sessions: ClassVar[bool] = True
    tells_only_now: ClassVar[bool] = True
    takes_commands: ClassVar[bool] = True
    takes_reservations: ClassVar[bool] = True

    def __init__(self, name: str, party: PartyId, hub_url: str, price: Price) -> None:
        super().__init__(name, party, "CPO", hub_url)
        self.price = price
        self._starts: dict[str, Object] = {}
        self._stops: set[str] = set()
        self.reservations: dict[str, str] = {}

    # --- as the story wants it

    def introduction(self) -> Object:
        return super().introduction() | {"tariff": agreed(self.price, self.party)}

    async def offer(self, operator: Operator) -> None:
        """Prices first: places that come later bear them from the beginning."""
        await self.push_prices(operator)
        await self.push_evse_data(operator)
        await self.push_evse_status({point.evse_id: STATUS[Live.FREE] for point in operator.points}, "fullLoad")

    async def show(self, point: Point, live: Live) -> None:
        await self.push_evse_status({point.evse_id: STATUS[live]})

    def charging(self, visit: Visit, *, live: bool = True) -> Charging:
        return OicpCharging(self, visit, live=live)

    async def started(self, visit: Visit) -> Charging:
        evse = visit.point.evse_id
        await self.until(lambda: evse in self._starts, f"a remote start at {evse}")
        command = self._starts.pop(evse)
        remote = command["Identification"].get("RemoteIdentification") or {}
        if not is_of(visit.card, remote.get("EvcoID", "")):
            raise NotAsTold(f"{self.name}: the remote start at {evse} is for {command['Identification']}")
        return OicpCharging.commanded(self, visit, command)

    def stopped(self, charging: Charging) -> bool:
        return isinstance(charging, OicpCharging) and charging.session_id in self._stops

    def reserved(self, point: Point) -> bool:
        return point.evse_id in self.reservations

    # --- what it says to the hub

    async def push_prices(self, operator: Operator) -> None:
        """One product for all EMPs, at every EVSE."""
        base = f"dynamicpricing/v10/{self.operators}"
        await self._acknowledged(f"{base}/pricing-products", push_pricing_product_data(operator, self.price))
        await self._acknowledged(f"{base}/evse-pricing", push_evse_pricing(operator, self.price))

    async def push_evse_data(self, operator: Operator) -> None:
        await self._acknowledged(f"evsepush/v23/{self.operators}/data-records", push_evse_data(operator))

    async def push_evse_status(self, statuses: dict[str, str], action: str = "update") -> None:
        body = {
            "ActionType": action,
            "OperatorEvseStatus": {
                "OperatorID": operator_id(self.party),
                "OperatorName": self.name,
                "EvseStatusRecord": [{"EvseID": evse, "EvseStatus": status} for evse, status in statuses.items()],
            },
        }
        await self._acknowledged(f"evsepush/v21/{self.operators}/status-records", body)

    async def authorize_start(self, uid: str, evse_id: str, session: str) -> Object:
        """eRoamingAuthorizationStart; `session` is our own id of what is to begin."""
        body = {
            "OperatorID": operator_id(self.party),
            "EvseID": evse_id,
            "CPOPartnerSessionID": session,
            "Identification": identification(uid),
        }
        return await self._call(f"charging/v21/{self.operators}/authorize/start", body)

    async def authorize_stop(self, uid: str, evse_id: str, session_id: str) -> Object:
        body = {
            "SessionID": session_id,
            "OperatorID": operator_id(self.party),
            "EvseID": evse_id,
            "Identification": identification(uid),
        }
        return await self._call(f"charging/v21/{self.operators}/authorize/stop", body)

    async def charging_notification(self, body: Object) -> None:
        """An EMP that cannot be told now, or at all, is no error: the record is what counts."""
        answer = await self._call("notificationmgmt/v11/charging-notifications", body)
        if answer.get("Result") is not True and code_of(answer) not in NOT_TOLD:
            raise NotAsTold(f"{self.name}: a charging notification was answered {answer.get('StatusCode')}")

    async def charge_detail_record(self, record: Object) -> None:
        """A second one for the session is refused. Source: OICP 2.3, eRoamingChargeDetailRecord."""
        path = f"cdrmgmt/v22/{self.operators}/charge-detail-record"
        await self._acknowledged(path, record)
        if self.faulty(Fault.DUPLICATE_CDR):
            answer = await self._call(path, record, any_status=True)
            if code_of(answer) != NO_SESSION:
                raise NotAsTold(f"{self.name}: a record that came twice was answered {answer}")

    # --- what the hub calls

    def _reserved(self, body: Object) -> Object:
        if body["EvseID"] in self.reservations:
            return acknowledgement(body, RESERVED_ALREADY)
        self.reservations[body["EvseID"]] = body["SessionID"]
        return acknowledgement(body)

    def _given_back(self, body: Object) -> Object:
        if self.reservations.get(body["EvseID"]) != body["SessionID"]:
            return acknowledgement(body, NO_SESSION)
        del self.reservations[body["EvseID"]]
        return acknowledgement(body)

    async def _served(self, request: Request, body: Object) -> Answer | None:
        match request.parts:
            case (*_, "providers", _, "authorize-remote", "start"):
                self._starts[body["EvseID"]] = body
            case (*_, "providers", _, "authorize-remote", "stop"):
                self._stops.add(body["SessionID"])
            case (*_, "providers", _, "reservation-start-request"):
                return json_answer(self._reserved(body))
            case (*_, "providers", _, "reservation-stop-request"):
                return json_answer(self._given_back(body))
            case _:
                return None
        return json_answer(acknowledgement(body))
