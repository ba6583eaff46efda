"""Which CDRs an invoice is about. Source: OCPI 2.3.0, mod_invoice_reconciliation."""

from typing import Annotated

from msgspec import Meta

from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.types import CiString2, CiString3, CiString36, CiString39, CiString255, DateTime


class InvoiceReconciliationRecord(Wire, frozen=True, kw_only=True):
    """The owner is who writes the invoice. Ids of credit CDRs are longer than those that the module lists. Source:
    OCPI 2.3.0, mod_invoice_reconciliation, InvoiceReconciliationRecord object."""

    country_code: CiString2
    party_id: CiString3
    id: CiString36
    invoice_id: CiString255
    cdrs: Annotated[tuple[CiString39, ...], Meta(min_length=1)]
    last_updated: DateTime
