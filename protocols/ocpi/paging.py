"""List requests and their pages. Source: OCPI 2.3.0, transport_and_format, pagination."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from msgspec import Struct

from core.errors import Invalid
from core.model.location import Position
from mappings.ocpi.common import time_from_ocpi
from protocols.ocpi.codec import checked_text
from protocols.ocpi.wire.types import DateTime

MAX_LIMIT: Final = 100
"""Objects on one page; a caller may ask for fewer."""
MAX_OFFSET: Final = 2**53
_LINK: Final = re.compile(r"<([^<>]*)>((?:\s*;[^,<]*)*)")
_NEXT: Final = re.compile(r"""\brel\s*=\s*"?next\b""", re.IGNORECASE)


class Page(Struct, frozen=True, kw_only=True):
    """Which part of a list is asked for. `date_from` is inclusive, `date_to` exclusive."""

    date_from: datetime | None = None
    date_to: datetime | None = None
    offset: int = 0
    limit: int = MAX_LIMIT
    after: Position | None = None

    @property
    def empty(self) -> bool:
        """Nothing can be between these dates."""
        return self.date_from is not None and self.date_to is not None and self.date_from >= self.date_to

    def following(self, total: int) -> dict[str, str] | None:
        """What leads to the next page by its offset; None: this is the last."""
        behind = self.offset + self.limit
        return {"offset": str(behind), "limit": str(self.limit)} if behind < total else None

    def behind(self, last: Position) -> dict[str, str]:
        """What leads to the page behind this position: however far that is, and whatever has moved in between."""
        return {
            "offset": str(self.offset + self.limit),
            "limit": str(self.limit),
            "after": f"{last.created}/{last.key}",
        }


def page_from(query: Mapping[str, str]) -> Page:
    """Raises Invalid naming the parameter; other parameters are left alone."""
    return Page(
        date_from=moment(query, "date_from"),
        date_to=moment(query, "date_to"),
        offset=_number(query, "offset", 0, lowest=0),
        limit=min(_number(query, "limit", MAX_LIMIT, lowest=1), MAX_LIMIT),
        after=_position(query, "after"),
    )


def page_headers(
    url: str, query: Mapping[str, str], page: Page, total: int, following: Mapping[str, str] | None
) -> list[tuple[str, str]]:
    """`url` is that of the endpoint. The next link repeats every parameter that came, known or not, but for those of
    `following`."""
    headers = [("X-Total-Count", str(total)), ("X-Limit", str(page.limit))]
    if following is not None:
        headers.append(("Link", f'<{url}?{urlencode({**query, **following})}>; rel="next"'))
    return headers


def is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 20 and int(text) <= MAX_OFFSET


def _position(query: Mapping[str, str], name: str) -> Position | None:
    """A parameter of ours, in links only."""
    text = query.get(name)
    if text is None:
        return None
    created, _, key = text.partition("/")
    if not key or not is_whole(created):
        raise Invalid(name, "belongs to next links, which are to be followed as they are")
    return Position(int(created), key)


def next_link(header: str) -> str | None:
    """The URL of the next page in a Link header. Source: RFC 8288; OCPI 2.3.0, transport_and_format, pagination."""
    return next((url for url, parameters in _LINK.findall(header) if _NEXT.search(parameters)), None)


def moment(query: Mapping[str, str], name: str) -> datetime | None:
    """Raises Invalid."""
    text = query.get(name)
    return None if text is None else time_from_ocpi(checked_text(text, DateTime, name), name)


def _number(query: Mapping[str, str], name: str, default: int, *, lowest: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not is_whole(text) or int(text) < lowest:
        raise Invalid(name, f"{text[:40]!r} is not a whole number from {lowest} on")
    return int(text)
