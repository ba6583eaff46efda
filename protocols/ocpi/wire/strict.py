"""What the wire types themselves let pass: numbers written as text, or larger than the hub can reckon with; control
characters, CiStrings beyond ASCII.

A message is checked by decoding it once more into shadow types, which hold nothing but the members in question and skip
all others. The second check of text runs only where it could find something. Sources: OCPI 2.3.0, types (number,
string, CiString).
"""

import types
import typing
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

_LARGEST = 10**15
"""As in core; wire types import nothing of it."""
_WHOLE = Annotated[int, Meta(gt=-_LARGEST, lt=_LARGEST)]
_BROKEN = Annotated[float, Meta(gt=float(-_LARGEST), lt=float(_LARGEST))]
_TEXT = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f-\x9f]*\Z")]
_ASCII_TEXT = Annotated[str, Meta(pattern=r"^[\x20-\x7e]*\Z")]


def check(body: bytes, wire_type: Any) -> None:
    """Raises msgspec.ValidationError with the path of the first member that is wrong. `body` is one `wire_type`."""
    if numbers := _numbers(wire_type):
        numbers(body)
    if (b"\\" in body or not body.isascii()) and (texts := _texts(wire_type)):
        texts(body)


Shadow = Callable[[Any, bool], Any]


@lru_cache(maxsize=256)
def _numbers(wire_type: Any) -> Callable[[bytes], Any] | None:
    shadow = _shadow(wire_type, _number_member)
    return msgspec.json.Decoder(shadow).decode if shadow else None


@lru_cache(maxsize=256)
def _texts(wire_type: Any) -> Callable[[bytes], Any] | None:
    shadow = _shadow(wire_type, _text_member)
    return msgspec.json.Decoder(shadow).decode if shadow else None


def _number_member(kind: Any, _ascii: bool) -> Any:
    return _WHOLE | _BROKEN if kind is Decimal else None


def _text_member(kind: Any, ascii_only: bool) -> Any:
    if kind is not str:
        return None
    return _ASCII_TEXT if ascii_only else _TEXT


def _shadow(kind: Any, member: Shadow, ascii_only: bool = False) -> Any:
    """The type that checks `kind`, or None where there is nothing to check."""
    origin = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if origin is Annotated:
        marked = any(isinstance(mark, Meta) and (mark.extra or {}).get("ascii") for mark in arguments[1:])
        return _shadow(arguments[0], member, marked)
    if origin in (typing.Union, types.UnionType):
        return _any_of([_shadow(argument, member, ascii_only) for argument in arguments], arguments)
    if origin in (tuple, list):
        item = _shadow(arguments[0], member, ascii_only)
        return list[item] if item else None  # type: ignore[valid-type]
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _struct_shadow(kind, member)
    return member(kind, ascii_only)


def _any_of(shadows: list[Any], arguments: tuple[Any, ...]) -> Any:
    wanted = [shadow for shadow in shadows if shadow]
    if not wanted:
        return None
    return typing.Union[tuple(wanted) + ((None,) if type(None) in arguments else ())]  # noqa: UP007


def _struct_shadow(struct: type[Struct], member: Shadow) -> Any:
    hints = typing.get_type_hints(struct, include_extras=True)
    shadows = {field.name: _shadow(hints[field.name], member) for field in msgspec.structs.fields(struct)}
    fields = [(name, shadow | UnsetType, UNSET) for name, shadow in shadows.items() if shadow and name != "extra"]
    return msgspec.defstruct(struct.__name__, fields) if fields else None
