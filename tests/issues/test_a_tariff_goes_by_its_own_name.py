"""A tariff was told of under its own id and taken back under one in upper case, which nobody had to know."""

from protocols.ocpi.plugin import PLUGIN as OCPI
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, tariff


async def test_it_is_taken_back_as_it_was_told() -> None:
    async with TestHub.open([OCPI]) as hub:
        p1 = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        p2 = await OcpiPartner("p2.test", ("EMSP", "DE", "EMB")).join(hub)
        for method, body in (("PUT", tariff("Night/low")), ("DELETE", None)):
            await p1.call(hub, method, "tariffs/receiver/NL/CPA/Night%2Flow", body)
            await hub.relay()
        told = [(request.method, request.segments[-1]) for request in p2.received]
        assert told == [("PUT", "Night/low"), ("DELETE", "Night/low")]
