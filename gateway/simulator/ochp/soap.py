"""SOAP 1.1 with a UsernameToken. Source: OCHP 1.4, Binding to Transport Protocol, User Identification."""

from lxml import etree

from gateway.simulator.network import NotAsTold
from gateway.simulator.ochp.xml import Element, read, written

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
SECEXT = f"{_WSS}wssecurity-secext-1.0.xsd"
PASSWORD_TEXT = f"{_WSS}username-token-profile-1.0#PasswordText"


def sealed(body: Element, username: str, password: str) -> bytes:
    envelope = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={"soapenv": ENVELOPE})
    header = etree.SubElement(envelope, f"{{{ENVELOPE}}}Header")
    security = etree.SubElement(header, f"{{{SECEXT}}}Security", nsmap={"wsse": SECEXT})
    token = etree.SubElement(security, f"{{{SECEXT}}}UsernameToken")
    etree.SubElement(token, f"{{{SECEXT}}}Username").text = username
    etree.SubElement(token, f"{{{SECEXT}}}Password", Type=PASSWORD_TEXT).text = password
    etree.SubElement(envelope, f"{{{ENVELOPE}}}Body").append(body)
    return written(envelope)


def opened(content: bytes) -> Element:
    """The one element in the body. Raises NotAsTold for a fault, with its words, and for anything else."""
    body = read(content).find(f"{{{ENVELOPE}}}Body")
    inside = body[0] if body is not None and len(body) == 1 else None
    if inside is None:
        raise NotAsTold(f"not a SOAP 1.1 message: {content[:200].decode(errors='replace')}")
    if inside.tag == f"{{{ENVELOPE}}}Fault":
        raise NotAsTold(f"fault {inside.findtext('faultcode')}: {inside.findtext('faultstring')}")
    return inside
