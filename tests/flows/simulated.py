"""Simulated networks as partners of a whole hub in one process: they meet without sockets.

town = Town(hub)
await town.join(EmipHost("Zett", PARTY, HUB_URL, PRICE))
"""

import time
from typing import Any, cast
from urllib.parse import parse_qsl, unquote

import httpx
from msgspec.structs import replace

from core.model.partner import Partner
from gateway.admin.stations import replace_stations, stations_from
from gateway.simulator.access import Admin
from gateway.simulator.network import Network
from gateway.simulator.server import Request
from mappings.ocpi.tariffs import tariff_from_ocpi
from protocols.ocpi.wire.tariffs import Tariff
from protocols.transport.json_codec import convert, decode_raw, encode
from tests.flows.hub import TestHub


class Town:
    """The hub's operator, as networks know it, and the way between them and the hub."""

    def __init__(self, hub: TestHub, *, sockets: bool = False) -> None:
        """`sockets`: the hub calls the networks at the ports at which they listen, with all that may go wrong there."""
        self.hub = hub
        self._networks: dict[int, Network] = {}
        self._sockets = httpx.AsyncHTTPTransport() if sockets else None
        self.open()

    def open(self) -> None:
        """The hub reaches the networks: also again, after a silence."""
        if self._sockets is not None:
            self.hub.network.reach("127.0.0.1", self._sockets)
        else:
            self.hub.network.serve("127.0.0.1", self._serve)

    @property
    def admin(self) -> Admin:
        return cast("Admin", self)

    async def join(self, *networks: Any) -> None:
        """Hosts and homes; each has its port, at which nobody has to listen."""
        for network in networks:
            await network._client.aclose()
            network._client = self.hub.client
            await network.switch_on()
            self._networks[int(network.url.rpartition(":")[2])] = network
            await network.join(self.admin)
        await self.hub.relay()

    async def close(self) -> None:
        if self._sockets is not None:
            await self._sockets.aclose()
        for network in self._networks.values():
            await network.switch_off()

    # --- as the admin API

    async def add(self, document: dict[str, Any]) -> dict[str, Any]:
        partner, shown = await self.hub.add(document)
        if agreed := document.get("tariff"):
            tariff = tariff_from_ocpi(convert(decode_raw(encode(agreed)), Tariff))
            await self.hub.storage.partners.update(replace(partner, agreed_tariff=tariff))
        return shown

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Only stations are handed in here."""
        _, partners, partner_id, what = path.split("/")
        assert (method, partners, what) == ("PUT", "partners", "locations")
        partner: Partner = self.hub.storage.partners.held[partner_id]
        return await replace_stations(self.hub.hub, partner, stations_from(encode(body), partner))

    # --- as the network between

    async def _serve(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        network = self._networks[scope["server"][1]]
        if not network.is_on:
            raise httpx.ConnectError(f"{network.name} is switched off")
        answer = await network._serve(_request(scope, body))
        written = {"content-type": "application/json; charset=utf-8", **answer.headers}
        headers = [(name.encode(), value.encode()) for name, value in written.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})


def _request(scope: dict[str, Any], body: bytes) -> Request:
    path = scope["raw_path"].decode()
    return Request(
        method=scope["method"],
        path=path,
        parts=tuple(unquote(part) for part in path.split("/") if part),
        query=dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)),
        headers={name.decode().lower(): value.decode() for name, value in scope["headers"]},
        body=body,
        arrived=time.perf_counter(),
    )
