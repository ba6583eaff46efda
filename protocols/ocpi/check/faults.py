"""What is wrong with a message, by JSON pointers."""

from typing import Any

from core.errors import Invalid, RoamingError
from core.model.feed import json_pointer
from protocols.ocpi import codec


def fault(where: str, error: RoamingError) -> str:
    """`where` points to the object that is wrong."""
    at = json_pointer(error.path) if isinstance(error, Invalid) else ""
    return f"{where}{at}: {error.reason}"


def read(data: bytes, wire_type: Any) -> tuple[Any, tuple[str, ...]]:
    """The message, or None and the first fault."""
    try:
        return codec.read(data or b"null", wire_type), ()
    except RoamingError as error:
        return None, (fault("/data", error),)
