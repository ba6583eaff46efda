"""The envelope of every response. Source: OCPI 2.3.0, transport_and_format, response format."""

from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType

from protocols.ocpi.wire.types import DateTime


class Response(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What we answer. `data` is UNSET where the request has no payload, `()` for an empty list."""

    data: Any | UnsetType = UNSET
    status_code: int
    status_message: str | None = None
    timestamp: DateTime


class Received(Struct, frozen=True, kw_only=True):
    """What a partner answers:

    read in two steps, so that `data` is decoded (or not) by who knows what it should be, object by object. Empty `data`
    means that there was none. Other fields and the form of the time do not matter."""

    status_code: int
    data: Raw = Raw()
    status_message: str | None = None
    timestamp: str | None = None
