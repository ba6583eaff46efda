"""An eMSP that took a CDR and named no valid URL for it was sent the CDR again and again."""

import pytest

from core.model.cdr import CdrState
from protocols.ocpi.plugin import PLUGIN as OCPI
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, cdr, envelope


@pytest.mark.parametrize("location", ["https://[::1/cdr", "https://[x]/cdr", "//[", ""])
async def test_it_is_delivered(location: str) -> None:
    async with TestHub.open([OCPI]) as hub:
        p1 = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        p2 = await OcpiPartner("p2.test", ("EMSP", "DE", "EMB")).join(hub)
        p2.answers["POST", "cdrs"] = (201, envelope(None), {"location": location})
        await p1.call(hub, "POST", "cdrs/receiver", cdr(), to=None)
        (settled,) = await hub.settle()
        assert (settled.state, settled.remote_id) == (CdrState.DELIVERED, location or None)
