"""OCPI: charge detail records."""

from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from core.model.cdr import CdrState
from protocols.ocpi.settings import settings_of, settings_text
from tests.flows.conftest import OcpiNet
from tests.flows.ocpi_partner import cdr, cdr_token, envelope, period, tariff

spec = pytest.mark.spec
PATH = "cdrs/receiver"
T1 = "2026-01-15T12:01:00Z"


async def post(net: OcpiNet, body: Any = None, to: str | None = "DEEMB") -> httpx.Response:
    return await net.p1.call(net.hub, "POST", PATH, cdr() if body is None else body, to=to)


async def shown(net: OcpiNet) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await net.p2.call(net.hub, "GET", "cdrs/sender")).json()["data"]
    return found


def codes(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["status_code"]


@spec("OCPI-CDR-02", "OCPI-CDR-03", "OCPI-TRN-37", "OCPI-HUB-99", "OCPI-CDR-18")
async def test_a_cdr_is_taken_kept_and_delivered(net: OcpiNet) -> None:
    answer = await post(net)
    assert codes(answer) == (201, 1000)
    assert "data" not in answer.json()
    url = answer.headers["location"]
    assert url.startswith("https://hub.test/ocpi/2.3.0/cdrs/")
    kept = await net.p1.call(net.hub, "GET", url.removeprefix("https://hub.test"))
    assert kept.json()["data"] == cdr()
    assert net.hub.processes.started == ["NLCPA/C1"]
    (settlement,) = await net.hub.settle()
    assert settlement.state is CdrState.DELIVERED
    assert settlement.remote_id == "https://p2.test/2.3.0/cdrs/stored/C1"
    (copy,) = net.p2.seen("POST", "cdrs")
    assert copy.path == "/2.3.0/cdrs/receiver/"
    assert copy.json == cdr()
    assert (copy.party("to"), copy.party("from")) == ("DEEMB", "NLCPA")
    assert not net.p3.seen("POST", "cdrs")
    assert await shown(net) == [cdr()]


@spec("OCPI-CDR-03", "OCPI-HUB-84")
async def test_only_the_operator_reads_it_back(net: OcpiNet) -> None:
    url = (await post(net)).headers["location"].removeprefix("https://hub.test")
    assert codes(await net.p2.call(net.hub, "GET", url)) == (404, 2001)
    assert codes(await net.p1.call(net.hub, "GET", url + "x")) == (404, 2001)


@spec("OCPI-CDR-01")
async def test_post_goes_to_the_bare_endpoint(net: OcpiNet) -> None:
    answer = await net.p1.call(net.hub, "POST", f"{PATH}/NL/CPA", cdr(), to="DEEMB")
    assert answer.status_code == 404
    assert not net.hub.storage.cdrs.held


@spec("OCPI-CDR-04")
async def test_a_cdr_never_changes(net: OcpiNet) -> None:
    url = (await post(net)).headers["location"].removeprefix("https://hub.test")
    for path in (PATH, url):
        for method in ("PUT", "PATCH", "DELETE"):
            assert (await net.p1.call(net.hub, method, path, cdr(), to="DEEMB")).status_code == 405


@spec("OCPI-TRP-17")
@spec("OCPI-CDR-05", "OCPI-HUB-45")
async def test_whom_it_is_for(net: OcpiNet) -> None:
    assert codes(await post(net, to="NLHUB")) == (200, 2001)
    assert not net.hub.storage.cdrs.held
    answer = await post(net, to=None)
    assert codes(answer) == (201, 1000)
    assert answer.headers["ocpi-from-party-id"] == "EMB"
    await net.hub.settle()
    assert net.p2.seen("POST", "cdrs")[0].party("to") == "DEEMB"
    assert codes(await post(net, cdr("C2", cdr_token=cdr_token(owner="ZZZZZ")), to=None)) == (200, 4001)
    assert codes(await post(net, cdr("C2"), to="FREMC")) == (200, 2001)
    assert list(net.hub.storage.cdrs.held) == ["NLCPA/C1"]


@spec("OCPI-CDR-14")
async def test_twice_is_once(net: OcpiNet) -> None:
    first = await post(net)
    net.hub.clock.advance(1)
    second = await post(net)
    assert (codes(first), codes(second)) == ((201, 1000), (200, 1000))
    assert first.headers["location"] == second.headers["location"]
    assert await shown(net) == [cdr()]


async def test_the_same_id_with_another_content_is_refused(net: OcpiNet) -> None:
    await post(net)
    answer = await post(net, cdr(total_energy=99.0))
    assert codes(answer) == (200, 2001)
    assert "$.id" in answer.json()["status_message"]
    assert await shown(net) == [cdr()]


async def test_a_cdr_of_another_owner_is_refused(net: OcpiNet) -> None:
    assert codes(await post(net, cdr(owner="FRCPC"))) == (403, 2001)
    assert not net.hub.storage.cdrs.held


@spec("OCPI-CDR-06", "OCPI-CDR-07", "OCPI-CDR-08")
async def test_credit_and_replacement(net: OcpiNet) -> None:
    long_id = "C" * 39
    credit = cdr(long_id, credit=True, credit_reference_id="C1", total_cost={"before_taxes": -4.0, "taxes": []})
    assert codes(await post(net)) == (201, 1000)
    assert codes(await post(net, cdr(long_id, credit=True))) == (200, 2001)
    assert codes(await post(net, cdr(long_id))) == (200, 2001)
    assert codes(await post(net, cdr("C" * 40, credit=True, credit_reference_id="C1"))) == (200, 2001)
    assert codes(await post(net, credit)) == (201, 1000)
    assert codes(await post(net, cdr("C1-new"))) == (201, 1000)
    await net.hub.settle()
    sent = {copy.json["id"]: copy.json for copy in net.p2.seen("POST", "cdrs")}
    assert sent == {"C1": cdr(), long_id: credit, "C1-new": cdr("C1-new")}


@spec("OCPI-CDR-09", "OCPI-HUB-93")
async def test_an_emsp_gets_only_its_own(net: OcpiNet) -> None:
    await post(net)
    await post(net, cdr("C2", cdr_token=cdr_token(owner="FREMC")), to="FREMC")
    assert [one["id"] for one in await shown(net)] == ["C1"]
    listed = (await net.p3.call(net.hub, "GET", "cdrs/sender")).json()["data"]
    assert [one["id"] for one in listed] == ["C2"]
    assert (await net.p1.call(net.hub, "GET", "cdrs/sender")).json()["data"] == []


@spec("OCPI-TRP-64")
@spec(
    "OCPI-CDR-10",
    "OCPI-CDR-11",
    "OCPI-CDR-12",
    "OCPI-CDR-16",
    "OCPI-CDR-17",
    "OCPI-CDR-19",
    "OCPI-CDR-20",
    "OCPI-CDR-22",
)
async def test_a_cdr_is_a_sealed_copy(net: OcpiNet) -> None:
    place = {
        **cdr()["cdr_location"],
        "id": "NEVER-PUBLISHED",
        "evse_uid": "#NA",
        "evse_id": "#NA",
        "connector_id": "#NA",
    }
    body = cdr(
        cdr_location=place,
        start_date_time="1970-1-1T00:00:00Z",
        tariffs=[tariff()],
        authorization_reference="ref-1",
        auth_method="COMMAND",
        booking_id="B1",
        home_charging_compensation=True,
        invoice_reference_id="i" * 39,
        remark="r" * 255,
        signed_data={
            "encoding_method": "OCMF",
            "signed_values": [{"nature": "Start", "plain_data": "p" * 4000, "signed_data": "s" * 5000}],
        },
        unknown={"deep": [1.50, None]},
    )
    assert codes(await post(net, body)) == (201, 1000)
    later = tariff(currency="USD", last_updated=T1)
    await net.p1.call(net.hub, "PUT", "tariffs/receiver/NL/CPA/T1", later)
    await net.hub.settle()
    assert net.p2.seen("POST", "cdrs")[0].json == body
    assert await shown(net) == [body]


@spec("OCPI-TRP-67")
@spec("OCPI-CDR-13", "OCPI-CDR-15", "OCPI-HUB-99", "OCPI-TRN-47")
async def test_nothing_is_computed(net: OcpiNet) -> None:
    periods = [period("2026-01-15T10:00:00Z", dimensions=[{"type": "STATE_OF_CHARGE", "volume": 80}])]
    body = cdr(charging_periods=periods, total_cost={"before_taxes": 0.1, "taxes": []}, total_energy=12.3456)
    await post(net, body)
    await net.hub.settle()
    assert net.p2.seen("POST", "cdrs")[0].json == body


@pytest.mark.parametrize(
    "body",
    [
        cdr(end_date_time="2026-01-15T09:00:00Z"),
        cdr(total_energy=-1.0),
        cdr(total_energy="12"),
        cdr(charging_periods=[]),
        cdr(currency="EURO"),
        cdr(auth_method="MAGIC"),
    ],
)
async def test_what_cannot_be_is_refused(net: OcpiNet, body: dict[str, Any]) -> None:
    answer = await post(net, body)
    assert codes(answer) == (200, 2001)
    assert "$." in answer.json()["status_message"]
    assert not net.hub.storage.cdrs.held
    assert not net.hub.processes.started


# --- on the way out


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((200, envelope(None), {}), CdrState.DELIVERED),
        ((409, envelope(None, 2001, "no"), {}), CdrState.DELIVERED),
        ((200, envelope(None, 2001, "CDR already exists"), {}), CdrState.DELIVERED),
        ((200, envelope(None, 2001, "bad currency"), {}), CdrState.REFUSED),
        ((404, envelope(None, 2001, "who are you"), {}), CdrState.REFUSED),
        ((400, b"no", {}), CdrState.REFUSED),
        ((200, envelope(None, 3000), {}), CdrState.WAITING),
        ((500, b"oops", {}), CdrState.WAITING),
        ((200, b"<html>", {}), CdrState.WAITING),
        ((401, envelope(None, 2000), {}), CdrState.WAITING),
        ((429, b"", {}), CdrState.WAITING),
    ],
)
async def test_what_an_answer_means(net: OcpiNet, answer: Any, state: CdrState) -> None:
    net.p2.answers["POST", "cdrs"] = answer
    await post(net)
    (settlement,) = await net.hub.settle()
    assert settlement.state is state


async def test_an_emsp_that_takes_no_cdrs_fetches_them(net: OcpiNet) -> None:
    net.p2.endpoints = (("tokens", "SENDER"),)
    answer = await net.p2.call(net.hub, "PUT", "credentials", net.p2.credentials(), to=None)
    net.p2.token_c = answer.json()["data"]["token"]
    await post(net)
    (settlement,) = await net.hub.settle()
    assert settlement.state is CdrState.FETCHABLE
    assert await shown(net) == [cdr()]


async def test_a_cdr_without_price_is_withheld_and_never_free(net: OcpiNet) -> None:
    from msgspec.structs import replace

    await post(net)
    held = net.hub.storage.cdrs.held["NLCPA/C1"]
    net.hub.storage.cdrs.held["NLCPA/C1"] = replace(held, cdr=replace(held.cdr, total_cost=None))
    (settlement,) = await net.hub.settle()
    assert settlement.state is CdrState.WAITING
    assert "cost" in (settlement.last_error or "")
    assert not net.p2.seen("POST", "cdrs")
    assert await shown(net) == []


# --- an operator whose CDRs are passed on and not kept


async def forwarding(net: OcpiNet) -> None:
    """P1 is such an operator."""
    p1 = next(held for held in net.hub.storage.partners.held.values() if held.name == "p1.test")
    settings = settings_text(replace(settings_of(p1), forward_cdrs=True))
    await net.hub.storage.partners.update(replace(p1, settings=settings))


@spec("OCPI-TRP-22", "OCPI-TRP-71")
@spec("OCPI-CDR-02", "OCPI-CDR-03", "OCPI-CDR-05", "OCPI-HUB-78", "OCPI-HUB-88", "OCPI-HUB-55", "OCPI-HUB-57")
@pytest.mark.parametrize("to", ["DEEMB", None])
@pytest.mark.parametrize("place", ["https://p2.test/2.3.0/cdrs/Kept%2FC1?v=1", "/2.3.0/cdrs/Kept%2FC1?v=1"])
async def test_the_emsps_own_answer_and_its_copy(net: OcpiNet, to: str | None, place: str) -> None:
    await forwarding(net)
    net.p2.answers["POST", "cdrs"] = (201, envelope(None, 1000, "got it"), {"location": place})
    body = cdr(total_energy=99, unknown=[1.50])
    answer = await post(net, body, to)
    assert (answer.status_code, answer.json()) == (201, envelope(None, 1000, "got it"))
    (copy,) = net.p2.seen("POST", "cdrs")
    assert (copy.json, copy.party("to"), copy.party("from")) == (body, "DEEMB", "NLCPA")
    url = answer.headers["location"]
    assert url.startswith("https://hub.test/ocpi/2.3.0/cdrs/")
    assert len(url) <= 255
    assert "C1" not in url

    net.p2.answers["GET", "cdrs"] = (200, envelope(body), {})
    kept = await net.p1.call(net.hub, "GET", url.removeprefix("https://hub.test"), to=to)
    assert kept.json() == envelope(body)
    assert (net.p2.received[-1].path, net.p2.received[-1].query) == ("/2.3.0/cdrs/Kept%2FC1", "v=1")
    net.p2.answers["GET", "cdrs"] = (404, envelope(None, 2000), {})
    assert (await net.p1.call(net.hub, "GET", url.removeprefix("https://hub.test"))).status_code == 404
    assert codes(await net.p3.call(net.hub, "GET", url.removeprefix("https://hub.test"))) == (404, 2001)
    assert not net.hub.storage.cdrs.held


async def test_a_place_that_cannot_be_called_is_not_named(net: OcpiNet) -> None:
    await forwarding(net)
    net.p2.answers["POST", "cdrs"] = (201, envelope(None), {"location": "http://[x"})
    answer = await post(net)
    assert codes(answer) == (201, 1000)
    assert "location" not in answer.headers


@spec("OCPI-HUB-32", "OCPI-HUB-22")
async def test_a_cdr_that_is_not_taken_is_the_operators_to_repeat(net: OcpiNet) -> None:
    await forwarding(net)
    net.p2.answers["POST", "cdrs"] = (200, envelope(None, 2001, "no"), {"location": "https://p2.test/x"})
    refused = await post(net)
    assert codes(refused) == (200, 2001)
    net.hub.network.silence("p2.test")
    assert codes(await post(net)) == (200, 4003)
    net.hub.network.serve("p2.test", net.p2)
    await net.hub.settle()
    assert len(net.p2.seen("POST", "cdrs")) == 1
    assert not net.hub.storage.cdrs.held


@spec("OCPI-COP-07", "OCPI-HUB-45")
async def test_whose_cdrs_are_passed_on(net: OcpiNet) -> None:
    await forwarding(net)
    assert codes(await post(net, cdr(owner="FRCPC"))) == (403, 2001)
    assert codes(await post(net, to="NLHUB")) == (200, 2001)
    assert codes(await post(net, cdr(cdr_token=cdr_token(owner="ZZZZZ")), to=None)) == (200, 4001)
    assert codes(await post(net, b"[]")) == (200, 2001)
    assert not net.p2.received


@spec("OCPI-CDR-21")
async def test_what_becomes_of_each_cdr_is_in_the_log(net: OcpiNet, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "protocols.ocpi.server.cdrs")

    async def logged(body: Any) -> str:
        caplog.clear()
        headers = {"x-correlation-id": "corr-1"}
        await net.p1.call(net.hub, "POST", PATH, body, to="DEEMB", headers=headers)
        (line,) = [one.getMessage() for one in caplog.records if one.getMessage().startswith("CDR ")]
        assert "'corr-1'" in line
        return line

    for _ in range(2):
        line = await logged(cdr())
        assert "'C1' of 'NLCPA'" in line
        assert line.endswith("answered 1000")
    assert "not taken: " in await logged(cdr(total_energy=7))
    assert "not taken: " in await logged(b"[]")
    await forwarding(net)
    net.p2.answers["POST", "cdrs"] = (200, envelope(None, 2001), {})
    assert (await logged(cdr())).endswith("answered 2001")

    def late(request: Any) -> Any:
        raise httpx.ReadTimeout("late")

    net.p2.answers["POST", "cdrs"] = late
    assert "(it may have arrived)" in await logged(cdr("C2"))
