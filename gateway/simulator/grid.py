"""Every pair of home and host network, and what is told of it: cards, sessions, remote commands, CDRs."""

import asyncio
import itertools
from collections.abc import Iterator, Sequence

from msgspec import Struct

from core.model.ids import PartyId
from gateway.simulator.access import Admin
from gateway.simulator.cast import Cast, Site, card
from gateway.simulator.crowd import at_once
from gateway.simulator.network import Card, NotAsTold
from gateway.simulator.roles import Home, Host, Live, Refusal, Verdict
from gateway.simulator.transcript import Transcript
from gateway.simulator.trips import Trip, authorised, billed, follow, status_seen, visit
from gateway.simulator.visits import Visit

ALLOWED, BLOCKED, LISTED, SILENT = 1, 2, 3, 4
"""Numbers of the cards that each home network hands out."""
NOBODY = PartyId("XX", "NIX")
RESERVED_MIN = 15


class Pair(Struct, kw_only=True):
    """One home network at one host network.

    `blocked`, `unknown`, `silent`: how the host understood the no; `asking`: the no to a good card, where the home
    network's yes does not say what the host's protocol needs.
    `trip`: of the card that the home network is asked about, where that is enough; `listed`: of one that others may
    accept.
    `refusal`: what was said to a remote start, `commanded` its charging if it began one."""

    home: Home
    site: Site
    number: int
    numbers: Iterator[int]
    asking: Verdict | None = None
    blocked: Verdict | None = None
    unknown: Verdict | None = None
    silent: Verdict | None = None
    trip: Trip | None = None
    listed: Trip | None = None
    refusal: str = ""
    commanded: Trip | None = None

    @property
    def host(self) -> Host:
        return self.site.host

    @property
    def name(self) -> str:
        return f"{self.home.name} ({self.home.protocol}) at {self.host.name} ({self.host.protocol})"

    @property
    def good(self) -> int:
        """Number of a card that is accepted: the one that the home network is asked about, if what it answers is enough
        for the host's protocol, else a listed one."""
        enough = self.home.names_contracts or not self.host.needs_contracts
        return ALLOWED if enough or not self.home.is_asked else LISTED

    @property
    def trips(self) -> list[Trip]:
        return [trip for trip in (self.trip, self.listed, self.commanded) if trip]

    def visit(self, held: Card, *, other: bool = False) -> Visit:
        """At the point of this pair, or at its `other` one."""
        points = self.site.operator.points
        index = self.number + (len(points) // 2 if other else 0)
        return visit(held, points[index], next(self.numbers))


class Grid(Struct):
    """All pairs of a cast, those of one home in a row. Each has two points of its own, each visit its own amount."""

    cast: Cast
    pairs: list[Pair]

    @classmethod
    def of(cls, networks: Cast) -> "Grid":
        numbers = itertools.count(1)
        pairs = [
            Pair(home=home, site=site, number=number, numbers=numbers)
            for number, home in enumerate(networks.homes)
            for site in networks.sites
        ]
        return cls(networks, pairs)

    @property
    def trips(self) -> list[Trip]:
        return [trip for pair in self.pairs for trip in pair.trips]


# --- chapters


async def cards(grid: Grid, out: Transcript) -> None:
    """One after the other, for the times that are told."""
    for pair in grid.pairs:
        pair.blocked = await _refused(pair, card(pair.home.party, BLOCKED, blocked=True), "a blocked card")
        pair.unknown = await _refused(pair, card(NOBODY, pair.number), "a card that nobody knows")
        if pair.good is not ALLOWED:
            pair.asking = await _refused(pair, card(pair.home.party, ALLOWED), "a card that cannot be asked about")
        elif pair.home.lists_cards and pair.home.is_asked:
            pair.listed = await accepted(pair, LISTED)
        pair.trip = await accepted(pair, pair.good)
    for home in grid.cast.homes:
        mine = [pair for pair in grid.pairs if pair.home is home]
        out.held(f"{home.name}'s cards ({home.protocol}): {'; '.join(map(_told, mine))}")


async def sessions(grid: Grid, out: Transcript) -> None:
    """All drivers charge at once; who can see it sees it."""
    trips = grid.trips
    points = [trip.visit.point for trip in trips]
    await at_once([trip.charging.begin() for trip in trips])
    await status_seen(grid.cast.homes, points, Live.CHARGING)
    await at_once([trip.charging.proceed() for trip in trips])
    await at_once([trip.charging.end() for trip in trips])
    await status_seen(grid.cast.homes, points, Live.FREE)
    seeing = " and ".join(home.name for home in grid.cast.homes if home.sees_status)
    out.held(f"{len(points)} EVSEs of {len(grid.cast.sites)} operators were seen charging, and free again, by {seeing}")
    followed = [trip for trip in trips if trip.follows]
    await at_once([follow(trip) for trip in followed])
    out.held(f"{len(followed)} sessions were followed to their end, where both protocols have sessions")


async def remote(grid: Grid, out: Transcript) -> None:
    """A driver's app starts and stops at each host; where a protocol has no remote start, that is said."""
    for pair in grid.pairs:
        held = card(pair.home.party, ALLOWED)
        if pair.home.gives_commands and pair.host.takes_commands:
            pair.commanded = await _commanded(pair, pair.visit(held))
        else:
            pair.refusal = await _not_commanded(pair, held)
    begun = [pair for pair in grid.pairs if pair.commanded]
    out.held(f"{_pairs(begun)} started and stopped from afar: {', '.join(pair.name for pair in begun)}")
    for words in dict.fromkeys(pair.refusal for pair in grid.pairs if pair.refusal):
        refused = [pair.name for pair in grid.pairs if pair.refusal == words]
        out.held(f"{_pairs(refused)} refused, in the words “{words}”: {', '.join(refused)}")


async def reservations(grid: Grid, out: Transcript) -> None:
    """A driver's app keeps a point free at each host and gives it back; where a protocol cannot, that is said."""
    kept: list[Pair] = []
    refused: dict[str, list[str]] = {}
    for pair in grid.pairs:
        held = card(pair.home.party, ALLOWED)
        if pair.home.reserves and pair.host.takes_reservations:
            await _reserved(pair, held)
            kept.append(pair)
        else:
            refused.setdefault(await _not_reserved(pair, held), []).append(pair.name)
    out.held(f"{_pairs(kept)} reserved and gave back: {', '.join(pair.name for pair in kept)}")
    for words, names in refused.items():
        out.held(f"{_pairs(names)} refused, in the words “{words}”: {', '.join(names)}")


async def bills(grid: Grid, admin: Admin, out: Transcript) -> None:
    """One after the other, for the times that are told."""
    for trip in grid.trips:
        await trip.charging.bill()
        await billed(trip, admin)
    amounts = sum(trip.bill is not None and trip.bill.net is not None for trip in grid.trips)
    out.held(f"{len(grid.trips)} CDRs are at their home networks, exact; {amounts} with their amount")


async def silence(grid: Grid, out: Transcript) -> None:
    """All at once, so that the story waits for one deadline only."""

    async def one(pair: Pair) -> None:
        pair.silent = await _refused(pair, card(pair.home.party, SILENT, silent=True), "a card whose issuer is silent")

    asked = [pair for pair in grid.pairs if pair.home.is_asked]
    await asyncio.gather(*map(one, asked))
    understood = ", ".join(f"{pair.silent} at {pair.host.name}" for pair in asked if pair.home is asked[0].home)
    out.held(f"{len(asked)} hosts got their no within the deadline, while the home network was silent ({understood})")


# --- steps


async def accepted(pair: Pair, number: int) -> Trip:
    """The good card of this number, a listed one at the other point. Raises NotAsTold for a no."""
    stay = pair.visit(card(pair.home.party, number), other=number == LISTED)
    return await authorised(pair.home, pair.host, stay)


async def _refused(pair: Pair, held: Card, what: str) -> Verdict:
    """How the host understood it. Raises NotAsTold for a yes."""
    verdict = await pair.host.charging(pair.visit(held)).authorise()
    if verdict is Verdict.ALLOWED:
        raise NotAsTold(f"{what} of {pair.home.name} was accepted at {pair.host.name}")
    return verdict


async def _commanded(pair: Pair, stay: Visit) -> Trip:
    """Started and stopped by the driver's app."""
    try:
        started, charging = await asyncio.gather(pair.home.start(stay.card, stay.point), pair.host.started(stay))
        await charging.begin()
        await charging.proceed()
        await pair.home.stop(started)
    except Refusal as error:
        raise NotAsTold(f"{pair.name}: a remote command was refused: {error}") from error
    await pair.host.until(lambda: pair.host.stopped(charging), f"the remote stop of {stay.id}")
    await charging.end()
    return Trip(home=pair.home, host=pair.host, charging=charging)


async def _not_commanded(pair: Pair, held: Card) -> str:
    """The words of the refusal. Raises NotAsTold if there is none."""
    try:
        await pair.home.start(held, pair.visit(held).point)
    except Refusal as error:
        return str(error)
    raise NotAsTold(f"{pair.name}: a remote start was accepted, though {pair.host.protocol} has none")


async def _reserved(pair: Pair, held: Card) -> None:
    point = pair.visit(held).point
    try:
        reservation = await pair.home.reserve(held, point, RESERVED_MIN)
        if not pair.host.reserved(point):
            raise NotAsTold(f"{pair.name}: {point.evse_id} is not kept free, though a reservation was accepted")
        await pair.home.give_back(reservation)
    except Refusal as error:
        raise NotAsTold(f"{pair.name}: a reservation was refused: {error}") from error
    if pair.host.reserved(point):
        raise NotAsTold(f"{pair.name}: {point.evse_id} is kept free, though it was given back")


async def _not_reserved(pair: Pair, held: Card) -> str:
    """The words of the refusal. Raises NotAsTold if there is none."""
    try:
        await pair.home.reserve(held, pair.visit(held).point, RESERVED_MIN)
    except Refusal as error:
        return str(error)
    raise NotAsTold(f"{pair.name}: a reservation was accepted, though one of the protocols has none")


def _told(pair: Pair) -> str:
    refused = f"blocked: {pair.blocked}, unknown: {pair.unknown}"
    listed = ", if listed" if pair.good is LISTED else ""
    took_s = pair.trip.authorise_s if pair.trip else None
    return f"at {pair.host.name} good in {(took_s or 0.0) * 1000:.0f} ms{listed}, {refused}"


def _pairs(found: Sequence[object]) -> str:
    return f"{len(found)} pair{'s' if len(found) != 1 else ''}"
