"""The routes under /admin/api."""

import hmac
from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Controller, Request, Response, Router, delete, get, post, put
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.handlers.base import BaseRouteHandler
from litestar.params import QueryParameter

from core.errors import (
    Invalid,
    Refused,
    Rejected,
    RoamingError,
    Unavailable,
    Uncertain,
    Unknown,
    Unsupported,
)
from core.model.cdr import CdrState
from core.model.delivery import DeliveryState
from core.model.partner import Partner
from gateway.admin.feeds import FeedController
from gateway.admin.journeys import JourneyController
from gateway.admin.partners import add_partner, contracts_from, parse_document
from gateway.admin.search import StationController
from gateway.admin.sets import SetController
from gateway.admin.sights import SightController
from gateway.admin.stations import HandedIn, hand_in_stations
from gateway.admin.views import (
    CdrView,
    CheckView,
    DeliveryView,
    Limit,
    Offset,
    PageView,
    PartnerView,
    Problem,
    ProblemView,
    cdr_view,
    check_view,
    delivery_view,
    partner_view,
)
from gateway.wiring import Assembled, Assembly

_STATUS: dict[type[RoamingError], int] = {
    Invalid: 400,
    Unknown: 404,
    Refused: 403,
    Unsupported: 409,
    Rejected: 502,
    Unavailable: 503,
    Uncertain: 503,
}
_QUERY = {"wanted": "state"}
"""Handler's name of a parameter -> the caller's, where Litestar keeps the better one for itself."""


class PartnerController(Controller):
    path = "/partners"
    tags = ("partners",)

    @post("/", summary="Add a partner")
    async def add(self, request: Request[Any, Any, Any], assembly: Assembled) -> dict[str, Any]:
        """The document of the contract; answers the new partner's credentials, shown this once."""
        return dict(await add_partner(assembly, parse_document(await request.body())))

    @get("/", summary="All partners")
    async def list(self, assembly: Assembled) -> list[PartnerView]:
        return await _all_seen(assembly, await assembly.hub.partners.all())

    @get("/{partner_id:str}", summary="One partner")
    async def show(self, partner_id: str, assembly: Assembled) -> PartnerView:
        return await _seen(assembly, await assembly.hub.partners.get(partner_id))

    @post("/{partner_id:str}/suspend", status_code=200, summary="Refuse its calls, send it nothing")
    async def suspend(self, partner_id: str, assembly: Assembled) -> PartnerView:
        return await _seen(assembly, await assembly.hub.partners.suspend(partner_id))

    @post("/{partner_id:str}/resume", status_code=200, summary="End a suspension")
    async def resume(self, partner_id: str, assembly: Assembled) -> PartnerView:
        return await _seen(assembly, await assembly.hub.partners.resume(partner_id))

    @put("/{partner_id:str}/contracts", summary="Its contracts with others, service by service, from now on")
    async def contracts(self, partner_id: str, request: Request[Any, Any, Any], assembly: Assembled) -> PartnerView:
        """`{"contracts": [...]}` as where a partner is added; none: being open to each other is enough."""
        contracts = contracts_from(parse_document(await request.body()))
        return await _seen(assembly, await assembly.hub.partners.agree(partner_id, contracts))

    @post("/{partner_id:str}/connect", status_code=200, summary="Let the hub begin the handshake (OCPI)")
    async def connect(self, partner_id: str, request: Request[Any, Any, Any], assembly: Assembled) -> PartnerView:
        """`{"versions_url": ..., "token_a": ...}`: the partner's versions URL and the token A that it gave us.

        `{}` for a partner that is connected: both tokens anew."""
        partner = await assembly.hub.partners.get(partner_id)
        document = parse_document(await request.body())
        connected = await assembly.plugins[partner.protocol].connect(assembly.hub, partner, document)
        return await _seen(assembly, connected)

    @post(
        "/{partner_id:str}/check", status_code=200, summary="Does it keep the rules of its protocol? GETs only (OCPI)"
    )
    async def check(self, partner_id: str, assembly: Assembled) -> CheckView:
        """At most 80 calls and two minutes. `passed`: no MUST is broken."""
        partner = await assembly.hub.partners.get(partner_id)
        return check_view(await assembly.plugins[partner.protocol].check(assembly.hub, partner))

    @put("/{partner_id:str}/locations", summary="All stations of an operator whose protocol cannot say them")
    async def locations(self, partner_id: str, request: Request[Any, Any, Any], assembly: Assembled) -> HandedIn:
        """A JSON list of OCPI 2.3.0 Locations; what the list leaves out is told as REMOVED. Answers what it changed."""
        return await hand_in_stations(assembly, partner_id, await request.body())

    @delete("/{partner_id:str}", summary="Remove a partner and its credentials")
    async def remove(self, partner_id: str, assembly: Assembled) -> None:
        await assembly.hub.partners.remove(partner_id)
        await assembly.following.forget(partner_id)

    @get("/{partner_id:str}/exchanges", summary="Its last messages, youngest first")
    async def exchanges(self, partner_id: str, assembly: Assembled, offset: Offset = 0, limit: Limit = 50) -> PageView:
        await assembly.hub.partners.get(partner_id)
        found, total = await assembly.storage.journal.page(partner=partner_id, offset=offset, limit=limit)
        return PageView(total, offset, limit, found)


async def _seen(assembly: Assembly, partner: Partner) -> PartnerView:
    (view,) = await _all_seen(assembly, [partner])
    return view


async def _all_seen(assembly: Assembly, partners: Sequence[Partner]) -> list[PartnerView]:
    keep_alive = assembly.keep_alive
    sightings = await keep_alive.sightings()
    return [
        partner_view(partner, seen, silent=keep_alive.silent(partner, seen))
        for partner in partners
        for seen in [sightings.get(partner.id)]
    ]


class DeliveryController(Controller):
    path = "/deliveries"
    tags = ("deliveries",)

    @get("/", summary="Deliveries; state=DEAD are the dead letters")
    async def list(
        self,
        assembly: Assembled,
        partner: str | None = None,
        wanted: Annotated[list[DeliveryState] | None, QueryParameter(name="state")] = None,
        offset: Offset = 0,
        limit: Limit = 50,
    ) -> PageView:
        found, total = await assembly.storage.outbox.page(partner=partner, states=wanted, offset=offset, limit=limit)
        return PageView(total, offset, limit, [delivery_view(delivery) for delivery in found])

    @get("/{delivery_id:str}", summary="One delivery with its attempts")
    async def show(self, delivery_id: str, assembly: Assembled) -> DeliveryView:
        return await _delivery(delivery_id, assembly)

    @post("/{delivery_id:str}/replay", status_code=200, summary="Try a dead or missed delivery again now")
    async def replay(self, delivery_id: str, assembly: Assembled) -> DeliveryView:
        if not await assembly.storage.outbox.replay(delivery_id):
            raise Unknown("dead or missed delivery", delivery_id)
        return await _delivery(delivery_id, assembly)


async def _delivery(delivery_id: str, assembly: Assembly) -> DeliveryView:
    delivery = await assembly.storage.outbox.get(delivery_id)
    if delivery is None:
        raise Unknown("delivery", delivery_id)
    return delivery_view(delivery)


class CdrController(Controller):
    path = "/cdrs"
    tags = ("cdrs",)

    @get("/", summary="Charge detail records and where they stand")
    async def list(
        self,
        assembly: Assembled,
        recipient: str | None = None,
        wanted: Annotated[list[CdrState] | None, QueryParameter(name="state")] = None,
        offset: Offset = 0,
        limit: Limit = 50,
    ) -> PageView:
        found, total = await assembly.storage.cdrs.page(
            owners=None,
            recipients=[recipient] if recipient else None,
            updated_from=None,
            updated_to=None,
            offset=offset,
            limit=limit,
            states=wanted,
        )
        return PageView(total, offset, limit, [cdr_view(settlement) for settlement in found])

    @get("/{owner:str}/{cdr_id:str}", summary="One record, its state, its losses")
    async def show(self, owner: str, cdr_id: str, assembly: Assembled) -> CdrView:
        return cdr_view(await assembly.hub.billing.get(f"{owner.upper()}/{cdr_id.upper()}"))

    @post("/{owner:str}/{cdr_id:str}/replay", status_code=200, summary="Deliver again one that ended badly")
    async def replay(self, owner: str, cdr_id: str, assembly: Assembled) -> CdrView:
        return cdr_view(await assembly.hub.billing.reopen(f"{owner.upper()}/{cdr_id.upper()}"))


@get("/counts", tags=["counts"], summary="Deliveries by partner and state, CDRs by state, age of the outbox")
async def counts(assembly: Assembled) -> dict[str, Any]:
    deliveries: dict[str, dict[str, int]] = {}
    for (partner, state), number in (await assembly.storage.outbox.counts()).items():
        deliveries.setdefault(partner, {})[state] = number
    oldest = await assembly.storage.outbox.oldest_waiting()
    age = (assembly.hub.clock.now() - oldest).total_seconds() if oldest else 0
    return {
        "deliveries": deliveries,
        "cdrs": {state.value: number for state, number in (await assembly.storage.cdrs.counts()).items()},
        "outbox_age_s": age,
    }


def admin_router() -> Router:
    return Router(
        path="/admin/api",
        route_handlers=[
            PartnerController,
            SightController,
            FeedController,
            StationController,
            DeliveryController,
            CdrController,
            JourneyController,
            SetController,
            counts,
        ],
        guards=[admin_only],
        exception_handlers={RoamingError: _roaming_error, HTTPException: _http_error},
    )


def is_admin(assembly: Assembly, key: str) -> bool:
    return hmac.compare_digest(key.encode(), assembly.settings.admin_key.value.encode())


def admin_only(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    scheme, _, key = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not is_admin(connection.app.state.assembly, key.strip()):
        raise NotAuthorizedException("the admin key is required: Authorization: Bearer <admin key>")


def _roaming_error(_: Request[Any, Any, Any], error: RoamingError) -> Response[ProblemView]:
    path = error.path if isinstance(error, Invalid) else "$"
    return Response(ProblemView(Problem(path, error.reason)), status_code=_STATUS.get(type(error), 400))


def _http_error(_: Request[Any, Any, Any], error: HTTPException) -> Response[ProblemView]:
    extra = error.extra if isinstance(error.extra, list) else []
    first = extra[0] if extra and isinstance(extra[0], dict) else {}
    path = f"$.{_QUERY.get(first['key'], first['key'])}" if "key" in first else "$"
    return Response(ProblemView(Problem(path, first.get("message") or error.detail)), status_code=error.status_code)
