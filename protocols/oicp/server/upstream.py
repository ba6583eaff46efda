"""The partner's side: what a platform calls at the hub that is its partner.

Each platform has its own place under its partner id, is let in there alone, and by the same means as every partner: its
client certificate or its key. What it asks is answered by the very operations that serve the hub's own partners.
Source: OICP 2.3, code snippets (URLs of partners).
"""

from collections.abc import Sequence
from typing import ClassVar, Final

from litestar import Router
from msgspec.structs import replace

from core.model.authorisation import JourneyState
from core.model.ids import PartyId
from core.model.partner import Partner, PartnerState
from core.services.turns import Turns
from protocols.oicp.client import NOTIFICATION
from protocols.oicp.codes import NO_SESSION, UNAUTHORIZED, Negative
from protocols.oicp.server.authorisation import ids_of
from protocols.oicp.server.catalogue import Catalogue
from protocols.oicp.server.endpoint import BASE, UPSTREAM_BASE, Endpoint, Found, answer_to
from protocols.oicp.server.inbound import Inbound, Reply, Shared, acknowledged
from protocols.oicp.server.operations import OPERATIONS, Operation
from protocols.oicp.settings import OicpSettings
from protocols.oicp.upstream.border import STARTS, Crossing, inward, outward, session_of
from protocols.oicp.upstream.unannounced import unannounced
from protocols.plugin import Hub

RECORD: Final = "ChargeDetailRecord"
CALLED: Final = STARTS | {
    "AuthorizeStop",
    "AuthorizeRemoteStop",
    "AuthorizeRemoteReservationStop",
    RECORD,
    NOTIFICATION,
}
"""What a platform calls at its partners."""


def oicp_routers(hub: Hub) -> Sequence[Router]:
    shared = Shared(hub=hub, catalogue=Catalogue(hub), turns=Turns(hub.cache))
    return [Endpoint(shared).router(), UpstreamEndpoint(shared).router()]


def service_path(partner_id: str) -> str:
    """The path of the service URL that a platform is given: what it calls is below `/api/oicp` there."""
    return f"{UPSTREAM_BASE}/{partner_id}"


class UpstreamEndpoint(Endpoint):
    base: ClassVar[str] = UPSTREAM_BASE
    operations: ClassVar[Sequence[Operation]] = tuple(one for one in OPERATIONS if one.name in CALLED)

    def _find(self, rest: str) -> Found | None:
        platform, _, path = rest.partition("/")
        prefix = BASE.strip("/") + "/"
        found = super()._find(path.removeprefix(prefix)) if path.startswith(prefix) else None
        return found and replace(found, platform=platform)

    def _admit(self, partner: Partner, settings: OicpSettings, found: Found) -> None:
        if partner.id != found.platform or settings.upstream is None:
            raise Negative(UNAUTHORIZED, "this is the place of another")

    def _party(self, partner: Partner, settings: OicpSettings, found: Found) -> PartyId:
        """The path names the partner behind the platform, which is none of the hub's."""
        if partner.state is PartnerState.SUSPENDED:
            raise Negative(UNAUTHORIZED, "the partner is locked")
        if not partner.plays(found.operation.role):
            raise Negative(UNAUTHORIZED, f"this platform is not connected as {found.operation.role}")
        return partner.parties[0]

    async def _answer(self, call: Inbound, operation: Operation) -> Reply:
        return await received(call, operation)


async def received(call: Inbound, operation: Operation) -> Reply:
    """A message of the platform's, in its ids, and the answer in them. Of one session nothing begins twice."""
    theirs = session_of(call.body)
    if operation.name not in STARTS:
        return await _crossed(call, operation, theirs)
    async with call.shared.lock(f"platform/{call.partner.id}/{theirs.lower()}"):
        return await _crossed(call, operation, theirs)


async def _crossed(call: Inbound, operation: Operation, theirs: str) -> Reply:
    crossing = await inward(call, operation.name, theirs)
    return outward(crossing, await _answered(crossing, operation))


async def _answered(crossing: Crossing, operation: Operation) -> Reply:
    """A record that the hub has is acknowledged again. Source: checklist, OICP-UP-13."""
    if operation.name == RECORD and crossing.journey is None:
        return await unannounced(crossing.call)
    try:
        reply = await operation.handle(crossing.call)
    except Exception as error:
        reply = answer_to(error, operation, crossing.call.settings)
    if operation.name == RECORD and reply.code == NO_SESSION and crossing.journey is not None:
        journey = await crossing.call.hub.sessions.journey(crossing.journey.id)
        if journey is not None and journey.state is JourneyState.BILLED:
            return acknowledged(**ids_of(journey))
    return reply
