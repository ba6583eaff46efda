"""Partners and their secrets in memory."""

from msgspec.structs import replace

from core.errors import Invalid, RoamingError, Uncertain, Unknown
from core.model.ids import PartyId
from core.model.partner import CredentialKind, Partner, Role, with_eclipses


class FakePartners:
    def __init__(self) -> None:
        self.held: dict[str, Partner] = {}
        self.secrets: dict[tuple[str, CredentialKind], str] = {}

    async def get(self, partner_id: str) -> Partner | None:
        return next((partner for partner in await self.all() if partner.id == partner_id), None)

    async def all(self) -> list[Partner]:
        return with_eclipses(sorted(self.held.values(), key=lambda partner: (partner.created_at, partner.id)))

    async def by_party(self, party: PartyId, role: Role | None = None) -> Partner | None:
        return next((partner for partner in await self.all() if partner.speaks_for(party, role)), None)

    async def add(self, partner: Partner) -> None:
        if partner.id in self.held:
            raise Invalid("$.id", f"there is a partner {partner.id} already")
        self._check_parties(partner)
        self.held[partner.id] = partner

    async def update(self, partner: Partner) -> Partner:
        self.check_revision(partner)
        self._check_parties(partner)
        updated = replace(partner, rev=partner.rev + 1)
        self.held[partner.id] = updated
        return updated

    async def remove(self, partner_id: str) -> None:
        self.held.pop(partner_id, None)
        for kind in CredentialKind:
            self.secrets.pop((partner_id, kind), None)

    def check_revision(self, partner: Partner) -> None:
        held = self.held.get(partner.id)
        if held is None:
            raise Unknown("partner", partner.id)
        if held.rev != partner.rev:
            raise Uncertain(f"partner {partner.id} was changed by another writer")

    def _check_parties(self, partner: Partner) -> None:
        taken = {claim for other in self.held.values() if other.id != partner.id for claim in other.claims}
        for claim in partner.claims:
            if claim in taken:
                raise partner.taken(claim)


class FakeCredentials:
    """Keeps secrets as they are; `partners.secrets` shows them."""

    def __init__(self, partners: FakePartners) -> None:
        self._partners = partners
        self._secrets = partners.secrets

    async def partner_by_secret(self, secret: str) -> tuple[str, CredentialKind] | None:
        for (partner_id, kind), held in self._secrets.items():
            if held == secret and kind is not CredentialKind.OUTBOUND:
                return partner_id, kind
        return None

    async def put(self, partner_id: str, kind: CredentialKind, secret: str) -> None:
        self._check_free(partner_id, kind, secret)
        self._secrets[partner_id, kind] = secret

    async def outbound(self, partner_id: str) -> str | None:
        return self._secrets.get((partner_id, CredentialKind.OUTBOUND))

    async def inbound(self, partner_id: str) -> str | None:
        return self._secrets.get((partner_id, CredentialKind.INBOUND))

    async def drop(self, partner_id: str, kind: CredentialKind) -> None:
        self._secrets.pop((partner_id, kind), None)

    async def switch(self, partner: Partner, *, inbound: str, outbound: str, spend_registration: bool) -> Partner:
        before = dict(self._secrets)
        if spend_registration:  # first: it may be the very token that becomes the inbound one
            self._secrets.pop((partner.id, CredentialKind.REGISTRATION), None)
        try:
            self._check_free(partner.id, CredentialKind.INBOUND, inbound)
            updated = await self._partners.update(partner)
        except RoamingError:
            self._secrets = before
            raise
        self._secrets[partner.id, CredentialKind.INBOUND] = inbound
        self._secrets[partner.id, CredentialKind.OUTBOUND] = outbound
        return updated

    def _check_free(self, partner_id: str, kind: CredentialKind, secret: str) -> None:
        if kind is CredentialKind.OUTBOUND:
            return
        for held_by, held in self._secrets.items():
            if held == secret and held_by[1] is not CredentialKind.OUTBOUND and held_by != (partner_id, kind):
                raise Invalid("$.secret", "this secret is in use already")
