"""A refusal of twenty megabytes could not be kept: what was refused was sent again and again."""

import pytest

from core.model.cdr import CdrState
from core.model.delivery import DeliveryState
from protocols.ocpi.plugin import PLUGIN as OCPI
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, cdr, envelope, location

ENDLESS = "no, and " * 2_500_000


@pytest.mark.parametrize("code", [2001, 2003, 3000])
async def test_what_is_kept_of_its_words_is_short(code: int) -> None:
    async with TestHub.open([OCPI]) as hub:
        p1 = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        p2 = await OcpiPartner("p2.test", ("EMSP", "DE", "EMB")).join(hub)
        p2.answers["POST", "cdrs"] = p2.answers["PUT", "locations"] = (200, envelope(None, code, ENDLESS), {})
        await p1.call(hub, "POST", "cdrs/receiver", cdr(), to=None)
        await p1.call(hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
        (delivery,) = await hub.relay()
        (settled,) = [await hub.hub.billing.deliver(key) for key in hub.processes.started]
        assert settled.state in (CdrState.REFUSED, CdrState.WAITING)
        assert delivery.state is not DeliveryState.DELIVERED
        assert 0 < len(settled.last_error or "") <= 1100
        assert 0 < len(delivery.attempts[-1].error or "") <= 1100
