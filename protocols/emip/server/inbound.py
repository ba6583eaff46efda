"""One message of a partner, and what its handler needs."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from msgspec import Struct

from core.model.authorisation import Journey
from core.model.ids import EvseId, PartyId
from core.model.partner import Partner, Role
from core.routing import known
from core.services.turns import Turns
from mappings.emip.ids import evse_id_from_emip
from protocols.emip.server.repeats import Repeats
from protocols.emip.settings import EmipSettings
from protocols.emip.wire.words import IdType
from protocols.plugin import Hub


class Shared:
    """What all calls of one process have in common."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.repeats = Repeats(hub.cache)
        self._turns = Turns(hub.cache)

    def lock(self, name: str) -> AbstractAsyncContextManager[None]:
        """Messages about one thing are taken one after the other."""
        return self._turns.turn(f"emip/{name}")


class Inbound(Struct, frozen=True, kw_only=True):
    """`party` is the operation in whose name the partner calls; `transaction_id` its own, or one of ours."""

    shared: Shared
    partner: Partner
    settings: EmipSettings
    party: PartyId
    message: Any
    transaction_id: str
    correlation_id: str

    @property
    def hub(self) -> Hub:
        return self.shared.hub

    def evse_id(self, id_type: IdType, text: str) -> EvseId | None:
        """None for an opaque id that stands for nothing known. Raises Invalid for what is no EVSE id."""
        meant: str | None = text
        if id_type is IdType.GIREVE:
            meant = self.settings.meant(text)
        return None if meant is None else evse_id_from_emip(meant)

    async def home(self, party: PartyId | None, role: Role) -> Partner | None:
        """Who speaks for the party in this role, if it is here."""
        if party is None:
            return None
        partners = await self.hub.partners.all()
        return next((partner for partner in partners if partner.speaks_for(party, role) and known(partner)), None)

    async def journey(self, session_id: str) -> Journey | None:
        return await self.hub.sessions.journey(session_id.lower())

    def is_operator(self, journey: Journey) -> bool:
        return journey.operator_partner == self.partner.id and journey.operator == self.party

    def is_issuer(self, journey: Journey) -> bool:
        return journey.issuer_partner == self.partner.id and journey.issuer == self.party


Handler = Callable[[Inbound], Awaitable[Struct]]


class Operation(Struct, frozen=True):
    """`roles` of which the caller's operation has to play one. `remembered`: whether its answers are given again; a
    message that changes nothing the second time, and of which there are many, is taken again instead."""

    handle: Handler
    roles: frozenset[Role]
    remembered: bool = True
