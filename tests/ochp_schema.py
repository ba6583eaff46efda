"""The official OCHP schema as judge, where it is at hand."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

OFFICIAL = Path(os.environ.get("OCHP_OFFICIAL", Path(__file__).parents[2] / "shared" / "specs" / "data" / "ochp"))
OURS = Path(__file__).parents[1] / "protocols" / "ochp" / "wsdl"
needs_official = pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official OCHP WSDL and XSD are not at hand")


@lru_cache(maxsize=1)
def official_schema() -> Any:
    """Of all messages: the schema inside the WSDL for OCHPdirect is the largest."""
    document = etree.parse(str(OFFICIAL / "ochp-direct.wsdl"))
    inline = document.find(".//{http://www.w3.org/2001/XMLSchema}schema")
    assert inline is not None
    tree = etree.fromstring(etree.tostring(inline), base_url=str(OFFICIAL / "inline.xsd"))
    return etree.XMLSchema(etree.ElementTree(tree))


@lru_cache(maxsize=1)
def our_schema() -> Any:
    return etree.XMLSchema(etree.parse(str(OURS / "messages.xsd")))


def schemas() -> list[Any]:
    return [our_schema(), official_schema()] if OFFICIAL.is_dir() else [our_schema()]


def assert_valid(element: bytes) -> None:
    """By our schema, and by the official one where it is at hand."""
    document = etree.fromstring(element)
    for schema in schemas():
        schema.assertValid(document)
