"""Every inbound golden to every protocol: what is lost is what was written down, and the rules of translation hold.

`losses.txt` has one line a translation: what came, where it went, and every loss. It is written anew, to be read before
it is committed, by `python -m tests.translation.test_matrix`."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from core.errors import Unsupported
from core.model.ids import EvseId
from core.model.location import EvseStatus
from core.model.loss import LossKind
from gateway.metrics import path_class
from gateway.translation.carriage import CARRIAGE
from gateway.translation.matrix import cell
from gateway.translation.model import Kind, Translated
from gateway.translation.translate import translate
from protocols.transport.json_codec import decode_raw
from tests.translation.payloads import EMIP, OCHP, OCPI, OICP, PROTOCOLS, Payload, context, payloads

WRITTEN = Path(__file__).parent / "losses.txt"
CROSSINGS = [
    pytest.param(payload, target, id=f"{payload.protocol}-{payload.kind}-{payload.name}-to-{target}")
    for payload, target in product(payloads(), PROTOCOLS)
]
PARTIAL = {Kind.EVSE_STATUS, Kind.AUTHORIZATION, Kind.COMMAND_RESULT}
"""Kinds of which a message says more than translate carries: ids of the request that it answers, other members."""
COMPLETED = {"tariffs", "total_energy_cost", "location_id", "evse_uid", "connector_id", "auth_method"}
"""What the hub may add by itself before it writes, from what it knows beside the message."""


def of(kind: Kind) -> list[Any]:
    return [crossing for crossing in CROSSINGS if crossing.values[0].kind is kind]


@cache
def crossed(payload: Payload, target: str) -> Translated | None:
    """None: there is no such translation."""
    try:
        return translate(payload.protocol, target, payload.kind, payload.content, context(target, payload.kind))
    except Unsupported:
        return None


def line(payload: Payload, target: str) -> str:
    done = crossed(payload, target)
    if done is None:
        said = ["unsupported"]
    else:
        said = sorted({f"{loss.kind} {path_class(loss.path)}" for loss in done.losses})
        said = ["nothing"] * (done.output is None) + said
    return f"{payload.protocol} {payload.kind} {payload.name} > {target}: {', '.join(said) or 'exact'}"


@cache
def written() -> set[str]:
    return set(WRITTEN.read_text().splitlines())


@pytest.mark.parametrize(("payload", "target"), CROSSINGS)
def test_what_is_lost_is_what_was_written_down(payload: Payload, target: str) -> None:
    assert line(payload, target) in written()


@pytest.mark.parametrize(("payload", "target"), CROSSINGS)
def test_the_matrix_of_the_document_foresees_every_loss(payload: Payload, target: str) -> None:
    """P10: what is impossible is so by the matrix. P11: a field that was lost by a table stands in the cell."""
    done, foreseen = crossed(payload, target), cell(payload.kind, payload.protocol, target)
    assert (done is None) is (foreseen.impossible is not None)
    if done is None or payload.protocol == target:
        return
    tables = CARRIAGE[target][payload.kind].not_carried
    for loss in done.losses:
        path = path_class(re.sub(r"^\$\[\d+\]\.?", "$.", loss.path))
        if path in tables:
            assert path in foreseen.members or path in COMPLETED, path
        elif loss.kind is LossKind.WITHHELD and path not in ("", "$") and "context" not in path:
            assert path in foreseen.withheld, path
    if done.output is None:
        assert any(loss.kind is LossKind.WITHHELD for loss in done.losses)


@pytest.mark.parametrize(("payload", "target"), [c for c in CROSSINGS if c.values[0].protocol == c.values[1]])
def test_from_a_protocol_to_itself_a_message_comes_back(payload: Payload, target: str) -> None:
    """Nothing is lost; a message of a running hub's own may be minted an id."""
    done = crossed(payload, target)
    assert done is not None
    assert all(loss.kind is LossKind.ASSUMED or loss.path == "$.uid" for loss in done.losses)
    whole = payload.protocol in (OCPI, OICP) and payload.kind not in PARTIAL
    if whole and done.output is not None and not done.losses:
        came = decode_raw(payload.content)
        assert _plain(done.output) == _plain(came)


def _plain(value: Any) -> Any:
    """null and absent mean the same; a list of one is its item."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return _plain(value[0]) if len(value) == 1 else [_plain(inner) for inner in value]
    return Decimal(str(value)) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else value


@pytest.mark.parametrize(("payload", "target"), of(Kind.CDR))
def test_no_price_is_invented(payload: Payload, target: str) -> None:
    """P2, P3: a CDR without a price gets none, or one that is reported as assumed."""
    done = crossed(payload, target)
    if done is None or done.output is None:
        return
    canonical = done.canonical if isinstance(done.canonical, list) else [done.canonical]
    priced = all(one.get("total_cost") for one in canonical)
    assumed = {path_class(loss.path) for loss in done.losses if loss.kind is LossKind.ASSUMED}
    says = {OCPI: "total_cost", OICP: "currency", OCHP: "itemPrice", EMIP: "EUR"}[target]
    assert (
        priced
        or says not in str(done.output)
        or any("total_cost" in path for path in assumed)
        or (payload.protocol == target)
    )


@pytest.mark.parametrize(("payload", "target"), of(Kind.EVSE_STATUS))
def test_what_is_not_free_is_never_told_as_free(payload: Payload, target: str) -> None:
    """P3: unknown is not free."""
    done = crossed(payload, target)
    if done is None or done.output is None or payload.protocol == target:
        return
    reports = done.canonical if isinstance(done.canonical, list) else [done.canonical]
    outputs = done.output if isinstance(done.output, list) else [done.output]
    for report, output in zip(reports, outputs, strict=True):
        if output is not None and report["status"] != EvseStatus.AVAILABLE:
            assert not free(target, output), output


def free(target: str, output: Any) -> bool:
    if target in (OCPI, OICP):
        return (output.get("status") or output.get("EvseStatus")) in ("AVAILABLE", "Available")
    root = etree.fromstring(output.encode())
    texts = {etree.QName(one).localname: one.text for one in root.iter()}
    return texts.get("busyStatus") == "1" or root.get("major") == "available"


EVSE_IDS = re.compile(
    r"(?:EvseID|evseId|EVSEId|evse_id)\W{1,4}([A-Z]{2}\*?[A-Z0-9]{3}\*?E[A-Z0-9*]+|\+\d+\*\d+\*[\d*]+)"
)


@pytest.mark.parametrize(("payload", "target"), CROSSINGS)
def test_an_evse_id_goes_through_as_it_is(payload: Payload, target: str) -> None:
    """P5: none is cut, padded, corrected or invented."""
    done = crossed(payload, target)
    if done is None or done.output is None:
        return
    given, sent = evse_ids(payload.content.decode()), evse_ids(json.dumps(done.output, default=str))
    held = {str(evse.evse_id) for place in context(target, payload.kind).locations for evse in place.evses}
    assert sent <= given | evse_ids(f"evse_id {held}") or not given


def evse_ids(text: str) -> set[str]:
    """A DIN id and its ISO form are one."""
    return {EvseId.parse(found).key for found in EVSE_IDS.findall(text)}


@pytest.mark.parametrize(("payload", "target"), CROSSINGS)
def test_no_report_shows_a_secret(payload: Payload, target: str) -> None:
    """P13."""
    done = crossed(payload, target)
    for loss in done.losses if done else ():
        assert "pin" not in loss.path.lower() or loss.value is None


def lines() -> Iterator[str]:
    for payload, target in product(payloads(), PROTOCOLS):
        yield line(payload, target)


if __name__ == "__main__":
    WRITTEN.write_text("\n".join(lines()) + "\n")
