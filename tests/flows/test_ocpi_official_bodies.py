"""The official examples of payments and bookings, where they are at hand, pass the hub as they are: some of them are
not what the specification says. OCPI 2.3.0, mod_payments, mod_bookings."""

from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import OcpiNet
from tests.flows.ocpi_partner import OcpiPartner

EXAMPLES = Path(__file__).parents[2].parent / "shared" / "specs" / "data" / "ocpi-2.3.0"
TERMINAL = "payments/sender/terminals/T1"
CALLS = {
    "payment_terminal_activate": ("POST", "payments/sender/terminals/activate"),
    "payment_terminal_location_assignment": ("PATCH", TERMINAL),
    "payment_terminal_example_assigned_locations_assigned_evses": ("PUT", TERMINAL),
    "payment_terminal_create_minimal": ("POST", "payments/receiver/terminals"),
    "payment_financial_advice_confirmation_example_failure": (
        "POST",
        "payments/receiver/financial-advice-confirmations",
    ),
    "booking_example": ("PUT", "bookings/receiver/NL/CPA/12345"),
    "booking_patch_example_evse_uid": ("PATCH", "bookings/receiver/NL/CPA/12345"),
    "booking_location_patch_example_calendar": ("PATCH", "bookings/receiver/NL/CPA/booking_locations/BL1/C1"),
}

pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the official examples are not at hand")


@pytest.mark.spec("OCPI-TYP-14", "OCPI-PAY-05", "OCPI-PAY-06", "OCPI-BKG-13")
@pytest.mark.parametrize("name", CALLS)
async def test_an_official_body_reaches_its_receiver_unchanged(net: OcpiNet, name: str) -> None:
    method, path = CALLS[name]
    other: Any = await OcpiPartner("p8.test", ("PTP", "AT", "PTH"), ("EMSP", "AT", "PTE")).join(net.hub)
    other.received.clear()
    body = (EXAMPLES / f"{name}.json").read_bytes()
    answer = await net.p1.call(net.hub, method, path, body, to="ATPTH")
    assert (answer.status_code, answer.json()["status_code"]) == (200, 1000)
    assert other.received[-1].body == body
