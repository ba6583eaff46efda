"""The goldens: read, written again, and judged by the official schema where it is at hand."""

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from core.errors import Invalid
from protocols.ochp import codec
from protocols.ochp.wire import cdrs, charge_points, live, tokens, words
from protocols.transport.soap.xml import Element, parse
from tests.ochp_schema import OFFICIAL, assert_valid, needs_official

GOLDEN = Path(__file__).parents[3] / "golden" / "ochp"
FILES = sorted(GOLDEN.rglob("*.xml"))


def golden(name: str) -> Element:
    return parse((GOLDEN / f"{name}.xml").read_bytes())


def shape(element: Any) -> Any:
    """Names, attributes and texts; space around tags means nothing."""
    return element.tag, sorted(element.items()), (element.text or "").strip(), [shape(child) for child in element]


@pytest.mark.spec("OCHP-TRN-11", "OCHP-TRN-12", "OCHP-TRN-14", "OCHP-RES-01")
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_goldens_are_read_and_written_again(path: Path) -> None:
    body = path.read_bytes()
    assert_valid(body)
    element = parse(body)
    message = codec.read(element, codec.MESSAGES[str(element.tag)])
    written = codec.encode(message)
    assert_valid(written)
    assert shape(etree.fromstring(written)) == shape(element)
    assert written.isascii()


def test_there_is_a_golden_for_every_message() -> None:
    roots = {str(parse(path.read_bytes()).tag) for path in FILES}
    assert roots == set(codec.MESSAGES)


@needs_official
@pytest.mark.spec("OCHP-TRN-11", "OCHP-TRN-30")
@pytest.mark.parametrize("path", sorted(OFFICIAL.glob("samples/0[1-5]*.xml")), ids=lambda path: str(path.name))
def test_official_samples_are_read_and_written_again(path: Path) -> None:
    envelope = etree.parse(str(path)).getroot()
    (body,) = envelope.find("{*}Body")
    message = codec.read(body, codec.MESSAGES[str(body.tag)])
    assert shape(etree.fromstring(codec.encode(message))) == shape(body)


@needs_official
@pytest.mark.spec("OCHP-RES-19")
def test_the_enumerations_are_those_of_the_official_schema() -> None:
    schema = "{http://www.w3.org/2001/XMLSchema}"
    said = set()
    for name in ("data-types", "live-types", "array-types", "message-elements"):
        for restriction in etree.parse(str(OFFICIAL / "types" / f"{name}.xsd")).iter(schema + "restriction"):
            values = frozenset(one.get("value") for one in restriction.findall(schema + "enumeration"))
            if values:
                said.add(values)
    ours = {
        frozenset(word.value for word in kind)
        for kind in vars(words).values()
        if isinstance(kind, type) and issubclass(kind, words.Code) and kind is not words.Code
    }
    assert ours <= said


def change(text: str, old: str, new: str) -> Element:
    assert old in text
    return parse(text.replace(old, new, 1).encode())


SET = (GOLDEN / "set_roaming_authorisation_list" / "request.xml").read_text()
ADD = (GOLDEN / "add_cdrs" / "request.xml").read_text()
POI = (GOLDEN / "set_charge_point_list" / "request.xml").read_text()
STATUS = (GOLDEN / "update_status" / "request.xml").read_text()


PUBLIC = "<o:authMethods><o:AuthMethodType>Public</o:AuthMethodType></o:authMethods>"


@pytest.mark.spec(
    "OCHP-ID-02", "OCHP-ID-07", "OCHP-ID-10", "OCHP-ID-16", "OCHP-RA-26", "OCHP-DT-04", "OCHP-DT-09", "OCHP-CDR-49",
    "OCHP-CP-14", "OCHP-CP-16", "OCHP-CP-17", "OCHP-CP-18", "OCHP-CP-19", "OCHP-CP-20", "OCHP-CP-22", "OCHP-DT-05",
    "OCHP-DT-11", "OCHP-DT-18", "OCHP-DT-02", "OCHP-DT-08", "OCHP-DT-10", "OCHP-CP-27",
)  # fmt: skip
@pytest.mark.parametrize(
    ("kind", "text", "old", "new"),
    [
        (tokens.SetRoamingAuthorisationListRequest, SET, "DE-FAR-C00000815-4", "DE-FARC00000815"),
        (tokens.SetRoamingAuthorisationListRequest, SET, "DE-FAR-C00000815-4", "DE-FAR-C123456789-4"),
        (tokens.SetRoamingAuthorisationListRequest, SET, "FAR 0000 0815", "x" * 151),
        (tokens.SetRoamingAuthorisationListRequest, SET, "FAR 0000 0815", ""),
        (tokens.SetRoamingAuthorisationListRequest, SET, "04B7E1A2C93F80", ""),
        (tokens.SetRoamingAuthorisationListRequest, SET, "9f86d0", "9f86d"),
        (tokens.SetRoamingAuthorisationListRequest, SET, 'representation="plain"', 'representation="SHA256"'),
        (tokens.SetRoamingAuthorisationListRequest, SET, "mifareDes", "felica"),
        (tokens.SetRoamingAuthorisationListRequest, SET, "2027-12-31T23:59:59Z", "2027-12-31T23:59:59+00:00"),
        (tokens.SetRoamingAuthorisationListRequest, SET, "2027-12-31T23:59:59Z", "2027-13-41T25:61:00Z"),
        (cdrs.AddCDRsRequest, ADD, "DE*NOR*E0815*2", "DE*NORE0815"),
        (cdrs.AddCDRsRequest, ADD, "DE*NOR*E0815*2", "DE*NOR*E*815"),
        (cdrs.AddCDRsRequest, ADD, "DE*NOR*E0815*2", "+49*823*1234"),
        (cdrs.AddCDRsRequest, ADD, "DE*NOR*E0815*2", "DE*NOR*E" + "1" * 32),
        (cdrs.AddCDRsRequest, ADD, "001:00:00", "1:00:00"),
        (cdrs.AddCDRsRequest, ADD, "10.50", "NaN"),
        (cdrs.AddCDRsRequest, ADD, "10.50", "INF"),
        (cdrs.AddCDRsRequest, ADD, "EUR", "EURO"),
        (cdrs.AddCDRsRequest, ADD, "2025-10-26T02:30:00+02:00", "2025-10-26T02:30:00Z"),
        (cdrs.AddCDRsRequest, ADD, "2025-10-26T02:30:00+02:00", "2025-10-26T02:30:00+25:99"),
        (cdrs.AddCDRsRequest, ADD, "<o:taxrate>19", "<o:taxrate>-1"),
        (cdrs.AddCDRsRequest, ADD, "<o:houseNumber>3-5", "<o:houseNumber>12a"),
        (charge_points.SetChargePointListRequest, POI, "<o:locationId>HAFEN 3", "<o:locationId>Hafen 3"),
        (charge_points.SetChargePointListRequest, POI, "DEU</o:locationNameLang>", "deu</o:locationNameLang>"),
        (charge_points.SetChargePointListRequest, POI, "+49 471 555-0815", "+49 (0)471 5550815"),
        (charge_points.SetChargePointListRequest, POI, 'lat="53.545120"', 'lat="53.54"'),
        (charge_points.SetChargePointListRequest, POI, 'lat="53.545120"', 'lat="91.000000"'),
        (charge_points.SetChargePointListRequest, POI, ' periodEnd="22:00"', ' periodEnd="25:00"'),
        (charge_points.SetChargePointListRequest, POI, ' periodEnd="22:00"', ' periodEnd="05:00"'),
        (charge_points.SetChargePointListRequest, POI, "2026-05-17T18:00:00Z", "2026-05-17T05:00:00Z"),
        (charge_points.SetChargePointListRequest, POI, "2026-03-08T00:00:00Z", "2026-02-08T00:00:00Z"),
        (charge_points.SetChargePointListRequest, POI, "<o:closedCharging>false</o:closedCharging>", ""),
        (
            charge_points.SetChargePointListRequest,
            POI,
            "<o:exceptionalOpenings>",
            "<o:twentyfourseven>true</o:twentyfourseven><o:exceptionalOpenings>",
        ),
        (charge_points.SetChargePointListRequest, POI, "https://nordlader", "gopher://nordlader"),
        (charge_points.SetChargePointListRequest, POI, "<o:maxReservation>45", "<o:maxReservation>0"),
        (charge_points.SetChargePointListRequest, POI, "<o:nominalVoltage>400", "<o:nominalVoltage>0"),
        (charge_points.SetChargePointListRequest, POI, ">IEC_62196_T2<", ">IEC-62196-T2<"),
        (charge_points.SetChargePointListRequest, POI, PUBLIC, ""),
        (live.UpdateStatusRequest, STATUS, 'major="unknown"', 'major="Unknown"'),
        (live.UpdateStatusRequest, STATUS, 'ttl="2026-01-15T14:00:00.5+01:00"', 'ttl="soon"'),
    ],
)  # fmt: skip
def test_what_is_beyond_a_limit_is_refused(kind: Any, text: str, old: str, new: str) -> None:
    with pytest.raises(Invalid):
        codec.read(change(text, old, new), kind)


@pytest.mark.spec("OCHP-WSD-04")
def test_a_bad_record_does_not_spoil_the_list() -> None:
    element = change(SET, "DE-FAR-C00000815-4", "x")
    message, refused = codec.read_each(element, tokens.SetRoamingAuthorisationListRequest)
    assert [info.contract_id for info in message.roaming_authorisation_info_array] == [
        "DEFARC00000816",
        "defarc00000817",
    ]
    assert [(bad.position, bad.error.path.rpartition("/")[2]) for bad in refused] == [(1, "contractId")]
    assert refused[0].raw["contractId"] == "x"


def test_an_empty_list_is_refused() -> None:
    empty = parse(b'<SetRoamingAuthorisationListRequest xmlns="http://ochp.eu/1.4"/>')
    with pytest.raises(Invalid, match="at least 1"):
        codec.read_each(empty, tokens.SetRoamingAuthorisationListRequest)


def test_elements_of_a_release_candidate_are_refused() -> None:
    element = parse(b'<GetCDRsRequest xmlns="http://ochp.eu/1.4"><pagination/></GetCDRsRequest>')
    with pytest.raises(Invalid, match="unknown element"):
        codec.read(element, cdrs.GetCDRsRequest)
    missing = parse(b'<GetRoamingAuthorisationListUpdatesRequest xmlns="http://ochp.eu/1.4"/>')
    with pytest.raises(Invalid, match="is missing"):
        codec.read(missing, tokens.GetRoamingAuthorisationListUpdatesRequest)


@pytest.mark.spec("OCHP-TRN-13", "OCHP-DT-13", "OCHP-DT-03", "OCHP-CP-15")
def test_what_is_tolerated() -> None:
    prefixed = change(STATUS, 'status="not-available"', 'o:status="not-available"')
    assert codec.read(prefixed, live.UpdateStatusRequest).parking[0].status is words.Major.NOT_AVAILABLE
    numbers = change(POI, "<o:closedCharging>false", "<o:closedCharging>0")
    message = codec.read(numbers, charge_points.SetChargePointListRequest)
    assert b"<closedCharging>false</closedCharging>" in codec.encode(message)
    hours = charge_points.Hours(twentyfourseven=False, closed_charging=True)
    assert b"<twentyfourseven>false</twentyfourseven>" in codec.encode(hours)


@pytest.mark.spec("OCHP-CLI-10", "OCHP-RA-14")
def test_clearing_houses_are_read_with_patience() -> None:
    old = "roamingAuthorisationInfo>"
    text = (GOLDEN / "get_roaming_authorisation_list_updates" / "response.xml").read_text()
    element = parse(text.replace("o:" + old, "o:roamingAuthorisationInfoArray>").encode())
    kind = tokens.GetRoamingAuthorisationListUpdatesResponse
    assert len(codec.read(element, kind, lenient=True).roaming_authorisation_info_array) == 1
    without = parse(
        b'<GetCDRsResponse xmlns="http://ochp.eu/1.4"><result><resultCode><resultCode>ok</resultCode></resultCode>'
        b'<resultDescription xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/></result>'
        b"</GetCDRsResponse>"
    )
    assert codec.read(without, cdrs.GetCDRsResponse, lenient=True).result.result_description is None


@pytest.mark.spec("OCHP-CLI-10")
def test_a_mixed_status_answer_is_read() -> None:
    mixed = parse(
        b'<GetStatusResponse xmlns="http://ochp.eu/1.4"><evse major="available"><evseId>DENORE1</evseId></evse>'
        b'<combined major="unknown"><evseId>DENORE1</evseId></combined></GetStatusResponse>'
    )
    message = codec.read(mixed, live.GetStatusResponse, lenient=True)
    assert (len(message.evse), len(message.combined)) == (1, 1)


def test_documents_come_bare_in_requests_and_in_envelopes() -> None:
    record = codec.documents(ADD.encode(), cdrs.CDRInfo, item="cdrInfoArray")[0]
    bare = codec.encode(record, "cdrInfoArray")
    envelope = b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>%b</e:Body></e:Envelope>'
    for body in (bare, codec.encode(record), ADD.encode(), envelope % ADD.encode(), envelope % bare):
        assert codec.read_document(body, cdrs.CDRInfo, item="cdrInfoArray") == record
    with pytest.raises(Invalid, match="not in the namespace"):
        codec.read_document(b'<CDRInfo xmlns="http://ochp.eu/1.3"/>', cdrs.CDRInfo)
    with pytest.raises(Invalid):
        codec.read_document(envelope % (bare + bare), cdrs.CDRInfo)
