"""A visit at a station of an OCPI CPO: authorise, session, charge detail record."""

from functools import cached_property
from typing import TYPE_CHECKING, Final, Self

from gateway.simulator.ocpi.network import IssuerAway
from gateway.simulator.ocpi.objects import Object, cdr, session, stamp
from gateway.simulator.roles import Charging, Live, Verdict
from gateway.simulator.visits import Visit

if TYPE_CHECKING:
    from gateway.simulator.ocpi.host import OcpiHost

VERDICT: Final = {
    "ALLOWED": Verdict.ALLOWED,
    "BLOCKED": Verdict.BLOCKED,
    "EXPIRED": Verdict.REFUSED,
    "NO_CREDIT": Verdict.REFUSED,
    "NOT_ALLOWED": Verdict.REFUSED,
}


class OcpiCharging(Charging):
    """`_token` and `_method` are of the answer that let it begin."""

    def __init__(self, host: "OcpiHost", visit: Visit, *, live: bool = True) -> None:
        self.visit = visit
        self._host = host
        self._live = live
        self._token: Object = {}
        self._method = "AUTH_REQUEST"
        self._reference: str | None = None

    @classmethod
    def commanded(cls, host: "OcpiHost", visit: Visit, token: Object, reference: str | None) -> Self:
        """By a remote start, which names the token and may name a reference."""
        found = cls(host, visit)
        found._token, found._method, found._reference = token, "COMMAND", reference
        return found

    async def authorise(self) -> Verdict:
        """An issuer that is away is spoken for by its whitelist. Source: OCPI 2.3.0, mod_tokens, WhitelistType."""
        visit = self.visit
        try:
            info = await self._host.authorize(visit.card.uid, visit.point.station_id, visit.point.evse_id)
        except IssuerAway as error:
            self.why = str(error)
            held = self._host.token(visit.card.uid)
            return self._by_whitelist(held) if held and held["whitelist"] != "NEVER" else Verdict.UNANSWERED
        if info is None:
            self.why = "UNKNOWN"
            return Verdict.UNKNOWN
        self.why = str(info["allowed"])
        self._token, self._reference = info.get("token") or self._asked_about(), info.get("authorization_reference")
        return VERDICT[self.why]

    async def begin(self, *, lenient: bool = False) -> None:
        if self._live:
            await self._host.show(self.visit.point, Live.CHARGING)
        at = self._host.now()
        await self._host.put_session(session(self.visit, self._host.party, self._authorised(), at), lenient=lenient)

    async def proceed(self, *, lenient: bool = False) -> None:
        change = {"kwh": self.visit.half_kwh, "last_updated": self._host.now()}
        await self._host.patch_session(self.visit.id, change, lenient=lenient)

    async def end(self, *, lenient: bool = False) -> None:
        change = {
            "status": "COMPLETED",
            "kwh": self.visit.energy_kwh,
            "end_date_time": stamp(self.visit.ended_at),
            "total_cost": self._host.price.cost(self.visit.energy_kwh),
            "last_updated": self._host.now(),
        }
        await self._host.patch_session(self.visit.id, change, lenient=lenient)
        if self._live:
            await self._host.show(self.visit.point, Live.FREE)

    async def bill(self) -> None:
        await self._host.post_cdr(self.record)

    @cached_property
    def record(self) -> Object:
        """The CDR."""
        return cdr(self.visit, self._host.party, self._host.price, self._authorised(), self._host.now())

    def _asked_about(self) -> Object:
        """An answer of 2.1.1 does not name the token: as it was listed, or what the card itself says."""
        card = self.visit.card
        issuer = {"country_code": card.contract_id[:2], "party_id": card.contract_id.replace("-", "")[2:5]}
        bare = {**issuer, "uid": card.uid, "type": "RFID", "contract_id": card.contract_id}
        return self._host.token(card.uid) or bare

    def _by_whitelist(self, token: Object) -> Verdict:
        self.why = f"whitelist {token['whitelist']}"
        self._token, self._method = token, "WHITELIST"
        return Verdict.ALLOWED if token["valid"] else Verdict.BLOCKED

    def _authorised(self) -> Object:
        """The members that a session and a CDR share: whose they are, and who said yes."""
        names = ("country_code", "party_id", "uid", "type", "contract_id")
        found: Object = {"cdr_token": {name: self._token[name] for name in names}, "auth_method": self._method}
        return found | ({"authorization_reference": self._reference} if self._reference else {})
