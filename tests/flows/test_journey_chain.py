"""One chain: a journey between any two protocols is one to the hub, and each side sees only its own kind of id."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.admin.journeys import ChainView, chain
from protocols.emip.plugin import PLUGIN as EMIP
from protocols.ochp.plugin import PLUGIN as OCHP
from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.oicp.plugin import PLUGIN as OICP
from tests.flows import chain_sides as sides
from tests.flows.hub import TestHub

OPERATORS = {
    "ocpi": sides.OcpiOperator,
    "oicp": sides.OicpOperator,
    "ochp": sides.OchpOperator,
    "emip": sides.EmipOperator,
}
ISSUERS = {"ocpi": sides.OcpiIssuer, "oicp": sides.OicpIssuer, "ochp": sides.OchpIssuer, "emip": sides.EmipIssuer}
PAIRS = [(one, other) for one in OPERATORS for other in ISSUERS if (one, other) != ("ochp", "emip")]
"""OCHP's question names no place, without which an eMIP issuer cannot be asked."""


@asynccontextmanager
async def journey(operator: str, issuer: str) -> AsyncIterator[tuple[TestHub, Any, Any]]:
    """Authorised, charged, billed, and everything told that was due."""
    async with TestHub.open([OCPI, OICP, OCHP, EMIP]) as hub:
        one, other = OPERATORS[operator](), ISSUERS[issuer]()
        await other.join(hub)
        await one.join(hub)
        await hub.relay()
        assert await one.authorise()
        hub.clock.advance(2 * 3600)
        await one.charge()
        await hub.settle()
        await hub.relay()
        if issuer == "ochp":
            await other.fetch()
        yield hub, one, other


async def chain_of(hub: TestHub) -> ChainView:
    [held] = hub.storage.journeys.held.values()
    return await chain(hub.hub, hub.storage, held.id)


@pytest.mark.parametrize(("operator", "issuer"), PAIRS)
async def test_each_side_sees_only_its_own_kind_of_id(operator: str, issuer: str) -> None:
    async with journey(operator, issuer) as (hub, one, other):
        [held] = hub.storage.journeys.held.values()
        for side in (one, other):
            assert side.told
            for value, allowed in zip((held.id, sides.OWN_SESSION, sides.THEIR_SESSION), side.session_ids, strict=True):
                seen = {name for name, text in side.told if value.lower() in text.lower()}
                assert seen <= allowed, (value, seen)


@pytest.mark.parametrize(("operator", "issuer"), PAIRS)
async def test_authorisation_session_and_cdr_are_one_chain(operator: str, issuer: str) -> None:
    async with journey(operator, issuer) as (hub, _, _):
        found = await chain_of(hub)
        assert (found.journey.operator.protocol, found.journey.issuer.protocol) == (operator, issuer)
        assert found.journey.state == "BILLED"
        assert found.cdr is not None
        assert found.cdr.cdr["journey_id"] == found.journey.id
        assert [hop.step for hop in found.hops][:2] == ["question", "answer"]
        assert {(hop.source, hop.target) for hop in found.hops} <= {(operator, issuer), (issuer, operator)}
        if operator == issuer:
            assert not [loss for hop in found.hops for loss in hop.losses if loss.kind != "ASSUMED"]


async def test_the_ids_of_both_sides_stand_side_by_side_with_what_each_step_lost() -> None:
    async with journey("oicp", "ocpi") as (hub, one, _):
        found = await chain_of(hub)
        assert found.journey.operator.ids == {"SessionID": one.session_id, "CPOPartnerSessionID": sides.OWN_SESSION}
        assert found.journey.issuer.ids == {"authorization_reference": sides.THEIR_SESSION}
        lost = {hop.step: {loss.path for loss in hop.losses} for hop in found.hops}
        assert "operator_session_id" in lost["question"]
        assert "contract_id" in lost["answer"]
        assert found.messages
