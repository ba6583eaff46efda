"""WSDL and XSD files of ours, served with the address of the service filled in.

On disk a WSDL names its schema by file name, so it can be loaded offline from there; served, it names it by an address
below the service's own, so it can be loaded from there.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

from msgspec import Struct

from protocols.transport.soap.xml import escape

_ADDRESS: Final = re.compile(r'(<(?:[A-Za-z0-9]+:)?address\s+location=")[^"]*(")')
_SCHEMA: Final = re.compile(r'(schemaLocation=")([A-Za-z0-9._\-]+\.xsd)(")')


class WsdlFiles(Struct, frozen=True):
    """One WSDL and the schemas beside it."""

    folder: Path
    wsdl: str

    def document(self, query: str, address: str) -> bytes | None:
        """What `?wsdl` or `?xsd=<name>` asks for; None for anything else."""
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=8) if query.count("&") < 8 else []
        for name, value in pairs:
            if name.lower() == "wsdl":
                return self._filled(self.wsdl, address)
            if name.lower() == "xsd" and value in self._schemas():
                return self._filled(value, address)
        return None

    def _schemas(self) -> tuple[str, ...]:
        return _schemas_in(self.folder)

    def _filled(self, name: str, address: str) -> bytes:
        text = _text(self.folder / name)
        place = escape(address)
        text = _ADDRESS.sub(lambda match: match[1] + place + match[2], text)
        return _SCHEMA.sub(lambda match: f"{match[1]}{place}?xsd={match[2]}{match[3]}", text).encode()


@lru_cache(maxsize=64)
def _schemas_in(folder: Path) -> tuple[str, ...]:
    return tuple(path.name for path in sorted(folder.glob("*.xsd")))


@lru_cache(maxsize=64)
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
