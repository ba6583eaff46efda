"""Writes docs/translation.md: the fidelity matrix, what each protocol does not carry, and the code tables.

python -m gateway.translation.document docs/translation.md
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from gateway.translation.carriage import CARRIAGE
from gateway.translation.catalogue import LOST, NONE, PROTOCOLS, TOPICS, Topic, other_tables, text, word
from gateway.translation.matrix import Cell, cell, says
from gateway.translation.model import Kind
from gateway.translation.translate import DIALECTS
from mappings.ochp.languages import TWO_LETTERS
from mappings.ocpi.locations import ONE_ZONE
from mappings.oicp.opening_times import DAYS
from mappings.oicp.times import ZONES, zone_to_oicp
from mappings.tables import CodeTable

PREFACE: Final = Path("docs/translation-preface.md")
"""Written by hand: what a reader needs first, and where this product decides otherwise than others do."""


def document(preface: str) -> str:
    parts = [preface.rstrip(), *_matrix(), *_fields(), *_tables(), *_rules()]
    return "\n\n".join(parts) + "\n"


def _matrix() -> Iterator[str]:
    yield "## Fidelity"
    yield (
        "Rows are the source, columns the target. `exact`: everything arrives. `n fields`: members of the "
        "canonical object that the source can say and the target does not carry, if they are set. `n values`: "
        "codes that the target says by a broader word, or not at all. `–`: there is no such translation; the "
        "reason stands below. `W`: under conditions that stand below nothing is sent at all. A field or value "
        "counts only where it occurs: the report of a translation names those of its own payload. Besides, values "
        "that are outside a target's form (a text that is too long, a fraction of a kilowatt) are shortened or "
        "rounded, and reported."
    )
    for kind in Kind:
        yield f"### {kind.value}"
        cells = {(source, target): cell(kind, source, target) for source in DIALECTS for target in DIALECTS}
        if all(one.impossible for one in cells.values()):
            yield "Not translated between any two protocols yet."
            continue
        head = ["from \\ to", *DIALECTS]
        rows = [[source, *(_shown(cells[source, target]) for target in DIALECTS)] for source in DIALECTS]
        yield _table(head, rows)
        yield from _withheld(kind, cells.values())


def _shown(found: Cell) -> str:
    return f"{found.verdict} W" if found.withheld else found.verdict


def _withheld(kind: Kind, cells: Iterable[Cell]) -> Iterator[str]:
    reasons = dict.fromkeys(found.impossible for found in cells if found.impossible)
    lines = [f"- – {reason}" for reason in reasons]
    for target, carried in CARRIAGE.items():
        why = carried[kind].withheld if kind in carried and kind in DIALECTS[target].writes else {}
        lines += [f"- W to {target}, by `{path}`: {reason}" for path, reason in why.items()]
    if lines:
        yield "\n".join(lines)


def _fields() -> Iterator[str]:
    yield "## Fields that are not carried"
    yield (
        "Canonical fields by kind; why the protocols do not carry them. A field that a protocol does not carry it "
        "does not bring either, so it is lost only on the way from those that say it."
    )
    for kind in Kind:
        carried = {name: by_kind[kind] for name, by_kind in CARRIAGE.items() if kind in by_kind}
        paths = dict.fromkeys(path for one in carried.values() for path in one.not_carried)
        if not paths:
            continue
        rows = [
            [
                f"`{path}`",
                ", ".join(name for name, one in carried.items() if says(one, path)),
                "; ".join(
                    f"{name}: {one.not_carried[path]}" for name, one in carried.items() if path in one.not_carried
                ),
            ]
            for path in paths
        ]
        yield f"### {kind.value}: fields"
        yield _table(["field", "carried by", "not carried by, because"], rows)


def _tables() -> Iterator[str]:
    yield "## Code tables"
    yield (
        "One row a code of the model. `=`: the same both ways. `→`: goes out as this word, which says less or "
        "something near. `←`: this word comes in as the code, and says more than it. `∅`: no word; left out and "
        "reported. A protocol without a column has no such notion."
    )
    for topic in TOPICS:
        yield from _topic(topic)
    yield "### Words of one protocol"
    yield "OCPI has these codes alone, or a version of it has a closed list; by mapping and table."
    for name, table in other_tables():
        yield f"**{name}**: " + ", ".join(_pairs(table))


def _topic(topic: Topic) -> Iterator[str]:
    yield f"### {topic.title}"
    shown = [name for name in PROTOCOLS if name in topic.columns]
    cells = {name: topic.columns[name].cells() for name in shown}
    codes = dict.fromkeys(code for name in shown for code in cells[name])
    rows = [
        [f"`{code}`", *("; ".join(cells[name].get(code, [topic.columns[name].rest])) for name in shown)]
        for code in codes
    ]
    yield _table(["model", *(f"{name}, {topic.columns[name].source}" for name in shown)], rows)
    notes = [
        f"- {name} {note}"
        for name in shown
        if (table := topic.columns[name].table) is not None
        for note in _notes(table)
    ]
    if notes:
        yield "\n".join(notes)


def _notes(table: CodeTable[Any, Any]) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for code, reason in table.unsent.items():
        by_reason.setdefault(reason, []).append(word(code))
    for reason, codes in by_reason.items():
        yield f"{LOST} {', '.join(codes)}: {reason}"
    for said, reason in table.unread.items():
        yield f"{word(said)} comes in as no code: {reason}"


def _pairs(table: CodeTable[Any, Any]) -> Iterator[str]:
    for said, code in table.both.items():
        yield word(said) if text(said) == text(code) else f"{word(said)} = {word(code)}"
    for said, code in table.lossy_in.items():
        yield f"{word(said)} → {word(code)}"
    for code, said in table.lossy_out.items():
        yield f"{word(said)} ← {word(code)}"
    for code, reason in table.unsent.items():
        yield f"∅ {word(code)} ({reason})"


def _rules() -> Iterator[str]:
    yield "### Countries"
    yield (
        "Addresses have ISO 3166-1 alpha-3 in OCPI (`country`), OICP (`Address.Country`) and OCHP (`country`); "
        "eMIP has no addresses. Parties, EVSE ids and contract ids have alpha-2 in all four, in OICP also a "
        "dialling code (DIN SPEC 91286), which compares equal to the country where only one country has it. The "
        "country of an address is never derived from a party, nor the other way round."
    )
    yield "### Time zones"
    yield (
        "The model, OCPI (`time_zone`) and OCHP (`timeZone`) have IANA names. OICP has the standard offset "
        "(`UTC+01:00`) of the country's zone; it comes in as the one zone of the country with that offset, else "
        "as no zone. OCPI demands a zone: where the source says none, that of the country stands in and is "
        "reported (marked *), and a country with several withholds the location."
    )
    yield _table(["country", "IANA", "OICP"], _zones())
    yield "### Opening hours"
    yield (
        "The model has one interval a weekday (1 Monday to 7 Sunday), as OCPI `regular_hours` and OCHP "
        "`regularHours` have. OICP's groups of days are expanded, and days with the same hours are said together "
        "again. Midnight at the end is `24:00` in the model and OICP, `23:59` in OCPI, which is reported; a "
        "period over midnight is cut there. OCHP has at most seven periods: more are left out and reported. OICP "
        "has no exceptions. Always open is the same in all three."
    )
    yield _table(["OICP, DayType", "weekdays"], [[word(day), ", ".join(map(str, days))] for day, days in DAYS.items()])
    yield "### Languages"
    yield "OCPI and OICP have two letters, OCHP three (ISO 639-3): " + ", ".join(
        f"`{three}` = `{two}`" for three, two in TWO_LETTERS.items()
    )


def _zones() -> list[list[str]]:
    names = {country: list(zones) for country, zones in ZONES.items()}
    for country, zone in ONE_ZONE.items():
        names.setdefault(country, [zone])
    return [
        [
            country,
            ", ".join(f"`{zone}`{'*' * (ONE_ZONE.get(country) == zone)}" for zone in zones),
            ", ".join(f"`{zone_to_oicp(zone)}`" for zone in zones) if country in ZONES else NONE,
        ]
        for country, zones in sorted(names.items())
    ]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(PREFACE.read_text()))
