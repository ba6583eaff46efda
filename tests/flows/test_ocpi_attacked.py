"""Whatever a partner sends to whichever endpoint: an OCPI answer, never a fault of the hub's, nothing half-stored.

The endpoints are those of the router, so that a module that comes is attacked without being named here."""

import asyncio
import logging
from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from protocols.ocpi.plugin import PLUGIN, ocpi_routes
from protocols.ocpi.server.routes import Route
from protocols.ocpi.versions import VERSIONS
from tests.flows.hub import TestHub
from tests.flows.ocpi_2_1_1_partner import OldPartner, old_location, old_session, old_token
from tests.flows.ocpi_partner import (
    OcpiPartner,
    cast,
    cdr,
    connector,
    evse,
    location,
    period,
    session,
    tariff,
    token,
)
from tests.flows.test_ocpi_bookings import booking, calendar, place, wish
from tests.flows.test_ocpi_chargingprofiles import ACTIVE, PROFILE
from tests.flows.test_ocpi_invoices import record
from tests.flows.test_ocpi_payments import advice, terminal

spec = pytest.mark.spec
T1 = "2026-01-15T12:01:00Z"
KEPT = ("locations", "tokens", "sessions", "tariffs", "cdrs", "records", "commands")

# --- what is sent

URL = "https://p2.test/cb/1"
START = {"response_url": URL, "token": token(), "location_id": "LOC1", "evse_uid": "E1", "connector_id": "1"}
RESERVE = {"response_url": URL, "token": token(), "expiry_date": T1, "reservation_id": "R1", "location_id": "LOC1"}
VALID: list[Any] = [
    *(location(), old_location(), evse(), connector(), {"status": "CHARGING", "last_updated": T1}),
    *(token(), old_token(), {"location_id": "LOC1", "evse_uids": ["E1"]}, session(), cdr(), tariff()),
    *({"kwh": 2, "charging_periods": [period()], "last_updated": T1}, {"charger_type": "x"}),
    *(START, RESERVE),
    {"response_url": URL, "session_id": "S1"},
    {"response_url": URL, "reservation_id": "R1"},
    {"result": "ACCEPTED", "timeout": 30},
    {"profile_type": "FAST", "departure_time": T1, "energy_need": 40, "discharge_allowed": True},
    {"charging_profile": PROFILE, "response_url": URL},
    *(ACTIVE, record(), terminal(), advice(), place(), calendar(), wish(), booking()),
    *(
        OcpiPartner("p1.test", ("CPO", "NL", "CPA")).credentials(),
        OldPartner("p6.test", "CPO", "IT", "CPF").credentials(),
    ),
    {"country_code": "NL", "party_id": "CPA", "role": "CPO", "status": "CONNECTED", "last_updated": T1},
]
GOOD: list[tuple[int, str, str, Any]] = [
    (0, "PUT", "locations/receiver/NL/CPA/LOC1", location(last_updated=T1)),
    (0, "PUT", "locations/receiver/NL/CPA/LOC1/E1", evse(last_updated=T1)),
    (0, "PATCH", "locations/receiver/NL/CPA/LOC1/E1", {"status": "CHARGING", "last_updated": T1}),
    (0, "PATCH", "locations/receiver/NL/CPA/LOC1/E1/1", {"tariff_ids": ["T1"], "last_updated": T1}),
    (0, "PUT", "tariffs/receiver/NL/CPA/T1", tariff(last_updated=T1)),
    (0, "PUT", "sessions/receiver/NL/CPA/S1", session()),
    (0, "PATCH", "sessions/receiver/NL/CPA/S1", {"kwh": 2, "charging_periods": [period()], "last_updated": T1}),
    (0, "POST", "cdrs/receiver", cdr()),
    (0, "POST", "tokens/sender/04AABBCC/authorize", {"location_id": "LOC1", "evse_uids": ["E1"]}),
    (0, "PUT", "bookings/receiver/NL/CPA/booking_locations/BL1", place()),
    (0, "PUT", "bookings/receiver/NL/CPA/booking_locations/BL1/CAL1", calendar(last_updated=T1)),
    (0, "PUT", "bookings/receiver/NL/CPA/B1", booking()),
    (0, "POST", "invoicereconciliation/receiver", record()),
    (1, "POST", "bookings/sender", wish()),
    (1, "PUT", "tokens/receiver/DE/EMB/04AABBCC", token(last_updated=T1)),
    (1, "PATCH", "tokens/receiver/DE/EMB/04AABBCC", {"valid": False, "last_updated": T1}),
    (1, "POST", "commands/receiver/START_SESSION", START),
    (1, "POST", "commands/receiver/RESERVE_NOW", RESERVE),
    (1, "PUT", "chargingprofiles/receiver/S1", {"charging_profile": PROFILE, "response_url": URL}),
    (2, "PUT", "tokens/receiver/BE/EMS/04AABBCC", token(owner="BEEMS")),
    (2, "POST", "commands/receiver/STOP_SESSION", {"response_url": URL, "session_id": "S1"}),
    (3, "PUT", "locations/receiver/IT/CPF/L6", old_location()),
    (3, "PUT", "sessions/receiver/IT/CPF/S6", old_session()),
    (4, "PUT", "tokens/receiver/IT/EME/0456789A", old_token()),
    (4, "POST", "commands/receiver/START_SESSION", {"response_url": URL, "token": old_token(), "location_id": "LOC1"}),
]
ODD_JSON = [
    *("null", "true", "[]", "{}", '""', '"\\ud800"', '"\\u0000"', '"' + "x" * 300 + '"', '"2026-13-45T99:99:99Z"'),
    *("0", "-1", "1e400", "-0.0", "1E-400", "9" * 400, "0." + "1" * 400, "1" + "0" * 20, "NaN", "Infinity", "01"),
    *("[" * 2000 + "]" * 2000, '{"a":' * 2000 + "1" + "}" * 2000, "[[[[1]]]]", '{"-extra":1}', '{"":{"":null}}'),
    *('"0001-01-01T00:00:00Z"', '"9999-12-31T23:59:59Z"', '"NL"', '"http://10.0.0.1/"', '"é\u202e\ufeff😀"', "[null]"),
]
ODD_BODIES = [
    b"",
    b"\xff\xfe",
    b"\x00",
    b'{"id":"\xc3"}',
    b"{",
    b'{"a":1,"a":2}',
    b"[" * 50_000,
    *map(str.encode, ODD_JSON),
]
WORDS = [
    *("NL", "CPA", "DE", "EMB", "IT", "CPF", "LOC1", "L6", "E1", "1", "S1", "C1", "T1", "04AABBCC", "R1", "B1", "BL1"),
    *("CAL1", "IR1", "F1", "START_SESSION", "RESERVE_NOW", "authorize", "page", "booking_locations", "terminals"),
]
ODD_WORDS = [
    "",
    "%00",
    "%2F",
    "%2e%2e",
    "%FF",
    "%",
    "%C3%A9",
    "x" * 300,
    "a%20b",
    "%F0%9F%98%80",
    "$where",
    "'",
    "[]",
    "-1",
]
QUERIES = [
    *("date_from=2026-01-01T00:00:00Z", "date_to=2026-02-01T00:00:00", "offset=0", "offset=1", "limit=1", "limit=100"),
    *(
        "type=RFID",
        "duration=900",
        f"response_url={quote(URL, safe='')}",
        f"response_url={URL}?a=1&b=2",
        "type=APP_USER",
    ),
    *("timeslot_from=2026-01-01T00:00:00Z", "timeslot_to=2026-01-02T00:00:00Z", "type=x%00", "after=1", "type="),
    *(
        "offset=-1",
        "offset=" + "9" * 400,
        "limit=0",
        "limit=1e9",
        "limit=%C2%B2",
        "date_from=0001-01-01T00:00:00",
        "=",
        "&&",
    ),
    *(
        "date_from=9999-12-31T23:59:59Z",
        "date_from=x",
        "date_to=2026-01-01T00:00:00%2B01:00",
        "duration=-1",
        "duration=",
    ),
    *(
        "response_url=http://10.0.0.1/",
        "response_url=x",
        "response_url=",
        "%ff=%ff",
        "a" * 3000,
        "limit=1&limit=x",
        "%",
    ),
]
TO = ["NLHUB", "NLHUB", "NLCPA", "DEEMB", "ITCPF", "ITEME", "BEEMS", "XXXXX", "NL", "", "\xff\xfe", "nlhub", "NLALL"]
ODD_HEADERS = [
    *(("x-request-id", "\xff" * 40), ("x-correlation-id", "r" * 5000), ("content-type", "text/xml"), ("accept", "*")),
    *(("content-length", "9" * 30), ("authorization", "Token"), ("authorization", "Token \xff"), ("authorization", "")),
    *(
        ("ocpi-from-country-code", "DE"),
        ("ocpi-from-party-id", "\xe9"),
        ("x-limit", "1"),
        ("authorization", "Token %%%"),
    ),
    ("content-encoding", "gzip"),
]
METHODS = ["GET", "PUT", "POST", "PATCH", "DELETE"]
ODD_METHODS = ["HEAD", "OPTIONS", "TRACE", "BREW", "get"]


SPOKEN = ["2.3.0", "2.3.0", "2.2.1", "2.1.1", "2.1.1"]
"""By the partners."""


class Blow(NamedTuple):
    """`by`: which of the partners; None nobody."""

    by: int | None
    method: str
    path: str
    query: str
    to: str | None
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def __repr__(self) -> str:
        return f"{self.by} {self.method} {self.path}?{self.query} to={self.to} {self.headers} {self.body[:300]!r}"


def routes() -> list[Route]:
    return ocpi_routes(TestHub([PLUGIN]).hub)


ROUTES = routes()


def mutated(chance: Random, value: Any) -> Any:
    """One member, somewhere within, is otherwise, or is missing, or is new."""
    if isinstance(value, list) and value and not seldom(chance):
        place = chance.randrange(len(value))
        return [*value[:place], mutated(chance, value[place]), *value[place + 1 :]]
    if not isinstance(value, dict) or not value or seldom(chance):
        return odd(chance)
    name = chance.choice(sorted(value))
    way = chance.randrange(6)
    if way == 0:
        return {key: held for key, held in value.items() if key != name}
    if way == 1:
        return {**value, chance.choice(["", "-extra", "a.b", "$set", name.upper(), "\u0130"]): odd(chance)}
    return {**value, name: mutated(chance, value[name])}


def seldom(chance: Random) -> bool:
    return chance.random() < 0.1


def odd(chance: Random) -> msgspec.Raw:
    return msgspec.Raw(chance.choice(ODD_JSON).encode())


def some_body(chance: Random) -> bytes:
    if seldom(chance):
        return chance.choice([*ODD_BODIES, chance.randbytes(20)])
    value = chance.choice(VALID)
    for _ in range(chance.randrange(3)):
        value = mutated(chance, value) if isinstance(value, dict | list) else value
    body = msgspec.json.encode(value)
    twice = seldom(chance) and body.startswith(b"{") and len(body) > 2  # each member
    return body[:-1] + b"," + body[1:] if twice else body


def some_word(chance: Random) -> str:
    return chance.choice(ODD_WORDS) if seldom(chance) else chance.choice(WORDS)


def some_blow(chance: Random) -> Blow:
    return nearly_good(chance) if chance.random() < 0.6 else anything(chance)


def nearly_good(chance: Random) -> Blow:
    by, method, path, body = chance.choice(GOOD)
    for _ in range(chance.randrange(3)):
        body = mutated(chance, body) if isinstance(body, dict) else body
    to = chance.choice(["NLHUB", "DEEMB", "NLCPA", "ITEME", "ITCPF", None])
    query = chance.choice(QUERIES) if seldom(chance) else ""
    return Blow(by, method, f"/ocpi/{SPOKEN[by]}/{path}", query, to, (), msgspec.json.encode(body))


def anything(chance: Random) -> Blow:
    route = chance.choice(ROUTES)
    by = None if seldom(chance) else chance.randrange(len(SPOKEN))
    version = SPOKEN[by] if by is not None and not seldom(chance) else chance.choice([*VERSIONS, "2.3", "2.2", "x"])
    rest = [some_word(chance) for _ in range(route.length)]
    for at, word in route.fixed.items():
        rest[at] = word
    if seldom(chance):
        rest = chance.choices(WORDS + ODD_WORDS, k=chance.randrange(6))
    method = chance.choice(ODD_METHODS if seldom(chance) else [*route.methods] * 3 + METHODS)
    return Blow(
        by=by,
        method=method,
        path="/".join(["/ocpi", version, route.path, *rest]),
        query="&".join(chance.sample(QUERIES, chance.randrange(4))),
        to=chance.choice(TO) if chance.random() < 0.7 else None,
        headers=tuple(chance.sample(ODD_HEADERS, 1)) if seldom(chance) else (),
        body=some_body(chance) if method in ("PUT", "POST", "PATCH") or seldom(chance) else b"",
    )


# --- at whom


async def partners(hub: TestHub) -> list[OcpiPartner]:
    p1, p2, _ = cast()
    p5 = OcpiPartner("p5.test", ("EMSP", "BE", "EMS"), version="2.2.1")
    found = [p1, p2, p5, OldPartner("p6.test", "CPO", "IT", "CPF"), OldPartner("p7.test", "EMSP", "IT", "EME")]
    for partner in found:
        await partner.join(hub)
    await p1.call(hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    await p2.call(hub, "PUT", "tokens/receiver/DE/EMB/04AABBCC", token())
    return found


async def strike(hub: TestHub, struck: list[OcpiPartner], blow: Blow) -> httpx.Response:
    headers: dict[bytes, bytes] = {}
    if blow.by is not None:
        by = struck[blow.by]
        headers[b"authorization"] = f"Token {by.token_c}".encode()
        party = "".join(by.roles[0][1:])
        headers |= {b"ocpi-from-country-code": party[:2].encode(), b"ocpi-from-party-id": party[2:].encode()}
    if blow.to is not None:
        to = blow.to.encode("latin-1")
        headers |= {b"ocpi-to-country-code": to[:2], b"ocpi-to-party-id": to[2:]}
    headers |= {name.encode(): value.encode("latin-1") for name, value in blow.headers}
    path = f"{blow.path}?{blow.query}" if blow.query else blow.path
    url = httpx.URL("https://hub.test").copy_with(raw_path=path.encode("utf-8"))
    return await hub.client.request(blow.method, url, headers=list(headers.items()), content=blow.body)


def stored(hub: TestHub) -> str:
    return repr([getattr(hub.storage, name).held for name in KEPT])


def check(answer: httpx.Response) -> int:
    assert answer.status_code < 500, answer.text
    if answer.request.method == "HEAD":
        return 0
    said = msgspec.json.decode(answer.content)
    code, moment = said["status_code"], said["timestamp"]
    assert isinstance(code, int)
    assert isinstance(moment, str)
    assert answer.headers["x-request-id"]
    assert answer.headers["x-correlation-id"]
    return code


async def fight(sent: list[Blow]) -> None:
    """What may cost a partner its token comes last."""
    async with TestHub.open([PLUGIN]) as hub:
        struck = await partners(hub)
        for blow in sent:
            if "/credentials" not in blow.path:
                await stand(hub, struck, blow)
        await hub.relay()
        for by in struck:
            await read(hub, by)
        for blow in sent:
            if "/credentials" in blow.path:
                await stand(hub, struck, blow)


async def stand(hub: TestHub, struck: list[OcpiPartner], blow: Blow) -> None:
    before = stored(hub)
    answer = await strike(hub, struck, blow)
    code = check(answer)
    assert "the hub cannot" not in answer.text, blow
    assert not 2000 <= code < 3000 or stored(hub) == before, (blow, answer.text)


async def read(hub: TestHub, by: OcpiPartner) -> None:
    """Lists show what was taken."""
    for module in ("locations", "tokens", "sessions", "cdrs", "tariffs"):
        to = None if by.version == "2.1.1" else "NLHUB"
        answer = await by.call(hub, "GET", f"{module}/sender?date_from=2000-01-01T00:00:00Z", to=to)
        assert check(answer) == 1000, answer.text


@spec("OCPI-TRN-38")
@settings(max_examples=10, phases=[Phase.explicit, Phase.generate])
@given(st.randoms(use_true_random=True))
def test_whatever_comes_the_hub_answers_and_is_whole(chance: Random) -> None:
    logging.disable(logging.CRITICAL)
    try:
        asyncio.run(fight([some_blow(chance) for _ in range(300)]))
    finally:
        logging.disable(logging.NOTSET)


async def test_a_command_of_2_1_1_that_nobody_knows_is_not_supported() -> None:
    async with TestHub.open([PLUGIN]) as hub:
        *_, emsp = await partners(hub)
        answer = await emsp.call(hub, "POST", "commands/receiver/SING", START, to=None)
        assert answer.json()["data"] == {"result": "NOT_SUPPORTED"}
