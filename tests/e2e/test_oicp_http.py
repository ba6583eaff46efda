"""What OICP partners expect of HTTP itself, on a real socket. OICP checklist, 2."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec
import pytest
import pytest_asyncio

from gateway.simulator.access import Admin
from tests.e2e.hub_fixture import HubProcess
from tests.e2e.test_emip_http import Line
from tests.flows.oicp_partners import DATA, cpo, record

PUSH = {
    "ActionType": "fullLoad",
    "OperatorEvseData": {
        "OperatorID": "DE*SOC",
        "OperatorName": "Socket",
        "EvseDataRecord": [record("DE*SOC*E1")],
    },
}


@pytest_asyncio.fixture(scope="module")
async def key(hub: HubProcess, admin: Admin) -> str:
    added = await admin.add(cpo("DE*SOC"))
    hub.secrets.append(added["api_key"])
    return str(added["api_key"])


@pytest.fixture
def line(hub: HubProcess, key: str) -> Iterator[Line]:
    address = urlsplit(hub.state["base_url"])
    head = (
        f"POST /api/oicp/{DATA.format(id='DE*SOC')} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
    )
    with socket.create_connection((address.hostname, address.port), timeout=20) as wire:
        yield Line(wire, head.encode(), msgspec.json.encode(PUSH))


def good(answer: bytes) -> bool:
    return answer.startswith(b"HTTP/1.1 200") and b'"Code":"000"' in answer


@pytest.mark.spec("OICP-NET-20")
def test_a_connection_is_kept(line: Line) -> None:
    for _ in range(2):
        line.wire.sendall(line.head + b"Content-Length: %d\r\n\r\n%b" % (len(line.body), line.body))
        assert good(line.answer())


@pytest.mark.spec("OICP-NET-20")
def test_a_push_in_chunks(line: Line) -> None:
    line.wire.sendall(line.head + b"Transfer-Encoding: chunked\r\n\r\n")
    for start in range(0, len(line.body), 100):
        piece = line.body[start : start + 100]
        line.wire.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
    line.wire.sendall(b"0\r\n\r\n")
    assert good(line.answer())


@pytest.mark.spec("OICP-NET-20")
def test_a_push_that_waits_for_a_go_ahead(line: Line) -> None:
    line.wire.sendall(line.head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(line.body))
    assert line.answer().startswith(b"HTTP/1.1 100")
    line.wire.sendall(line.body)
    assert good(line.answer())
