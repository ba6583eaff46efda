"""Bodies in gzip."""

import gzip

import pytest

from core.errors import Invalid
from protocols.transport.packing import packed, takes_gzip, unpacked


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.1", True),
        ("deflate,gzip; q=1.0", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("x-gzip", False),
        ("*", False),
        ("", False),
    ],
)
def test_who_gets_gzip(accepted: str, taken: bool) -> None:
    assert takes_gzip(accepted) is taken


def test_there_and_back() -> None:
    assert gzip.decompress(packed(b"text")) == b"text"
    assert unpacked(packed(b"text"), " GZip ", 4) == b"text"
    assert unpacked(b"text", "identity", 4) == unpacked(b"text", "", 4) == b"text"


def test_not_more_than_the_limit_is_inflated() -> None:
    assert unpacked(packed(b"0" * 10_000_000), "gzip", 9_999_999) is None


@pytest.mark.parametrize(
    ("body", "encoding", "why"),
    [
        (b"text", "br", "only gzip"),
        (b"text", "gzip", "is not gzip"),
        (packed(b"text")[:-1], "gzip", "cut off"),
        (packed(b"text") * 2, "gzip", "goes on"),
    ],
)
def test_what_is_no_gzip(body: bytes, encoding: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        unpacked(body, encoding, 100)
