"""Versions and credentials. Source: OCPI 2.3.0, version_information_endpoint, credentials."""

from core.model.partner import CredentialKind
from protocols.ocpi import codec
from protocols.ocpi.codes import CLIENT_ERROR, Failure
from protocols.ocpi.handshake import Handshake
from protocols.ocpi.server.exchange import Ask, Reply
from protocols.ocpi.server.routes import Route
from protocols.ocpi.settings import settings_of
from protocols.ocpi.versions import version_details, version_list
from protocols.ocpi.wire.credentials import Credentials


async def get_versions(ask: Ask) -> Reply:
    return Reply(data=codec.encode(version_list(ask.hub.identity)))


async def get_details(ask: Ask) -> Reply:
    for_hub = ask.known is not None and ask.partner.is_hub
    bookings = settings_of(ask.partner).bookings_as
    details = version_details(
        ask.hub.identity, ask.version, for_hub=for_hub, bookings=bookings, without=ask.hub.without
    )
    return Reply(data=ask.write(details))


class CredentialsServer:
    def __init__(self, handshake: Handshake) -> None:
        self._handshake = handshake

    async def get(self, ask: Ask) -> Reply:
        ours = await self._handshake.ours(ask.partner, ask.caller.secret)
        return Reply(data=ask.write(ours))

    async def post(self, ask: Ask) -> Reply:
        """With token A; where registration is open, without any token."""
        if ask.known is None:
            credentials = ask.read(Credentials)
            ours = await self._handshake.accept_unknown(credentials, ask.version, ask.query.get("type"))
            return Reply(data=ask.write(ours))
        if ask.caller.kind is not CredentialKind.REGISTRATION:
            raise Failure(CLIENT_ERROR, "already registered: use PUT", 405, {"allow": "GET, PUT, DELETE"})
        return await self._accepted(ask)

    async def put(self, ask: Ask) -> Reply:
        _registered(ask)
        return await self._accepted(ask)

    async def delete(self, ask: Ask) -> Reply:
        _registered(ask)
        await ask.hub.partners.disconnected(ask.partner)
        return Reply()

    async def _accepted(self, ask: Ask) -> Reply:
        credentials = ask.read(Credentials)
        ours = await self._handshake.accept(ask.partner, credentials, ask.version, ask.caller.encoding)
        return Reply(data=ask.write(ours))


def _registered(ask: Ask) -> None:
    if not ask.caller.registered:
        raise Failure(CLIENT_ERROR, "not registered: use POST", 405, {"allow": "GET, POST"})


VERSIONS_ROUTE = Route(methods={"GET": get_versions})
DETAILS_ROUTE = Route(methods={"GET": get_details})


def credentials_routes(handshake: Handshake) -> list[Route]:
    server = CredentialsServer(handshake)
    methods = {"GET": server.get, "POST": server.post, "PUT": server.put, "DELETE": server.delete}
    return [Route(path="credentials", methods=methods)]
