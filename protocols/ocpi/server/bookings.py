"""Places that can be booked, and their bookings. Source: OCPI 2.3.0, mod_bookings 1.1.

A place is for all eMSPs, or for one; it is kept and told as its operator wrote it, and always as a whole. A booking is
asked of an operator by one eMSP and concerns these two.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

from msgspec import Struct

from core.errors import Invalid, Unknown
from core.model.ids import PartyId
from core.model.record import Record
from mappings.ocpi.records import BOOKING, BOOKING_LOCATION
from protocols.ocpi import codec
from protocols.ocpi.codes import INVALID, Failure
from protocols.ocpi.paging import moment
from protocols.ocpi.server.answers import DONE, done
from protocols.ocpi.server.calendars import calendar_in, told_at, with_calendar
from protocols.ocpi.server.exchange import Ask, Owned, Reply, Side
from protocols.ocpi.server.forwarding import data_of, forward
from protocols.ocpi.server.kept import (
    LONGEST_NAME,
    by_name,
    changed_by,
    check_name,
    copy,
    is_receiver,
    keep_changed,
    keep_whole,
    listed,
    member,
    named,
    nobody,
    other_side,
    passed_on,
    read_record,
    sides_of,
    single,
    way,
)
from protocols.ocpi.server.locations import visible
from protocols.ocpi.server.locked import turn
from protocols.ocpi.server.routes import Handler, Route

WHAT: Final = "a booking"
PLACES: Final = "booking_locations"


# --- places, from the operator

Change = Callable[[Ask, Record | None], bytes | None]
"""The whole place after the message, by what is held of it; None: the message is older."""


def _place(ask: Ask, held: Record | None) -> bytes | None:
    return ask.body


def _changed_place(ask: Ask, held: Record | None) -> bytes | None:
    when, held = told_at(ask.body), _known(ask, held)
    return None if when < held.updated_at else changed_by(held.content.encode(), ask.body)


def _calendar(ask: Ask, held: Record | None) -> bytes | None:
    when, content = told_at(ask.body), _known(ask, held).content.encode()
    with suppress(Unknown):
        if when < told_at(calendar_in(content, ask.args[3])):
            return None
    return with_calendar(content, ask.body, ask.args[3])


def _changed_calendar(ask: Ask, held: Record | None) -> bytes | None:
    when, content = told_at(ask.body), _known(ask, held).content.encode()
    calendar = calendar_in(content, ask.args[3])
    if when < told_at(calendar):
        return None
    return with_calendar(content, changed_by(calendar, ask.body), ask.args[3])


def _known(ask: Ask, held: Record | None) -> Record:
    if held is None:
        raise Unknown(BOOKING_LOCATION.kind.noun, named(ask))
    return held


def _told(change: Change) -> Handler:
    """To the one eMSP that TO names, else to all."""

    async def keep(ask: Ask, to: Side, reply: Reply) -> None:
        owner = sides_of(ask, to).owner
        held = await ask.hub.records.told(BOOKING_LOCATION.kind, owner, to.party, named(ask))
        content = change(ask, held)
        if content is not None:
            record = read_record(ask, BOOKING_LOCATION, content, owner, to.party)
            check_name(ask, record)
            await ask.hub.records.keep(record)

    to_one = passed_on("a booking location", nobody, keep)

    async def handler(ask: Ask) -> Reply:
        return await to_one(ask) if ask.addressed is not None else await _published(ask, change)

    return handler


async def _published(ask: Ask, change: Change) -> Reply:
    owner = ask.owner()
    async with turn(ask.hub.cache, f"{BOOKING_LOCATION.kind}/{owner.key}/{named(ask).upper()}"):
        held = await ask.hub.records.published(BOOKING_LOCATION.kind, owner, named(ask))
        content = change(ask, held)
        if content is None:
            return DONE
        record = read_record(ask, BOOKING_LOCATION, content, owner, None)
        check_name(ask, record)
        return done(await ask.hub.records.publish(ask.partner, record, ask.correlation_id))


async def get_told(ask: Ask) -> Reply:
    """From the eMSP what it has, from the hub what it holds for the operator to compare."""
    if ask.addressed is not None:
        return await forward(ask, await way(ask, nobody))
    return Reply(data=_part(ask, await copy(ask, BOOKING_LOCATION)).encode())


def _part(ask: Ask, record: Record) -> str:
    """The place, or the calendar in it that the path names."""
    rest = ask.args[3 if is_receiver(ask) else 1 :]
    return calendar_in(record.content.encode(), rest[0]).decode() if rest else record.content


async def no_such(ask: Ask) -> Reply:
    """`booking_locations` is never the id of a booking."""
    raise Failure(INVALID, "no such endpoint: the id of the booking location is missing", 404)


def _slots(ask: Ask) -> dict[str, datetime | None]:
    return {"starts_from": moment(ask.query, "timeslot_from"), "starts_to": moment(ask.query, "timeslot_to")}


# --- bookings, from the eMSP


class Request(Struct):
    """What the hub has to know of a BookingRequest."""

    country_code: str | None = None
    party_id: str | None = None
    request_id: str | None = None
    booking_location_id: str | None = None
    location_id: str | None = None


async def _operator(ask: Ask) -> PartyId | None:
    """That of the booking that is to be changed, else of the place."""
    asked = codec.read_bare(ask.body, Request)
    for shape, name in ((BOOKING, asked.request_id), (BOOKING_LOCATION, asked.booking_location_id)):
        if name and (party := await other_side(ask, shape, name)):
            return party
    if not asked.location_id or len(asked.location_id) > LONGEST_NAME:
        return None
    with suppress(Unknown):
        return (await visible(ask, asked.location_id, None)).owner
    return None


async def _keep_answer(ask: Ask, to: Side, reply: Reply) -> None:
    """The booking that the operator has made of the request."""
    data = data_of(reply)
    owner = codec.read_bare(data, Owned).owner
    if not to.partner.speaks_for(owner):
        raise Invalid("$.party_id", f"{owner} is no party of {to.partner.name}")
    await ask.hub.records.keep(read_record(ask, BOOKING, data, owner, ask.asking))


_booked = passed_on(WHAT, _operator, _keep_answer)


async def book(ask: Ask) -> Reply:
    """Raises Failure 2001 for a request in the name of another; what is no party id is the operator's to judge."""
    asked = codec.read_bare(ask.body, Request)
    with suppress(Invalid):
        party = PartyId.of(asked.country_code or "", asked.party_id or "")
        if not ask.partner.speaks_for(party):
            raise Failure(INVALID, f"$.party_id: {party} is no party of {ask.partner.name}, which asks")
    return await _booked(ask)


# --- bookings, from the operator

_by_path: Final = by_name(BOOKING, named)
_by_request: Final = by_name(BOOKING, member("request_id"))


async def _emsp(ask: Ask) -> PartyId | None:
    """The path may name the booking or the request."""
    return await _by_path(ask) or (await _by_request(ask) if ask.body else None)


ROUTES = [
    Route(path="bookings/sender", methods={"GET": listed(BOOKING), "POST": book}, keeps=True),
    Route(path="bookings/sender", fixed={0: PLACES}, methods={"GET": listed(BOOKING_LOCATION, _slots)}),
    *[
        Route(
            path="bookings/sender",
            fixed={0: PLACES},
            parameters=depth,
            methods={"GET": single(BOOKING_LOCATION, _part)},
        )
        for depth in (1, 2)
    ],
    Route(path="bookings/receiver", methods={}),
    Route(
        path="bookings/receiver",
        parameters=3,
        methods={
            "GET": single(BOOKING),
            "PUT": passed_on(WHAT, _emsp, keep_whole(BOOKING)),
            "PATCH": passed_on(WHAT, _emsp, keep_changed(BOOKING)),
        },
        keeps=True,
    ),
    Route(
        path="bookings/receiver",
        fixed={2: PLACES},
        parameters=2,
        methods=dict.fromkeys(("GET", "PUT", "PATCH"), no_such),
        keeps=True,
    ),
    Route(
        path="bookings/receiver",
        fixed={2: PLACES},
        parameters=3,
        methods={"GET": get_told, "PUT": _told(_place), "PATCH": _told(_changed_place)},
        keeps=True,
    ),
    Route(
        path="bookings/receiver",
        fixed={2: PLACES},
        parameters=4,
        methods={"GET": get_told, "PUT": _told(_calendar), "PATCH": _told(_changed_calendar)},
        keeps=True,
    ),
]
