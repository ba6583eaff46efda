"""What a translation loses, found by comparing one canonical object with the tables of the mapping."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from functools import lru_cache
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
    found = [
        _lost(path, reason, value) for row, reason in not_carried.items() for path, value in present(canonical, row)
    ]
    for row, table in (codes or {}).items():
        found += [loss for path, code in present(canonical, row) if (loss := table.loss(code, path))]
    return tuple(found)


def _lost(path: str, reason: str, value: Any) -> Loss:
    if path.rpartition(".")[2] in SECRETS:
        return Loss(path=path, reason=reason, kind=LossKind.WITHHELD)
    return Loss(path=path, reason=reason, value=plain(value))


def present(canonical: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every non-default value under `path`, with its exact path (`evses[0].parking`)."""
    places: list[tuple[str, Any]] = [("", canonical)]
    for name, spread in _steps(path):
        places = [step for here, value in places for step in _step(here, value, name, spread)]
    yield from places


def plain(value: Any) -> Any:
    """Plain JSON for people: ids in their own spelling, numbers as numbers."""
    if isinstance(value, EvseId | ContractId | TokenUid | PartyId):
        return str(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Struct):
        kind: Any = type(value)
        defaults = _defaults(kind)
        pairs = ((name, getattr(value, name)) for name in value.__struct_fields__)
        return {name: plain(member) for name, member in pairs if member != defaults[name]}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return msgspec.to_builtins(value)


def _step(here: str, value: Any, name: str, spread: bool) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        inner, default = value.get(name), None
    else:
        kind: Any = type(value)
        inner, default = getattr(value, name), _defaults(kind)[name]
    if inner is None or inner == default:
        return
    path = f"{here}.{name}" if here else name
    if spread:
        yield from ((f"{path}[{index}]", item) for index, item in enumerate(inner))
    else:
        yield path, inner


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[tuple[str, bool], ...]:
    return tuple((part.removesuffix("[]"), part.endswith("[]")) for part in path.split("."))


@lru_cache(maxsize=256)
def _defaults(struct: Any) -> dict[str, Any]:
    return {field.name: _default(field) for field in msgspec.structs.fields(struct)}


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        factory: Callable[[], Any] = field.default_factory
        return factory()
    return field.default
