"""Golden eMIP messages: whole envelopes, each of the type that its root names."""

from pathlib import Path
from typing import Any

from protocols.emip import codec
from protocols.transport.soap.xml import Element, parse

ROOT = Path(__file__).parents[3] / "golden" / "emip"
GOLDENS = sorted(f"{path.parent.name}/{path.stem}" for path in ROOT.glob("*/*.xml"))
WSDL = Path(codec.__file__).parent / "wsdl"
SCHEMA_FILES = {
    codec.PLATFORM: "platform.xsd",
    codec.AUTHORISATION: "authorisation.xsd",
    codec.EVCI_DYNAMIC: "evci-dynamic.xsd",
}


def body(name: str) -> bytes:
    return (ROOT / f"{name}.xml").read_bytes()


def element(name: str) -> Element:
    root = parse(body(name))
    return root[-1][0]


def golden(name: str) -> Any:
    here = element(name)
    found = codec.find(here)
    assert found is not None, name
    return codec.read(here, found.wire_type)


def plain(element: Element) -> list[Any]:
    """Names and texts, in order."""
    return [(child.tag, (child.text or "").strip() if not len(child) else plain(child)) for child in element]
