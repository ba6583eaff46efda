"""What one OCPI partner could do to another, or to the hub, by what the hub passes on."""

import base64
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpcore
import pytest

from protocols.ocpi.paging import next_link
from protocols.ocpi.plugin import PLUGIN
from protocols.transport.addresses import FilteredBackend, is_public
from tests.flows.conftest import OcpiNet
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, cast, envelope, location, token


@pytest.fixture
async def net() -> AsyncIterator[OcpiNet]:
    async with TestHub.open([PLUGIN]) as hub:
        p1, p2, p3 = cast()
        for partner in (p1, p2, p3):
            await partner.join(hub)
        found = OcpiNet(hub, p1, p2, p3)
        found.forget()
        yield found


async def raw(net: OcpiNet, caller: OcpiPartner, path: str, to: str) -> int:
    """A GET with its path to the letter: a client would resolve the dots itself."""
    credentials = base64.b64encode((caller.token_c or "").encode())
    headers = [
        (b"authorization", b"Token " + credentials),
        (b"ocpi-to-country-code", to[:2].encode()),
        (b"ocpi-to-party-id", to[2:].encode()),
    ]
    scope: Any = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "state": {},
    }
    said: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    await net.hub.app(scope, receive, send)
    status: int = said[0]["status"]
    return status


@pytest.mark.parametrize(
    "rest",
    [
        "../../credentials",
        "../credentials",
        ".",
        "%2e%2e/%2E%2e/credentials",
        "..%2f..%2fcredentials",
        "..%5Cx",
        "a%2F..",
    ],
)
async def test_a_path_does_not_lead_out_of_the_endpoint(net: OcpiNet, rest: str) -> None:
    """A list asked for at `../../credentials` was answered with the hub's own token at that partner."""
    assert await raw(net, net.p2, f"/ocpi/2.3.0/locations/sender/{rest}", "NLCPA") == 404
    assert not net.p1.received


async def test_dots_within_an_id_are_no_way_out(net: OcpiNet) -> None:
    assert await raw(net, net.p2, "/ocpi/2.3.0/locations/sender/..a.b..%2F...", "NLCPA") == 200
    assert net.p1.received[0].path == "/2.3.0/locations/sender/..a.b..%2F..."


@pytest.mark.parametrize("header", ["<" * 60_000, "<a>;" + " " * 60_000, "<a>" + ";" * 60_000, "<a>; rel=" * 6_000])
def test_no_link_header_takes_long(header: str) -> None:
    """60000 opening brackets held up the whole process for a minute."""
    begun = time.process_time()
    next_link(header)
    assert time.process_time() - begun < 1


async def test_a_header_that_cannot_be_passed_back_is_left_out(net: OcpiNet) -> None:
    """It was a bare 500 for the caller."""
    net.p1.answers["GET", "locations"] = (200, envelope([]), {"x-total-count": "\u2713", "x-limit": "5"})
    answer = await net.p2.call(net.hub, "GET", "locations/sender", to="NLCPA")
    assert (answer.status_code, answer.json()["data"]) == (200, [])
    assert "x-total-count" not in answer.headers
    assert answer.headers["x-limit"] == "5"


@pytest.mark.parametrize("to", ["NLHUB", "DEEMB"])
async def test_a_correlation_id_travels_as_it_came(net: OcpiNet, to: str) -> None:
    """One that is not ASCII could not be sent: a delivery began again and again, a request got an error."""
    headers: Any = {"x-correlation-id": "caf\u00e9".encode()}
    path = "locations/receiver/NL/CPA/LOC1"
    answer = await net.p1.call(net.hub, "PUT", path, location(), to=to, headers=headers)
    assert answer.json()["status_code"] == 1000
    await net.relay()
    (request,) = net.p2.received
    assert request.headers["x-correlation-id"] == "caf\u00e9"


@pytest.mark.parametrize("expiry", ["9999-12-31T23:59:59Z", "2999-01-01T00:00:00Z"])
async def test_a_reservation_for_ever_is_passed_on_and_not_kept_for_ever(net: OcpiNet, expiry: str) -> None:
    """The year 9999 was an error of the hub's."""
    app_user = token("app-1", type="APP_USER")
    body = {
        "response_url": "https://p2.test/cb",
        "token": app_user,
        "expiry_date": expiry,
        "reservation_id": "R1",
        "location_id": "LOC1",
    }
    answer = await net.p2.call(net.hub, "POST", "commands/receiver/RESERVE_NOW", body, to="NLCPA")
    assert answer.json()["status_code"] == 1000
    (alias,) = net.hub.storage.aliases.held.values()
    assert alias.expires_at - net.hub.clock.now() < timedelta(days=400)


@pytest.mark.parametrize("changes", [{"response_url": f"https://p2.test/{'a' * 300}"}, {"reservation_id": "R" * 300}])
async def test_what_is_kept_of_a_command_is_short(net: OcpiNet, changes: dict[str, str]) -> None:
    body = {"response_url": "https://p2.test/cb", "reservation_id": "R1", **changes}
    answer = await net.p2.call(net.hub, "POST", "commands/receiver/CANCEL_RESERVATION", body, to="NLCPA")
    assert answer.json()["status_code"] == 2001
    assert next(iter(changes)) in answer.json()["status_message"]
    assert not net.p1.received
    assert not net.hub.storage.aliases.held


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".test", ".test"])
async def test_a_name_that_can_be_none_is_not_reached(host: str) -> None:
    """A partner's URL with it was an error of the hub's, and a delivery to it began again and again."""
    with pytest.raises(httpcore.ConnectError):
        await FilteredBackend(allow_private=False).connect_tcp(host, 443)


@pytest.mark.parametrize(
    "address",
    [
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "2002:7f00:1::",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:0:127.0.0.1",
        "2001:0:7f00:1::",
        "fec0::1",
        "::1",
    ],
)
def test_no_private_address_hides_in_another(address: str) -> None:
    """Where a network translates IPv6, 64:ff9b::a9fe:a9fe is the metadata service of a cloud."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["64:ff9b::808:808", "2002:808:808::", "::ffff:8.8.8.8", "2606:4700::1111", "8.8.8.8"]
)
def test_public_addresses_stay_public(address: str) -> None:
    assert is_public(address)
