"""OCPI: what is left of registrations when the hub was away, and what others are told of newcomers."""

import logging
from typing import Any

import pytest
from msgspec.structs import replace

from core.errors import Uncertain
from core.model.partner import CredentialKind, Partner, PartnerState
from core.ports.stores import Kept
from core.services.retention import Retention
from protocols.ocpi.plugin import PLUGIN
from tests.flows.conftest import OcpiNet
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, call, cast, envelope, location, session, tariff, token

spec = pytest.mark.spec


def held(hub: TestHub, name: str) -> Partner:
    return next(partner for partner in hub.storage.partners.held.values() if partner.name == name)


@spec("OCPI-CRD-42")
async def test_registrations_survive_a_restart() -> None:
    async with TestHub.open([PLUGIN]) as before:
        p1, p2, p3 = cast()
        for partner in (p1, p2, p3):
            await partner.join(before)
        await p1.call(before, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    async with TestHub.open([PLUGIN], storage=before.storage) as hub:
        for partner in (p1, p2, p3):
            hub.network.serve(partner.host, partner)
        listed = await p2.call(hub, "GET", "locations/sender")
        assert [one["id"] for one in listed.json()["data"]] == ["LOC1"]
        answer = await p2.call(hub, "GET", "locations/sender", to="BECPA")
        assert answer.json()["status_code"] == 1000
        assert p1.seen("GET", "locations")[-1].party("to") == "BECPA"
        await hub.relay()
        assert {copy.party("to") for copy in p3.seen("PUT", "locations")} == {"FREMC", "FRNSC"}


@spec("OCPI-CRD-42", "OCPI-CRD-17")
async def test_a_put_that_breaks_off_at_the_last_moment_has_not_happened(
    net: OcpiNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, old, known = net.hub, net.p2.token_c, net.p2.token_b
    net.p2.token_b = "another-b"
    before = held(hub, "p2.test"), dict(hub.storage.partners.secrets)

    async def breaks(*_: Any, **__: Any) -> Any:
        raise Uncertain("the database did not confirm the write")

    monkeypatch.setattr(hub.storage.credentials, "switch", breaks)
    answer = await call(hub, "PUT", "credentials", token=old, body=net.p2.credentials())
    assert answer.json()["status_code"] == 3000
    assert (held(hub, "p2.test"), hub.storage.partners.secrets) == before
    monkeypatch.undo()
    net.p2.token_b = known
    assert (await net.p2.call(hub, "GET", "locations/sender")).json()["status_code"] == 1000
    again = await call(hub, "PUT", "credentials", token=old, body=net.p2.credentials())
    assert again.json()["status_code"] == 1000


@spec("OCPI-GEN-09")
async def test_what_is_too_old_is_in_no_list(net: OcpiNet) -> None:
    path = "sessions/receiver/NL/CPA/S1"
    await net.p1.call(net.hub, "PUT", path, session(), to="DEEMB")
    mine = "sessions/sender?date_from=2020-01-01T00:00:00Z"
    assert len((await net.p2.call(net.hub, "GET", mine)).json()["data"]) == 1
    retention = Retention(net.hub.storage.retention, net.hub.clock, {Kept.SESSIONS: 400})
    net.hub.clock.advance(401 * 86400)
    await retention.round()
    answer = await net.p2.call(net.hub, "GET", mine)
    assert (answer.json()["data"], answer.headers["x-total-count"]) == ([], "0")


@spec("OCPI-CRD-35")
async def test_a_newcomer_is_told_of_by_client_info_and_by_no_new_credentials(net: OcpiNet) -> None:
    await OcpiPartner("new.test", ("CPO", "NL", "NEW")).join(net.hub)
    assert [put.json["party_id"] for put in net.p2.seen("PUT", "hubclientinfo")] == ["NEW"]
    assert not [r for r in net.p2.received if "credentials" in r.path]
    shown = (await call(net.hub, "GET", "credentials", token=net.p2.token_c)).json()["data"]["roles"]
    assert "NEW" in {role["party_id"] for role in shown}
    assert (await net.p2.call(net.hub, "GET", "locations/sender")).status_code == 200


@spec("OCPI-HUB-40")
async def test_the_less_common_roles_are_on_the_side_of_drivers_and_may_have_stations(net: OcpiNet) -> None:
    readers = {}
    for number, role in enumerate(("NAP", "NSP", "SCSP", "OTHER")):
        party = f"R0{number}"
        readers[role] = await OcpiPartner(f"{role.lower()}.test", (role, "NL", party)).join(net.hub)
    net.forget()
    await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    await net.p2.call(net.hub, "PUT", "tokens/receiver/DE/EMB/1", token("1"))
    await net.relay()
    assert [len(reader.seen("PUT", "locations")) for reader in readers.values()] == [1, 1, 1, 1]
    assert not [role for role, reader in readers.items() if reader.seen("PUT", "tokens")]
    net.forget()
    nap = readers["NAP"]
    await nap.call(net.hub, "PUT", "locations/receiver/NL/R00/LOC7", location("LOC7", "NLR00"))
    await nap.call(net.hub, "PUT", "tariffs/receiver/NL/R00/T7", tariff("T7", "NLR00"))
    await net.relay()
    assert [len(net.p2.seen("PUT", module)) for module in ("locations", "tariffs")] == [1, 1]


@spec("OCPI-TRN-12")
async def test_no_token_is_logged(net: OcpiNet, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    partner = await OcpiPartner("new.test", ("EMSP", "NL", "NEW")).join(net.hub)
    partner.answers["PUT", "locations"] = (401, envelope(None, 2000), {})
    await call(net.hub, "GET", "/ocpi/versions", token="a-wrong-token-that-nobody-has")
    await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    await net.relay()
    await call(net.hub, "PUT", "credentials", token=partner.token_c, body=partner.credentials())
    secrets = {secret for (_, kind), secret in net.hub.storage.partners.secrets.items() if kind in CredentialKind}
    journal = "".join(f"{x.request}{x.response}{x.target}{x.error}" for x in net.hub.storage.journal.exchanges)
    for secret in (*secrets, partner.token_c or "", "a-wrong-token-that-nobody-has"):
        assert secret not in caplog.text
        assert secret not in journal


async def test_a_partner_that_was_planned_is_planned_after_a_restart() -> None:
    async with TestHub.open([PLUGIN]) as before:
        planned, shown = await before.add(OcpiPartner("new.test", ("CPO", "NL", "NEW")).document())
    async with TestHub.open([PLUGIN], storage=before.storage) as hub:
        partner = OcpiPartner("new.test", ("CPO", "NL", "NEW"))
        hub.network.serve(partner.host, partner)
        answer = await call(hub, "POST", "credentials", token=shown["token_a"], body=partner.credentials())
        assert answer.json()["status_code"] == 1000
        assert held(hub, "new.test") == replace(
            held(hub, "new.test"), id=planned.id, state=PartnerState.CONNECTED, created_at=planned.created_at
        )


@spec("OCPI-HUB-94")
async def test_whom_a_message_is_for_is_known_from_traffic_and_forgotten_in_time(net: OcpiNet) -> None:
    path = "sessions/receiver/NL/CPA/S1"
    await net.p1.call(net.hub, "PUT", path, session(), to="DEEMB")
    net.p1.answers["POST", "commands"] = (200, envelope({"result": "ACCEPTED", "timeout": 30}), {})
    stop = {"response_url": "https://p2.test/cb", "session_id": "S1"}
    found = await net.p2.call(net.hub, "POST", "commands/receiver/STOP_SESSION", stop, to=None)
    assert found.json()["data"]["result"] == "ACCEPTED"
    retention = Retention(net.hub.storage.retention, net.hub.clock, {Kept.SESSIONS: 400})
    net.hub.clock.advance(401 * 86400)
    await retention.round()
    lost = await net.p2.call(net.hub, "POST", "commands/receiver/STOP_SESSION", stop, to=None)
    assert (lost.status_code, lost.json()["status_code"]) == (200, 4001)
