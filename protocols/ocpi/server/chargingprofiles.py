"""Charging profiles: asked of an operator, which answers at once and tells the result later, on a response URL.

Source: OCPI 2.3.0, mod_charging_profiles. An eMSP or smart charging provider may ask an operator, and a provider an
eMSP, which asks the operator in its turn: for the hub those are two exchanges.
"""

from contextlib import suppress
from typing import Final

from msgspec import Struct

from core.errors import Invalid
from core.model.alias import AliasUse
from core.model.ids import PartyId
from protocols.ocpi import codec
from protocols.ocpi.codes import HUB_ERROR, UNKNOWN_RECEIVER, Failure
from protocols.ocpi.server.answers import for_one
from protocols.ocpi.server.exchange import Ask, Reply, Side, query_of
from protocols.ocpi.server.forwarding import alias_url, data_of, forward
from protocols.ocpi.server.nested import Nested, nested_url
from protocols.ocpi.server.routes import Route
from protocols.ocpi.server.sessions import operator_of
from protocols.ocpi.wire.chargingprofiles import ChargingProfileResponse, ChargingProfileResponseType
from protocols.ocpi.wire.types import Url

LONGEST_ID: Final = 255
"""Of a session that the hub remembers."""
_NOT_SUPPORTED: Final = ChargingProfileResponse(result=ChargingProfileResponseType.NOT_SUPPORTED, timeout=0)


class Gist(Struct):
    """What the hub has to know of a SetChargingProfile."""

    response_url: Url | None = None


# --- the receiver interface: at the operator, or at an eMSP that asks it


async def asked(ask: Ask) -> Reply:
    """GET, PUT and DELETE: passed on with nothing changed but where the result goes. What the operator misses in it is
    the operator's to say, unless the hub itself has to find the operator."""
    for_one(ask, "a charging profile")
    nested = None if ask.method == "PUT" else nested_url(ask.raw_query)
    url = _checked(ask, nested.url if nested else None)
    if ask.recipient is None:
        _check_whole(ask, url, nested)
    party = ask.addressed or await operator_of(ask)
    to = await ask.way_to(party)
    if to is None or not to.version.offers("chargingprofiles"):
        return Reply(data=ask.write(_NOT_SUPPORTED), sender=party)
    if not url:
        return await forward(ask, to)
    ours = await _result_url(ask, to, url)
    if nested:
        return await forward(ask, to, query=nested.with_url(ours))
    reply = await forward(ask, to, codec.whole({**codec.members(ask.body), "response_url": ours}))
    if _accepted(reply) and len(ask.args[0]) <= LONGEST_ID:
        await _result_url(ask, to, url, _setter(to.party, ask.args[0]))
    return reply


def _checked(ask: Ask, in_query: str | None) -> str | None:
    """The response URL. Raises Invalid for one that the hub may not call."""
    if ask.method == "PUT":
        url = codec.read_bare(ask.body, Gist).response_url
    else:
        url = in_query and codec.checked_text(in_query, Url, "response_url")
    return url and ask.check_response_url(url, "response_url")


def _check_whole(ask: Ask, url: str | None, nested: Nested | None) -> None:
    if not url:
        raise Invalid("response_url", "is required")
    duration = query_of(nested.rest if nested else "").get("duration", "")
    if ask.method == "GET" and not (duration.isascii() and duration.isdigit()):
        raise Invalid("duration", "a whole number of seconds is required")


async def _result_url(ask: Ask, to: Side, url: str, subject: str | None = None) -> str:
    """Ready for the results before the operator is asked. Who has set a profile is told when it changes: `subject`."""
    return await alias_url(ask, AliasUse.RESULT, url, user=to, target=ask.side, subject=subject)


def _accepted(reply: Reply) -> bool:
    """Whether the operator lets the caller have a say in this session."""
    with suppress(Invalid):
        response = codec.read_bare(data_of(reply), ChargingProfileResponse)
        return response.result is ChargingProfileResponseType.ACCEPTED
    return False


def _setter(operator: PartyId, session_id: str) -> str:
    """Ids of sessions are the operators' own."""
    return f"profile/{operator.key}/{session_id.upper()}"


# --- the sender interface: from the operator


async def changed(ask: Ask) -> Reply:
    """The profile that is active now, for the party that set one: without TO the last one that did."""
    for_one(ask, "an active charging profile")
    party = ask.addressed or await _last_setter(ask)
    to = await ask.way_to(party)
    if to is None:
        raise Failure(HUB_ERROR, f"{party} cannot be told of charging profiles")
    return await forward(ask, to)


async def _last_setter(ask: Ask) -> PartyId:
    found = await ask.hub.aliases.by_subject(_setter(ask.asking, ask.args[0]))
    if found is None:
        raise Failure(UNKNOWN_RECEIVER, f"nobody is known to have set a profile on session {ask.args[0]}")
    return found.called


ROUTES = [
    Route(
        path="chargingprofiles/receiver",
        parameters=1,
        methods={"GET": asked, "PUT": asked, "DELETE": asked},
        keeps=True,
    ),
    Route(path="chargingprofiles/sender", parameters=1, methods={"PUT": changed}, keeps=True),
]
