"""Elements <-> wire: the only file that knows how an OCHP message is written."""

from typing import Any, Final, TypeVar, cast

from lxml import etree
from msgspec import Struct

from core.errors import Invalid
from protocols.ochp.wire import cdrs, charge_points, live, tokens
from protocols.transport.soap import writing
from protocols.transport.soap.reading import Refused, reader
from protocols.transport.soap.shapes import Schema, element_name
from protocols.transport.soap.xml import Element, local_name, parse

T = TypeVar("T")
NAMESPACE: Final = "http://ochp.eu/1.4"
SCHEMA: Final = Schema(NAMESPACE)

_MODULES: Final = (tokens, charge_points, live, cdrs)
MESSAGES: Final[dict[str, Any]] = {
    SCHEMA.root(element_name(kind)): kind
    for module in _MODULES
    for name, kind in vars(module).items()
    if name.endswith(("Request", "Response")) and isinstance(kind, type)
}
"""Tag -> type of all messages."""


def read(element: Element, wire_type: type[T], *, lenient: bool = False) -> T:
    """`lenient` for what partners answer: any order, unknown elements kept. Raises Invalid with an XPath."""
    return cast("T", reader(cast("Any", wire_type), SCHEMA, lenient=lenient).read(element))


def read_each(element: Element, wire_type: type[T]) -> tuple[T, tuple[Refused, ...]]:
    """A request with a list of records: the good ones, and what is wrong with each of the others."""
    message, refused = reader(cast("Any", wire_type), SCHEMA).read_each(element)
    return cast("T", message), refused


def encode(message: Struct, name: str | None = None) -> bytes:
    """`name`: the element, for a record outside its message."""
    return writing.encode(message, SCHEMA, name)


def piece(record: Struct, name: str) -> str:
    """A record rendered once, for many lists: see `encode_list`."""
    return writing.piece(record, name, SCHEMA)


def encode_list(name: str, head: str, pieces: list[str]) -> bytes:
    """A response of rendered pieces."""
    return writing.joined(name, head, pieces, SCHEMA)


def read_document(body: bytes, wire_type: type[T], *, item: str | None = None, lenient: bool = True) -> T:
    """A record or message alone: bare, as list item, in its request, or in an envelope (offline translation).

    Of several items the first is taken; `documents` gives all. Raises Invalid."""
    return documents(body, wire_type, item=item, lenient=lenient)[0]


def documents(body: bytes, wire_type: type[T], *, item: str | None = None, lenient: bool = True) -> list[T]:
    """`item`: the name of the records in a request (`cdrInfoArray`), where they are not the message itself."""
    found = _records(parse(body), item)
    return [read(element, wire_type, lenient=lenient) for element in found]


def _records(root: Element, item: str | None) -> list[Element]:
    here = root
    if local_name(here.tag) == "Envelope":
        bodies = [child for child in here if local_name(child.tag) == "Body"]
        if len(bodies) != 1 or len(bodies[0]) != 1:
            raise Invalid("/Envelope", "exactly one element in one Body is needed")
        here = bodies[0][0]
    if etree.QName(here).namespace != NAMESPACE:
        raise Invalid(f"/{local_name(here.tag)}", f"not in the namespace {NAMESPACE}")
    inside = [child for child in here if item is not None and local_name(child.tag) == item]
    return inside or [here]
