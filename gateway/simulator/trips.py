"""One driver's charging: authorised, driven, billed; for whoever tells of it."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from gateway.simulator.access import Admin
from gateway.simulator.bills import LOOKS_EVERY_S, arrival, check_bill, losses, settlement
from gateway.simulator.network import Card, NotAsTold
from gateway.simulator.roles import Bill, Charging, Home, Host, Live, Verdict
from gateway.simulator.stations import Point
from gateway.simulator.visits import Visit, new_id

WAY = {"DELIVERED": "delivered", "FETCHABLE": "fetched"}


class Trip(Struct, kw_only=True):
    """`authorise_s` in all, `home_s` of it at home networks; None: by remote start. `bill` as the home network has it,
    `way` how it got there, `arrived_s` after how long."""

    home: Home
    host: Host
    charging: Charging
    authorise_s: float | None = None
    home_s: float = 0.0
    bill: Bill | None = None
    way: str = ""
    arrived_s: float = 0.0
    losses: str = ""

    @property
    def visit(self) -> Visit:
        return self.charging.visit

    @property
    def pair(self) -> str:
        return f"{self.home.name} ({self.home.protocol}) at {self.host.name} ({self.host.protocol})"

    @property
    def follows(self) -> bool:
        """Whether its home network can follow the session."""
        return self.host.tells_sessions and self.home.sees_sessions

    @property
    def follows_later(self) -> bool:
        """Whether it can also if it was away meanwhile."""
        return self.follows and not (self.host.tells_only_now and self.host.protocol == self.home.protocol)


def visit(held: Card, point: Point, number: int) -> Visit:
    """Of some minutes, and with an amount of energy that no other visit has; it has just ended."""
    ended = datetime.now(UTC).replace(microsecond=0)
    return Visit(
        id=new_id(),
        card=held,
        point=point,
        started_at=ended - timedelta(minutes=20 + number, seconds=number),
        ended_at=ended,
        energy_kwh=Decimal("7.125") + Decimal(number) * Decimal("0.237"),
    )


async def authorised(home: Home, host: Host, stay: Visit) -> Trip:
    """Measures the answer, and how much of it the home network took. Raises NotAsTold for a no."""
    attempt = host.charging(stay)
    begun = time.perf_counter()
    verdict = await attempt.authorise()
    took = time.perf_counter() - begun
    if verdict is not Verdict.ALLOWED:
        raise NotAsTold(f"{home.name}'s card {stay.card.uid} was refused at {host.name}: {attempt.why or verdict}")
    home_s = home.slowest_answer_s(begun, home.asked_at)
    return Trip(home=home, host=host, charging=attempt, authorise_s=took, home_s=home_s)


async def status_seen(homes: Sequence[Home], points: Sequence[Point], live: Live) -> None:
    """By every home network that sees a status, of every point. Raises NotAsTold naming who does not."""
    for home in homes:
        if home.sees_status:
            for point in points:
                await _status_at(home, point, live)


async def _status_at(home: Home, point: Point, live: Live, patience_s: float = 20.0) -> None:
    deadline = time.perf_counter() + patience_s
    while (seen := await home.status(point)) is not live:
        if time.perf_counter() > deadline:
            raise NotAsTold(f"{home.name} sees {point.evse_id} as {seen}, not as {live}")
        await asyncio.sleep(LOOKS_EVERY_S)


async def follow(trip: Trip, patience_s: float = 20.0) -> None:
    """Waits until its home network has seen the session end."""
    what = f"the end of the session at {trip.visit.key}"
    await trip.home.until(lambda: trip.home.followed(trip.visit), what, patience_s)


async def billed(trip: Trip, admin: Admin, *, patience_s: float = 30.0) -> None:
    """Waits for the CDR at the home network, compares it, and asks the hub what its translation lost."""
    trip.bill, trip.arrived_s = await arrival(trip.home, trip.visit, admin, patience_s)
    whole_seconds = trip.host.whole_seconds or trip.home.whole_seconds
    check_bill(trip.bill, trip.visit, trip.host.price, whole_seconds=whole_seconds)
    entry = await settlement(admin, trip.visit)
    trip.way, trip.losses = WAY[entry["state"]], losses(entry)
