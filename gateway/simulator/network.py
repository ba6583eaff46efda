"""What all simulated networks share: who they are, their server, what they received, and how long they thought."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, ClassVar

import httpx
from msgspec import Struct

from core.model.ids import PartyId
from gateway.simulator.faults import OF_HTTP, SLOW_S, Fault, refused, spoilt
from gateway.simulator.server import Answer, Request, SmallServer
from protocols.transport.json_codec import NotJson, decode_raw, encode

TIMEOUT_S = 30.0


class NotAsTold(Exception):
    """Something else happened than a network, or the story, expected. Its text is one clear sentence."""


class Received(Struct, frozen=True, kw_only=True):
    """One call that the hub made. `answered_s` is from its arrival to the answer."""

    method: str
    path: str
    headers: dict[str, str]
    query: dict[str, str]
    body: Any
    status: int
    arrived: float
    answered_s: float


class Card(Struct, frozen=True, kw_only=True):
    """A driver's card. `blocked`: its issuer knows it and says no; `silent`: its issuer, when asked, thinks for longer
    than anybody waits. The uid is hexadecimal, of 14 characters."""

    uid: str
    contract_id: str
    blocked: bool = False
    silent: bool = False


class Network:
    """A network with one party. Subclasses speak a protocol: `_answer` is what they serve.

    `told`, if set, hears of each call of the hub as it is answered."""

    whole_seconds: ClassVar[bool] = False
    """Whether its protocol has no fractions of a second."""
    possible_faults: ClassVar[frozenset[Fault]] = OF_HTTP

    def __init__(self, name: str, party: PartyId, role: str, hub_url: str, *, thinks_s: float = 0.0) -> None:
        self.name = name
        self.party = party
        self.role = role
        self.hub_url = hub_url.rstrip("/")
        self.thinks_s = thinks_s
        self.received: list[Received] = []
        self.told: Callable[[Network, Received], None] | None = None
        self._server = SmallServer(self._serve)
        self._client = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False)
        self._changed = asyncio.Event()
        self.faults: frozenset[Fault] = frozenset()
        self.slow_s = SLOW_S

    async def become(self, *faults: Fault) -> None:
        """From now on these things are wrong with it, and no others. Raises ValueError for what it cannot have."""
        foreign = set(faults) - self.possible_faults
        if foreign:
            raise ValueError(f"{self.name} cannot have {', '.join(sorted(foreign))}")
        self.faults = frozenset(faults)
        await (self.switch_off() if Fault.DOWN in faults else self.switch_on())

    def faulty(self, fault: Fault) -> bool:
        return fault in self.faults

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def is_on(self) -> bool:
        return self._server.listening

    async def switch_on(self) -> None:
        await self._server.start()

    async def switch_off(self) -> None:
        """Its server is gone: callers meet a refused connection. What it knows, it keeps."""
        await self._server.stop()

    async def close(self) -> None:
        await self._server.stop()
        await self._client.aclose()

    async def until(self, happened: Callable[[], bool], what: str, patience_s: float = 20.0) -> float:
        """Waits until something is true that the hub's calls bring about; gives the seconds that it took.

        Raises NotAsTold naming `what` did not happen."""
        begun = time.perf_counter()
        while not happened():
            left = begun + patience_s - time.perf_counter()
            if left <= 0:
                raise NotAsTold(f"{self.name}: {what} did not happen within {patience_s:g} s")
            self._changed.clear()
            try:
                async with asyncio.timeout(min(left, 1.0)):
                    await self._changed.wait()
            except TimeoutError:
                continue
        return time.perf_counter() - begun

    def slowest_answer_s(self, since: float, part: str) -> float:
        """The longest time that this network took to answer a call with `part` in its path since a moment."""
        times = [call.answered_s for call in self.received if call.arrived >= since and part in call.path]
        return max(times, default=0.0)

    async def _serve(self, request: Request) -> Answer:
        body = self._decoded(request)
        answer = await refused(self.faults, self.slow_s) or spoilt(await self._answer(request, body), self.faults)
        call = Received(
            method=request.method,
            path=request.path,
            headers=request.headers,
            query=request.query,
            body=body,
            status=answer.status,
            arrived=request.arrived,
            answered_s=time.perf_counter() - request.arrived,
        )
        self.received.append(call)
        if self.told:
            self.told(self, call)
        self._changed.set()
        return answer

    def _decoded(self, request: Request) -> Any:
        """The body of a call in the words of the protocol: JSON, unless it says otherwise. None: not readable."""
        try:
            return decode_raw(request.body) if request.body else None
        except NotJson:
            return None

    async def _answer(self, request: Request, body: Any) -> Answer:
        """`body` as `_decoded` gave it."""
        raise NotImplementedError

    async def _send(
        self, method: str, url: str, headers: dict[str, str], body: Any = None, params: dict[str, Any] | None = None
    ) -> httpx.Response:
        """JSON. Raises NotAsTold if the hub cannot be reached."""
        content = None if body is None else encode(body)
        if content is not None:
            headers = {**headers, "content-type": "application/json"}
        return await self._exchange(method, url, headers, content, params)

    async def _exchange(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        content: bytes | None,
        params: dict[str, Any] | None = None,
    ) -> httpx.Response:
        """Bytes of any kind. Raises NotAsTold if the hub cannot be reached."""
        try:
            return await self._client.request(method, url, headers=headers, content=content, params=params)
        except httpx.HTTPError as error:
            raise NotAsTold(f"{self.name}: {method} {url} failed: {error or type(error).__name__}") from error


def json_of(response: httpx.Response, who: str) -> Any:
    """The decoded body. Raises NotAsTold if it is not JSON."""
    try:
        return decode_raw(response.content)
    except NotJson as error:
        said = response.text[:200]
        raise NotAsTold(
            f"{who}: {response.request.method} {response.request.url} was answered {response.status_code} "
            f"without JSON: {said}"
        ) from error


def bare(evse_id: str) -> str:
    """For comparing: separators do not count."""
    return evse_id.replace("*", "").upper()
