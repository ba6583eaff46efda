"""What OCPI 2.1.1 does not get of a canonical object, beyond what 2.3.0 does not."""

from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from core.model.authorisation import Authorisation, AuthoriseRequest
from core.model.cdr import Cdr
from core.model.command import Command, CommandOutcome, Outcome
from core.model.location import Location, PowerType
from core.model.loss import Loss, LossKind
from core.model.session import AuthMethod, Session, SessionStatus
from core.model.tariff import Tariff
from core.model.token import Token
from mappings.ocpi.forms import About, ClosedWords, LossTable, Lost
from mappings.ocpi.v2_1_1.billing import ASSUMED_AMPERAGE, ASSUMED_VOLTAGE, CDR_CONNECTOR_TYPE
from mappings.ocpi.v2_1_1.locations import (
    CAPABILITY,
    CONNECTOR_TYPE,
    FACILITY,
    LOCATION_TYPE,
    PARKING_RESTRICTION,
)
from mappings.ocpi.v2_1_1.tokens import TOKEN_TYPE
from mappings.ocpi.v2_2_1 import COSTS
from mappings.ocpi.v2_2_1_losses import LOCATION as LOCATION_2_2_1
from mappings.ocpi.v2_2_1_losses import LOCATION_CODES as LOCATION_CODES_2_2_1
from mappings.ocpi.v2_2_1_losses import TARIFF_CODES
from mappings.tables import CodeTable

_NO: Final = "no field in OCPI 2.1.1"
_ONE: Final = "room for one tariff, and several hold"
_APART: Final = "the element does not price charging and is left out as a whole"
_TAXES: Final = "the cost is told without taxes"
_NOT_TOLD: Final = "only the total is told"
Codes = dict[str, CodeTable[Any, Any]]

POWER_TYPE: Final[CodeTable[str, str]] = CodeTable(
    both={held: held for held in (PowerType.AC_1_PHASE.value, PowerType.AC_3_PHASE.value, PowerType.DC.value)},
    outbound={PowerType.AC_2_PHASE.value: "AC_1_PHASE", PowerType.AC_2_PHASE_SPLIT.value: "AC_1_PHASE"},
)
AUTH_METHOD: Final[CodeTable[str, AuthMethod]] = CodeTable(
    both={"AUTH_REQUEST": AuthMethod.AUTH_REQUEST, "WHITELIST": AuthMethod.WHITELIST},
    outbound={AuthMethod.COMMAND: "AUTH_REQUEST"},
)
STATUS: Final[CodeTable[str, SessionStatus]] = CodeTable(
    both={held.value: held for held in SessionStatus if held is not SessionStatus.RESERVATION},
    outbound={SessionStatus.RESERVATION: "PENDING"},
)
DIMENSION: Final = ClosedWords(frozenset({"ENERGY", "MAX_CURRENT", "MIN_CURRENT", "PARKING_TIME", "TIME"}))
OUTCOME: Final[CodeTable[str, Outcome]] = CodeTable(
    both={
        "ACCEPTED": Outcome.ACCEPTED,
        "NOT_SUPPORTED": Outcome.NOT_SUPPORTED,
        "REJECTED": Outcome.REJECTED,
        "TIMEOUT": Outcome.TIMED_OUT,
        "UNKNOWN_SESSION": Outcome.UNKNOWN_SESSION,
    },
    outbound={
        Outcome.CANCELED_RESERVATION: "REJECTED",
        Outcome.EVSE_OCCUPIED: "REJECTED",
        Outcome.EVSE_INOPERATIVE: "REJECTED",
        Outcome.FAILED: "REJECTED",
        Outcome.UNKNOWN_RESERVATION: "REJECTED",
    },
)

LOCATION: Final = {
    **LOCATION_2_2_1,
    "state": _NO,
    "evses[].connectors[].max_power_w": _NO,
}
LOCATION_CODES: Final[Codes] = {
    **LOCATION_CODES_2_2_1,
    "evses[].connectors[].standard": CONNECTOR_TYPE,
    "evses[].connectors[].power_type": POWER_TYPE,
    "evses[].capabilities[]": CAPABILITY,
    "evses[].parking_restrictions[]": PARKING_RESTRICTION,
    "facilities[]": FACILITY,
    "parking_type": LOCATION_TYPE,
}
TOKEN: Final = {"group_id": _NO, "default_profile_type": _NO, "energy_contract": _NO}
TARIFF: Final = {
    "type": _NO,
    "min_price": "only a partner that takes tariffs without their limits gets it",
    "max_price": "only a partner that takes tariffs without their limits gets it",
    "preauthorize_amount": _NO,
    "starts_at": "told only while it is valid",
    "ends_at": "told only while it is valid",
    "elements[].components[].vat": _NO,
    "elements[].restrictions.min_current": "only a partner that takes tariffs without their limits gets it",
    "elements[].restrictions.max_current": "only a partner that takes tariffs without their limits gets it",
    "elements[].restrictions.reservation": _APART,
    "elements[].restrictions.booking": _APART,
}
_BY_CONTRACT: Final = "only the contract is told"
TOKEN_OF_IT: Final = {
    "token.issuer": _BY_CONTRACT,
    "token.uid": _BY_CONTRACT,
    "token.kind": _BY_CONTRACT,
}
SESSION: Final = {
    **TOKEN_OF_IT,
    "authorization_reference": _NO,
    "periods[].tariff_id": _NO,
    "total_cost.taxes": _TAXES,
}
SESSION_CODES: Final[Codes] = {
    "auth_method": AUTH_METHOD,
    "status": STATUS,
    "periods[].dimensions[].type": DIMENSION,
}
CDR: Final = {
    **TOKEN_OF_IT,
    "location.state": _NO,
    "credit": _NO,
    "credit_reference_id": _NO,
    "booking_id": _NO,
    "session_id": _NO,
    "authorization_reference": _NO,
    "signed_data": _NO,
    "total_cost.taxes": _TAXES,
    **{cost: _NOT_TOLD for cost in COSTS if cost != "total_cost"},
    "invoice_reference_id": _NO,
    "home_charging_compensation": _NO,
    "periods[].tariff_id": _NO,
    **{f"tariffs[].{path}": reason for path, reason in TARIFF.items()},
}
CDR_CODES: Final[Codes] = {
    "auth_method": AUTH_METHOD,
    "location.connector_standard": CDR_CONNECTOR_TYPE,
    "location.connector_power_type": POWER_TYPE,
    "periods[].dimensions[].type": DIMENSION,
    **{f"tariffs[].{path}": table for path, table in TARIFF_CODES.items()},
}
COMMAND: Final = {"connector_id": _NO, "authorization_reference": _NO}


def fractions(value: Any, _: About, path: str = "") -> tuple[Loss, ...]:
    """Of seconds: OCPI 2.1.1 has none."""
    if isinstance(value, datetime):
        reason = "sent without the fraction of a second"
        return (Loss(path=path, reason=reason, value=value, kind=LossKind.NARROWED),) if value.microsecond else ()
    if isinstance(value, tuple):
        return tuple(loss for i, item in enumerate(value) for loss in fractions(item, _, f"{path}[{i}]"))
    if not isinstance(value, Struct):
        return ()
    fields = ((name, getattr(value, name)) for name in value.__struct_fields__)
    return tuple(loss for name, held in fields for loss in fractions(held, _, f"{path}.{name}".lstrip(".")))


def location_narrowed(location: Location, about: About) -> tuple[Loss, ...]:
    """What has no table: places for one tariff, a name for no post code, and a shorter address."""
    found = [
        Loss(
            path=f"evses[{e}].connectors[{c}].tariff_ids",
            reason=_ONE,
            value=plug.tariff_ids,
        )
        for e, evse in enumerate(location.evses)
        for c, plug in enumerate(evse.connectors)
        if len(plug.tariff_ids) > 1
    ]
    if location.postal_code is None:
        found.append(_assumed("postal_code", "-"))
    if len(location.address) > 45:
        reason = "cut to the 45 characters of OCPI 2.1.1"
        found.append(Loss(path="address", reason=reason, value=location.address, kind=LossKind.NARROWED))
    return (*found, *fractions(location, about))


def cdr_assumed(cdr: Cdr, about: About) -> tuple[Loss, ...]:
    """The ratings of a plug that the hub does not know."""
    if about.places:
        return fractions(cdr, about)
    power_type = cdr.location.connector_power_type
    voltage = {kind.value: volts for kind, volts in ASSUMED_VOLTAGE.items()}.get(power_type or "", 230)
    return (
        _assumed("location.connector.voltage", voltage),
        _assumed("location.connector.amperage", ASSUMED_AMPERAGE),
        *fractions(cdr, about),
    )


def _assumed(path: str, value: Any) -> Loss:
    return Loss(path=path, reason="required by OCPI 2.1.1 and not known", value=value, kind=LossKind.ASSUMED)


LOST: Final[Lost] = {
    Location: LossTable(LOCATION, LOCATION_CODES, location_narrowed),
    Token: LossTable(TOKEN, {"kind": TOKEN_TYPE}, fractions),
    Session: LossTable(SESSION, SESSION_CODES, fractions),
    Cdr: LossTable(CDR, CDR_CODES, cdr_assumed),
    Tariff: LossTable(TARIFF, TARIFF_CODES, fractions),
    AuthoriseRequest: LossTable({}, {"kind": TOKEN_TYPE}),
    Authorisation: LossTable({"token": "no field; the question names it", "reference": _NO}),
    Command: LossTable(COMMAND, {"token.kind": TOKEN_TYPE}),
    CommandOutcome: LossTable({"messages": _NO}, {"outcome": OUTCOME}),
}
