"""One call of a partner, as the operations see it, and what they answer."""

from collections.abc import Awaitable, Callable, Mapping, Set
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeVar

from msgspec import Struct

from core.errors import Invalid
from core.model.ids import EvseId, PartyId
from core.model.partner import Partner, Role
from core.services.turns import Turns
from protocols.oicp import codec
from protocols.oicp.auth import bound_party
from protocols.oicp.codes import FOREIGN_EVSE, SUCCESS, TRANSACTION, Negative, Violations, acknowledgement
from protocols.oicp.server.catalogue import Catalogue
from protocols.oicp.settings import OicpSettings
from protocols.oicp.wire.common import ActionType
from protocols.plugin import Hub

T = TypeVar("T")
DEFAULT_SIZE: Final = 20
MAX_SIZE: Final = 2000


class Reply(Struct, frozen=True):
    """`code` is the status code in the body, `session_id` the hub's id of the session it is about: for the journal.

    `retry_after`: seconds after which the call may be made again."""

    body: bytes
    code: str = SUCCESS
    status: int = 200
    session_id: str | None = None
    retry_after: int | None = None


class Shared(Struct, frozen=True, kw_only=True):
    """What all calls of one process have in common."""

    hub: Hub
    catalogue: Catalogue
    turns: Turns

    def lock(self, name: str) -> AbstractAsyncContextManager[None]:
        """Messages about one thing are taken one after the other."""
        return self.turns.turn(f"oicp/{name}")


class Inbound(Struct, frozen=True, kw_only=True):
    """`party` is the id in the path: the party in whose name the partner calls. `process_id` is ours for this call."""

    shared: Shared
    partner: Partner
    settings: OicpSettings
    role: Role
    party: PartyId
    body: bytes
    query: Mapping[str, str]
    process_id: str

    @property
    def hub(self) -> Hub:
        return self.shared.hub

    @property
    def own_ids(self) -> frozenset[PartyId]:
        """The party in whose name it calls, and those that it bundles."""
        return frozenset((self.party, *self.partner.sub_ids))

    def owns(self, party: PartyId | None) -> bool:
        """Whether it may speak of this party's EVSEs and contracts: an upstream platform of everybody's."""
        return self.settings.upstream is not None or party in self.own_ids

    def message(self, wire_type: type[T]) -> T:
        """The body. Raises Violations with everything that is wrong in it."""
        return decoded(self.body, wire_type, lambda body: codec.decode(body, wire_type))

    def check_id(self, text: str, path: str) -> None:
        """The id in the body: bound to the caller (017), and the same as the path's (400)."""
        party = bound_party(self.partner, self.settings, text, self.role)
        if party != self.party:
            raise Violations([Invalid(path, "differs from the id in the path")])

    def page(self) -> tuple[int, int]:
        """Number and size of the page that is asked for; what cannot be read counts as not said."""
        number, size = _count(self.query.get("page"), 0), _count(self.query.get("size"), DEFAULT_SIZE)
        return number, min(size or DEFAULT_SIZE, MAX_SIZE)

    def check_evse_ids(self, evse_ids: list[EvseId]) -> None:
        """Each of the caller's operator or its sub-operators, and none twice. Raises Negative 018."""
        own = self.own_ids
        foreign = [evse_id.text for evse_id in evse_ids if evse_id.operator not in own]
        if foreign:
            raise Negative(FOREIGN_EVSE, listed(foreign))
        seen: set[str] = set()
        twice = [evse_id.text for evse_id in evse_ids if evse_id.key in seen or seen.add(evse_id.key)]  # type: ignore[func-returns-value]
        if twice:
            raise Negative(FOREIGN_EVSE, "given twice: " + listed(twice))


Handler = Callable[[Inbound], Awaitable[Reply]]


def decoded(body: bytes, wire_type: Any, decode: Callable[[bytes], T]) -> T:
    """`wire_type` says what is wrong in a body that cannot be decoded."""
    try:
        return decode(body)
    except Invalid as error:
        raise Violations(_all_violations(body, wire_type) or [error]) from error


def acknowledged(info: str | None = None, **ids: str | None) -> Reply:
    return Reply(codec.encode_answer(acknowledgement(SUCCESS, info, **ids)), session_id=ids.get("session_id"))


def check_held(action: ActionType, asked: Mapping[str, str], held: Set[str]) -> str | None:
    """Raises Negative 009 for an insert of what is there or an update of what is not; a hint for a needless delete.

    `asked`: names in the form that they are compared in, and as they came."""
    if action is ActionType.INSERT and (there := [text for key, text in asked.items() if key in held]):
        raise Negative(TRANSACTION, "already there: " + listed(there))
    missing = [text for key, text in asked.items() if key not in held]
    if action is ActionType.UPDATE and missing:
        raise Negative(TRANSACTION, "not there: " + listed(missing))
    return "not there: " + listed(missing) if action is ActionType.DELETE and missing else None


def listed(names: list[str]) -> str:
    """As many as additional information has room for."""
    text = ", ".join(names[:40])
    return text if len(names) <= 40 else f"{text} and {len(names) - 40} more"


def _all_violations(body: bytes, wire_type: Any) -> list[Invalid]:
    try:
        return codec.violations(codec.decode_raw(body), wire_type)
    except Invalid:
        return []


def _count(text: str | None, otherwise: int) -> int:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 9:
        return otherwise
    return int(text)
