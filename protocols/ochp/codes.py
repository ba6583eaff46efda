"""Core errors <-> result codes. Source: OCHP 1.4, ResultCodeType; checklist, 4."""

from typing import Final

from core.errors import Invalid, Refused, Rejected, RoamingError, Uncertain, Unknown, Unsupported
from protocols.ochp.wire.results import Result
from protocols.ochp.wire.words import ResultCode

LONGEST: Final = 1000
SEVERITY: Final = (ResultCode.SERVER, ResultCode.FORMAT, ResultCode.INVALID_ID, ResultCode.ROAMING)
"""Of several causes the first of these is told."""
LOGIN_FAILED: Final = "the login failed"
"""The same for an unknown account, a wrong password and a locked account."""


class Negative(Exception):
    """A refusal of the whole request, in OCHP's words."""

    def __init__(self, code: ResultCode, text: str) -> None:
        super().__init__(f"{code.value}: {text}")
        self.code = code
        self.text = text


def result(code: ResultCode, text: str) -> Result:
    return Result(result_code=code, result_description=text[:LONGEST] or code.value)


def result_of(error: Exception) -> Result:
    """What an error means to the caller of this operation; an unforeseen one is the hub's."""
    if isinstance(error, Negative):
        return result(error.code, error.text)
    if isinstance(error, Invalid):
        return result(ResultCode.FORMAT, str(error))
    if isinstance(error, Refused):
        return result(ResultCode.INVALID_ID if error.authenticated else ResultCode.NOT_AUTHORIZED, error.reason)
    if isinstance(error, Unknown | Unsupported):
        return result(ResultCode.INVALID_ID, error.reason)
    return result(ResultCode.SERVER, "the request cannot be served now")


def error_of(answer: Result) -> RoamingError | None:
    """What a partner's result means to us: None for success, whole or in part, and for nothing to exchange."""
    code, text = answer.result_code, answer.result_description or ""
    if code in (ResultCode.OK, ResultCode.PARTLY, ResultCode.ROAMING):
        return None
    if code is ResultCode.NOT_AUTHORIZED:
        return Refused(f"the partner does not take our login: {text}", authenticated=False)
    if code is ResultCode.SERVER:
        return Uncertain(f"the partner failed: {text}")
    return Rejected(code.value, text)
