"""A visit at a station of an eMIP operator. Source: eMIP 0.7.4, services of the CPO."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from gateway.simulator.emip.network import (
    COST,
    DURATION,
    ENDED,
    ENERGY,
    FINAL,
    GRANTED,
    INTERMEDIATE,
    NO_ANSWER,
    OK,
    STARTED,
    UNKNOWN_USER,
    badge,
    place,
    status_of,
)
from gateway.simulator.emip.soap import Members
from gateway.simulator.network import NotAsTold
from gateway.simulator.roles import Charging, Live, Verdict
from gateway.simulator.visits import Visit, new_id

if TYPE_CHECKING:
    from gateway.simulator.emip.host import EmipHost


class Grant(Struct, frozen=True, kw_only=True):
    """What the platform lets us charge: by its answer about a card, or by a remote start.

    `session_id` is the platform's, `own_id` ours; `user` as the driver was named. `reports`: the eMSP wants records on
    the way."""

    session_id: str
    own_id: str
    user: Members
    alias: str | None
    reports: bool


def granted(members: Members, *, own_id: str, user: Members) -> Grant:
    return Grant(
        session_id=members["serviceSessionId"],
        own_id=own_id,
        user=user,
        alias=members.get("userContractIdAlias") or None,
        reports=members.get("intermediateCDRRequested") == "1",
    )


class EmipCharging(Charging):
    """`grant` is there where a remote start began it; else `authorise` asks for one."""

    def __init__(self, host: "EmipHost", visit: Visit, *, live: bool = True, grant: Grant | None = None) -> None:
        self.host = host
        self.visit = visit
        self.why = ""
        self._live = live
        self._grant = grant

    @property
    def grant(self) -> Grant:
        """Raises NotAsTold before the platform has granted anything."""
        if self._grant is None:
            raise NotAsTold(f"{self.host.name}: {self.visit.key} was not authorised")
        return self._grant

    async def authorise(self) -> Verdict:
        """eMIP says no without saying why: a blocked card is REFUSED."""
        visit, user = self.visit, badge(self.visit.card.uid)
        answer = await self.host.get_service_authorisation(visit.point.evse_id, user, visit.id)
        value, status = answer.get("authorisationValue"), status_of(answer)
        self.why = f"authorisationValue {value}, requestStatus {status}"
        if value == GRANTED and status == OK:
            self._grant = granted(answer, own_id=visit.id, user=user)
            return Verdict.ALLOWED
        return {UNKNOWN_USER: Verdict.UNKNOWN, NO_ANSWER: Verdict.UNANSWERED}.get(status, Verdict.REFUSED)

    async def begin(self, *, lenient: bool = False) -> None:
        """The platform takes events for the eMSP, so that it need not be there."""
        if self._live:
            await self.host.show(self.visit.point, Live.CHARGING)
        await self._report(STARTED, self.visit.started_at)

    async def proceed(self, *, lenient: bool = False) -> None:
        """An intermediate record, if the eMSP asked for such."""
        if self.grant.reports:
            visit = self.visit
            half_way = visit.started_at + (visit.ended_at - visit.started_at) / 2
            await self.host.set_charge_detail_record(self._record(INTERMEDIATE, half_way, visit.half_kwh))

    async def end(self, *, lenient: bool = False) -> None:
        await self._report(ENDED, self.visit.ended_at)
        if self._live:
            await self.host.show(self.visit.point, Live.FREE)

    async def bill(self) -> None:
        await self.host.set_charge_detail_record(self.record())

    def record(self) -> Members:
        """The chargeDetailRecord, with the price without taxes."""
        found = self._record(FINAL, self.visit.ended_at, self.visit.energy_kwh)
        net = self.host.price.net(self.visit.energy_kwh)
        found["meterReportList"]["meterReport"].append(_meter(COST, net, "EUR"))
        return found

    async def _report(self, nature: str, at: datetime) -> None:
        event: Members = {
            "sessionEventNature": nature,
            "sessionEventId": new_id(),
            "sessionEventDateTime": stamp(at),
        }
        if nature == ENDED:
            event["relatedSessionActionId"] = self.host.stops.get(self.grant.session_id)
        await self.host.set_session_event_report(self.grant.session_id, self.grant.own_id, event)

    def _record(self, nature: str, until: datetime, energy_kwh: Decimal) -> Members:
        grant, party = self.grant, self.host.party
        minutes = Decimal(str((until - self.visit.started_at).total_seconds())) / 60
        return {
            "CDRNature": nature,
            "serviceSessionId": grant.session_id,
            "execPartnerSessionId": grant.own_id,
            "execPartnerOperatorIdType": "eMI3",
            "execPartnerOperatorId": f"{party.country_code}*{party.party_id}",
            "requestedServiceId": grant.user["requestedServiceId"],
            **place(self.visit.point.evse_id),
            "userContractIdAlias": grant.alias,
            "userIdType": grant.user["userIdType"],
            "userId": grant.user["userId"],
            "startTime": stamp(self.visit.started_at),
            "endTime": stamp(until),
            "meterReportList": {
                "meterReport": [
                    _meter(DURATION, minutes.quantize(Decimal("0.0001")), "min"),
                    _meter(ENERGY, energy_kwh * 1000, "Wh"),
                ]
            },
        }


def _meter(type_id: str, value: Decimal, unit: str) -> Members:
    return {"meterTypeId": type_id, "meterValue": f"{value.normalize():f}", "meterUnit": unit}


def stamp(at: datetime) -> str:
    """UTC, to the millisecond where there is a fraction."""
    text = at.astimezone(UTC).replace(tzinfo=None)
    return text.isoformat(timespec="milliseconds" if text.microsecond else "seconds") + "Z"
