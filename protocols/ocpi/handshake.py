"""How an OCPI partner gets connected: the credentials module, both ways round.

Nothing is stored until everything that can fail has succeeded; then partner, endpoints and both tokens are switched at
once. No lock is held while a partner is called. Source: OCPI 2.3.0, credentials; version_information_endpoint.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from core.errors import Invalid, Refused, Rejected, RoamingError
from core.model.ids import PartyId
from core.model.partner import CredentialKind, Partner, PartnerState, PartyBehind, PartyRole, Role
from core.model.quantities import Business
from core.services.partners import check_roles
from mappings.ocpi.parties import role_to_ocpi, roles_from_ocpi
from protocols.ocpi.auth import fresh_token
from protocols.ocpi.client import Peer
from protocols.ocpi.codes import CANNOT_USE_API, CLIENT_ERROR, NO_ENDPOINTS, VERSION_MISMATCH, Failure, NotAccepted
from protocols.ocpi.config_client import ConfigClient
from protocols.ocpi.diagnosis import with_other_slash
from protocols.ocpi.dialect import Dialect, dialect_of
from protocols.ocpi.settings import Interface, OcpiSettings, TokenEncoding, settings_of, settings_text
from protocols.ocpi.versions import V2_1_1, V2_3_0, VERSIONS, Version, hub_role, module_named, versions_url
from protocols.ocpi.wire.credentials import Credentials
from protocols.ocpi.wire.versions import InterfaceRole, VersionDetails
from protocols.plugin import Hub

NEEDED: Final = {
    Role.CPO: ("locations", "sessions", "cdrs"),
    Role.EMSP: ("tokens", "locations", "sessions", "cdrs"),
}
"""A platform in this role must publish at least one of these modules."""
UNNAMED: Final = "a new partner"


class Handshake:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    # --- the partner calls us

    async def accept(
        self, partner: Partner, credentials: Credentials, version: Version, encoding: TokenEncoding
    ) -> Credentials:
        """POST and PUT: calls the partner back, then switches. Raises Invalid, or Failure 3001, 3002, 3003."""
        roles = self._roles(credentials, version)
        await self._claimable(partner, roles)
        encoding = "raw" if version.raw_tokens else encoding
        peer = Peer(id=partner.id, name=partner.name, token=credentials.token, encoding=encoding)
        client = ConfigClient(self._hub.outbound)
        _, found = await self._discovered_either_way(client, partner, peer, credentials.url, (version,))
        return await self._switch(partner, roles, credentials, found, fresh_token())

    async def accept_unknown(self, credentials: Credentials, version: Version, wanted: str | None) -> Credentials:
        """POST without a token, where the hub is open: a partner that nobody has added."""
        roles = self._roles(credentials, version)
        if wanted is not None and all(held.role.value != wanted for held in roles):
            raise Invalid("type", f"no role of the credentials is {wanted}")
        now = self._hub.clock.now()
        name = credentials.roles[0].business_details.name if credentials.roles else credentials.url
        partner = Partner(
            id=self._hub.ids.uuid(), name=name, protocol="ocpi", roles=roles, created_at=now, updated_at=now
        )
        await self._claimable(partner, roles)
        peer = Peer(id=partner.id, name=UNNAMED, token=credentials.token, encoding="base64")
        client = ConfigClient(self._hub.outbound)
        _, found = await self._discovered_either_way(client, partner, peer, credentials.url, (version,))
        partner = await self._hub.partners.add(partner, {})
        try:
            return await self._switch(partner, roles, credentials, found, fresh_token())
        except RoamingError:
            await self._hub.partners.remove(partner.id)
            raise

    async def ours(self, partner: Partner, token: str) -> Credentials:
        """What the hub says of itself to this partner: `token` is what the partner has to send."""
        reachable = [role for role in await self._hub.partners.reachable_parties(partner) if role.role is not Role.HUB]
        hub = self._hub.identity
        if not reachable:
            reachable = [PartyRole(role=Role.OTHER, party=hub.party, business=Business(name=hub.name))]
        return Credentials(
            token=token,
            url=versions_url(hub),
            hub_party_id=hub.party.key,
            roles=tuple(role_to_ocpi(role, payments=settings_of(partner).has("payments")) for role in reachable),
        )

    # --- we call the partner

    async def register(self, partner: Partner, url: str, token_a: str) -> Partner:
        """Raises Invalid for a partner that is connected already, Rejected if the partner says so, and what went wrong
        on the way. On failure everything is as before."""
        if partner.state not in (PartnerState.PLANNED, PartnerState.OFFLINE):
            raise Invalid("$.state", f"{partner.name} is {partner.state}")
        self._hub.outbound.http.check_url(url, "$.versions_url")
        peer = Peer(id=partner.id, name=partner.name, token=token_a, encoding=settings_of(partner).token_encoding)
        client = ConfigClient(self._hub.outbound)
        try:
            peer, found = await self._discovered_either_way(client, partner, peer, url, tuple(VERSIONS.values()))
        except Failure as failure:
            raise await self._with_slash(client, partner, peer, url, failure) from failure
        _check_needed(found, partner.roles)
        before = await self._hub.credentials.inbound(partner.id)
        token_b = fresh_token()
        await self._hub.credentials.put(partner.id, CredentialKind.INBOUND, token_b)
        try:
            await self._introduce(client, "POST", partner, peer, found, token_b)
        except BaseException:
            await self._restore(partner.id, before)
            raise
        return await self._hub.partners.get(partner.id)

    async def rotate(self, partner: Partner) -> Partner:
        """Both tokens anew. The old ones are good until the partner has answered; on failure they stay.

        Raises Invalid for a partner that is not connected."""
        kept, held = settings_of(partner), await self._hub.credentials.outbound(partner.id)
        if held is None or kept.versions_url is None or partner.version not in VERSIONS:
            raise Invalid("$.state", f"{partner.name} is not connected")
        peer = Peer(id=partner.id, name=partner.name, token=held, encoding=kept.token_encoding)
        client = ConfigClient(self._hub.outbound)
        found = await self._discovered(client, partner, peer, kept.versions_url, (VERSIONS[partner.version],))
        token_b = fresh_token()
        await self._hub.credentials.put(partner.id, CredentialKind.REGISTRATION, token_b)  # for its calls meanwhile
        try:
            await self._introduce(client, "PUT", partner, peer, found, token_b)
        except BaseException:
            await self._hub.credentials.drop(partner.id, CredentialKind.REGISTRATION)
            raise
        return await self._hub.partners.get(partner.id)

    async def _introduce(
        self, client: ConfigClient, method: str, partner: Partner, peer: Peer, found: OcpiSettings, token_b: str
    ) -> None:
        """The partner's credentials for ours; then everything is switched. Raises Failure 3003, Rejected, Invalid."""
        url = found.url("credentials", InterfaceRole.SENDER)
        if url is None:
            raise Failure(NO_ENDPOINTS, f"{partner.name} publishes no credentials endpoint")
        dialect = self._dialect(partner, VERSIONS[found.version or V2_3_0.id])
        theirs = await client.send_credentials(method, peer, url, await self.ours(partner, token_b), dialect)
        roles = self._roles(theirs, VERSIONS[found.version or V2_3_0.id])
        await self._claimable(partner, roles)
        remarks = (*client.remarks, *_role_remarks(partner, roles))
        await self._switch(partner, roles, theirs, replace(found, remarks=remarks), token_b)

    async def _with_slash(
        self, client: ConfigClient, partner: Partner, peer: Peer, url: str, failure: Failure
    ) -> Failure:
        """If nothing is there, it may be there with a slash more or less."""
        if not (isinstance(failure.__cause__, Rejected) and failure.__cause__.code == "404"):
            return failure
        other = with_other_slash(url)
        try:
            await self._discovered_either_way(client, partner, peer, other, tuple(VERSIONS.values()))
        except RoamingError:
            return failure
        return Failure(
            CANNOT_USE_API, f"{failure.reason}; it is at {other}, which differs by the slash at its end only"
        )

    async def _restore(self, partner_id: str, before: str | None) -> None:
        if before is None:
            await self._hub.credentials.drop(partner_id, CredentialKind.INBOUND)
        else:
            await self._hub.credentials.put(partner_id, CredentialKind.INBOUND, before)

    # --- both

    def _dialect(self, partner: Partner, version: Version) -> Dialect:
        return dialect_of(partner, hub_role(self._hub.identity), self._hub.clock.now(), version)

    def _roles(self, credentials: Credentials, version: Version) -> tuple[PartyRole, ...]:
        """Those of the platform itself. Raises Invalid for roles that are named twice, a URL that may not be called, a
        hub that calls itself."""
        roles = roles_from_ocpi(credentials)
        check_roles(roles)
        if any(held.role is Role.HUB and held.party == self._hub.identity.party for held in roles):
            raise Invalid("$.hub_party_id", "is that of this hub")
        self._hub.outbound.http.check_url(credentials.url, "$.url")
        return tuple(held for held in roles if held.role is Role.HUB) if _lists_others(credentials, version) else roles

    def _behind(self, partner: Partner, theirs: Credentials, version: Version) -> tuple[PartyBehind, ...]:
        """Whom another hub stands for. In 2.2.1 it says so by HubClientInfo, and what was known of them stays.

        Raises Invalid for a party that it may not stand for."""
        if theirs.hub_party_id is None:
            return ()
        if not _lists_others(theirs, version):
            return partner.behind
        now, hubs = self._hub.clock.now(), (theirs.hub_party_id.upper(), self._hub.identity.party.key)
        behind = []
        for index, held in enumerate(roles_from_ocpi(theirs)):
            if held.party.key in hubs:  # a hub that reaches nobody lists itself
                continue
            if not stands_for(partner, theirs.hub_party_id, held.party):
                raise Invalid(f"$.roles[{index}]", f"{partner.name} was not added for {held.party}")
            behind.append(PartyBehind(role=held, updated_at=now))
        return tuple(behind)

    async def _claimable(self, partner: Partner, roles: Sequence[PartyRole]) -> None:
        """Raises Invalid for a party of another partner, or one that the operator did not add this partner for."""
        allowed = settings_of(partner).allowed
        free = not allowed or (self._hub.open_registration and partner.state is not PartnerState.PLANNED)
        others = [other for other in await self._hub.partners.all() if other.id != partner.id]
        for index, held in enumerate(roles):
            path = "$.hub_party_id" if held.role is Role.HUB else f"$.roles[{index}]"
            if held.party == self._hub.identity.party or any(held.party in other.parties for other in others):
                raise Invalid(path, f"{held.party} is a party of another platform")
            if not free and held.role is not Role.HUB and held.party.key not in allowed:
                raise Invalid(path, f"{partner.name} was not added for {held.party}")

    async def _discovered_either_way(
        self, client: ConfigClient, partner: Partner, peer: Peer, url: str, versions: Sequence[Version]
    ) -> tuple[Peer, OcpiSettings]:
        """With the token written as `peer` says, and once in the other way if the partner does not know it so."""
        try:
            return peer, await self._discovered(client, partner, peer, url, versions)
        except Failure as failure:
            if not _is_refused(failure):
                raise
        other = replace(peer, encoding="raw" if peer.encoding == "base64" else "base64")
        try:
            found = await self._discovered(client, partner, other, url, versions)
        except Failure as failure:
            if not _is_refused(failure):
                raise
            reason = f"{failure.reason}, neither encoded in base64 nor as it is"
            raise Failure(failure.code, reason) from failure.__cause__
        if other.encoding == "raw" and found.version != V2_1_1.id:
            client.remarks.setdefault(f"it takes the token only as it is, though OCPI {found.version} says base64")
        return other, found

    async def _discovered(
        self, client: ConfigClient, partner: Partner, peer: Peer, url: str, versions: Sequence[Version]
    ) -> OcpiSettings:
        """The best of `versions` that the partner has, and its endpoints. Raises Failure 3001 or 3002."""
        try:
            listed = {entry.version: entry.url for entry in await client.get_versions(peer, url)}
            version = next((version for version in versions if version.id in listed), None)
            if version is None:
                names, theirs = ", ".join(held.id for held in versions), ", ".join(listed) or "nothing"
                raise Failure(VERSION_MISMATCH, f"{url} does not list OCPI {names}: it lists {theirs[:200]}")
            details = await client.get_version_details(peer, listed[version.id], self._dialect(partner, version))
        except Failure:
            raise
        except RoamingError as error:
            raise Failure(CANNOT_USE_API, f"the API cannot be used: {_said(error)}") from error
        return OcpiSettings(
            versions_url=url,
            version=version.id,
            endpoints=_interfaces(details),
            token_encoding=peer.encoding,
            remarks=tuple(client.remarks),
        )

    async def _switch(
        self,
        partner: Partner,
        roles: tuple[PartyRole, ...],
        theirs: Credentials,
        found: OcpiSettings,
        inbound: str,
    ) -> Credentials:
        """Everything at once; gives back what the partner is told."""
        _check_needed(found, roles)
        partner = await self._unchanged(partner)
        kept = settings_of(partner)
        settings = replace(
            kept,
            versions_url=theirs.url,
            version=found.version,
            endpoints=found.endpoints,
            token_encoding=found.token_encoding,
            hub_party_id=theirs.hub_party_id,
            remarks=found.remarks,
            tokens_since=self._hub.clock.now(),
        )
        behind = self._behind(partner, theirs, VERSIONS[found.version or V2_3_0.id])
        connected = replace(
            partner, version=found.version, roles=roles, behind=behind, settings=settings_text(settings)
        )
        stored = await self._hub.partners.connected(
            connected, inbound=inbound, outbound=theirs.token, spend_registration=True
        )
        return await self.ours(stored, inbound)

    async def _unchanged(self, before: Partner) -> Partner:
        """The partner as it is now: it may have come back or gone offline while we called it, but nothing else."""
        now = await self._hub.partners.get(before.id)
        if now.state is PartnerState.SUSPENDED:
            raise Refused(f"{now.name} is suspended")
        if (now.state is PartnerState.PLANNED) is not (before.state is PartnerState.PLANNED):
            raise Failure(CLIENT_ERROR, "another registration was faster", 405, {"allow": "GET, PUT, DELETE"})
        return now


def stands_for(partner: Partner, hub_party_id: str, party: PartyId) -> bool:
    """Whether the operator lets it speak for this party behind it: he added it as this hub, or for the very party."""
    allowed = settings_of(partner).allowed
    return not allowed or hub_party_id.upper() in allowed or party.key in allowed


def _lists_others(credentials: Credentials, version: Version) -> bool:
    """Whether these are the credentials of a hub whose roles are those of the parties behind it.

    Source: OCPI 2.3.0, credentials; in 2.2.1 all roles are the platform's own."""
    return credentials.hub_party_id is not None and version is V2_3_0


def _said(error: RoamingError) -> str:
    return error.text if isinstance(error, Rejected) else error.reason


def _is_refused(failure: Failure) -> bool:
    return isinstance(failure.__cause__, NotAccepted)


def _role_remarks(planned: Partner, roles: Sequence[PartyRole]) -> list[str]:
    """What the operator expected and the partner does not say it is."""
    said = {held.claim for held in roles}
    names = ", ".join(f"{held.role} {held.party}" for held in roles)[:200]
    return [
        f"it was added as {held.role} {held.party}, and says that it is {names}"
        for held in planned.roles
        if held.claim not in said
    ]


def _interfaces(details: VersionDetails) -> tuple[Interface, ...]:
    """Each (module, role) once; for credentials any role will do."""
    found: dict[tuple[str, InterfaceRole], Interface] = {}
    for endpoint in details.endpoints:
        role = InterfaceRole.SENDER if endpoint.identifier == "credentials" else endpoint.role
        module = module_named(endpoint.identifier)
        found.setdefault((module, role), Interface(module, role, endpoint.url))
    return tuple(found.values())


def _check_needed(found: OcpiSettings, roles: Sequence[PartyRole]) -> None:
    """Raises Failure 3003 for a role without any of the modules that make sense of it."""
    for held in roles:
        modules = NEEDED.get(held.role, ())
        if modules and not any(found.has(module) for module in modules):
            raise Failure(NO_ENDPOINTS, f"as {held.role} at least one of {', '.join(modules)} is needed")
