"""What eMIP partners expect of HTTP itself, on a real socket. eMIP checklist, 2.1."""

import socket
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from gateway.simulator.access import Admin
from protocols.emip import codec
from protocols.emip.wire import to_iop
from protocols.emip.wire.words import IdType
from protocols.transport.soap.envelope import SOAP_12, seal
from tests.e2e.hub_fixture import HubProcess


class Line(NamedTuple):
    """One TCP connection to the hub, and a heartbeat with the headers that each needs."""

    wire: socket.socket
    head: bytes
    body: bytes

    def answer(self) -> bytes:
        """One whole response."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, rest = received.partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 100"):
            return head
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        while len(rest) < int(lengths[0].partition(b":")[2]):
            rest += self._more()
        return head + b"\r\n\r\n" + rest

    def _more(self) -> bytes:
        more = self.wire.recv(65536)
        assert more, "the hub closed the connection"
        return more


@pytest_asyncio.fixture(scope="module")
async def heartbeat(hub: HubProcess, admin: Admin) -> tuple[str, bytes]:
    """The key of a partner, and its message."""
    roles = [{"role": "CPO", "country_code": "FR", "party_id": "HBT"}]
    added = await admin.add({"name": "Socket", "protocol": "emip", "roles": roles})
    hub.secrets.append(added["api_key"])
    message = to_iop.HeartBeatRequest(
        transaction_id="t-1",
        partner_id_type=IdType.EMI3,
        partner_id=added["partner_id"],
        operator_id_type=IdType.EMI3,
        operator_id="FR*HBT",
    )
    return added["api_key"], seal(SOAP_12, codec.encode(message))


@pytest.fixture
def line(hub: HubProcess, heartbeat: tuple[str, bytes]) -> Iterator[Line]:
    address = urlsplit(hub.state["base_url"])
    key, body = heartbeat
    head = (
        f"POST /emip/0.7.4 HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/soap+xml; charset=utf-8\r\n"
    )
    with socket.create_connection((address.hostname, address.port), timeout=20) as wire:
        yield Line(wire, head.encode(), body)


def good(answer: bytes) -> bool:
    return answer.startswith(b"HTTP/1.1 200") and b"<requestStatus>1</requestStatus>" in answer


@pytest.mark.spec("EMIP-TRN-12")
def test_a_connection_is_kept(line: Line) -> None:
    for _ in range(2):
        line.wire.sendall(line.head + b"Content-Length: %d\r\n\r\n%b" % (len(line.body), line.body))
        assert good(line.answer())


@pytest.mark.spec("EMIP-TRN-12")
def test_a_connection_is_closed_where_the_partner_wants_it(line: Line) -> None:
    line.wire.sendall(line.head + b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(line.body), line.body))
    assert good(line.answer())
    assert line.wire.recv(1) == b""


@pytest.mark.spec("EMIP-TRN-12")
def test_a_body_in_chunks(line: Line) -> None:
    line.wire.sendall(line.head + b"Transfer-Encoding: chunked\r\n\r\n")
    for start in range(0, len(line.body), 100):
        piece = line.body[start : start + 100]
        line.wire.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
    line.wire.sendall(b"0\r\n\r\n")
    assert good(line.answer())


@pytest.mark.spec("EMIP-TRN-12")
def test_a_body_that_waits_for_a_go_ahead(line: Line) -> None:
    line.wire.sendall(line.head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(line.body))
    assert line.answer().startswith(b"HTTP/1.1 100")
    line.wire.sendall(line.body)
    assert good(line.answer())
