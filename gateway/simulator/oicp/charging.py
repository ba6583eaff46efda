"""A visit at a station of an OICP CPO: authorise start and stop, charge detail record."""

from functools import cached_property
from typing import TYPE_CHECKING, Final, Self

from gateway.simulator.network import NotAsTold
from gateway.simulator.oicp.network import code_of
from gateway.simulator.oicp.objects import Object, charge_detail_record, identification, notification
from gateway.simulator.roles import Charging, Live, Verdict
from gateway.simulator.visits import Visit

if TYPE_CHECKING:
    from gateway.simulator.oicp.host import OicpHost

AUTHORISED: Final = "Authorized"
VERDICT: Final = {
    "101": Verdict.UNKNOWN,
    "102": Verdict.UNKNOWN,
    "200": Verdict.BLOCKED,
    "210": Verdict.UNKNOWN,
    "300": Verdict.UNANSWERED,
    "310": Verdict.UNANSWERED,
}
"""Codes of a no; any other is REFUSED. Source: OICP 2.3, status codes."""


class OicpCharging(Charging):
    """`session_id` is the hub's, from the answer or the command that let it begin."""

    def __init__(self, host: "OicpHost", visit: Visit, *, live: bool = True) -> None:
        self.visit = visit
        self.session_id = ""
        self._host = host
        self._live = live
        self._identification = identification(visit.card.uid)
        self._remote = False

    @classmethod
    def commanded(cls, host: "OicpHost", visit: Visit, command: Object) -> Self:
        """By a remote start, which names session and contract."""
        found = cls(host, visit)
        found.session_id, found._identification, found._remote = command["SessionID"], command["Identification"], True
        return found

    async def authorise(self) -> Verdict:
        visit = self.visit
        answer = await self._host.authorize_start(visit.card.uid, visit.point.evse_id, visit.id)
        self.why = f"{answer.get('AuthorizationStatus')} {code_of(answer)}"
        if answer.get("AuthorizationStatus") != AUTHORISED:
            return VERDICT.get(code_of(answer), Verdict.REFUSED)
        self.session_id = str(answer.get("SessionID") or "")
        if not self.session_id:
            raise NotAsTold(f"{self._host.name}: Authorized without a SessionID")
        return Verdict.ALLOWED

    async def begin(self, *, lenient: bool = False) -> None:
        if self._live:
            await self._host.show(self.visit.point, Live.CHARGING)
        await self._notify("Start")

    async def proceed(self, *, lenient: bool = False) -> None:
        await self._notify("Progress")

    async def end(self, *, lenient: bool = False) -> None:
        """A session that a card began is ended by it; one that a remote start began is not asked about."""
        visit = self.visit
        if not self._remote:
            answer = await self._host.authorize_stop(visit.card.uid, visit.point.evse_id, self.session_id)
            if answer.get("AuthorizationStatus") != AUTHORISED and not lenient:
                raise NotAsTold(f"{self._host.name}: the card that began a session may not end it: {answer}")
        await self._notify("End")
        if self._live:
            await self._host.show(visit.point, Live.FREE)

    async def _notify(self, kind: str) -> None:
        await self._host.charging_notification(notification(kind, self.visit, self.session_id, self._identification))

    async def bill(self) -> None:
        await self._host.charge_detail_record(self.record)

    @cached_property
    def record(self) -> Object:
        """The charge detail record."""
        return charge_detail_record(self.visit, self.session_id, self._identification)
