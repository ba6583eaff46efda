"""Bytes <-> wire: the only file that knows how an OCPI message is written.

Objects are encoded once; an envelope or a list is made by joining their bytes.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from core.errors import Invalid
from mappings.ocpi.common import time_to_ocpi
from protocols.ocpi.wire import strict
from protocols.ocpi.wire.envelope import Received
from protocols.transport import json_codec

T = TypeVar("T")

MOST_COMMAS: Final = 2_000_000
"""In the array of a partner's answer: far more than a page of objects has."""

encode = json_codec.encode
_received = msgspec.json.Decoder(Received)
_string = msgspec.json.encode
_items = msgspec.json.Decoder(tuple[msgspec.Raw, ...]).decode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read(body: bytes, wire_type: type[T]) -> T:
    """A message in full strictness, unknown fields kept. Raises NotJson, or Invalid with the path."""
    message = json_codec.decode(body, wire_type)
    try:
        strict.check(body, wire_type)
    except msgspec.ValidationError as error:
        raise json_codec.invalid(error) from error
    return message


def read_bare(raw: Any, wire_type: type[T]) -> T:
    """`data` of an answer: what a partner answers is taken with more patience than what it asks for."""
    return json_codec.decode(bytes(raw), wire_type)


def envelope(data: bytes | None, code: int, message: str | None, now: datetime) -> bytes:
    """A whole response; `data` None is left out."""
    words = b'"status_message":%b,' % _string(message) if message else b""
    tail = b'"status_code":%d,%b"timestamp":"%b"}' % (code, words, time_to_ocpi(now).encode())
    if data is None:
        return b"{" + tail
    return b"".join((b'{"data":', data, b",", tail))  # joined, not formatted: data may be long


def joined(items: Iterable[bytes]) -> bytes:
    """A JSON array of encoded objects."""
    return b"[" + b",".join(items) + b"]"


def written(text: str) -> msgspec.Raw:
    """JSON that is already written, as a message or a part of one."""
    return msgspec.Raw(text.encode())


def members(body: bytes | msgspec.Raw) -> dict[str, msgspec.Raw]:
    """Those of an object, as they are written. Raises NotJson or Invalid for anything else."""
    try:
        return _members.decode(body)
    except msgspec.ValidationError as error:
        json_codec.decode_raw(bytes(body))  # what is not JSON at all says so first
        raise json_codec.invalid(error) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise json_codec.NotJson("$", f"not JSON: {error}") from error


def whole(members: dict[str, Any]) -> bytes:
    """An object of members that are written already, or are texts, or lists of either."""
    return msgspec.json.encode(members)


def encode_list(items: Iterable[Any]) -> bytes:
    return joined(encode(item) for item in items)


def received(body: bytes) -> Received | None:
    """The envelope of an answer, or None if there is none."""
    try:
        return _received.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def code_in(body: bytes) -> str | None:
    """The OCPI status code of an answer."""
    envelope_of = received(body)
    return None if envelope_of is None else str(envelope_of.status_code)


def present(envelope_of: Received) -> bytes | None:
    """`data` of an answer, or None where there is nothing."""
    data = bytes(envelope_of.data)
    return None if data in (b"", b"null") else data


def items(data: bytes) -> tuple[bytes, ...]:
    """The items of a JSON array, each as it came. Raises ValueError for what is no array, or may have more items than
    there is memory for."""
    if data.count(b",") > MOST_COMMAS:
        raise ValueError(f"more than {MOST_COMMAS} commas")
    return tuple(bytes(item) for item in _items(data))


def checked_text(text: str, wire_type: Any, path: str) -> str:
    """A text outside a body (path, query) held to the limits of its type. Raises Invalid."""
    try:
        found: str = msgspec.convert(text, wire_type)
    except msgspec.ValidationError as error:
        raise Invalid(path, str(error)) from error
    return found
