"""OCPI: who may call, message ids, envelopes, paths and methods."""

import base64
import re
from datetime import UTC, datetime

import msgspec
import pytest

from protocols.ocpi.plugin import PLUGIN
from tests.flows.conftest import OcpiNet
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import call, location, session, token

spec = pytest.mark.spec
VERSIONS = "/ocpi/versions"


@spec("OCPI-TRN-01", "OCPI-TRN-15", "OCPI-VER-03")
async def test_no_header_is_401_with_an_envelope(net: OcpiNet) -> None:
    for path in (VERSIONS, "/ocpi/2.3.0", "credentials", "locations/sender", "hubclientinfo"):
        answer = await call(net.hub, "GET", path, token=None)
        assert (answer.status_code, answer.json()["status_code"]) == (401, 2000)
        assert answer.json()["timestamp"].endswith("Z")


@spec("OCPI-TRN-03", "OCPI-VER-03")
async def test_random_token_is_401(net: OcpiNet) -> None:
    for path in (VERSIONS, "/ocpi/2.3.0", "locations/sender"):
        assert (await call(net.hub, "GET", path, token="nobody-has-this")).status_code == 401


@spec("OCPI-TRN-13")
@pytest.mark.parametrize(
    "header", ["Bearer x", "Token ###", "Token", "Token ", "", "Basic QTpC", "Token =AA", "Token \xff"]
)
async def test_odd_headers_are_unknown_tokens(net: OcpiNet, header: str) -> None:
    answer = await net.hub.client.get(VERSIONS, headers={"authorization": header.encode("latin-1")})
    assert answer.status_code == 401


@spec("OCPI-TRN-04", "OCPI-VER-02")
async def test_token_a_is_for_versions_and_credentials_only(net: OcpiNet) -> None:
    _, shown = await net.hub.add({"name": "new", "protocol": "ocpi", "roles": [_role("CPO", "NL", "NEW")]})
    token_a = shown["token_a"]
    for path in (VERSIONS, "/ocpi/2.3.0", "credentials"):
        answer = await call(net.hub, "GET", path, token=token_a)
        assert (answer.status_code, answer.json()["status_code"]) == (200, 1000)
    for path in ("locations/sender", "hubclientinfo", "tokens/sender"):
        assert (await call(net.hub, "GET", path, token=token_a)).status_code == 401


@spec("OCPI-TRN-06")
async def test_token_with_line_feed_is_accepted(net: OcpiNet) -> None:
    header = "Token " + base64.b64encode(f"{net.p2.token_c}\n".encode()).decode()
    assert (await net.hub.client.get(VERSIONS, headers={"authorization": header})).status_code == 200


@spec("OCPI-TRP-02")
@spec("OCPI-TRN-07", "OCPI-TRN-14")
async def test_raw_token_is_accepted_also_when_it_looks_like_base64(net: OcpiNet) -> None:
    looks_encoded = "QUJDREVGR0hJSktMTU5PUA=="
    partner = next(x for x in net.hub.storage.partners.held.values() if x.name == "p2.test")
    kind = next(kind for (held, kind) in net.hub.storage.partners.secrets if held == partner.id and kind == "INBOUND")
    for secret in (net.p2.token_c, looks_encoded):
        net.hub.storage.partners.secrets[partner.id, kind] = secret or ""
        for scheme in ("Token", "token", "TOKEN"):
            answer = await net.hub.client.get(VERSIONS, headers={"authorization": f"{scheme} {secret}"})
            assert answer.status_code == 200


@spec("OCPI-TRP-01")
@spec("OCPI-TRN-02", "OCPI-TRN-05", "OCPI-HUB-17")
async def test_the_hub_shows_the_encoded_token_and_nothing_else(net: OcpiNet) -> None:
    await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    await net.relay()
    (request,) = net.p2.seen("PUT", "locations")
    header = request.headers["authorization"]
    assert header.startswith("Token ")
    assert base64.b64decode(header.removeprefix("Token "), validate=True) == net.p2.token_b.encode()
    assert net.p1.token_c is not None
    assert net.p1.token_c not in str(request.headers)


@spec("OCPI-TRN-10", "OCPI-TRN-11")
async def test_tokens_of_the_hub_are_unique_and_printable(net: OcpiNet) -> None:
    shown = [
        (await net.hub.add({"name": f"n{i}", "protocol": "ocpi", "roles": [_role("CPO", "NL", f"N{i:02}")]}))[1]
        for i in range(20)
    ]
    tokens = [one["token_a"] for one in shown] + [net.p1.token_c, net.p2.token_c, net.p3.token_c]
    assert len(set(tokens)) == len(tokens)
    assert all(re.fullmatch(r"[\x21-\x7e]{22,64}", one) for one in tokens)


@spec("OCPI-TRN-17", "OCPI-TRN-18")
@pytest.mark.parametrize(
    "path", ["locations/sender", "locations/sender?offset=-1", "locations/sender/NOPE", "nonsense"]
)
async def test_message_ids_come_back(net: OcpiNet, path: str) -> None:
    ids = {"X-Request-ID": "request 1", "X-Correlation-ID": "Correlation-1"}
    answer = await net.p2.call(net.hub, "GET", path, headers=ids)
    assert answer.headers["x-request-id"] == "request 1"
    assert answer.headers["x-correlation-id"] == "Correlation-1"


@spec("OCPI-TRN-22", "OCPI-TRN-23")
async def test_missing_message_ids_are_made(net: OcpiNet) -> None:
    answer = await net.p2.call(net.hub, "GET", "locations/sender")
    assert answer.status_code == 200
    pattern = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert all(re.fullmatch(pattern, answer.headers[name]) for name in ("x-request-id", "x-correlation-id"))


@spec("OCPI-TRN-16", "OCPI-TRN-19", "OCPI-TRN-20", "OCPI-HUB-48")
async def test_copies_have_their_own_request_id_and_the_correlation_id_of_the_broadcast(net: OcpiNet) -> None:
    ids = {"X-Request-ID": "mine", "X-Correlation-ID": "whole path"}
    await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location(), headers=ids)
    await net.relay()
    copies = net.p2.seen("PUT", "locations") + net.p3.seen("PUT", "locations")
    assert len(copies) == 3
    request_ids = {copy.headers["x-request-id"] for copy in copies}
    assert len(request_ids) == 3
    assert "mine" not in request_ids
    assert {copy.headers["x-correlation-id"] for copy in copies} == {"whole path"}


@spec("OCPI-TRN-25")
async def test_header_names_have_no_case(net: OcpiNet) -> None:
    encoded = base64.b64encode((net.p2.token_c or "").encode()).decode()
    headers = {
        "AUTHORIZATION": f"Token {encoded}",
        "ocpi-TO-country-CODE": "nl",
        "ocpi-TO-party-ID": "hub",
        "x-request-id": "r",
    }
    answer = await net.hub.client.get("/ocpi/2.3.0/locations/sender", headers=headers)
    assert answer.json()["status_code"] == 1000
    assert answer.headers["X-Request-ID"] == "r"


@spec("OCPI-TRN-27", "OCPI-TRN-28")
async def test_content_type_of_what_the_hub_sends(net: OcpiNet) -> None:
    await net.p1.call(net.hub, "PUT", "tariffs/receiver/NL/CPA/T1", _tariff())
    await net.p1.call(net.hub, "DELETE", "tariffs/receiver/NL/CPA/T1")
    await net.relay()
    (delete,) = net.p2.seen("DELETE", "tariffs")
    assert delete.headers.get("content-type", "application/json") == "application/json"
    await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    await net.relay()
    (put,) = net.p2.seen("PUT", "locations")
    assert put.headers["content-type"] == "application/json"
    put.body.decode()


@spec("OCPI-TRN-29")
@pytest.mark.parametrize("kind", [None, "text/plain", "application/json; charset=utf-8"])
async def test_content_type_of_what_the_hub_gets_does_not_matter(net: OcpiNet, kind: str | None) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location(), headers=headers)
    assert answer.status_code == 201


@spec("OCPI-TRN-30")
@pytest.mark.parametrize("body", [b'{"a":', b"", b"\xff\xfe", b'{"city":"\xff"}', b"[" * 100_000])
async def test_what_is_not_json_is_400(net: OcpiNet, body: bytes) -> None:
    answer = await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", body)
    assert (answer.status_code, answer.json()["status_code"]) == (400, 2001)
    assert not net.hub.storage.locations.held


@spec("OCPI-TRP-26")
@spec("OCPI-TRN-31", "OCPI-STC-22")
@pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"null", b"{}"])
async def test_json_that_is_no_object_of_the_request_is_2001(net: OcpiNet, body: bytes) -> None:
    answer = await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", body)
    assert (answer.status_code, answer.json()["status_code"]) == (200, 2001)


@spec("OCPI-TRP-30")
@spec("OCPI-TRN-32", "OCPI-COP-08", "OCPI-COP-19")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "locations/receiver/NL/CPA/LOC1"),
        ("DELETE", "locations/receiver/NL/CPA/LOC1"),
        ("PUT", "locations/sender"),
        ("PATCH", "locations/sender/LOC1"),
        ("POST", "tariffs/receiver/NL/CPA/1"),
        ("PATCH", "tariffs/receiver/NL/CPA/1"),
        ("DELETE", "tokens/receiver/DE/EMB/1"),
        ("POST", "sessions/receiver/NL/CPA/1"),
        ("DELETE", "sessions/receiver/NL/CPA/1"),
        ("PUT", "cdrs/receiver"),
        ("DELETE", "cdrs/receiver"),
        ("PATCH", "credentials"),
        ("POST", "hubclientinfo"),
        ("HEAD", "locations/sender"),
    ],
)
async def test_methods_that_are_not_offered_are_405_with_allow(net: OcpiNet, method: str, path: str) -> None:
    answer = await net.p1.call(net.hub, method, path, b"{}")
    assert answer.status_code == 405
    assert answer.headers["allow"]
    assert method not in answer.headers["allow"]
    if method != "HEAD":
        assert answer.json()["status_code"] == 2000


@spec("OCPI-TRN-33", "OCPI-VER-10")
@pytest.mark.parametrize(
    "path",
    ["/ocpi/nonsense", "/ocpi", "/ocpi/2.9.9", "/ocpi/2.9.9/locations", "nonsense", "locations", "locations/both"],
)
async def test_paths_that_are_no_endpoint_are_404_with_an_envelope(net: OcpiNet, path: str) -> None:
    answer = await net.p1.call(net.hub, "GET", path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["status_code"] == 2001


@spec("OCPI-TRP-45")
@spec("OCPI-TRN-34")
async def test_one_slash_in_and_out(net: OcpiNet) -> None:
    assert (await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1/", location())).status_code == 201
    assert (await net.p2.call(net.hub, "GET", "locations/sender/")).json()["data"]
    await net.relay()
    (request,) = net.p2.seen("PUT", "locations")
    assert request.path == "/2.3.0/locations/receiver/NL/CPA/LOC1"


@spec("OCPI-TRN-35", "OCPI-TOK-19")
async def test_ids_survive_the_path(net: OcpiNet) -> None:
    uid = "AB/12#3+ %C*"
    path = "tokens/receiver/DE/EMB/AB%2F12%233%2B%20%25C*"
    answer = await net.p2.call(net.hub, "PUT", path, token(uid))
    assert answer.status_code == 201, answer.text
    await net.relay()
    (request,) = net.p1.seen("PUT", "tokens/receiver/DE/EMB")[:1]
    assert request.segments[-1] == uid
    assert "//" not in request.path


@spec("OCPI-TRP-39")
@spec("OCPI-TRN-36", "OCPI-TYP-04")
async def test_ids_have_no_case_and_keep_their_spelling(net: OcpiNet) -> None:
    await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/Loc1", location("Loc1"))
    answer = await net.p1.call(net.hub, "GET", "locations/receiver/nl/cpa/lOC1")
    assert answer.json()["data"]["id"] == "Loc1"
    body = location("LOC1", country_code="nl", party_id="Cpa")
    assert (await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/loc1", body)).status_code == 200
    data = (await net.p2.call(net.hub, "GET", "locations/sender/loc1")).json()["data"]
    assert (data["country_code"], data["party_id"]) == ("nl", "Cpa")


@spec("OCPI-TRN-38", "OCPI-TRN-39", "OCPI-TRN-42", "OCPI-TRN-43")
async def test_envelopes(net: OcpiNet) -> None:
    empty = await net.p2.call(net.hub, "GET", "locations/sender")
    assert empty.json() == {
        "data": [],
        "status_code": 1000,
        "status_message": "Success",
        "timestamp": "2026-01-15T12:00:00Z",
    }
    await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    one = await net.p2.call(net.hub, "GET", "locations/sender/LOC1")
    assert isinstance(one.json()["data"], dict)
    assert one.headers["content-type"] == "application/json"
    assert datetime.fromisoformat(one.json()["timestamp"]) == datetime(2026, 1, 15, 12, tzinfo=UTC)


@spec("OCPI-TRN-40")
async def test_no_data_where_none_is_defined(net: OcpiNet) -> None:
    answer = await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S1", session(), to="DEEMB")
    assert answer.json()["status_code"] == 1000
    assert "data" not in answer.json()


@spec("OCPI-TRP-36", "OCPI-TRP-37")
@spec("OCPI-TRN-44", "OCPI-TRN-45", "OCPI-TRN-46", "OCPI-HUB-68")
async def test_unknown_fields_and_open_words_survive(net: OcpiNet) -> None:
    body = location(foo=1, evses=[_evse_with_future()], facilities=["HOTEL", "SAUNA"])
    assert (await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", body)).status_code == 201
    await net.relay()
    (request,) = net.p2.seen("PUT", "locations")
    stored = (await net.p2.call(net.hub, "GET", "locations/sender")).json()["data"][0]
    for data in (request.json, stored):
        assert data == body


@spec("OCPI-TRP-38", "OCPI-TRP-73")
@spec("OCPI-TRN-47")
async def test_numbers_keep_their_digits(net: OcpiNet) -> None:
    text = (
        msgspec.json.encode(_tariff()).replace(b"0.25", b"100000000.0001").replace(b'"step_size":1', b'"step_size":1')
    )
    text = text.replace(b'"elements"', b'"min_price":{"before_taxes":0.1,"after_taxes":12.3450},"elements"')
    assert (await net.p1.call(net.hub, "PUT", "tariffs/receiver/NL/CPA/T1", text)).status_code == 201
    await net.relay()
    (request,) = net.p2.seen("PUT", "tariffs")
    listed = (await net.p2.call(net.hub, "GET", "tariffs/sender")).content
    for body in (request.body, listed):
        assert b"100000000.0001" in body
        assert b'"before_taxes":0.1,' in body
        assert re.search(rb'"after_taxes":12\.3450?\b', body)


@spec("OCPI-STC-01", "OCPI-STC-21")
async def test_hub_errors_say_why(net: OcpiNet) -> None:
    for path in ("locations/sender?limit=0", "sessions/sender"):
        answer = (await net.p2.call(net.hub, "GET", path)).json()
        assert answer["status_code"] == 2001
        assert answer["status_message"]
        assert answer.get("data") is None


@spec("OCPI-STC-09")
async def test_a_store_that_is_out_of_reach_is_3000(net: OcpiNet, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.errors import Unavailable

    async def down(*_: object, **__: object) -> None:
        raise Unavailable("database: secret host name")

    monkeypatch.setattr(net.hub.storage.locations, "save", down)
    answer = await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    assert (answer.status_code, answer.json()["status_code"]) == (200, 3000)
    assert "secret" not in answer.text


async def test_a_fault_of_the_hub_is_3000_and_no_stack_trace(net: OcpiNet, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(net.hub.storage.locations, "save", broken)
    answer = await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    assert (answer.status_code, answer.json()["status_code"]) == (200, 3000)
    assert "secret" not in answer.text


@spec("OCPI-HUB-95")
async def test_a_body_over_the_limit_is_413_with_an_envelope() -> None:
    async with TestHub.open([PLUGIN], max_body_bytes=1000) as hub:
        from tests.flows.ocpi_partner import OcpiPartner

        partner = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        big = location(name="x" * 250, address="y" * 250, evses=[_evse_with_future()] * 5)
        answer = await partner.call(hub, "PUT", "locations/receiver/NL/CPA/LOC1", big)
        assert (answer.status_code, answer.json()["status_code"]) == (413, 2000)
        assert not hub.storage.locations.held

        async def chunks():  # type: ignore[no-untyped-def]
            for _ in range(20):
                yield b" " * 100

        encoded = base64.b64encode((partner.token_c or "").encode()).decode()
        url = "/ocpi/2.3.0/locations/receiver/NL/CPA/LOC1"
        answer = await hub.client.put(url, content=chunks(), headers={"authorization": f"Token {encoded}"})
        assert answer.status_code == 413
        assert not hub.storage.locations.held


@spec("OCPI-VER-01", "OCPI-VER-15", "OCPI-TRN-37", "OCPI-GEN-03")
async def test_version_list(net: OcpiNet) -> None:
    answer = await call(net.hub, "GET", VERSIONS, token=net.p2.token_c)
    listed = {entry["version"]: entry["url"] for entry in answer.json()["data"]}
    assert listed["2.3.0"] == "https://hub.test/ocpi/2.3.0"
    assert not {"2.0", "2.1", "2.2"} & set(listed)


@spec("OCPI-VER-04", "OCPI-VER-05", "OCPI-VER-06", "OCPI-TRN-37")
async def test_version_details(net: OcpiNet) -> None:
    answer = await call(net.hub, "GET", "/ocpi/2.3.0", token=net.p2.token_c)
    details = answer.json()["data"]
    assert details["version"] == "2.3.0"
    pairs = [(one["identifier"], one["role"]) for one in details["endpoints"]]
    assert len(pairs) == len(set(pairs))
    assert [pair for pair in pairs if pair[0] == "credentials"] == [("credentials", "SENDER")]
    for module in ("locations", "sessions", "cdrs", "tariffs", "tokens"):
        assert {(module, "SENDER"), (module, "RECEIVER")} <= set(pairs)
    assert ("hubclientinfo", "SENDER") in pairs
    assert all(one["url"].startswith("https://hub.test/ocpi/2.3.0/") for one in details["endpoints"])


@spec("OCPI-VER-16")
async def test_versions_change_nothing(net: OcpiNet) -> None:
    before = dict(net.hub.storage.partners.held), dict(net.hub.storage.outbox.events)
    for _ in range(100):
        await call(net.hub, "GET", VERSIONS, token=net.p2.token_c)
    assert (net.hub.storage.partners.held, net.hub.storage.outbox.events) == before


@spec("OCPI-VER-09", "OCPI-CRD-38")
async def test_config_modules_ignore_routing_headers(net: OcpiNet) -> None:
    for path in (VERSIONS, "/ocpi/2.3.0", "credentials", "hubclientinfo"):
        answer = await call(net.hub, "GET", path, token=net.p2.token_c, to="ZZZZZ", sender="XXYYY")
        assert answer.json()["status_code"] == 1000
        assert not [name for name in answer.headers if name.startswith("ocpi-")]


async def test_the_short_version_is_an_alias(net: OcpiNet) -> None:
    long, short = [await call(net.hub, "GET", path, token=net.p2.token_c) for path in ("/ocpi/2.3.0", "/ocpi/2.3")]
    assert long.json() == short.json()
    path = "/ocpi/2.3/locations/receiver/NL/CPA/LOC1"
    assert (await net.p1.call(net.hub, "PUT", path, location())).status_code == 201


def _role(role: str, country: str, party: str) -> dict[str, str]:
    return {"role": role, "country_code": country, "party_id": party}


def _tariff() -> dict[str, object]:
    from tests.flows.ocpi_partner import tariff

    return tariff()


def _evse_with_future() -> dict[str, object]:
    from tests.flows.ocpi_partner import connector, evse

    plug = connector(standard="FUTURE_PLUG", bar={"x": [1, 2.5]})
    return evse(connectors=[plug], capabilities=["RESERVABLE", "LEVITATION"], baz=None)
