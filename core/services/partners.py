"""The registry: who is connected, for which parties, and what others may know of it."""

from collections.abc import Sequence
from contextlib import suppress

import msgspec

from core.errors import Invalid, Refused, Uncertain, Unknown
from core.model.contract import Contract
from core.model.event import Event, EventKind
from core.model.ids import PartyId
from core.model.partner import CredentialKind, Partner, PartnerState, PartyRole, PartyStatus, Role
from core.ports.clock import Clock, Ids
from core.ports.stores import CredentialStore, EventSink, PartnerStore
from core.routing import agreed, known


class PartnerService:
    def __init__(
        self, partners: PartnerStore, credentials: CredentialStore, outbox: EventSink, clock: Clock, ids: Ids
    ) -> None:
        self._partners = partners
        self._credentials = credentials
        self._outbox = outbox
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
        if partner.state is PartnerState.OFFLINE:
            await self.reached(partner.id)
        return partner, found[1]

    async def get(self, partner_id: str) -> Partner:
        partner = await self._partners.get(partner_id)
        if partner is None:
            raise Unknown("partner", partner_id)
        return partner

    async def all(self) -> list[Partner]:
        return await self._partners.all()

    async def by_party(self, party: PartyId, role: Role | None = None) -> Partner | None:
        return await self._partners.by_party(party, role)

    async def add(self, partner: Partner, secrets: dict[CredentialKind, str]) -> Partner:
        """Raises Invalid if one of its parties or sub ids is already spoken for in the same role."""
        check_roles(partner.roles)
        await self._partners.add(partner)
        for kind, secret in secrets.items():
            await self._credentials.put(partner.id, kind, secret)
        if partner.state is PartnerState.CONNECTED:
            await self._announce(partner, PartnerState.CONNECTED)
        return partner

    async def connected(self, partner: Partner, *, inbound: str, outbound: str, spend_registration: bool) -> Partner:
        """A completed handshake: the partner as it now is and both secrets, at once."""
        check_roles(partner.roles)
        before = await self.get(partner.id)
        partner = self._moved(partner, PartnerState.CONNECTED)
        stored = await self._credentials.switch(
            partner, inbound=inbound, outbound=outbound, spend_registration=spend_registration
        )
        gone = tuple(role for role in before.roles if role not in stored.roles)
        if gone and before.state is not PartnerState.PLANNED:
            await self._announce(msgspec.structs.replace(before, roles=gone), PartnerState.SUSPENDED)
        await self._announce(stored, PartnerState.CONNECTED)
        return stored

    async def disconnected(self, partner: Partner) -> None:
        """The partner took its registration back: both secrets are dropped, nothing is sent to it any more."""
        for kind in (CredentialKind.INBOUND, CredentialKind.OUTBOUND, CredentialKind.REGISTRATION):
            await self._credentials.drop(partner.id, kind)
        await self._move(partner.id, PartnerState.PLANNED, announced=PartnerState.SUSPENDED)

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

    async def remove(self, partner_id: str) -> None:
        partner = await self.get(partner_id)
        await self._announce(partner, PartnerState.SUSPENDED)
        await self._partners.remove(partner_id)

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
        """The parties that the reader has an agreement with, and how they are connected; its own are not listed."""
        return [
            PartyStatus(party=role.party, role=role.role, state=partner.state, updated_at=partner.updated_at)
            for partner in await self._partners.all()
            if partner.id != reader.id and agreed(reader, partner)
            for role in partner.roles
        ]

    async def reachable_parties(self, reader: Partner) -> list[PartyRole]:
        """The parties that the reader can reach through the hub. Source: OCPI 2.3.0, credentials, hub as sender."""
        return [
            role
            for partner in await self._partners.all()
            if partner.id != reader.id and known(partner) and agreed(reader, partner)
            for role in partner.roles
        ]

    async def _move(self, partner_id: str, state: PartnerState, announced: PartnerState | None = None) -> Partner:
        partner = await self.get(partner_id)
        if partner.state is state:
            return partner
        moved = await self._partners.update(self._moved(partner, state))
        await self._announce(moved, announced or state)
        return moved

    def _moved(self, partner: Partner, state: PartnerState) -> Partner:
        now = self._clock.now()
        moved = msgspec.structs.replace(partner, state=state, updated_at=now)
        return moved if known(moved) is known(partner) else msgspec.structs.replace(moved, standing_since=now)

    async def _announce(self, partner: Partner, state: PartnerState) -> None:
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
                for role in partner.roles
            ]
        )


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
