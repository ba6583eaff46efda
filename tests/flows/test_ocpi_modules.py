"""OCPI: which modules the hub offers in which version, and to whom. OCPI 2.3.0, version_information_endpoint."""

from typing import Any

import pytest

from protocols.ocpi.plugin import PLUGIN
from tests.flows.conftest import OcpiNet
from tests.flows.hub import TestHub
from tests.flows.ocpi_2_1_1_partner import OldPartner
from tests.flows.ocpi_partner import OcpiPartner, Received, envelope

spec = pytest.mark.spec
BOTH = {"SENDER", "RECEIVER"}
CORE = dict.fromkeys(("locations", "sessions", "cdrs", "tariffs", "tokens", "commands"), BOTH)
CONFIG = {"credentials": {"SENDER"}, "hubclientinfo": {"SENDER"}}
TYPICAL = {**CORE, **CONFIG, "chargingprofiles": BOTH}
OPTIONAL = {"invoicereconciliation": BOTH, "payments": BOTH, "bookings": BOTH}
PATHS = {
    "invoicereconciliation": "invoicereconciliation/sender",
    "payments": "payments/sender/terminals",
    "bookings": "bookings/sender/booking_locations",
}


async def offered(hub: TestHub, partner: OcpiPartner) -> dict[str, set[str]]:
    answer = await partner.call(hub, "GET", f"/ocpi/{partner.version}", to=None)
    found: dict[str, set[str]] = {}
    for one in answer.json()["data"]["endpoints"]:
        roles = found.setdefault(one["identifier"], set())
        assert one["role"] not in roles
        roles.add(one["role"])
    return found


@spec("OCPI-TRP-59")
@spec("OCPI-VER-05", "OCPI-GEN-01", "OCPI-GEN-11", "OCPI-V221-01")
@pytest.mark.parametrize(("version", "wanted"), [("2.3.0", {**TYPICAL, **OPTIONAL}), ("2.2.1", TYPICAL)])
async def test_the_modules_of_a_version(net: OcpiNet, version: str, wanted: dict[str, set[str]]) -> None:
    partner = await OcpiPartner("p4.test", ("CPO", "AT", "CPD"), version=version).join(net.hub)
    assert await offered(net.hub, partner) == wanted


async def test_2_1_1_has_the_core_only(net: OcpiNet) -> None:
    partner = await OldPartner("p5.test", "EMSP", "IT", "EME").join(net.hub)
    assert set(partner.links) == {*CORE, "credentials"}
    for path in PATHS.values():
        assert (await partner.ask(net.hub, "GET", f"/ocpi/2.1.1/{path}")).status_code == 404


@spec("OCPI-GEN-05")
@pytest.mark.parametrize("off", PATHS)
async def test_an_optional_module_may_be_switched_off(off: str) -> None:
    async with TestHub.open([PLUGIN], without=frozenset({off})) as hub:
        partner = await OcpiPartner("p1.test", ("EMSP", "DE", "EMB")).join(hub)
        wanted = {**TYPICAL, **OPTIONAL}
        del wanted[off]
        assert await offered(hub, partner) == wanted
        for module, path in PATHS.items():
            answer = await partner.call(hub, "GET", path)
            assert answer.status_code == (404 if module == off else 200)


async def test_a_module_that_is_new_is_told_by_the_credentials_that_the_operator_sends() -> None:
    async with TestHub.open([PLUGIN], without=frozenset({"payments"})) as before:
        partner = await OcpiPartner("p1.test", ("EMSP", "DE", "EMB")).join(before)
    async with TestHub.open([PLUGIN], storage=before.storage) as hub:
        looked: list[dict[str, set[str]]] = []

        async def look(request: Received) -> Any:
            """With the token that the hub sends: where it now leads."""
            partner.token_c = request.json["token"]
            looked.append(await offered(hub, partner))
            return 200, envelope(partner.credentials()), {}

        partner.answers["PUT", "credentials"] = look
        hub.network.serve(partner.host, partner)
        (held,) = await hub.hub.partners.all()
        await PLUGIN.connect(hub.hub, held, {})
        assert looked == [{**TYPICAL, **OPTIONAL}]
        assert await offered(hub, partner) == {**TYPICAL, **OPTIONAL}
