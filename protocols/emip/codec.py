"""Elements <-> wire: liberal in what is read, one form of what is sent."""

from datetime import UTC, tzinfo
from typing import Any, Final, TypeVar, cast

import msgspec
from lxml import etree
from msgspec import Struct

from core.errors import Invalid
from protocols.emip.normaliser import values_of
from protocols.emip.wire import from_iop, to_iop
from protocols.transport.soap import writing
from protocols.transport.soap.reading import invalid
from protocols.transport.soap.shapes import Schema, element_name
from protocols.transport.soap.xml import Element, local_name, parse, path_of

T = TypeVar("T")
PLATFORM: Final = "https://api-iop.gireve.com/schemas/PlatformV1/"
AUTHORISATION: Final = "https://api-iop.gireve.com/schemas/AuthorisationV1/"
EVCI_DYNAMIC: Final = "https://api-iop.gireve.com/schemas/EVCIDynamicV1/"
ACTIONS: Final = "https://api-iop.gireve.com/services/"


class Operation(Struct, frozen=True):
    """`name` is the specification's, with its direction (`ToIOP_HeartBeat`)."""

    name: str
    namespace: str
    request: Any
    response: Any
    action: str


class Found(Struct, frozen=True):
    """A message's type, and the namespace in which it came (none: an empty text)."""

    operation: Operation
    wire_type: Any
    namespace: str


_PLATFORM_NAMES: Final = ("HeartBeat",)
_SESSION_NAMES: Final = (
    "GetServiceAuthorisation",
    "SetServiceAuthorisation",
    "SetSessionActionRequest",
    "SetSessionEventReport",
    "SetChargeDetailRecord",
)
_STATUS_NAMES: Final = (
    "SetChargingPoolAvailabilityStatus",
    "SetChargingStationAvailabilityStatus",
    "SetEVSEAvailabilityStatus",
    "SetChargingConnectorAvailabilityStatus",
    "SetEVSEBusyStatus",
    "SetEVSESyntheticStatus",
)
_ALIASES: Final = {
    "eMIP_ToIOP_SetSessionActionRequest": "eMIP_ToIOP_SetSessionActionRequestRequest",
    "eMIP_ToIOP_SetSessionActionResponse": "eMIP_ToIOP_SetSessionActionRequestResponse",
    "eMIP_ToIOP_SetSessionEventReportRequestRequest": "eMIP_ToIOP_SetSessionEventReportRequest",
    "eMIP_FromIOP_SetSessionActionRequest": "eMIP_FromIOP_SetSessionActionRequestRequest",
    "eMIP_FromIOP_SetSessionActionResponse": "eMIP_FromIOP_SetSessionActionRequestResponse",
    "eMIP_FromIOP_SetSessionEventReportRequestRequest": "eMIP_FromIOP_SetSessionEventReportRequest",
}
"""Another name of a message -> its name. Names that differ only in case (`Heartbeat`) need no entry."""


def _operations(module: Any, direction: str, names: tuple[str, ...], namespace: str) -> list[Operation]:
    return [
        Operation(
            name=f"{direction}_{name}",
            namespace=namespace,
            request=getattr(module, f"{name}Request"),
            response=getattr(module, f"{name}Response"),
            action=f"{ACTIONS}eMIP_{direction}_{name}V1/",
        )
        for name in names
    ]


OPERATIONS: Final = (
    *_operations(to_iop, "ToIOP", _PLATFORM_NAMES, PLATFORM),
    *_operations(to_iop, "ToIOP", _SESSION_NAMES, AUTHORISATION),
    *_operations(to_iop, "ToIOP", _STATUS_NAMES, EVCI_DYNAMIC),
    *_operations(from_iop, "FromIOP", _SESSION_NAMES, AUTHORISATION),
)
BY_REQUEST: Final = {operation.request: operation for operation in OPERATIONS}
MESSAGES: Final = {
    element_name(kind): (operation, kind)
    for operation in OPERATIONS
    for kind in (operation.request, operation.response)
}
"""Name of a message -> its operation and type."""
_BY_NAME: Final = {name.lower(): found for name, found in MESSAGES.items()} | {
    alias.lower(): MESSAGES[name] for alias, name in _ALIASES.items()
}
_NAMESPACE: Final = {kind: operation.namespace for operation, kind in MESSAGES.values()}


def find(element: Element) -> Found | None:
    """By the qualified name; case means nothing, and no namespace is as good as the right one."""
    tag = etree.QName(element)
    known = _BY_NAME.get(tag.localname.lower())
    if known is None or tag.namespace not in (None, known[0].namespace):
        return None
    return Found(known[0], known[1], tag.namespace or "")


def read(element: Element, wire_type: type[T], zone: tzinfo = UTC) -> T:
    """`zone` is that of dates without one. Raises Missing, Invalid with an XPath."""
    values = values_of(element, wire_type, zone)
    try:
        return cast("T", msgspec.convert(values, cast("Any", wire_type), strict=False))
    except msgspec.ValidationError as error:
        raise invalid(error, path_of(element)) from error


def encode(message: Struct, namespace: str | None = None) -> bytes:
    """The element of a message. `namespace`: another than its own; empty: none."""
    kind: Any = type(message)
    name = element_name(kind)
    uri = _NAMESPACE.get(kind, AUTHORISATION) if namespace is None else namespace
    schema = _schema(uri)
    if not uri:
        return writing.piece(message, name, schema).encode("ascii", "xmlcharrefreplace")
    return writing.encode(message, schema, name)


def read_document(body: bytes, *wire_types: Any) -> Any:
    """A message alone or in an envelope, as one of these types (offline translation). Raises Invalid."""
    here = parse(body)
    if local_name(here.tag) == "Envelope":
        bodies = [child for child in here if local_name(child.tag) == "Body"]
        if len(bodies) != 1 or len(bodies[0]) != 1:
            raise Invalid("/Envelope", "exactly one element in one Body is needed")
        here = bodies[0][0]
    found = find(here)
    if found is None or found.wire_type not in wire_types:
        names = " or ".join(element_name(kind) for kind in wire_types)
        raise Invalid(f"/{local_name(here.tag)[:80]}", f"{names} is expected")
    return read(here, found.wire_type)


_SCHEMAS: Final[dict[str, Schema]] = {}


def _schema(namespace: str) -> Schema:
    known = _SCHEMAS.get(namespace)
    if known is None:
        known = Schema(namespace, qualified=False)
        if len(_SCHEMAS) < 16:
            _SCHEMAS[namespace] = known
    return known
