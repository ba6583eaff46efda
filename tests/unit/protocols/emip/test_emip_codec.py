"""Reading and writing of eMIP messages. eMIP checklist, 3, 5, 6, 12, 13."""

from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from lxml import etree

from core.errors import Invalid
from protocols.emip import codec
from protocols.emip.normaliser import Missing
from protocols.emip.wire import from_iop, parts, to_iop
from protocols.emip.wire.words import (
    WORDS,
    AuthorisationValue,
    AvailabilityStatus,
    BusyStatus,
    CdrNature,
    Code,
    Flag,
    IdType,
)
from protocols.transport.soap.shapes import shape_of
from protocols.transport.soap.xml import parse
from tests.unit.protocols.emip.emip_goldens import GOLDENS, SCHEMA_FILES, WSDL, body, element, golden, plain


def schema(namespace: str) -> Any:
    return etree.XMLSchema(file=str(WSDL / SCHEMA_FILES[namespace]))


@pytest.mark.spec("EMIP-WSD-01", "EMIP-XML-01", "EMIP-XML-03", "EMIP-XML-10")
@pytest.mark.parametrize("name", GOLDENS)
def test_goldens_come_back_as_they_were(name: str) -> None:
    message = golden(name)
    again = parse(codec.encode(message))
    assert again.tag == element(name).tag
    assert plain(again) == plain(element(name))
    namespace = etree.QName(again).namespace
    valid = schema(str(namespace))
    assert valid.validate(again), valid.error_log


@pytest.mark.spec("EMIP-WSD-01")
def test_every_message_has_a_golden() -> None:
    assert {type(golden(name)) for name in GOLDENS} == {kind for _, kind in codec.MESSAGES.values()}
    assert len(codec.MESSAGES) == 34


def test_every_element_is_in_a_golden() -> None:
    """No field of a wire type that no test sees."""
    seen: dict[Any, set[str]] = {}

    def walk(value: Any) -> None:
        for shape in shape_of(type(value)):
            held = getattr(value, shape.name)
            if held is not None:
                seen.setdefault(type(value), set()).add(shape.encoded)
            for item in held if isinstance(held, tuple) else [held]:
                if isinstance(item, msgspec.Struct):
                    walk(item)

    for name in GOLDENS:
        walk(golden(name))
    for kind, fields in seen.items():
        assert fields == {shape.encoded for shape in shape_of(kind)}, kind


@pytest.mark.spec("EMIP-WSD-06")
def test_the_schemas_are_ours() -> None:
    for path in sorted(WSDL.iterdir()):
        text = path.read_text(encoding="utf-8")
        assert "urn:chargesphere:emip" in text
        assert "<!--" not in text


# --- liberal reading

EVENT = to_iop.SetSessionEventReportRequest


def event(nature: str = "3", at: str = "2026-01-01T00:00:00Z", more: str = "") -> parts.SessionEvent:
    text = (
        f"<e><sessionEventNature>{nature}</sessionEventNature>"
        f"<sessionEventDateTime>{at}</sessionEventDateTime>{more}</e>"
    )
    return codec.read(parse(text.encode()), parts.SessionEvent, ZoneInfo("Europe/Paris"))


@pytest.mark.spec("EMIP-ENU-01", "EMIP-XML-09", "EMIP-XML-11")
@pytest.mark.parametrize("kind", list(WORDS))
def test_numbers_and_words_of_every_enumeration(kind: type[Code]) -> None:
    fields: dict[Any, tuple[Any, str]] = {
        AvailabilityStatus: (to_iop.SetEVSEAvailabilityStatusRequest, "availabilityStatus"),
        BusyStatus: (to_iop.SetEVSEBusyStatusRequest, "busyStatus"),
        CdrNature: (parts.ChargeDetailRecord, "CDRNature"),
        AuthorisationValue: (to_iop.SetServiceAuthorisationRequest, "authorisationValue"),
        Flag: (to_iop.SetServiceAuthorisationRequest, "intermediateCDRRequested"),
        IdType: (to_iop.HeartBeatRequest, "partnerIdType"),
    }
    wire_type, name = fields[kind]
    source = {
        to_iop.SetEVSEAvailabilityStatusRequest: "to_set_evse_availability_status/request",
        to_iop.SetEVSEBusyStatusRequest: "to_set_evse_busy_status/request",
        to_iop.SetServiceAuthorisationRequest: "to_set_service_authorisation/request",
        to_iop.HeartBeatRequest: "to_heart_beat/request",
        parts.ChargeDetailRecord: "to_set_charge_detail_record/final_request",
    }[wire_type]
    here = element(source)
    if wire_type is parts.ChargeDetailRecord:
        here = here[-1]
    [place] = [child for child in here if child.tag == name]
    spellings: dict[str, Code] = {code.value: code for code in kind}
    for word, code in WORDS[kind].items():
        spellings |= {word: code, word.upper(): code}
    for code in kind:
        if code.value.isdigit():
            spellings |= {f"{code.value}: what it means": code, f"+{code.value}": code}
    python_name = next(shape.name for shape in shape_of(wire_type) if shape.encoded == name)
    for text, code in spellings.items():
        place.text = text
        assert getattr(codec.read(here, wire_type), python_name) is code, text


@pytest.mark.spec("EMIP-XML-09", "EMIP-KON-01", "EMIP-STS-03")
@pytest.mark.parametrize(("text", "number"), [("3", 3), ("3: Operation started", 3), ("77", 77), ("0 emergency", 0)])
def test_natures(text: str, number: int) -> None:
    assert event(text).session_event_nature == number


@pytest.mark.parametrize("text", ["three", "3.5", "", "-1", "3x"])
def test_natures_that_are_none(text: str) -> None:
    with pytest.raises(Invalid):
        event(text)


@pytest.mark.spec("EMIP-XML-12", "EMIP-XML-13")
@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-03-05T08:15:30Z", "2026-03-05T08:15:30Z"),
        ("2026-03-05T08:15:30.1Z", "2026-03-05T08:15:30.100Z"),
        ("2026-03-05T08:15:30.123456789Z", "2026-03-05T08:15:30.123Z"),
        ("2026-03-05T08:15:30.000Z", "2026-03-05T08:15:30Z"),
        ("2026-03-05T08:15:30+01:00", "2026-03-05T07:15:30Z"),
        ("2026-03-05T08:15:30.5-05:30", "2026-03-05T13:45:30.500Z"),
        ("2026-03-05T08:15:30", "2026-03-05T07:15:30Z"),
        ("2026-07-05T08:15:30.25", "2026-07-05T06:15:30.250Z"),
    ],
)
def test_dates(text: str, utc: str) -> None:
    assert event(at=text).session_event_date_time == utc


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-05",
        "2026-02-30T00:00:00Z",
        "2026-03-05T24:00:00Z",
        "2026-03-05T08:15Z",
        "0001-01-01T00:00:00+01:00",
        "x",
    ],
)
def test_dates_that_are_none(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        event(at=text)
    assert caught.value.path == "/e/sessionEventDateTime"


@pytest.mark.spec("EMIP-XML-14")
@pytest.mark.parametrize(
    ("text", "value"), [("18.25", "18.25"), ("18,25", "18.25"), (" 5 ", "5"), (".5", "0.5"), ("-1.50", "-1.50")]
)
def test_decimals(text: str, value: str) -> None:
    body = f"<m><meterTypeId>2</meterTypeId><meterValue>{text}</meterValue><meterUnit>Wh</meterUnit></m>"
    assert codec.read(parse(body.encode()), parts.MeterReport).meter_value == Decimal(value)


@pytest.mark.parametrize("text", ["1e3", "NaN", "1.000,5", "1,000,000", "INF", "0x1", "1 000"])
def test_decimals_that_are_none(text: str) -> None:
    body = f"<m><meterTypeId>2</meterTypeId><meterValue>{text}</meterValue><meterUnit>Wh</meterUnit></m>"
    with pytest.raises(Invalid):
        codec.read(parse(body.encode()), parts.MeterReport)


@pytest.mark.spec("EMIP-KON-01", "EMIP-RSA-08")
def test_a_start_in_the_dialect_of_a_client() -> None:
    text = codec.encode(golden("to_set_service_authorisation/request")).decode()
    text = text.replace("<partnerServiceSessionId>cla-s-5</partnerServiceSessionId>", "")
    text = text.replace("<authorisationValue>1<", "<authorisationValue>Start<")
    text = text.replace(
        "<intermediateCDRRequested>0</intermediateCDRRequested>",
        "<intermediateCDRRequested>false</intermediateCDRRequested><serviceSessionId>cla-s-5</serviceSessionId>",
    )
    read = codec.read(parse(text.encode()), to_iop.SetServiceAuthorisationRequest)
    assert read == golden("to_set_service_authorisation/request")


@pytest.mark.spec("EMIP-KON-01")
def test_our_own_name_wins_over_the_dialects() -> None:
    more = "<relatedSessionEventId>b</relatedSessionEventId><relatedSessionActionId>a</relatedSessionActionId>"
    assert event(more=more).related_session_action_id == "a"
    answer = (
        b"<r><transactionId>t</transactionId><serviceSessionId>s</serviceSessionId>"
        b"<requestStatus>1</requestStatus><sessionEventId>e</sessionEventId></r>"
    )
    assert codec.read(parse(answer), to_iop.SetSessionEventReportResponse).session_action_id == "e"


@pytest.mark.spec("EMIP-KON-01", "EMIP-XML-17")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("eMIP_ToIOP_HeartbeatRequest", to_iop.HeartBeatRequest),
        ("eMIP_ToIOP_HeartbeatResponse", to_iop.HeartBeatResponse),
        ("eMIP_ToIOP_SetSessionActionRequest", to_iop.SetSessionActionRequestRequest),
        ("eMIP_ToIOP_SetSessionActionResponse", to_iop.SetSessionActionRequestResponse),
        ("eMIP_ToIOP_SetSessionEventReportRequestRequest", to_iop.SetSessionEventReportRequest),
        ("eMIP_FromIOP_SetSessionActionRequest", from_iop.SetSessionActionRequestRequest),
        ("eMIP_FromIOP_SetSessionActionResponse", from_iop.SetSessionActionRequestResponse),
    ],
)
def test_other_names_of_messages(name: str, kind: Any) -> None:
    operation = next(operation for operation, known in codec.MESSAGES.values() if known is kind)
    for namespace in (operation.namespace, ""):
        found = codec.find(parse(f'<{name} xmlns="{namespace}"/>'.encode()))
        assert found is not None
        assert found.wire_type is kind
        assert found.namespace == namespace


@pytest.mark.spec("EMIP-XML-05", "EMIP-CDR-17")
def test_what_nobody_knows_is_put_aside() -> None:
    text = codec.encode(golden("to_set_charge_detail_record/final_request"))
    text = text.replace(
        b"</chargeDetailRecord>", b'<connectorType a="b">3</connectorType><x><y>1</y><y>2</y></x></chargeDetailRecord>'
    )
    record = codec.read(parse(text), to_iop.SetChargeDetailRecordRequest).charge_detail_record
    assert record.extra == {"connectorType": {"@a": "b", "#": "3"}, "x": {"y": ["1", "2"]}}


@pytest.mark.spec("EMIP-XML-07")
@pytest.mark.parametrize("name", [name for name in GOLDENS if name.endswith("request")])
def test_every_mandatory_element_is_missed(name: str) -> None:
    here = element(name)
    found = codec.find(here)
    assert found is not None
    required = {field.encode_name for field in msgspec.structs.fields(found.wire_type) if field.required}
    for child in list(here):
        index = here.index(child)
        here.remove(child)
        if child.tag in required:
            with pytest.raises(Missing) as caught:
                codec.read(here, found.wire_type)
            assert caught.value.element == child.tag
        else:
            codec.read(here, found.wire_type)
        here.insert(index, child)


def test_documents_alone_and_in_envelopes() -> None:
    name = "to_set_evse_busy_status/request"
    whole = body(name)
    bare = codec.encode(golden(name))
    for text in (whole, bare):
        assert codec.read_document(text, to_iop.SetEVSEBusyStatusRequest) == golden(name)
    with pytest.raises(Invalid):
        codec.read_document(whole, to_iop.HeartBeatRequest)
    with pytest.raises(Invalid):
        codec.read_document(b'<Envelope xmlns="x"><Body/></Envelope>', to_iop.HeartBeatRequest)


@pytest.mark.spec("EMIP-GEN-08")
def test_names_of_the_platform_are_never_fetched() -> None:
    """They are in namespaces and actions only."""
    sources = [path for path in Path(codec.__file__).parent.rglob("*.py") if "api-iop" in path.read_text()]
    assert [path.name for path in sources] == ["codec.py"]
