"""What one partner sees of another's object: the admin API's answer, which reads and changes nothing else."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from core.model.secret import Secret
from gateway.admin.api import admin_router
from protocols.emip.plugin import PLUGIN as EMIP
from protocols.ochp.plugin import PLUGIN as OCHP
from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.oicp.plugin import PLUGIN as OICP
from tests.flows import chain_sides as sides
from tests.flows.hub import TestHub
from tests.flows.ochp_partners import join as ochp_partner
from tests.flows.ocpi_partner import tariff
from tests.flows.oicp_partners import emp
from tests.flows.oicp_partners import join as oicp_partner

KEY = "admin-key-of-the-test"
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated inferred style")


class Admin:
    """The admin API over the parts of a test hub."""

    def __init__(self, hub: TestHub) -> None:
        parts = SimpleNamespace(
            hub=hub.hub,
            storage=hub.storage,
            plugins=hub.plugins,
            following=hub.following,
            processes=hub.processes,
            settings=SimpleNamespace(admin_key=Secret(KEY)),
        )
        app = Litestar(
            [admin_router()],
            dependencies={"assembly": Provide(lambda: parts, sync_to_thread=False)},
            state=State({"assembly": parts}),
            openapi_config=None,
        )
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://admin.test")

    async def get(self, path: str, status: int = 200, **query: Any) -> Any:
        return await self.call("GET", path, status, **query)

    async def call(self, method: str, path: str, status: int = 200, body: Any = None, **query: Any) -> Any:
        headers = {"authorization": f"Bearer {KEY}"}
        answer = await self.client.request(
            method, f"/admin/api/{path}", headers=headers, params=query or None, json=body
        )
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
async def hub() -> AsyncIterator[TestHub]:
    async with TestHub.open([OCPI, OICP, OCHP, EMIP]) as found:
        yield found


def paths(seen: Any) -> set[str]:
    return {loss["path"] for loss in seen["losses"]}


async def test_a_location_as_each_protocol_sees_it(hub: TestHub) -> None:
    operator = sides.OcpiOperator()
    await operator.join(hub)
    admin = Admin(hub)
    provider = await ochp_partner(hub, "EMSP", "DEQM1")
    seen = await admin.get(f"partners/{provider.partner.id}/sees/location/NLCPA/LOC1")
    assert (seen["source"], seen["target"], seen["shared"]) == ("ocpi-2.3.0", "ochp-1.4", True)
    assert "<evseId>NL*CPA*EE1</evseId>" in str(seen["output"]).replace("ns0:", "")
    assert "$.evses[0].connectors[0].max_amperage" in paths(seen)
    assert seen["canonical"]["id"] == "LOC1"
    stored = len(hub.storage.outbox.deliveries)
    emp_of_oicp = await oicp_partner(hub, emp())
    as_oicp = await admin.get(f"partners/{emp_of_oicp.partner.id}/sees/location/NLCPA/LOC1")
    assert as_oicp["output"] is None
    assert any(loss["kind"] == "WITHHELD" for loss in as_oicp["losses"])
    assert len(hub.storage.outbox.deliveries) == stored


async def test_a_token_and_a_cdr(hub: TestHub) -> None:
    operator, issuer = sides.OicpOperator(), sides.OcpiIssuer()
    await issuer.join(hub)
    await operator.join(hub)
    admin, cpo = Admin(hub), operator.reached.partner.id
    seen = await admin.get(f"partners/{cpo}/sees/token/DEEMB/{sides.BADGE}")
    assert (seen["output"], seen["losses"][-1]["kind"]) == (None, "WITHHELD")
    assert await operator.authorise()
    await operator.charge()
    [settlement] = hub.storage.cdrs.held.values()
    [emsp] = [one for one in hub.storage.partners.held.values() if one.protocol == "ocpi"]
    seen = await admin.get(f"partners/{emsp.id}/sees/cdr/DEABC/{settlement.cdr.id}")
    assert seen["output"] is None
    assert "total cost" in str(seen["losses"])
    home = await admin.get(f"partners/{cpo}/sees/cdr/DEABC/{settlement.cdr.id}")
    assert home["output"]["SessionID"] == settlement.cdr.id
    assert home["losses"] == []


async def test_no_sight_shows_a_pin(hub: TestHub) -> None:
    issuer = await oicp_partner(hub, emp())
    hashed = {"Value": "$2a$10$secret", "Function": "Bcrypt"}
    evco_id = "DE-DCB-C12345678-X"
    pushed = await issuer.push_cards("fullLoad", {"QRCodeIdentification": {"EvcoID": evco_id, "HashedPIN": hashed}})
    assert pushed.json()["Result"] is True, pushed.text
    operator = sides.OicpOperator()
    await operator.join(hub)
    seen = await Admin(hub).get(f"partners/{operator.reached.partner.id}/sees/token/DEDCB/{evco_id}")
    assert seen["canonical"]["kind"] == "QR_CODE"
    assert "secret" not in str(seen)


async def test_what_cannot_be_seen_is_said(hub: TestHub) -> None:
    operator = sides.OcpiOperator()
    await operator.join(hub)
    await operator._send("PUT", "tariffs/receiver/NL/CPA/T1", tariff())
    admin = Admin(hub)
    provider = (await ochp_partner(hub, "EMSP", "DEQM1")).partner.id
    unknown = await admin.get(f"partners/{provider}/sees/location/NLCPA/NONE", 404)
    assert "NONE" in unknown["error"]["reason"]
    assert (await admin.get(f"partners/{provider}/sees/location/FRXXX/L1", 404))["error"]
    impossible = await admin.get(f"partners/{provider}/sees/session/NLCPA/S1", 404)
    assert "session" in impossible["error"]["reason"]
    await admin.get(f"partners/{provider}/sees/rocket/NLCPA/S1", 400)


async def test_journeys_are_listed_by_side_state_and_contract(hub: TestHub) -> None:
    operator, issuer = sides.OicpOperator(), sides.EmipIssuer()
    await issuer.join(hub)
    await operator.join(hub)
    assert await operator.authorise()
    admin = Admin(hub)
    page = await admin.get("journeys/", partner=operator.reached.partner.id, state="AUTHORISED")
    assert (page["total"], page["items"][0]["id"]) == (1, operator.session_id)
    assert (await admin.get("journeys/", state="BILLED"))["total"] == 0
    assert (await admin.get("journeys/", contract="FR-ZM1-C00012345"))["total"] == 1
    shown = await admin.get(f"journeys/{operator.session_id}")
    assert shown["journey"]["operator"]["ids"]["SessionID"] == operator.session_id
    assert [hop["step"] for hop in shown["hops"]] == ["question", "answer"]
    await admin.get("journeys/unknown", 404)
