"""docs/translation.md says what the tables of the mappings say, and no table is missing from it."""

import importlib
import pkgutil
from pathlib import Path

import mappings
from gateway.translation.carriage import CARRIAGE
from gateway.translation.catalogue import TOPICS, found_tables, other_tables
from gateway.translation.document import document
from gateway.translation.matrix import cell
from gateway.translation.model import Kind
from gateway.translation.translate import DIALECTS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_document_is_current() -> None:
    written = (DOCS / "translation.md").read_text()
    assert written == document((DOCS / "translation-preface.md").read_text()), "run `make translation`"


def test_every_code_table_is_shown() -> None:
    shown = {id(column.table) for topic in TOPICS for column in topic.columns.values()}
    shown |= {id(table) for _, table in other_tables()}
    assert not [name for name, table in found_tables() if id(table) not in shown]
    assert len(list(found_tables())) > 50


def test_every_table_of_what_is_not_carried_is_in_the_matrix() -> None:
    known = {id(one.not_carried) for by_kind in CARRIAGE.values() for one in by_kind.values()}
    missing = [
        f"{module.name}.{name}"
        for module in pkgutil.walk_packages(mappings.__path__, "mappings.")
        for name, table in vars(importlib.import_module(module.name)).items()
        if name.endswith("NOT_CARRIED") and id(table) not in known
    ]
    assert not missing


def test_every_kind_that_a_protocol_writes_is_described() -> None:
    assert {name: set(dialect.writes) - set(CARRIAGE[name]) for name, dialect in DIALECTS.items()} == {
        name: set() for name in DIALECTS
    }


def test_what_the_source_does_not_say_is_not_lost() -> None:
    from_ocpi, from_oicp = (cell(Kind.LOCATION, source, "ochp-1.4") for source in ("ocpi-2.3.0", "oicp-2.3"))
    assert "publish_allowed_to" in from_ocpi.members
    assert "publish_allowed_to" not in from_oicp.members
    assert "evses[].station_id" in from_oicp.members
    assert "evses[].connectors[].power_type = AC_3_PHASE" in from_ocpi.codes
    assert cell(Kind.TARIFF, "oicp-2.3", "ochp-1.4").impossible
    assert "elements[].components[].vat" in cell(Kind.TARIFF, "ocpi-2.3.0", "oicp-2.3").members
    assert not cell(Kind.TARIFF, "oicp-2.3", "ocpi-2.3.0").members
    assert cell(Kind.CDR, "ocpi-2.3.0", "ocpi-2.3.0").verdict == "exact"
