"""A card that two eMSPs know: the one that said yes to it got the sessions and CDRs of the other's driver."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from protocols.ocpi.plugin import PLUGIN
from tests.flows.conftest import OcpiNet
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import cast, cdr, cdr_token, envelope, session, token

OF_P3 = cdr_token(owner="FREMC") | {"contract_id": "FR-EMC-C00000001"}


@pytest.fixture
async def net() -> AsyncIterator[OcpiNet]:
    """P2 has said yes to the card at an EVSE of P1."""
    async with TestHub.open([PLUGIN]) as hub:
        found = OcpiNet(hub, *cast())
        for partner in found[1:]:
            await partner.join(hub)
        yes = {"allowed": "ALLOWED", "token": token(), "authorization_reference": "REF1"}
        found.p2.answers["POST", "tokens"] = (200, envelope(yes), {})
        await found.p1.call(hub, "POST", "tokens/sender/04AABBCC/authorize", {"location_id": "LOC1"}, to="DEEMB")
        assert len(hub.storage.journeys.held) == 1
        found.forget()
        yield found


def told(net: OcpiNet) -> tuple[list[str], list[str]]:
    by_p2, by_p3 = ([request.path.split("/")[2] for request in one.received] for one in (net.p2, net.p3))
    return by_p2, by_p3


@pytest.mark.parametrize("named", [{}, {"session_id": "S9"}, {"authorization_reference": "REF1"}])
async def test_a_cdr_goes_to_the_emsp_of_its_token(net: OcpiNet, named: dict[str, Any]) -> None:
    await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S9", session("S9", cdr_token=OF_P3), to=None)
    answer = await net.p1.call(net.hub, "POST", "cdrs/receiver", cdr("C9", cdr_token=OF_P3, **named), to=None)
    assert answer.json()["status_code"] == 1000
    await net.hub.settle()
    assert told(net) == ([], ["sessions", "cdrs"])
    (journey,) = net.hub.storage.journeys.held.values()
    assert (journey.operator_session_id, journey.cdr_key) == (None, None)


@pytest.mark.parametrize("named", [{}, {"session_id": "S9"}, {"authorization_reference": "REF1"}])
async def test_the_journey_is_found_for_its_own_driver(net: OcpiNet, named: dict[str, Any]) -> None:
    await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S9", session("S9"), to=None)
    await net.p1.call(net.hub, "POST", "cdrs/receiver", cdr("C9", **{"session_id": "S9", **named}), to=None)
    await net.hub.settle()
    assert told(net) == (["sessions", "cdrs"], [])
    (journey,) = net.hub.storage.journeys.held.values()
    assert (journey.operator_session_id, journey.cdr_key) == ("S9", "NLCPA/C9")
