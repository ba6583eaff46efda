"""What an OICP message says beyond the model: put aside on the way in, put back on the way out.

A mapping in builds the canonical object, maps it out again at once, and keeps every member that did not come back the
same (other spelling, more digits, a local offset, a word of OICP only). So nothing has to be listed by hand, and
OICP -> core -> OICP returns exactly what came. The original wins over what the model would say: only the owner changes
an object, and a change brings new leftovers.
"""

import typing
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from core.model.base import Extensions, pack_extension, unpack_extension
from mappings.members import reader

PROTOCOL: Final = "oicp"


def put_aside(extensions: Extensions, original: Struct, members: dict[str, Any]) -> None:
    """Writes into `extensions` the members of `original` that differ from `members` (Python names).

    The canonical object that carries `extensions` is being built, nobody else has seen it yet."""
    names, read = _reader(type(original))
    kept = {
        encoded: value
        for (name, encoded), value in zip(names, read(original), strict=True)
        if name in members and value != members[name]
    }
    extra = getattr(original, "extra", None)
    if extra is not None:
        kept["-extra"] = extra
    extensions[PROTOCOL] = pack_extension(kept) if kept else "{}"


def put_back(
    extensions: Extensions, members: dict[str, Any], struct: type[Struct]
) -> tuple[frozenset[str], frozenset[str]]:
    """Writes what was put aside over `members`.

    Returns the Python names of what it wrote, and of what `struct` does not take (a message of a wider profile)."""
    text = extensions.get(PROTOCOL)
    if not text or text == "{}":
        return _NOTHING
    types = _types(struct)
    written, refused = [], []
    for encoded, value in unpack_extension(extensions, PROTOCOL).items():
        if encoded not in types:
            continue
        name, hint = types[encoded]
        try:
            members[name] = msgspec.convert(value, hint)
        except msgspec.ValidationError:
            refused.append(name)
        else:
            written.append(name)
    return frozenset(written), frozenset(refused)


_NOTHING: Final[tuple[frozenset[str], frozenset[str]]] = (frozenset(), frozenset())


def members_of(message: Struct) -> dict[str, Any]:
    """The members of a message by Python name, without what the specification does not know."""
    return {name: getattr(message, name) for name, _ in _names(type(message))}


@lru_cache(maxsize=64)
def _names(struct: type[Struct]) -> tuple[tuple[str, str], ...]:
    fields = msgspec.structs.fields(struct)
    return tuple((field.name, field.encode_name) for field in fields if field.name != "extra")


@lru_cache(maxsize=64)
def _reader(struct: type[Struct]) -> tuple[tuple[tuple[str, str], ...], Any]:
    names = _names(struct)
    return names, reader([name for name, _ in names])


@lru_cache(maxsize=64)
def _types(struct: type[Struct]) -> dict[str, tuple[str, Any]]:
    hints = typing.get_type_hints(struct)
    return {field.encode_name: (field.name, hints[field.name]) for field in msgspec.structs.fields(struct)}
