"""How true a translation is, for every kind and every pair of protocols, computed from what each one does not carry."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from core.model.loss import Loss
from gateway.translation.carriage import CARRIAGE, Carriage
from gateway.translation.model import Kind
from gateway.translation.translate import DIALECTS
from mappings.tables import CodeTable

EXACT: Final = "exact"


class Cell(Struct, frozen=True, kw_only=True):
    """`impossible` says why there is no such translation. Else `members` are the fields that may be lost, `codes` the
    values that go out as a broader word or not at all, both path -> reason, and `withheld` when nothing is sent."""

    impossible: str | None = None
    members: Mapping[str, str] = {}
    codes: Mapping[str, str] = {}
    withheld: Mapping[str, str] = {}

    @property
    def verdict(self) -> str:
        if self.impossible is not None:
            return "–"
        counted = [(len(self.members), "field"), (len(self.codes), "value")]
        said = " · ".join(f"{number} {name}{'s' * (number > 1)}" for number, name in counted if number)
        return said or EXACT


def cell(kind: Kind, source: str, target: str) -> Cell:
    """What came from a protocol goes back to it whole."""
    impossible = why_not(kind, source, target)
    if impossible is not None:
        return Cell(impossible=impossible)
    if source == target:
        return Cell()
    said, sent = CARRIAGE[source][kind], CARRIAGE[target][kind]
    members = {path: why for path, why in sent.not_carried.items() if says(said, path)}
    codes = {
        f"{path} = {code}": loss.reason
        for path, table in sent.codes.items()
        if says(said, path)
        for code, loss in _lost_codes(table, said.codes.get(path)).items()
    }
    return Cell(members=members, codes=codes, withheld=sent.withheld)


def why_not(kind: Kind, source: str, target: str) -> str | None:
    """Why there is no such translation; None if there is."""
    reads, writes = DIALECTS[source], DIALECTS[target]
    if kind not in reads.reads:
        return f"{source}: {reads.why.get(kind, 'not translated yet')}"
    if kind not in writes.writes:
        return f"{target}: {writes.why.get(kind, 'not translated yet')}"
    return None


def says(carriage: Carriage, path: str) -> bool:
    """Whether the protocol's messages have the field: they carry it and what it is part of, or only bring it in."""
    if path in carriage.only_read:
        return True
    parts = path.split(".")
    heads = [".".join(parts[: number + 1]) for number in range(len(parts))]
    gone = {known.removesuffix("[]") for known in carriage.not_carried}
    return not any(head.removesuffix("[]") in gone for head in heads)


def _lost_codes(table: CodeTable[Any, Any], said: CodeTable[Any, Any] | None) -> dict[str, Loss]:
    """Of the codes that the source can say; it can say all where it has no table for them."""
    codes = [*table.lossy_out, *table.unsent]
    if said is not None:
        can = {*said.both.values(), *said.lossy_in.values()}
        codes = [code for code in codes if code in can]
    found = {code: table.loss(code, "") for code in codes}
    return {_spelled(code): loss for code, loss in found.items() if loss is not None}


def _spelled(code: Any) -> str:
    return "/".join(map(str, code)) if isinstance(code, tuple) else str(code)
