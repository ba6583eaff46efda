"""Payment terminals and what became of payments at them: between a terminal provider, who owns both, and an operator,
who may change a terminal at its owner. Source: OCPI 2.3.0, mod_payments."""

from typing import Final

from core.model.ids import PartyId
from mappings.ocpi.records import ADVICE, TERMINAL
from protocols.ocpi.server.exchange import Ask
from protocols.ocpi.server.kept import (
    by_name,
    keep_changed,
    keep_whole,
    listed,
    member,
    named,
    passed_on,
    single,
)
from protocols.ocpi.server.routes import Route

_TERMINAL: Final = "a terminal"
_ADVICE: Final = "a financial advice confirmation"
_reference = member("authorization_reference")


async def _operator(ask: Ask) -> PartyId | None:
    """Where the provider's driver charged."""
    reference = _reference(ask)
    return await ask.hub.sessions.operator_of(ask.partner, reference) if reference else None


ROUTES = [
    Route(path="payments/sender", fixed={0: "terminals"}, methods={"GET": listed(TERMINAL)}),
    Route(
        path="payments/sender",
        fixed={0: "terminals"},
        parameters=1,
        methods={
            "GET": single(TERMINAL),
            "PUT": passed_on(_TERMINAL, by_name(TERMINAL, named), keep_whole(TERMINAL)),
            "PATCH": passed_on(_TERMINAL, by_name(TERMINAL, named), keep_changed(TERMINAL)),
        },
        keeps=True,
    ),
    Route(
        path="payments/sender",
        fixed={0: "terminals", 1: "activate"},
        methods={"POST": passed_on(_TERMINAL, by_name(TERMINAL, member("terminal_id")))},
        keeps=True,
    ),
    Route(
        path="payments/sender",
        fixed={0: "terminals", 2: "deactivate"},
        parameters=1,
        methods={"POST": passed_on(_TERMINAL, by_name(TERMINAL, named))},
        keeps=True,
    ),
    Route(path="payments/sender", fixed={0: "financial-advice-confirmations"}, methods={"GET": listed(ADVICE)}),
    Route(
        path="payments/sender",
        fixed={0: "financial-advice-confirmations"},
        parameters=1,
        methods={"GET": single(ADVICE)},
    ),
    Route(
        path="payments/receiver",
        fixed={0: "terminals"},
        methods={"POST": passed_on(_TERMINAL, by_name(TERMINAL, member("terminal_id")), keep_whole(TERMINAL))},
        keeps=True,
    ),
    Route(path="payments/receiver", fixed={0: "terminals"}, parameters=1, methods={"GET": single(TERMINAL)}),
    Route(
        path="payments/receiver",
        fixed={0: "financial-advice-confirmations"},
        methods={"POST": passed_on(_ADVICE, _operator, keep_whole(ADVICE))},
        keeps=True,
    ),
    Route(
        path="payments/receiver",
        fixed={0: "financial-advice-confirmations"},
        parameters=1,
        methods={"GET": single(ADVICE)},
    ),
]
