"""The charge detail record: what is billed. Never lost, never paid twice, never changed in silence."""

import hashlib
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from core.model.base import Extensions, Model
from core.model.ids import EvseId, PartyId
from core.model.location import ConnectorFormat, PowerType
from core.model.loss import Loss
from core.model.quantities import Coordinates, Price
from core.model.session import AuthMethod, CdrToken, ChargingPeriod
from core.model.tariff import Tariff


class CdrLocation(Model, frozen=True, kw_only=True):
    """Where it happened, copied at the time.

    What a protocol does not carry is None and filled from the location store if known."""

    id: str | None = None
    name: str | None = None
    address: str | None = None
    city: str | None = None
    postal_code: str | None = None
    state: str | None = None
    country: str | None = None
    coordinates: Coordinates | None = None
    evse_uid: str | None = None
    evse_id: EvseId | None = None
    connector_id: str | None = None
    connector_standard: str | None = None
    connector_format: ConnectorFormat | None = None
    connector_power_type: PowerType | None = None
    extensions: Extensions = {}


class SignedValue(Model, frozen=True, kw_only=True):
    """`nature` Start, End, Intermediate...; both texts exactly as the meter wrote them."""

    nature: str | None = None
    plain_data: str | None = None
    signed_data: str
    extensions: Extensions = {}


class SignedData(Model, frozen=True, kw_only=True):
    encoding_method: str | None = None
    encoding_method_version: int | None = None
    public_key: str | None = None
    values: tuple[SignedValue, ...] = ()
    url: str | None = None
    certificate_id: str | None = None
    verification_instruction: str | None = None
    extensions: Extensions = {}


class Cdr(Model, frozen=True, kw_only=True):
    """One finished charging process as the CPO bills it. Key: (`owner`, `id` without regard to case).

    `started_at`/`ended_at` are the session's; `charging_started_at`/`charging_ended_at` when current flowed, if the
    source tells them apart. Energy in kWh, times in hours. Energy or costs None = the source does not say (never
    zero)."""

    owner: PartyId
    id: str
    started_at: datetime
    ended_at: datetime
    charging_started_at: datetime | None = None
    charging_ended_at: datetime | None = None
    booking_id: str | None = None
    session_id: str | None = None
    token: CdrToken
    auth_method: AuthMethod | None = None
    authorization_reference: str | None = None
    location: CdrLocation
    meter_id: str | None = None
    meter_start_kwh: Decimal | None = None
    meter_end_kwh: Decimal | None = None
    meter_between_kwh: tuple[Decimal, ...] = ()
    currency: str | None = None
    tariffs: tuple[Tariff, ...] = ()
    periods: tuple[ChargingPeriod, ...] = ()
    signed_data: SignedData | None = None
    total_cost: Price | None = None
    total_fixed_cost: Price | None = None
    total_energy_kwh: Decimal | None = None
    total_energy_cost: Price | None = None
    total_time_h: Decimal | None = None
    total_time_cost: Price | None = None
    total_parking_time_h: Decimal | None = None
    total_parking_cost: Price | None = None
    total_reservation_cost: Price | None = None
    remark: str | None = None
    invoice_reference_id: str | None = None
    credit: bool | None = None
    credit_reference_id: str | None = None
    home_charging_compensation: bool | None = None
    product_id: str | None = None
    issuer_session_id: str | None = None
    operator_session_id: str | None = None
    hub_operator: PartyId | None = None
    hub_provider: PartyId | None = None
    journey_id: str | None = None
    updated_at: datetime
    extensions: Extensions = {}

    @property
    def key(self) -> str:
        return cdr_key(self.owner, self.id)


def cdr_key(owner: PartyId, cdr_id: str) -> str:
    return f"{owner.key}/{cdr_id.upper()}"


class CdrState(StrEnum):
    """Where a CDR stands on its way to the eMSP.

    REFUSED and UNDELIVERABLE need a person; the others go on by themselves. WITHDRAWN: refused, and its operator bills
    it no longer."""

    ACCEPTED = "ACCEPTED"
    DELIVERING = "DELIVERING"
    WAITING = "WAITING"
    DELIVERED = "DELIVERED"
    FETCHABLE = "FETCHABLE"
    REFUSED = "REFUSED"
    UNDELIVERABLE = "UNDELIVERABLE"
    WITHDRAWN = "WITHDRAWN"


UNDECIDED = (CdrState.ACCEPTED, CdrState.FETCHABLE)
"""In which a recipient that fetches may still take or refuse it."""
CURRENT = tuple(state for state in CdrState if state is not CdrState.WITHDRAWN)


class CdrVersion(Model, frozen=True, kw_only=True):
    """What a CDR was before its operator (`replaced_by`, a partner id) revised it, and how it stood then."""

    cdr: Cdr
    digest: str
    state: CdrState
    last_error: str | None = None
    replaced_at: datetime
    replaced_by: str


class CdrSettlement(Model, frozen=True, kw_only=True):
    """A stored CDR and its way. `digest` is that of the content.

    The same key with another digest is a conflict, never an overwrite: only a revision replaces the content, and keeps
    the older ones in `versions`, oldest first.

    `sender` and `recipient` are partner ids; `remote_id` is the id or URL under which the recipient confirmed it;
    FETCHABLE means that its protocol has the recipient fetch it; `fetched_version` is how many versions there were when
    a recipient that decides on what it fetches did so last, None if it never did."""

    cdr: Cdr
    digest: str
    sender: str
    recipient: str | None = None
    state: CdrState = CdrState.ACCEPTED
    attempts: int = 0
    last_error: str | None = None
    next_attempt_at: datetime | None = None
    remote_id: str | None = None
    losses: tuple[Loss, ...] = ()
    accepted_at: datetime
    delivered_at: datetime | None = None
    fetched_version: int | None = None
    versions: tuple[CdrVersion, ...] = ()
    rev: int = 0

    @property
    def key(self) -> str:
        return self.cdr.key


def digest(cdr: Cdr) -> str:
    """SHA-256 of the content as it came; what the hub adds itself (the journey) is not part of it."""
    content = msgspec.structs.replace(cdr, journey_id=None)
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()
