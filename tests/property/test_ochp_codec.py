"""Laws of the OCHP codec: what is written is read again, and is what the schema says."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from protocols.ochp import codec
from protocols.ochp.wire import tokens
from protocols.transport.soap.xml import parse
from tests.ochp_schema import assert_valid
from tests.property import strategies_ochp as ochp

MESSAGES = sorted(codec.MESSAGES.values(), key=lambda kind: str(kind.__name__))
LAW = settings(
    max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None
)


def exact(message: Any) -> str:
    """22.0 is not 22."""
    return repr(message)


@pytest.mark.spec("OCHP-TRN-12", "OCHP-DT-14")
@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_what_is_written_is_read_again(kind: Any) -> None:
    @LAW
    @given(ochp.wire(kind))
    def law(message: Any) -> None:
        element = parse(codec.encode(message))
        for lenient in (False, True):
            assert plainly(codec.read(element, kind, lenient=lenient)) == plainly(message)

    law()


def plainly(message: Any) -> str:
    """Numbers in exponents come back without."""
    return exact(message).replace("1E-7", "0.0000001")


@pytest.mark.spec("OCHP-TRN-11", "OCHP-TRN-12")
@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_what_is_written_is_valid(kind: Any) -> None:
    @LAW
    @given(ochp.wire(kind).filter(sendable))
    def law(message: Any) -> None:
        assert_valid(codec.encode(message))

    law()


def sendable(message: Any) -> bool:
    """Without what is read with patience only."""
    name = type(message).__name__
    if name == "GetRoamingAuthorisationListUpdatesResponse" and message.roaming_authorisation_info_array:
        return False
    kinds = [getattr(message, member, ()) for member in ("combined", "evse", "parking")]
    if name == "GetStatusResponse" and sum(map(bool, kinds)) > 1:
        return False
    result = getattr(message, "result", None)
    return result is None or result.result_description is not None


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_refused_in_words(body: bytes) -> None:
    with pytest.raises(Invalid):
        codec.documents(b"<" + body, tokens.RoamingAuthorisationInfo)


@settings(max_examples=60, deadline=None)
@given(ochp.records, st.text(ochp.plain, max_size=30), st.text(ochp.plain, max_size=30))
def test_unknown_elements_come_back_from_a_lenient_reader(record: Any, text: str, attribute: str) -> None:
    extra = {"permissions": ["AC", text], "{urn:x}more": {"@a": attribute, "inner": text}}
    told = type(record)(**{name: getattr(record, name) for name in record.__struct_fields__} | {"extra": extra})
    element = parse(codec.encode(told))
    assert codec.read(element, type(record), lenient=True) == told
    with pytest.raises(Invalid, match="unknown element"):
        codec.read(element, type(record))
