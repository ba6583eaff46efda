"""One store per aggregate. `save` commits the state and what must be told, or neither.

Every accepted message has a natural key; the same message twice is once. Stores raise nothing of their library: a
failing database is `Unavailable`.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from core.model.alias import Alias
from core.model.authorisation import Journey, JourneyState
from core.model.base import Extensions
from core.model.cdr import CdrSettlement, CdrState
from core.model.command import CommandRecord
from core.model.event import Event
from core.model.ids import ContractId, EvseId, PartyId, TokenUid
from core.model.location import EvseChange, Location, LocationQuery, PageKey, Station, StationQuery
from core.model.name import Name
from core.model.record import Record, RecordKind, RecordQuery
from core.model.session import Session
from core.model.token import Token, TokenQuery
from core.model.version import Version


class Saved(StrEnum):
    """What `save` did. OLDER: what we hold is newer, nothing was written. SAME: nothing changed, nobody is told."""

    CREATED = "CREATED"
    CHANGED = "CHANGED"
    SAME = "SAME"
    OLDER = "OLDER"


class StatusChange(NamedTuple):
    """One EVSE's new status, and what tells of it."""

    owner: PartyId
    location_id: str
    evse_uid: str
    change: EvseChange
    event: Event


class LocationStore(Protocol):
    async def get(self, owner: PartyId, location_id: str) -> Location | None: ...

    async def by_evse_id(self, evse_id: EvseId) -> Location | None:
        """The location that holds the EVSE with this id; of several those of the operator that the id names, whoever
        else claims it; of several whose ids differ in their stars only, the one that spells it so."""
        ...

    async def save(self, location: Location, *, events: Sequence[Event]) -> Saved:
        """Insert or replace; an older `updated_at` than the stored one changes nothing."""
        ...

    async def save_all(self, owner_locations: Sequence[Location], *, events: Sequence[Event]) -> None:
        """Many at once, in bulks; each bulk with its events. Used for full loads; no version check."""
        ...

    async def save_together(
        self, locations: Sequence[Location], *, events: Sequence[Event], versions: Sequence[Version]
    ) -> None:
        """All of them with their events and their versions (`SetStore`), or nothing; no version check."""
        ...

    async def remove(self, locations: Sequence[Location], *, events: Sequence[Event]) -> None:
        """Delete these (a flat protocol's delete or full load that no longer names them)."""
        ...

    async def retire(self, locations: Sequence[Location], *, events: Sequence[Event]) -> None:
        """As `save_all`, for what its owner no longer has: not `current` until it is saved again, whatever its time."""
        ...

    async def change_status(
        self, owner: PartyId, location_id: str, evse_uid: str, change: EvseChange, *, event: Event
    ) -> Saved:
        """One EVSE's status, in one group commit with others that arrive at the same time. Raises Unknown if not held.

        Moves `updated_at` of the EVSE and the location forward."""
        ...

    async def change_statuses(self, changes: Sequence[StatusChange], *, versions: Sequence[Version]) -> Sequence[Saved]:
        """As `change_status`, all of them with their versions (`SetStore`), or nothing. Raises Unknown."""
        ...

    async def annotate(self, owner: PartyId, location_id: str, evse_uid: str, extensions: Extensions) -> None:
        """What a protocol keeps with an EVSE: joins its extensions, is no change of it, and told to nobody. Raises
        Unknown if not held."""
        ...

    async def revise(self, keys: Sequence[str], change: Callable[[Location], tuple[Location, Event] | None]) -> None:
        """Each of these that is held as `change` makes it of what is held now, with its event; None leaves it alone.

        All in one step; `change` may be called again if another writer was faster, and keeps EVSEs and their uids."""
        ...

    async def page(self, query: LocationQuery) -> tuple[list[Location], int]:
        """In the order in which they came first; the second value is how many match altogether."""
        ...

    async def page_keys(self, query: LocationQuery) -> tuple[list[PageKey], int]:
        """As `page`, without the locations, for readers that hold encoded copies; `revision_at` says what a revision
        is."""
        ...

    async def by_keys(self, keys: Sequence[str]) -> list[tuple[int, Location]]:
        """(revision, location) for each key that is held, in any order."""
        ...

    def at_one_instant(
        self, owners: Sequence[PartyId], known: Mapping[str, int]
    ) -> AsyncIterator[tuple[str, int, Location | None]]:
        """(key, revision, location) of all of these owners, as they are at one instant, in any order; without the
        location where its revision is the known one. What `save_together` writes is seen whole or not at all."""
        ...

    def each(self, query: LocationQuery) -> AsyncIterator[Location]:
        """All that match, streamed; memory stays flat. `offset` and `limit` are ignored."""
        ...

    async def search(self, query: StationQuery) -> tuple[list[Station], int]:
        """Those that their owner still has, nearest first (without a place: in order of their keys), and how many match
        altogether."""
        ...

    @property
    def generation(self) -> int:
        """Grows whenever any location may have changed; the same number twice: nothing changed in between.

        -1 while it is not known (then nothing may be served from memory)."""
        ...


class TokenStore(Protocol):
    async def by_key(self, key: str) -> Token | None: ...

    async def get(self, issuer: PartyId, kind: str, uid: TokenUid) -> Token | None: ...

    async def of_card(self, kind: str, uid: TokenUid) -> list[Token]:
        """All issuers' tokens that share a mark with what was read (`core.model.cards`), in order of their keys.

        Of a plain uid, its kind does not matter."""
        ...

    async def of_contract(self, contract_id: ContractId) -> list[Token]:
        """All issuers' tokens of this contract, in order of their keys."""
        ...

    async def save(self, token: Token, *, events: Sequence[Event]) -> Saved: ...

    async def save_all(self, tokens: Sequence[Token], *, events: Sequence[Event]) -> None: ...

    async def save_together(
        self, tokens: Sequence[Token], *, events: Sequence[Event], versions: Sequence[Version]
    ) -> None:
        """All of them with their events and their versions (`SetStore`), or nothing; no version check."""
        ...

    async def remove(self, tokens: Sequence[Token], *, events: Sequence[Event]) -> None: ...

    async def page(self, query: TokenQuery) -> tuple[list[Token], int]: ...

    def each(self, query: TokenQuery) -> AsyncIterator[Token]: ...


class SetStore(Protocol):
    """Sets that are kept by version. What other stores write of them goes with their own state, or not at all."""

    async def write(self, versions: Sequence[Version]) -> None:
        """All or nothing. An entry of the same instant is replaced."""
        ...

    async def entries(
        self, names: Sequence[str], *, at: datetime | None = None, keys: Sequence[str] | None = None, limit: int = 0
    ) -> list[Version]:
        """What is in these sets now, or was at that instant, by set and key; 0: without limit."""
        ...

    async def history(self, name: str, key: str, *, limit: int) -> list[Version]:
        """Of one entry, youngest first."""
        ...


class SessionStore(Protocol):
    async def by_key(self, key: str) -> Session | None: ...

    async def by_keys(self, keys: Sequence[str]) -> list[Session]:
        """Those that are held, in any order."""
        ...

    async def get(self, owner: PartyId, session_id: str) -> Session | None: ...

    async def save(self, session: Session, *, events: Sequence[Event]) -> Saved: ...

    async def page(
        self,
        *,
        owners: Sequence[PartyId] | None,
        issuers: Sequence[PartyId] | None,
        updated_from: datetime,
        updated_to: datetime | None,
        offset: int,
        limit: int,
    ) -> tuple[list[Session], int]:
        """Sessions of these owners (None: any) whose token is of these issuers (None: any)."""
        ...


class CdrStore(Protocol):
    async def accept(self, settlement: CdrSettlement, *, event: Event) -> CdrSettlement:
        """Insert with its event and bill its journey, or return what is already held under the key (compare
        `digest`)."""
        ...

    async def get(self, key: str) -> CdrSettlement | None: ...

    async def by_keys(self, keys: Sequence[str]) -> list[CdrSettlement]:
        """Those that are held, in any order."""
        ...

    async def update(self, settlement: CdrSettlement) -> CdrSettlement:
        """Write the way of a CDR (never the CDR itself).

        Optimistic on `rev`: raises Uncertain if another writer was faster."""
        ...

    async def revise(self, settlement: CdrSettlement, *, event: Event) -> CdrSettlement:
        """As `update`, with the CDR itself and its event."""
        ...

    async def fetched(self, settlements: Sequence[CdrSettlement]) -> None:
        """Write `fetched_version` of these as they stand; what has changed meanwhile is left as it is."""
        ...

    async def page(
        self,
        *,
        owners: Sequence[PartyId] | None,
        recipients: Sequence[str] | None,
        updated_from: datetime | None,
        updated_to: datetime | None,
        offset: int,
        limit: int,
        states: Sequence[CdrState] | None = None,
    ) -> tuple[list[CdrSettlement], int]:
        """By CDR owner and recipient partner id; the times bound the CDR's `updated_at`."""
        ...

    async def counts(self) -> dict[CdrState, int]: ...


class JourneyStore(Protocol):
    async def create(self, journey: Journey) -> None: ...

    async def get(self, journey_id: str) -> Journey | None: ...

    async def by_operator_session(self, operator: PartyId, session_id: str) -> Journey | None: ...

    async def by_issuer_session(self, issuer_partner: str, session_id: str) -> Journey | None:
        """The youngest of this partner's drivers that bears its own session id."""
        ...

    async def by_reference(self, reference: str) -> Journey | None: ...

    async def latest_for_token(self, operator: PartyId, uid: TokenUid) -> Journey | None:
        """The youngest journey of this card at this operator that is not billed."""
        ...

    async def page(
        self,
        *,
        partner: str | None = None,
        states: Sequence[JourneyState] | None = None,
        contract: ContractId | None = None,
        since: datetime | None = None,
        offset: int,
        limit: int,
    ) -> tuple[list[Journey], int]:
        """Youngest first, and how many there are. `partner` is on either side; `since` bounds the beginning."""
        ...

    async def unended_for_token(self, operator: PartyId, uid: TokenUid) -> list[Journey]:
        """The youngest few of this card at this operator that are authorised or charging, youngest first. Reservations
        are not among them, nor is the youngest of a card ever one."""
        ...

    async def of_reservation(self, issuer: PartyId, reservation_id: str) -> list[Journey]:
        """The youngest few that this issuer calls so, at whichever operators, youngest first."""
        ...

    async def update(self, journey: Journey) -> Journey:
        """Optimistic on `rev`: raises Uncertain if another writer was faster."""
        ...


MOST_SHOWN = 1000
"""So many commands are shown at once, however often a partner has asked."""


class CommandStore(Protocol):
    async def save(self, record: CommandRecord) -> None:
        """Insert or replace, by the command's id."""
        ...

    async def get(self, command_id: str) -> CommandRecord | None: ...

    async def of_journeys(self, journey_ids: Sequence[str]) -> list[CommandRecord]:
        """In the order of their beginning, `MOST_SHOWN` at most."""
        ...


class RecordStore(Protocol):
    async def by_key(self, key: str) -> Record | None: ...

    async def named(self, kind: RecordKind, name: str, owner: PartyId | None = None) -> list[Record]:
        """Those of this owner (None: of any) that have this id, or are also found by it, without regard to case, in
        order of their keys."""
        ...

    async def save(self, record: Record, *, events: Sequence[Event]) -> Saved: ...

    async def remove(self, records: Sequence[Record], *, events: Sequence[Event]) -> None: ...

    async def page(self, query: RecordQuery) -> tuple[list[Record], int]:
        """Each object once: the latest of what was told of it, in the order in which those came."""
        ...


class AliasStore(Protocol):
    async def put(self, alias: Alias) -> None: ...

    async def get(self, alias_id: str) -> Alias | None:
        """None, too, for one that has expired."""
        ...

    async def by_subject(self, subject: str) -> Alias | None:
        """Of those that have not expired the one that lasts longest."""
        ...


class NameStore(Protocol):
    """What partners call objects. A name that stands is never changed."""

    async def keep(self, names: Sequence[Name]) -> None:
        """Those whose `our_key` and `their_key` are both free; the others are left as they stand."""
        ...

    async def by_ours(self, keys: Sequence[str]) -> list[Name]: ...

    async def by_theirs(self, keys: Sequence[str]) -> list[Name]: ...


class Kept(StrEnum):
    """What is kept for as long as the hub's operator says. Places, prices and the registry are kept by their owners."""

    SESSIONS = "sessions"
    CDRS = "cdrs"
    JOURNEYS = "journeys"
    COMMANDS = "commands"
    TOKENS = "tokens"
    RECORDS = "records"


class RetentionStore(Protocol):
    async def forget(self, kind: Kept, before: datetime) -> int:
        """Deletes what was last changed before (a journey, a command: begun), told to nobody; how many. A CDR that is
        still on its way to its eMSP stays."""
        ...
