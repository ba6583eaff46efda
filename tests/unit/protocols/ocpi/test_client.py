"""What goes over the wire when we call a partner, and what comes of its answers."""

from typing import Any

import httpx
import msgspec
import pytest

from core.errors import Unavailable, Uncertain, Unsupported
from core.model.ids import PartyId
from core.model.partner import CredentialKind, Partner, PartyRole, Role
from core.ports.adapter import Call
from protocols.ocpi.adapter import OcpiAdapter
from protocols.ocpi.client import OcpiClient, Routing, routing_headers
from protocols.ocpi.codec import read
from protocols.ocpi.settings import Interface, OcpiSettings, settings_text
from protocols.ocpi.versions import RECEIVER, SENDER
from protocols.ocpi.wire.tariffs import Tariff
from tests.fakes import FakeStorage
from tests.fakes.clock import START
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import envelope, tariff

OURS, THEIRS = PartyId("NL", "HUB"), PartyId("DE", "EMB")
CALL_ID = "correlation"


class Bench:
    """A client, and the one partner that it calls."""

    def __init__(self, answer: Any) -> None:
        self.hub = TestHub([])
        self.hub.network.answer("p.test", answer if callable(answer) else lambda _: answer)
        self.client = OcpiClient(self.hub.outbound)
        self.storage: FakeStorage = self.hub.storage
        settings = OcpiSettings(
            endpoints=(
                Interface("tariffs", RECEIVER, "https://p.test/2.3.0/tariffs//"),
                Interface("tokens", SENDER, "https://p.test/2.3.0/tokens"),
            )
        )
        role = PartyRole(role=Role.EMSP, party=THEIRS, spelling="de*eMb")
        self.partner = Partner(
            id="p",
            name="P",
            protocol="ocpi",
            roles=(role,),
            settings=settings_text(settings),
            created_at=START,
            updated_at=START,
        )
        self.storage.partners.secrets["p", CredentialKind.OUTBOUND] = "secret"
        self.call = Call(partner=self.partner, correlation_id=CALL_ID, sender=OURS)
        self.to = Routing(OURS, THEIRS)

    @property
    def seen(self) -> httpx.Request:
        return self.hub.network.seen[-1]

    async def put(self) -> None:
        await self.client.put_tariff(self.call, self.to, read(msgspec.json.encode(tariff("a/b c")), Tariff))


def good(data: Any = None) -> httpx.Response:
    return httpx.Response(200, json=envelope(data))


async def test_a_push() -> None:
    bench = Bench(good())
    await bench.put()
    assert bench.seen.method == "PUT"
    assert bench.seen.url.raw_path == b"/2.3.0/tariffs/NL/CPA/a%2Fb%20c"
    assert bench.seen.headers["authorization"] == "Token c2VjcmV0"
    assert bench.seen.headers["x-correlation-id"] == CALL_ID
    assert bench.seen.headers["x-request-id"] != CALL_ID
    assert bench.seen.headers["ocpi-to-party-id"] == "eMb"
    assert bench.seen.headers["ocpi-from-party-id"] == "HUB"
    (exchange,) = bench.storage.journal.exchanges
    assert (exchange.operation, exchange.correlation_id) == ("PUT tariff", CALL_ID)
    assert "secret" not in str(exchange)


def test_the_recipient_is_written_as_it_writes_itself() -> None:
    headers = routing_headers(Bench(good()).partner, Routing(OURS, THEIRS))
    assert (headers["ocpi-to-country-code"], headers["ocpi-to-party-id"]) == ("de", "eMb")


async def test_a_partner_without_the_endpoint() -> None:
    bench = Bench(good())
    adapter = OcpiAdapter(bench.hub.outbound)
    with pytest.raises(Unsupported, match="publishes no cdrs"):
        await bench.client.post_cdr(bench.call, bench.to, None)  # type: ignore[arg-type]
    assert adapter.answers(bench.partner)
    assert not adapter.answers(msgspec.structs.replace(bench.partner, settings="{}"))


async def test_a_partner_that_gave_no_token() -> None:
    bench = Bench(good())
    bench.storage.partners.secrets.clear()
    with pytest.raises(Unsupported):
        await bench.put()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("refused"), Unavailable),
        (httpx.ConnectTimeout("slow"), Unavailable),
        (httpx.ReadTimeout("slow"), Uncertain),
        (httpx.RemoteProtocolError("cut"), Uncertain),
    ],
)
async def test_a_broken_line(error: Exception, kind: type[Exception]) -> None:
    def fails(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(kind):
        await Bench(fails).put()


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b'{"status_code":"1000"}', b"\xff", b"[" * 100_000])
async def test_what_is_no_envelope(body: bytes) -> None:
    with pytest.raises(Uncertain):
        await Bench(httpx.Response(200, content=body)).put()


async def test_an_envelope_with_more_or_less_than_expected() -> None:
    answer = httpx.Response(200, content=b'{"status_code":1000,"timestamp":"whenever","more":1}')
    await Bench(answer).put()


@pytest.mark.parametrize("data", [None, {}, [], "ALLOWED", {"allowed": "YES", "token": {}}])
async def test_an_answer_without_authorization_info(data: Any) -> None:
    bench = Bench(good(data))
    with pytest.raises(Uncertain):
        await bench.client.post_authorize(bench.call, bench.to, "u", "RFID", None)
    assert bench.seen.url.raw_path == b"/2.3.0/tokens/u/authorize?type=RFID"
    assert "content-type" not in bench.seen.headers


async def test_no_redirect_is_followed() -> None:
    bench = Bench(httpx.Response(302, headers={"location": "https://elsewhere.test/"}))
    with pytest.raises(Uncertain):
        await bench.put()
    assert len(bench.hub.network.seen) == 1
