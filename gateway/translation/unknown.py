"""What the model has no home for: it travels beside the object and goes back to partners of the same protocol. To all
others it is lost: fields that the specification of the source does not know, and members that the model has no field
for."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from core.errors import RoamingError
from core.model.base import unpack_extension
from core.model.loss import Loss, LossKind
from protocols.transport.soap.xml import local_name, parse

_EXTRA: Final = ("extra", "-extra")
"""Where the mappings put unknown fields aside."""
_NESTED: Final = "in"
"""Those of parts of an object that are no objects of the model."""
_OCPI: Final = "ocpi"
"""Its extensions hold nothing else: the model has a field for every member of OCPI 2.3.0."""
Aside = Iterator[tuple[str, Any]]


def unknown_fields(canonical: Any, source: str) -> tuple[Loss, ...]:
    """`source`: the id of the protocol that the object came from."""
    reason = f"unknown to {source.upper()}; goes back to its own partners only"
    found = ((path, inner) for path, kept in _kept(canonical, source, "") for path, inner in _extra(path, kept))
    return tuple(_loss(path, reason, value) for path, value in found)


def homeless(canonical: Any, source: str, write: Callable[[Any], Any]) -> tuple[Loss, ...]:
    """Known members that `source` would not say if it were written from the model alone, by `write`.

    What comes back in another spelling is not lost."""
    aside = (
        []
        if source == _OCPI
        else [found for path, kept in _kept(canonical, source, "") for found in _known(path, kept)]
    )
    if not aside:
        return ()
    try:
        said = _members(write(_bare(canonical, source)))
    except RoamingError:
        return ()  # without what was put aside the source cannot say it at all
    reason = f"only {source.upper()} has it; goes back to its own partners only"
    return tuple(
        _loss(path, reason, value) for path, value in aside if said and path.rpartition(".")[2].lstrip("@") not in said
    )


def _loss(path: str, reason: str, value: Any) -> Loss:
    """What may be a driver's PIN is not shown."""
    rooted = f"${path}" if path.startswith("[") else f"$.{path}"
    if "pin" in path.rpartition(".")[2].lower():
        return Loss(path=rooted, reason=reason, kind=LossKind.WITHHELD)
    return Loss(path=rooted, reason=reason, value=value)


def _kept(value: Any, source: str, path: str) -> Aside:
    """Path of each object (with a dot behind it) and what was put aside with it."""
    if isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _kept(item, source, f"{path.removesuffix('.')}[{index}].")
    elif isinstance(value, Struct):
        yield path, unpack_extension(getattr(value, "extensions", {}), source)
        for name in value.__struct_fields__:
            yield from _kept(getattr(value, name), source, f"{path}{name}.")


def _extra(path: str, kept: dict[str, Any]) -> Aside:
    for member in _EXTRA:
        for name, value in (kept.get(member) or {}).items():
            yield path + name, value
    for part, extra in (kept.get(_NESTED) or {}).items():
        for name, value in extra.items():
            yield f"{path}{part}.{name}", value


def _known(path: str, kept: dict[str, Any]) -> Aside:
    """OCHP names a member with its one child: `status/CdrStatusType`."""
    for name, value in kept.items():
        if name not in _EXTRA and value not in (None, [], {}):
            yield path + name.partition("/")[0], value


def _bare(value: Any, source: str) -> Any:
    """The same without what `source` put aside."""
    if isinstance(value, list | tuple):
        return type(value)(_bare(item, source) for item in value)
    if not isinstance(value, Struct):
        return value
    changes = {name: _bare(getattr(value, name), source) for name in value.__struct_fields__}
    if "extensions" in changes:
        changes["extensions"] = {name: text for name, text in changes["extensions"].items() if name != source}
    return replace(value, **changes)


def _members(output: Any) -> set[str]:
    if isinstance(output, dict):
        return set(output)
    if isinstance(output, str):
        return {name for one in parse(output.encode()).iter() for name in (local_name(one.tag), *one.attrib)}
    return {name for item in output or () for name in _members(item)}
