"""The address filter: a URL that a partner gives us must not lead into our own network.

It sits where connections are made, after the name was resolved, so that a name cannot answer twice.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import httpcore

from core.errors import Invalid, Unavailable
from protocols.transport.streams import JoinedStream

_CARRIES_IPV4: Final = tuple(map(ipaddress.IPv6Network, ("::ffff:0:0/96", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96")))
"""In their last 32 bits: mapped, compatible and translated addresses, NAT64. Source: RFC 4291, 2765, 6052."""
_LOCAL_NAT64: Final = ipaddress.IPv6Network("64:ff9b:1::/48")
SocketOptions = Iterable[tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]]


def is_public(address: str) -> bool:
    """Whether an IP address is of the public internet (an IPv4 address inside an IPv6 one counts as itself)."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.is_site_local or parsed in _LOCAL_NAT64:
            return False
        parsed = _inner(parsed)
    return parsed.is_global and not parsed.is_multicast


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that a translator on the way would make of it, if any."""
    if any(address in network for network in _CARRIES_IPV4):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or address


def check_url(url: str, path: str, *, allow_private: bool) -> str:
    """A partner-given URL that may be called.

    Raises Invalid: not absolute http(s), with a password, or plainly private.

    Without `allow_private` it must be https."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Invalid(path, f"not a URL: {error}") from error
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise Invalid(path, "not an absolute http or https URL")
    if parts.username or parts.password:
        raise Invalid(path, "a URL with credentials in it")
    if allow_private:
        return url
    if parts.scheme != "https":
        raise Invalid(path, "https is required")
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")) or _is_private_literal(host):
        raise Invalid(path, "the URL leads into a private network")
    return url


def _is_private_literal(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:
        return False


class FilteredBackend(httpcore.AsyncNetworkBackend):
    """Resolves, refuses what is not public, and connects to the very address that was checked."""

    def __init__(self, *, allow_private: bool) -> None:
        self._inner = httpcore.AnyIOBackend()
        self._allow_private = allow_private

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions | None = None,
    ) -> httpcore.AsyncNetworkStream:
        if not self._allow_private:
            host = await self._resolve(host, port)
        return JoinedStream(
            await self._inner.connect_tcp(
                host, port, timeout=timeout, local_address=local_address, socket_options=socket_options
            )
        )

    async def _resolve(self, host: str, port: int) -> str:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # the latter for a name that can be none: a..b, a label of 64 letters
            raise httpcore.ConnectError(str(error)) from error
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or not all(is_public(address) for address in addresses):
            raise ForbiddenAddress("the URL leads into a private network")
        return addresses[0]

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: SocketOptions | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise ForbiddenAddress("unix sockets are not called")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class ForbiddenAddress(Unavailable):
    """The filter refused a connection: nothing was sent."""
