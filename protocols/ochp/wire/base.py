"""Base of all OCHP wire types, and how their members lie in XML.

The name of a member is that of its element; `outer/inner` is an element that holds nothing but one other (OCHP wraps
times and most codes so); `@name` is an attribute. The order of the members is the order on the wire.
"""

from typing import Any

from msgspec import Struct, field


class Wire(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, rename="camel"):
    """A message or a part of one. What the schema does not know is kept in `extra` where it is tolerated at all."""

    extra: dict[str, Any] | None = field(name="-extra", default=None)
