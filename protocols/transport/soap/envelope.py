"""Envelopes and faults of SOAP 1.1 and 1.2."""

from collections.abc import Container
from enum import StrEnum
from typing import Final

from lxml import etree
from msgspec import Struct

from protocols.transport.soap.xml import Element, escape, local_name

SECEXT: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
DETAIL: Final = "urn:chargesphere:fault"
"""Namespace of the one element in a fault's detail."""


class Version(Struct, frozen=True):
    """`status` are the HTTP statuses of a fault that the sender caused, and of one that it did not."""

    namespace: str
    content_type: str
    status: tuple[int, int]


SOAP_11: Final = Version("http://schemas.xmlsoap.org/soap/envelope/", "text/xml", (500, 500))
SOAP_12: Final = Version("http://www.w3.org/2003/05/soap-envelope", "application/soap+xml", (400, 500))
_VERSIONS: Final = {version.namespace: version for version in (SOAP_11, SOAP_12)}


class FaultKind(StrEnum):
    """In the words of SOAP 1.1."""

    CLIENT = "Client"
    SERVER = "Server"
    VERSION_MISMATCH = "VersionMismatch"
    MUST_UNDERSTAND = "MustUnderstand"
    FAILED_AUTHENTICATION = "FailedAuthentication"


_SOAP_12_CODES: Final = {
    FaultKind.CLIENT: "Sender",
    FaultKind.FAILED_AUTHENTICATION: "Sender",
    FaultKind.SERVER: "Receiver",
    FaultKind.VERSION_MISMATCH: "VersionMismatch",
    FaultKind.MUST_UNDERSTAND: "MustUnderstand",
}
_CLIENT_KINDS: Final = frozenset((FaultKind.CLIENT, FaultKind.FAILED_AUTHENTICATION))


class Fault(Exception):
    """No regular answer can be given. `path` says where in the message the reason lies."""

    def __init__(self, kind: FaultKind, text: str, path: str | None = None) -> None:
        super().__init__(f"{kind.value}: {text}")
        self.kind = kind
        self.text = text
        self.path = path


class Envelope(Struct, frozen=True):
    """`body` is the one element in Body, `header` the blocks of Header."""

    version: Version
    header: tuple[Element, ...]
    body: Element


def open_envelope(root: Element, accepted: tuple[Version, ...], understood: Container[str] = ()) -> Envelope:
    """`understood`: the tags of header blocks that may be flagged mustUnderstand. Raises Fault."""
    namespace = etree.QName(root).namespace
    if local_name(root.tag) != "Envelope":
        raise Fault(FaultKind.CLIENT, f"the root is {local_name(root.tag)[:60]}, not a SOAP Envelope")
    version = _VERSIONS.get(namespace or "")
    if version is None or version not in accepted:
        taken = " or ".join(version.namespace for version in accepted)
        raise Fault(FaultKind.VERSION_MISMATCH, f"the envelope must be in the namespace {taken}")
    header, body = _parts(root, version)
    blocks = tuple(header) if header is not None else ()
    _check_understood(blocks, version, understood)
    if len(body) != 1:
        raise Fault(FaultKind.CLIENT, f"Body must hold exactly one element, not {len(body)}")
    return Envelope(version, blocks, body[0])


def _parts(root: Element, version: Version) -> tuple[Element | None, Element]:
    names = [child.tag for child in root]
    header, body = f"{{{version.namespace}}}Header", f"{{{version.namespace}}}Body"
    if names == [header, body]:
        return root[0], root[1]
    if names == [body]:
        return None, root[0]
    raise Fault(FaultKind.CLIENT, "Envelope must hold an optional Header and one Body, in this order")


def _check_understood(blocks: tuple[Element, ...], version: Version, understood: Container[str]) -> None:
    for block in blocks:
        flagged = block.get(f"{{{version.namespace}}}mustUnderstand") in ("1", "true")
        if flagged and block.tag not in understood:
            raise Fault(FaultKind.MUST_UNDERSTAND, f"the header block {str(block.tag)[:120]} is not understood")


def seal(version: Version, body: bytes, header: bytes = b"") -> bytes:
    """An envelope round an encoded element."""
    name = version.namespace.encode()
    head = b"<soapenv:Header>%b</soapenv:Header>" % header if header else b""
    return (
        b'<soapenv:Envelope xmlns:soapenv="%b">%b<soapenv:Body>%b</soapenv:Body></soapenv:Envelope>'
        % (name, head, body)
    )  # fmt: skip


def fault_envelope(version: Version, fault: Fault) -> bytes:
    detail = _detail(fault)
    body = _fault_11(fault, detail) if version is SOAP_11 else _fault_12(fault, detail)
    return seal(version, body.encode("ascii", "xmlcharrefreplace"))


def fault_status(version: Version, fault: Fault) -> int:
    return version.status[0 if fault.kind in _CLIENT_KINDS else 1]


def _detail(fault: Fault) -> str:
    if fault.path is None:
        return ""
    return f'<error xmlns="{DETAIL}" path="{escape(fault.path)}">{escape(fault.text)}</error>'


def _fault_11(fault: Fault, detail: str) -> str:
    prefix = "wsse" if fault.kind is FaultKind.FAILED_AUTHENTICATION else "soapenv"
    more = f"<detail>{detail}</detail>" if detail else ""
    return (
        f'<soapenv:Fault xmlns:wsse="{SECEXT}"><faultcode>{prefix}:{fault.kind.value}</faultcode>'
        f"<faultstring>{escape(fault.text)}</faultstring>{more}</soapenv:Fault>"
    )


def _fault_12(fault: Fault, detail: str) -> str:
    sub = ""
    if fault.kind is FaultKind.FAILED_AUTHENTICATION:
        sub = f"<soapenv:Subcode><soapenv:Value>wsse:{fault.kind.value}</soapenv:Value></soapenv:Subcode>"
    more = f"<soapenv:Detail>{detail}</soapenv:Detail>" if detail else ""
    return (
        f'<soapenv:Fault xmlns:wsse="{SECEXT}"><soapenv:Code>'
        f"<soapenv:Value>soapenv:{_SOAP_12_CODES[fault.kind]}</soapenv:Value>{sub}</soapenv:Code>"
        f'<soapenv:Reason><soapenv:Text xml:lang="en">{escape(fault.text)}</soapenv:Text></soapenv:Reason>{more}'
        "</soapenv:Fault>"
    )


def read_fault(body: Element, version: Version) -> Fault | None:
    """The fault that a partner answered with, or None if `body` is none. An unknown code counts as the server's."""
    if body.tag != f"{{{version.namespace}}}Fault":
        return None
    if version is SOAP_11:
        code, text = body.findtext("faultcode"), body.findtext("faultstring")
    else:
        name = {"e": version.namespace}
        code = body.findtext("e:Code/e:Subcode/e:Value", namespaces=name)
        code = code or body.findtext("e:Code/e:Value", namespaces=name)
        text = body.findtext("e:Reason/e:Text", namespaces=name)
    return Fault(_kind((code or "").rpartition(":")[2].strip()), (text or "").strip()[:1000])


_WSSE_CODES: Final = frozenset(("FailedAuthentication", "InvalidSecurity", "InvalidSecurityToken", "FailedCheck"))
_KINDS: Final[dict[str, FaultKind]] = {
    **{word: kind for kind, word in _SOAP_12_CODES.items() if kind is not FaultKind.FAILED_AUTHENTICATION},
    **{kind.value: kind for kind in FaultKind},
    **dict.fromkeys(_WSSE_CODES, FaultKind.FAILED_AUTHENTICATION),
}


def _kind(word: str) -> FaultKind:
    """Also of a code with details behind a dot (`Client.Authentication`)."""
    return _KINDS.get(word) or _KINDS.get(word.partition(".")[0]) or FaultKind.SERVER
