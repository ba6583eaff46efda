"""Home networks that are away in the middle of a charge, and what they get when they return."""

import asyncio

from gateway.simulator.access import Admin
from gateway.simulator.crowd import at_once
from gateway.simulator.grid import LISTED, Grid, accepted
from gateway.simulator.roles import Live
from gateway.simulator.transcript import Transcript
from gateway.simulator.trips import Trip, billed, follow, status_seen

PATIENCE_S = 60.0


async def outages(grid: Grid, admin: Admin, out: Transcript) -> list[Trip]:
    """Pushes are lost and fetched later; CDRs wait in their workflows; listed cards work on."""
    homes = grid.cast.homes
    before = [await accepted(pair, pair.good) for pair in grid.pairs if pair.home.is_asked]
    await at_once([trip.charging.begin() for trip in before])
    await asyncio.gather(*(home.switch_off() for home in homes))
    out.tell(f"{len(before)} drivers are charging when the home networks are switched off, all at once.")

    listed = [await accepted(pair, LISTED) for pair in grid.pairs if pair.home.lists_cards]
    out.held(f"{len(listed)} drivers came with cards that others may accept without asking, and were let charge")
    await at_once([trip.charging.begin(lenient=True) for trip in listed])
    trips = before + listed
    await at_once([_to_its_end(trip) for trip in trips])
    out.held(f"all {len(trips)} charged to the end, and the hub took their CDRs")
    broken = [site.operator.points[-1] for site in grid.cast.sites]
    for site, point in zip(grid.cast.sites, broken, strict=True):
        await site.host.show(point, Live.BROKEN)

    await asyncio.gather(*(home.switch_on() for home in homes))
    out.tell("They are switched on again, and fetch what they missed.")
    await asyncio.gather(*(home.catch_up() for home in homes))
    await status_seen(homes, broken, Live.BROKEN)
    out.held(f"they learned that {', '.join(point.evse_id for point in broken)} went out of order meanwhile")
    missed = [trip for trip in before if trip.follows_later]
    await at_once([follow(trip, PATIENCE_S) for trip in missed])
    out.held(f"they learned of the end of the {len(missed)} sessions that they had followed")
    await at_once([billed(trip, admin, patience_s=PATIENCE_S) for trip in trips])
    out.held(f"all {len(trips)} CDRs reached them, exact")
    for site, point in zip(grid.cast.sites, broken, strict=True):
        await site.host.show(point, Live.FREE)
    return trips


async def _to_its_end(trip: Trip) -> None:
    await trip.charging.proceed(lenient=True)
    await trip.charging.end(lenient=True)
    await trip.charging.bill()
