"""What all model types share."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct


class Model(Struct, frozen=True, omit_defaults=True):
    """Base of the model:

    immutable; fields at their default are not written to disk. Subclasses repeat `frozen=True` (mypy asks for it) and
    add `kw_only=True`, which msgspec does not inherit."""


Extensions = dict[str, str]
"""Protocol id -> JSON text of what came in that protocol without a home in the model (unknown fields, spellings).

It is text, so that numbers keep their digits. It travels with the object; only that protocol's mapping reads it."""

_decode_extension = msgspec.json.Decoder(float_hook=Decimal).decode
_encode_extension = msgspec.json.Encoder(decimal_format="number").encode


def pack_extension(content: dict[str, Any]) -> str:
    """JSON text of an extension; floats must have been decoded as Decimal."""
    return _encode_extension(content).decode()


def unpack_extension(extensions: Extensions, protocol: str) -> dict[str, Any]:
    """What `protocol` put aside, or an empty dict. Non-integer numbers come back as Decimal."""
    text = extensions.get(protocol)
    content: dict[str, Any] = _decode_extension(text) if text else {}
    return content


EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)


def revision_at(moment: datetime) -> int:
    """Revisions of stored objects are microseconds of the hub's own clock: no write since `moment` has a lower one."""
    return int(utc(moment).timestamp() * 1_000_000)


def utc(moment: datetime) -> datetime:
    """The same instant in UTC; a naive time is taken to be UTC."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # within a day of the ends of the calendar
        return EARLIEST if moment.year == 1 else LATEST
