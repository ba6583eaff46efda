"""Who answers, who is told, who may see. Pure."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Final

from core.model.contract import Service
from core.model.event import Event, EventKind
from core.model.ids import PartyId
from core.model.partner import Partner, PartnerState, Role
from core.ports.adapter import Capability

EMSP_SIDE = frozenset({Role.EMSP, Role.NSP, Role.NAP, Role.SCSP, Role.OTHER, Role.PTP})
"""Roles that receive what a CPO broadcasts. Source: OCPI 2.3.0, transport, broadcast push (opposite roles)."""
CPO_SIDE = frozenset({Role.CPO, Role.OTHER})
CARD_READERS = frozenset({Role.CPO})
"""Who is told of tokens: whose they are is nobody else's business. Source: OCPI 2.3.0, transport, broadcast push."""

TOLD_BY: dict[EventKind, Capability] = {
    EventKind.LOCATION_CHANGED: Capability.PUSH_LOCATION,
    EventKind.EVSE_STATUS_CHANGED: Capability.PUSH_EVSE_STATUS,
    EventKind.TOKEN_CHANGED: Capability.PUSH_TOKEN,
    EventKind.SESSION_CHANGED: Capability.PUSH_SESSION,
    EventKind.TARIFF_CHANGED: Capability.PUSH_TARIFF,
    EventKind.TARIFF_DELETED: Capability.DELETE_TARIFF,
    EventKind.BOOKING_LOCATION_CHANGED: Capability.PUSH_BOOKING_LOCATION,
    EventKind.PARTY_CHANGED: Capability.PUSH_PARTY_STATUS,
}
"""How each event is told. CDR_ACCEPTED is not here: a CDR has a process of its own."""

_AUDIENCE: dict[EventKind, frozenset[Role]] = {
    EventKind.LOCATION_CHANGED: EMSP_SIDE,
    EventKind.EVSE_STATUS_CHANGED: EMSP_SIDE,
    EventKind.TARIFF_CHANGED: EMSP_SIDE,
    EventKind.TARIFF_DELETED: EMSP_SIDE,
    EventKind.BOOKING_LOCATION_CHANGED: EMSP_SIDE,
    EventKind.SESSION_CHANGED: EMSP_SIDE,
    EventKind.TOKEN_CHANGED: CARD_READERS,
    EventKind.PARTY_CHANGED: EMSP_SIDE | CPO_SIDE | {Role.HUB},
}


_SAID_TO_ALL = frozenset(
    {
        EventKind.LOCATION_CHANGED,
        EventKind.EVSE_STATUS_CHANGED,
        EventKind.TARIFF_CHANGED,
        EventKind.TARIFF_DELETED,
        EventKind.BOOKING_LOCATION_CHANGED,
        EventKind.TOKEN_CHANGED,
    }
)


_ALIKE: Final = (frozenset({Role.CPO}), frozenset({Role.EMSP, Role.NSP}))
_OPEN_ENDED: Final = frozenset({Role.HUB, Role.OTHER})


def may_talk(one: Role, other: Role) -> bool:
    """Whether messages are defined between these roles: two operators have none, nor two that serve drivers."""
    if one in _OPEN_ENDED or other in _OPEN_ENDED:
        return True
    return one is not other and not any(one in side and other in side for side in _ALIKE)


def concerns(reader: Partner, role: Role) -> bool:
    """Whether the reader has anything to do with parties in this role."""
    return any(may_talk(held.role, role) for held in reader.roles)


def both_hubs(one: Partner, other: Partner) -> bool:
    """Between two other hubs this one is no bridge: nothing can go round then, whatever they believe of each other."""
    return one.is_hub and other.is_hub


def plays_any(partner: Partner, roles: frozenset[Role]) -> bool:
    return any(held.role in roles for held in partner.voices)


def agreed(one: Partner, other: Partner) -> bool:
    """Both are open to (a party of) each other."""
    return _open(one, other) and _open(other, one)


def _open(one: Partner, other: Partner) -> bool:
    return one.open_to is None or any(party in one.open_to for party in other.parties)


def contracted(one: Partner, other: Partner, service: Service, now: datetime) -> bool:
    """Whether the two may use this service between them at this moment.

    Where neither has a word on the service, being open to each other is enough. Else both words count: a side that
    has some, but none that holds now and is about the other, says no; an offer to everybody needs a subscriber who
    has a word of its own."""
    words = _word(one, other, service, now), _word(other, one, service, now)
    if not agreed(one, other) or _Word.NO in words:
        return False
    return _Word.YES in words or words[0] is words[1]


class _Word(Enum):
    NONE = "none"
    NO = "no"
    ALL = "all"
    YES = "yes"


def _word(one: Partner, other: Partner, service: Service, now: datetime) -> _Word:
    said = [contract for contract in one.contracts if contract.service is service]
    about = {contract.party for contract in said if contract.active(now)}
    if not said:
        return _Word.NONE
    if not about.isdisjoint(other.parties):
        return _Word.YES
    return _Word.ALL if None in about else _Word.NO


def reachable(partner: Partner) -> bool:
    return partner.state is PartnerState.CONNECTED


def known(partner: Partner) -> bool:
    """Connected or for a while offline: its objects are shown, its parties are listed."""
    return partner.state in (PartnerState.CONNECTED, PartnerState.OFFLINE)


def shown(partner: Partner) -> bool:
    """Whether others see its objects."""
    return known(partner) or (partner.shown_when_suspended and partner.state is PartnerState.SUSPENDED)


def visible_owners(
    reader: Partner, partners: Iterable[Partner], roles: frozenset[Role], *, since: datetime | None = None
) -> tuple[PartyId, ...]:
    """Parties of other partners in one of `roles` whose objects the reader may see, in a stable order.

    `since`: only those that have come into sight since then."""
    parties = {
        held.party
        for partner in partners
        if partner.id != reader.id and shown(partner) and agreed(reader, partner) and not both_hubs(reader, partner)
        if since is None or max(partner.stands_since, reader.stands_since) >= since
        for held in partner.voices
        if held.role in roles
    }
    return tuple(sorted(parties))


def vanished_owners(
    reader: Partner, partners: Iterable[Partner], roles: frozenset[Role], since: datetime
) -> dict[PartyId, datetime]:
    """Parties of other partners whose objects the reader might see and may see no longer, with the time of that."""
    return {
        held.party: partner.stands_since
        for partner in partners
        if partner.id != reader.id and not shown(partner) and agreed(reader, partner)
        if partner.standing_since is not None and partner.standing_since >= since
        for held in partner.voices
        if held.role in roles
    }


def recipients(
    event: Event,
    owner: Partner,
    partners: Iterable[Partner],
    capabilities: dict[str, frozenset[Capability]],
    waited_for: Collection[str] = (),
) -> list[Partner]:
    """The partners that are to be told: reachable, under an agreement, on the other side, able to be told.

    `waited_for`: ids of those that are told of such an event when they are back, if they are away for a while."""
    capability = TOLD_BY.get(event.kind)
    audience = _AUDIENCE.get(event.kind, frozenset())
    return [
        partner
        for partner in partners
        if (known(partner) if partner.id in waited_for else reachable(partner))
        and capability in capabilities.get(partner.protocol, frozenset())
        and plays_any(partner, audience)
        and _concerned(event, owner, partner, audience)
        and (event.recipient is None or _is_named(event.recipient, partner, audience))
    ]


def _is_named(party: PartyId, partner: Partner, audience: frozenset[Role]) -> bool:
    """In a role that is told: an operator may bear the letters of an eMSP."""
    return any(held.party == party and held.role in audience for held in partner.roles)


def _concerned(event: Event, owner: Partner, partner: Partner, audience: frozenset[Role]) -> bool:
    """Others under an agreement. Of what one party says to all, other parties at its own platform are told too.

    Another hub is not told what is said to all: it would say it to all again."""
    if partner.id not in (owner.id, event.source):
        if event.kind is EventKind.PARTY_CHANGED and not concerns(partner, Role(event.key.partition("/")[2])):
            return False
        if both_hubs(owner, partner) or (partner.is_hub and event.kind in _SAID_TO_ALL):
            return False
        return agreed(owner, partner) or _is_planned(event)
    others = (held for held in partner.roles if held.party != event.owner)
    return event.kind in _SAID_TO_ALL and any(held.role in audience for held in others)


def _is_planned(event: Event) -> bool:
    """Of a party that is to come all are told: without an agreement it stays so to them."""
    return event.kind is EventKind.PARTY_CHANGED and event.part == PartnerState.PLANNED


def candidate_issuers(
    caller: Partner, partners: Sequence[Partner], wanted: PartyId | None, now: datetime
) -> list[Partner]:
    """Whom to ask about a card: the one eMSP that is wanted, else all reachable eMSPs under a contract."""
    return [
        partner
        for partner in partners
        if partner.id != caller.id
        and reachable(partner)
        and contracted(caller, partner, Service.AUTHORISATION, now)
        and (partner.plays(Role.EMSP) if wanted is None else partner.speaks_for(wanted, Role.EMSP))
    ]
