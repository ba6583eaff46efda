"""One call of a partner, as the operations see it, and what they answer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Final, TypeVar

from msgspec import Struct

from core.model.ids import PartyId
from core.model.partner import Partner, Role
from core.routing import CPO_SIDE, visible_owners
from core.services.turns import Turns
from protocols.ochp import codec
from protocols.ochp.codes import result
from protocols.ochp.server.catalogue import Catalogue
from protocols.ochp.wire.words import ResultCode
from protocols.plugin import Hub
from protocols.transport.soap.reading import Refused
from protocols.transport.soap.xml import Element

T = TypeVar("T")
R = TypeVar("R", bound=Struct)
FEW: Final = 50
ISSUERS: Final = frozenset({Role.EMSP})


class Reply(Struct, frozen=True):
    """An encoded element, and the result code in it, for the journal."""

    body: bytes
    code: str = ResultCode.OK.value


class Shared(Struct, frozen=True, kw_only=True):
    """What all calls of one process have in common."""

    hub: Hub
    catalogue: Catalogue
    turns: Turns


class Inbound(Struct, frozen=True, kw_only=True):
    """`body` is the element of the request. `correlation_id` is ours for this call."""

    shared: Shared
    partner: Partner
    body: Element
    now: datetime
    correlation_id: str

    @property
    def hub(self) -> Hub:
        return self.shared.hub

    def message(self, wire_type: type[T]) -> T:
        """Raises Invalid."""
        return codec.read(self.body, wire_type)

    async def message_each(self, wire_type: type[T]) -> tuple[T, tuple[Refused, ...]]:
        """Records that cannot be read are told apart. Raises Invalid where the request itself is wrong."""
        return await aside(len(self.body), codec.read_each, self.body, wire_type)

    def lock(self, what: str) -> AbstractAsyncContextManager[None]:
        """Writes of one partner are taken one after the other."""
        return self.shared.turns.turn(f"ochp/{what}/{self.partner.id}")

    async def operators(self) -> tuple[PartyId, ...]:
        """Whose charge points, statuses and CDRs the caller may see; none: it has nothing to exchange."""
        return visible_owners(self.partner, await self.hub.partners.all(), CPO_SIDE)

    async def operators_since(self, since: datetime) -> frozenset[PartyId]:
        """Those that the caller has seen only since then."""
        return frozenset(visible_owners(self.partner, await self.hub.partners.all(), CPO_SIDE, since=since))

    async def issuers(self) -> tuple[PartyId, ...]:
        """Whose tokens the caller may see."""
        return visible_owners(self.partner, await self.hub.partners.all(), ISSUERS)


Handler = Callable[[Inbound], Awaitable[Reply]]


async def aside(number: int, work: Callable[..., T], *given: Any) -> T:
    """Work on so many records: many are left to a thread, so that nobody else has to wait for them."""
    return await asyncio.to_thread(work, *given) if number > FEW else work(*given)


def replied(message: Struct) -> Reply:
    """A response with a result."""
    return Reply(codec.encode(message), message.result.result_code.value)  # type: ignore[attr-defined]


def replied_list(name: str, pieces: list[str], code: ResultCode, text: str) -> Reply:
    """A response of rendered records."""
    head = codec.piece(result(code, text), "result")
    return Reply(codec.encode_list(name, head, pieces), code.value)


def numbered(records: Sequence[R], refused: Sequence[Refused], name: str) -> Iterator[tuple[int, R]]:
    """The readable records with their places in the request, from 1."""
    bad = {one.position for one in refused if one.name == name}
    places = (place for place in range(1, len(records) + len(bad) + 1) if place not in bad)
    return zip(places, records, strict=True)
