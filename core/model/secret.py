"""A value that must not be seen."""

from typing import Any

from msgspec import Struct


class Secret(Struct, frozen=True):
    """Text that shows in no log, trace or f-string; whoever needs it says `.value`."""

    value: str

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Rich's tracebacks print locals by this one, not by `repr`."""
        return [("value", "***")]
