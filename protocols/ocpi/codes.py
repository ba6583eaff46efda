"""Errors <-> OCPI status codes and HTTP. Source: OCPI 2.3.0, status codes; the checklist's table of HTTP statuses.

Once a request has reached the OCPI layer an error is HTTP 200 with a code; the exceptions (400, 401, 403, 404, 405,
413) are those of the table. There is no 5xx.
"""

from collections.abc import Mapping
from typing import Final

from core.errors import Invalid, Refused, Rejected, RoamingError, Unavailable, Uncertain, Unknown, Unsupported
from protocols.transport.json_codec import NotJson

SUCCESS: Final = 1000
CLIENT_ERROR: Final = 2000
INVALID: Final = 2001
NOT_ENOUGH: Final = 2002
UNKNOWN_LOCATION: Final = 2003
UNKNOWN_TOKEN: Final = 2004
SERVER_ERROR: Final = 3000
CANNOT_USE_API: Final = 3001
VERSION_MISMATCH: Final = 3002
NO_ENDPOINTS: Final = 3003
HUB_ERROR: Final = 4000
UNKNOWN_RECEIVER: Final = 4001
TIMED_OUT: Final = 4002
NOT_CONNECTED: Final = 4003


class Failure(RoamingError):
    """The exact answer, where a rule of OCPI names it."""

    def __init__(self, code: int, text: str, http: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.http = http
        self.headers = headers or {}


class NotAccepted(Unavailable):
    """A partner refuses the hub's own credentials: nothing happened there, and a person has to look at it."""


_NOUN: Final = {
    "location": (404, UNKNOWN_LOCATION),
    "evse": (404, UNKNOWN_LOCATION),
    "connector": (404, UNKNOWN_LOCATION),
    "token": (404, UNKNOWN_TOKEN),
    "party": (200, UNKNOWN_RECEIVER),
    "partner": (200, UNKNOWN_RECEIVER),
}


def failure_of(error: RoamingError) -> Failure:
    """What a partner is answered when a service says no."""
    match error:
        case Failure():
            return error
        case NotJson():
            return Failure(INVALID, str(error), 400)
        case Invalid():
            return Failure(INVALID, str(error))
        case Unknown():
            http, code = _NOUN.get(error.what.lower(), (404, INVALID))
            return Failure(code, str(error), http)
        case Refused(authenticated=False):
            return Failure(CLIENT_ERROR, str(error), 401, {"www-authenticate": "Token"})
        case Refused():
            return Failure(INVALID, str(error), 403)
        case Unsupported():
            return Failure(HUB_ERROR, str(error))
        case Rejected():
            return Failure(CLIENT_ERROR, str(error))
        case Unavailable() | Uncertain():  # of a store: what a partner did is told with 4002 and 4003 where it is known
            return Failure(SERVER_ERROR, "the hub cannot handle this now")
    return Failure(SERVER_ERROR, "the hub cannot handle this now")


def succeeded(code: int) -> bool:
    return 1000 <= code < 2000


def error_of(http: int, code: int | None, text: str, *, who: str) -> RoamingError | None:
    """What an answer of a partner means to us; None: success. `code` None: there was no envelope."""
    if http in (401, 403):
        return NotAccepted(f"{who} does not accept the hub's credentials (HTTP {http}) {text}".rstrip())
    if http == 429:
        return Unavailable(f"{who} asks for fewer requests (HTTP 429)")
    if 200 <= http < 300 and code is not None and succeeded(code):
        return None
    if http == 404 or code in (UNKNOWN_LOCATION, UNKNOWN_TOKEN):
        return Unknown("object", text or f"HTTP {http}")
    if code is None:
        return (
            Rejected(str(http), text) if 400 <= http < 500 else Uncertain(f"{who}: HTTP {http} without OCPI envelope")
        )
    if code == NOT_CONNECTED:
        return Unavailable(f"{who}: {code} {text}")
    if 3000 <= code < 4000 or code == TIMED_OUT or http >= 500:
        return Uncertain(f"{who}: {code} {text}".rstrip())
    return Rejected(str(code), text)
