"""Who is connected: partners, the parties they speak for, agreements between parties, and the state of the wire."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from msgspec.structs import replace

from core.errors import Invalid
from core.model.base import Model
from core.model.contract import Contract
from core.model.feed import FeedChoice
from core.model.ids import PartyId
from core.model.quantities import Business
from core.model.tariff import Tariff


class Role(StrEnum):
    """PTP: a provider of payment terminals, which is to operators what an eMSP is."""

    CPO = "CPO"
    EMSP = "EMSP"
    HUB = "HUB"
    NAP = "NAP"
    NSP = "NSP"
    OTHER = "OTHER"
    PTP = "PTP"
    SCSP = "SCSP"


ISSUERS = (Role.EMSP, Role.PTP, Role.OTHER)
"""Whose parties may have drivers, so that sessions and CDRs concern them. A terminal provider may say that it is OTHER:
not every version has a word for it."""


class PartyRole(Model, frozen=True, kw_only=True):
    """One party in one role.

    `spelling` is how the partner writes its id where a protocol leaves a choice (`DE-DCB`)."""

    role: Role
    party: PartyId
    business: Business | None = None
    spelling: str | None = None

    @property
    def claim(self) -> str:
        """`CPO/DEABC`: what one partner alone may be at a time."""
        return f"{self.role}/{self.party.key}"


class PartnerState(StrEnum):
    """PLANNED: added, never connected.

    SUSPENDED: by the operator's decision; its calls are refused, nothing is sent."""

    PLANNED = "PLANNED"
    CONNECTED = "CONNECTED"
    OFFLINE = "OFFLINE"
    SUSPENDED = "SUSPENDED"


class PartyBehind(Model, frozen=True, kw_only=True):
    """A party that is reached through another hub, and how that hub says that it is connected there."""

    role: PartyRole
    state: PartnerState = PartnerState.CONNECTED
    updated_at: datetime


class Partner(Model, frozen=True, kw_only=True):
    """A connected platform. `protocol` names the plugin; `version` what was negotiated, if the protocol negotiates.

    `settings` is opaque to core: JSON text that the protocol's own settings type reads and writes (URLs, endpoints,
    spellings, switches), never secrets. Secrets live in the credential store, hashed (theirs towards us) or encrypted
    (ours towards them). `open_to` None: an agreement with every party; else only with these. `sub_ids`: others that it
    speaks for under its own name, in each role that it plays (OICP: sub-operators and sub-providers).

    `withdrawn`: what it was and is no longer, since its last registration. `told_since`: claim -> when what others know
    of this role and party last changed.

    `behind`: whom it speaks for if it is a hub itself. They are not its roles: another partner may claim the same.

    `eclipsed`: parties behind it for which it does not speak all the same, because they are somewhere nearer. Stores
    work it out anew whenever they read.

    `standing_since` is when its state last began or ceased to be one that is shown (None: never since it was added).

    `contracts` narrow single services, see `core.routing.contracted`. `shown_when_suspended`: its objects stay in
    sight of others while it is suspended.

    `agreed_tariff` is what its CPO parties charge in roaming, for protocols whose CDRs carry no price.

    `feeds`: the operator's choices about what is fetched from it, by name."""

    id: str
    name: str
    protocol: str
    version: str | None = None
    roles: tuple[PartyRole, ...] = ()
    state: PartnerState = PartnerState.PLANNED
    settings: str = "{}"
    open_to: tuple[PartyId, ...] | None = None
    sub_ids: tuple[PartyId, ...] = ()
    contracts: tuple[Contract, ...] = ()
    shown_when_suspended: bool = False
    agreed_tariff: Tariff | None = None
    feeds: dict[str, FeedChoice] = {}
    created_at: datetime
    updated_at: datetime
    standing_since: datetime | None = None
    withdrawn: tuple[PartyRole, ...] = ()
    behind: tuple[PartyBehind, ...] = ()
    eclipsed: tuple[PartyId, ...] = ()
    told_since: dict[str, datetime] = {}
    rev: int = 0

    @property
    def stands_since(self) -> datetime:
        """Since when its objects are shown to others, or are no longer."""
        return self.standing_since or self.created_at

    @property
    def shown_state(self) -> PartnerState:
        """As others see it: who was connected and took its registration back is not planned, but gone."""
        if self.state is PartnerState.PLANNED and self.standing_since is not None:
            return PartnerState.SUSPENDED
        return self.state

    @property
    def is_hub(self) -> bool:
        return any(held.role is Role.HUB for held in self.roles)

    @property
    def reached(self) -> tuple[PartyBehind, ...]:
        """Those behind it for whom it speaks."""
        return tuple(held for held in self.behind if held.role.party not in self.eclipsed)

    @property
    def voices(self) -> tuple[PartyRole, ...]:
        """All that it may speak for: its roles, and those behind it."""
        return (*self.roles, *(held.role for held in self.reached)) if self.behind else self.roles

    def standing_of(self, party: PartyId) -> PartnerState:
        """How one of its parties is connected: not better than itself."""
        behind = next((held.state for held in self.reached if held.role.party == party), None)
        if behind is None or self.state is not PartnerState.CONNECTED or party in self.parties:
            return self.state
        return behind

    @property
    def parties(self) -> tuple[PartyId, ...]:
        """Each party once, in order of the roles."""
        return tuple(dict.fromkeys(role.party for role in self.roles))

    def plays(self, role: Role) -> bool:
        return any(held.role is role for held in self.voices)

    def speaks_for(self, party: PartyId, role: Role | None = None) -> bool:
        return any(held.party == party and (role is None or held.role is role) for held in self.voices)

    def bundles(self, party: PartyId, role: Role) -> bool:
        return party in self.sub_ids and self.plays(role)

    @property
    def claims(self) -> dict[str, str]:
        """What no other partner may claim, `CPO/DEABC`, and the member that does it here."""
        roles = dict.fromkeys(held.role for held in self.roles)
        subs = {f"{role}/{sub.key}": f"$.sub_ids[{index}]" for role in roles for index, sub in enumerate(self.sub_ids)}
        return subs | {held.claim: f"$.roles[{index}]" for index, held in enumerate(self.roles)}

    def taken(self, claim: str) -> Invalid:
        """Another partner has this claim already."""
        role, _, party = claim.partition("/")
        reason = f"another partner speaks for {party[:2]}*{party[2:]} as {role} already"
        return Invalid(self.claims[claim], reason)

    def business_of(self, party: PartyId) -> Business | None:
        return next((held.business for held in self.voices if held.party == party and held.business), None)

    def parties_as(self, *roles: Role) -> tuple[PartyId, ...]:
        return tuple(dict.fromkeys(held.party for held in self.voices if held.role in roles))


def with_eclipses(partners: Sequence[Partner]) -> list[Partner]:
    """Each hub as it stands among the others: nobody speaks through it for a party that is another partner's own, or
    that an earlier hub reaches."""
    owners: dict[PartyId, set[str]] = {}
    for partner in partners:
        for party in partner.parties:
            owners.setdefault(party, set()).add(partner.id)
    seen: list[Partner] = []
    for partner in partners:
        parties = dict.fromkeys(held.role.party for held in partner.behind)
        eclipsed = tuple(party for party in parties if owners.get(party, set()) - {partner.id})
        for party in parties:
            owners.setdefault(party, {partner.id})
        seen.append(partner if eclipsed == partner.eclipsed else replace(partner, eclipsed=eclipsed))
    return seen


class CredentialKind(StrEnum):
    """What a secret is for. INBOUND authenticates the partner to us, OUTBOUND us to the partner.

    REGISTRATION is OCPI's token A: good for versions and credentials only, spent by success."""

    INBOUND = "INBOUND"
    REGISTRATION = "REGISTRATION"
    OUTBOUND = "OUTBOUND"


class Sighting(Model, frozen=True, kw_only=True):
    """When a partner was last heard of: a request of its own, or its answer to one of ours.

    `signs`: the same for signs of life that have a name of their own (eMIP: the operation of a heartbeat)."""

    at: datetime | None = None
    signs: dict[str, datetime] = {}


class PartyStatus(Model, frozen=True, kw_only=True):
    """What others may know about the connection of a party (OCPI ClientInfo)."""

    party: PartyId
    role: Role
    state: PartnerState
    updated_at: datetime


class Exchange(Model, frozen=True, kw_only=True):
    """One message that crossed the wire, for the journal: never with secrets, bodies cut at a bound.

    `inbound`: the partner called us. `status` is the HTTP status, `code` the protocol's own; `duration_ms` whole.
    `request_id` is ours; `their_id` is what the other side calls the exchange, if it says so. `sender` and `recipient`
    are the parties that speak, where the protocol names them."""

    id: str
    at: datetime
    partner: str | None = None
    protocol: str
    inbound: bool
    operation: str
    method: str = ""
    target: str = ""
    status: int | None = None
    code: str | None = None
    correlation_id: str | None = None
    request_id: str | None = None
    their_id: str | None = None
    sender: str | None = None
    recipient: str | None = None
    duration_ms: int = 0
    request: str | None = None
    response: str | None = None
    error: str | None = None
