"""What a translation loses, found by comparing one canonical object with the tables of the mapping."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any

import msgspec
from msgspec import Struct

from core.model.ids import ContractId, EvseId, PartyId, TokenUid
from core.model.loss import Loss, LossKind
from mappings.members import reader
from mappings.tables import CodeTable

SECRETS = frozenset({"pin", "pin_hash"})
"""Fields whose value no report may show."""
NotCarried = Mapping[str, str]
"""Canonical field path (`evses[].parking`, `price.taxes`) -> why the other side does not get it."""


def losses(
    canonical: Struct, not_carried: NotCarried, codes: Mapping[str, CodeTable[Any, Any]] | None = None
) -> tuple[Loss, ...]:
    """The losses of *this* object:

    a row counts only where its field differs from its default. `codes` gives the code tables by path; their one-way
    rows count where the object holds such a code."""
    found: list[tuple[int, Loss]] = []
    _walked(not_carried, codes).visit(canonical, None, found)
    found.sort(key=_row)  # in the order of the tables, whatever the order of the walk
    return tuple(loss for _, loss in found)


_row = itemgetter(0)
_Row = str | CodeTable[Any, Any]
"""The reason of a loss, or the table that knows it."""
Here = tuple["Here | None", str, int] | None
"""Where a walk is: the step before, the field, and the index in it or -1. Written out only where something is lost."""


class _Step:
    """One field: what its presence loses, and the fields below it. `spread`: what holds for its items, each alone."""

    __slots__ = ("below", "name", "reasons", "spread", "tables")

    def __init__(self, name: str, spread: bool) -> None:
        self.name = name
        self.spread = spread
        self.reasons: list[tuple[int, str]] = []
        self.tables: list[tuple[int, CodeTable[Any, Any]]] = []
        self.below: _Walk | None = None

    def at(self, value: Any, here: Here, found: list[tuple[int, Loss]]) -> None:
        for number, reason in self.reasons:
            if self.name in SECRETS:
                loss = Loss(path=_path(here), reason=reason, kind=LossKind.WITHHELD)
            else:
                loss = Loss(path=_path(here), reason=reason, value=plain(value))
            found.append((number, loss))
        for number, table in self.tables:
            if table.loses(value) and (narrowed := table.loss(value, _path(here))):
                found.append((number, narrowed))
        if self.below is not None:
            self.below.visit(value, here, found)


class _Walk:
    """All rows of a table as one walk over the object, each level read at once."""

    def __init__(self) -> None:
        self._steps: dict[str, _Step] = {}
        self._made: dict[type, tuple[Callable[[Any], tuple[Any, ...]], list[tuple[_Step, Any]], tuple[Any, ...]]] = {}

    def add(self, path: str, number: int, row: _Row) -> None:
        first, _, rest = path.partition(".")
        step = self._steps.setdefault(first, _Step(first.removesuffix("[]"), first.endswith("[]")))
        if rest:
            step.below = step.below or _Walk()
            step.below.add(rest, number, row)
        elif isinstance(row, str):
            step.reasons.append((number, row))
        else:
            step.tables.append((number, row))

    def visit(self, value: Any, here: Here, found: list[tuple[int, Loss]]) -> None:
        read, steps, untouched = self._made.get(type(value)) or self._make(type(value))
        members = read(value)
        if members == untouched:
            return
        for member, (step, default) in zip(members, steps, strict=True):
            if member is None or member == default:
                continue
            if step.spread:
                for index, item in enumerate(member):
                    step.at(item, (here, step.name, index), found)
            else:
                step.at(member, (here, step.name, -1), found)

    def _make(self, kind: Any) -> Any:
        names = [step.name for step in self._steps.values()]
        if kind is dict:
            read, untouched = _dict_reader(names), (None,) * len(names)
        else:
            read, untouched = reader(names), tuple(_defaults(kind)[name] for name in names)
        self._made[kind] = read, list(zip(self._steps.values(), untouched, strict=True)), untouched
        return self._made[kind]


def _path(here: Here) -> str:
    parts: list[str] = []
    while here is not None:
        here, name, index = here
        parts.append(name if index < 0 else f"{name}[{index}]")
    return ".".join(reversed(parts))


def _dict_reader(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    return lambda value: tuple(map(value.get, names))


_walks: dict[Any, tuple[NotCarried, Any, _Walk]] = {}
_WALKS_KEPT = 256


def _walked(not_carried: NotCarried, codes: Mapping[str, CodeTable[Any, Any]] | None) -> _Walk:
    """Made once for a table; tables are constants, and are known by their identity."""
    key = (id(not_carried), *((path, id(table)) for path, table in codes.items())) if codes else id(not_carried)
    if held := _walks.get(key):
        return held[2]
    walk = _Walk()
    lossy = ((path, table) for path, table in (codes or {}).items() if not table.lossless)
    rows: list[tuple[str, _Row]] = [*not_carried.items(), *lossy]
    for number, (path, row) in enumerate(rows):
        walk.add(path, number, row)
    if len(_walks) >= _WALKS_KEPT:
        _walks.clear()
    _walks[key] = not_carried, codes, walk  # holds the tables, so that no other object takes their identity
    return walk


def plain(value: Any) -> Any:
    """Plain JSON for people: ids in their own spelling, numbers as numbers, what is at its default left out."""
    kind = type(value)
    return (_plain.get(kind) or _plain_of(kind))(value)


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _same(value: Any) -> Any:
    return value


def _list(value: Any) -> list[Any]:
    return [plain(item) for item in value]


_plain: dict[type, Callable[[Any], Any]] = {
    **dict.fromkeys((str, int, float, bool, type(None)), _same),
    **dict.fromkeys((EvseId, ContractId, TokenUid, PartyId), str),
    **dict.fromkeys((list, tuple), _list),
    Decimal: _number,
    dict: lambda value: {key: plain(item) for key, item in value.items()},
}
"""How a type is written; others join when they are first met."""


def _plain_of(kind: Any) -> Callable[[Any], Any]:
    if issubclass(kind, Enum):
        found: Callable[[Any], Any] = attrgetter("value")
    elif issubclass(kind, Struct):
        found = _plain_struct(kind)
    else:
        found = msgspec.to_builtins
    _plain[kind] = found
    return found


def _plain_struct(kind: Any) -> Callable[[Any], dict[str, Any]]:
    defaults = tuple(_defaults(kind).items())
    read = reader([name for name, _ in defaults])

    def written(value: Any) -> dict[str, Any]:
        pairs = zip(read(value), defaults, strict=True)
        return {name: plain(member) for member, (name, default) in pairs if member != default}

    return written


@lru_cache(maxsize=256)
def _defaults(struct: Any) -> dict[str, Any]:
    return {field.name: _default(field) for field in msgspec.structs.fields(struct)}


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        factory: Callable[[], Any] = field.default_factory
        return factory()
    return field.default
