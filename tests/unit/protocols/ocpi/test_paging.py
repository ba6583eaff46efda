"""Query parameters and page headers."""

from datetime import UTC, datetime

import pytest

from core.errors import Invalid
from protocols.ocpi.paging import MAX_LIMIT, Page, page_from, page_headers


def test_nothing_asked() -> None:
    assert page_from({}) == Page(offset=0, limit=MAX_LIMIT)


def test_everything_asked() -> None:
    page = page_from(
        {"date_from": "2026-01-01T00:00:00", "date_to": "2026-01-02T00:00:00.5Z", "offset": "7", "limit": "3"}
    )
    assert page.date_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert page.date_to == datetime(2026, 1, 2, 0, 0, 0, 500_000, tzinfo=UTC)
    assert (page.offset, page.limit, page.empty) == (7, 3, False)


@pytest.mark.parametrize("limit", ["101", "1000000", "9" * 15])
def test_the_limit_is_bounded(limit: str) -> None:
    assert page_from({"limit": limit}).limit == MAX_LIMIT


@pytest.mark.parametrize(
    ("name", "text"),
    [("offset", "-1"), ("offset", "１"), ("limit", "0"), ("limit", "9" * 5000), ("date_from", "2026-01-01 00:00:00")],
)
def test_wrong_ones_are_named(name: str, text: str) -> None:
    with pytest.raises(Invalid) as caught:
        page_from({name: text})
    assert caught.value.path == name


@pytest.mark.parametrize(("offset", "linked"), [(0, True), (15, True), (16, False), (20, False), (99, False)])
def test_the_link_ends_with_the_list(offset: int, linked: bool) -> None:
    page = Page(offset=offset, limit=4)
    headers = dict(page_headers("https://hub.test/x", {"offset": str(offset)}, page, 20, page.following(20)))
    assert ("Link" in headers) is linked
    assert (headers["X-Total-Count"], headers["X-Limit"]) == ("20", "4")
