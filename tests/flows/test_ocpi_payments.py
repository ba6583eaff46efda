"""OCPI: payment terminals and their providers. OCPI 2.3.0, mod_payments; mod_cdrs for what was paid at a terminal."""

from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from tests.flows.conftest import OcpiNet
from tests.flows.ocpi_partner import EVERYTHING, OcpiPartner, cdr, cdr_token, envelope, session, tariff, token

spec = pytest.mark.spec
SENDER = "payments/sender"
RECEIVER = "payments/receiver"
T1 = "2026-01-15T12:01:00Z"


class Paid(NamedTuple):
    """The net, and P8, a terminal provider (AT PTH)."""

    net: OcpiNet
    p8: OcpiPartner


@pytest.fixture(params=["PTP", "OTHER"])
async def paid(net: OcpiNet, request: pytest.FixtureRequest) -> Paid:
    p8 = await OcpiPartner("p8.test", (request.param, "AT", "PTH")).join(net.hub)
    await net.relay()
    net.forget()
    p8.received.clear()
    return Paid(net, p8)


def terminal(**changes: Any) -> dict[str, Any]:
    return {
        "terminal_id": "T1",
        "customer_reference": "Operator A",
        "city": "Graz",
        "country": "AUT",
        "coordinates": {"latitude": "47.07070", "longitude": "15.43950"},
        "invoice_base_url": "https://p8.test/invoices/",
        "invoice_creator": "PTP",
        "location_ids": ["LOC1"],
        "last_updated": "2026-01-15T12:00:00Z",
        **changes,
    }


def advice(**changes: Any) -> dict[str, Any]:
    return {
        "id": "F1",
        "authorization_reference": "pay-1",
        "total_costs": {"before_taxes": 4.00, "taxes": [{"name": "VAT", "amount": 0.84}]},
        "currency": "EUR",
        "eft_data": ["VISA ****1234", "TID 5"],
        "capture_status_code": "SUCCESS",
        "last_updated": "2026-01-15T12:00:00Z",
        **changes,
    }


def codes(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["status_code"]


FROM_OPERATOR: list[tuple[str, str, Any]] = [
    ("GET", f"{SENDER}/terminals", None),
    ("GET", f"{SENDER}/terminals/T1", None),
    ("POST", f"{SENDER}/terminals/activate", {"reference": "serial 5", "location_ids": ["LOC1"]}),
    ("POST", f"{SENDER}/terminals/T1/deactivate", None),
    ("PUT", f"{SENDER}/terminals/T1", terminal(terminal_id="other")),
    ("PATCH", f"{SENDER}/terminals/T1", {"location_ids": ["LOC2"], "evse_uids": ["E1"]}),
    ("GET", f"{SENDER}/financial-advice-confirmations", None),
    ("GET", f"{SENDER}/financial-advice-confirmations/F1", None),
]
FROM_PROVIDER: list[tuple[str, str, Any]] = [
    ("GET", f"{RECEIVER}/terminals/T1", None),
    ("POST", f"{RECEIVER}/terminals", terminal()),
    ("GET", f"{RECEIVER}/financial-advice-confirmations/F1", None),
    ("POST", f"{RECEIVER}/financial-advice-confirmations", advice()),
]


@spec("OCPI-PAY-01", "OCPI-PAY-02", "OCPI-PAY-03", "OCPI-PAY-04", "OCPI-PAY-05", "OCPI-HUB-06", "OCPI-HUB-28")
@pytest.mark.parametrize(("method", "path", "body"), FROM_OPERATOR + FROM_PROVIDER)
async def test_each_call_is_passed_on_at_its_interface(paid: Paid, method: str, path: str, body: Any) -> None:
    operator = (method, path, body) in FROM_OPERATOR
    caller, other = (paid.net.p1, paid.p8) if operator else (paid.p8, paid.net.p1)
    to, sender = ("ATPTH", "NLCPA") if operator else ("NLCPA", "ATPTH")
    said = envelope([] if path.endswith("s") and method == "GET" else {"x": 1.50})
    other.answers[method, "payments"] = (200, said, {})
    answer = await caller.call(paid.net.hub, method, f"{path}?limit=5&x=1", body, to=to)
    assert answer.json() == said
    (request,) = other.received
    assert (request.method, request.path, request.query) == (method, f"/2.3.0/{path}", "limit=5&x=1")
    assert request.body == (msgspec.json.encode(body) if body is not None else b"")
    assert (request.party("to"), request.party("from")) == (to, sender)


@spec("OCPI-PAY-01")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{SENDER}/terminals"),
        ("DELETE", f"{SENDER}/terminals/T1"),
        ("GET", f"{SENDER}/terminals/T1/deactivate"),
        ("POST", f"{SENDER}/financial-advice-confirmations"),
        ("GET", f"{RECEIVER}/terminals"),
        ("PUT", f"{RECEIVER}/terminals/T1"),
        ("PATCH", f"{RECEIVER}/financial-advice-confirmations/F1"),
    ],
)
async def test_other_methods_are_not_offered(paid: Paid, method: str, path: str) -> None:
    assert (await paid.net.p1.call(paid.net.hub, method, path, terminal(), to="ATPTH")).status_code == 405
    assert not paid.p8.received


async def test_lists_lead_on_through_the_hub(paid: Paid) -> None:
    link = '<https://p8.test/2.3.0/payments/terminals?cursor=2>; rel="next"'
    paid.p8.answers["GET", "payments"] = (200, envelope([terminal()]), {"link": link})
    answer = await paid.net.p1.call(paid.net.hub, "GET", f"{SENDER}/terminals", to="ATPTH")
    url = answer.links["next"]["url"]
    assert url.startswith("https://hub.test/ocpi/2.3.0/payments/page/")
    await paid.net.p1.call(paid.net.hub, "GET", url.removeprefix("https://hub.test"), to=None)
    assert paid.p8.received[-1].query == "cursor=2"


@spec("OCPI-PAY-06", "OCPI-TYP-14", "OCPI-PAY-05", "OCPI-PAY-10", "OCPI-HUB-86")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("terminals", {"terminal_id": "T1"}),
        ("terminals", terminal(country_code="AUT", party_id="too long", invoice_base_url="not absolute")),
        ("financial-advice-confirmations", advice(total_costs={"excl_vat": 1.00, "incl_vat": 1.20}, eft_data=[])),
    ],
)
async def test_what_is_said_is_the_receivers_to_judge(paid: Paid, path: str, body: Any) -> None:
    content = msgspec.json.format(msgspec.json.encode(body), indent=2)
    assert codes(await paid.p8.call(paid.net.hub, "POST", f"{RECEIVER}/{path}", content, to="NLCPA")) == (200, 1000)
    (request,) = paid.net.p1.received
    assert request.body == content
    assert not paid.net.hub.storage.records.held


@spec("OCPI-PAY-07")
async def test_a_terminal_is_activated_and_comes_later(paid: Paid) -> None:
    net = paid.net
    wish = {"reference": "serial 5", "invoice_creator": "CPO", "last_updated": T1}
    headers = {"x-request-id": "1", "x-correlation-id": "activation"}
    answer = await net.p1.call(net.hub, "POST", f"{SENDER}/terminals/activate", wish, to="ATPTH", headers=headers)
    assert codes(answer) == (200, 1000)
    born = terminal(location_ids=[])
    answer = await paid.p8.call(net.hub, "POST", f"{RECEIVER}/terminals", born, to="NLCPA")
    assert codes(answer) == (200, 1000)
    (asked,), (created,) = paid.p8.received, net.p1.received
    assert (asked.json, created.json) == (wish, born)
    assert asked.headers["x-correlation-id"] != created.headers["x-correlation-id"]
    assert asked.headers["x-request-id"] != created.headers["x-request-id"]
    assign = {"location_ids": ["LOC1"]}
    await net.p1.call(net.hub, "PATCH", f"{SENDER}/terminals/T1", assign, to=None)
    assert paid.p8.received[-1].json == assign


# --- the driver of a terminal


@spec("OCPI-PAY-08", "OCPI-PAY-09", "OCPI-CDR-23", "OCPI-HUB-87")
@pytest.mark.parametrize("named", [True, False])
async def test_a_driver_at_a_terminal_charges_and_pays(paid: Paid, *, named: bool) -> None:
    net, to = paid.net, (lambda party: party if named else None)
    net.p1.answers["POST", "commands"] = (200, envelope({"result": "ACCEPTED", "timeout": 30}), {})
    start = {
        "response_url": "https://p8.test/cb",
        "token": token("anon-1", owner="ATPTH", type="AD_HOC_USER"),
        "location_id": "LOC1",
        "authorization_reference": "pay-1",
    }
    answer = await paid.p8.call(net.hub, "POST", "commands/receiver/START_SESSION", start, to="NLCPA")
    assert answer.json()["data"]["result"] == "ACCEPTED"
    assert net.p1.received[-1].json["authorization_reference"] == "pay-1"
    paying = {"cdr_token": {**cdr_token("anon-1", "ATPTH"), "type": "AD_HOC_USER"}, "authorization_reference": "pay-1"}
    begun = session(auth_method="COMMAND", **paying)
    answer = await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S1", begun, to=to("ATPTH"))
    assert (codes(answer), answer.headers["ocpi-from-party-id"]) == ((200, 1000), "PTH")
    assert paid.p8.seen("PUT", "sessions")[-1].json == begun
    bill = cdr(session_id="S1", auth_method="COMMAND", **paying)
    assert (await net.p1.call(net.hub, "POST", "cdrs/receiver", bill, to=to("ATPTH"))).json()["status_code"] == 1000
    await net.hub.settle()
    (posted,) = paid.p8.seen("POST", "cdrs")
    assert posted.json == bill
    assert posted.party("to") == "ATPTH"
    for module, wanted in (("sessions", begun), ("cdrs", bill)):
        found = await paid.p8.call(net.hub, "GET", f"{module}/sender?date_from=2026-01-01T00:00:00Z")
        assert found.json()["data"] == [wanted]
        others = await net.p2.call(net.hub, "GET", f"{module}/sender?date_from=2026-01-01T00:00:00Z")
        assert others.json()["data"] == []
    stop = {"response_url": "https://p8.test/cb", "session_id": "S1"}
    await paid.p8.call(net.hub, "POST", "commands/receiver/STOP_SESSION", stop, to=to("NLCPA"))
    assert net.p1.received[-1].json["session_id"] == "S1"
    done = advice()
    path = f"{RECEIVER}/financial-advice-confirmations"
    answer = await paid.p8.call(net.hub, "POST", path, done, to=to("NLCPA"))
    assert (codes(answer), answer.headers["ocpi-from-party-id"]) == ((200, 1000), "CPA")
    assert net.p1.received[-1].json["authorization_reference"] == "pay-1"


@spec("OCPI-PAY-14")
async def test_the_amount_to_be_reserved_is_in_the_tariff(paid: Paid) -> None:
    net, priced = paid.net, tariff(preauthorize_amount=50.5)
    net.p1.answers["GET", "tariffs"] = (200, envelope([priced]), {})
    found = await paid.p8.call(net.hub, "GET", "tariffs/sender", to="NLCPA")
    assert found.json()["data"][0]["preauthorize_amount"] == 50.5
    await net.p1.call(net.hub, "PUT", "tariffs/receiver/NL/CPA/T1", priced)
    await net.relay()
    assert paid.p8.seen("PUT", "tariffs")[-1].json["preauthorize_amount"] == 50.5


# --- without TO


@spec("OCPI-PAY-11", "OCPI-HUB-54", "OCPI-HUB-57")
async def test_a_terminal_says_whose_it_is_and_who_has_it(paid: Paid) -> None:
    net = paid.net
    operator = [step for step in FROM_OPERATOR if "T1" in step[1]]
    for method, path, body in operator:
        assert codes(await net.p1.call(net.hub, method, path, body, to=None)) == (200, 4001)
    assert codes(await paid.p8.call(net.hub, "POST", f"{RECEIVER}/terminals", terminal(), to=None)) == (200, 4001)
    await paid.p8.call(net.hub, "POST", f"{RECEIVER}/terminals", terminal(), to="NLCPA")
    for method, path, body in operator:
        answer = await net.p1.call(net.hub, method, path.replace("T1", "t1"), body, to=None)
        assert (codes(answer), answer.headers["ocpi-from-party-id"]) == ((200, 1000), "PTH")
        stranger = await net.p3.call(net.hub, method, path, body, to=None, sender="FRCPC")
        assert codes(stranger) == (200, 4001)
    for method, path, body in FROM_PROVIDER[:2]:
        answer = await paid.p8.call(net.hub, method, path, body, to=None)
        assert (codes(answer), answer.headers["ocpi-from-party-id"]) == ((200, 1000), "CPA")


@spec("OCPI-PAY-11", "OCPI-HUB-57")
async def test_a_confirmation_goes_where_its_driver_charged(paid: Paid) -> None:
    net, path = paid.net, f"{RECEIVER}/financial-advice-confirmations"
    assert codes(await paid.p8.call(net.hub, "POST", path, advice(), to=None)) == (200, 4001)
    assert codes(await paid.p8.call(net.hub, "POST", path, {"x": 1}, to=None)) == (200, 4001)
    for body in ({"authorization_reference": 5}, []):
        assert codes(await paid.p8.call(net.hub, "POST", path, body, to=None)) == (200, 2001)
    await paid.p8.call(net.hub, "POST", path, advice(), to="NLCPA")
    got = await paid.p8.call(net.hub, "GET", f"{path}/F1", to=None)
    assert (codes(got), got.headers["ocpi-from-party-id"]) == ((200, 1000), "CPA")
    got = await net.p1.call(net.hub, "GET", f"{SENDER}/financial-advice-confirmations/F1", to=None)
    assert (codes(got), got.headers["ocpi-from-party-id"]) == ((200, 1000), "PTH")


@spec("OCPI-HUB-59")
async def test_terminals_of_two_providers_with_one_id(paid: Paid) -> None:
    net = paid.net
    other = await OcpiPartner("p9.test", ("PTP", "AT", "PTX")).join(net.hub)
    for provider in (paid.p8, other):
        await provider.call(net.hub, "POST", f"{RECEIVER}/terminals", terminal(), to="NLCPA")
    assert codes(await net.p1.call(net.hub, "GET", f"{SENDER}/terminals/T1", to=None)) == (200, 2002)
    assert codes(await net.p1.call(net.hub, "GET", f"{SENDER}/terminals/T1")) == (200, 2002)


# --- the hub's lists


@spec("OCPI-PAY-12", "OCPI-HUB-64", "OCPI-HUB-70")
async def test_the_hub_lists_what_concerns_the_reader(paid: Paid) -> None:
    net = paid.net
    mine, theirs, confirmed = terminal(future=[1.5]), terminal(terminal_id="T2"), advice()
    await paid.p8.call(net.hub, "POST", f"{RECEIVER}/terminals", mine, to="NLCPA")
    await paid.p8.call(net.hub, "POST", f"{RECEIVER}/terminals", theirs, to="FRCPC")
    await paid.p8.call(net.hub, "POST", f"{RECEIVER}/financial-advice-confirmations", confirmed, to="NLCPA")
    wanted: list[tuple[OcpiPartner, list[Any], list[Any]]] = [
        (net.p1, [mine], [confirmed]),
        (paid.p8, [mine, theirs], [confirmed]),
        (net.p3, [theirs], []),
        (net.p2, [], []),
    ]
    for reader, terminals, confirmations in wanted:
        for name, expected in (("terminals", terminals), ("financial-advice-confirmations", confirmations)):
            answer = await reader.call(net.hub, "GET", f"{SENDER}/{name}")
            assert answer.json()["data"] == expected
            assert answer.headers["ocpi-from-party-id"] == "HUB"
    answer = await paid.p8.call(net.hub, "GET", f"{SENDER}/terminals?limit=1")
    following = answer.links["next"]["url"]
    assert following.startswith(f"https://hub.test/ocpi/2.3.0/{SENDER}/terminals?")
    answer = await paid.p8.call(net.hub, "GET", following.removeprefix("https://hub.test"))
    assert answer.json()["data"] == [theirs]
    assert (await net.p1.call(net.hub, "GET", f"{SENDER}/terminals/t1")).json()["data"] == mine
    assert codes(await net.p2.call(net.hub, "GET", f"{SENDER}/terminals/T1")) == (404, 2001)
    assert (await paid.p8.call(net.hub, "GET", f"{RECEIVER}/terminals/T1")).json()["data"] == mine
    assert codes(await net.p1.call(net.hub, "GET", f"{SENDER}/terminals", to=None)) == (200, 2001)


@spec("OCPI-PAY-12", "OCPI-HUB-45")
@pytest.mark.parametrize(
    ("method", "path", "body"), [step for step in FROM_OPERATOR + FROM_PROVIDER if step[0] != "GET"]
)
async def test_nothing_of_it_is_a_broadcast(paid: Paid, method: str, path: str, body: Any) -> None:
    caller = paid.net.p1 if "sender" in path else paid.p8
    assert codes(await caller.call(paid.net.hub, method, path, body)) == (200, 2001)
    await paid.net.relay()
    assert not paid.p8.received + paid.net.p1.received
    assert not paid.net.hub.storage.records.held


@spec("OCPI-PAY-04", "OCPI-HUB-67")
async def test_the_copy_follows_what_the_operator_changes(paid: Paid) -> None:
    net = paid.net
    await paid.p8.call(net.hub, "POST", f"{RECEIVER}/terminals", terminal(x=1.50), to="NLCPA")
    change = {"location_ids": ["LOC2"], "evse_uids": ["E1"], "city": None}
    await net.p1.call(net.hub, "PATCH", f"{SENDER}/terminals/t1", change, to="ATPTH")
    changed = terminal(x=1.50, location_ids=["LOC2"], evse_uids=["E1"])
    assert (await net.p1.call(net.hub, "GET", f"{SENDER}/terminals")).json()["data"] == [changed]
    await net.p1.call(net.hub, "PATCH", f"{SENDER}/terminals/T1", {"location_ids": 5}, to="ATPTH")
    await net.p1.call(net.hub, "PATCH", f"{SENDER}/terminals/T1", {"terminal_id": "T9"}, to="ATPTH")
    await net.p1.call(net.hub, "PUT", f"{SENDER}/terminals/T1", terminal(terminal_id="T9"), to="ATPTH")
    assert (await net.p1.call(net.hub, "GET", f"{SENDER}/terminals")).json()["data"] == [changed]
    replaced = terminal(last_updated=T1)
    await net.p1.call(net.hub, "PUT", f"{SENDER}/terminals/T1", replaced, to="ATPTH")
    assert (await net.p1.call(net.hub, "GET", f"{SENDER}/terminals")).json()["data"] == [replaced]


# --- who has it


@spec("OCPI-PAY-13", "OCPI-V221-17")
async def test_partners_without_the_module(paid: Paid) -> None:
    net = paid.net
    roles = (("CPO", "AT", "EMD"), ("EMSP", "AT", "EMD"))
    old = await OcpiPartner("p4.test", *roles, version="2.2.1").join(net.hub)
    old.received.clear()
    for method, path, body in FROM_PROVIDER:
        assert codes(await paid.p8.call(net.hub, method, path, body, to="ATEMD")) == (200, 4000)
    for method, path, body in FROM_OPERATOR:
        assert codes(await net.p1.call(net.hub, method, path, body, to="ATEMD")) == (200, 4000)
    assert not old.received


@spec("OCPI-PAY-15")
async def test_a_provider_is_called_what_the_reader_understands(net: OcpiNet) -> None:
    provider = await OcpiPartner("p8.test", ("PTP", "AT", "PTH")).join(net.hub)
    plain = tuple(one for one in EVERYTHING if one[0] != "payments")
    without = await OcpiPartner("p9.test", ("CPO", "NL", "QUI"), endpoints=plain).join(net.hub)
    await net.relay()
    for reader, role in ((net.p1, "PTP"), (without, "OTHER")):
        listed = (await reader.call(net.hub, "GET", "hubclientinfo", to=None)).json()["data"]
        assert [one["role"] for one in listed if one["party_id"] == "PTH"] == [role]
        credentials = (await reader.call(net.hub, "GET", "credentials", to=None)).json()["data"]
        assert [one["role"] for one in credentials["roles"] if one["party_id"] == "PTH"] == [role]
    told = [one.json for one in net.p1.seen("PUT", "hubclientinfo") if one.json["party_id"] == "PTH"]
    assert {one["role"] for one in told} == {"PTP"}
    await net.hub.hub.partners.suspend(
        next(x.id for x in net.hub.storage.partners.held.values() if x.name == "p8.test")
    )
    await net.relay()
    told = [one.json for one in without.seen("PUT", "hubclientinfo") if one.json["party_id"] == "PTH"]
    assert [one["role"] for one in told] == ["OTHER"]
    assert provider.token_c


@spec("OCPI-PAY-08")
async def test_tokens_of_a_provider_are_shown_to_operators(paid: Paid) -> None:
    net, mine = paid.net, token("anon-1", owner="ATPTH", type="AD_HOC_USER")
    answer = await paid.p8.call(net.hub, "PUT", "tokens/receiver/AT/PTH/anon-1?type=AD_HOC_USER", mine)
    assert codes(answer) == (201, 1000)
    assert (await net.p1.call(net.hub, "GET", "tokens/sender")).json()["data"] == [mine]
    assert (await net.p2.call(net.hub, "GET", "tokens/sender")).json()["data"] == []
