"""What OCPI 2.2.1 writes otherwise than 2.3.0. What only lacks fields of 2.3.0 is read and written by its types.

Sources: OCPI 2.2.1, credentials, mod_hub_client_info, mod_sessions, mod_cdrs, mod_tariffs, types."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from protocols.ocpi.wire import cdrs, credentials, hubclientinfo, sessions, words
from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.locations import BusinessDetails, DisplayText, EnergyMix
from protocols.ocpi.wire.tariffs import TariffElement, TariffType
from protocols.ocpi.wire.types import CiString2, CiString3, CiString36, Code, DateTime, Number, String3, Url

CONNECTOR_TYPES = words.CONNECTOR_TYPES - {"MCS", "SAE_J3400"}
PARKING_RESTRICTIONS = words.PARKING_RESTRICTIONS - {"EMPLOYEES", "TAXIS", "TENANTS"}
TOKEN_TYPES = words.TOKEN_TYPES - {"EMAID"}


class Role(Code):
    """Source: OCPI 2.2.1, types, Role enum."""

    CPO = "CPO"
    EMSP = "EMSP"
    HUB = "HUB"
    NAP = "NAP"
    NSP = "NSP"
    OTHER = "OTHER"
    SCSP = "SCSP"


class CredentialsRole(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.2.1, credentials, CredentialsRole class."""

    role: Role
    business_details: BusinessDetails
    party_id: CiString3
    country_code: CiString2


class Credentials(Wire, frozen=True, kw_only=True):
    """A hub is known by its role. Source: OCPI 2.2.1, credentials, Credentials object."""

    token: credentials.CredentialsToken
    url: Url
    roles: Annotated[tuple[CredentialsRole, ...], Meta(min_length=1)]

    def __repr__(self) -> str:
        return f"Credentials(url={self.url!r}, roles={self.roles!r})"


class ClientInfo(hubclientinfo.ClientInfo, frozen=True, kw_only=True):
    """Source: OCPI 2.2.1, mod_hub_client_info, ClientInfo object."""

    role: Role  # type: ignore[assignment]


class Price(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.2.1, types, Price class."""

    excl_vat: Number
    incl_vat: Number | None = None


class Session(sessions.Session, frozen=True, kw_only=True):
    """Source: OCPI 2.2.1, mod_sessions, Session object."""

    total_cost: Price | None = None  # type: ignore[assignment]


class SessionPatch(sessions.SessionPatch, frozen=True, kw_only=True):
    """Source: OCPI 2.2.1, mod_sessions, PATCH method."""

    total_cost: Price | UnsetType | None = UNSET  # type: ignore[assignment]


class Tariff(Wire, frozen=True, kw_only=True):
    """Prices are without VAT. Source: OCPI 2.2.1, mod_tariffs, Tariff object."""

    country_code: CiString2
    party_id: CiString3
    id: CiString36
    currency: String3
    type: TariffType | None = None
    tariff_alt_text: tuple[DisplayText, ...] | None = ()
    tariff_alt_url: Url | None = None
    min_price: Price | None = None
    max_price: Price | None = None
    elements: Annotated[tuple[TariffElement, ...], Meta(min_length=1)]
    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None
    energy_mix: EnergyMix | None = None
    last_updated: DateTime


class Cdr(cdrs.Cdr, frozen=True, kw_only=True):
    """Source: OCPI 2.2.1, mod_cdrs, CDR object."""

    tariffs: tuple[Tariff, ...] | None = ()  # type: ignore[assignment]
    total_cost: Price  # type: ignore[assignment]
    total_fixed_cost: Price | None = None  # type: ignore[assignment]
    total_energy_cost: Price | None = None  # type: ignore[assignment]
    total_time_cost: Price | None = None  # type: ignore[assignment]
    total_parking_cost: Price | None = None  # type: ignore[assignment]
    total_reservation_cost: Price | None = None  # type: ignore[assignment]
