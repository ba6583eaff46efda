"""The four pairs of home and host network, each with an allowed, a blocked and an unknown card."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from core.model.ids import PartyId
from gateway.simulator.access import Admin
from gateway.simulator.cast import OCPI_PRICE, OICP_PRICE, Cast, card
from gateway.simulator.drivers import Charging, cdrs_of, charging, check_cdr
from gateway.simulator.network import Card, NotAsTold, bare
from gateway.simulator.ocpi import OcpiNetwork
from gateway.simulator.ocpi_objects import Object
from gateway.simulator.oicp import OicpNetwork
from gateway.simulator.stations import Operator, Point
from gateway.simulator.transcript import Transcript
from gateway.simulator.visits import Price, Visit, new_id

COLUMNS = ("home and host", "card", "authorise ms", "hub's own ms", "CDR delivered", "losses")
SETTLED = ("DELIVERED", "FETCHABLE")
Home = OcpiNetwork | OicpNetwork
Host = OcpiNetwork | OicpNetwork


class Trip(Struct, kw_only=True):
    """One driver's charging, for the table. `delivered` says how its CDR reached the home network."""

    home: Home
    host: Host
    card: Card
    charging: Charging
    price: Price
    authorise_s: float = 0.0
    home_s: float = 0.0
    delivered: str = ""
    losses: str = ""
    fetched: bool = False

    @property
    def pair(self) -> str:
        return f"{self.home.name} ({kind(self.home)}) at {self.host.name} ({kind(self.host)})"

    def row(self) -> tuple[str, ...]:
        return (
            self.pair,
            "allowed",
            f"{self.authorise_s * 1000:.1f}",
            f"{max(self.authorise_s - self.home_s, 0) * 1000:.1f}",
            self.delivered,
            self.losses,
        )

    def arrived(self) -> list[Object]:
        return cdrs_of(self.home).get(self.charging.visit.key, [])

    def check_once(self, homes: tuple[Home, ...]) -> None:
        """Raises NotAsTold for a CDR that came twice, never, or to somebody else."""
        key = self.charging.visit.key
        for home in homes:
            number = len(cdrs_of(home).get(key, []))
            wanted = 1 if home is self.home else 0
            if number > wanted or (number < wanted and not self.fetched):
                raise NotAsTold(f"the CDR of {key} ({self.pair}) reached {home.name} {number} times")


def kind(network: Home) -> str:
    return "OCPI" if isinstance(network, OcpiNetwork) else "OICP"


async def four_pairs(networks: Cast, admin: Admin, out: Transcript, *, allowed: int, blocked: int) -> list[Trip]:
    trips: list[Trip] = []
    number = 0
    for host, operator, price in hosts(networks):
        for home in networks.homes:
            point = operator.points[number % 2]
            number += 1
            out.tell(f"{home.name}'s drivers at {host.name}, EVSE {point.evse_id}:")
            for held, wanted in (
                (card(home.party, blocked, blocked=True), "blocked"),
                (card(PartyId("XX", "NIX"), number), "unknown"),
            ):
                await refused(networks, host, price, visit(held, point, number), wanted, out)
            trip = await authorised(networks, home, host, price, visit(card(home.party, allowed), point, number))
            trips.append(trip)
            out.held(
                f"the allowed card was authorised in {trip.authorise_s * 1000:.0f} ms, "
                f"of which {trip.home_s * 1000:.0f} ms at {home.name}"
            )
            await drive(trip, networks, out)
            await settled(trip, admin, out)
    return trips


def hosts(networks: Cast) -> tuple[tuple[Host, Operator, Price], ...]:
    return (
        (networks.ocpi_cpo, networks.ocpi_operator, OCPI_PRICE),
        (networks.oicp_cpo, networks.oicp_operator, OICP_PRICE),
    )


def visit(held: Card, point: Point, number: int) -> Visit:
    """Of some minutes, and with an amount of energy that no other visit has; it has just ended."""
    ended = datetime.now(UTC).replace(microsecond=0)
    return Visit(
        id=new_id(),
        card=held,
        point=point,
        started_at=ended - timedelta(minutes=20 + number, seconds=number),
        ended_at=ended,
        energy_kwh=Decimal("7.125") + Decimal(number) * Decimal("1.337"),
    )


async def refused(networks: Cast, host: Host, price: Price, stay: Visit, wanted: str, out: Transcript) -> None:
    attempt = charging(host, stay, price)
    if await attempt.authorise():
        raise NotAsTold(f"the {wanted} card {stay.card.uid} was authorised at {host.name}")
    if wanted == "blocked" and isinstance(host, OcpiNetwork) and attempt.why != "BLOCKED":
        raise NotAsTold(f"the blocked card was refused at {host.name} as {attempt.why}, not as BLOCKED")
    out.held(f"the {wanted} card was refused ({attempt.why})")


async def authorised(networks: Cast, home: Home, host: Host, price: Price, stay: Visit) -> Trip:
    """Measures the answer, and how much of it the home networks took."""
    attempt = charging(host, stay, price)
    begun = time.perf_counter()
    if not await attempt.authorise():
        raise NotAsTold(f"{home.name}'s card {stay.card.uid} was refused at {host.name}: {attempt.why}")
    took = time.perf_counter() - begun
    home_s = max(other.slowest_answer_s(begun, "/authorize") for other in networks.homes)
    return Trip(home=home, host=host, card=stay.card, charging=attempt, price=price, authorise_s=took, home_s=home_s)


async def drive(trip: Trip, networks: Cast, out: Transcript) -> None:
    """Session and live status, both seen on the other side, then the CDR."""
    stay = trip.charging.visit
    await trip.charging.begin()
    await _status_seen(networks, stay.point, "CHARGING", "Occupied")
    await trip.charging.proceed()
    await trip.charging.end()
    await _status_seen(networks, stay.point, "AVAILABLE", "Available")
    out.held(
        f"{stay.point.evse_id} was seen charging, and free again, "
        f"by {networks.ocpi_emsp.name} and {networks.oicp_emp.name}"
    )
    if isinstance(trip.host, OcpiNetwork) and isinstance(trip.home, OcpiNetwork):
        await _session_seen(trip.home, stay)
        out.held(f"{trip.home.name} followed the session to its end")
    await trip.charging.bill()


async def _status_seen(networks: Cast, point: Point, ocpi_status: str, oicp_status: str) -> None:
    emsp, emp = networks.ocpi_emsp, networks.oicp_emp
    wanted = bare(point.evse_id)
    await emsp.until(
        lambda: emsp.statuses().get(wanted) == ocpi_status, f"a push of {point.evse_id} being {ocpi_status}"
    )
    seen = (await emp.pull_evse_status()).get(wanted)
    if seen != oicp_status:
        raise NotAsTold(f"{emp.name} pulled {point.evse_id} as {seen}, not as {oicp_status}")


async def _session_seen(home: OcpiNetwork, stay: Visit) -> None:
    def ended() -> bool:
        return any(
            held["id"] == stay.id and held["status"] == "COMPLETED" and held["kwh"] == stay.energy_kwh
            for held in home.theirs["sessions"].values()
        )

    await home.until(ended, f"the end of session {stay.id}")


async def settled(trip: Trip, admin: Admin, out: Transcript, *, patience_s: float = 30.0) -> None:
    """Waits for the CDR at the home network, compares it, and asks the hub what its translation lost."""
    took = await trip.home.until(lambda: bool(trip.arrived()), f"the CDR of {trip.charging.visit.key}", patience_s)
    check_cdr(trip.arrived()[0], trip.charging, trip.price)
    trip.delivered = f"{took * 1000:.0f} ms"
    trip.losses = await losses(trip, admin)
    out.held(f"the CDR of {trip.charging.visit.energy_kwh} kWh reached {trip.home.name}, exact; losses: {trip.losses}")


async def losses(trip: Trip, admin: Admin) -> str:
    """What the hub recorded for this CDR once it was settled: `lost`, and apart from it `assumed`."""
    for _ in range(100):
        entry = await settlement(trip, admin)
        if entry and entry["state"] in SETTLED:
            kinds = [loss.get("kind", "LOST") for loss in entry["losses"]]
            assumed = kinds.count("ASSUMED")
            return f"{len(kinds) - assumed}, {assumed} assumed" if assumed else str(len(kinds))
        await asyncio.sleep(0.1)
    raise NotAsTold(f"the hub lists the CDR of {trip.charging.visit.key} as {entry and entry['state']}")


async def settlement(trip: Trip, admin: Admin) -> Object | None:
    """The hub's own entry for the CDR of a trip."""
    stay = trip.charging.visit
    for entry in await admin.cdrs():
        evse_id = (entry["cdr"].get("location") or {}).get("evse_id") or {}
        if bare(evse_id.get("text", "")) == bare(stay.point.evse_id) and _same(entry["cdr"], stay):
            return entry
    return None


def _same(cdr: Object, stay: Visit) -> bool:
    return datetime.fromisoformat(cdr["started_at"]) == stay.started_at
