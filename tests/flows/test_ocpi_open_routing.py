"""OCPI: what the hub has seen says whom a request without TO is for, for as long as it is kept. OCPI 2.3.0,
transport_and_format, open routing."""

from typing import Any

import httpx
import pytest

from core.ports.stores import Kept
from core.services.retention import Retention
from tests.flows.conftest import OcpiNet
from tests.flows.ocpi_partner import OcpiPartner, cdr, envelope, session
from tests.flows.test_ocpi_bookings import BOOKING, SENDER, T1, booking, wish
from tests.flows.test_ocpi_invoices import BARE, record
from tests.flows.test_ocpi_payments import terminal

spec = pytest.mark.spec
STOP = {"response_url": "https://p2.test/cb", "session_id": "S1"}


def codes(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["status_code"]


@spec("OCPI-HUB-94", "OCPI-HUB-57", "OCPI-GEN-09")
async def test_what_was_seen_is_an_index_until_it_is_too_old(net: OcpiNet) -> None:
    provider = await OcpiPartner("p8.test", ("PTP", "AT", "PTH")).join(net.hub)
    net.p1.answers["POST", "bookings"] = (200, envelope(booking()), {})
    requests: list[tuple[OcpiPartner, str, str, Any, str]] = [
        (net.p2, "POST", "commands/receiver/STOP_SESSION", STOP, "CPA"),
        (net.p2, "PUT", "chargingprofiles/receiver/S1", {"response_url": "https://p2.test/cb"}, "CPA"),
        (net.p2, "PUT", "sessions/sender/S1/charging_preferences", {"profile_type": "CHEAP"}, "CPA"),
        (net.p2, "POST", SENDER, wish(canceled={"cancellation_reason": "FULL", "who_canceled": "EMSP"}), "CPA"),
        (net.p1, "PATCH", BOOKING, {"reservation_status": "RESERVED", "last_updated": T1}, "EMB"),
        (net.p1, "PATCH", "payments/sender/terminals/T1", {"evse_uids": ["E1"]}, "PTH"),
        (provider, "POST", "payments/receiver/terminals", terminal(last_updated=T1), "CPA"),
        (net.p1, "POST", BARE, record(cdrs=["C1"]), "EMB"),
    ]

    async def answers() -> list[Any]:
        found = []
        for caller, method, path, body, _ in requests:
            answer = await caller.call(net.hub, method, path, body, to=None)
            found.append((codes(answer), answer.headers["ocpi-from-party-id"]))
        return found

    nobody = [((200, 4001), "HUB")] * len(requests)
    assert await answers() == nobody
    await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S1", session(), to="DEEMB")
    await net.p1.call(net.hub, "POST", "cdrs/receiver", cdr("C1"), to="DEEMB")
    await net.p2.call(net.hub, "POST", SENDER, wish(), to="NLCPA")
    await provider.call(net.hub, "POST", "payments/receiver/terminals", terminal(), to="NLCPA")
    await net.hub.settle()
    assert await answers() == [((200, 1000), other) for *_, other in requests]
    net.hub.clock.advance(31 * 86400)
    await Retention(net.hub.storage.retention, net.hub.clock, dict.fromkeys(Kept, 30)).round()
    assert await answers() == nobody
