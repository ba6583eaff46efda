"""Errors and OCPI's words for them."""

import pytest

from core.errors import Invalid, Refused, Rejected, RoamingError, Unavailable, Uncertain, Unknown, Unsupported
from protocols.ocpi.codes import Failure, NotAccepted, error_of, failure_of
from protocols.transport.json_codec import NotJson

spec = pytest.mark.spec


@pytest.mark.parametrize(
    ("error", "http", "code"),
    [
        (NotJson("$", "no"), 400, 2001),
        (Invalid("$.a", "no"), 200, 2001),
        (Unknown("location", "x"), 404, 2003),
        (Unknown("EVSE", "x"), 404, 2003),
        (Unknown("token", "x"), 404, 2004),
        (Unknown("tariff", "x"), 404, 2001),
        (Unknown("party", "x"), 200, 4001),
        (Refused("x", authenticated=False), 401, 2000),
        (Refused("x"), 403, 2001),
        (Unsupported("x"), 200, 4000),
        (Unavailable("x"), 200, 3000),
        (Uncertain("x"), 200, 3000),
        (Rejected("1", "x"), 200, 2000),
        (RoamingError("x"), 200, 3000),
        (Failure(3002, "x"), 200, 3002),
    ],
)
def test_what_a_partner_is_answered(error: RoamingError, http: int, code: int) -> None:
    failure = failure_of(error)
    assert (failure.http, failure.code) == (http, code)
    assert not 4900 <= failure.code <= 4999


@spec("OCPI-STC-26", "OCPI-STC-22")
@pytest.mark.parametrize(
    ("http", "code", "kind"),
    [
        (200, 1000, None),
        (201, 1000, None),
        (200, 1999, None),
        (200, 2000, Rejected),
        (200, 2003, Unknown),
        (404, 2004, Unknown),
        (404, None, Unknown),
        (400, 2001, Rejected),
        (405, 2000, Rejected),
        (400, None, Rejected),
        (500, 1000, Uncertain),
        (200, 3000, Uncertain),
        (200, 3002, Uncertain),
        (200, 4001, Rejected),
        (200, 4002, Uncertain),
        (200, 4003, Unavailable),
        (401, 2000, NotAccepted),
        (403, None, NotAccepted),
        (429, None, Unavailable),
        (302, None, Uncertain),
        (200, None, Uncertain),
    ],
)
def test_what_an_answer_means(http: int, code: int | None, kind: type[RoamingError] | None) -> None:
    error = error_of(http, code, "words", who="P")
    assert type(error) is (kind or type(None))
    if kind is Rejected:
        assert "words" in str(error)
