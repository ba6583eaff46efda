"""A URL of one partner under a name of the hub's: partners hold credentials for the hub alone."""

from datetime import datetime
from enum import StrEnum

from core.model.base import Model
from core.model.ids import PartyId


class AliasUse(StrEnum):
    """What stands behind the name: the next page of a list, a CDR where its receiver keeps it, where a result goes."""

    PAGE = "PAGE"
    CDR = "CDR"
    RESULT = "RESULT"


class Alias(Model, frozen=True, kw_only=True):
    """The partner `user`, and no other, may call it, in the name of `caller`; it leads to `url`, at the party `called`
    of the partner `target`. `id` cannot be guessed.

    `subject`: what else it is found by; None: by nothing."""

    id: str
    use: AliasUse
    url: str
    user: str
    caller: PartyId
    target: str
    called: PartyId
    subject: str | None = None
    expires_at: datetime
