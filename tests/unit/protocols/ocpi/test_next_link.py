"""Link headers as partners write them."""

import pytest

from protocols.ocpi.paging import next_link

spec = pytest.mark.spec


@spec("OCPI-PAG-20")
@pytest.mark.parametrize(
    "header",
    [
        '<https://p.test/x?a=1,2;b>; rel="next"',
        "<https://p.test/x?a=1,2;b>;rel=next",
        '<https://p.test/x?a=1,2;b>; REL = "NEXT"',
        '<https://p.test/first>; rel="first", <https://p.test/x?a=1,2;b>; title="more"; rel="next"',
        '<https://p.test/x?a=1,2;b>; rel="next", <https://p.test/last>; rel="last"',
        '<https://p.test/other>; rel="nextish", <https://p.test/x?a=1,2;b>; rel="next"',
    ],
)
def test_the_next_page_is_found(header: str) -> None:
    assert next_link(header) == "https://p.test/x?a=1,2;b"


@pytest.mark.parametrize(
    "header", ["", "nonsense", '<https://p.test/x>; rel="prev"', "<https://p.test/x>", "<;rel=next"]
)
def test_there_is_none(header: str) -> None:
    assert next_link(header) is None
