"""What we call before and while a partner is registered: no routing headers, tokens that may not be stored yet, and
errors that say what is wrong with the other side. Source: OCPI 2.3.0, version_information_endpoint, credentials."""

from collections.abc import Callable
from typing import Final, TypeVar

from core.errors import Invalid, RoamingError, StoreUnavailable
from protocols.ocpi import codec
from protocols.ocpi.client import Peer, request_to
from protocols.ocpi.diagnosis import clock_remark, misread, refusal, retold, unreached
from protocols.ocpi.dialect import Dialect
from protocols.ocpi.wire.credentials import Credentials
from protocols.ocpi.wire.versions import Version, VersionDetails
from protocols.plugin import Outbound

CONFIG_S: Final = 15.0
T = TypeVar("T")


class ConfigClient:
    """`remarks`: what was noticed on the way and hinders nothing, each once."""

    def __init__(self, outbound: Outbound) -> None:
        self._http = outbound.http
        self._ids = outbound.ids
        self._clock = outbound.clock
        self.remarks: dict[str, None] = {}

    async def get_versions(self, peer: Peer, url: str) -> tuple[Version, ...]:
        return await self._read(
            peer, "GET versions", "GET", url, lambda data: codec.read_bare(data, tuple[Version, ...])
        )

    async def get_version_details(self, peer: Peer, url: str, dialect: Dialect) -> VersionDetails:
        what = "GET version details"
        return await self._read(peer, what, "GET", url, lambda data: dialect.read_bare(data, VersionDetails))

    async def send_credentials(
        self, method: str, peer: Peer, url: str, credentials: Credentials, dialect: Dialect
    ) -> Credentials:
        """Raises Rejected with code 405 if the partner says to POST that we are registered already, to PUT that we are
        not."""
        content = dialect.write(credentials)
        return await self._read(
            peer,
            f"{method} credentials",
            method,
            url,
            lambda data: dialect.read_bare(data, Credentials),
            content,
        )

    async def _read(
        self,
        peer: Peer,
        operation: str,
        method: str,
        url: str,
        read: Callable[[bytes], T],
        content: bytes | None = None,
    ) -> T:
        what = f"{operation}: {url}"
        request = request_to(
            peer, operation, method, url, content, {}, CONFIG_S, self._ids.uuid(), request_id=self._ids.uuid()
        )
        try:
            answer = await self._http.send(request)
        except StoreUnavailable:
            raise
        except RoamingError as error:
            raise retold(error, f"{what} {unreached(error)}") from error
        if remark := clock_remark(answer, self._clock.now()):
            self.remarks.setdefault(remark)
        wrong = refusal(method, url, answer, what)
        if wrong is not None:
            raise wrong
        envelope = codec.received(answer.body)
        try:
            return read((codec.present(envelope) if envelope else None) or b"null")
        except Invalid as error:
            raise misread(error, what) from error
