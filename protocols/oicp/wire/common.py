"""Restricted strings, answers and small types that many messages share.

Source: OICP 2.3, Data Types (restricted strings, CodeType, StatusCodeType), eRoamingAcknowledgement; fault bodies as in
the OICP 2.2 swagger. Input is taken more widely than printed where practice needs it: lower case in EVSE ids and UIDs.
"""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, field

from protocols.oicp.wire.base import Wire


def text(longest: int, shortest: int = 0) -> Meta:
    """Length in characters."""
    return Meta(min_length=shortest, max_length=longest)


Text5 = Annotated[str, text(5)]
Text10 = Annotated[str, text(10)]
Text20 = Annotated[str, text(20)]
Text50 = Annotated[str, text(50)]
Text100 = Annotated[str, text(100)]
Text150 = Annotated[str, text(150)]
Text200 = Annotated[str, text(200)]

EVSE_ID: Final = r"^(?:[A-Za-z]{2}\*?[A-Za-z0-9]{3}\*?[Ee][A-Za-z0-9*]{1,30}|\+?[0-9]{1,3}\*[0-9]{3}\*[0-9*]{1,32})\Z"
OPERATOR_ID: Final = r"^(?:[A-Za-z]{2}\*?[A-Za-z0-9]{3}|\+?[0-9]{1,3}\*[0-9]{3})\Z"
PROVIDER_ID: Final = r"^[A-Za-z]{2}[*-]?[A-Za-z0-9]{3}\Z"
EVCO_ID: Final = (
    r"^(?:[A-Za-z]{2}-?[A-Za-z0-9]{3}-?[Cc][A-Za-z0-9]{8}-?[A-Za-z0-9]"
    r"|[A-Za-z]{2}[*-]?[A-Za-z0-9]{3}[*-]?[A-Za-z0-9]{6}[*-]?[0-9Xx])\Z"
)
SESSION_ID: Final = r"^[A-Za-z0-9]{8}(?:-[A-Za-z0-9]{4}){3}-[A-Za-z0-9]{12}\Z"
DATE_TIME: Final = (
    r"^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-5][0-9])\Z"
)

EvseID = Annotated[str, Meta(pattern=EVSE_ID)]
OperatorID = Annotated[str, Meta(pattern=OPERATOR_ID)]
ProviderID = Annotated[str, Meta(pattern=PROVIDER_ID)]
EvcoID = Annotated[str, Meta(pattern=EVCO_ID)]
SessionID = Annotated[str, Meta(pattern=SESSION_ID)]
ChargingPoolID = Annotated[str, Meta(pattern=r"^[A-Za-z]{2}\*?[A-Za-z0-9]{3}\*?[Pp][A-Za-z0-9*]{1,30}\Z")]
UID = Annotated[str, Meta(pattern=r"^(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{14}|[0-9A-Fa-f]{20})\Z")]
PhoneNumber = Annotated[str, Meta(pattern=r"^\+[0-9]{5,15}\Z")]
HashValue = Annotated[str, Meta(pattern=r"^[0-9A-Za-z.+/=$]{10,100}\Z")]
LanguageCode = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(?:-[A-Z]{2,3}(?:-[a-zA-Z]{4})?)?(?:-x-[a-zA-Z0-9]{1,8})?\Z")]
CountryCode = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
DateTime = Annotated[str, Meta(pattern=DATE_TIME)]
PartnerSessionID = Annotated[str, text(250)]
ProductID = Annotated[str, text(100)]
"""Printed limit 50; 100 is taken in, as the reference platform does."""


class ActionType(StrEnum):
    FULL_LOAD = "fullLoad"
    UPDATE = "update"
    INSERT = "insert"
    DELETE = "delete"


class DeltaType(StrEnum):
    UPDATE = "update"
    INSERT = "insert"
    DELETE = "delete"


class InfoText(Wire, frozen=True, kw_only=True):
    """InfoTextType."""

    language: LanguageCode = field(name="lang")
    value: Text150 = field(name="value")


InfoTexts = tuple[InfoText, ...]


class StatusCode(Wire, frozen=True, kw_only=True):
    """StatusCodeType. `code` is text: its leading zeros count. Unknown codes are taken in; ours come from `codes`."""

    code: Annotated[str, Meta(pattern=r"^[0-9]{3}\Z")]
    description: Text200 | None = None
    additional_info: Annotated[str, text(1000)] | None = None


class Acknowledgement(Wire, frozen=True, kw_only=True):
    """eRoamingAcknowledgement. `status_code` may be missing in a partner's answer: then `result` alone speaks."""

    result: bool
    status_code: StatusCode | None = None
    session_id: SessionID | None = None
    cpo_partner_session_id: PartnerSessionID | None = None
    emp_partner_session_id: PartnerSessionID | None = None


class ValidationError(Wire, frozen=True, kw_only=True):
    """One violation in a FaultBody."""

    field_reference: str | None = field(name="fieldReference", default=None)
    error_message: str | None = field(name="errorMessage", default=None)


class FaultBody(Wire, frozen=True, kw_only=True):
    """Body of HTTP 400."""

    message: str | None = field(name="message", default=None)
    extended_info: str | None = field(name="extendedInfo", default=None)
    validation_errors: tuple[ValidationError, ...] | None = field(name="validationErrors", default=None)


class Fault(Wire, frozen=True, kw_only=True):
    """OicpERoamingFault: body of HTTP 401 and 404, in practice also of 403 and 500."""

    status_code: StatusCode | None = None
    message: str | None = field(name="message", default=None)
