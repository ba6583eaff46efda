"""WS-Security UsernameToken: in clear, and as a digest that is good once."""

import base64
from datetime import timedelta

import pytest

from core.errors import Refused
from core.model.secret import Secret
from protocols.transport.soap.envelope import SECEXT, SOAP_11, open_envelope, seal
from protocols.transport.soap.security import (
    PROFILE,
    SECURITY,
    UTILITY,
    DigestGuard,
    PasswordKind,
    UsernameToken,
    digest,
    security_header,
    username_token,
)
from protocols.transport.soap.xml import Element, parse
from tests.fakes.cache import FakeCache
from tests.fakes.clock import FakeClock

PASSWORD = Secret("pa<ss>&wörd")


def header(block: bytes) -> tuple[Element, ...]:
    return open_envelope(parse(seal(SOAP_11, b"<a/>", block)), (SOAP_11,), {SECURITY}).header


def made(inner: str) -> tuple[Element, ...]:
    return header(f'<w:Security xmlns:w="{SECEXT}" xmlns:u="{UTILITY}">{inner}</w:Security>'.encode())


def token(password: str = "<w:Password>x</w:Password>") -> str:
    return f"<w:UsernameToken><w:Username>me</w:Username>{password}</w:UsernameToken>"


@pytest.mark.spec("OCHP-CLI-03")
def test_what_we_send_we_can_read() -> None:
    block = security_header("me & you", PASSWORD)
    assert b"mustUnderstand" in block
    found = username_token(header(block))
    assert found == UsernameToken(username="me & you", secret=PASSWORD, kind=PasswordKind.TEXT)


@pytest.mark.parametrize(
    "more",
    [
        "<w:Password>x</w:Password>",
        f'<w:Password Type="{PROFILE}PasswordText">x</w:Password>',
        '<w:Password Type="PasswordText">x</w:Password>',
        "<w:Password>x</w:Password><w:Nonce>???</w:Nonce><u:Created>1999</u:Created>",
    ],
)
def test_text_passwords_of_all_spellings(more: str) -> None:
    found = username_token(made(token(more)))
    assert found is not None
    assert (found.username, found.secret.value, found.kind) == ("me", "x", PasswordKind.TEXT)


def test_no_token_is_none() -> None:
    assert username_token(()) is None
    assert username_token(made("<u:Timestamp/>")) is None


@pytest.mark.parametrize(
    "inner",
    [
        token() + token(),
        token("<w:Password>x</w:Password><w:Password>y</w:Password>"),
        token(""),
        "<w:UsernameToken><w:Password>x</w:Password></w:UsernameToken>",
        token('<w:Password Type="urn:x">x</w:Password>'),
        token("<w:Password><x/></w:Password>"),
        token(f"<w:Password>{'x' * 600}</w:Password>"),
        token(f'<w:Password Type="{PROFILE}PasswordDigest">x</w:Password>'),
        token(f'<w:Password Type="{PROFILE}PasswordDigest">x</w:Password><w:Nonce>?</w:Nonce><u:Created>x</u:Created>'),
    ],
)
def test_tokens_that_cannot_be_read_are_refused_without_their_content(inner: str) -> None:
    with pytest.raises(Refused) as caught:
        username_token(made(inner))
    assert not caught.value.authenticated
    assert "x" * 10 not in caught.value.reason


def test_two_security_headers_are_refused() -> None:
    block = f'<w:Security xmlns:w="{SECEXT}">{token()}</w:Security>'.encode()
    with pytest.raises(Refused):
        username_token(header(block * 2))


def test_a_token_shows_no_secret() -> None:
    found = username_token(header(security_header("me", PASSWORD)))
    assert "pa<ss" not in f"{found!r} {found}"


class TestDigest:
    clock = FakeClock()

    def sent(self, password: Secret = PASSWORD) -> UsernameToken:
        found = username_token(header(security_header("me", password, digest_at=self.clock.now())))
        assert found is not None
        assert found.kind is PasswordKind.DIGEST
        return found

    async def test_is_good_once(self) -> None:
        guard, told = DigestGuard(FakeCache(self.clock), self.clock), self.sent()
        await guard.check(told, PASSWORD)
        with pytest.raises(Refused):
            await guard.check(told, PASSWORD)
        await guard.check(self.sent(), PASSWORD)

    async def test_a_wrong_password_uses_up_no_nonce(self) -> None:
        guard, told = DigestGuard(FakeCache(self.clock), self.clock), self.sent()
        with pytest.raises(Refused):
            await guard.check(told, Secret("other"))
        await guard.check(told, PASSWORD)

    @pytest.mark.parametrize("seconds", [-400, 400])
    async def test_only_just_now(self, seconds: int) -> None:
        clock = FakeClock()
        told = self.sent()
        clock.set(self.clock.now() + timedelta(seconds=seconds))
        with pytest.raises(Refused):
            await DigestGuard(FakeCache(clock), clock).check(told, PASSWORD)

    @pytest.mark.parametrize("created", ["", "yesterday", "2026-13-45T00:00:00Z"])
    async def test_times_that_are_none(self, created: str) -> None:
        secret = Secret(digest(PASSWORD, b"n", created))
        told = UsernameToken(username="me", secret=secret, kind=PasswordKind.DIGEST, nonce=b"n", created=created)
        with pytest.raises(Refused):
            await DigestGuard(FakeCache(self.clock), self.clock).check(told, PASSWORD)

    async def test_a_text_password_is_no_digest(self) -> None:
        told = UsernameToken(username="me", secret=PASSWORD, kind=PasswordKind.TEXT)
        with pytest.raises(Refused):
            await DigestGuard(FakeCache(self.clock), self.clock).check(told, PASSWORD)

    def test_is_what_the_profile_says(self) -> None:
        nonce = base64.b64decode("LKqI6G/AikKCQrN0zqZFlg==")
        made = digest(Secret("userpassword"), nonce, "2010-09-16T07:50:45Z")
        assert made == "tuOSpGlFlIXsozq4HFNeeGeFLEI="
