"""Faults: what cannot be answered by a requestStatus. Source: checklist, table 2.4, EMIP-TRN-28.

Who repeats what depends on the HTTP status: 5xx only where a repetition makes sense.
"""

from enum import StrEnum
from typing import Final

from core.errors import Invalid, Refused, RoamingError
from protocols.emip.normaliser import Missing
from protocols.transport.soap.envelope import SOAP_11, Fault, FaultKind, Version, seal
from protocols.transport.soap.xml import escape

DETAIL: Final = "urn:chargesphere:emip:fault"


class Detail(StrEnum):
    MALFORMED = "MALFORMED"
    UNKNOWN_OPERATION = "UNKNOWN_OPERATION"
    MISSING_ELEMENT = "MISSING_ELEMENT"
    INVALID_VALUE = "INVALID_VALUE"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    INTERNAL = "INTERNAL"


STATUS: Final = {Detail.UNAUTHENTICATED: 401, Detail.FORBIDDEN: 403, Detail.INTERNAL: 500}
"""HTTP status of a fault; of all others 400."""
_KINDS: Final = {
    FaultKind.CLIENT: ("Client", "Sender"),
    FaultKind.FAILED_AUTHENTICATION: ("Client", "Sender"),
    FaultKind.SERVER: ("Server", "Receiver"),
    FaultKind.VERSION_MISMATCH: ("VersionMismatch", "VersionMismatch"),
    FaultKind.MUST_UNDERSTAND: ("MustUnderstand", "MustUnderstand"),
}
"""In the words of SOAP 1.1 and 1.2."""


class EmipFault(Fault):
    """`element` is the name of the element that is wrong."""

    def __init__(self, code: Detail, text: str, element: str | None = None) -> None:
        super().__init__(FaultKind.SERVER if code is Detail.INTERNAL else FaultKind.CLIENT, text)
        self.code = code
        self.element = element


def fault_of(error: RoamingError) -> EmipFault:
    """An error for which the operation has no requestStatus."""
    match error:
        case Missing():
            return EmipFault(Detail.MISSING_ELEMENT, "Mandatory element is missing or empty", error.element)
        case Invalid():
            return EmipFault(Detail.INVALID_VALUE, f"Invalid value: {error.reason}"[:300], _last(error.path))
        case Refused():
            return EmipFault(Detail.FORBIDDEN, error.reason[:300])
    return EmipFault(Detail.INTERNAL, "Internal error, please try again")


def http_status(fault: Fault) -> int:
    if isinstance(fault, EmipFault):
        return STATUS.get(fault.code, 400)
    if fault.kind is FaultKind.FAILED_AUTHENTICATION:
        return 401
    return 400 if fault.kind is FaultKind.CLIENT else 500


def fault_body(fault: Fault, version: Version) -> bytes:
    """The whole envelope."""
    old, new = _KINDS[fault.kind]
    detail, text = _detail(fault), escape(fault.text)
    if version is SOAP_11:
        inner = f"<faultcode>soapenv:{old}</faultcode><faultstring>{text}</faultstring><detail>{detail}</detail>"
    else:
        inner = (
            f"<soapenv:Code><soapenv:Value>soapenv:{new}</soapenv:Value></soapenv:Code>"
            f'<soapenv:Reason><soapenv:Text xml:lang="en">{text}</soapenv:Text></soapenv:Reason>'
            f"<soapenv:Detail>{detail}</soapenv:Detail>"
        )
    body = f"<soapenv:Fault>{inner}</soapenv:Fault>"
    return seal(version, body.encode("ascii", "xmlcharrefreplace"))


def _detail(fault: Fault) -> str:
    code, element = _said(fault)
    if code is None:
        return ""
    more = f"<f:element>{escape(element)}</f:element>" if element else ""
    return f'<f:eMIPFault xmlns:f="{DETAIL}"><f:code>{code.value}</f:code>{more}</f:eMIPFault>'


def _said(fault: Fault) -> tuple[Detail | None, str | None]:
    if isinstance(fault, EmipFault):
        return fault.code, fault.element
    if fault.kind is FaultKind.CLIENT:
        return Detail.MALFORMED, None
    return (Detail.INTERNAL, None) if fault.kind is FaultKind.SERVER else (None, None)


def _last(path: str) -> str | None:
    """`/chargeDetailRecord/meterReport[2]/meterValue` -> `meterValue`."""
    name = path.rstrip("/").rpartition("/")[2].partition("[")[0]
    return name if name and name.isidentifier() else None
