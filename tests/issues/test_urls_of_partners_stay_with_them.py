"""What went wrong at an eMSP or an operator was told to the other side with the URL that the hub had called there."""

import httpx
import pytest

from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.oicp.plugin import PLUGIN as OICP
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, token
from tests.flows.oicp_partners import cpo, join, record

SECRET = "7f3a-secret-path"


def _fails(error: type[httpx.HTTPError]) -> httpx.MockTransport:
    def handler(_: httpx.Request) -> httpx.Response:
        raise error("no luck")

    return httpx.MockTransport(handler)


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL])
@pytest.mark.parametrize("to", ["NLHUB", None, "DEEMB"])
async def test_an_operator_is_not_told_where_the_emsp_was_asked(to: str | None, error: type[httpx.HTTPError]) -> None:
    async with TestHub.open([OCPI, OICP]) as hub:
        p1 = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        p2 = await OcpiPartner("p2.test", ("EMSP", "DE", "EMB")).join(hub)
        await p2.call(hub, "PUT", "tokens/receiver/DE/EMB/04AABBCC", token())
        hub.network._hosts["p2.test"] = _fails(error)
        answer = await p1.call(hub, "POST", "tokens/sender/04AABBCC/authorize", b"", to=to)
        assert answer.json()["status_code"] in (4002, 4003)
        assert "https://" not in answer.text
        assert "2.3.0/tokens" not in answer.text


async def test_an_emsp_is_not_told_where_the_operator_was_called() -> None:
    async with TestHub.open([OCPI, OICP]) as hub:
        p2 = await OcpiPartner("p2.test", ("EMSP", "DE", "EMB")).join(hub)
        abc = await join(hub, cpo(callback_url=f"https://abc.test/{SECRET}"))
        await abc.push_data("fullLoad", record())
        hub.network._hosts["abc.test"] = _fails(httpx.ConnectError)
        command = {
            "response_url": "https://p2.test/cb",
            "token": token("DE-EMB-C12345678", type="APP_USER"),
            "location_id": next(iter(hub.storage.locations.held.values())).id,
            "evse_uid": next(iter(hub.storage.locations.held.values())).evses[0].uid,
        }
        answer = await p2.call(hub, "POST", "commands/receiver/START_SESSION", command, to=None)
        assert answer.json()["data"]["result"] == "ACCEPTED", answer.text
        await hub.processes.work()
        results = [request for request in p2.received if request.path == "/cb"]
        assert results
        assert any(SECRET in request.url.path for request in hub.network.seen)
        assert SECRET not in str([request.body for request in results])
