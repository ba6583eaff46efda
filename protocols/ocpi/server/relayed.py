"""What partners call by a name of the hub's: next pages, CDRs at their receivers, results of commands.

The name alone says whom it leads to and who may use it, whatever the routing headers say, if there are any.
"""

from typing import Final

from core.errors import Unknown
from core.model.alias import Alias, AliasUse
from protocols.ocpi import codec
from protocols.ocpi.client import Routing, routing_headers
from protocols.ocpi.codes import HUB_ERROR, Failure
from protocols.ocpi.server import crossing
from protocols.ocpi.server.crossing import Words
from protocols.ocpi.server.exchange import Ask, Reply
from protocols.ocpi.server.forwarding import NO_WORDS, send
from protocols.ocpi.server.routes import Route


async def page(ask: Ask) -> Reply:
    return await _led(ask, await _alias(ask, AliasUse.PAGE), crossing.listed_in(ask.path.partition("/")[0]))


async def cdr(ask: Ask) -> Reply:
    return await _led(ask, await _alias(ask, AliasUse.CDR), crossing.kept_in("cdrs"))


async def result(ask: Ask) -> Reply:
    """As often as the operator has one: a reservation may be cancelled long after it was accepted."""
    alias = await _alias(ask, AliasUse.RESULT)
    return await _led(ask, alias, crossing.RESULT if ask.path == "commands/result" else NO_WORDS, _bare(ask.body))


async def _alias(ask: Ask, use: AliasUse) -> Alias:
    """Raises Unknown for anybody but the one that was given the name, and for a URL that is not quite it."""
    alias = await ask.hub.aliases.get(ask.args[0])
    if alias is None or alias.use is not use or alias.user != ask.partner.id or ask.raw_query:
        raise Unknown("link", ask.args[0])
    return alias


async def _led(ask: Ask, alias: Alias, words: Words, content: bytes = b"") -> Reply:
    ask.sender = alias.caller
    to = ask.admitted(await ask.hub.partners.get(alias.target), alias.called)
    if to is None:
        raise Failure(HUB_ERROR, f"{alias.called} does not speak OCPI any more")
    if content and ask.crosses(to):
        content = await crossing.result_for(ask, to, content, words.body)
    routing = Routing(alias.caller, alias.called)
    headers = {} if to.version.single_party else routing_headers(to.partner, routing)
    return await send(ask, to, alias.url, headers, content, words)


def _bare(body: bytes) -> bytes:
    """Results are posted bare; one that comes in an envelope is unpacked."""
    envelope = codec.received(body)
    return (codec.present(envelope) if envelope is not None else None) or body


LISTED: Final = (
    "cdrs",
    "locations",
    "sessions",
    "tariffs",
    "tokens",
    "invoicereconciliation",
    "payments",
    "bookings",
)
ASKED: Final = ("commands", "chargingprofiles")
ROUTES = [
    *[Route(path=f"{module}/page", parameters=1, methods={"GET": page}, routed=False) for module in LISTED],
    Route(path="cdrs/cdr", parameters=1, methods={"GET": cdr}, routed=False),
    *[Route(path=f"{module}/result", parameters=1, methods={"POST": result}, routed=False) for module in ASKED],
]
