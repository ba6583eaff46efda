"""Every protocol to every other, from all goldens: an output, or why there is none; never anything else."""

import json
from itertools import product
from typing import Any

import pytest

from tests.unit.gateway.test_translate import GOLDEN, LOCATION, TARIFF, between
from tests.unit.gateway.test_translate_soap import (
    CPO,
    EMIP,
    EMSP,
    NOW,
    OCHP,
    OCHP_CDR,
    OCHP_STATUS,
    OCPI,
    OICP,
    TOKEN,
    js,
    xml,
)


def inputs(kind: str) -> dict[str, list[Any]]:
    if kind == "cdr":
        return {
            OCPI: [json.loads(path.read_text()) for path in sorted((GOLDEN / "ocpi/cdr").glob("*.json"))],
            OICP: [json.loads(path.read_text()) for path in sorted((GOLDEN / "oicp/charge_detail_record").glob("*"))],
            OCHP: [xml("ochp/add_cdrs/request"), xml("ochp/get_cdrs/response"), OCHP_CDR],
            EMIP: [path.read_text() for path in sorted((GOLDEN / "emip").glob("*_charge_detail_record/*request.xml"))],
        }
    return {
        OCPI: [js("ocpi/evse_patch/status"), js("ocpi/evse_patch/rich"), js("ocpi/evse/rich")],
        OICP: [{"EvseID": "DE*ABC*E1", "EvseStatus": word} for word in ("Reserved", "Occupied", "EvseNotFound")],
        OCHP: [xml("ochp/update_status/request"), xml("ochp/get_status/combined"), OCHP_STATUS],
        EMIP: [path.read_text() for path in sorted((GOLDEN / "emip").glob("to_set_evse_*/request.xml"))],
    }


CONTEXTS = [None, {"locations": [LOCATION], "tokens": [TOKEN], "tariffs": [TARIFF], "parties": [CPO, EMSP], "now": NOW}]


@pytest.mark.parametrize("kind", ["cdr", "evse-status"])
@pytest.mark.parametrize(("source", "target"), list(product((OCPI, OICP, OCHP, EMIP), repeat=2)))
def test_every_pair_runs(source: str, target: str, kind: str) -> None:
    said = 0
    for given, context in product(inputs(kind)[source], CONTEXTS):
        done = between(source, target, kind, given, context)
        assert "unsupported" not in done
        if "error" in done:
            assert done["error"]["path"] and done["error"]["reason"]
            continue
        said += 1
        assert done["output"] is not None or any(loss["kind"] == "WITHHELD" for loss in done["losses"])
        assert all(loss["path"].startswith("$") for loss in done["losses"])
    assert said
