"""Questions and answers at the charging station."""

from typing import Any

import msgspec
import pytest

from core.model.authorisation import Authorisation, AuthoriseRequest, Decision
from core.model.ids import ContractId, EvseId, PartyId, TokenUid
from core.model.quantities import Text
from mappings.oicp.authorisation import (
    authorisation_from_oicp,
    authorisation_stop_to_oicp,
    authorisation_to_oicp,
    authorise_request_from_oicp,
    authorise_request_to_oicp,
    authorise_stop_to_oicp,
)
from protocols.oicp.wire.authorisation import AuthorizationStart, AuthorizationStatus
from protocols.oicp.wire.common import StatusCode
from tests.unit.core.examples import location
from tests.unit.mappings.oicp.oicp_samples import JOURNEY, OPERATOR, replace
from tests.unit.protocols.oicp.wire.oicp_goldens import golden

FAR = PartyId("DE", "FAR")
REQUEST = AuthoriseRequest(operator=OPERATOR, uid=TokenUid.parse("04c1d2e3f40580"), kind="RFID", journey_id=JOURNEY)
YES = Authorisation(decision=Decision.ALLOWED, issuer=FAR, reference="R1", info=Text(language="de", text="Gute Fahrt"))


@pytest.mark.spec("OICP-AUTH-05")
def test_a_card_is_asked_for_in_upper_case() -> None:
    start = golden("authorize_start/rfid")
    card = replace(start.identification.rfid_mifare_family_identification, uid="04c1d2e3f40580")
    lower = replace(start, identification=replace(start.identification, rfid_mifare_family_identification=card))
    request = authorise_request_from_oicp(lower)
    assert (request.operator, request.kind, request.uid.text) == (OPERATOR, "RFID", "04C1D2E3F40580")
    assert request.evse_id == EvseId.parse("DENORE20011")
    assert request.operator_session_id == "nl-2026-000917"


def test_plug_and_charge_names_its_provider() -> None:
    request = authorise_request_from_oicp(golden("authorize_start/plug_and_charge"))
    assert (request.kind, request.operator) == ("EMAID", PartyId("DE", "822"))
    assert request.contract_id is not None
    assert request.contract_id.provider == FAR


def test_a_pin_goes_on_but_is_put_aside_nowhere() -> None:
    request = authorise_request_from_oicp(golden("authorize_start/qr_code"))
    assert request.pin == "7391"
    assert b"7391" not in msgspec.json.encode(replace(request, pin=None))
    message = authorise_request_to_oicp(request).message
    assert message is not None
    assert message.identification == golden("authorize_start/qr_code").identification


def test_a_stop_names_its_session() -> None:
    request = authorise_request_from_oicp(golden("authorize_stop/rfid"))
    assert request.journey_id == JOURNEY
    assert authorise_stop_to_oicp(request).message == golden("authorize_stop/rfid")
    assert authorise_stop_to_oicp(replace(request, journey_id=None, extensions={})).message is None


def test_a_request_of_another_protocol() -> None:
    asked = authorise_request_to_oicp(
        replace(REQUEST, evse_id=EvseId.parse("DE*NOR*E2001*1"), location_id="LOC1"), operator_id="+49*NOR"
    )
    assert asked.message is not None
    assert (asked.message.session_id, asked.message.operator_id) == (JOURNEY, "+49*NOR")
    assert [loss.path for loss in asked.losses] == ["location_id"]


@pytest.mark.parametrize(
    ("named", "evse_id", "lost"),
    [
        (("e1",), "NL*CPA*E1", ["location_id"]),
        (("E1", "E2"), None, ["evse_uids", "location_id"]),
        (("E9",), None, ["evse_uids", "location_id"]),
        ((), None, ["location_id"]),
    ],
)
def test_the_one_evse_that_the_operator_means_is_named(
    named: tuple[str, ...], evse_id: str | None, lost: list[str]
) -> None:
    asked = authorise_request_to_oicp(replace(REQUEST, location_id="LOC1", evse_uids=named), location=location())
    assert asked.message is not None
    assert asked.message.evse_id == evse_id
    assert sorted(loss.path for loss in asked.losses) == lost


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "OTHER"},
        {"uid": TokenUid.parse("012345678")},
        {"kind": "APP_USER", "contract_id": ContractId.parse("DEFARC0A1B2C3D")},
        {"kind": "EMAID", "uid": TokenUid.parse("NLTNM012345678W")},
    ],
)
def test_what_oicp_cannot_ask(change: Any) -> None:
    assert authorise_request_to_oicp(replace(REQUEST, **change)).message is None
    assert authorise_stop_to_oicp(replace(REQUEST, **change)).message is None


@pytest.mark.spec("OICP-AUTH-20")
def test_a_yes() -> None:
    answer = authorisation_to_oicp(YES, replace(REQUEST, operator_session_id="nl/1"), session_id=JOURNEY).message
    assert answer == AuthorizationStart(
        authorization_status=AuthorizationStatus.AUTHORIZED,
        status_code=StatusCode(code="000", description="Success.", additional_info="Gute Fahrt"),
        session_id=JOURNEY,
        cpo_partner_session_id="nl/1",
        emp_partner_session_id="R1",
        provider_id="DE-FAR",
    )


@pytest.mark.parametrize(
    ("decision", "kind", "code"),
    [
        (Decision.BLOCKED, "RFID", "200"),
        (Decision.EXPIRED, "RFID", "210"),
        (Decision.NO_CREDIT, "RFID", "210"),
        (Decision.NOT_ALLOWED, "RFID", "210"),
        (Decision.UNKNOWN_TOKEN, "RFID", "102"),
        (Decision.UNKNOWN_TOKEN, "EMAID", "105"),
        (Decision.UNKNOWN_TOKEN, "QR_CODE", "101"),
        (Decision.NO_ISSUER, "RFID", "210"),
        (Decision.TIMED_OUT, "RFID", "106"),
        (Decision.NEEDS_LOCATION, "RFID", "022"),
    ],
)
def test_every_no_has_its_code_and_no_session(decision: Decision, kind: str, code: str) -> None:
    no = Authorisation(decision=decision, issuer=FAR)
    answer = authorisation_to_oicp(no, replace(REQUEST, kind=kind), session_id=JOURNEY).message
    assert answer.status_code is not None
    assert (answer.authorization_status, answer.status_code.code) == (AuthorizationStatus.NOT_AUTHORIZED, code)
    assert (answer.session_id, answer.provider_id) == (None, None)


def test_a_yes_for_other_evses_is_a_no() -> None:
    request = replace(REQUEST, evse_uids=("1",))
    no = authorisation_to_oicp(replace(YES, evse_uids=("2",)), request, session_id=JOURNEY).message
    assert (no.authorization_status, no.status_code and no.status_code.code) == ("NotAuthorized", "210")
    yes = authorisation_to_oicp(replace(YES, evse_uids=("1", "2")), request, session_id=JOURNEY).message
    assert yes.authorization_status is AuthorizationStatus.AUTHORIZED


@pytest.mark.spec("OICP-AUTH-20")
def test_an_emps_answer_reaches_the_cpo_in_its_own_words() -> None:
    said = golden("authorization_start/authorized")
    answer = authorisation_from_oicp(said, issuer=FAR)
    assert (answer.decision, answer.reference, answer.journey_id) == (Decision.ALLOWED, "far/88121", JOURNEY)
    assert [uid.text for uid in answer.stop_uids] == ["04C1D2E3F40580", "9A8B7C6D"]
    request = replace(REQUEST, operator_session_id=said.cpo_partner_session_id)
    assert authorisation_to_oicp(answer, request).message == said


@pytest.mark.parametrize("status", [None, StatusCode(code="000"), StatusCode(code="777"), StatusCode(code="210")])
def test_the_status_decides_whatever_the_code(status: StatusCode | None) -> None:
    for word, decision in (("Authorized", Decision.ALLOWED), ("NotAuthorized", Decision.NOT_ALLOWED)):
        said = AuthorizationStart(authorization_status=AuthorizationStatus(word), status_code=status)
        answer = authorisation_from_oicp(said, issuer=FAR)
        assert answer.decision is decision
        sent = authorisation_to_oicp(answer, REQUEST, session_id=JOURNEY).message
        assert sent.authorization_status == word
        assert sent.status_code is not None
        assert (sent.status_code.code == "000") is (word == "Authorized")


@pytest.mark.parametrize(
    ("said", "sent"), [("101", "101"), ("200", "200"), ("777", "106"), (None, "106"), ("000", "106")]
)
def test_an_emps_no_keeps_its_code_if_it_is_one(said: str | None, sent: str) -> None:
    refusal = AuthorizationStart(
        authorization_status=AuthorizationStatus.NOT_AUTHORIZED,
        status_code=None if said is None else StatusCode(code=said, description="own words"),
    )
    answer = authorisation_to_oicp(authorisation_from_oicp(refusal, issuer=FAR), REQUEST).message
    assert answer.status_code is not None
    assert answer.status_code.code == sent
    assert (answer.status_code.description == "own words") is (said == sent)


@pytest.mark.parametrize(
    ("code", "decision"),
    [
        ("101", Decision.NOT_ALLOWED),
        ("102", Decision.UNKNOWN_TOKEN),
        ("105", Decision.UNKNOWN_TOKEN),
        ("106", Decision.NOT_ALLOWED),
        ("122", Decision.TIMED_OUT),
        ("200", Decision.BLOCKED),
        ("210", Decision.NOT_ALLOWED),
        ("310", Decision.TIMED_OUT),
        ("320", Decision.NOT_ALLOWED),
    ],
)
def test_refusals_of_an_emp(code: str, decision: Decision) -> None:
    refusal = AuthorizationStart(
        authorization_status=AuthorizationStatus.NOT_AUTHORIZED, status_code=StatusCode(code=code)
    )
    assert authorisation_from_oicp(refusal, issuer=FAR).decision is decision


@pytest.mark.spec("OICP-AUTH-47")
def test_a_stop_is_answered_with_all_ids() -> None:
    request = replace(REQUEST, operator_session_id="nl/1")
    answer = authorisation_stop_to_oicp(YES, request)
    assert (answer.session_id, answer.provider_id) == (JOURNEY, "DE-FAR")
    assert (answer.cpo_partner_session_id, answer.emp_partner_session_id) == ("nl/1", "R1")
    no = authorisation_stop_to_oicp(replace(YES, decision=Decision.UNKNOWN_TOKEN), request)
    assert (no.authorization_status, no.session_id) == (AuthorizationStatus.NOT_AUTHORIZED, JOURNEY)
