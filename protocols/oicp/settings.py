"""What a partner entry must hold for OICP, written by the operator's document, kept as JSON text in the partner."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from core.errors import Invalid
from core.model.ids import PartyId
from core.model.partner import Partner, PartyRole, Role
from mappings.oicp.ids import operator_to_oicp, provider_to_oicp
from mappings.oicp.leftovers import PROTOCOL
from protocols.oicp import access
from protocols.oicp.upstream.settings import PUBLISHED, PerMinute, Seconds, Upstream

AUTHORIZATION: Final = "eRoamingAuthorization"
RESERVATION: Final = "eRoamingReservation"
CDRS: Final = "eRoamingChargeDetailRecord"
NOTIFICATIONS: Final = "eRoamingChargingNotifications"
CALLED: Final = frozenset({AUTHORIZATION, RESERVATION, CDRS, NOTIFICATIONS})
"""Services for which the hub calls a partner, each at a service URL. Source: OICP 2.3, README, service types."""
DYNAMIC_PRICING: Final = "eRoamingDynamicPricing"
"""The flexible pricing model of an offer of eRoamingAuthorization, which a CPO makes and an EMP takes."""
SERVICES: Final = frozenset(
    {
        "eRoamingPushEvseData",
        "eRoamingPullEvseData",
        "eRoamingPullEvseStatus",
        "eRoamingPushAuthenticationData",
        "eRoamingPullAuthenticationData",
        RESERVATION,
        DYNAMIC_PRICING,
    }
)
"""What a partner may have closed: its subscriptions to services of the hub itself, and, an operator, its reservations
and its prices. Source: OICP 2.3, README, service types."""

Fingerprint = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class OicpSettings(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """`operator_id`, `provider_id`: registered spellings, sent as they are.

    `callback_url` is the partner's service URL, `service_urls` those of single services where they differ; an EMP
    without one for authorisation is offline: it uploads cards and fetches CDRs. `disclosed`: its cards may be handed
    out to the operators that it has a contract with. `broadcast`: asked about cards of unknown issuers. `certificates`:
    SHA-256 of the DER form, lower-case hex. `closed_services`: subscriptions that are not active; an operator that
    closes reservations offers none. `reservation_alias`: its reservations are called at the path that some back ends
    serve instead.
    `tolerate_foreign_session_ids`: a session id in an initial request is ignored instead of refused. `always_200`:
    functional faults with HTTP 200. `lenient_status`: insert and update of statuses mean upsert. `platform_profile`:
    EVSE data as the reference platform lets it pass. `remote_timeout_s`: how long a CPO may think over a remote start
    or stop. `notifications`: whether an EMP wants charging notifications. `cdr_timeout_s` holds for records and
    notifications. `calls_per_minute`: how often the partner may call, by operation; what is not named has no limit.
    `pulls_cards`: the CPO is offered the cards of EMPs. `own_contracts_only`: an EMP's remote start of a contract that
    is neither its own nor of a provider that it bundles is refused, instead of logged. `redeliver_cdrs`: a record is
    sent again for a week while its EMP cannot be reached at all; else the EMP fetches it. `upstream`: the partner is a
    platform in which the hub itself is a partner, and stands for all who are behind it."""

    operator_id: str | None = None
    provider_id: str | None = None
    callback_url: str | None = None
    version: Literal["2.3", "2.2"] = "2.3"
    service_urls: dict[str, str] = {}
    disclosed: bool = False
    broadcast: bool = True
    certificates: tuple[Fingerprint, ...] = ()
    closed_services: tuple[str, ...] = ()
    reservation_alias: bool = False
    tolerate_foreign_session_ids: bool = False
    always_200: bool = False
    lenient_status: bool = False
    platform_profile: bool = False
    pulls_cards: bool = False
    own_contracts_only: bool = False
    redeliver_cdrs: bool = False
    notifications: bool = True
    authorise_timeout_s: Seconds = 10.0
    remote_timeout_s: Seconds = 60.0
    cdr_timeout_s: Seconds = 30.0
    calls_per_minute: dict[str, PerMinute] = {}
    upstream: Upstream | None = None

    def service_url(self, service: str) -> str | None:
        """Where the hub calls the partner for this service."""
        return self.service_urls.get(service) or self.callback_url

    def bound(self, role: Role) -> PartyId | None:
        """The id in this role that the partner's credentials are bound to, registered or not."""
        text = self.operator_id if role is Role.CPO else self.provider_id
        return PartyId.parse(text) if text else None


_MEMBERS: Final = frozenset(field.name for field in msgspec.structs.fields(OicpSettings))
_COMMON: Final = frozenset(
    {"name", "protocol", "roles", "open_to", "contracts", "shown_when_suspended", "tariff", "feeds", "sub_ids"}
)


def settings_of(partner: Partner) -> OicpSettings:
    return _decoded(partner.settings)


def is_upstream(partner: Partner | None) -> bool:
    """Whether it is a platform in which the hub itself is a partner."""
    return partner is not None and partner.protocol == PROTOCOL and settings_of(partner).upstream is not None


def settings_from(document: Mapping[str, Any], partner: Partner) -> OicpSettings:
    """Raises Invalid naming the member that is wrong."""
    for name in document:
        if name not in _MEMBERS | _COMMON | access.MEMBERS:
            raise Invalid(f"$.{name}", "no such member of an OICP partner")
    given = {name: document[name] for name in _MEMBERS if document.get(name) is not None}
    try:
        settings = msgspec.convert(given, OicpSettings)
    except msgspec.ValidationError as error:
        raise _invalid(error) from error
    _check_id(settings.operator_id, "operator_id", Role.CPO, partner)
    _check_id(settings.provider_id, "provider_id", Role.EMSP, partner)
    for index, service in enumerate(settings.closed_services):
        if service not in SERVICES:
            raise Invalid(f"$.closed_services[{index}]", f"one of {', '.join(sorted(SERVICES))} is expected")
    for service in settings.service_urls:
        if service not in CALLED:
            raise Invalid(f"$.service_urls.{service}", f"one of {', '.join(sorted(CALLED))} is expected")
    if settings.upstream is not None:
        _check_upstream(settings, settings.upstream, partner)
    return settings


def sub_ids_from(document: Mapping[str, Any]) -> tuple[PartyId, ...]:
    """The ids that the partner bundles. Raises Invalid naming the one that is wrong."""
    given = document.get("sub_ids") or []
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise Invalid("$.sub_ids", "a list of ids is expected")
    return tuple(PartyId.parse(text, f"$.sub_ids[{index}]") for index, text in enumerate(given))


def with_spellings(partner: Partner, settings: OicpSettings) -> tuple[PartyRole, ...]:
    """The partner's roles, each with the spelling of its id that OICP shows."""
    return tuple(msgspec.structs.replace(role, spelling=_spelling(role, settings)) for role in partner.roles)


def spelling_of(partner: Partner | None, party: PartyId, role: Role) -> str:
    """The registered spelling of a party's id, else the usual one."""
    held = next((r.spelling for r in partner.roles if r.party == party and r.role is role), None) if partner else None
    return operator_to_oicp(party, held) if role is Role.CPO else provider_to_oicp(party, held)


def _spelling(role: PartyRole, settings: OicpSettings) -> str | None:
    if role.role is Role.CPO:
        return operator_to_oicp(role.party, settings.operator_id)
    return provider_to_oicp(role.party, settings.provider_id) if role.role is Role.EMSP else role.spelling


def _check_upstream(settings: OicpSettings, upstream: Upstream, partner: Partner) -> None:
    """One party stands for everybody there, so that nothing of the platform's is ever told to it."""
    if len(partner.parties) != 1:
        raise Invalid("$.roles", "an upstream platform is one party, as CPO, EMSP or both")
    if not settings.callback_url:
        raise Invalid("$.callback_url", "the base URL of the platform is needed")
    for role, member, other in ((Role.CPO, "provider_id", "an EMP"), (Role.EMSP, "operator_id", "a CPO")):
        text = upstream.provider_id if role is Role.CPO else upstream.operator_id
        if partner.plays(role) != (text is not None):
            raise Invalid(f"$.upstream.{member}", f"towards a {role} the hub is {other}, and has an id as such")
        if text is not None:
            PartyId.parse(text, f"$.upstream.{member}")
    for index, text in enumerate(upstream.sub_ids):
        PartyId.parse(text, f"$.upstream.sub_ids[{index}]")
    for name in upstream.calls_per_minute:
        if name not in PUBLISHED:
            raise Invalid(f"$.upstream.calls_per_minute.{name}", f"one of {', '.join(sorted(PUBLISHED))} is expected")


def _check_id(text: str | None, member: str, role: Role, partner: Partner) -> None:
    if text is None:
        return
    if not partner.speaks_for(PartyId.parse(text, f"$.{member}"), role):
        raise Invalid(f"$.{member}", f"{text} is not among the partner's roles as {role}")


def _invalid(error: msgspec.ValidationError) -> Invalid:
    reason, _, path = str(error).partition(" - at `")
    return Invalid(path.rstrip("`") or "$", reason)


@lru_cache(maxsize=4096)
def _decoded(text: str) -> OicpSettings:
    return msgspec.json.decode(text, type=OicpSettings)
