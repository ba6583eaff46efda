"""The OCPI versions that the hub speaks, and where it serves them.

A version is data: a row here, its wire types, its quirks. The layout of the URLs is the same for all of them.
"""

from collections.abc import Collection, Mapping
from functools import lru_cache

from msgspec import Struct

from core.model.partner import Partner, PartyRole, Role
from core.model.quantities import Business
from mappings.ocpi import v2_2_1, v2_2_1_losses
from mappings.ocpi.forms import ClosedWords, Forms, Lost
from mappings.ocpi.v2_1_1 import forms as v2_1_1
from mappings.ocpi.v2_1_1 import losses as v2_1_1_losses
from mappings.ocpi.v2_1_1.tokens import TOKEN_TYPE as TOKEN_TYPE_2_1_1
from protocols.ocpi.codes import (
    HUB_ERROR,
    INVALID,
    NOT_CONNECTED,
    SERVER_ERROR,
    TIMED_OUT,
    UNKNOWN_RECEIVER,
    UNKNOWN_TOKEN,
)
from protocols.ocpi.wire.versions import Endpoint, InterfaceRole, VersionDetails
from protocols.ocpi.wire.versions import Version as ListedVersion
from protocols.plugin import HubIdentity

SENDER, RECEIVER = InterfaceRole.SENDER, InterfaceRole.RECEIVER
BOTH = (SENDER, RECEIVER)
HUB_CLIENT_INFO = "hubclientinfo"
BOOKINGS = "bookings"
CONFIG = frozenset({"versions", "credentials", HUB_CLIENT_INFO})
"""Modules that are never routed and carry no routing headers."""


class Version(Struct, frozen=True, eq=False):
    """`modules`: what the hub offers of this version, and as what. `forms`: what it says otherwise than 2.3.0; `lost`:
    what it does not say. `token_type`: the kinds of token that it knows, None: any. `codes`: status codes that it does
    not have. `lacks`: commands and requests that its modules do not have.

    `single_party`: a connection belongs to one party. Then there are no routing headers, objects name no owner, modules
    have no role, and sessions hold their place and contract."""

    id: str
    modules: tuple[tuple[str, tuple[InterfaceRole, ...]], ...]
    forms: Forms = {}
    lost: Lost = {}
    token_type: ClosedWords | None = None
    codes: Mapping[int, int] = {}
    single_party: bool = False
    raw_tokens: bool = False
    lacks: frozenset[str] = frozenset()

    @property
    def older(self) -> bool:
        return bool(self.forms)

    def token_type_said(self, kind: str) -> str:
        return (self.token_type.said(kind) if self.token_type else None) or kind

    def offers(self, module: str) -> bool:
        return any(name == module for name, _ in self.modules)


V2_3_0 = Version(
    "2.3.0",
    (
        ("credentials", (SENDER,)),
        ("hubclientinfo", (SENDER,)),
        ("locations", BOTH),
        ("sessions", BOTH),
        ("cdrs", BOTH),
        ("tariffs", BOTH),
        ("tokens", BOTH),
        ("commands", BOTH),
        ("chargingprofiles", BOTH),
        ("invoicereconciliation", BOTH),
        ("payments", BOTH),
        (BOOKINGS, BOTH),
    ),
)
_NOT_IN_2_2_1 = frozenset({"invoicereconciliation", "payments", BOOKINGS})
_NOT_IN_2_1_1 = frozenset({"hubclientinfo", "chargingprofiles"})

V2_2_1 = Version(
    "2.2.1",
    tuple((module, roles) for module, roles in V2_3_0.modules if module not in _NOT_IN_2_2_1),
    forms=v2_2_1.FORMS,
    lost=v2_2_1_losses.LOST,
    token_type=v2_2_1.TOKEN_TYPE,
)
V2_1_1 = Version(
    "2.1.1",
    tuple((module, roles) for module, roles in V2_2_1.modules if module not in _NOT_IN_2_1_1),
    forms=v2_1_1.FORMS,
    lost=v2_1_1_losses.LOST,
    token_type=TOKEN_TYPE_2_1_1,
    codes={
        UNKNOWN_TOKEN: INVALID,
        UNKNOWN_RECEIVER: INVALID,
        HUB_ERROR: SERVER_ERROR,
        TIMED_OUT: SERVER_ERROR,
        NOT_CONNECTED: SERVER_ERROR,
    },
    single_party=True,
    raw_tokens=True,
    lacks=frozenset({"CANCEL_RESERVATION", "charging_preferences"}),
)

VERSIONS: dict[str, Version] = {version.id: version for version in (V2_3_0, V2_2_1, V2_1_1)}
"""Best first."""
ALIASES = {"2.3": "2.3.0"}


@lru_cache
def hub_role(identity: HubIdentity) -> PartyRole:
    """What the hub says of itself."""
    return PartyRole(role=Role.HUB, party=identity.party, business=Business(name=identity.name))


def version_named(name: str) -> Version | None:
    return VERSIONS.get(ALIASES.get(name, name))


def version_of(partner: Partner | None) -> Version:
    """The one that it is registered for; before that, or where it is of no use any more, the newest."""
    return VERSIONS.get(partner.version or "", V2_3_0) if partner else V2_3_0


def versions_url(identity: HubIdentity) -> str:
    return f"{identity.public_url}/ocpi/versions"


def version_url(identity: HubIdentity, version: str) -> str:
    return f"{identity.public_url}/ocpi/{version}"


def endpoint_url(identity: HubIdentity, version: str, module: str, role: InterfaceRole) -> str:
    base = f"{version_url(identity, version)}/{module}"
    return base if module in CONFIG else f"{base}/{role.value.lower()}"


def version_list(identity: HubIdentity) -> list[ListedVersion]:
    return [ListedVersion(version=name, url=version_url(identity, name)) for name in VERSIONS]


def module_named(identifier: str) -> str:
    """The one module with several names: the specification prints `Booking` and writes URLs with `bookings`."""
    return BOOKINGS if identifier.lower() in ("booking", BOOKINGS) else identifier


def version_details(
    identity: HubIdentity,
    version: Version,
    *,
    for_hub: bool,
    bookings: str = BOOKINGS,
    without: Collection[str] = (),
) -> VersionDetails:
    """`for_hub`: another hub may say here whom it reaches. `bookings`: what the module of that name is called.
    `without`: modules that are not offered."""
    endpoints = [
        Endpoint(
            identifier=bookings if module == BOOKINGS else module,
            role=role,
            url=endpoint_url(identity, version.id, module, role),
        )
        for module, roles in version.modules
        for role in roles
        if module not in without
    ]
    if for_hub and version.offers(HUB_CLIENT_INFO):
        url = endpoint_url(identity, version.id, HUB_CLIENT_INFO, RECEIVER)
        endpoints.append(Endpoint(identifier=HUB_CLIENT_INFO, role=RECEIVER, url=url))
    return VersionDetails(version=version.id, endpoints=tuple(endpoints))
