"""Core errors in OICP's words."""

import re

import msgspec
import pytest

from core.errors import Invalid, Refused, Rejected, RoamingError, Unavailable, Uncertain, Unknown, Unsupported
from mappings.oicp.codes import CODES
from protocols.oicp.codec import encode_answer
from protocols.oicp.codes import HTTP, Negative, Violations, acknowledgement, fault_body, negative_body, negative_of


@pytest.mark.spec("OICP-ERR-06", "OICP-ERR-29", "OICP-ERR-28")
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Refused("no"), ("017", 401)),
        (Unknown("journey", "x"), ("400", 404)),
        (Unknown("session", "x"), ("400", 404)),
        (Unknown("party", "x"), ("300", 200)),
        (Unsupported("x"), ("320", 200)),
        (Unavailable("x"), ("002", 500)),
        (Uncertain("x"), ("001", 500)),
        (Rejected("510", "no car"), ("510", 200)),
        (Rejected("2001", "not a code of OICP"), ("021", 200)),
        (RoamingError("x"), ("001", 500)),
    ],
)
def test_each_error_has_a_code_of_the_list(error: RoamingError, expected: tuple[str, int]) -> None:
    answer = negative_of(error)
    assert isinstance(answer, Negative)
    assert (answer.code, answer.http) == expected
    assert answer.code in CODES


def test_what_is_invalid_is_a_violation() -> None:
    answer = negative_of(Invalid("$.EvseID", "no"))
    assert isinstance(answer, Violations)
    assert answer.found[0].path == "$.EvseID"


@pytest.mark.spec("OICP-ERR-07", "OICP-ERR-05", "OICP-NET-15")
def test_codes_are_text_and_empty_members_null() -> None:
    body = encode_answer(acknowledgement())
    assert b'"Code":"000"' in body
    assert msgspec.json.decode(body) == {
        "Result": True,
        "StatusCode": {"Code": "000", "Description": "Success.", "AdditionalInfo": None},
        "SessionID": None,
        "CPOPartnerSessionID": None,
        "EMPPartnerSessionID": None,
    }


@pytest.mark.spec("OICP-ERR-04")
def test_a_refusal_is_readable_for_all() -> None:
    body = msgspec.json.decode(negative_body("017", "who?", authorisation=True, ids={"session_id": "s"}))
    assert body["Result"] is False
    assert body["AuthorizationStatus"] == "NotAuthorized"
    assert (body["StatusCode"]["Code"], body["SessionID"]) == ("017", "s")
    assert "AuthorizationStatus" not in msgspec.json.decode(negative_body("017", None, authorisation=False, ids={}))


@pytest.mark.spec("OICP-ERR-08")
def test_details_are_cut_at_their_limit_and_the_text_is_the_standard_one() -> None:
    for code, text in CODES.items():
        body = msgspec.json.decode(negative_body(code, "ü" * 2000, authorisation=False, ids={}))
        assert body["StatusCode"] == {"Code": code, "Description": text, "AdditionalInfo": "ü" * 1000}
        assert len(text) <= 200


@pytest.mark.spec("OICP-ERR-03", "OICP-ERR-01")
def test_fields_are_named_as_the_platform_names_them() -> None:
    path = "$.OperatorEvseData.EvseDataRecord[0].HotlinePhoneNumber"
    body = msgspec.json.decode(fault_body("m", [Invalid(path, "may not be null"), Invalid("$", "not JSON")]))
    assert body == {
        "message": "m",
        "extendedInfo": None,
        "validationErrors": [
            {
                "fieldReference": "operatorEvseData.evseDataRecord[0].hotlinePhoneNumber",
                "errorMessage": "may not be null",
            },
            {"fieldReference": "", "errorMessage": "not JSON"},
        ],
    }


def test_http_statuses_belong_to_codes() -> None:
    assert set(HTTP) <= set(CODES)
    assert all(re.fullmatch(r"[45]\d\d", str(status)) for status in HTTP.values())
