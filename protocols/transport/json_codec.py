"""JSON bytes <-> wire structs, shared by the JSON protocols.

Wire structs forbid unknown fields and carry one field `extra` (see `protocols.<p>.wire.base`): a message that holds
only
what its specification knows is decoded in one pass; a message with unknown fields takes a second, slower path that
moves
them into `extra` of the struct they were found in. Encoding spreads them again. Numbers keep their digits: they are
Decimal on both ways.
"""

import re
import types
import typing
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

import msgspec
from msgspec import Struct

from core.errors import Invalid

T = TypeVar("T")
EXTRA: Final = "-extra"
"""Name of the field `extra` on the encoded side; no specification uses it."""
MAX_DEPTH: Final = 32
"""Levels of what no specification knows: everything that is kept must be readable again."""

_raw_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")
_MARK: Final = b'"' + EXTRA.encode() + b'":'
_AT = re.compile(r"^(.*?)(?: - at `(.+)`)?$", re.DOTALL)


class NotJson(Invalid):
    """The bytes are not JSON at all, as opposed to JSON of the wrong shape."""


class WireCodec:
    """Decoder for one wire type."""

    def __init__(self, wire_type: type[T]) -> None:
        self._type: Any = wire_type
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(wire_type).decode
        self._walk = _walker(cast("Any", wire_type))

    def decode(self, body: bytes) -> Any:
        """Raises NotJson, or Invalid with the path of the first field that is wrong."""
        try:
            if EXTRA.encode() not in body:
                return self._decode(body)
        except msgspec.ValidationError as error:
            if "unknown field" not in str(error):
                decode_raw(body)  # what is not JSON at all says so first
                raise invalid(error) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NotJson("$", f"not JSON: {error}") from error
        return self.convert(decode_raw(body))

    def convert(self, raw: Any) -> Any:
        """From already decoded JSON (Decimal for non-integers)."""
        try:
            if self._walk:
                raw = self._walk(raw)
            return msgspec.convert(raw, self._type, strict=True)
        except msgspec.ValidationError as error:
            raise invalid(error) from error


@lru_cache(maxsize=512)
def codec(wire_type: Any) -> WireCodec:
    """The one codec of a wire type."""
    return WireCodec(wire_type)


def decode(body: bytes, wire_type: type[T]) -> T:
    """Bytes to a wire struct, unknown fields kept in `extra`. Raises NotJson or Invalid."""
    return cast("T", codec(cast("Any", wire_type)).decode(body))


def convert(raw: Any, wire_type: type[T]) -> T:
    """Already decoded JSON to a wire struct, unknown fields kept in `extra`. Raises Invalid."""
    return cast("T", codec(cast("Any", wire_type)).convert(raw))


def decode_raw(body: bytes) -> Any:
    """Any JSON; numbers that are not integers come as Decimal. Raises NotJson."""
    try:
        return _raw_decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotJson("$", f"not JSON: {error}") from error


def encode(value: Any) -> bytes:
    """A wire struct, or JSON made of dicts, lists and wire structs, to bytes; `extra` is spread again."""
    body = _encoder.encode(value)
    return _encoder.encode(spread(_raw_decoder.decode(body))) if _MARK in body else body


def to_raw(value: Any) -> Any:
    """A wire struct as plain JSON values, `extra` spread."""
    return _raw_decoder.decode(encode(value))


def spread(raw: Any) -> Any:
    """Every `extra` merged into the object that carries it; known fields win."""
    if isinstance(raw, dict):
        extra = raw.pop(EXTRA, None)
        merged = {key: spread(value) for key, value in raw.items()}
        return {**{key: value for key, value in extra.items() if key not in merged}, **merged} if extra else merged
    if isinstance(raw, list):
        return [spread(item) for item in raw]
    return raw


def invalid(error: msgspec.ValidationError) -> Invalid:
    """msgspec's words as ours: the path of the field and the reason."""
    match = _AT.match(str(error))
    reason, path = (match[1], match[2]) if match else (str(error), None)
    return Invalid(path or "$", reason)


Walk = Callable[[Any], Any]


@lru_cache(maxsize=1024)
def _walker(wire_type: Any) -> Walk | None:
    """A function that moves unknown keys into `extra`, or None for a type that holds no struct."""
    origin = typing.get_origin(wire_type)
    if origin is typing.Annotated:
        return _walker(typing.get_args(wire_type)[0])
    if origin in (typing.Union, types.UnionType):
        walks = [walk for walk in map(_walker, typing.get_args(wire_type)) if walk]
        return walks[0] if walks else None
    if origin in (list, tuple):
        return _list_walker(_walker(typing.get_args(wire_type)[0]))
    if isinstance(wire_type, type) and issubclass(wire_type, Struct):
        return _struct_walker(wire_type)
    return None


def _list_walker(item: Walk | None) -> Walk | None:
    if item is None:
        return None
    return lambda raw: [item(value) for value in raw] if isinstance(raw, list) else raw


def _struct_walker(struct: type[Struct]) -> Walk:
    fields: dict[str, Walk | None] | None = None

    def walk(raw: Any) -> Any:
        nonlocal fields
        if fields is None:  # on first use, so that a type may refer to itself
            hints = typing.get_type_hints(struct, include_extras=True)
            fields = {field.encode_name: _walker(hints[field.name]) for field in msgspec.structs.fields(struct)}
        if not isinstance(raw, dict):
            return raw
        known: dict[str, Any] = {}
        unknown: dict[str, Any] = {}
        for key, value in raw.items():
            if key == EXTRA or key not in fields:
                unknown[key] = value
            else:
                inner = fields[key]
                known[key] = inner(value) if inner else value
        if unknown and EXTRA in fields:
            _check_depth(unknown)
            known[EXTRA] = unknown
        return known

    return walk


def _check_depth(unknown: dict[str, Any]) -> None:
    level: list[Any] = [unknown]
    for _ in range(MAX_DEPTH):
        inside = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [inner for several in inside for inner in several]
        if not level:
            return
    raise Invalid("$", f"an unknown member is nested more than {MAX_DEPTH} deep")
