"""Base of all OCPI wire types."""

from typing import Any

from msgspec import Struct, field


class Wire(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A message or a part of one. What the specification does not know is kept in `extra` by the codec."""

    extra: dict[str, Any] | None = field(name="-extra", default=None)
