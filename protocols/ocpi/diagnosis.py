"""What is wrong with the other side of a handshake, in words that its operator can act on. Pure."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urljoin

import msgspec

from core.errors import Invalid, Rejected, RoamingError, Unavailable, Uncertain
from protocols.ocpi import codec
from protocols.ocpi.codes import NotAccepted, error_of
from protocols.transport.addresses import ForbiddenAddress
from protocols.transport.http import Answer

SKEW_S: Final = 60
"""So far off may a clock be: times are compared all over OCPI."""
_SHOWN: Final = 40
_CERTIFICATE: Final = re.compile(r"certificate verify failed: ([^(\n]+)")
_NO_NAME: Final = ("Name or service not known", "getaddrinfo", "name resolution", "nodename", "No address associated")
_ALREADY: Final = {"POST": "that it knows the hub already", "PUT": "that it does not know the hub"}


# --- no answer


def unreached(error: RoamingError) -> str:
    """Why nothing came back, as the rest of a sentence that begins with the URL."""
    text = str(error)
    if isinstance(error, Invalid | ForbiddenAddress):
        return f"may not be called: {error.reason}"
    if found := _CERTIFICATE.search(text):
        return f"shows a certificate that is not trusted: {found[1].strip()}"
    if "SSL" in text or "TLS" in text:
        return "does not speak TLS as a server should"
    if any(sign in text for sign in _NO_NAME):
        return "has a host name that nobody knows"
    if "Timeout" in text or "timed out" in text or "too long" in text:
        return "gives no answer in time" if isinstance(error, Uncertain) else "cannot be reached: no connection in time"
    if isinstance(error, Unavailable):
        return "cannot be reached: the connection is refused"
    return f"breaks off: {text}"


def retold(error: RoamingError, text: str) -> RoamingError:
    """The same kind of error, in these words."""
    match error:
        case NotAccepted():
            return NotAccepted(text)
        case Unavailable():
            return Unavailable(text)
        case Invalid():
            return Invalid(error.path, text)
    return Uncertain(text)


# --- an answer


def refusal(method: str, url: str, answer: Answer, what: str) -> RoamingError | None:
    """What is wrong with an answer to a request of the configuration modules; None: it is an envelope of success.

    `what` begins the sentence."""
    envelope = codec.received(answer.body)
    code = envelope.status_code if envelope else None
    said = f": {envelope.status_message}" if envelope and envelope.status_message else ""
    error = error_of(answer.status, code, "", who="")
    if error is None and envelope is not None:
        return None
    text = on_one_line(f"{what} {_wrong(method, url, answer, code)}{said}")
    if 400 <= answer.status < 500 and not isinstance(error, Unavailable):
        return Rejected(str(answer.status), text)
    return retold(error or Uncertain(text), text)


def _wrong(method: str, url: str, answer: Answer, code: int | None) -> str:
    status = answer.status
    if 300 <= status < 400:
        return _redirect(url, answer)
    if status in (401, 403):
        return f"does not accept the token (HTTP {status})"
    if status == 405 and method in _ALREADY:
        return f"says {_ALREADY[method]} (HTTP 405)"
    if status == 404:
        return "has nothing at this address (HTTP 404)"
    if code is None and not status >= 400:
        return _no_envelope(answer)
    if code is None or status >= 400:
        return f"answers with HTTP {status}" + ("" if code is None else f" and status code {code}")
    return f"answers with status code {code}"


def _redirect(url: str, answer: Answer) -> str:
    where = urljoin(url, answer.headers.get("location", ""))
    if where == url:
        return f"answers with a redirect that leads nowhere (HTTP {answer.status})"
    only = ""
    if where.rstrip("/") == url.rstrip("/"):
        only = ", which differs by the slash at its end only"
    return f"answers with a redirect (HTTP {answer.status}), which OCPI does not know; it leads to {where}{only}"


def _no_envelope(answer: Answer) -> str:
    begins = answer.body[:_SHOWN].decode(errors="replace")
    try:
        content = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        if not answer.body:
            return f"answers with nothing at all (HTTP {answer.status})"
        kind = answer.headers.get("content-type", "none")
        return f"answers with something that is not JSON (content type {kind[:60]}): {begins!r}"
    if isinstance(content, list):
        return "answers with a bare list; it belongs under `data` of the OCPI envelope"
    if not isinstance(content, dict) or "status_code" not in content:
        return "answers with JSON that lacks the OCPI envelope: there is no `status_code`"
    return f"answers with a wrong OCPI envelope: `status_code` is {content['status_code']!r}"


def misread(error: Invalid, what: str) -> Invalid:
    """`data` is not what the specification says."""
    at = error.path.removeprefix("$")
    return Invalid(error.path, on_one_line(f"{what} answers with wrong data: $.data{at}: {error.reason}"))


def on_one_line(text: str) -> str:
    """Whatever a partner has put into it."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


# --- what need not be wrong


def clock_remark(answer: Answer, now: datetime) -> str | None:
    """Its clock against ours, where they differ so much that changes would be missed."""
    try:
        theirs = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return None
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    behind = round((now - theirs).total_seconds())
    if abs(behind) <= SKEW_S:
        return None
    return f"its clock is {abs(behind)} s {'behind' if behind > 0 else 'ahead of'} that of the hub (Date header)"


def with_other_slash(url: str) -> str:
    return url[:-1] if url.endswith("/") else f"{url}/"
