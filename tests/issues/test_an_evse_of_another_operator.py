"""A notification that names an EVSE of another operator: the eMSP was told that other's place, as the session's own."""

from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.oicp.plugin import PLUGIN as OICP
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, location
from tests.flows.oicp_partners import code, cpo, join, rfid
from tests.flows.test_oicp_notifications import asked_emsp


async def test_its_place_is_not_that_of_the_session() -> None:
    async with TestHub.open([OCPI, OICP]) as hub:
        await asked_emsp(hub)
        p1 = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        await p1.call(hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
        abc = await join(hub, cpo())
        session_id = (await abc.start(rfid(), CPOPartnerSessionID="c1")).json()["SessionID"]
        assert code(await abc.notify("Start", session_id, EvseID="NL*CPA*EE1")) == (200, "000")
        (held,) = hub.storage.sessions.held.values()
        assert (held.location_id, held.evse_uid, held.connector_id) == (None, None, None)
