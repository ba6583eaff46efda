"""Elements become wire structs, or an error that says where."""

from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, ClassVar

import pytest
from msgspec import Meta, Struct, field

from core.errors import Invalid
from protocols.transport.soap.reading import reader
from protocols.transport.soap.shapes import Schema
from protocols.transport.soap.writing import encode, joined, piece, to_element
from protocols.transport.soap.xml import parse

SCHEMA = Schema("urn:t")
BARE = Schema("urn:t", qualified=False)


class Colour(Enum):
    RED = "red"


class Wire(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, rename="camel"):
    extra: dict[str, Any] | None = field(name="-extra", default=None)


class Part(Wire, frozen=True, kw_only=True):
    size: int = field(name="@size")
    text: Annotated[str, Meta(min_length=1)]


class Message(Wire, frozen=True, kw_only=True):
    element: ClassVar[str] = "TheMessage"
    when: Annotated[str, Meta(extra={"collapse": True})] = field(name="when/At")
    sure: bool | None = None
    price: Decimal | None = None
    colours: tuple[Colour, ...] = field(name="colours/Colour", default=())
    parts: Annotated[tuple[Part, ...], Meta(min_length=1)]


GOOD = """<TheMessage xmlns="urn:t"><when><At> now
</At></when><sure>1</sure><price>22.0</price><colours><Colour>red</Colour></colours><colours><Colour>red</Colour></colours>
<parts size="1"><text>a<!-- not --><![CDATA[<b>]]></text></parts></TheMessage>"""


def read(text: str, *, lenient: bool = False) -> Any:
    return reader(Message, SCHEMA, lenient=lenient).read(parse(text.encode()))


def test_a_message_is_read_and_written() -> None:
    message = read(GOOD)
    assert message == Message(
        when="now", sure=True, price=Decimal("22.0"), colours=(Colour.RED,) * 2, parts=(Part(size=1, text="a<b>"),)
    )
    assert str(message.price) == "22.0"
    written = encode(message, SCHEMA)
    assert written.startswith(
        b'<TheMessage xmlns="urn:t"><when><At>now</At></when><sure>true</sure><price>22.0</price>'
    )
    assert reader(Message, SCHEMA).read(to_element(message, SCHEMA)) == message


def test_children_without_namespace() -> None:
    message = read(GOOD)
    written = encode(message, BARE)
    assert written.startswith(b'<m:TheMessage xmlns:m="urn:t"><when><At>')
    assert reader(Message, BARE).read(parse(written)) == message


def test_pieces_are_joined_to_the_same_message() -> None:
    message = read(GOOD)
    parts = [piece(part, "parts", SCHEMA) for part in message.parts]
    head = (
        "<when><At>now</At></when><sure>true</sure><price>22.0</price>" + "<colours><Colour>red</Colour></colours>" * 2
    )
    assert joined("TheMessage", head, parts, SCHEMA) == encode(message, SCHEMA)


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        (("<sure>1</sure>", "<sure>yes</sure>"), "/TheMessage/sure", "true or false"),
        (("<sure>1</sure>", "<sure><x/></sure>"), "/TheMessage/sure/x", "where text belongs"),
        (("<sure>1</sure>", "<sure>1</sure><sure>1</sure>"), "/TheMessage/sure[2]", "only once"),
        (("<sure>1</sure>", "<other>1</other>"), "/TheMessage/other", "unknown element"),
        (("<sure>1</sure>", '<sure xmlns="urn:u">1</sure>'), "/TheMessage/sure", "unknown element"),
        (("22.0", "NaN"), "/TheMessage/price", "finite number"),
        (("22.0", "INF"), "/TheMessage/price", "finite number"),
        (("22.0", "1e999"), "/TheMessage/price", "finite number"),
        (
            ("<Colour>red</Colour></colours>\n", "<Colour>blue</Colour></colours>\n"),
            "/TheMessage/colours/Colour[2]",
            "",
        ),
        (
            ("<colours><Colour>red</Colour></colours>\n", "<colours>red</colours>\n"),
            "/TheMessage/colours[2]",
            "one Colour",
        ),
        (("<Colour>red</Colour></colours>\n", "<x>red</x></colours>\n"), "/TheMessage/colours[2]/x", "belongs here"),
        (('size="1"', 'size="x"'), "/TheMessage/parts/@size", "whole number"),
        (('size="1"', ""), "/TheMessage/parts[1]", "attribute size is missing"),
        (("<when><At> now\n</At></when>", ""), "/TheMessage", "element when/At is missing"),
        (("<sure>1</sure><price>22.0</price>", "<price>22.0</price><sure>1</sure>"), "/TheMessage/sure", "order"),
    ],
)
def test_what_is_wrong_is_said_with_its_path(change: tuple[str, str], path: str, reason: str) -> None:
    assert change[0] in GOOD
    with pytest.raises(Invalid) as caught:
        read(GOOD.replace(change[0], change[1], 1) if "\n" not in change[0] else GOOD.replace(change[0], change[1]))
    assert caught.value.path == path
    assert reason in caught.value.reason


def test_prefixes_order_and_unknown_elements_do_not_disturb_a_lenient_reader() -> None:
    text = """<q:TheMessage xmlns:q="urn:t" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="a">
      <q:parts q:size="1" more="2"><q:text>a</q:text></q:parts><q:when><q:At>now</q:At></q:when>
      <q:new a="1">x</q:new><q:new/><y:z xmlns:y="urn:y">t</y:z></q:TheMessage>"""
    message = read(text, lenient=True)
    assert message.extra == {"new": [{"@a": "1", "#": "x"}, ""], "{urn:y}z": "t"}
    assert message.parts[0].extra == {"@more": "2"}
    assert reader(Message, SCHEMA, lenient=True).read(to_element(message, SCHEMA)) == message


def test_items_are_judged_one_by_one() -> None:
    text = GOOD.replace(
        "</parts>", '</parts><parts size="2"><text/></parts><parts><text>c</text></parts><parts><x/></parts>'
    )
    message, refused = reader(Message, SCHEMA).read_each(parse(text.encode()))
    assert [part.text for part in message.parts] == ["a<b>"]
    assert [(bad.position, bad.error.path) for bad in refused] == [
        (2, "/TheMessage/parts[2]/text"), (3, "/TheMessage/parts[3]"), (4, "/TheMessage/parts[4]/x"),
    ]  # fmt: skip
    assert refused[1].raw == {"text": "c"}


def test_a_list_that_may_not_be_empty_is_wrong_as_a_whole() -> None:
    empty = GOOD[: GOOD.index("<parts")] + "</TheMessage>"
    with pytest.raises(Invalid, match="at least 1 parts"):
        reader(Message, SCHEMA).read_each(parse(empty.encode()))
    with pytest.raises(Invalid, match="element when/At is missing"):
        reader(Message, SCHEMA).read_each(parse(GOOD.replace("<when><At> now\n</At></when>", "").encode()))


def test_a_type_that_xml_cannot_hold_fails_at_first_use() -> None:
    class Wrong(Wire, frozen=True, kw_only=True):
        table: dict[str, str]

    with pytest.raises(TypeError, match="no form in XML"):
        reader(Wrong, SCHEMA)
