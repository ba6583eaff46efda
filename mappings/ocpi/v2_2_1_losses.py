"""What OCPI 2.2.1 does not get of a canonical object, beyond what 2.3.0 does not. See `v2_2_1`."""

from typing import Any, Final

from core.model.authorisation import Authorisation, AuthoriseRequest
from core.model.cdr import Cdr
from core.model.command import Command
from core.model.location import Location
from core.model.session import Session
from core.model.tariff import Tariff
from core.model.token import Token
from mappings.ocpi.forms import ClosedWords, LossTable, Lost
from mappings.ocpi.v2_2_1 import (
    CAPABILITY,
    CDR_CONNECTOR_TYPE,
    CONNECTOR_TYPE,
    COSTS,
    FACILITY,
    IMAGE_CATEGORY,
    IMPACT,
    PARKING_RESTRICTION,
    PARKING_TYPE,
    TOKEN_TYPE,
)
from mappings.tables import CodeTable
from protocols.ocpi.wire.sessions import CdrDimensionType

_NEW: Final = "no field before OCPI 2.3.0"
_SUM: Final = "only the sum of the taxes is told"
Codes = dict[str, CodeTable[Any, Any]]

TAX_NAME: Final = ClosedWords(frozenset({"VAT"}), instead="VAT")
TAX_INCLUDED: Final[CodeTable[str, str]] = CodeTable(
    both={"NO": "NO"},
    outbound={"YES": "NO", "N/A": "NO"},
    reasons={
        "YES": "prices are sent without the VAT whose rate is known, else as they are",
        "N/A": "prices are sent as they are",
    },
)
DIMENSION: Final = ClosedWords(
    frozenset(word.value for word in CdrDimensionType) - {"RESERVATION_EXPIRES", "RESERVATION_OVERTIME"},
    special={"RESERVATION_EXPIRES": "RESERVATION_TIME"},
)

LOCATION: Final = {
    "parking_places": _NEW,
    "help_phone": _NEW,
    "evses[].parking": _NEW,
    "evses[].accepted_service_providers": _NEW,
    "evses[].connectors[].capabilities": _NEW,
}
LOCATION_CODES: Final[Codes] = {
    "evses[].connectors[].standard": CONNECTOR_TYPE,
    "evses[].capabilities[]": CAPABILITY,
    "evses[].parking_restrictions[]": PARKING_RESTRICTION,
    "evses[].images[].category": IMAGE_CATEGORY,
    "facilities[]": FACILITY,
    "parking_type": PARKING_TYPE,
    "images[].category": IMAGE_CATEGORY,
    "operator.logo.category": IMAGE_CATEGORY,
    "suboperator.logo.category": IMAGE_CATEGORY,
    "proprietor.logo.category": IMAGE_CATEGORY,
    "publish_allowed_to[].type": TOKEN_TYPE,
    "energy_mix.environ_impact[].category": IMPACT,
}
TARIFF: Final = {
    "preauthorize_amount": _NEW,
    "elements[].restrictions.booking": "the element prices bookings only and is left out as a whole",
}
TARIFF_CODES: Final[Codes] = {"tax_included": TAX_INCLUDED, "energy_mix.environ_impact[].category": IMPACT}
SESSION: Final = {
    "total_cost.taxes[].percentage": _SUM,
    "total_cost.taxes[].account_number": _SUM,
}
SESSION_CODES: Final[Codes] = {
    "token.kind": TOKEN_TYPE,
    "periods[].dimensions[].type": DIMENSION,
    "total_cost.taxes[].name": TAX_NAME,
}
CDR: Final = {
    "booking_id": _NEW,
    **{f"{cost}.taxes[].{name}": _SUM for cost in COSTS for name in ("percentage", "account_number")},
    **{f"tariffs[].{path}": reason for path, reason in TARIFF.items()},
}
CDR_CODES: Final[Codes] = {
    "token.kind": TOKEN_TYPE,
    "location.connector_standard": CDR_CONNECTOR_TYPE,
    "periods[].dimensions[].type": DIMENSION,
    **{f"{cost}.taxes[].name": TAX_NAME for cost in COSTS},
    **{f"tariffs[].{path}": table for path, table in TARIFF_CODES.items()},
}
WITH_TOKEN: Final = LossTable({}, {"token.kind": TOKEN_TYPE})

LOST: Final[Lost] = {
    Location: LossTable(LOCATION, LOCATION_CODES),
    Token: LossTable({}, {"kind": TOKEN_TYPE}),
    Session: LossTable(SESSION, SESSION_CODES),
    Cdr: LossTable(CDR, CDR_CODES),
    Tariff: LossTable(TARIFF, TARIFF_CODES),
    AuthoriseRequest: LossTable({}, {"kind": TOKEN_TYPE}),
    Authorisation: WITH_TOKEN,
    Command: WITH_TOKEN,
}
