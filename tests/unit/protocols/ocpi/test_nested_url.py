"""A response URL in a query: whatever is found, it can be replaced and the rest stays."""

from urllib.parse import parse_qs, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.ocpi.server.nested import nested_url

OURS = "https://hub.test/ocpi/2.3.0/chargingprofiles/result/0a"
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), min_size=1, max_size=12)
URLS = st.builds(lambda path, query: f"https://emsp.test/{path}?a={query}", TEXT, TEXT)
OTHERS = st.lists(st.sampled_from(["duration=900", "x=1", "response_urls=2", "y"]), max_size=2)


@pytest.mark.spec("OCPI-HUB-82", "OCPI-CHP-02")
@given(before=OTHERS, url=URLS, after=OTHERS)
def test_an_encoded_url_is_found_anywhere(before: list[str], url: str, after: list[str]) -> None:
    query = "&".join([*before, f"response_url={quote(url, safe='')}", *after])
    found = nested_url(query)
    assert found is not None
    assert found.url == url
    assert found.rest == "&".join([*before, *after])
    assert parse_qs(found.with_url(OURS))["response_url"] == [OURS]


@pytest.mark.spec("OCPI-HUB-82", "OCPI-CHP-02", "OCPI-HUB-81")
@given(before=OTHERS, url=URLS)
def test_one_that_is_not_encoded_goes_to_the_end(before: list[str], url: str) -> None:
    query = "&".join(["duration=1", *before, f"response_url={url}"])
    found = nested_url(query)
    assert found is not None
    assert found.url == url
    assert found.with_url(OURS) == query.removesuffix(url) + quote(OURS, safe="")


@given(TEXT | st.just(""))
def test_what_is_found_is_part_of_the_query(text: str) -> None:
    for query in (text, f"response_url={text}"):
        found = nested_url(query)
        if found is None:
            assert not query.startswith("response_url=")
        else:
            assert query.startswith(found.before)
            assert query.endswith(found.after)
