"""Fixtures of the flow tests."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from protocols.ocpi.plugin import PLUGIN as OCPI
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, cast


class OcpiNet(NamedTuple):
    """A hub with three OCPI platforms: p1 CPO (NL CPA, BE CPA), p2 eMSP (DE EMB), p3 eMSP, NSP and CPO (FR)."""

    hub: TestHub
    p1: OcpiPartner
    p2: OcpiPartner
    p3: OcpiPartner

    async def relay(self) -> None:
        await self.hub.relay()

    def forget(self) -> None:
        """What the partners have seen so far."""
        for partner in (self.p1, self.p2, self.p3):
            partner.received.clear()


@pytest.fixture
async def net() -> AsyncIterator[OcpiNet]:
    async with TestHub.open([OCPI]) as hub:
        p1, p2, p3 = cast()
        for partner in (p1, p2, p3):
            await partner.join(hub)
        found = OcpiNet(hub, p1, p2, p3)
        found.forget()
        yield found
