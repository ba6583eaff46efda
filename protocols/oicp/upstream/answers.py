"""What a platform's answer is worth, before it is read as a message: HTTP status and body together."""

import logging
from typing import Final

from core.errors import Busy, Invalid, Rejected, Unavailable, Uncertain
from core.model.partner import Partner
from protocols.oicp import codec
from protocols.oicp.codes import DATA, NO_CONTRACT, NO_PARTNER, STORAGE_ERROR, SYSTEM_ERROR, UNAUTHORIZED
from protocols.oicp.wire.common import Fault, FaultBody, StatusCode
from protocols.transport.http import Answer

log = logging.getLogger(__name__)
SMALL: Final = 8192
"""Bytes within which a refusal is said."""
ALARMING: Final = {
    UNAUTHORIZED: "the certificate or key of the hub",
    NO_CONTRACT: "the hub's contract",
    NO_PARTNER: "the hub's id",
}
BROKEN: Final = frozenset({SYSTEM_ERROR, STORAGE_ERROR})
TRANSIENT: Final = frozenset({403, 408})


def checked(partner: Partner, operation: str, answer: Answer) -> Answer:
    """The answer as it can be read. Raises Busy (429), Rejected (a body that it calls invalid), Uncertain and
    Unavailable (it, or what stands before it, is out of order). What the hub is refused for is called out."""
    if answer.status == 429:
        raise Busy(f"{operation}: HTTP 429")
    answer = _in_utf8(answer)
    said = status_of(answer)
    if said is not None and said.code in ALARMING:
        log.error("%s refuses %s (%s): see to %s", partner.name, operation, said.code, ALARMING[said.code])
    if answer.status >= 500 and (said is None or said.code in BROKEN):
        if answer.status == 503:
            raise Unavailable(f"{operation}: HTTP 503")
        raise Uncertain(f"{operation}: HTTP {answer.status}")
    if said is None and answer.status in TRANSIENT:
        raise Uncertain(f"{operation}: HTTP {answer.status}")
    if said is None and answer.status == 400:
        raise Rejected(DATA, _faults(answer))
    return answer


def status_of(answer: Answer) -> StatusCode | None:
    """None, too, where it would be in a long list of what was asked for."""
    if len(answer.body) > SMALL:
        return None
    try:
        return codec.decode(answer.body, Fault).status_code
    except Invalid:
        return None


def _in_utf8(answer: Answer) -> Answer:
    """Whatever a label says: UTF-8, or the one byte a character that is seen in fault bodies."""
    try:
        answer.body.decode()
    except UnicodeDecodeError:
        return Answer(answer.status, answer.headers, answer.body.decode("latin-1").encode())
    return answer


def _faults(answer: Answer) -> str:
    try:
        body = codec.decode(answer.body, FaultBody)
    except Invalid:
        return "HTTP 400"
    found = "; ".join(f"{one.field_reference}: {one.error_message}" for one in body.validation_errors or ())
    return found or body.message or "HTTP 400"
