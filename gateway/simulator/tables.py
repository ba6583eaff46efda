"""What the grid shows in the end: a row for each pair, and all pairs at a glance."""

from gateway.simulator.grid import Grid, Pair
from gateway.simulator.network import NotAsTold

NONE = "–"
"""Not of these protocols."""
COLUMNS = ("drivers of, at", "authorise ms", "hub's own", "session", "remote start", "CDR", "net EUR", "lost")


def rows(grid: Grid) -> list[tuple[str, ...]]:
    return [_row(pair) for pair in grid.pairs]


def marks(grid: Grid) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Its head and its rows: what works between a driver's network and a station's."""
    head = ("drivers of, at stations of", *(f"{site.host.name} ({site.host.protocol})" for site in grid.cast.sites))
    body = [
        (f"{home.name} ({home.protocol})", *(_cell(pair) for pair in grid.pairs if pair.home is home))
        for home in grid.cast.homes
    ]
    return head, body


def _row(pair: Pair) -> tuple[str, ...]:
    trip = pair.trip
    if trip is None or trip.bill is None or trip.authorise_s is None:
        raise NotAsTold(f"{pair.name} was not played to its end")
    return (
        pair.name,
        f"{trip.authorise_s * 1000:.1f}",
        f"{max(trip.authorise_s - trip.home_s, 0) * 1000:.1f}",
        "followed" if trip.follows else NONE,
        "started, stopped" if pair.commanded else NONE,
        f"{trip.way}, {trip.arrived_s * 1000:.0f} ms",
        NONE if trip.bill.net is None else str(trip.bill.net),
        trip.losses,
    )


def _cell(pair: Pair) -> str:
    session = "session" if pair.trip and pair.trip.follows else NONE
    start = "start" if pair.commanded else NONE
    return f"card {session:^7} {start:^5} CDR"
