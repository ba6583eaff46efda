"""The hub as CPO and EMP of another OICP platform: sessions and records, both ways, between two hubs."""

from decimal import Decimal

import pytest

from core.model.cdr import CdrState
from core.ports.adapter import Call
from tests.flows.oicp_partners import code, decode, rfid
from tests.flows.upstream import (
    CONTRACT_HERE,
    CONTRACT_THERE,
    EVSE_HERE,
    EVSE_THERE,
    GOOD_HERE,
    GOOD_THERE,
    OUR_OPERATOR,
    OUR_PROVIDER,
    two,
)

REMOTE_START = "charging/v21/providers/{id}/authorize-remote/start"
REMOTE_STOP = "charging/v21/providers/{id}/authorize-remote/stop"


def remote(evco_id: str) -> dict[str, object]:
    return {"RemoteIdentification": {"EvcoID": evco_id}}


@pytest.mark.spec("OICP-UP-06", "OICP-UP-03", "OICP-UP-08", "OICP-UP-18", "OICP-UP-20")
async def test_a_card_of_nobody_here_is_asked_upstream_and_its_record_goes_there() -> None:
    async with two() as net:
        answer = (await net.cpo.start(rfid(GOOD_THERE), EvseID=EVSE_HERE, CPOPartnerSessionID="local-1")).json()
        assert answer["AuthorizationStatus"] == "Authorized"
        ours = answer["SessionID"]
        [asked] = net.here.network.requests_to("above.test")
        body = decode(asked.content)
        assert asked.url.raw_path == b"/api/oicp/charging/v21/operators/DE%2AHHH/authorize/start"
        assert (body["OperatorID"], body["EvseID"], body["CPOPartnerSessionID"]) == (OUR_OPERATOR, EVSE_HERE, ours)
        assert body.get("SessionID") is None
        [logged] = [x for x in net.here.storage.journal.exchanges if x.partner == net.upstream.id]
        assert (logged.operation, bool(logged.their_id), logged.their_id != logged.request_id) == (
            "AuthorizeStart",
            True,
            True,
        )
        [(_, far, _)] = net.far_emp_at.asked
        theirs = far["SessionID"]
        assert theirs != ours
        stop = await net.cpo.stop(ours, rfid("04CCCCCCCCCCCC"))
        assert code(stop) == (200, "102")
        assert net.far_emp_at.asked[-1][1]["SessionID"] == theirs
        assert code(await net.cpo.cdr(ours, EvseID=EVSE_HERE)) == (200, "000")
        [settled] = await net.here.settle()
        assert settled.state is CdrState.DELIVERED
        await net.above.settle()
        record = net.far_emp_at.asked[-1][1]
        assert (record["SessionID"], record["CPOPartnerSessionID"]) == (theirs, ours)
        assert (record["EvseID"], record["ConsumedEnergy"]) == (EVSE_HERE, Decimal("10.123"))


@pytest.mark.spec("OICP-UP-12", "OICP-UP-13", "OICP-UP-02", "OICP-URL-33")
async def test_the_platform_asks_for_cards_of_emps_here_and_bills_them_once() -> None:
    async with two() as net:
        answer = (await net.far_cpo.start(rfid(GOOD_HERE), EvseID=EVSE_THERE)).json()
        assert (answer["AuthorizationStatus"], answer["ProviderID"]) == ("Authorized", OUR_PROVIDER)
        theirs = answer["SessionID"]
        [(path, body, _)] = net.emp_at.asked
        ours = body["SessionID"]
        assert ours != theirs
        assert answer["EMPPartnerSessionID"] == ours
        assert (path.split("/")[6], body["OperatorID"]) == ("DE%2AUPS", "DE*UPS")
        refused = (await net.far_cpo.start(rfid("04DDDDDDDDDDDD"))).json()
        assert (refused["AuthorizationStatus"], refused["StatusCode"]["Code"]) == ("NotAuthorized", "102")
        stop = (await net.far_cpo.stop(theirs, rfid(GOOD_HERE))).json()
        assert stop["AuthorizationStatus"] == "Authorized"
        assert code(await net.far_cpo.cdr(theirs, EvseID=EVSE_THERE)) == (200, "000")
        [above] = await net.above.settle()
        assert above.state is CdrState.DELIVERED
        again = await net.above.adapters["oicp"].push_cdr(*await _call_again(net))
        assert not again.withheld
        [settled] = await net.here.settle()
        assert settled.state is CdrState.DELIVERED
        assert len(net.here.storage.cdrs.held) == 1
        record = net.emp_at.asked[-1][1]
        assert (record["SessionID"], record["EvseID"]) == (ours, EVSE_THERE)
        assert theirs not in (record["SessionID"], record.get("EMPPartnerSessionID"))


async def _call_again(net):  # the record once more, as a platform sends it that heard no answer
    [settlement] = net.above.storage.cdrs.held.values()
    journey = await net.above.storage.journeys.get(settlement.cdr.journey_id)
    us = net.above.storage.partners.held[net.us.id]
    call = Call(partner=us, correlation_id="again", sender=settlement.cdr.owner, recipient=journey.issuer)
    return call, settlement.cdr, journey


@pytest.mark.spec("OICP-UP-15", "OICP-UP-03", "OICP-UP-18")
async def test_a_remote_start_at_a_station_of_the_platform() -> None:
    async with two() as net:
        await net.stations()
        start = {"ProviderID": "DE-DCB", "EvseID": EVSE_THERE, "Identification": remote(CONTRACT_HERE)}
        answer = (await net.emp.post(REMOTE_START, start)).json()
        assert answer["Result"], answer
        ours = answer["SessionID"]
        asked = decode(net.here.network.requests_to("above.test")[-1].content)
        assert asked.get("SessionID") is None
        assert (asked["ProviderID"], asked["EMPPartnerSessionID"]) == (OUR_PROVIDER, ours)
        [(_, at_cpo)] = net.far_cpo_at.asked
        theirs = at_cpo["SessionID"]
        assert theirs != ours
        stop = {"ProviderID": "DE-DCB", "EvseID": EVSE_THERE, "SessionID": ours}
        assert (await net.emp.post(REMOTE_STOP, stop)).json()["Result"]
        assert net.far_cpo_at.asked[-1][1]["SessionID"] == theirs
        assert code(await net.far_cpo.cdr(theirs, EvseID=EVSE_THERE, Identification=remote(CONTRACT_HERE)))[1] == "000"
        await net.above.settle()
        [settled] = await net.here.settle()
        assert settled.state is CdrState.DELIVERED
        assert net.emp_at.asked[-1][1]["SessionID"] == ours


@pytest.mark.spec("OICP-UP-07", "OICP-UP-09", "OICP-UP-18")
async def test_the_platform_starts_at_a_station_here_and_is_told_how_it_goes() -> None:
    async with two() as net:
        await net.stations()
        start = {"ProviderID": "DE-FAR", "EvseID": EVSE_HERE, "Identification": remote(CONTRACT_THERE)}
        answer = (await net.far_emp.post(REMOTE_START, start)).json()
        assert answer["Result"], answer
        theirs = answer["SessionID"]
        [(path, at_cpo)] = net.cpo_at.asked
        ours = at_cpo["SessionID"]
        assert ours != theirs
        assert (path.split("/")[6], at_cpo["ProviderID"]) == ("DE-UPS", "DE-UPS")
        assert answer["CPOPartnerSessionID"] == ours
        told = await net.cpo.notify("Start", ours, EvseID=EVSE_HERE)
        assert code(told) == (200, "000"), told.text
        note = net.far_emp_at.asked[-1][1]
        assert (note["SessionID"], note["OperatorID"]) == (theirs, OUR_OPERATOR)
        stop = {"ProviderID": "DE-FAR", "EvseID": EVSE_HERE, "SessionID": theirs}
        assert (await net.far_emp.post(REMOTE_STOP, stop)).json()["Result"]
        assert net.cpo_at.asked[-1][1]["SessionID"] == ours
        assert code(await net.cpo.cdr(ours, EvseID=EVSE_HERE, Identification=remote(CONTRACT_THERE)))[1] == "000"
        [settled] = await net.here.settle()
        assert settled.state is CdrState.DELIVERED
        await net.above.settle()
        assert net.far_emp_at.asked[-1][1]["SessionID"] == theirs


@pytest.mark.spec("OICP-UP-07", "OICP-UP-15", "OICP-UP-18")
@pytest.mark.parametrize("upwards", [True, False])
async def test_reservations_go_both_ways(upwards: bool) -> None:
    async with two() as net:
        await net.stations()
        who, evco_id, evse_id, at = net.far_emp, CONTRACT_THERE, EVSE_HERE, net.cpo_at
        if upwards:
            who, evco_id, evse_id, at = net.emp, CONTRACT_HERE, EVSE_THERE, net.far_cpo_at
        body = {"ProviderID": who.own_id, "EvseID": evse_id, "Identification": remote(evco_id), "Duration": 20}
        answer = (await who.post("reservation/v11/providers/{id}/reservation-start-request", body)).json()
        assert answer["Result"], answer
        session_id = answer["SessionID"]
        [(path, asked)] = at.asked
        assert path.endswith("reservation-start-request")
        assert (asked["Duration"], asked["SessionID"] != session_id) == (20, True)
        stop = {"ProviderID": who.own_id, "EvseID": evse_id, "SessionID": session_id}
        answer = (await who.post("reservation/v11/providers/{id}/reservation-stop-request", stop)).json()
        assert answer["Result"], answer
        assert at.asked[-1][1]["SessionID"] == asked["SessionID"]
