"""What an OCHP record says beyond the model: put aside on the way in, put back on the way out.

A mapping in builds the canonical object, maps it out again at once, and keeps every member that did not come back the
same, down to the digits of a number. So OCHP -> core -> OCHP returns what came without a list of what to keep. The
original wins over what the model would say: only the owner changes an object, and a change brings new leftovers.
"""

import typing
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from core.model.base import Extensions, pack_extension, unpack_extension

PROTOCOL: Final = "ochp"
NOTHING: Final = "{}"


def put_aside(extensions: Extensions, original: Struct, members: dict[str, Any]) -> None:
    """Writes into `extensions` the members of `original` that differ from `members` (Python names).

    The canonical object that carries `extensions` is being built, nobody else has seen it yet."""
    kept = {
        encoded: value
        for name, encoded, exact in _names(type(original))
        if name in members and not _same(value := getattr(original, name), members[name], exact)
    }
    extra = getattr(original, "extra", None)
    if extra is not None:
        kept["-extra"] = extra
    extensions[PROTOCOL] = pack_extension(kept) if kept else NOTHING


def put_back(extensions: Extensions, members: dict[str, Any], struct: type[Struct]) -> frozenset[str]:
    """Writes what was put aside over `members`; returns the Python names of what it wrote."""
    text = extensions.get(PROTOCOL)
    if not text or text == NOTHING:
        return frozenset()
    types = _types(struct)
    written = []
    for encoded, value in unpack_extension(extensions, PROTOCOL).items():
        if encoded in types:
            name, hint = types[encoded]
            members[name] = msgspec.convert(value, hint)
            written.append(name)
    return frozenset(written)


def _same(one: Any, other: Any, exact: bool) -> bool:
    """`exact`: there are numbers in it, and 22.0 is not 22."""
    return bool(one == other) and (not exact or repr(one) == repr(other))


@lru_cache(maxsize=64)
def _names(struct: type[Struct]) -> tuple[tuple[str, str, bool], ...]:
    hints = typing.get_type_hints(struct)
    fields = msgspec.structs.fields(struct)
    return tuple(
        (field.name, field.encode_name, _has_numbers(hints[field.name])) for field in fields if field.name != "extra"
    )


def _has_numbers(hint: Any) -> bool:
    if hint is Decimal:
        return True
    if isinstance(hint, type) and issubclass(hint, Struct):
        inner = typing.get_type_hints(hint)
        return any(_has_numbers(inner[name]) for name in hint.__struct_fields__ if name != "extra")
    return any(_has_numbers(part) for part in typing.get_args(hint))


@lru_cache(maxsize=64)
def _types(struct: type[Struct]) -> dict[str, tuple[str, Any]]:
    hints = typing.get_type_hints(struct)
    return {field.encode_name: (field.name, hints[field.name]) for field in msgspec.structs.fields(struct)}
