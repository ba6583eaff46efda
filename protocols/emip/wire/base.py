"""Base of all eMIP wire types, and how their members lie in XML.

The name of a member is that of its element; the order of the members is the order on the wire. Children are in no
namespace.
"""

from typing import Any

from msgspec import Struct, field


class Wire(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, rename="camel"):
    """A message or a part of one. Elements that nobody knows are kept in `extra`, and sent on only where agreed."""

    extra: dict[str, Any] | None = field(name="-extra", default=None)
