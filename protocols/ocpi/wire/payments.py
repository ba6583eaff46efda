"""Payment terminals, and what became of payments at them. Source: OCPI 2.3.0, mod_payments."""

from typing import Annotated

from msgspec import Meta

from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.locations import GeoLocation
from protocols.ocpi.wire.sessions import Price
from protocols.ocpi.wire.types import (
    ASCII,
    CiString2,
    CiString3,
    CiString10,
    CiString20,
    CiString36,
    CiString45,
    Code,
    DateTime,
    Url,
)

EftText = Annotated[str, Meta(min_length=1, max_length=255, extra=ASCII)]


class InvoiceCreator(Code):
    """Source: OCPI 2.3.0, mod_payments, InvoiceCreator enum."""

    CPO = "CPO"
    PTP = "PTP"


class CaptureStatusCode(Code):
    """Source: OCPI 2.3.0, mod_payments, CaptureStatusCode enum."""

    SUCCESS = "SUCCESS"
    PARTIAL_SUCCESS = "PARTIAL_SUCCESS"
    FAILED = "FAILED"


class Terminal(Wire, frozen=True, kw_only=True):
    """`party_id` and `country_code` are the customer's, not its owner's. Source: OCPI 2.3.0, mod_payments, Terminal
    object."""

    terminal_id: CiString36
    customer_reference: CiString36 | None = None
    party_id: CiString3 | None = None
    country_code: CiString2 | None = None
    address: CiString45 | None = None
    city: CiString45 | None = None
    postal_code: CiString10 | None = None
    state: CiString20 | None = None
    country: CiString3 | None = None
    coordinates: GeoLocation | None = None
    invoice_base_url: Url | None = None
    invoice_creator: InvoiceCreator | None = None
    reference: CiString36 | None = None
    location_ids: tuple[CiString36, ...] | None = ()
    evse_uids: tuple[CiString36, ...] | None = ()
    last_updated: DateTime


class FinancialAdviceConfirmation(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_payments, FinancialAdviceConfirmation object."""

    id: CiString36
    authorization_reference: CiString36
    total_costs: Price
    currency: CiString3
    eft_data: Annotated[tuple[EftText, ...], Meta(min_length=1)]
    capture_status_code: CaptureStatusCode
    capture_status_message: EftText | None = None
    last_updated: DateTime
