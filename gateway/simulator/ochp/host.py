"""A simulated OCHP operator: charge points, live status, the list of cards, charge data records. Source: OCHP 1.4."""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from core.model.ids import PartyId
from gateway.simulator.network import NotAsTold, bare
from gateway.simulator.ochp.cards import Listed, emt_id, listed
from gateway.simulator.ochp.cdrs import cdr_id, record
from gateway.simulator.ochp.network import OchpNetwork
from gateway.simulator.ochp.points import charge_point
from gateway.simulator.ochp.xml import Element, element, leaf, moment, text_of, wrapped
from gateway.simulator.roles import Charging, Host, Live, Verdict
from gateway.simulator.stations import Operator, Point
from gateway.simulator.visits import Price, Visit

HOLDS_FOR = timedelta(hours=12)
"""How long a live status is to be believed."""
STATUS = {
    Live.FREE: ("available", "available"),
    Live.CHARGING: ("not-available", "charging"),
    Live.BROKEN: ("not-available", "outoforder"),
}


class OchpHost(OchpNetwork, Host):
    """OCHP has neither sessions nor, without OCHPdirect, commands."""

    protocol: ClassVar[str] = "OCHP"
    tells_sessions: ClassVar[bool] = False
    takes_commands: ClassVar[bool] = False
    needs_contracts: ClassVar[bool] = True

    def __init__(self, name: str, party: PartyId, hub_url: str, price: Price) -> None:
        super().__init__(name, party, "CPO", hub_url)
        self.price = price
        self._cards: dict[str, Listed] = {}

    def introduction(self) -> dict[str, Any]:
        """Its questions name no EVSE: one stands for all of them where an eMSP wants to be told of one."""
        party = self.party
        return super().introduction() | {"surrogate_evse_id": f"{party.country_code}*{party.party_id}*E1"}

    async def offer(self, operator: Operator) -> None:
        """The price is in the records."""
        await self.call("SetChargepointList", *map(charge_point, operator.points))
        await self._tell([_status(point, Live.FREE) for point in operator.points])

    async def show(self, point: Point, live: Live) -> None:
        await self._tell([_status(point, live)])

    async def _tell(self, statuses: list[Element]) -> None:
        await self.call("UpdateStatus", *statuses, moment("ttl", datetime.now(UTC) + HOLDS_FOR))

    def charging(self, visit: Visit, *, live: bool = True) -> "OchpCharging":
        return OchpCharging(self, visit, live=live)

    async def started(self, visit: Visit) -> Charging:
        raise NotAsTold(f"{self.name} cannot be told to start {visit.id}: OCHP has no remote start without OCHPdirect")

    def stopped(self, charging: Charging) -> bool:
        return False

    async def listed(self, uid: str) -> Listed | None:
        """A card as the list of the clearing house has it by now; None if it never was there."""
        for entry in await self.changes("GetRoamingAuthorisationList"):
            card = listed(entry)
            self._cards[card.uid] = card
        return self._cards.get(uid)

    async def outcome(self, visit: Visit) -> str | None:
        """What its provider said of the record of a visit: `approved`, `declined`, or nothing yet."""
        wanted = (cdr_id(self.party, visit.id), bare(visit.point.evse_id))
        for status in ("approved", "declined"):
            reply = await self.call("CheckCDRs", wrapped("cdrStatus", "CdrStatusType", status))
            if wanted in [(text_of(cdr, "CdrId"), bare(text_of(cdr, "evseId"))) for cdr in reply.records]:
                return status
        return None


class OchpCharging(Charging):
    """A visit at a station of an OCHP operator."""

    def __init__(self, host: OchpHost, visit: Visit, *, live: bool) -> None:
        self.visit = visit
        self._host = host
        self._live = live
        self._contract_id: str | None = None

    async def authorise(self) -> Verdict:
        """By the list, else by asking about the one card.

        A refusal has no reason in OCHP; a card that the list knows as expired was blocked."""
        uid = self.visit.card.uid
        entry = await self._host.listed(uid)
        if entry is not None and entry.holds:
            self.why = "listed"
            return self._allowed(entry)
        reply = await self._host.ask("GetSingleRoamingAuthorisation", emt_id("emtId", uid))
        self.why = reply.code or ""
        match reply.code:
            case "server":
                return Verdict.UNANSWERED
            case "invalid-id" | "roaming":
                return Verdict.REFUSED if entry is None else Verdict.BLOCKED
        (answer,) = self._host.well(reply).records
        return self._allowed(listed(answer))

    def _allowed(self, entry: Listed) -> Verdict:
        self._contract_id = entry.contract_id
        return Verdict.ALLOWED

    async def begin(self, *, lenient: bool = False) -> None:
        await self._show(Live.CHARGING)

    async def proceed(self, *, lenient: bool = False) -> None:
        """OCHP has no progress."""

    async def end(self, *, lenient: bool = False) -> None:
        await self._show(Live.FREE)

    async def bill(self) -> None:
        if self._contract_id is None:
            raise NotAsTold(f"{self._host.name}: the card of {self.visit.id} was not authorised")
        made = record(self._host.party, self.visit, self._contract_id, self._host.price)
        await self._host.call("AddCDRs", made)

    async def _show(self, live: Live) -> None:
        if self._live:
            await self._host.show(self.visit.point, live)


def _status(point: Point, live: Live) -> Element:
    major, minor = STATUS[live]
    return element("evse", leaf("evseId", point.evse_id), major=major, minor=minor)
