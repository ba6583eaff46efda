"""Reading and writing the Authorization header."""

import base64

import pytest

from protocols.ocpi.auth import authorization, fresh_token, readings

spec = pytest.mark.spec


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@spec("OCPI-TRN-02", "OCPI-TRN-05")
@pytest.mark.parametrize("token", ["a", "abc", "ebf3b399-779f-4497-9b9d-ac6ad3cc44d2", "!~" * 32])
def test_the_token_goes_out_encoded_to_the_byte(token: str) -> None:
    header = authorization(token, "base64")
    assert header == "Token " + b64(token)
    assert readings(header.encode())[0] == (token, "base64")


@spec("OCPI-TRN-08")
def test_or_as_it_is() -> None:
    assert authorization("abc", "raw") == "Token abc"


@spec("OCPI-TRN-06", "OCPI-TRN-07")
@pytest.mark.parametrize(
    ("header", "found"),
    [
        (f"Token {b64('abc')}", [("abc", "base64"), (b64("abc"), "raw")]),
        (f"token  {b64('abc')} ", [("abc", "base64"), (b64("abc"), "raw")]),
        (f"Token {b64('abc')}".replace("=", ""), [("abc", "base64"), ("YWJj", "raw")]),
        (f"Token {b64(' abc' + chr(10))}", [("abc", "base64"), (b64(" abc" + chr(10)), "raw")]),
        ("Token a-b_c", [("a-b_c", "raw")]),
        ("Token YWJ", [("YWJ", "raw")]),
        ("Token /////w==", [("/////w==", "raw")]),
        ("Token", []),
        ("Token ", []),
        ("Bearer abc", []),
        ("Tokenabc", []),
        ("", []),
    ],
)
def test_what_a_header_may_mean(header: str, found: list[tuple[str, str]]) -> None:
    assert readings(header.encode()) == found


@spec("OCPI-TRN-11")
def test_fresh_tokens() -> None:
    tokens = {fresh_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(len(token) == 43 and token.isascii() and token.isprintable() and " " not in token for token in tokens)
