"""The small parts of the clearing house: feedback, result codes, the marks of an EVSE."""

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Invalid, Refused, Rejected, StoreUnavailable, Uncertain, Unknown
from core.model.ids import EvseId
from core.model.location import Evse, EvseStatus
from protocols.ochp import marks
from protocols.ochp.codes import Negative, error_of, result, result_of
from protocols.ochp.marks import Live
from protocols.ochp.server.feedback import Feedback, Refusal, invalid
from protocols.ochp.server.inbound import numbered
from protocols.ochp.wire.results import Result
from protocols.ochp.wire.words import ChargePointStatus, Major, Minor, ResultCode
from protocols.transport.soap.reading import Refused as Bad

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
SOON = NOW + timedelta(minutes=5)


def refusal(position: int, code: ResultCode = ResultCode.INVALID_ID, record: object = None) -> Refusal:
    return Refusal(position=position, name=f"R{position}", code=code, reason="why", record=record)


def feedback(accepted: int, *refusals: Refusal) -> Feedback:
    made = Feedback()
    made.accept(accepted)
    for one in refusals:
        made.refuse(one)
    return made


def test_all_some_and_none() -> None:
    assert feedback(3).result() == result(ResultCode.OK, "3 accepted")
    assert feedback(1, refusal(2)).result().result_code is ResultCode.PARTLY
    assert feedback(0, refusal(1)).nothing_accepted
    assert not feedback(0).nothing_accepted


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        ((ResultCode.ROAMING, ResultCode.INVALID_ID), ResultCode.INVALID_ID),
        ((ResultCode.INVALID_ID, ResultCode.FORMAT), ResultCode.FORMAT),
        ((ResultCode.FORMAT, ResultCode.SERVER), ResultCode.SERVER),
        ((ResultCode.ROAMING,), ResultCode.ROAMING),
    ],
)
def test_the_gravest_cause_is_told(codes: tuple[ResultCode, ...], told: ResultCode) -> None:
    made = feedback(0, *(refusal(place, code) for place, code in enumerate(codes, 1)))
    assert made.result().result_code is told


def test_refusals_are_told_in_the_order_of_the_request_and_echoed_where_they_can_be() -> None:
    made = feedback(0, refusal(3, record="c"), refusal(1, record="a"), refusal(2))
    assert made.result().result_description == (
        "0 accepted, 3 refused; record 1: R1: why; record 2: R2: why; record 3: R3: why"
    )
    assert made.echoed == ("a", "c")


def test_unreadable_records_keep_their_places() -> None:
    bad = (Bad(2, "item", Invalid("/x", "wrong"), {}), Bad(1, "other", Invalid("/x", "wrong"), {}))
    assert list(numbered(("a", "b"), bad, "item")) == [(1, "a"), (3, "b")]  # type: ignore[type-var]
    made = Feedback()
    made.unreadable(bad[:1])
    assert "record 2: /x: wrong" in (made.result().result_description or "")
    assert invalid(1, "n", Invalid("/x", "y"), None).code is ResultCode.FORMAT


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Negative(ResultCode.ROAMING, "nobody"), ResultCode.ROAMING),
        (Invalid("/a", "b"), ResultCode.FORMAT),
        (Refused("no", authenticated=False), ResultCode.NOT_AUTHORIZED),
        (Refused("not yours"), ResultCode.INVALID_ID),
        (Unknown("token", "x"), ResultCode.INVALID_ID),
        (StoreUnavailable("mongodb at 10.0.0.1"), ResultCode.SERVER),
        (ValueError("secret"), ResultCode.SERVER),
    ],
)
def test_errors_as_result_codes(error: Exception, code: ResultCode) -> None:
    said = result_of(error)
    assert said.result_code is code
    assert "10.0.0.1" not in (said.result_description or "")
    assert "secret" not in (said.result_description or "")


def test_a_description_is_never_empty_nor_too_long() -> None:
    assert result(ResultCode.OK, "").result_description == "ok"
    assert len(result(ResultCode.OK, "x" * 2000).result_description or "") == 1000


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (ResultCode.OK, None),
        (ResultCode.PARTLY, None),
        (ResultCode.ROAMING, None),
        (ResultCode.NOT_AUTHORIZED, Refused),
        (ResultCode.SERVER, Uncertain),
        (ResultCode.FORMAT, Rejected),
        (ResultCode.INVALID_ID, Rejected),
    ],
)
def test_a_partner_s_results_in_core_s_words(code: ResultCode, error: type[Exception] | None) -> None:
    found = error_of(Result(result_code=code))
    assert found is None if error is None else isinstance(found, error)


# --- marks


def evse(static: ChargePointStatus | None = ChargePointStatus.OPERATIVE) -> Evse:
    status = None if static is None else f'"{static.value}"'
    extension = f'{{"status/ChargePointStatusType": {status or "null"}}}'
    bare = Evse(
        uid="DEQX7E1",
        evse_id=EvseId.parse("DE*QX7*E1"),
        status=EvseStatus.UNKNOWN,
        updated_at=NOW,
        extensions={"ochp": extension},
    )
    return marks.with_live(bare, None, NOW)


PAIRS = [
    Live(Major.AVAILABLE),
    Live(Major.AVAILABLE, Minor.AVAILABLE, SOON),
    Live(Major.AVAILABLE, Minor.RESERVED, SOON),
    Live(Major.NOT_AVAILABLE),
    Live(Major.NOT_AVAILABLE, Minor.CHARGING),
    Live(Major.NOT_AVAILABLE, Minor.BLOCKED, SOON),
    Live(Major.NOT_AVAILABLE, Minor.RESERVED),
    Live(Major.NOT_AVAILABLE, Minor.OUT_OF_ORDER),
]


@pytest.mark.parametrize("static", [*ChargePointStatus, None])
@pytest.mark.parametrize("live", PAIRS)
def test_both_statuses_of_an_evse_come_back(static: ChargePointStatus | None, live: Live) -> None:
    found = marks.with_live(evse(static), live, NOW)
    assert marks.live_of(found) == live
    assert marks.static_of(found) is static
    assert marks.live_of(marks.with_live(found, marks.UNKNOWN, NOW)) == marks.UNKNOWN


@pytest.mark.parametrize("live", PAIRS)
def test_what_is_simple_is_held_by_the_model_s_status_alone(live: Live) -> None:
    before = evse()
    after = marks.with_live(before, live, NOW)
    assert marks.is_simple(before, live) == (before.extensions == after.extensions)
    assert not marks.is_simple(evse(ChargePointStatus.PLANNED), live)


def test_a_status_past_its_time_is_unknown_at_once() -> None:
    assert marks.live_of(marks.with_live(evse(), Live(Major.AVAILABLE, None, NOW), NOW)) == marks.UNKNOWN
    assert Live(Major.AVAILABLE, None, SOON).at(SOON) == marks.UNKNOWN


def test_a_withdrawn_evse_is_removed_for_others() -> None:
    gone = marks.withdrawn(marks.with_live(evse(), PAIRS[2], NOW))
    assert (gone.status, marks.is_withdrawn(gone), marks.is_withdrawn(evse())) == (EvseStatus.REMOVED, True, False)
    assert marks.static_of(gone) is ChargePointStatus.OPERATIVE
