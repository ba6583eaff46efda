"""Element -> wire struct: compiled once per type.

The element becomes a plain dict, which msgspec checks against the type. What a dict cannot show is checked on the way:
order, repetition, elements where text belongs, numbers that are none. A strict reader takes what the schema allows; a
lenient one, for what partners answer, takes any order and keeps unknown elements in `extra`.
"""

import re
import typing
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar, cast

import msgspec
from msgspec import Struct

from core.errors import Invalid
from core.model.quantities import LARGEST
from protocols.transport.soap.shapes import (
    EXTRA,
    FieldShape,
    Schema,
    check_kind,
    keeps_unknown,
    shape_of,
)
from protocols.transport.soap.xml import XSI, Element, key_of, path_of, plain, put

T = TypeVar("T")
Read = Callable[[Element], Any]
Leaf = Callable[[str], Any]

_AT: Final = re.compile(r"^(.*?)(?: - at `\$(.*)`)?$", re.DOTALL)
_MISSING: Final = re.compile(r"^Object missing required field `(.+)`$")
_INDEX: Final = re.compile(r"\[([0-9]+)\]")
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,2})?")
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


class Refused(Struct, frozen=True):
    """An item of a list that is not valid: its place from 1, the field it was in, and what can be read of it."""

    position: int
    name: str
    error: Invalid
    raw: Any


class Reader(Generic[T]):
    """For one wire type."""

    def __init__(self, wire_type: Any, schema: Schema, *, lenient: bool = False) -> None:
        self._type = wire_type
        self._schema = schema
        self._read = _struct_reader(self._type, schema, lenient)
        self._lenient = lenient

    def read(self, element: Element) -> T:
        """Raises Invalid with the path, as an XPath, of the first thing that is wrong."""
        raw = self._read(element)
        try:
            return cast("T", msgspec.convert(raw, self._type, strict=False))
        except msgspec.ValidationError as error:
            raise invalid(error, path_of(element)) from error

    def read_each(self, element: Element) -> tuple[T, tuple[Refused, ...]]:
        """As `read`, but items of lists of records are judged one by one: the good ones are in the message.

        A list that must not be empty and is raises Invalid."""
        values = _struct_reader(self._type, self._schema, self._lenient, sift=True)(element)
        refused: list[Refused] = []
        given: dict[str, Any] = {}
        for shape in shape_of(self._type):
            value = values.pop(shape.encoded, None)
            if shape.many and shape.is_struct:
                items = value or []
                if len(items) < shape.least:
                    raise Invalid(path_of(element), f"at least {shape.least} {shape.steps[0]} must be there")
                given[shape.name] = tuple(item for item in items if not isinstance(item, _Bad))
                refused += [
                    Refused(index, shape.steps[0], item.error, item.raw)
                    for index, item in enumerate(items, 1)
                    if isinstance(item, _Bad)
                ]
            elif value is not None:
                given[shape.name] = self._converted(shape, value, element)
        for name, encoded in _required(self._type):
            if name not in given:
                raise Invalid(path_of(element), f"the element {encoded} is missing")
        if values.get(EXTRA):
            given["extra"] = values[EXTRA]
        return cast("T", self._type(**given)), tuple(refused)

    def _converted(self, shape: FieldShape, value: Any, element: Element) -> Any:
        try:
            return msgspec.convert(value, _hints(self._type)[shape.name], strict=False)
        except msgspec.ValidationError as error:
            raise invalid(error, path_of(element, shape.encoded)) from error


@lru_cache(maxsize=512)
def reader(wire_type: Any, schema: Schema, *, lenient: bool = False) -> Reader[Any]:
    """The one reader of a type."""
    return Reader(wire_type, schema, lenient=lenient)


def invalid(error: msgspec.ValidationError, base: str) -> Invalid:
    """msgspec's words as ours, `base` the path of the element that was read."""
    match = _AT.match(str(error))
    reason, inside = (match[1], match[2] or "") if match else (str(error), "")
    path = base + _INDEX.sub(lambda found: f"[{int(found[1]) + 1}]", inside.replace(".", "/"))
    missing = _MISSING.match(reason)
    if missing:
        what = "attribute" if missing[1].startswith("@") else "element"
        reason = f"the {what} {missing[1].lstrip('@')} is missing"
    return Invalid(path, reason)


@lru_cache(maxsize=512)
def _hints(wire_type: Any) -> dict[str, Any]:
    return typing.get_type_hints(wire_type, include_extras=True)


@lru_cache(maxsize=512)
def _required(wire_type: Any) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, field.encode_name) for field in msgspec.structs.fields(wire_type) if field.required)


# --- compiled per type


@lru_cache(maxsize=1024)
def _struct_reader(wire_type: Any, schema: Schema, lenient: bool, sift: bool = False) -> Read:
    entries: dict[Any, tuple[int, str, bool, Read]] = {}
    attributes: dict[Any, tuple[str, Leaf]] = {}
    for rank, shape in enumerate(shape_of(wire_type)):
        check_kind(shape)
        if shape.attribute is not None:
            attributes[shape.attribute] = attributes[schema.root(shape.attribute)] = (shape.encoded, _leaf(shape))
        else:
            one_by_one = sift and shape.many and shape.is_struct
            read = (_sifting if one_by_one else _value_reader)(shape, schema, lenient)
            entries[schema.tag(shape.steps[0])] = (rank, shape.encoded, shape.many, read)
    keep = lenient and keeps_unknown(wire_type)
    namespace = schema.namespace if schema.qualified else None
    find = entries.get

    def read_struct(element: Element) -> dict[str, Any]:
        values: dict[str, Any] = {}
        unknown: dict[str, Any] = {}
        last = 0
        if attributes or keep:
            _read_attributes(element, attributes, values, unknown if keep else None)
        for child in element:
            entry = find(child.tag)
            if entry is None:
                if not keep:
                    raise Invalid(path_of(child), "an unknown element")
                put(unknown, key_of(child, namespace), plain(child))
                continue
            rank, key, many, read = entry
            if rank < last and not lenient:
                raise Invalid(path_of(child), "not at its place in the order of elements")
            last = rank
            if many:
                items = values.get(key)
                if items is None:
                    values[key] = [read(child)]
                else:
                    items.append(read(child))
            elif key in values:
                raise Invalid(path_of(child), "may occur only once")
            else:
                values[key] = read(child)
        if unknown:
            values[EXTRA] = unknown
        return values

    return read_struct


def _read_attributes(
    element: Element, known: dict[Any, tuple[str, Leaf]], values: dict[str, Any], unknown: dict[str, Any] | None
) -> None:
    for name, text in element.items():
        entry = known.get(name)
        if entry is not None:
            key, leaf = entry
            values[key] = _checked(leaf, text, element, key)
        elif unknown is not None and not str(name).startswith(XSI):
            unknown[f"@{name}"] = text


class _Bad(Struct, frozen=True):
    error: Invalid
    raw: Any


def _sifting(shape: FieldShape, schema: Schema, lenient: bool) -> Read:
    """Reads an item of a list as a wire struct, or says why it is none."""
    read, kind = _struct_reader(shape.kind, schema, lenient), shape.kind

    def sift(element: Element) -> Any:
        try:
            raw = read(element)
        except Invalid as error:
            return _Bad(error, plain(element))
        try:
            return msgspec.convert(raw, kind, strict=False)
        except msgspec.ValidationError as error:
            return _Bad(invalid(error, path_of(element)), raw)

    return sift


# --- values


def _value_reader(shape: FieldShape, schema: Schema, lenient: bool) -> Read:
    if shape.is_struct:
        return _struct_reader(shape.kind, schema, lenient)
    read = _text_reader(_leaf(shape))
    for step in shape.steps[:0:-1]:
        read = _wrapped(schema.tag(step), step, read)
    return read


def _text_reader(leaf: Leaf) -> Read:
    def read_text(element: Element) -> Any:
        if len(element):
            raise Invalid(path_of(element[0]), "an element where text belongs")
        text = element.text
        if text is None:
            if element.get(XSI + "nil") in ("true", "1"):
                return None
            text = ""
        return _checked(leaf, text, element)

    def read_plain(element: Element) -> Any:
        text = element.text
        if text is None or len(element):
            return read_text(element)
        return text

    return read_plain if leaf is _as_it_is else read_text


def _wrapped(tag: str, name: str, read: Read) -> Read:
    def read_wrapped(element: Element) -> Any:
        if len(element) != 1:
            raise Invalid(path_of(element), f"must hold exactly one {name}")
        inner = element[0]
        if inner.tag != tag:
            raise Invalid(path_of(inner), f"an unknown element; {name} belongs here")
        return read(inner)

    return read_wrapped


def _checked(leaf: Leaf, text: str, element: Element, name: str | None = None) -> Any:
    try:
        return leaf(text)
    except ValueError as error:
        raise Invalid(path_of(element, name), str(error)) from None


def _leaf(shape: FieldShape) -> Leaf:
    kind = shape.kind
    if kind is bool:
        return _boolean
    if kind is int:
        return _integer
    if kind is Decimal:
        return _decimal
    if shape.collapse:
        return _collapsed
    return _as_it_is


def _as_it_is(text: str) -> str:
    return text


def _collapsed(text: str) -> str:
    return " ".join(text.split(None))


def _boolean(text: str) -> bool:
    value = _BOOLEANS.get(text.strip())
    if value is None:
        raise ValueError("not true or false")
    return value


def _integer(text: str) -> int:
    text = text.strip()
    if not _INTEGER.fullmatch(text):
        raise ValueError("not a whole number")
    return int(text)


def _decimal(text: str) -> Decimal:
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise ValueError("not a finite number")
    value = Decimal(text)
    if not -LARGEST < value < LARGEST:
        raise ValueError("larger than any amount or reading")
    return value
