"""A URL as a parameter of a query. The specification's own samples do not encode it, so that its `?` and `&` look like
those of the query it stands in. Source: OCPI 2.3.0, mod_charging_profiles; transport_and_format.
"""

import re
from typing import Final
from urllib.parse import quote, unquote

from msgspec import Struct

_PARAMETER: Final = re.compile(r"(?:^|(?<=&))response_url=")
_AFTER: Final = re.compile(r"&duration=[0-9]+\Z")
"""The only parameter that may follow; in front of the URL it is found like any other."""


class Nested(Struct, frozen=True):
    """A query with a `response_url`: what stands before it (with its `&`), the URL itself, and what follows."""

    before: str
    url: str
    after: str

    def with_url(self, url: str) -> str:
        """The same query, with another URL in full encoding."""
        return f"{self.before}response_url={quote(url, safe='')}{self.after}"

    @property
    def rest(self) -> str:
        """The query without it."""
        return (self.before.rstrip("&") + self.after).lstrip("&")


def nested_url(query: str) -> Nested | None:
    """`query` as it came. A URL that is not encoded goes to the end of the query, or to a `duration` behind it."""
    found = _PARAMETER.search(query)
    if found is None:
        return None
    before, value = query[: found.start()], query[found.end() :]
    if "://" not in value.partition("&")[0]:
        encoded, mark, after = value.partition("&")
        return Nested(before, unquote(encoded), mark + after)
    if "?" not in value:  # what follows an `&` is not the URL's; parts of it may be encoded all the same
        plain, mark, after = value.partition("&")
        return Nested(before, unquote(plain) if "%3f" in plain.lower() else plain, mark + after)
    behind = None if "duration=" in before else _AFTER.search(value)
    end = behind.start() if behind else len(value)
    return Nested(before, value[:end], value[end:])
