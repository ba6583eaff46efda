"""HTTP, SOAP, XML dialects, identities, and attacks. eMIP checklist, 2, 3, 4, 5.1, 11, 12."""

import base64
import gzip
import hashlib
import ipaddress
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.errors import Invalid
from core.model.partner import PartnerState
from protocols.emip import codec
from protocols.emip.wire import to_iop
from protocols.emip.wire.words import BusyStatus, IdType
from protocols.transport.soap.envelope import SOAP_11, SOAP_12, seal
from protocols.transport.soap.xml import parse
from tests.flows.emip_partners import (
    BADGE,
    Reached,
    asked,
    body_of,
    cpo,
    emsp,
    fault,
    heartbeat,
    join,
    opened,
    pair,
    place,
    record,
    status_of,
)

NS = "http://www.w3.org/2003/05/soap-envelope"


def ask_body(one: Reached, **members: Any) -> bytes:
    message = to_iop.GetServiceAuthorisationRequest(**one.header(), **asked(**members))
    return seal(SOAP_12, codec.encode(message))


def status_in(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    text = body_of(answer).findtext("requestStatus")
    assert text is not None
    return str(text)


# --- HTTP and SOAP


@pytest.mark.spec("EMIP-TRN-01", "EMIP-TRN-04", "EMIP-HB-01", "EMIP-HB-03", "EMIP-STS-01", "EMIP-XML-01", "EMIP-XML-03")
async def test_a_heartbeat() -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        answer = await one.post(heartbeat(one, transaction_id="T1"))
        assert answer.headers["content-type"] == "application/soap+xml; charset=utf-8"
        element = body_of(answer)
        assert element.tag == f"{{{codec.PLATFORM}}}eMIP_ToIOP_HeartBeatResponse"
        assert [(child.tag, child.text) for child in element] == [
            ("heartBeatPeriod", "300"),
            ("currentTime", "2026-01-15T12:00:00Z"),
            ("transactionId", "T1"),
            ("requestStatus", "1"),
        ]


@pytest.mark.spec("EMIP-HB-02", "EMIP-RTY-05")
async def test_the_period_is_the_partners_own() -> None:
    async with opened() as hub:
        one = await join(hub, cpo(heartbeat_s=60))
        body = heartbeat(one, transaction_id="T1")
        assert body_of(await one.post(body)).findtext("heartBeatPeriod") == "60"
        hub.clock.advance(5)
        assert body_of(await one.post(body)).findtext("currentTime") == "2026-01-15T12:00:05Z"


@pytest.mark.spec("EMIP-TRN-08")
@pytest.mark.parametrize(
    "path",
    ["", "/", "/services/platformV1", "/services/authorisationV1", "/services/evciDynamicV1/"],
)
@pytest.mark.parametrize("base", ["/emip/0.7.4", "/emip"])
async def test_any_operation_at_any_address(base: str, path: str) -> None:
    async with pair() as (_, one, _, _):
        assert status_in(await one.post(heartbeat(one), base + path)) == "1"
        assert status_in(await one.post(ask_body(one), base + path)) == "1"


@pytest.mark.spec("EMIP-TRN-05", "EMIP-TRN-07", "EMIP-TRN-06")
@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/soap+xml", 200),
        ('application/soap+xml; charset=UTF-8; action="eMIP_ToIOP_SetEVSEBusyStatusV1/"', 200),
        ("text/xml; charset=utf-8", 200),
        ("application/xml", 200),
        ("application/json", 415),
        ("text/plain", 415),
    ],
)
async def test_content_types(content_type: str, status: int) -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        headers = {"content-type": content_type, "soapaction": '"urn:wrong"'}
        answer = await one.post(heartbeat(one), headers=headers)
        assert answer.status_code == status
        if status == 415:
            assert fault(answer)[1] == "Sender"


@pytest.mark.spec("EMIP-TRN-02")
@pytest.mark.parametrize("header", [b"<Header/>", b"", b'<Header><x:a xmlns:x="urn:x">y</x:a></Header>'])
async def test_headers_that_need_not_be_understood(header: bytes) -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        element = codec.encode(to_iop.HeartBeatRequest(**one.header()))
        body = b'<Envelope xmlns="%b">%b<Body>%b</Body></Envelope>' % (NS.encode(), header, element)
        assert status_in(await one.post(body)) == "1"


@pytest.mark.spec("EMIP-TRN-03")
async def test_a_header_that_must_be_understood() -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        header = b'<Header><a xmlns="urn:x" xmlns:s="%b" s:mustUnderstand="true"/></Header>' % NS.encode()
        element = codec.encode(to_iop.HeartBeatRequest(**one.header()))
        body = b'<Envelope xmlns="%b">%b<Body>%b</Body></Envelope>' % (NS.encode(), header, element)
        assert fault(await one.post(body))[:2] == (500, "MustUnderstand")


@pytest.mark.spec("EMIP-TRN-11")
async def test_soap_1_1_is_answered_in_its_own_version() -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        element = codec.encode(to_iop.HeartBeatRequest(**one.header()))
        answer = await one.post(seal(SOAP_11, element), headers={"content-type": "text/xml"})
        assert answer.headers["content-type"] == "text/xml; charset=utf-8"
        root = parse(answer.content)
        assert root.tag == f"{{{SOAP_11.namespace}}}Envelope"
        wrong = await one.post(seal(SOAP_11, b"<x/>"), headers={"content-type": "text/xml"})
        assert wrong.status_code == 400
        assert b"<faultcode>soapenv:Client</faultcode>" in wrong.content


async def test_gzip() -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        answer = await one.post(gzip.compress(heartbeat(one)), headers={"content-encoding": "gzip"})
        assert status_in(answer) == "1"


@pytest.mark.spec("EMIP-TRN-14", "EMIP-GEN-09")
async def test_other_methods() -> None:
    async with opened() as hub:
        for path in ("/emip", "/emip/0.7.4/services/authorisationV1", "/emip/0.7.4/partner/cpo"):
            answer = await hub.client.get(path)
            assert answer.status_code == 200
            assert b"definitions" in answer.content
        wrong = await hub.client.put("/emip/0.7.4", content=b"x")
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
        missing = await hub.client.post("/emip/0.7.4/nothing", content=b"x")
        assert (missing.status_code, missing.content) == (404, b"")


@pytest.mark.spec("EMIP-TRN-18", "EMIP-XML-20")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
async def test_encodings_comments_and_space(encoding: str) -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        text = heartbeat(one, transaction_id="T-é").decode()
        text = text.replace("<partnerId>", "<!-- a --> <?b c?>\n<partnerId><!-- d -->  ")
        answer = await one.post(text.encode(encoding), headers={"content-type": "application/soap+xml"})
        assert body_of(answer).findtext("transactionId") == "T-é"


@pytest.mark.spec("EMIP-TRN-09", "EMIP-TRN-10")
async def test_a_status_is_http_200() -> None:
    async with pair() as (_, one, other, _):
        assert (await other.act("00000000-0000-4000-8000-00000000ffff")).request_status == 10501
        assert (await one.ask(user_id="XYZ")).request_status == 203


# --- how the body may be written

Change = Callable[[bytes], bytes]


@pytest.mark.spec("EMIP-XML-02", "EMIP-XML-06", "EMIP-XML-08", "EMIP-XML-15", "EMIP-XML-16", "EMIP-XML-17")
@pytest.mark.spec("EMIP-XML-18", "EMIP-XML-21", "EMIP-XML-05", "EMIP-HB-04", "EMIP-XML-04")
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda b: b.replace(b"HeartBeat", b"Heartbeat"), id="alias"),
        pytest.param(lambda b: b.replace(b"HeartBeatRequest", b"HEARTBEATREQUEST"), id="case of the root"),
        pytest.param(lambda b: b.replace(b"m:eMIP", b"eMIP").replace(b' xmlns:m="', b' xmlns:n="'), id="no namespace"),
        pytest.param(lambda b: b.replace(b"<partnerId", b"<m:partnerId").replace(b"</p", b"</m:p"), id="qualified"),
        pytest.param(lambda b: b.replace(b"partnerId>", b"PartnerId>"), id="first letter"),
        pytest.param(lambda b: b.replace(b">eMI3<", b">eMI3_STAR<"), id="id type"),
        pytest.param(lambda b: b.replace(b">FR*ZC1<", b">\n FR*ZC1 <"), id="space"),
        pytest.param(lambda b: b.replace(b"<partnerId>", b"<partnerId/><partnerId>"), id="an empty one first"),
        pytest.param(lambda b: b.replace(b"</partnerId>", b"</partnerId><partnerId>X</partnerId>"), id="twice"),
        pytest.param(lambda b: b.replace(b"<partnerId>", b"<new><a>1</a></new><partnerId>"), id="unknown element"),
        pytest.param(
            lambda b: b.replace(b"<partnerIdType>eMI3</partnerIdType>", b"").replace(
                b"</m:", b"<partnerIdType>eMI3</partnerIdType></m:"
            ),
            id="order",
        ),
        pytest.param(
            lambda b: b.replace(
                b"<transactionId>T1</transactionId>",
                b'<transactionId xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>',
            ),
            id="nil",
        ),
    ],
)
async def test_dialects(change: Change) -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        body = heartbeat(one, transaction_id="T1")
        changed = change(body)
        assert changed != body
        answer = await one.post(changed)
        assert status_in(answer) == "1"
        assert body_of(answer).findtext("transactionId")
        if b"xmlns:n" in changed:
            assert body_of(answer).tag == "eMIP_ToIOP_HeartBeatResponse"


@pytest.mark.spec("EMIP-XML-07", "EMIP-TRN-28")
@pytest.mark.parametrize("text", [b"", b"  "])
async def test_a_mandatory_element_that_is_empty(text: bytes) -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        body = ask_body(one).replace(b"FR*ZC1*E1001*1", text)
        assert fault(await one.post(body)) == (400, "Sender", "MISSING_ELEMENT", "EVSEId")


WRONG = [
    (b"<busyStatus>2<", b"<busyStatus>9<", "busyStatus"),
    (b"<busyStatus>2<", b"<busyStatus>-1<", "busyStatus"),
    (b"<busyStatus>2<", b"<busyStatus>occupied<", "busyStatus"),
    (b"T11:00:00Z", b"T25:00:00Z", "statusEventDate"),
    (b"T11:00:00Z", b" 11:00", "statusEventDate"),
    (b"2026-01-15", b"2026-02-30", "statusEventDate"),
    (b">T1<", b">" + b"x" * 256 + b"<", "transactionId"),
    (
        b"<busyStatus>2<",
        b"<busyStatusComment>" + b"x" * 4001 + b"</busyStatusComment><busyStatus>2<",
        "busyStatusComment",
    ),
    (b"<busyStatus>2</busyStatus>", b"<busyStatus><a>2</a></busyStatus>", "busyStatus"),
    (b"FR*ZC1*E1001*1", b"what", "EVSEId"),
    (b"<EVSEIdType>eMI3", b"<EVSEIdType>ISO", "EVSEIdType"),
]


@pytest.mark.spec("EMIP-ENU-03", "EMIP-XML-19", "EMIP-TRN-28", "EMIP-RTY-02")
@pytest.mark.parametrize(("right", "wrong", "element"), WRONG)
async def test_values_that_cannot_be(right: bytes, wrong: bytes, element: str) -> None:
    async with pair() as (hub, one, _, _):
        message = to_iop.SetEVSEBusyStatusRequest(
            **one.header(transaction_id="T1"),
            evse_id_type=IdType.EMI3,
            evse_id="FR*ZC1*E1001*1",
            status_event_date="2026-01-15T11:00:00Z",
            busy_status=BusyStatus.BUSY,
        )
        body = seal(SOAP_12, codec.encode(message))
        assert right in body
        assert fault(await one.post(body.replace(right, wrong, 1))) == (400, "Sender", "INVALID_VALUE", element)
        assert status_of(hub).value == "UNKNOWN"


async def test_255_characters_are_not_too_many() -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        assert status_in(await one.post(heartbeat(one, transaction_id="x" * 255))) == "1"


@pytest.mark.spec("EMIP-CDR-17")
async def test_a_record_in_a_dialect() -> None:
    async with pair() as (hub, one, _, back):
        session_id = (await one.ask()).service_session_id
        body = seal(
            SOAP_12,
            codec.encode(to_iop.SetChargeDetailRecordRequest(**one.header(), charge_detail_record=record(session_id))),
        )
        body = body.replace(b"<userIdType>", b"<userContractIdAlias></userContractIdAlias><userIdType>")
        body = body.replace(b"</chargeDetailRecord>", b"<connectorType>3</connectorType></chargeDetailRecord>")
        body = body.replace(BADGE.encode(), BADGE.lower().encode()).replace(b"18250", b"18,25").replace(b"Wh", b"kWh")
        assert status_in(await one.post(body)) == "1"
        await hub.settle()
        sent = back.requests[-1].content
        assert b"connectorType" not in sent
        assert b"userContractIdAlias" not in sent
        assert b"<meterValue>18.25</meterValue><meterUnit>kWh</meterUnit>" in sent
        assert BADGE.encode() in sent


# --- who it is


@pytest.mark.spec("EMIP-ID-01", "EMIP-HB-08", "EMIP-GEN-04", "EMIP-ID-07")
async def test_in_whose_name() -> None:
    async with opened() as hub:
        one, other = await join(hub, cpo()), await join(hub, emsp())
        wrong = (
            {"partner_id": "FR*ZM1"},
            {"operator_id": "FR*ZM1"},
            {"operator_id": "nobody"},
            {"operator_id_type": IdType.GIREVE, "operator_id": "77"},
            {"partner_id_type": IdType.GIREVE, "partner_id": "FR*ZC1"},
        )
        for members in wrong:
            answer = fault(await one.post(heartbeat(one, **members)))
            assert answer[:3] == (403, "Sender", "FORBIDDEN"), members
        role = fault(await other.post(ask_body(other)))
        assert role[:3] == (403, "Sender", "FORBIDDEN")
        assert not hub.storage.journeys.held


@pytest.mark.spec("EMIP-ID-05", "EMIP-ID-06", "EMIP-ID-02")
async def test_spellings_of_ids() -> None:
    async with opened() as hub:
        odd = await join(hub, cpo(partner_id="G_Apps", partner_ids=["FR*107"]))
        for members in (
            {"partner_id": "G_Apps"},
            {"partner_id": "g_apps"},
            {"partner_id": "FR-107"},
            {"operator_id": "FR-ZC1"},
            {"operator_id": "frzc1"},
            {"operator_id": "FR* ZC1"},
        ):
            assert status_in(await odd.post(heartbeat(odd, **members))) == "1", members


@pytest.mark.spec("EMIP-GEN-05")
async def test_one_operation_in_both_roles() -> None:
    async with opened() as hub:
        document = cpo()
        document["roles"].append({**document["roles"][0], "role": "EMSP"})
        both = await join(hub, document)
        assert (await both.ask()).request_status == 203
        assert (await both.start("DE*ABC*E1")).request_status == 201


@pytest.mark.parametrize(
    "headers", [{"authorization": ""}, {"authorization": "Bearer wrong"}, {"authorization": "Basic eA=="}]
)
async def test_unknown_callers(headers: dict[str, str]) -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        assert fault(await one.post(heartbeat(one), headers=headers))[:3] == (401, "Sender", "UNAUTHENTICATED")


async def test_suspended_partners() -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        await hub.hub.partners.suspend(one.partner.id)
        assert fault(await one.post(heartbeat(one)))[:3] == (403, "Sender", "FORBIDDEN")


@pytest.mark.spec("EMIP-HB-07")
async def test_any_message_is_a_sign_of_life() -> None:
    async with pair() as (hub, one, _, _):
        await hub.hub.partners.not_reached(one.partner.id)
        assert hub.storage.partners.held[one.partner.id].state is PartnerState.OFFLINE
        await one.busy(BusyStatus.FREE, "2026-01-15T11:00:00Z")
        assert hub.storage.partners.held[one.partner.id].state is PartnerState.CONNECTED


# --- what is refused whole

BOMB = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(
        b'<!ENTITY a%d "%s">' % (level, b"&a%d;" % (level - 1) * 10 if level > 1 else b"&a;" * 10)
        for level in range(1, 12)
    )
    + b"]>"
)
EXTERNAL = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.spec("EMIP-TRN-15", "EMIP-SEC-04")
@pytest.mark.parametrize("prologue", [BOMB, EXTERNAL, b'<!DOCTYPE x SYSTEM "http://x.test/x.dtd">'])
async def test_document_types(prologue: bytes) -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        body = prologue + heartbeat(one).replace(b"FR*ZC1", b"&a11;")
        started = time.perf_counter()
        assert fault(await one.post(body)) == (400, "Sender", "MALFORMED", None)
        assert time.perf_counter() - started < 1
        assert not hub.network.seen


@pytest.mark.spec("EMIP-SEC-04", "EMIP-TRN-10")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"{}",
        b"<x",
        b"<x/>",
        b'<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"/>',
        b'<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"><Body/></Envelope>',
        b'<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"><Body><a/><b/></Body></Envelope>',
        seal(SOAP_12, b"<a>" * 40 + b"</a>" * 40),
        seal(SOAP_12, b"<a>" * 5000 + b"</a>" * 5000),
    ],
)
async def test_what_is_no_message(body: bytes) -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        assert fault(await one.post(body))[:3] == (400, "Sender", "MALFORMED")


async def test_another_envelope() -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        body = heartbeat(one).replace(NS.encode(), b"http://www.w3.org/2001/12/soap-envelope")
        assert fault(await one.post(body))[:2] == (500, "VersionMismatch")


@pytest.mark.spec("EMIP-TRN-15")
@pytest.mark.parametrize("announced", [True, False])
async def test_ten_megabytes(announced: bool) -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        body = heartbeat(one, transaction_id="T").replace(b">T<", b">" + b" " * 10_000_000 + b"T<")

        async def pieces() -> Any:
            for start in range(0, len(body), 65536):
                yield body[start : start + 65536]

        answer = await one.post(body if announced else pieces())  # type: ignore[arg-type]
        assert fault(answer)[:2] == (413, "Sender")
        packed = await one.post(gzip.compress(body), headers={"content-encoding": "gzip"})
        assert fault(packed)[:2] == (413, "Sender")


@pytest.mark.spec("EMIP-GEN-07", "EMIP-TRN-06")
@pytest.mark.parametrize(
    ("name", "namespace"),
    [
        ("eMIP_ToIOP_BookEVSERequest", codec.AUTHORISATION),
        ("eMIP_ToIOP_SearchEVSERequest", ""),
        ("eMIP_ToIOP_HeartBeatRequest", codec.AUTHORISATION),
        ("eMIP_ToIOP_HeartBeatRequest", "https://api-iop.gireve.com/schemas/PlatformV2/"),
        ("eMIP_ToIOP_HeartBeatResponse", codec.PLATFORM),
        ("eMIP_FromIOP_SetSessionEventReportRequest", codec.AUTHORISATION),
    ],
)
async def test_unknown_operations(name: str, namespace: str) -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        body = seal(SOAP_12, f'<{name} xmlns="{namespace}"/>'.encode())
        assert fault(await one.post(body)) == (400, "Sender", "UNKNOWN_OPERATION", name)


@pytest.mark.spec("EMIP-TRN-29", "EMIP-RTY-02")
async def test_an_error_of_ours_says_nothing_of_us(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pair() as (hub, one, _, _):

        async def broken(*_: Any) -> Any:
            raise RuntimeError("SELECT secret FROM /etc/passwd")

        monkeypatch.setattr(hub.storage.locations, "by_evse_id", broken)
        answer = await one.post(ask_body(one))
        assert fault(answer) == (500, "Receiver", "INTERNAL", None)
        assert "secret" not in answer.text
        monkeypatch.undo()
        assert status_in(await one.post(ask_body(one))) == "1"


@pytest.mark.spec("EMIP-SEC-07")
async def test_free_text_is_text() -> None:
    async with pair() as (hub, one, _, back):
        session_id = (await one.ask()).service_session_id
        text = "'; DROP TABLE x; -- <script>alert(1)</script> $(rm -rf /) ]]> &amp;"
        await one.event(session_id, 3, "2026-01-15T12:00:00Z", session_event_parameter=text)
        await hub.relay()
        assert back.received[-1].session_event.session_event_parameter == text


# --- partners as operators add them


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"nonsense": 1}, "$.nonsense"),
        ({"zone": "Mars/Olympus"}, "$.zone"),
        ({"heartbeat_s": 0}, "$.heartbeat_s"),
        ({"callback_url": "ftp://x"}, "$.callback_url"),
        ({"callback_key": 7}, "$.callback_key"),
        ({"certificates": ["x"]}, "$.certificates[0]"),
        ({"partner_id": " * "}, "$.partner_id"),
    ],
)
async def test_wrong_documents(document: dict[str, Any], path: str) -> None:
    async with opened() as hub:
        with pytest.raises(Invalid) as caught:
            await join(hub, cpo(**document))
        assert caught.value.path == path


async def test_what_a_new_partner_is_shown() -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        assert one.shown == {
            "id": one.partner.id,
            "partner_id": "FR*ZC1",
            "api_key": one.key,
            "base_url": "https://hub.test/emip/0.7.4",
        }


@pytest.mark.spec("EMIP-SEC-05")
async def test_callback_urls_lead_out() -> None:
    async with opened(allow_private=False) as hub:
        for url in ("http://x.test/", "https://127.0.0.1/", "https://localhost/"):
            with pytest.raises(Invalid):
                await join(hub, cpo(callback_url=url))


@pytest.mark.spec("EMIP-XML-12")
async def test_dates_without_zone_are_the_partners() -> None:
    async with opened() as hub:
        one = await join(hub, cpo(zone="Europe/Paris"))
        back = await join(hub, emsp())
        await hub.hub.locations.put(one.partner, place())
        message = to_iop.SetEVSEBusyStatusRequest(
            **one.header(),
            evse_id_type=IdType.EMI3,
            evse_id="FR*ZC1*E1001*1",
            status_event_date="2026-01-15T11:00:00Z",
            busy_status=BusyStatus.BUSY,
        )
        body = seal(SOAP_12, codec.encode(message)).replace(b"11:00:00Z", b"11:00:00.123456789")
        assert status_in(await one.post(body)) == "1"
        [location] = hub.storage.locations.held.values()
        assert location.evses[0].updated_at.isoformat() == "2026-01-15T10:00:00.123000+00:00"
        assert back.partner.id


def certificate(days: int = 30) -> tuple[str, str]:
    """A client certificate as a proxy passes it on, and its fingerprint."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "partner")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    return f":{base64.b64encode(made).decode()}:", hashlib.sha256(made).hexdigest()


@pytest.mark.spec("EMIP-TRN-22", "EMIP-TRN-25", "EMIP-TRN-21")
async def test_client_certificates() -> None:
    (old, old_print), (new, new_print), (stale, stale_print) = certificate(), certificate(), certificate(2)
    trusted = (ipaddress.ip_network("127.0.0.0/8"),)
    async with opened(trusted_proxies=trusted) as hub:
        one = await join(hub, cpo(certificates=[old_print, new_print, stale_print]))
        for header in (old, new):
            answer = await one.post(heartbeat(one), headers={"authorization": "", "client-cert": header})
            assert status_in(answer) == "1"
        foreign = await one.post(heartbeat(one, partner_id="FR*ZM1"), headers={"authorization": "", "client-cert": old})
        assert fault(foreign)[:3] == (403, "Sender", "FORBIDDEN")
        for wrong in (stale, certificate()[0], ":AAAA:", "what"):
            answer = await one.post(heartbeat(one), headers={"client-cert": wrong})
            assert fault(answer)[:3] == (401, "Sender", "UNAUTHENTICATED")
    async with opened() as hub:
        one = await join(hub, cpo(certificates=[old_print]))
        answer = await one.post(heartbeat(one), headers={"authorization": "", "client-cert": old})
        assert fault(answer)[0] == 401
