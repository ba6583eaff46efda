"""OCPI: what the log knows of a message on its whole way."""

import pytest

from tests.flows.conftest import OcpiNet
from tests.flows.ocpi_partner import envelope, location
from tests.flows.test_oicp_journeys import observed


@pytest.mark.spec("OCPI-TRN-26")
async def test_both_legs_of_what_is_passed_on(net: OcpiNet) -> None:
    net.p2.answers["PUT", "locations"] = (200, envelope(None, 2003), {})
    headers = {"x-request-id": "1", "x-correlation-id": "way"}
    async with observed(net.hub):
        await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location(), to="DEEMB", headers=headers)
    sent, came = await net.hub.storage.journal.of_correlations(["way"], 10)
    assert (came.inbound, sent.inbound) == (True, False)
    assert (came.sender, came.recipient) == (sent.sender, sent.recipient) == ("NL*CPA", "DE*EMB")
    assert (came.status, came.code, sent.status, sent.code) == (200, "2003", 200, "2003")
    assert came.request_id == "1"
    assert sent.request_id == net.p2.received[-1].headers["x-request-id"] != "1"
    assert (came.operation, sent.operation) == ("PUT /ocpi/2.3.0/locations/receiver/{}/{}/{}", "PUT locations/receiver")


async def test_what_says_nothing_of_parties_is_logged_without(net: OcpiNet) -> None:
    async with observed(net.hub):
        await net.p1.call(net.hub, "GET", "/ocpi/versions", to=None, sender=None)
    (came,) = [one for one in net.hub.storage.journal.exchanges if one.inbound]
    assert (came.sender, came.recipient, came.code) == (None, None, "1000")
