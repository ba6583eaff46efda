"""Wire struct -> XML: compiled once per type, in the order of the schema.

Text is written as ASCII with character references, which every reader takes for what it is, and is put together from
strings: no tree is built to be taken apart again.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from msgspec import Struct

from protocols.transport.soap.shapes import (
    FieldShape,
    Schema,
    check_kind,
    element_name,
    is_enumeration,
    keeps_unknown,
    shape_of,
)
from protocols.transport.soap.xml import Element, escape, parse, render_extra

Write = Callable[[Any], str]


def encode(message: Struct, schema: Schema, name: str | None = None) -> bytes:
    """The element of a message, as ASCII. `name`: another than that of its type, for a single record."""
    return text_of(message, schema, name).encode("ascii", "xmlcharrefreplace")


def text_of(message: Struct, schema: Schema, name: str | None = None) -> str:
    kind: Any = type(message)
    inner = writer(kind, schema)(message)
    return _root(inner, name or element_name(kind), schema)


def joined(name: str, head: str, items: list[str], schema: Schema) -> bytes:
    """A message from pieces that were rendered before: `head` its first elements, `items` the records."""
    return _root(f">{head}{''.join(items)}", name, schema).encode("ascii", "xmlcharrefreplace")


def piece(record: Struct, name: str, schema: Schema) -> str:
    """A record inside a message, without namespace declaration: what `joined` takes."""
    kind: Any = type(record)
    return f"<{name}{writer(kind, schema)(record)}</{name}>"


def to_element(message: Struct, schema: Schema, name: str | None = None) -> Element:
    return parse(encode(message, schema, name))


def _root(inner: str, name: str, schema: Schema) -> str:
    if schema.qualified:
        return f'<{name} xmlns="{schema.namespace}"{inner}</{name}>'
    return f'<m:{name} xmlns:m="{schema.namespace}"{inner}</m:{name}>'


@lru_cache(maxsize=512)
def writer(wire_type: Any, schema: Schema) -> Write:
    """Attributes, `>` and content: all of an element but its name."""
    attributes: list[tuple[str, str, Write]] = []
    children: list[tuple[str, bool, Write]] = []
    for shape in shape_of(wire_type):
        check_kind(shape)
        if shape.attribute is not None:
            attributes.append((shape.name, f' {shape.attribute}="', _leaf(shape)))
        else:
            children.append((shape.name, shape.many, _element(shape, schema)))
    keeps = keeps_unknown(wire_type)
    namespace = schema.namespace if schema.qualified else None

    def write(struct: Any) -> str:
        head = ""
        for name, opening, leaf in attributes:
            value = getattr(struct, name)
            if value is not None:
                head += f'{opening}{leaf(value)}"'
        parts: list[str] = []
        for name, many, render in children:
            value = getattr(struct, name)
            if many:
                if value:
                    parts += [render(item) for item in value]
            elif value is not None:
                parts.append(render(value))
        if keeps and struct.extra:
            more, rest = render_extra(struct.extra, namespace)
            head += more
            parts.append(rest)
        return f"{head}>{''.join(parts)}"

    return write


def _element(shape: FieldShape, schema: Schema) -> Write:
    opening = "".join(f"<{step}>" for step in shape.steps)
    closing = "".join(f"</{step}>" for step in reversed(shape.steps))
    if shape.is_struct:
        name, inner = shape.steps[0], writer(shape.kind, schema)
        return lambda value: f"<{name}{inner(value)}</{name}>"
    if shape.kind is str:
        return lambda value: f"{opening}{escape(value)}{closing}"
    if is_enumeration(shape.kind):
        return {word: f"{opening}{escape(word.value)}{closing}" for word in shape.kind}.__getitem__
    leaf = _leaf(shape)
    return lambda value: f"{opening}{leaf(value)}{closing}"


def _leaf(shape: FieldShape) -> Write:
    if shape.kind is bool:
        return _boolean
    if shape.kind is Decimal:
        return decimal_text
    if shape.kind is int:
        return str
    if shape.kind is str:
        return escape
    return {word: escape(word.value) for word in shape.kind}.__getitem__


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def decimal_text(value: Decimal) -> str:
    """All digits, no exponent."""
    return format(value, "f")
