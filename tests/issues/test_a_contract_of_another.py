"""An eMSP that told the hub of a token with another's contract got the other's sessions and CDRs of OCPI 2.1.1."""

import pytest

from tests.flows.ocpi_2_1_1_partner import accepted, old_cdr, old_location, old_session, old_token
from tests.flows.ocpi_partner import token
from tests.flows.test_ocpi_2_1_1 import Bridge, net

__all__ = ["net"]
CONTRACT = "IT-EME-C12345678"


@pytest.fixture
async def claimed(net: Bridge) -> Bridge:
    """P2 claims a contract of P5's."""
    mine = token("04FFFFFF", contract_id=CONTRACT, last_updated="2026-01-15T12:30:00Z")
    await net.new(net.p2, "PUT", "tokens/receiver/DE/EMB/04FFFFFF", mine)
    for partner in (net.p2, net.p5):
        partner.received.clear()
    return net


@pytest.mark.parametrize("told", [True, False])
async def test_it_goes_to_the_emsp_that_the_contract_names(claimed: Bridge, told: bool) -> None:
    if told:
        await claimed.old(claimed.p5, "PUT", "tokens/IT/EME/04E5", old_token("04E5", auth_id=CONTRACT))
    await claimed.old(claimed.p6, "PUT", "locations/IT/CPF/L6", old_location())
    await claimed.old(claimed.p6, "PUT", "sessions/IT/CPF/S6", old_session("S6", auth_id=CONTRACT))
    accepted(await claimed.p6.ask(claimed.hub, "POST", "cdrs", old_cdr("C6", auth_id=CONTRACT)))
    await claimed.hub.settle()
    assert claimed.p5.seen("PUT", "sessions")
    assert claimed.p5.seen("POST", "cdrs")
    assert not claimed.p2.seen("PUT", "sessions") + claimed.p2.seen("POST", "cdrs")
