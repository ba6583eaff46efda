"""`python -m bench`: every figure a ratio against a reference of the same run, printed as a table."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from bench import (
    authorisation,
    broadcast,
    codecs,
    deep,
    forwarding,
    full_load,
    lists,
    mappings,
    pages,
    pairs,
    peer,
    platform,
    statuses,
)
from bench.material import EVSES, points_of
from bench.rig import Figure, table
from bench.scene import scene
from gateway.simulator.stations import Point

SECTIONS = (
    "statuses", "pages", "authorisation", "load", "mappings", "codecs", "pairs", "lists", "forwarding", "peer", "deep",
    "broadcast", "platform",
)  # fmt: skip


@click.command()
@click.argument("sections", nargs=-1, type=click.Choice(SECTIONS))
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Directory with irve-static.jsonl.gz, the French national data set. Without it EVSEs are made up.",
)
@click.option(
    "--rounds", default=5, show_default=True, type=click.IntRange(1), help="Turns of which the median counts."
)
def main(sections: Sequence[str], data: Path | None, rounds: int) -> None:
    """Measure the hub. SECTIONS: all, unless some are named."""
    figures = asyncio.run(_measure(frozenset(sections or SECTIONS), points_of(data), rounds))
    click.echo(f"\n{EVSES} EVSEs, {'of the national data set' if data else 'made up'}; median of {rounds} turns\n")
    click.echo(table(figures))


async def _measure(sections: frozenset[str], points: list[Point], rounds: int) -> list[Figure]:
    found: list[Figure] = []

    def now(section: str) -> bool:
        if section in sections:
            click.echo(f"measuring: {section}")
        return section in sections

    if now("mappings"):
        found += mappings.measure(points, rounds)
    if now("codecs"):
        found += codecs.measure(points, rounds)
    if now("load"):
        found += await full_load.measure(points, rounds)
    if now("pairs"):
        found += await pairs.measure()
    if now("lists"):
        found += await lists.measure(points)
    if now("deep"):
        found += await deep.measure(points, rounds)
    if now("broadcast"):
        found += await broadcast.measure(points, rounds)
    if now("platform"):
        found += await platform.measure(points, rounds)
    if sections & {"statuses", "pages", "authorisation", "forwarding", "peer"}:
        async with scene(points) as made:
            if now("statuses"):
                found += await statuses.measure(made, rounds)
            if now("pages"):
                found += await pages.measure(made, rounds)
            if now("authorisation"):
                found += await authorisation.measure(made, rounds)
            if now("forwarding"):
                found += await forwarding.measure(made, rounds)
            if now("peer"):
                found += await peer.measure(made, rounds)
    return sorted(found, key=lambda figure: _letter(figure, found))


def _letter(figure: Figure, figures: Sequence[Figure]) -> str:
    """Of the section: that of the nearest figure above that names one."""
    return next(one.name[:3] for one in reversed(figures[: figures.index(figure) + 1]) if one.name.startswith("("))


if __name__ == "__main__":
    main()
