"""How a wire type lies in XML, read once from its annotations.

The encoded name of a field says where its value is:

- `contractId`: a child element;
- `expiryDate/DateTime`: a child element that holds one element, which holds the value;
- `@lat`: an attribute.

The order of the fields is the order on the wire; a tuple is a repeated element. The element of a message is the name of
its class, or its class variable `element`. `Meta(extra={"collapse": True})` marks text around which space means
nothing.
"""

import types
import typing
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Struct

EXTRA: Final = "-extra"
"""Encoded name of the field that keeps what the specification does not know."""


class Schema(Struct, frozen=True):
    """The namespace of a protocol's messages; `qualified`: that of their children too (elementFormDefault)."""

    namespace: str
    qualified: bool = True

    def tag(self, name: str) -> str:
        """Of a child."""
        return f"{{{self.namespace}}}{name}" if self.qualified else name

    def root(self, name: str) -> str:
        return f"{{{self.namespace}}}{name}"


class FieldShape(Struct, frozen=True):
    """`steps` are the nested elements (none for an attribute); `kind` is the type of the value."""

    name: str
    encoded: str
    steps: tuple[str, ...]
    attribute: str | None
    many: bool
    kind: Any
    collapse: bool
    least: int

    @property
    def is_struct(self) -> bool:
        return isinstance(self.kind, type) and issubclass(self.kind, Struct)


@lru_cache(maxsize=512)
def shape_of(wire_type: Any) -> tuple[FieldShape, ...]:
    """The fields in their order, without `extra`."""
    hints = typing.get_type_hints(wire_type, include_extras=True)
    fields = msgspec.structs.fields(wire_type)
    found = [_field(field, hints[field.name]) for field in fields if field.encode_name != EXTRA]
    names = wire_type.__struct_fields__
    return tuple(sorted(found, key=lambda shape: names.index(shape.name)))


def keeps_unknown(wire_type: Any) -> bool:
    return any(field.encode_name == EXTRA for field in msgspec.structs.fields(wire_type))


def element_name(wire_type: Any) -> str:
    return str(getattr(wire_type, "element", wire_type.__name__))


def _field(field: msgspec.structs.FieldInfo, hint: Any) -> FieldShape:
    outer, metas = _bare(hint)
    many = typing.get_origin(outer) is tuple
    kind, inner = _bare(typing.get_args(outer)[0]) if many else (outer, metas)
    encoded = field.encode_name
    return FieldShape(
        name=field.name,
        encoded=encoded,
        steps=() if encoded.startswith("@") else tuple(encoded.split("/")),
        attribute=encoded[1:] if encoded.startswith("@") else None,
        many=many,
        kind=kind,
        collapse=any((meta.extra or {}).get("collapse") for meta in (*metas, *inner)),
        least=max([meta.min_length or 0 for meta in metas] or [0]) if many else 0,
    )


def _bare(hint: Any) -> tuple[Any, tuple[msgspec.Meta, ...]]:
    """The type without Annotated and without None, and the Metas that stood on it."""
    metas: tuple[msgspec.Meta, ...] = ()
    while True:
        origin = typing.get_origin(hint)
        if origin is typing.Annotated:
            hint, *notes = typing.get_args(hint)
            metas += tuple(note for note in notes if isinstance(note, msgspec.Meta))
        elif origin in (typing.Union, types.UnionType):
            hint = next(part for part in typing.get_args(hint) if part is not type(None))
        else:
            return hint, metas


def is_enumeration(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


PLAIN_KINDS: Final = (str, int, bool, Decimal)


def check_kind(shape: FieldShape) -> None:
    """Raises TypeError for a field that XML cannot hold: fails at first use, in any test."""
    kind = shape.kind
    if shape.is_struct or kind in PLAIN_KINDS or is_enumeration(kind):
        return
    raise TypeError(f"{shape.name}: {kind} has no form in XML")
