"""The hub's partners of other protocols, behind the hub, at an OICP platform: stations, statuses, cards, drivers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import pytest
from msgspec.structs import replace

from core.model.cdr import CdrState
from core.model.command import Command
from core.model.delivery import DeliveryState
from core.model.location import Location
from core.model.partner import Partner
from mappings.ocpi.tariffs import tariff_from_ocpi
from protocols.emip.plugin import PLUGIN as EMIP
from protocols.ochp.plugin import PLUGIN as OCHP
from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.ocpi.wire.tariffs import Tariff
from protocols.oicp.plugin import PLUGIN as OICP
from protocols.transport.json_codec import convert
from tests.flows import emip_partners as emip
from tests.flows import ochp_partners as ochp
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, cdr, cdr_token, envelope, evse, location, session, tariff, token
from tests.flows.oicp_partners import cdr as oicp_cdr
from tests.flows.oicp_partners import code, decode, encode, rfid
from tests.flows.test_oicp_upstream_answers import SESSION, Platform, _there
from tests.flows.upstream import platform_document

EVSE = "NL*CPA*E1"
SUBS = ["NL*CPA", "DE*QX7", "FR*ZC1", "DE-EMB"]
CARD, OLD = "04AABBCCDDEE11", "DE*QX7*E1"
CONTRACT = "DE-EMB-C12345678-X"
RATED = "<chargePointType>AC</chargePointType><ratings><maximumPower>22.0</maximumPower></ratings>"


class Net(NamedTuple):
    hub: TestHub
    platform: Platform
    upstream: Partner
    key: str
    p1: OcpiPartner
    p2: OcpiPartner

    async def call(self, path: str, body: Any) -> httpx.Response:
        return await self.hub.client.post(
            f"/oicp/upstream/{self.upstream.id}/api/oicp/{path}",
            content=encode(body),
            headers={"authorization": f"Bearer {self.key}"},
        )

    async def run(self, feed: str) -> dict[str, Any]:
        """The last thing that the platform was told or asked by it."""
        await self.hub.following.run(self.upstream.id, feed)
        return dict(decode(self.platform.asked[-1].content))


@asynccontextmanager
async def met() -> AsyncIterator[Net]:
    async with TestHub.open([OICP, OCPI, OCHP, EMIP], hotline="+31201234567") as hub:
        platform = Platform()
        hub.network.answer("above.test", platform)
        upstream, shown = await hub.add(platform_document(sub_ids=SUBS, cards=True))
        p1 = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        p2 = await OcpiPartner("p2.test", ("EMSP", "DE", "EMB")).join(hub)
        await p1.call(hub, "PUT", "locations/receiver/NL/CPA/LOC1", location(evses=[evse(evse_id=EVSE)]))
        yield Net(hub, platform, upstream, shown["api_key"], p1, p2)


def _powered(place: Location) -> Location:
    """OICP demands to know how strong a station is."""
    evses = [
        replace(one, connectors=tuple(replace(x, max_voltage=230, max_amperage=32) for x in one.connectors))
        for one in place.evses
    ]
    return replace(place, evses=tuple(evses))


@pytest.mark.spec("OICP-UP-04", "OICP-UP-05")
async def test_stations_of_every_protocol_go_up_and_their_statuses_follow() -> None:
    async with met() as net:
        old = await ochp.join(net.hub, "CPO", "DEQX7")
        rated = ochp.charge_point(OLD).replace("<chargePointType>AC</chargePointType>", RATED)
        await old.ask("SetChargePointList", rated)
        reseau = await emip.join(net.hub, emip.cpo())
        await net.hub.storage.locations.save(_powered(emip.place(emip.EVSE)), events=[])
        told = await net.run("shown-evses")
        records = {one["EvseID"]: one for one in told["OperatorEvseData"]["EvseDataRecord"]}
        assert told["ActionType"] == "fullLoad"
        assert set(records) == {EVSE, OLD, emip.EVSE}, records.keys()
        assert records[EVSE]["HotlinePhoneNumber"] == "+31201234567"
        assert records[EVSE]["DynamicInfoAvailable"] == "true"
        statuses = await net.run("shown-statuses")
        assert {one["EvseID"] for one in statuses["OperatorEvseStatus"]["EvseStatusRecord"]} == set(records)
        await net.p1.call(
            net.hub,
            "PATCH",
            "locations/receiver/NL/CPA/LOC1/E1",
            {"status": "CHARGING", "last_updated": "2026-01-15T12:00:01Z"},
        )
        await reseau.busy(emip.BusyStatus.BUSY, "2026-01-15T12:00:01Z")
        await reseau.available(emip.AvailabilityStatus.IN_SERVICE, "2026-01-15T12:00:02Z")
        await net.hub.relay()
        pushed = [decode(one.content) for one in net.platform.asked if one.url.path.endswith("status-records")][1:]
        found = {
            one["EvseID"]: one["EvseStatus"]
            for body in pushed
            for one in body["OperatorEvseStatus"]["EvseStatusRecord"]
        }
        assert found == {EVSE: "Occupied", emip.EVSE: "Occupied"}


@pytest.mark.spec("OICP-UP-07", "OICP-UP-08", "OICP-UP-09", "OICP-UP-18")
async def test_a_driver_of_the_platform_at_an_ocpi_station() -> None:
    async with met() as net:
        net.p1.answers["POST", "commands"] = (200, envelope({"result": "ACCEPTED", "timeout": 30}), {})

        async def accepted(command: Command) -> None:
            url = net.p1.seen("POST", "commands")[-1].json["response_url"].removeprefix("https://hub.test")
            await net.p1.call(net.hub, "POST", url, {"result": "ACCEPTED"}, to=None)

        net.hub.processes.meanwhile = accepted
        body = {"ProviderID": "DE-FAR", "EvseID": EVSE, "SessionID": SESSION}
        body["Identification"] = {"RemoteIdentification": {"EvcoID": "DE-FAR-C12345678-X"}}
        answer = await net.call("charging/v21/providers/DE-FAR/authorize-remote/start", body)
        assert code(answer) == (200, "000"), answer.text
        [journey] = net.hub.storage.journeys.held.values()
        assert answer.json()["CPOPartnerSessionID"] == journey.id
        started = net.p1.seen("POST", "commands")[-1].json
        running = session(
            cdr_token={name: started["token"][name] for name in cdr_token()},
            authorization_reference=started["authorization_reference"],
            auth_method="COMMAND",
        )
        path = "sessions/receiver/NL/CPA/S1"
        await net.p1.call(net.hub, "PUT", path, running, to="DEUPS")
        await net.hub.relay()
        note = decode(net.platform.asked[-1].content)
        assert (note["SessionID"], note["OperatorID"], note["CPOPartnerSessionID"]) == (SESSION, "DE*HHH", journey.id)
        net.platform.says("charging-notifications", {"Result": False, "StatusCode": {"Code": "320"}})
        for minute, known in ((10, 1), (20, 0)):
            net.hub.clock.advance(600)
            asked = len(net.platform.asked)
            later = {"kwh": minute, "last_updated": f"2026-01-15T12:{minute}:00Z"}
            await net.p1.call(net.hub, "PUT", path, running | later, to="DEUPS")
            [told] = [one for one in await net.hub.relay() if one.partner == net.upstream.id]
            assert (told.state, len(net.platform.asked) - asked) == (DeliveryState.WITHHELD, known)
        bill = cdr(
            cdr_token=started["token"] and {name: started["token"][name] for name in cdr_token()},
            authorization_reference=started["authorization_reference"],
            auth_method="COMMAND",
            cdr_location=cdr()["cdr_location"] | {"evse_id": EVSE},
        )
        posted = await net.p1.call(net.hub, "POST", "cdrs/receiver", bill, to="DEUPS")
        assert posted.json()["status_code"] == 1000, posted.text
        [settled] = await net.hub.settle()
        assert settled.state is CdrState.DELIVERED, settled.last_error
        record = decode(net.platform.asked[-1].content)
        assert (record["SessionID"], record["CPOPartnerSessionID"], record["EvseID"]) == (SESSION, journey.id, EVSE)
        assert record["Identification"] == body["Identification"]


@pytest.mark.spec("OICP-UP-12", "OICP-UP-13", "OICP-UP-18")
async def test_a_driver_of_an_ocpi_emsp_at_a_station_of_the_platform() -> None:
    async with met() as net:
        await net.p2.call(net.hub, "PUT", f"tokens/receiver/DE/EMB/{CARD}", token(CARD, contract_id=CONTRACT))
        net.platform.says("data-records", {"content": [_there("1")], "last": True, "StatusCode": {"Code": "000"}})
        await net.run("evse-data")
        listed = (await net.p2.call(net.hub, "GET", "locations/sender")).json()["data"]
        assert [one["party_id"] for one in listed if one["party_id"] == "UPS"] == ["UPS"]
        net.p2.answers["POST", "tokens"] = (200, envelope({"allowed": "ALLOWED", "token": token(CARD)}), {})
        ask = {"OperatorID": "DE*FAR", "SessionID": SESSION, "EvseID": "DE*FAR*E1", "Identification": rfid(CARD)}
        answer = await net.call("charging/v21/operators/DE*FAR/authorize/start", ask)
        assert answer.json()["AuthorizationStatus"] == "Authorized", answer.text
        bill = oicp_cdr(SESSION, EvseID="DE*FAR*E1", Identification=rfid(CARD))
        assert code(await net.call("cdrmgmt/v22/operators/DE*FAR/charge-detail-record", bill)) == (200, "000")
        held = net.hub.storage.partners.held[net.upstream.id]
        agreed = tariff_from_ocpi(convert(tariff(owner="DEUPS"), Tariff))
        await net.hub.storage.partners.update(replace(held, agreed_tariff=agreed))
        [settled] = await net.hub.settle()
        assert settled.state is CdrState.DELIVERED, settled.last_error
        got = net.p2.seen("POST", "cdrs")[-1].json
        assert (got["cdr_token"]["uid"], got["cdr_location"]["evse_id"]) == (CARD, "DE*FAR*E1")
        assert SESSION.lower() not in got["id"].lower()


async def test_cards_that_their_issuer_lets_others_decide_on_go_up() -> None:
    async with met() as net:
        path = f"tokens/receiver/DE/EMB/{CARD}"
        await net.p2.call(net.hub, "PUT", path, token(CARD, contract_id=CONTRACT, whitelist="ALLOWED"))
        await net.p2.call(net.hub, "PUT", "tokens/receiver/DE/EMB/04AABBCC", token())
        told = await net.run("shown-cards")
        data = told["ProviderAuthenticationData"]
        assert (told["ActionType"], data["ProviderID"], len(data["AuthenticationDataRecord"])) == (
            "fullLoad",
            "DE-HHH",
            1,
        )
        net.hub.clock.advance(300)
        gone = token(CARD, contract_id=CONTRACT, whitelist="ALLOWED", valid=False)
        await net.p2.call(net.hub, "PUT", path, gone | {"last_updated": "2026-01-15T12:05:00Z"})
        assert (await net.run("shown-cards"))["ActionType"] == "delete"


@pytest.mark.spec("OICP-UP-06")
async def test_a_card_at_an_ocpi_station_is_asked_about_above() -> None:
    async with met() as net:
        net.p2.answers["POST", "tokens"] = (404, envelope(None, 2004, "unknown"), {})
        answer = await net.p1.call(
            net.hub,
            "POST",
            "tokens/sender/04FFFFFFFFFFFF/authorize?type=RFID",
            {"location_id": "LOC1", "evse_uids": ["E1"]},
        )
        assert answer.json()["data"]["allowed"] == "ALLOWED", answer.text
        asked = decode(net.platform.asked[-1].content)
        assert (asked["OperatorID"], asked["EvseID"]) == ("DE*HHH", EVSE)
