"""A live look at an OCPI partner: a good one passes, and each thing that is wrong is found, by its place."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode

import msgspec
import pytest

from core.errors import Invalid, Unsupported
from core.model.partner import Partner, PartnerState
from gateway.admin.views import check_view
from gateway.commands.check import check_lines
from protocols.checking import CheckReport, Finding, Level, Verdict
from protocols.emip.plugin import PLUGIN as EMIP
from protocols.ochp.plugin import PLUGIN as OCHP
from protocols.ocpi.check import visit
from protocols.ocpi.plugin import PLUGIN
from protocols.oicp.plugin import PLUGIN as OICP
from tests.flows.conftest import OcpiNet
from tests.flows.ocpi_partner import OcpiPartner, Received, cdr, envelope, location, session, token

Edit = Callable[[int, Any, dict[str, str]], tuple[int, Any, dict[str, str]]]
OWNER = "NLGUD"
LISTS = {
    "locations": [location(f"LOC{n}", OWNER, last_updated=f"2026-01-1{n}T10:00:00Z") for n in range(8)],
    "sessions": [session(f"S{n}", OWNER) for n in range(2)],
    "cdrs": [cdr("C1", OWNER)],
    "tariffs": [],
    "tokens": [token(f"04AA{n}", OWNER) for n in range(5)],
    "hubclientinfo": [],
}


class Good(OcpiPartner):
    """Keeps the rules. `edits` change what it answers to a module."""

    def __init__(self) -> None:
        super().__init__("good.test", ("CPO", "NL", "GUD"), ("EMSP", "NL", "GUD"))
        self.lists = {name: list(items) for name, items in LISTS.items()}
        self.edits: dict[str, Edit] = {}

    def _answer(self, request: Received) -> Any:
        status, body, headers = self._plain(request)
        ids = {name: request.headers[name] for name in ("x-request-id", "x-correlation-id")}
        module = request.segments[1] if len(request.segments) > 1 else request.segments[0]
        edit = self.edits.get(module)
        body = msgspec.json.decode(msgspec.json.encode(body)) if not isinstance(body, bytes) else body
        return edit(status, body, headers | ids) if edit else (status, body, headers | ids)

    def _plain(self, request: Received) -> Any:
        if not self._authorized(request):
            return 401, envelope(None, 2000), {}
        _, *rest = request.segments
        if request.method != "GET" or not rest or rest[0] not in (*self.lists, "credentials"):
            return super()._answer(request) if not rest or request.method != "GET" else (404, envelope(None, 2000), {})
        if rest[0] == "credentials":
            return 200, envelope(self.credentials(self.token_b)), {}
        return self._list(request, rest[0]) if len(rest) == 2 else self._one(rest)

    def _one(self, rest: list[str]) -> Any:
        found: Any = next((item for item in self.lists[rest[0]] if item["id"] == rest[2]), None)
        for member, name, wanted in zip(("evses", "connectors"), ("uid", "id"), rest[3:], strict=False):
            found = next((part for part in (found or {}).get(member, ()) if part[name] == wanted), None)
        return (200, envelope(found), {}) if found else (404, envelope(None, 2003), {})

    def _list(self, request: Received, name: str) -> Any:
        query = {key: values[0] for key, values in parse_qs(request.query).items()}
        matching = [
            item
            for item in self.lists[name]
            if query.get("date_from", "") <= item["last_updated"] < query.get("date_to", "9999")
        ]
        offset, limit = int(query.get("offset", 0)), min(int(query.get("limit", 50)), 50)
        headers = {"x-total-count": str(len(matching)), "x-limit": str(limit)}
        if offset + limit < len(matching):
            asked = urlencode({**query, "offset": offset + limit})
            headers["link"] = f'<{self.url}{request.path}?{asked}>; rel="next"'
        return 200, envelope(matching[offset : offset + limit]), headers


@pytest.fixture
async def good(net: OcpiNet) -> Good:
    partner = Good()
    await partner.join(net.hub)
    return partner


def held(net: OcpiNet) -> Partner:
    return next(partner for partner in net.hub.storage.partners.held.values() if partner.name == "good.test")


async def checked(net: OcpiNet) -> CheckReport:
    return await PLUGIN.check(net.hub.hub, held(net))


def broken(report: CheckReport) -> list[Finding]:
    return [found for found in report.findings if found.verdict is Verdict.BROKEN]


async def test_a_good_partner_passes(net: OcpiNet, good: Good) -> None:
    report = await checked(net)
    assert broken(report) == []
    assert report.passed
    assert {request.method for request in good.received} == {"GET"}
    subjects = {found.subject for found in report.findings if found.verdict is Verdict.KEPT}
    assert subjects >= {"versions", "version details", "credentials", "wrong token", "unknown path", "clock", *LISTS}
    assert report.calls == len(good.received) < visit.MOST_CALLS
    assert not net.hub.storage.locations.held
    listed = next(request for request in good.received if request.path.endswith("/locations/sender/"))
    assert (listed.party("to"), listed.party("from")) == (OWNER, "NLHUB")


def body(change: Callable[[Any], Any]) -> Edit:
    """Of successful answers that list something."""

    def edit(status: int, answer: Any, headers: dict[str, str]) -> Any:
        if status == 200 and answer.get("data"):
            answer["data"] = change(answer["data"])
        return status, answer, headers

    return edit


def header(name: str, value: str | None) -> Edit:
    def edit(status: int, answer: Any, headers: dict[str, str]) -> Any:
        kept = {key: text for key, text in headers.items() if key != name}
        return status, answer, kept if value is None else {**kept, name: value}

    return edit


def answer(status: int, content: Any) -> Edit:
    return lambda *_: (status, content, {})


def first(**changes: Any) -> Edit:
    def change(data: Any) -> Any:
        if isinstance(data, list):
            return [{**data[0], **changes}, *data[1:]]
        return data

    return body(change)


def stamped(text: Any) -> Edit:
    return lambda status, answer, headers: (status, {**answer, "timestamp": text}, headers)


MUSTS = [
    ("versions", answer(500, b"oops"), "versions", "requests succeed", "HTTP 500 without an OCPI envelope"),
    (
        "versions",
        body(lambda d: [{"version": "2.3.0"}]),
        "versions",
        "as specified",
        "/data/0: Object missing required field `url`",
    ),
    (
        "versions",
        body(lambda d: [{**d[0], "version": "2.2.1"}]),
        "versions",
        "registered version is listed",
        "2.3.0 is not among 2.2.1",
    ),
    ("versions", header("content-type", "text/plain"), "versions", "application/json", "Content-Type is text/plain"),
    ("versions", stamped("yesterday"), "versions", "timestamp", "/timestamp: 'yesterday'"),
    ("versions", header("x-request-id", "another"), "versions", "ids of their request", "x-request-id: another"),
    (
        "2.3.0",
        body(lambda d: {**d, "endpoints": [{"identifier": "x"}]}),
        "version details",
        "as specified",
        "/data/endpoints/0",
    ),
    (
        "2.3.0",
        body(lambda d: {**d, "version": "2.2.1"}),
        "version details",
        "version that was asked for",
        "/data/version is 2.2.1",
    ),
    (
        "2.3.0",
        body(lambda d: {**d, "endpoints": d["endpoints"][1:]}),
        "version details",
        "credentials are among",
        "no credentials",
    ),
    ("credentials", body(lambda d: {**d, "token": "other"}), "credentials", "in use", "/data/token is not the one"),
    ("credentials", body(lambda d: {**d, "roles": []}), "credentials", "as specified", "/data/roles"),
    ("locations", answer(200, envelope({"id": "LOC1"})), "locations", "the first page can be had", "/data is no array"),
    ("locations", header("x-total-count", None), "locations", "how many there are", "X-Total-Count is missing"),
    ("locations", header("x-limit", "many"), "locations", "how many there are", "X-Limit is missing"),
    ("locations", header("x-limit", "2"), "locations", "X-Limit says", "5 objects, X-Limit is 2"),
    ("locations", header("link", None), "locations", "not the last has a next link", "5 of 8, no Link"),
    ("locations", header("link", "</next>; rel=next"), "locations", "next link is absolute", "/next"),
    ("tokens", header("link", '<https://good.test/x>; rel="next"'), "tokens", "last page has no next link", "all 5"),
    (
        "locations",
        body(lambda d: d[:1] * len(d) if isinstance(d, list) else d),
        "locations",
        "no object is listed twice",
        "'LOC0'",
    ),
    (
        "locations",
        first(coordinates={"latitude": "52", "longitude": "5.11040"}),
        "locations",
        "objects are as specified",
        "/data/0/coordinates/latitude",
    ),
    ("locations", first(evses=[{"uid": "E1"}]), "locations", "objects are as specified", "/data/0/evses/0"),
    ("locations", first(id="x" * 37), "locations", "objects are as specified", "/data/0/id"),
    (
        "locations",
        first(last_updated="2031-01-01T00:00:00Z"),
        "locations",
        "does not lie in the future",
        "/data/0/last_updated",
    ),
    ("locations", first(party_id="OTH"), "locations", "parties of the platform", "/data/0/party_id: NL*OTH"),
    ("tokens", first(whitelist="SOMETIMES"), "tokens", "objects are as specified", "/data/0/whitelist"),
    ("cdrs", first(total_cost=None), "cdrs", "objects are as specified", "/data/0/total_cost"),
    ("cdrs", answer(401, envelope(None, 2000)), "cdrs", "the first page can be had", "HTTP 401, status code 2000"),
]


@pytest.mark.parametrize(
    ("module", "edit", "subject", "rule", "detail"), MUSTS, ids=[f"{m[2]}-{m[3]}-{m[4][:20]}" for m in MUSTS]
)
async def test_what_is_wrong_is_found(
    net: OcpiNet, good: Good, module: str, edit: Edit, subject: str, rule: str, detail: str
) -> None:
    good.edits[module] = edit
    report = await checked(net)
    found = [f for f in broken(report) if f.subject == subject and rule in f.rule]
    assert found, broken(report)
    assert found[0].level is Level.MUST
    assert any(detail in said for said in found[0].details), found
    assert not report.passed
    assert good.token_b not in msgspec.json.encode(report).decode()


class Deaf(Good):
    """Does not look at one parameter."""

    unheard = ""

    def _list(self, request: Received, name: str) -> Any:
        query = {key: values[0] for key, values in parse_qs(request.query).items() if key != self.unheard}
        return super()._list(Received("GET", request.path, urlencode(query), request.headers, b""), name)


@pytest.mark.parametrize(
    ("unheard", "rule"),
    [
        ("limit", "a page is not longer than was asked for"),
        ("offset", "the next link leads on"),
        ("offset", "behind the end of a list there is nothing"),
        ("offset", "offset counts objects of the same list"),
        ("date_from", "date_from leaves out what is older"),
        ("date_from", "date_from is about last_updated, and inclusive"),
        ("date_to", "date_to leaves out what is younger"),
    ],
)
async def test_a_parameter_that_is_not_heeded_is_found(net: OcpiNet, unheard: str, rule: str) -> None:
    partner = Deaf()
    await partner.join(net.hub)
    partner.unheard = unheard
    assert rule in {found.rule for found in broken(await checked(net)) if found.subject == "locations"}


async def test_strangers_are_kept_out(net: OcpiNet, good: Good) -> None:
    good.guard = False
    good._authorized = lambda _: True  # type: ignore[method-assign]
    assert "a wrong token gets HTTP 401" in {found.rule for found in broken(await checked(net))}


async def test_what_is_not_there(net: OcpiNet, good: Good) -> None:
    plain = good._plain

    def pretends(request: Received) -> Any:
        status, content, headers = plain(request)
        return (200, envelope({"id": "?"}), headers) if status == 404 else (status, content, headers)

    good._plain = pretends  # type: ignore[method-assign]
    rules = {found.rule for found in broken(await checked(net))}
    assert {"what is no endpoint gets HTTP 404", "an unknown location is HTTP 404 or a status code 2xxx"} <= rules


async def test_a_location_by_itself_is_that_of_the_list(net: OcpiNet, good: Good) -> None:
    one = good._one
    good._one = lambda rest: (404, envelope(None, 2003), {}) if len(rest) > 3 else one(rest)  # type: ignore[method-assign]
    rules = {found.rule for found in broken(await checked(net))}
    assert rules == {"an EVSE can be had by itself", "a connector can be had by itself"}


async def test_what_is_no_must_does_not_fail(net: OcpiNet, good: Good) -> None:
    good.edits["2.3.0"] = body(
        lambda d: {
            **d,
            "endpoints": [*d["endpoints"], {"identifier": "secret", "role": "SENDER", "url": "https://good.test/x"}],
        }
    )
    late = (net.hub.clock.now() - timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    good.edits["versions"] = header("date", late)
    report = await checked(net)
    assert {(found.subject, found.level) for found in broken(report)} == {
        ("clock", Level.SHOULD),
        ("version details", Level.SHOULD),
    }
    assert report.passed


async def test_a_silent_partner(net: OcpiNet, good: Good) -> None:
    net.hub.network.silence(good.host)
    report = await checked(net)
    assert not report.passed
    assert "cannot be reached" in broken(report)[0].details[0]
    assert report.calls == 1


async def test_the_calls_of_a_check_are_bounded(net: OcpiNet, good: Good, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit, "MOST_CALLS", 7)
    report = await checked(net)
    assert report.calls == len(good.received) == 7
    assert report.findings[-1].verdict is Verdict.SKIPPED


async def test_only_a_connected_partner_is_checked(net: OcpiNet, good: Good) -> None:
    await net.hub.hub.partners.suspend(held(net).id)
    with pytest.raises(Invalid):
        await checked(net)
    assert held(net).state is PartnerState.SUSPENDED
    assert not good.received


@pytest.mark.parametrize("plugin", [EMIP, OCHP, OICP], ids=lambda plugin: plugin.id)
async def test_other_protocols_say_that_they_cannot(net: OcpiNet, good: Good, plugin: Any) -> None:
    with pytest.raises(Unsupported):
        await plugin.check(net.hub.hub, held(net))


async def test_the_page_to_read(net: OcpiNet, good: Good) -> None:
    good.edits["locations"] = first(id="x" * 37)
    view = msgspec.to_builtins(check_view(await checked(net)))
    assert view["passed"] is False
    lines = list(check_lines(view))
    assert lines[0].startswith("good.test: ocpi 2.3.0, ")
    at = lines.index("  MUST   objects are as specified")
    assert lines[at + 1].strip().startswith("/data/0/id: ")
    assert lines[at + 2].strip() == "see mod_locations"
    assert "FAILED: " in lines[-1]
