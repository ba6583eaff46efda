"""The way in: paths, envelopes, logins, and what is no message at all."""

import gzip
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import NamedTuple

import httpx
import pytest

from core.model.secret import Secret
from protocols.transport.soap.envelope import SECEXT, SOAP_11, seal
from protocols.transport.soap.security import security_header
from tests.flows.hub import TestHub
from tests.flows.ochp_partners import NS, XML, Answer, Fault, Reached, charge_point, join, live, opened, token

PATHS = ("/ochp/1.4", "/ochp/1.4/live", "/service/ochp/v1.4", "/live/ochp/v1.4")
GET = f'<GetCDRsRequest xmlns="{NS}"/>'
SET = f'<SetRoamingAuthorisationListRequest xmlns="{NS}">{{}}</SetRoamingAuthorisationListRequest>'


class Net(NamedTuple):
    hub: TestHub
    cpo: Reached
    emp: Reached


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    async with opened() as hub:
        yield Net(hub, await join(hub, "CPO", "DEQX7"), await join(hub, "EMSP", "DEQM1"))


async def raw(net: Net, content: bytes, path: str = "/ochp/1.4", **headers: str) -> httpx.Response:
    return await net.hub.client.post(path, content=content, headers={**XML, **headers})


def sealed(net: Net, body: str = GET, header: bytes | None = None) -> bytes:
    return seal(SOAP_11, body.encode(), net.emp.header() if header is None else header)


# --- paths


@pytest.mark.spec("OCHP-TRN-01", "OCHP-TRN-08", "OCHP-VER-02", "OCHP-TRN-14")
@pytest.mark.parametrize("path", PATHS)
async def test_every_operation_at_every_path_with_and_without_slash(net: Net, path: str) -> None:
    for address in (path, path + "/"):
        for body in (GET, f'<q:GetStatusRequest xmlns:q="{NS}"/>'):
            response = await net.emp.post(body, path=address)
            assert response.headers["content-type"] == "text/xml; charset=utf-8"
            assert Answer(response).body.tag.startswith(f"{{{NS}}}")


@pytest.mark.spec("OCHP-TRN-10", "OCHP-TRN-27")
@pytest.mark.parametrize("path", PATHS)
async def test_each_path_publishes_its_description_and_takes_nothing_but_post(net: Net, path: str) -> None:
    served = await net.hub.client.get(f"{path}?wsdl")
    assert f'location="https://hub.test{path}"' in served.text
    assert (await net.hub.client.get(f"https://hub.test{path}?xsd=messages.xsd")).status_code == 200
    for method in ("GET", "PUT", "DELETE"):
        answer = await net.hub.client.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.spec("OCHP-TRN-03", "OCHP-TRN-04", "OCHP-TRN-05")
@pytest.mark.parametrize(
    "action",
    ["", '""', f"{NS}/GetCDRs", f'"{NS}/GetCDRs"', "http://ochp.e-clearing.net/service/GetStatus", "SelectEVSERequest"],
)
async def test_the_body_decides_not_the_action(net: Net, action: str) -> None:
    assert Answer(await raw(net, sealed(net), soapaction=action)).result == "ok"


@pytest.mark.spec("OCHP-TRN-22", "OCHP-TRN-23", "OCHP-TRN-24")
async def test_encodings_and_transfers(net: Net) -> None:
    name = charge_point(name="Süd")
    text = seal(
        SOAP_11,
        f'<SetChargePointListRequest xmlns="{NS}">{name}</SetChargePointListRequest>'.encode(),
        net.cpo.header(),
    ).decode()
    declared = '<?xml version="1.0" encoding="{}"?>' + text
    bodies = [
        (declared.format("ISO-8859-1").encode("latin-1"), {}),
        (declared.format("UTF-16").encode("utf-16"), {}),
        (text.encode("latin-1"), {"content-type": "text/xml; charset=iso-8859-1"}),
        (gzip.compress(text.encode()), {"content-encoding": "gzip"}),
    ]
    for body, headers in bodies:
        assert Answer(await raw(net, body, **headers)).result == "ok"
        assert (await net.emp.ask("GetChargePointList")).texts("chargePointInfoArray/locationName") == ["Süd"]

    async def chunks() -> AsyncIterator[bytes]:
        yield text.encode()[:100]
        yield text.encode()[100:]

    response = await net.hub.client.post("/ochp/1.4", content=chunks(), headers=XML)
    assert Answer(response).result == "ok"


@pytest.mark.spec("OCHP-TRN-30")
async def test_what_says_nothing_is_ignored(net: Net) -> None:
    body = (
        f'<GetCDRsRequest xmlns="{NS}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xsi:schemaLocation="{NS} x.xsd"><!-- hello --><?php echo ?></GetCDRsRequest>'
    )
    assert Answer(await net.emp.post(body)).result == "ok"


# --- no message


@pytest.mark.spec("OCHP-TRN-02", "OCHP-TRN-31")
async def test_soap_1_2_is_another_version(net: Net) -> None:
    newer = sealed(net).replace(
        b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope"
    )
    assert Fault(await raw(net, newer)).code == "VersionMismatch"
    for kind in ("application/soap+xml", "application/json"):
        answer = await raw(net, sealed(net), **{"content-type": kind})
        assert answer.status_code in (415, 500)
        assert "Fault" in answer.text


@pytest.mark.spec("OCHP-TRN-16", "OCHP-TRN-17", "OCHP-TRN-18", "OCHP-VER-03", "OCHP-TRN-09", "OCHP-RES-10")
@pytest.mark.parametrize(
    "body",
    [
        "",
        GET + GET,
        '<x:Foo xmlns:x="urn:x"/>',
        '<GetCDRsRequest xmlns="http://ochp.eu/1.2"/>',
        "<GetCDRsRequest/>",
        f'<SelectEvseRequest xmlns="{NS}"/>',
        f'<GetCDRsResponse xmlns="{NS}"/>',
    ],
)
async def test_what_is_no_operation_is_a_client_fault(net: Net, body: str) -> None:
    assert Fault(await net.emp.post(body)).code == "Client"


@pytest.mark.spec("OCHP-TRN-15", "OCHP-TRN-16", "OCHP-RES-15")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<",
        b"{}",
        b"<a/>",
        b'<!DOCTYPE x SYSTEM "http://evil.test/x.dtd"><x/>',
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        b"<a>" * 5000,
        b"\xff\xfe<\x00!\x00D\x00O\x00C\x00T\x00Y\x00P\x00E\x00 \x00x\x00>\x00<\x00x\x00/\x00>\x00",
    ],
)
async def test_attacks_on_the_parser_are_client_faults_at_once(net: Net, content: bytes) -> None:
    started = time.perf_counter()
    fault = Fault(await raw(net, content))
    assert (fault.code, time.perf_counter() - started < 1) == ("Client", True)
    assert not net.hub.network.seen
    assert "Traceback" not in fault.raw
    assert Answer(await net.emp.post(GET)).result == "ok"


@pytest.mark.spec("OCHP-TRN-15")
async def test_a_dtd_before_a_good_message_is_refused(net: Net) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>' + sealed(net)
    assert Fault(await raw(net, bomb)).code == "Client"


@pytest.mark.spec("OCHP-RES-10")
async def test_ten_megabytes_are_taken_and_what_is_longer_than_the_limit_is_not() -> None:
    async with opened(max_body_bytes=11 * 1024 * 1024) as hub:
        emp = await join(hub, "EMSP", "DEQM1")
        padding = "<!--" + "x" * (10 * 1024 * 1024) + "-->"
        assert Answer(await emp.post(SET.format(token("AA01") + padding))).result == "ok"
        answer = await emp.post(SET.format(token("AA02") + padding * 2))
        assert (answer.status_code, "Fault" in answer.text) == (413, True)
        bomb = gzip.compress(b" " * (100 * 1024 * 1024))
        answer = await hub.client.post("/ochp/1.4", content=bomb, headers={**XML, "content-encoding": "gzip"})
        assert answer.status_code == 413
        assert len(hub.storage.tokens.held) == 1


@pytest.mark.spec("OCHP-TRN-19")
async def test_header_blocks_that_must_be_understood(net: Net) -> None:
    unknown = b'<x:Y xmlns:x="urn:x" xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" e:mustUnderstand="%b"/>'
    assert Fault(await raw(net, sealed(net, header=net.emp.header() + unknown % b"1"))).code == "MustUnderstand"
    assert Answer(await raw(net, sealed(net, header=net.emp.header() + unknown % b"0"))).result == "ok"


# --- elements


@pytest.mark.spec("OCHP-RES-09", "OCHP-DT-03")
@pytest.mark.parametrize(
    ("record", "code"),
    [
        (token().replace("<instance>04C3A1B2</instance>", ""), "format"),
        (
            token().replace("<tokenType>rfid</tokenType>", "<tokenType>rfid</tokenType><tokenType>rfid</tokenType>"),
            "format",
        ),
        (
            token().replace(
                "<instance>04C3A1B2</instance><tokenType>rfid</tokenType>",
                "<tokenType>rfid</tokenType><instance>04C3A1B2</instance>",
            ),
            "format",
        ),
        (token(more="<unknown/>"), "format"),
        (token("<b/>"), "format"),
        (token(expiry="2030-01-01"), "format"),
        (token(kind="RFID"), "format"),
        (token(representation="SHA256"), "format"),
        (token(contract="DE-QM1C00000417"), "format"),
        (token(contract="DE-8AC-C12E456L89-Y"), "format"),
        (token(expiry=" 2030-01-01T00:00:00Z\n"), "ok"),
        (token(expiry="\u0662030-01-01T00:00:00Z"), "format"),
    ],
)
async def test_missing_repeated_and_misplaced_elements(net: Net, record: str, code: str) -> None:
    answer = Answer(await net.emp.post(SET.format(record)))
    assert answer.result == code, answer.text
    assert bool(net.hub.storage.tokens.held) == (code == "ok")
    assert answer.all("refusedRoamingAuthorisationInfo") == []


# --- logins


@pytest.mark.spec("OCHP-AUTH-01", "OCHP-AUTH-03", "OCHP-AUTH-04", "OCHP-AUTH-12", "OCHP-TRN-32", "OCHP-AUTH-17")
async def test_failed_logins_look_the_same_and_show_nothing(net: Net) -> None:
    suspended = await join(net.hub, "EMSP", "DKQE5")
    await net.hub.hub.partners.suspend(suspended.partner.id)
    stranger = security_header("nobody", Secret("x"))
    cross = security_header(net.emp.shown["username"], Secret(net.cpo.shown["password"]))
    answers = [
        Answer(await net.emp.post(SET.format("<wrong/>"), header=header))
        for header in (stranger, cross, net.emp.header("wrong"), suspended.header())
    ]
    assert {(one.result, one.text, len(one.body)) for one in answers} == {("not-authorized", answers[0].text, 1)}
    none = Answer(await net.emp.post(GET, header=b""))
    assert (none.result, len(none.body)) == ("not-authorized", 1)
    basic = b64encode(f"{net.emp.shown['username']}:{net.emp.shown['password']}".encode()).decode()
    answer = Answer(await raw(net, sealed(net, header=b""), authorization=f"Basic {basic}"))
    assert answer.result == "not-authorized"
    assert net.hub.storage.tokens.held == {}


@pytest.mark.spec("OCHP-AUTH-06")
async def test_the_login_comes_before_the_message(net: Net) -> None:
    answer = Answer(await net.emp.post(SET.format("<wrong/>"), header=net.emp.header("wrong")))
    assert (answer.result, "wrong/" in answer.text, "unknown" in answer.text) == ("not-authorized", False, False)


@pytest.mark.spec("OCHP-AUTH-02", "OCHP-AUTH-07", "OCHP-AUTH-09", "OCHP-AUTH-18", "OCHP-AUTH-20")
async def test_forms_of_a_login_in_clear(net: Net) -> None:
    head = net.emp.header()
    forms = [
        head,
        head.replace(b'e:mustUnderstand="1"', b'e:mustUnderstand="0"'),
        head.replace(b' e:mustUnderstand="1"', b""),
        head.replace(
            b"</wsse:UsernameToken>",
            b'<wsse:Nonce>AAAA</wsse:Nonce><u:Created xmlns:u="http://docs.oasis-open.org/wss/2004/01/'
            b'oasis-200401-wss-wssecurity-utility-1.0.xsd">2020-01-01T00:00:00Z</u:Created></wsse:UsernameToken>',
        ),
    ]
    start, end = head.index(b" Type="), head.index(b">", head.index(b" Type="))
    forms.append(head[:start] + head[end:])
    for form in forms:
        response = await net.emp.post(GET, header=form)
        assert Answer(response).result == "ok"
        assert SECEXT not in response.text
    twice = head.replace(b"</wsse:Security>", head[head.index(b"<wsse:UsernameToken>") :])
    for form in (head + head, twice):
        assert Answer(await net.emp.post(GET, header=form)).result == "not-authorized"


async def test_a_digest_is_good_once_and_soon(net: Net) -> None:
    name, password = net.emp.shown["username"], Secret(net.emp.shown["password"])
    now = net.hub.clock.now()
    header = security_header(name, password, digest_at=now)
    assert Answer(await net.emp.post(GET, header=header)).result == "ok"
    assert Answer(await net.emp.post(GET, header=header)).result == "not-authorized"
    old = security_header(name, password, digest_at=datetime(2026, 1, 15, 11, tzinfo=UTC))
    wrong = security_header(name, Secret("wrong"), digest_at=now)
    nobody = security_header("nobody", Secret("nobody"), digest_at=now)
    for refused in (old, wrong, nobody):
        assert Answer(await net.emp.post(GET, header=refused)).result == "not-authorized"
    assert Answer(await net.emp.post(GET, header=security_header(name, password, digest_at=now))).result == "ok"


async def test_a_partner_that_was_away_is_back_when_it_calls(net: Net) -> None:
    await net.hub.hub.partners.not_reached(net.emp.partner.id)
    assert Answer(await net.emp.post(GET)).result == "ok"
    assert net.hub.storage.partners.held[net.emp.partner.id].state == "CONNECTED"


@pytest.mark.spec("OCHP-RES-15")
async def test_an_unforeseen_failure_is_server_without_a_trace(net: Net, caplog: pytest.LogCaptureFixture) -> None:
    async def failing(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    net.hub.storage.cdrs.page = failing  # type: ignore[assignment,method-assign]
    answer = Answer(await net.emp.post(GET))
    assert (answer.result, "secret" in answer.text) == ("server", False)
    net.hub.storage.locations.page_keys = failing  # type: ignore[assignment,method-assign]
    fault = Fault(await net.emp.post(f'<GetStatusRequest xmlns="{NS}"/>'))
    assert (fault.code, "secret" in fault.raw) == ("Server", False)


@pytest.mark.spec("OCHP-TRN-25", "OCHP-TRN-11")
async def test_answers_are_plain_ascii(net: Net) -> None:
    await net.cpo.ask("SetChargePointList", charge_point(name="Süd €"))
    await net.cpo.ask("UpdateStatus", live())
    response = await net.emp.post(f'<GetChargePointListRequest xmlns="{NS}"/>')
    assert response.content.isascii()
    assert Answer(response).texts("chargePointInfoArray/locationName") == ["Süd €"]
