"""SOAP 1.2 in and out: a message is its root's name and its members, nested and in the order of the wire.

Only the root has a namespace. Source: eMIP 0.7.4; SOAP 1.2, part 1.
"""

from collections.abc import Mapping
from typing import Any, Final

from lxml import etree
from msgspec import Struct

Members = dict[str, Any]
"""Name -> text, members, or a list of these for what comes several times."""

ENVELOPE: Final = "http://www.w3.org/2003/05/soap-envelope"
CONTENT_TYPE: Final = "application/soap+xml; charset=utf-8"
_SCHEMAS: Final = "https://api-iop.gireve.com/schemas/"
_SERVICES: Final = "https://api-iop.gireve.com/services/"


class NotSoap(Exception):
    """What came is no envelope with one element in its body."""


class Message(Struct, frozen=True):
    """`name` is the local name of the root."""

    name: str
    members: Members


def namespace(name: str) -> str:
    """Of a message: each service has its own."""
    if "HeartBeat" in name:
        return f"{_SCHEMAS}PlatformV1/"
    service = "EVCIDynamicV1" if "AvailabilityStatus" in name or "BusyStatus" in name else "AuthorisationV1"
    return f"{_SCHEMAS}{service}/"


def action(name: str) -> str:
    """Of a request."""
    return f"{_SERVICES}{name.removesuffix('Request')}V1/"


def sealed(message: Message) -> bytes:
    envelope = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={"soap": ENVELOPE})
    etree.SubElement(envelope, f"{{{ENVELOPE}}}Header")
    body = etree.SubElement(envelope, f"{{{ENVELOPE}}}Body")
    root = etree.SubElement(body, f"{{{namespace(message.name)}}}{message.name}", nsmap={"m": namespace(message.name)})
    _fill(root, message.members)
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def _fill(element: Any, members: Mapping[str, Any]) -> None:
    """A member that is None is left out."""
    for name, value in members.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Mapping):
                _fill(etree.SubElement(element, name), one)
            elif one is not None:
                etree.SubElement(element, name).text = str(one)


def opened(content: bytes) -> Message:
    """Raises NotSoap."""
    try:
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotSoap(f"not XML: {error}") from error
    body = root.find(f"{{{ENVELOPE}}}Body")
    if body is None or len(body) != 1:
        raise NotSoap("no SOAP envelope with one element in its body")
    return Message(etree.QName(body[0]).localname, _members(body[0]))


def _members(element: Any) -> Members:
    found: Members = {}
    for child in element:
        value = _members(child) if len(child) else (child.text or "").strip()
        name = etree.QName(child).localname
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def several(value: Any) -> list[Any]:
    """What may come not at all, once, or several times."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def fault_text(message: Message) -> str | None:
    """The words of a fault; None if it is none."""
    if message.name != "Fault":
        return None
    reason = message.members.get("Reason")
    return str(reason.get("Text") if isinstance(reason, dict) else reason)
