"""Passwords of WS-Security are in no log, no journal, no fault: those that partners send, and ours."""

import logging

import httpx
import msgspec
import pytest

from core.errors import RoamingError
from core.model.secret import Secret
from gateway.middleware.observe import Observer
from protocols.ochp.client import OchpClient
from protocols.transport.soap.envelope import SOAP_11, seal
from protocols.transport.soap.security import security_header
from tests.flows.hub import HUB_URL, TestHub
from tests.flows.ochp_partners import MAIN, NS, XML, document, join, opened

GET = f'<GetRoamingAuthorisationListRequest xmlns="{NS}"/>'.encode()
WRONG = "a wrong password of this test"


class Uncounted:
    def request(self, *_: object) -> None:
        """Of no interest here."""


def written(hub: TestHub, caplog: pytest.LogCaptureFixture) -> str:
    """All that is kept of messages, and all that was logged."""
    return msgspec.json.encode(hub.storage.journal.exchanges).decode() + caplog.text


@pytest.mark.spec("OCHP-AUTH-16")
async def test_of_what_partners_send_no_password_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with opened() as hub:
        cpo = await join(hub, "CPO", "DEQX7")
        right, name = cpo.shown["password"], cpo.shown["username"]
        observed = Observer(Uncounted(), hub.storage.journal, hub.clock, hub.ids)(hub.app)  # type: ignore[arg-type]
        header, wrong = cpo.header(), cpo.header(WRONG)
        sent = [
            seal(SOAP_11, GET, header),
            seal(SOAP_11, GET, wrong),
            seal(SOAP_11, GET, wrong + wrong),
            seal(SOAP_11, GET, wrong.replace(b"PasswordText", b"PasswordNone")),
            seal(SOAP_11, b"<Unknown/>", header),
            seal(SOAP_11, GET, header)[:-20],
            seal(SOAP_11, GET, security_header(name, Secret(right), digest_at=hub.clock.now())),
        ]
        async with httpx.AsyncClient(transport=httpx.ASGITransport(observed), base_url=HUB_URL) as client:
            answers = [await client.post(MAIN, content=content, headers=XML) for content in sent]
        assert len(hub.storage.journal.exchanges) == len(sent)
        assert {one.partner for one in hub.storage.journal.exchanges} == {None, cpo.partner.id}
        everything = written(hub, caplog) + "".join(answer.text for answer in answers)
        assert right not in everything
        assert WRONG not in everything


@pytest.mark.spec("OCHP-AUTH-16")
async def test_of_what_we_send_no_password_is_kept_even_if_it_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ours = "our own password there"
    async with opened() as hub:
        upstream = {"url": "https://house.test/ochp/1.4", "username": "us", "password": ours}
        partner, _ = await hub.add(document("CPO", "DEQX7", upstream=upstream))
        seen: list[bytes] = []

        def echo(request: httpx.Request) -> httpx.Response:
            seen.append(request.content)
            return httpx.Response(500, content=request.content, headers=XML)

        hub.network.answer("house.test", echo)
        with pytest.raises(RoamingError) as raised:
            await OchpClient(hub.outbound).get_roaming_authorisation_list(partner)
        assert ours.encode() in seen[0]
        (exchange,) = hub.storage.journal.exchanges
        assert (exchange.operation, exchange.status) == ("GetRoamingAuthorisationList", 500)
        assert ours not in written(hub, caplog) + repr(raised.value)
