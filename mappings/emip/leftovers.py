"""What an eMIP message says beyond the model: put aside on the way in, put back on the way out.

A mapping in builds the canonical object, maps it out again, and keeps what did not come back the same. So eMIP -> core
-> eMIP returns what came; spellings of ids are not kept, because eMIP sends one.
"""

import typing
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from core.model.base import Extensions, pack_extension, unpack_extension

PROTOCOL: Final = "emip"
EXTRA: Final = "-extra"


def put_aside(extensions: Extensions, original: Struct, produced: Mapping[str, Any]) -> None:
    """Writes what of `original` differs from `produced` (Python names).

    The canonical object that carries `extensions` is being built, nobody else has seen it yet."""
    kept = {
        encoded: value
        for name, (encoded, _) in _members(type(original)).items()
        if name in produced and (value := getattr(original, name)) != produced[name]
    }
    extra = getattr(original, "extra", None)
    if extra:
        kept[EXTRA] = extra
    extensions[PROTOCOL] = pack_extension(kept)


def put_back(extensions: Extensions, members: dict[str, Any], wire_type: type[Struct]) -> bool:
    """Writes what was put aside over `members`. False if the object did not come from eMIP."""
    if PROTOCOL not in extensions:
        return False
    kept = unpack_extension(extensions, PROTOCOL)
    for name, (encoded, hint) in _members(wire_type).items():
        if encoded in kept:
            members[name] = msgspec.convert(kept[encoded], hint)
    return True


def own(extensions: Extensions, name: str) -> Any:
    """One thing that was put aside, as plain data."""
    return unpack_extension(extensions, PROTOCOL).get(name)


@lru_cache(maxsize=64)
def _members(wire_type: type[Struct]) -> dict[str, tuple[str, Any]]:
    hints = typing.get_type_hints(wire_type, include_extras=True)
    return {field.name: (field.encode_name, hints[field.name]) for field in msgspec.structs.fields(wire_type)}
