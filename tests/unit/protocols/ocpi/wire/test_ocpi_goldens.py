"""Every golden message is understood and comes out as it went in."""

import typing
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from core.errors import Invalid
from protocols.ocpi.wire import strict
from protocols.transport.json_codec import convert, decode_raw, encode, to_raw
from tests.golden.ocpi import goldens


@pytest.mark.parametrize("name", goldens.NAMES)
@pytest.mark.spec("OCPI-TRN-45", "OCPI-TRN-47")
def test_comes_out_as_it_went_in(name: str) -> None:
    raw = decode_raw(goldens.body(name))
    strict.check(goldens.body(name), goldens.kind(name))
    assert to_raw(goldens.golden(name)) == raw
    assert encode(goldens.golden(name)).count(b'"') == encode(raw).count(b'"')


@pytest.mark.parametrize("name", goldens.NAMES)
@pytest.mark.spec("OCPI-COP-02")
def test_a_required_field_that_is_missing_is_named(name: str) -> None:
    kind = goldens.kind(name)
    for field in msgspec.structs.fields(kind):
        raw = decode_raw(goldens.body(name))
        if field.required:
            del raw[field.encode_name]
            with pytest.raises(Invalid, match=field.encode_name):
                convert(raw, kind)


def structs_in(hint: Any) -> set[type[Struct]]:
    if isinstance(hint, type) and issubclass(hint, Struct):
        return {hint}
    return set().union(*(structs_in(argument) for argument in typing.get_args(hint)), set())


def seen(message: Any, found: dict[type[Struct], set[str]]) -> None:
    if isinstance(message, tuple):
        for item in message:
            seen(item, found)
    if isinstance(message, Struct):
        filled = {f for f in message.__struct_fields__ if getattr(message, f) not in (None, (), msgspec.UNSET)}
        found.setdefault(type(message), set()).update(filled)
        for name in filled:
            seen(getattr(message, name), found)


def test_every_field_occurs_in_a_golden() -> None:
    found: dict[type[Struct], set[str]] = {}
    for name in goldens.NAMES:
        seen(goldens.golden(name), found)
    wanted = set(goldens.TYPES.values())
    for kind in list(wanted):
        todo = [kind]
        while todo:
            hints = typing.get_type_hints(todo.pop(), include_extras=True)
            new = set().union(*map(structs_in, hints.values())) - wanted
            wanted |= new
            todo += new
    missing = {
        kind.__name__: set(kind.__struct_fields__) - found.get(kind, set()) - {"extra"}
        for kind in wanted
        if set(kind.__struct_fields__) - found.get(kind, set()) - {"extra"}
    }
    assert missing == {}
