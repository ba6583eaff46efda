"""A charging session while it runs, and the pieces that it shares with the CDR."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from core.model.base import Extensions, Model
from core.model.ids import ContractId, PartyId, TokenUid
from core.model.quantities import Price


class AuthMethod(StrEnum):
    AUTH_REQUEST = "AUTH_REQUEST"
    COMMAND = "COMMAND"
    WHITELIST = "WHITELIST"


class SessionStatus(StrEnum):
    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    INVALID = "INVALID"
    PENDING = "PENDING"
    RESERVATION = "RESERVATION"


class CdrToken(Model, frozen=True, kw_only=True):
    """The token of a session or CDR, as far as billing needs it. `issuer` None = not said (OICP): the journey knows."""

    issuer: PartyId | None = None
    uid: TokenUid | None = None
    kind: str
    contract_id: ContractId | None = None
    extensions: Extensions = {}


class Dimension(Model, frozen=True, kw_only=True):
    """A measured volume: kWh, hours, A, kW or percent, by `type` (OCPI's CdrDimensionType)."""

    type: str
    volume: Decimal
    extensions: Extensions = {}


class ChargingPeriod(Model, frozen=True, kw_only=True):
    """Ends where the next begins. `tariff_id` None = no tariff applies."""

    started_at: datetime
    dimensions: tuple[Dimension, ...]
    tariff_id: str | None = None
    extensions: Extensions = {}


class Session(Model, frozen=True, kw_only=True):
    """Owned by the CPO. Key: (`owner`, `id` without regard to case). `energy_kwh` so far; `currency` ISO 4217.

    Energy, place and currency are None where the operator's protocol does not say them: never zero, never invented."""

    owner: PartyId
    id: str
    started_at: datetime
    ended_at: datetime | None = None
    energy_kwh: Decimal | None = None
    token: CdrToken
    auth_method: AuthMethod
    authorization_reference: str | None = None
    location_id: str | None = None
    evse_uid: str | None = None
    connector_id: str | None = None
    meter_id: str | None = None
    currency: str | None = None
    periods: tuple[ChargingPeriod, ...] = ()
    total_cost: Price | None = None
    status: SessionStatus
    journey_id: str | None = None
    updated_at: datetime
    extensions: Extensions = {}

    @property
    def key(self) -> str:
        return session_key(self.owner, self.id)


def session_key(owner: PartyId, session_id: str) -> str:
    return f"{owner.key}/{session_id.upper()}"
