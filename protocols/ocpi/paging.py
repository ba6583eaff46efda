"""List requests and their pages. Source: OCPI 2.3.0, transport_and_format, pagination."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from msgspec import Struct

from core.errors import Invalid
from mappings.ocpi.common import time_from_ocpi
from protocols.ocpi.codec import checked_text
from protocols.ocpi.wire.types import DateTime

MAX_LIMIT: Final = 100
"""Objects on one page; a caller may ask for fewer."""
MAX_OFFSET: Final = 2**53


class Page(Struct, frozen=True, kw_only=True):
    """Which part of a list is asked for. `date_from` is inclusive, `date_to` exclusive."""

    date_from: datetime | None = None
    date_to: datetime | None = None
    offset: int = 0
    limit: int = MAX_LIMIT

    @property
    def empty(self) -> bool:
        """Nothing can be between these dates."""
        return self.date_from is not None and self.date_to is not None and self.date_from >= self.date_to


def page_from(query: Mapping[str, str]) -> Page:
    """Raises Invalid naming the parameter; other parameters are left alone."""
    return Page(
        date_from=_moment(query, "date_from"),
        date_to=_moment(query, "date_to"),
        offset=_number(query, "offset", 0, lowest=0),
        limit=min(_number(query, "limit", MAX_LIMIT, lowest=1), MAX_LIMIT),
    )


def page_headers(url: str, query: Mapping[str, str], page: Page, total: int) -> list[tuple[str, str]]:
    """`url` is that of the endpoint. The next link repeats every parameter that came, known or not."""
    headers = [("X-Total-Count", str(total)), ("X-Limit", str(page.limit))]
    following = page.offset + page.limit
    if following < total:
        asked = {**query, "offset": str(following), "limit": str(page.limit)}
        headers.append(("Link", f'<{url}?{urlencode(asked)}>; rel="next"'))
    return headers


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    return None if text is None else time_from_ocpi(checked_text(text, DateTime, name), name)


def _number(query: Mapping[str, str], name: str, default: int, *, lowest: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or not lowest <= int(text[:20]) <= MAX_OFFSET:
        raise Invalid(name, f"{text[:40]!r} is not a whole number from {lowest} on")
    return int(text)
