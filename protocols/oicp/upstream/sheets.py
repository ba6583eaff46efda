"""The hub's stations, statuses and cards as a platform is shown them."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, ClassVar, Final

from msgspec.structs import replace

from core.model.base import revision_at
from core.model.ids import PartyId
from core.model.location import Evse, Location, LocationQuery
from core.model.partner import Partner, Role
from core.model.token import TokenQuery
from core.routing import CPO_SIDE
from mappings.oicp.evse_statuses import evse_status_to_oicp
from mappings.oicp.ids import evse_id_from_oicp
from mappings.oicp.leftovers import PROTOCOL
from mappings.oicp.locations import evse_records_to_oicp
from mappings.oicp.tokens import token_to_oicp
from protocols.oicp.codec import encode
from protocols.oicp.history import digest_of
from protocols.oicp.server.catalogue import last_valid
from protocols.oicp.server.evse_change import batched
from protocols.oicp.settings import is_upstream, settings_of
from protocols.oicp.upstream.lists import Lists
from protocols.oicp.upstream.mirror import Thing
from protocols.oicp.wire.common import ActionType
from protocols.oicp.wire.evse_data import DynamicInfo, PlatformEvseDataRecord
from protocols.plugin import Hub, Outbound

EVSES: Final = "evses"
STATUSES: Final = "statuses"
CARDS: Final = "cards"
ALL: Final = 10_000_000
BULK: Final = 100


class StatusSheet:
    """The part that the telling of single changes needs, too."""

    of: ClassVar[str] = STATUSES
    operation: ClassVar[str] = "PushEvseStatus"
    patient: ClassVar[bool] = False

    def __init__(self, lists: Lists, outbound: Outbound) -> None:
        self._lists = lists
        self._outbound = outbound

    async def push(self, partner: Partner, action: ActionType, records: Sequence[Any]) -> None:
        await self._lists.push_evse_status(
            partner,
            action,
            records,
            name=self._outbound.identity.name,
            process_id=self._outbound.ids.uuid(),
            patient=self.patient,
        )

    async def known(self, partner: Partner, evses: Iterable[Evse]) -> list[Thing]:
        """Of those EVSEs that the platform holds."""
        said = [(evse, evse_status_to_oicp(evse.evse_id, evse.status)[0]) for evse in evses]
        keys = {evse.evse_id.key for evse, record in said if evse.evse_id and record}
        held = await self._outbound.copies.held(partner.id, EVSES, keys)
        return [
            Thing(key=evse.evse_id.key, record=record, digest=record.evse_status.value)
            for evse, record in said
            if record is not None and evse.evse_id is not None and evse.evse_id.key in held
        ]


class AllStatuses(StatusSheet):
    patient: ClassVar[bool] = True

    def __init__(self, lists: Lists, hub: Hub) -> None:
        super().__init__(lists, hub.outbound)
        self._hub = hub

    async def things(self, partner: Partner, since: datetime | None) -> AsyncIterator[Thing]:
        async for bulk in shown_locations(self._hub, partner, since):
            evses = [evse for location in bulk for evse in location.evses]
            things = await self.known(partner, evses)
            await self._forget(partner, evses, {thing.key for thing in things})
            for thing in things:
                yield thing

    async def _forget(self, partner: Partner, evses: Iterable[Evse], known: set[str]) -> None:
        """With an EVSE the platform loses its status, which is new when the EVSE comes back."""
        gone = {evse.evse_id.key: None for evse in evses if evse.evse_id and evse.evse_id.key not in known}
        await self._outbound.copies.note(partner.id, STATUSES, gone)


class EvseSheet:
    of: ClassVar[str] = EVSES
    operation: ClassVar[str] = "PushEvseData"

    def __init__(self, lists: Lists, hub: Hub) -> None:
        self._lists = lists
        self._hub = hub

    async def push(self, partner: Partner, action: ActionType, records: Sequence[Any]) -> None:
        name, process_id = self._hub.identity.name, self._hub.ids.uuid()
        await self._lists.push_evse_data(partner, action, records, name=name, process_id=process_id)

    async def things(self, partner: Partner, since: datetime | None) -> AsyncIterator[Thing]:
        upstream = settings_of(partner).upstream
        bundled = upstream.bundled() if upstream else frozenset()
        async for bulk in shown_locations(self._hub, partner, since):
            for location in bulk:
                narrow = replace(location, evses=tuple(evse for evse in location.evses if _is_of(evse, bundled)))
                for thing in await self._shown(narrow) if narrow.evses else ():
                    yield thing

    async def _shown(self, location: Location) -> Iterable[Thing]:
        made = evse_records_to_oicp(location, hotline=self._hub.identity.hotline)
        await self._hub.note_fetched("location", location.owner, PROTOCOL, (*made.losses, *made.withheld))
        return self._of(location, made.records)

    def _of(self, location: Location, shown: Sequence[PlatformEvseDataRecord]) -> Iterable[Thing]:
        """Those that can be shown, and those that can not, or not any longer."""
        evses = {evse.evse_id.key: evse for evse in location.evses if evse.evse_id}
        live = {evse_id_from_oicp(record.evse_id).key: record for record in shown}
        gone = [evse for key, evse in evses.items() if key not in live]
        for key, record in live.items():
            told = _as_told(record, location)
            yield Thing(key=key, record=told, digest=digest_of(told))
        named = {evse_id_from_oicp(record.evse_id).key: record for record in _last_records(location, gone)}
        for evse in gone:
            if evse.evse_id is not None:
                bare = {"EvseID": evse.evse_id.text}
                yield Thing(key=evse.evse_id.key, record=named.get(evse.evse_id.key, bare), digest=None)


class CardSheet:
    of: ClassVar[str] = CARDS
    operation: ClassVar[str] = "PushAuthenticationData"

    def __init__(self, lists: Lists, hub: Hub) -> None:
        self._lists = lists
        self._hub = hub

    async def push(self, partner: Partner, action: ActionType, records: Sequence[Any]) -> None:
        await self._lists.push_cards(partner, action, records, process_id=self._hub.ids.uuid())

    async def things(self, partner: Partner, since: datetime | None) -> AsyncIterator[Thing]:
        upstream = settings_of(partner).upstream
        bundled = upstream.bundled() if upstream else frozenset()
        issuers = await _own_parties(self._hub, Role.EMSP)
        async for token in self._hub.tokens.each(partner, TokenQuery(stored_from=since, issuers=issuers)):
            provider = token.contract_id.provider if token.contract_id else token.issuer
            uploaded = token_to_oicp(token).record if provider in bundled else None
            digest = None if uploaded is None else blake2b(encode(uploaded), digest_size=9).hexdigest()
            named = uploaded or token_to_oicp(replace(token, valid=True)).record
            if named is not None:
                yield Thing(key=token.key, record=named, digest=digest)


async def shown_locations(hub: Hub, partner: Partner, since: datetime | None) -> AsyncIterator[list[Location]]:
    """Those that the platform may see, written since then, in bulks; never what came from a platform."""
    owners = await _own_parties(hub, *CPO_SIDE)
    held, _ = await hub.locations.page_keys(partner, LocationQuery(owners=owners, limit=ALL))
    keys = [key for key, revision, *_ in held if since is None or revision >= revision_at(since)]
    for bulk in batched(keys, BULK):
        yield [location for _, location in await hub.locations.by_keys(bulk)]


async def _own_parties(hub: Hub, *roles: Role) -> tuple[PartyId, ...]:
    """Of partners that are no platforms themselves."""
    partners = [partner for partner in await hub.partners.all() if not is_upstream(partner) and not partner.is_hub]
    return tuple(dict.fromkeys(party for partner in partners for role in roles for party in partner.parties_as(role)))


def _is_of(evse: Evse, bundled: frozenset[PartyId]) -> bool:
    return evse.evse_id is not None and evse.evse_id.operator in bundled


def _as_told(record: PlatformEvseDataRecord, location: Location) -> PlatformEvseDataRecord:
    """The operator behind the hub is its sub-operator there; statuses come of what has one."""
    operator = location.operator.name if location.operator else None
    dynamic = record.dynamic_info_available
    if dynamic is DynamicInfo.AUTO:
        dynamic = DynamicInfo.TRUE
    return replace(
        record,
        delta_type=None,
        last_update=None,
        sub_operator_name=record.sub_operator_name or (operator[:100] if operator else None),
        dynamic_info_available=dynamic,
    )


def _last_records(location: Location, gone: Sequence[Evse]) -> Sequence[PlatformEvseDataRecord]:
    """What they were, as far as it can be said."""
    if not gone:
        return ()
    return evse_records_to_oicp(last_valid(replace(location, publish=True, evses=tuple(gone))), platform=True).records
