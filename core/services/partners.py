"""The registry: who is connected, for which parties, and what others may know of it."""

from collections.abc import Sequence, Set
from contextlib import suppress
from typing import Final

import msgspec

from core.errors import Invalid, Refused, Uncertain, Unknown
from core.model.contract import Contract
from core.model.event import Event, EventKind
from core.model.feed import FeedChoice
from core.model.ids import PartyId
from core.model.partner import (
    ISSUERS,
    CredentialKind,
    Partner,
    PartnerState,
    PartyBehind,
    PartyRole,
    PartyStatus,
    Role,
)
from core.ports.clock import Clock, Ids
from core.ports.outbox import EventSink
from core.ports.registry import CredentialStore, PartnerStore
from core.routing import agreed, both_hubs, concerns, known
from core.services.presence import Presence

MOST_BEHIND: Final = 5000
"""Parties behind one hub: all of them are kept in memory."""


class PartnerService:
    def __init__(
        self,
        partners: PartnerStore,
        credentials: CredentialStore,
        outbox: EventSink,
        presence: Presence,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._partners = partners
        self._credentials = credentials
        self._outbox = outbox
        self._presence = presence
        self._clock = clock
        self._ids = ids

    async def authenticate(self, secret: str) -> tuple[Partner, CredentialKind]:
        """The partner that this secret belongs to. Raises Refused if there is none, or if it is suspended."""
        found = await self._credentials.partner_by_secret(secret)
        partner = await self._partners.get(found[0]) if found else None
        if found is None or partner is None:
            raise Refused("unknown credentials", authenticated=False)
        if partner.state is PartnerState.SUSPENDED:
            raise Refused(f"{partner.name} is suspended")
        await self.heard(partner)
        return partner, found[1]

    async def heard(self, partner: Partner, sign: str | None = None) -> None:
        """A message of the partner came in, as the named sign of life if it is one: an OFFLINE partner is back."""
        await self._presence.saw(partner.id, sign)
        if partner.state is PartnerState.OFFLINE:
            await self.reached(partner.id)

    async def get(self, partner_id: str) -> Partner:
        partner = await self._partners.get(partner_id)
        if partner is None:
            raise Unknown("partner", partner_id)
        return partner

    async def all(self) -> list[Partner]:
        return await self._partners.all()

    async def by_party(self, party: PartyId, role: Role | None = None) -> Partner | None:
        return await self._partners.by_party(party, role)

    async def home_of(self, issuer: PartyId) -> Partner | None:
        """As the function of that name."""
        return await home_of(self._partners, issuer)

    async def add(self, partner: Partner, secrets: dict[CredentialKind, str]) -> Partner:
        """Raises Invalid if one of its parties or sub ids is already spoken for in the same role, or a secret of its
        own choice is in use."""
        check_roles(partner.roles)
        for kind, secret in secrets.items():
            if kind is not CredentialKind.OUTBOUND and await self._credentials.partner_by_secret(secret):
                raise Invalid("$.secret", "this secret is in use already")
        await self._partners.add(partner)
        for kind, secret in secrets.items():
            await self._credentials.put(partner.id, kind, secret)
        await self._announce(partner, partner.roles, partner.state)
        return partner

    async def connected(self, partner: Partner, *, inbound: str, outbound: str, spend_registration: bool) -> Partner:
        """A completed handshake: the partner as it now is and both secrets, at once."""
        check_roles(partner.roles)
        before = await self.get(partner.id)
        withdrawn = _withdrawn(before, partner)
        behind = _told_again(before.behind, partner.behind)
        partner = msgspec.structs.replace(partner, withdrawn=withdrawn, behind=behind)
        partner = self._moved(before, partner, PartnerState.CONNECTED)
        stored = await self._credentials.switch(
            partner, inbound=inbound, outbound=outbound, spend_registration=spend_registration
        )
        gone = tuple(role for role in withdrawn if role in before.roles)
        if before.state is not PartnerState.PLANNED:
            await self._announce(before, gone, PartnerState.SUSPENDED)
        await self._announce(stored, stored.roles, PartnerState.CONNECTED)
        await self._announce_behind(before)
        return stored

    async def disconnected(self, partner: Partner) -> None:
        """The partner took its registration back: both secrets are dropped, nothing is sent to it any more."""
        for kind in (CredentialKind.INBOUND, CredentialKind.OUTBOUND, CredentialKind.REGISTRATION):
            await self._credentials.drop(partner.id, kind)
        await self._move(partner.id, PartnerState.PLANNED)

    async def suspend(self, partner_id: str) -> Partner:
        return await self._move(partner_id, PartnerState.SUSPENDED)

    async def resume(self, partner_id: str) -> Partner:
        """Back from suspension; a partner that never connected is PLANNED again."""
        held = await self._credentials.inbound(partner_id)
        return await self._move(partner_id, PartnerState.CONNECTED if held else PartnerState.PLANNED)

    async def agree(self, partner_id: str, contracts: Sequence[Contract]) -> Partner:
        """These are its contracts from now on. Raises Unknown, Uncertain."""
        partner = await self.get(partner_id)
        changed = msgspec.structs.replace(partner, contracts=tuple(contracts), updated_at=self._clock.now())
        return await self._partners.update(changed)

    async def choose(self, partner_id: str, feed: str, choice: FeedChoice) -> Partner:
        """What is fetched from it, and how often, from now on. Raises Unknown, Uncertain."""
        partner = await self.get(partner_id)
        changed = msgspec.structs.replace(partner, feeds=partner.feeds | {feed: choice}, updated_at=self._clock.now())
        return await self._partners.update(changed)

    async def remove(self, partner_id: str) -> None:
        partner = await self.get(partner_id)
        await self._announce(partner, partner.roles, PartnerState.SUSPENDED)
        await self._partners.remove(partner_id)
        await self._presence.forget(partner_id)

    async def reached(self, partner_id: str) -> None:
        """A message went through: an OFFLINE partner is CONNECTED again."""
        await self._moved_from(PartnerState.OFFLINE, partner_id, PartnerState.CONNECTED)

    async def not_reached(self, partner_id: str) -> None:
        """A message did not get through: a CONNECTED partner is OFFLINE until it is heard of or reached again."""
        await self._moved_from(PartnerState.CONNECTED, partner_id, PartnerState.OFFLINE)

    async def _moved_from(self, expected: PartnerState, partner_id: str, state: PartnerState) -> None:
        """What several messages may notice at once; the first one's word is enough."""
        partner = await self._partners.get(partner_id)
        if partner is not None and partner.state is expected:
            with suppress(Uncertain):
                await self._move(partner_id, state)

    async def statuses_for(self, reader: Partner) -> list[PartyStatus]:
        """The parties that the reader may have to do with, and how they are connected; its own are not listed.

        To a reader without an agreement with it a party is only planned, whatever it is to others."""
        partners = await self._partners.all()
        held = {role.claim for partner in partners for role in partner.voices}
        return [
            status
            for partner in partners
            if partner.id != reader.id and not both_hubs(reader, partner)
            for status in _statuses(partner, held, related=agreed(reader, partner))
            if concerns(reader, status.role)
        ]

    async def reachable_parties(self, reader: Partner) -> list[PartyRole]:
        """The parties that the reader can reach through the hub. Source: OCPI 2.3.0, credentials, hub as sender."""
        partners = await self._partners.all()
        roles = [
            role
            for partner in sorted(partners, key=lambda partner: partner.is_hub)
            if partner.id != reader.id and known(partner) and agreed(reader, partner) and not both_hubs(reader, partner)
            for role in partner.voices
            if concerns(reader, role.role)
        ]
        return list({role.claim: role for role in reversed(roles)}.values())[::-1]

    async def parties_behind(self, partner_id: str, parties: Sequence[PartyBehind]) -> None:
        """What another hub says of those behind it; who is not among them is not reached through it any more."""
        await self._put_behind(await self.get(partner_id), parties)

    async def party_behind(self, partner_id: str, told: PartyBehind) -> None:
        """What it says of one of them. What is older than what is held changes nothing."""
        hub = await self.get(partner_id)
        others = [party for party in hub.behind if party.role.claim != told.role.claim]
        held = next((party for party in hub.behind if party.role.claim == told.role.claim), told)
        if held.updated_at <= told.updated_at:
            await self._put_behind(hub, [*others, told])

    async def _put_behind(self, hub: Partner, parties: Sequence[PartyBehind]) -> None:
        behind = _told_again(hub.behind, parties)
        if behind != hub.behind:
            await self._partners.update(msgspec.structs.replace(hub, behind=behind))
            await self._announce_behind(hub)

    async def _announce_behind(self, before: Partner) -> None:
        """What others are to know of those behind a hub now, who knew `before`."""
        hub = await self.get(before.id)
        was = {held.role.claim: held for held in before.reached}
        now = {held.role.claim: held for held in hub.reached}
        gone = tuple(held.role for claim, held in was.items() if claim not in now)
        await self._announce(hub, gone, PartnerState.SUSPENDED)
        for claim, held in now.items():
            if claim not in was or was[claim].state is not held.state:
                await self._announce(hub, (held.role,), _worst(hub, held.state))

    async def has_left(self, party: PartyId) -> bool:
        """Whether the party was at some platform and is at none now."""
        partners = await self._partners.all()
        return any(role.party == party for partner in partners for role in partner.withdrawn)

    async def _move(self, partner_id: str, state: PartnerState) -> Partner:
        partner = await self.get(partner_id)
        if partner.state is state:
            return partner
        moved = await self._partners.update(self._moved(partner, partner, state))
        await self._announce_all(moved)
        return moved

    def _moved(self, before: Partner, partner: Partner, state: PartnerState) -> Partner:
        """`partner` in this state, with the times at which what others see of it has changed since `before`."""
        now = self._clock.now()
        moved = msgspec.structs.replace(partner, state=state, updated_at=now)
        if known(moved) is not known(before):
            moved = msgspec.structs.replace(moved, standing_since=now)
        kept = {}
        if moved.shown_state is before.shown_state:
            kept = {role.claim: before.told_since.get(role.claim, before.created_at) for role in before.roles}
        kept |= {role.claim: before.told_since[role.claim] for role in before.withdrawn if role in moved.withdrawn}
        claims = [role.claim for role in (*moved.roles, *moved.withdrawn)]
        told_since = {claim: kept.get(claim, now) for claim in claims}
        return msgspec.structs.replace(moved, told_since=told_since)

    async def _announce_all(self, partner: Partner) -> None:
        """With its own state that of all who are connected through it."""
        behind = tuple(held.role for held in partner.reached if held.state is PartnerState.CONNECTED)
        await self._announce(partner, (*partner.roles, *behind), partner.shown_state)

    async def _announce(self, partner: Partner, roles: tuple[PartyRole, ...], state: PartnerState) -> None:
        if not roles:
            return
        await self._outbox.put(
            [
                Event(
                    id=self._ids.uuid(),
                    kind=EventKind.PARTY_CHANGED,
                    key=f"{role.party.key}/{role.role}",
                    part=state.value,
                    owner=role.party,
                    source=partner.id,
                    at=self._clock.now(),
                )
                for role in roles
            ]
        )


def _statuses(partner: Partner, held: Set[str], *, related: bool) -> list[PartyStatus]:
    """`held`: what any partner is now."""
    gone = tuple(role for role in partner.withdrawn if role.claim not in held)
    shown = [(role, partner.shown_state) for role in partner.roles] + [(role, PartnerState.SUSPENDED) for role in gone]
    own = [
        PartyStatus(
            party=role.party,
            role=role.role,
            state=state if related else PartnerState.PLANNED,
            updated_at=partner.told_since.get(role.claim, partner.created_at) if related else partner.created_at,
        )
        for role, state in shown
    ]
    return own + [_status_behind(partner, party) for party in partner.reached if related]


def _status_behind(hub: Partner, party: PartyBehind) -> PartyStatus:
    since = max((hub.told_since.get(role.claim, hub.created_at) for role in hub.roles), default=hub.created_at)
    return PartyStatus(
        party=party.role.party,
        role=party.role.role,
        state=_worst(hub, party.state),
        updated_at=max(party.updated_at, since),
    )


def _worst(hub: Partner, state: PartnerState) -> PartnerState:
    return state if hub.shown_state is PartnerState.CONNECTED else hub.shown_state


def _told_again(held: Sequence[PartyBehind], told: Sequence[PartyBehind]) -> tuple[PartyBehind, ...]:
    """What is told of those behind a hub: what a ClientInfo does not say stays as it was, as does the time of what has
    not changed. Raises Invalid for too many."""
    before = {party.role.claim: party for party in held}
    after = {party.role.claim: party for party in told}
    if len(after) > MOST_BEHIND:
        raise Invalid("$.roles", f"more than {MOST_BEHIND} parties behind a hub")
    for claim, party in after.items():
        if (known := before.get(claim)) is not None:
            role = known.role if party.role.business is None else party.role
            at = known.updated_at if party.state is known.state else party.updated_at
            after[claim] = PartyBehind(role=role, state=party.state, updated_at=at)
    return tuple(after.values())


def _withdrawn(before: Partner, after: Partner) -> tuple[PartyRole, ...]:
    """What the partner was, but for what it is (again). A plan that did not come about is nothing that was."""
    was = before.withdrawn if before.standing_since is None else (*before.withdrawn, *before.roles)
    now = {role.claim for role in after.roles}
    return tuple({role.claim: role for role in was if role.claim not in now}.values())


async def home_of(partners: PartnerStore, issuer: PartyId) -> Partner | None:
    """Whose drivers have the tokens of this issuer."""
    found = [await partners.by_party(issuer, role) for role in ISSUERS]
    return next(filter(None, found), None)


def owner_of(partner: Partner, party: PartyId, path: str) -> PartyId:
    """The party, if the partner speaks for it. Raises Refused otherwise: one partner never writes another's objects."""
    if not partner.speaks_for(party):
        raise Refused(f"{path}: {partner.name} does not speak for {party}")
    return party


def check_roles(roles: tuple[PartyRole, ...]) -> None:
    """Raises Invalid for a role that is named twice."""
    seen: set[tuple[Role, PartyId]] = set()
    for index, role in enumerate(roles):
        if (role.role, role.party) in seen:
            raise Invalid(f"$.roles[{index}]", f"{role.role} {role.party} is named twice")
        seen.add((role.role, role.party))
