"""What a translation loses, found by comparing one canonical object with the tables of the mapping."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from functools import cached_property, lru_cache
from operator import attrgetter, itemgetter
from typing import Any

import msgspec
from msgspec import Struct

from core.model.ids import ContractId, EvseId, PartyId, TokenUid
from core.model.loss import Loss, LossKind
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


class _Walk:
    """All rows of a table as one walk over the object, each level read at once."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, bool], list[tuple[int, _Row]]] = {}
        self._below: dict[tuple[str, bool], _Walk] = {}
        self._made: dict[type, tuple[Callable[[Any], tuple[Any, ...]], tuple[Any, ...], tuple[_Step, ...]]] = {}

    def add(self, path: str, number: int, row: _Row) -> None:
        first, _, rest = path.partition(".")
        step = first.removesuffix("[]"), first.endswith("[]")
        if rest:
            self._below.setdefault(step, _Walk()).add(rest, number, row)
        else:
            self._rows.setdefault(step, []).append((number, row))

    def visit(self, value: Any, here: Here, found: list[tuple[int, Loss]]) -> None:
        kind = type(value)
        if kind is dict:
            read, defaults, steps = self._of_dict
        else:
            read, defaults, steps = self._made.get(kind) or self._make(kind)
        members = read(value)
        if members == defaults:
            return
        for member, default, (name, spread, rows, below) in zip(members, defaults, steps, strict=True):
            if member is None or member == default:
                continue
            if not spread:
                _visit(member, (here, name, -1), rows, below, found)
                continue
            for index, item in enumerate(member):
                _visit(item, (here, name, index), rows, below, found)

    def _make(self, kind: Any) -> Any:
        steps = self._steps()
        defaults = _defaults(kind)
        names = [name for name, *_ in steps]
        self._made[kind] = _reader(names), tuple(defaults[name] for name in names), steps
        return self._made[kind]

    @cached_property
    def _of_dict(self) -> Any:
        steps = self._steps()
        names = [name for name, *_ in steps]
        return lambda value: tuple(map(value.get, names)), (None,) * len(names), steps

    def _steps(self) -> "tuple[_Step, ...]":
        both = dict.fromkeys((*self._rows, *self._below))
        return tuple((*step, tuple(self._rows.get(step, ())), self._below.get(step)) for step in both)


_Step = tuple[str, bool, tuple[tuple[int, _Row], ...], _Walk | None]


def _visit(
    value: Any,
    here: Here,
    rows: tuple[tuple[int, _Row], ...],
    below: _Walk | None,
    found: list[tuple[int, Loss]],
) -> None:
    for number, row in rows:
        if isinstance(row, str):
            found.append((number, _lost(_path(here), row, value)))
        elif row.loses(value) and (loss := row.loss(value, _path(here))):
            found.append((number, loss))
    if below is not None:
        below.visit(value, here, found)


def _path(here: Here) -> str:
    if here is None:
        return ""
    before, name, index = here
    return (_path(before) + "." if before else "") + (name if index < 0 else f"{name}[{index}]")


def _reader(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) == 1:
        return lambda value: (getattr(value, names[0]),)
    return attrgetter(*names) if names else lambda _: ()


_walks: dict[Any, tuple[NotCarried, Any, _Walk]] = {}
_WALKS_KEPT = 256


def _walked(not_carried: NotCarried, codes: Mapping[str, CodeTable[Any, Any]] | None) -> _Walk:
    """Made once for a table; tables are constants, and are known by their identity."""
    key = (id(not_carried), *((path, id(table)) for path, table in codes.items())) if codes else id(not_carried)
    if held := _walks.get(key):
        return held[2]
    walk = _Walk()
    rows: list[tuple[str, _Row]] = [*not_carried.items(), *(codes or {}).items()]
    for number, (path, row) in enumerate(rows):
        walk.add(path, number, row)
    if len(_walks) >= _WALKS_KEPT:
        _walks.clear()
    _walks[key] = not_carried, codes, walk  # holds the tables, so that no other object takes their identity
    return walk


def _lost(path: str, reason: str, value: Any) -> Loss:
    if path.rpartition(".")[2] in SECRETS:
        return Loss(path=path, reason=reason, kind=LossKind.WITHHELD)
    return Loss(path=path, reason=reason, value=plain(value))


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
    read = _reader([name for name, _ in defaults])

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
