"""Core errors and functional refusals <-> status codes, HTTP statuses and fault bodies.

The status code is the verdict, the HTTP status its envelope. Source: OICP 2.3, StatusCodeType; OICP 2.2 swagger (HTTP
statuses, fault bodies).
"""

from collections.abc import Iterable
from typing import Any, Final

from core.errors import (
    Invalid,
    Refused,
    Rejected,
    RoamingError,
    Unavailable,
    Uncertain,
    Unknown,
    Unsupported,
)
from mappings.oicp.codes import CODES
from protocols.oicp.wire.common import Acknowledgement, StatusCode
from protocols.transport.json_codec import encode

SUCCESS: Final = "000"
SYSTEM_ERROR: Final = "001"
STORAGE_ERROR: Final = "002"
TRANSACTION: Final = "009"
UNAUTHORIZED: Final = "017"
FOREIGN_EVSE: Final = "018"
FOREIGN_CONTRACT: Final = "019"
REFUSED_UNSAID: Final = "021"
DATA: Final = "022"
NO_ANSWER: Final = "106"
NO_CONTRACT: Final = "210"
NO_PARTNER: Final = "300"
DID_NOT_RESPOND: Final = "310"
NO_SERVICE: Final = "320"
NO_SESSION: Final = "400"
UNKNOWN_EVSE: Final = "603"
NOT_COMPATIBLE: Final = "604"

HTTP: Final = {
    UNAUTHORIZED: 401,
    NO_CONTRACT: 403,
    NO_PARTNER: 404,
    NO_SESSION: 404,
    SYSTEM_ERROR: 500,
    STORAGE_ERROR: 500,
}
"""HTTP status of a refusal of the caller itself; every other code comes with 200."""

MAX_VIOLATIONS: Final = 1000
INVALID_JSON: Final = "Error parsing/validating JSON."


class Negative(Exception):
    """A functional refusal. `http` where it differs from the code's usual status (what an addressed partner is not)."""

    def __init__(
        self, code: str, info: str | None = None, *, http: int | None = None, ids: dict[str, str | None] | None = None
    ) -> None:
        super().__init__(f"{code}: {info}" if info else code)
        self.code = code
        self.info = info
        self.ids = ids or {}
        self.http = HTTP.get(code, 200) if http is None else http


class Violations(Exception):
    """The body cannot be right: HTTP 400, every violation named."""

    def __init__(self, found: Iterable[Invalid]) -> None:
        self.found = tuple(found)[:MAX_VIOLATIONS]
        super().__init__("; ".join(map(str, self.found)))


def status(code: str, info: str | None = None) -> StatusCode:
    """With the standard text of the code; details go to the additional information, cut at its limit."""
    return StatusCode(code=code, description=CODES.get(code), additional_info=info[:1000] if info else None)


def acknowledgement(
    code: str = SUCCESS,
    info: str | None = None,
    *,
    session_id: str | None = None,
    cpo_partner_session_id: str | None = None,
    emp_partner_session_id: str | None = None,
) -> Acknowledgement:
    return Acknowledgement(
        result=code == SUCCESS,
        status_code=status(code, info),
        session_id=session_id,
        cpo_partner_session_id=cpo_partner_session_id,
        emp_partner_session_id=emp_partner_session_id,
    )


def negative_of(error: RoamingError) -> Negative | Violations:
    """What an error of core means to the caller of this operation."""
    match error:
        case Invalid():
            return Violations([error])
        case Refused():
            return Negative(UNAUTHORIZED, error.reason)
        case Unknown(what="journey" | "session"):
            return Negative(NO_SESSION, error.reason)
        case Unknown():
            return Negative(NO_PARTNER, error.reason, http=200)
        case Unsupported():
            return Negative(NO_SERVICE, error.reason)
        case Unavailable():
            return Negative(STORAGE_ERROR)
        case Rejected():
            return Negative(error.code if error.code in CODES else REFUSED_UNSAID, error.text)
        case Uncertain():
            return Negative(SYSTEM_ERROR, "changed by another message at the same time")
    return Negative(SYSTEM_ERROR)


def negative_body(code: str, info: str | None, *, authorisation: bool, ids: dict[str, str | None]) -> bytes:
    """A superset that clients of all generations can read: acknowledgement, fault and authorisation in one."""
    said = status(code, info)
    body: dict[str, Any] = {
        "Result": False,
        "StatusCode": {
            "Code": said.code,
            "Description": said.description,
            "AdditionalInfo": said.additional_info,
        },
        "SessionID": ids.get("session_id"),
        "CPOPartnerSessionID": ids.get("cpo_partner_session_id"),
        "EMPPartnerSessionID": ids.get("emp_partner_session_id"),
    }
    if authorisation:
        body |= {"AuthorizationStatus": "NotAuthorized", "ProviderID": None}
    return encode(body)


def fault_body(message: str, found: Iterable[Invalid] = ()) -> bytes:
    """FaultBody: lower camel case, one entry a violation."""
    errors = [{"fieldReference": field_reference(error.path), "errorMessage": error.reason} for error in found]
    return encode({"message": message, "extendedInfo": None, "validationErrors": errors})


def field_reference(path: str) -> str:
    """`$.OperatorEvseData.EvseDataRecord[0].Plugs` as `operatorEvseData.evseDataRecord[0].plugs`."""
    return ".".join(name[:1].lower() + name[1:] for name in path.removeprefix("$").lstrip(".").split("."))
