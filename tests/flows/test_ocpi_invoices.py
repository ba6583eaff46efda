"""OCPI: invoice reconciliation records between two parties. OCPI 2.3.0, mod_invoice_reconciliation."""

from typing import Any

import httpx
import msgspec
import pytest

from core.model.partner import PartnerState
from tests.flows.conftest import OcpiNet
from tests.flows.ocpi_partner import OcpiPartner, cdr, cdr_token, envelope

spec = pytest.mark.spec
BARE = "invoicereconciliation/receiver"
LIST = "invoicereconciliation/sender"
T1 = "2026-01-15T12:01:00Z"


def record(owner: str = "NLCPA", **changes: Any) -> dict[str, Any]:
    return {
        "country_code": owner[:2],
        "party_id": owner[2:],
        "id": "IR1",
        "invoice_id": "2026/0815",
        "cdrs": ["C1", "C2", "C3"],
        "last_updated": "2026-01-15T12:00:00Z",
        **changes,
    }


def at(owner: str, record_id: str = "IR1") -> str:
    return f"{BARE}/{owner[:2]}/{owner[2:]}/{record_id}"


def codes(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["status_code"]


async def billed(net: OcpiNet, *ids: str, **changes: Any) -> None:
    """P1 has sent CDRs of P2's driver through the hub."""
    for cdr_id in ids or ("C1", "C2", "C3", "C4"):
        answer = await net.p1.call(net.hub, "POST", "cdrs/receiver", cdr(cdr_id, **changes), to=None)
        assert answer.json()["status_code"] == 1000
    await net.hub.settle()
    net.forget()


async def listed(net: OcpiNet, reader: OcpiPartner) -> list[Any]:
    answer = await reader.call(net.hub, "GET", LIST)
    assert answer.headers["x-total-count"] == str(len(answer.json()["data"]))
    return list(answer.json()["data"])


def nothing_sent(net: OcpiNet) -> bool:
    return not net.p1.received + net.p2.received + net.p3.received


# --- there


@spec("OCPI-INV-01", "OCPI-INV-02", "OCPI-INV-06", "OCPI-HUB-28", "OCPI-HUB-55")
@pytest.mark.parametrize(("issuer", "to"), [("NLCPA", "DEEMB"), ("DEEMB", "NLCPA")])
async def test_both_sides_may_write_invoices(net: OcpiNet, issuer: str, to: str) -> None:
    sender, reader = (net.p1, net.p2) if issuer == "NLCPA" else (net.p2, net.p1)
    steps: list[tuple[str, str, Any]] = [
        ("POST", BARE, record(issuer, future=[1.50])),
        ("PUT", at(issuer), record(issuer, invoice_id="2026/0816", last_updated=T1)),
        ("GET", at(issuer), None),
        ("DELETE", at(issuer), None),
    ]
    for method, path, body in steps:
        assert codes(await sender.call(net.hub, method, path, body, to=to)) == (200, 1000)
        request = reader.received[-1]
        assert (request.method, request.path.rstrip("/")) == (method, f"/2.3.0/{path}")
        assert request.body == (msgspec.json.encode(body) if body else b"")
        assert (request.party("to"), request.party("from")) == (to, issuer)
    assert len(reader.received) == len(steps)
    assert not sender.received


@spec("OCPI-INV-02")
@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", at("NLCPA")), ("PATCH", BARE), ("GET", BARE), ("PUT", LIST), ("POST", LIST)]
)
async def test_other_methods_are_not_offered(net: OcpiNet, method: str, path: str) -> None:
    assert (await net.p1.call(net.hub, method, path, record(), to="DEEMB")).status_code == 405
    assert nothing_sent(net)


@spec("OCPI-INV-03")
async def test_nobody_writes_anothers_records(net: OcpiNet) -> None:
    for method, body in (("PUT", record("FRCPC")), ("DELETE", None), ("GET", None)):
        assert codes(await net.p1.call(net.hub, method, at("FRCPC"), body, to="DEEMB")) == (404, 2001)
    assert codes(await net.p1.call(net.hub, "POST", BARE, record("FRCPC"), to="DEEMB")) == (403, 2001)
    assert nothing_sent(net)


@spec("OCPI-INV-04", "OCPI-TYP-14", "OCPI-HUB-18")
@pytest.mark.parametrize("cdrs", [["C" * 39], [{"id": "1"}, {"id": "2", "x": 1}], [], "C1", None])
async def test_what_is_listed_is_the_receivers_to_judge(net: OcpiNet, cdrs: Any) -> None:
    body = msgspec.json.format(msgspec.json.encode(record(cdrs=cdrs)), indent=2)
    assert codes(await net.p1.call(net.hub, "POST", BARE, body, to="DEEMB")) == (200, 1000)
    (request,) = net.p2.received
    assert request.body == body
    assert len(await listed(net, net.p2)) == (1 if cdrs == ["C" * 39] else 0)


@spec("OCPI-INV-05", "OCPI-HUB-45")
@pytest.mark.parametrize(("method", "path"), [("POST", BARE), ("PUT", at("NLCPA")), ("DELETE", at("NLCPA"))])
async def test_a_record_is_no_broadcast(net: OcpiNet, method: str, path: str) -> None:
    assert codes(await net.p1.call(net.hub, method, path, record())) == (200, 2001)
    await net.relay()
    assert nothing_sent(net)
    assert not net.hub.storage.records.held


@spec("OCPI-INV-07", "OCPI-V221-17")
async def test_partners_without_the_module(net: OcpiNet) -> None:
    old = await OcpiPartner("p4.test", ("EMSP", "AT", "EMD"), version="2.2.1").join(net.hub)
    await OcpiPartner("p5.test", ("EMSP", "BE", "BAR"), endpoints=(("cdrs", "RECEIVER"),)).join(net.hub)
    old.received.clear()
    for to in ("ATEMD", "BEBAR"):
        assert codes(await net.p1.call(net.hub, "POST", BARE, record(), to=to)) == (200, 4000)
        assert codes(await net.p1.call(net.hub, "PUT", at("NLCPA"), record(), to=to)) == (200, 4000)
        assert codes(await net.p1.call(net.hub, "GET", LIST, to=to)) == (200, 4000)
    assert not old.received
    assert codes(await old.call(net.hub, "GET", LIST)) == (404, 2001)


# --- without TO


@spec("OCPI-INV-05", "OCPI-HUB-54", "OCPI-HUB-57")
@pytest.mark.parametrize("cdrs", [["C9", "c2"], [{"id": "C2"}]])
async def test_the_cdrs_say_whom_an_invoice_is_for(net: OcpiNet, cdrs: Any) -> None:
    assert codes(await net.p1.call(net.hub, "POST", BARE, record(cdrs=cdrs), to=None)) == (200, 4001)
    await billed(net)
    answer = await net.p1.call(net.hub, "POST", BARE, record(cdrs=cdrs), to=None)
    assert (codes(answer), answer.headers["ocpi-from-party-id"]) == ((200, 1000), "EMB")
    assert net.p2.received[-1].party("to") == "DEEMB"
    answer = await net.p2.call(net.hub, "POST", BARE, record("DEEMB", cdrs=cdrs), to=None)
    assert (codes(answer), answer.headers["ocpi-from-party-id"]) == ((200, 1000), "CPA")
    stranger = await net.p3.call(net.hub, "POST", BARE, record("FRCPC", cdrs=cdrs), to=None, sender="FRCPC")
    assert codes(stranger) == (200, 4001)


@spec("OCPI-HUB-55", "OCPI-HUB-59")
async def test_a_record_that_was_told_says_whom_its_changes_are_for(net: OcpiNet) -> None:
    await net.p1.call(net.hub, "POST", BARE, record(), to="DEEMB")
    for method, body in (("PUT", record(cdrs=["X"], last_updated=T1)), ("GET", None), ("DELETE", None)):
        answer = await net.p1.call(net.hub, method, at("NLCPA", "ir1"), body, to=None)
        assert (codes(answer), answer.headers["ocpi-from-party-id"]) == ((200, 1000), "EMB")
    assert codes(await net.p1.call(net.hub, "DELETE", at("NLCPA"), to=None)) == (200, 4001)
    for to in ("DEEMB", "FREMC"):
        await net.p1.call(net.hub, "POST", BARE, record(), to=to)
    assert codes(await net.p1.call(net.hub, "DELETE", at("NLCPA"), to=None)) == (200, 2002)


async def test_cdrs_of_several_emsps_say_nothing(net: OcpiNet) -> None:
    await billed(net)
    await billed(net, "C5", cdr_token=cdr_token(owner="FREMC"))
    assert codes(await net.p1.call(net.hub, "POST", BARE, record(cdrs=["C1", "C5"]), to=None)) == (200, 2002)


# --- lists


@spec("OCPI-HUB-64", "OCPI-INV-06", "OCPI-HUB-68")
async def test_the_hub_lists_what_concerns_the_reader(net: OcpiNet) -> None:
    told = record(future={"a": 1})
    await billed(net)
    await net.p1.call(net.hub, "POST", BARE, told, to="DEEMB")
    await net.p1.call(net.hub, "POST", BARE, record(id="IR2"), to="FREMC")
    assert await listed(net, net.p2) == [told]
    assert [one["id"] for one in await listed(net, net.p1)] == ["IR1", "IR2"]
    assert [one["id"] for one in await listed(net, net.p3)] == ["IR2"]
    answer = await net.p1.call(net.hub, "GET", f"{LIST}?limit=1&foo=1")
    assert answer.links["next"]["url"] == f"https://hub.test/ocpi/2.3.0/{LIST}?foo=1&limit=1&offset=1"
    assert (await net.p1.call(net.hub, "GET", f"{LIST}?date_from={T1}")).json()["data"] == []
    assert codes(await net.p2.call(net.hub, "GET", LIST, to=None)) == (200, 2001)
    assert codes(await net.p2.call(net.hub, "GET", f"{LIST}?limit=0")) == (200, 2001)


@spec("OCPI-INV-08")
async def test_a_record_that_was_a_mistake_is_listed_no_longer(net: OcpiNet) -> None:
    await net.p1.call(net.hub, "POST", BARE, record(), to="DEEMB")
    net.p2.answers["DELETE", "invoicereconciliation"] = (200, envelope(None, 2001, "no"), {})
    await net.p1.call(net.hub, "DELETE", at("NLCPA"), to="DEEMB")
    assert len(await listed(net, net.p2)) == 1
    del net.p2.answers["DELETE", "invoicereconciliation"]
    await net.p1.call(net.hub, "DELETE", at("NLCPA"), to="DEEMB")
    assert await listed(net, net.p2) == []
    assert await listed(net, net.p1) == []


async def test_a_platform_writes_in_the_name_of_another_of_its_parties(net: OcpiNet) -> None:
    answer = await net.p1.call(net.hub, "POST", BARE, record("BECPA"), to="DEEMB", sender="NLCPA")
    assert codes(answer) == (200, 1000)
    await net.p1.call(net.hub, "PUT", at("BECPA"), record("BECPA", last_updated=T1), to="DEEMB", sender="NLCPA")
    assert await listed(net, net.p2) == [record("BECPA", last_updated=T1)]


async def test_what_is_refused_wrong_or_older_is_not_kept(net: OcpiNet) -> None:
    net.p2.answers["POST", "invoicereconciliation"] = (200, envelope(None, 2001, "no"), {})
    await net.p1.call(net.hub, "POST", BARE, record(), to="DEEMB")
    assert await listed(net, net.p2) == []
    del net.p2.answers["POST", "invoicereconciliation"]
    await net.p1.call(net.hub, "POST", BARE, record(last_updated=T1), to="DEEMB")
    for body in (record(invoice_id="older"), record(id="IR9", last_updated=T1), record("BECPA"), record(invoice_id=1)):
        assert codes(await net.p1.call(net.hub, "PUT", at("NLCPA"), body, to="DEEMB")) == (200, 1000)
    assert await listed(net, net.p2) == [record(last_updated=T1)]


@spec("OCPI-HUB-69")
async def test_the_issuer_compares_the_hubs_copy(net: OcpiNet) -> None:
    await net.p1.call(net.hub, "POST", BARE, record(), to="DEEMB")
    assert (await net.p1.call(net.hub, "GET", at("NLCPA"))).json()["data"] == record()
    assert codes(await net.p1.call(net.hub, "GET", at("NLCPA", "IR9"))) == (404, 2001)
    assert codes(await net.p2.call(net.hub, "GET", at("NLCPA"))) == (404, 2001)


async def test_an_issuers_own_list_is_passed_on_page_by_page(net: OcpiNet) -> None:
    link = '<https://p1.test/2.3.0/inv?cursor=2>; rel="next"'
    net.p1.answers["GET", "invoicereconciliation"] = (200, envelope([record()]), {"link": link})
    answer = await net.p2.call(net.hub, "GET", f"{LIST}?date_from={T1}", to="NLCPA")
    assert answer.json()["data"] == [record()]
    assert net.p1.received[-1].query == f"date_from={T1}"
    url = answer.links["next"]["url"]
    assert url.startswith("https://hub.test/ocpi/2.3.0/invoicereconciliation/page/")
    await net.p2.call(net.hub, "GET", url.removeprefix("https://hub.test"), to=None)
    assert net.p1.received[-1].query == "cursor=2"


async def test_a_reader_that_is_away_is_not_told_later(net: OcpiNet) -> None:
    p2 = next(held for held in net.hub.storage.partners.held.values() if held.name == "p2.test")
    await net.hub.storage.partners.update(msgspec.structs.replace(p2, state=PartnerState.OFFLINE))
    assert codes(await net.p1.call(net.hub, "POST", BARE, record(), to="DEEMB")) == (200, 4003)
    await net.relay()
    assert nothing_sent(net)
    assert not net.hub.storage.records.held
