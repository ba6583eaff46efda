"""What a translation is given and gives."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from core.model.base import Extensions, Model
from core.model.ids import EvseId, PartyId, TokenUid
from core.model.location import Evse, EvseStatus, Location
from core.model.loss import Loss, LossKind
from core.model.partner import Role
from core.model.tariff import Tariff
from core.model.token import Token


class Kind(StrEnum):
    LOCATION = "location"
    EVSE_STATUS = "evse-status"
    TOKEN = "token"  # noqa: S105
    AUTHORIZATION_REQUEST = "authorization-request"
    AUTHORIZATION = "authorization"
    SESSION = "session"
    CDR = "cdr"
    TARIFF = "tariff"
    START_SESSION = "start-session"
    STOP_SESSION = "stop-session"
    RESERVE_NOW = "reserve-now"
    CANCEL_RESERVATION = "cancel-reservation"
    COMMAND_RESULT = "command-result"


UNKNOWN_PARTY = PartyId("XX", "XXX")
"""Stands in for a party that neither payload nor context names; it never goes out unreported."""


class Party(Struct, frozen=True, kw_only=True):
    party: PartyId
    role: Role
    protocol: str | None = None


class Context(Struct, frozen=True, kw_only=True):
    """What a running hub would know. `request` is the payload that an answer answers, in the wire of the target."""

    now: datetime
    time_zone: str | None = None
    locations: tuple[Location, ...] = ()
    tariffs: tuple[Tariff, ...] = ()
    tokens: tuple[Token, ...] = ()
    parties: tuple[Party, ...] = ()
    request: Any = None

    def party(self, role: Role) -> PartyId | None:
        """The one party of this role, if there is just one."""
        found = {known.party for known in self.parties if known.role is role}
        return found.pop() if len(found) == 1 else None

    def place(self, evse_id: EvseId | None = None, uid: str | None = None) -> tuple[Location, Evse] | None:
        """The location and EVSE with this EVSE id, or with this uid."""
        for location in self.locations:
            for evse in location.evses:
                if (evse_id and evse.evse_id == evse_id) or (uid and evse.uid.upper() == uid.upper()):
                    return location, evse
        return None

    def location(self, location_id: str) -> Location | None:
        return next((known for known in self.locations if known.id.upper() == location_id.upper()), None)

    def token(self, uid: TokenUid) -> Token | None:
        return next((known for known in self.tokens if known.uid == uid), None)


class EvseReport(Model, frozen=True, kw_only=True):
    """A status message about one EVSE: the canonical form of the kind `evse-status`."""

    uid: str | None = None
    evse_id: EvseId | None = None
    status: EvseStatus
    updated_at: datetime | None = None
    status_until: datetime | None = None
    extensions: Extensions = {}


class Written(Struct, frozen=True, kw_only=True):
    """`output` None: the payload may not be sent on, `losses` say why. Several payloads are a list."""

    output: Any
    losses: tuple[Loss, ...] = ()


class Translated(Struct, frozen=True, kw_only=True):
    output: Any
    losses: tuple[Loss, ...]
    canonical: Any


Read = Callable[[bytes, Context], Any]
Write = Callable[[Any, Context], Written]
Unheld = Callable[[Any], tuple[Loss, ...]]
"""What the source says and the model does not hold, of a canonical object: lost on the way to other protocols."""


class Dialect(Struct, frozen=True, kw_only=True):
    """One protocol's readers and writers by kind. A kind that is missing cannot be carried; `why` says more.

    A reader gives a list where the payload holds several; a writer of the kinds in `whole` takes the list whole."""

    reads: Mapping[Kind, Read]
    writes: Mapping[Kind, Write]
    why: Mapping[Kind, str] = {}
    unheld: Mapping[Kind, Unheld] = {}
    whole: frozenset[Kind] = frozenset({Kind.LOCATION})


def assumed(path: str, value: Any, reason: str) -> Loss:
    return Loss(path=path, value=msgspec.to_builtins(value), reason=reason, kind=LossKind.ASSUMED)


def withheld(path: str, reason: str) -> Loss:
    return Loss(path=path, reason=reason, kind=LossKind.WITHHELD)
