"""What a story asks of a network, whatever it speaks: a host runs stations, a home has drivers.

One class a role and protocol fulfils this (`OchpHost`, `EmipHome`...); stories, grids and replays know no protocol.
"""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from msgspec import Struct

from gateway.simulator.access import Admin
from gateway.simulator.network import Card, Network
from gateway.simulator.stations import Operator, Point
from gateway.simulator.visits import Price, Visit, key

SILENCE_S = 3600.0
"""How long a home network thinks about a card that is `silent`: nobody waits for that."""


class Live(StrEnum):
    """What the story makes of an EVSE."""

    FREE = "free"
    CHARGING = "charging"
    BROKEN = "broken"


class Verdict(StrEnum):
    """How a host understood the answer about a card. UNANSWERED: the home network was silent, which is a no."""

    ALLOWED = "allowed"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    UNANSWERED = "unanswered"


class Bill(Struct, frozen=True, kw_only=True):
    """A charge detail record as its home network reads it; None: its protocol does not carry it.

    `energy_kwh` exact; `net` before taxes, in the currency of the record."""

    evse_id: str
    started_at: datetime
    ended_at: datetime
    energy_kwh: Decimal | None = None
    card_uid: str | None = None
    net: Decimal | None = None
    tax: Decimal | None = None

    @property
    def key(self) -> str:
        return key(self.evse_id, self.started_at)


class Refusal(Exception):
    """The hub said no to a remote command, in the caller's protocol. Its text is the code and words of the answer."""


class Charging:
    """One visit at a host, in the host's words. `why` is what its protocol said to the card, for the transcript."""

    visit: Visit
    why: str = ""

    @abstractmethod
    async def authorise(self) -> Verdict:
        """Ask for the card: by the host's own list where its protocol has one, else the hub."""

    @abstractmethod
    async def begin(self, *, lenient: bool = False) -> None:
        """Session and live status. `lenient`: a home network that is away is no error."""

    @abstractmethod
    async def proceed(self, *, lenient: bool = False) -> None:
        """Half of the energy is charged; nothing where the protocol has no progress."""

    @abstractmethod
    async def end(self, *, lenient: bool = False) -> None: ...

    @abstractmethod
    async def bill(self) -> None:
        """Hand the charge detail record to the hub, exact: the same one each time, for it may have to be sent again.

        Raises NotAsTold unless the hub has taken it."""


class Host(Network):
    """A network that runs stations. `price`: what it charges, told by its tariff or agreed on with the hub.

    Each is made of its name, its party, the hub's URL and its price, in this order."""

    protocol: ClassVar[str]
    """As its name is written: OCPI, eMIP."""
    tells_sessions: ClassVar[bool]
    """Whether its protocol tells of a session while it runs."""
    tells_only_now: ClassVar[bool] = False
    """Whether a home of the same protocol hears of it only while it is there; the host is told that it was not."""
    takes_commands: ClassVar[bool]
    """Whether its protocol, as the hub speaks it, has remote start and stop."""
    takes_reservations: ClassVar[bool] = False
    """Whether its protocol, as the hub speaks it, has reservations."""
    needs_contracts: ClassVar[bool] = False
    """Whether a yes counts only if it names the contract of the card."""
    price: Price

    @abstractmethod
    async def join(self, admin: Admin) -> None:
        """Switched on, added by the hub's operator, connected."""

    @abstractmethod
    async def offer(self, operator: Operator) -> None:
        """Stations, prices and first statuses, all free, by whatever way the protocol has."""

    @abstractmethod
    async def show(self, point: Point, live: Live) -> None: ...

    @abstractmethod
    def charging(self, visit: Visit, *, live: bool = True) -> Charging:
        """`live`: the status of the EVSE is told too."""

    @abstractmethod
    async def started(self, visit: Visit) -> Charging:
        """The charging that a remote start has asked for at the point of `visit`, for its card: authorised already.

        Waits for the command. Raises NotAsTold if it does not come, or names another card or point."""

    @abstractmethod
    def stopped(self, charging: Charging) -> bool:
        """Whether the hub has told us to stop it."""

    def reserved(self, point: Point) -> bool:
        """Whether the point is kept free for somebody now."""
        return False


class Home(Network):
    """A network that has drivers. `thinks_s`: how long it takes to look a card up.

    Each is made of its name, its party and the hub's URL, in this order, and of `thinks_s` by name."""

    protocol: ClassVar[str]
    """As its name is written: OCPI, eMIP."""
    is_asked: ClassVar[bool]
    """Whether the hub can ask it about a card (else its list is its word)."""
    asked_at: ClassVar[str] = ""
    """Part of the path at which it is asked; empty where all calls of its protocol have one path."""
    names_contracts: ClassVar[bool] = True
    """Whether its answer about a card names the contract."""
    lists_cards: ClassVar[bool]
    """Whether its protocol lets others accept its cards without asking."""
    sees_stations: ClassVar[bool]
    sees_status: ClassVar[bool]
    sees_sessions: ClassVar[bool]
    gives_commands: ClassVar[bool]
    reserves: ClassVar[bool] = False
    """Whether its protocol, as the hub speaks it, has reservations."""

    @abstractmethod
    async def join(self, admin: Admin) -> None: ...

    @abstractmethod
    async def hand_out(self, cards: Sequence[Card], *, listed: bool = False) -> None:
        """From now on it knows these cards. `listed`: others may accept them without asking, where its protocol can say
        so. A protocol that is never asked lists them in any case. Several calls add up."""

    @abstractmethod
    async def stations(self) -> set[str]:
        """EVSE ids, `bare`, that it knows of other networks, freshly fetched where its protocol fetches."""

    @abstractmethod
    async def status(self, point: Point) -> Live | None:
        """What it knows now; None: nothing yet, or unknown."""

    @abstractmethod
    async def bills(self) -> dict[str, list[Bill]]:
        """All charge detail records that it has got so far, by key, freshly fetched and confirmed where its protocol
        fetches. One that came twice is there twice."""

    @abstractmethod
    def followed(self, visit: Visit) -> bool:
        """Whether it was told that the session of this visit began and ended."""

    async def catch_up(self) -> None:
        """After an absence: learn what could not be told, where its protocol offers it for that purpose."""

    @abstractmethod
    async def start(self, card: Card, point: Point) -> str:
        """Remote start; gives the id by which it can be stopped. Raises Refusal."""

    @abstractmethod
    async def stop(self, started: str) -> None:
        """Raises Refusal."""

    async def reserve(self, card: Card, point: Point, minutes: int) -> str:
        """Gives the id by which it can be given back. Raises Refusal."""
        raise Refusal(f"{self.protocol} has no reservations")

    async def give_back(self, reserved: str) -> None:
        """Raises Refusal."""
        raise Refusal(f"{self.protocol} has no reservations")
