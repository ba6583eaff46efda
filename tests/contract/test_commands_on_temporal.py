"""Remote commands through a real Temporal: what an operator says later reaches who asked, whatever dies in between."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio
from temporalio.worker import Worker

from core.errors import Unknown
from core.model.authorisation import JourneyState
from core.model.command import CommandOutcome, Outcome
from core.model.ids import PartyId
from gateway.stack import StackAddresses
from gateway.workflows.activities import CommandActivities
from gateway.workflows.processes import TemporalProcesses
from gateway.workflows.run_command import RunCommand
from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.oicp.plugin import PLUGIN as OICP
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, envelope, evse, location, token
from tests.flows.oicp_partners import code, cpo, emp, join, record
from tests.flows.test_oicp_remote import REMOTE_START, Cpo, start
from tests.flows.test_oicp_reservations import RESERVE

pytestmark = pytest.mark.server
spec = pytest.mark.spec
URL = "https://p2.test/cb/1"
_ids = itertools.count(10**6, 10**6)
"""The server knows the commands of all tests: each test counts from elsewhere."""


class Net:
    """An OCPI CPO and eMSP, an OICP CPO and EMP, and a hub whose commands between the two protocols run on Temporal."""

    def __init__(self, hub: TestHub, address: str, queue: str) -> None:
        self.hub = hub
        self.queue = queue
        self.processes = TemporalProcesses(address, "default", queue)
        hub.hub.commands._processes = self.processes
        self.p1 = OcpiPartner("p1.test", ("CPO", "NL", "CPA"), version="2.2.1")
        self.p2 = OcpiPartner("p2.test", ("EMSP", "DE", "EMB"))
        self.p3 = OcpiPartner("p3.test", ("CPO", "FR", "CPC"), version="2.2.1")
        self.back = Cpo()

    async def settle_in(self) -> None:
        for partner in (self.p1, self.p2, self.p3):
            await partner.join(self.hub)
        here = location(evses=[evse(evse_id="NL*CPA*E1")])
        await self.p1.call(self.hub, "PUT", "locations/receiver/NL/CPA/LOC1", here)
        await (await join(self.hub, cpo(), self.back)).push_data("fullLoad", record())
        self.dcb = await join(self.hub, emp())
        self.accepts(timeout=30)

    def accepts(self, **members: Any) -> None:
        self.p1.answers["POST", "commands"] = (200, envelope({"result": "ACCEPTED", **members}), {})

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """A worker of its own, until the end of the block."""
        activities = CommandActivities(self.hub.hub.commands)
        worker = Worker(
            await self.processes.client(),
            task_queue=self.queue,
            workflows=[RunCommand],
            activities=[activities.send, activities.finish],
        )
        async with worker:
            yield

    def start(self) -> asyncio.Task[httpx.Response]:
        """Of the EMP at the OCPI operator; it waits for the charge point's own result."""
        return asyncio.create_task(self.dcb.post(REMOTE_START, start("NL*CPA*E1")))

    async def start_at_oicp(self) -> None:
        """Of the eMSP at the OICP operator, which answers at once; the result is posted to the eMSP."""
        (place,) = [held for held in self.hub.storage.locations.held.values() if held.owner == PartyId("DE", "ABC")]
        body = {"response_url": URL, "token": token(), "location_id": place.id, "evse_uid": place.evses[0].uid}
        answer = await self.p2.call(self.hub, "POST", "commands/receiver/START_SESSION", body, to="DEABC")
        assert answer.json()["data"]["result"] == "ACCEPTED", answer.text

    async def asked(self) -> str:
        """The response URL, as soon as the operator has the command."""
        await until(lambda: self.p1.seen("POST", "commands"))
        url: str = self.p1.seen("POST", "commands")[-1].json["response_url"]
        return url.removeprefix("https://hub.test")

    async def post(self, url: str, result: str, by: OcpiPartner | None = None) -> int:
        answer = await (by or self.p1).call(self.hub, "POST", url, {"result": result}, to=None)
        return answer.status_code

    def told(self) -> list[str]:
        return [request.json["result"] for request in self.p2.received if request.path == "/cb/1"]


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - a worker has no event for us
            await asyncio.sleep(0.02)


@pytest_asyncio.fixture
async def net(stack: StackAddresses, request: pytest.FixtureRequest) -> AsyncIterator[Net]:
    async with TestHub.open([OCPI, OICP]) as hub:
        hub.ids.count = next(_ids)
        found = Net(hub, stack.temporal_address, f"commands-{request.node.name}")
        await found.settle_in()
        yield found


@spec("OCPI-HUB-76", "OCPI-CMD-05", "OCPI-CMD-14")
async def test_a_result_that_comes_later_reaches_who_asked(net: Net) -> None:
    async with net.working():
        asking = net.start()
        url = await net.asked()
        assert await net.post(url, "EVSE_OCCUPIED") == 200
        assert code(await asking) == (200, "602")
        await until_closed(net, url)
        assert await net.post(url, "ACCEPTED") == 404
    assert len(net.p1.seen("POST", "commands")) == 1


@spec("OCPI-HUB-83")
async def test_it_survives_the_worker(net: Net) -> None:
    """The result comes while nobody works; what was sent is not sent again."""
    async with net.working():
        asking = net.start()
        url = await net.asked()
        await until_waiting(net, url)
    assert await net.post(url, "ACCEPTED") == 200
    assert not asking.done()
    async with net.working():
        assert code(await asking) == (200, "000")
    assert len(net.p1.seen("POST", "commands")) == 1


async def test_a_result_of_another_finds_nothing(net: Net) -> None:
    async with net.working():
        asking = net.start()
        url = await net.asked()
        assert await net.post(url, "ACCEPTED", net.p3) == 404
        assert await net.post(url[:-1] + "x", "ACCEPTED") == 404
        assert await net.post(url, "FAILED") == 200
        assert code(await asking) == (200, "501")


async def test_a_silence_ends_when_the_operator_said_it_would(net: Net) -> None:
    net.accepts(timeout=1)
    async with net.working():
        assert code(await net.start()) == (200, "501")


async def test_an_operator_that_cannot_be_reached_is_tried_once(net: Net) -> None:
    net.hub.network.silence("p1.test")
    async with net.working():
        assert code(await net.start()) == (200, "310")
    assert len([r for r in net.hub.network.requests_to("p1.test") if "START" in r.url.path]) == 1


@pytest.mark.parametrize("http", [200, 500])
async def test_a_result_is_told_once_whatever_its_receiver_says(net: Net, http: int) -> None:
    net.p2.answers["POST", "1"] = (http, envelope(None, 1000 if http == 200 else 3000), {})
    async with net.working():
        await net.start_at_oicp()
        await until(net.told)
        await asyncio.sleep(0.2)
    assert net.told() == ["ACCEPTED"]
    assert len(net.back.asked) == 1


async def test_an_emp_waits_for_the_answer(net: Net) -> None:
    net.back.said = {"Result": False, "StatusCode": {"Code": "510"}, "CPOPartnerSessionID": "cpo-1"}
    async with net.working():
        refused = await net.dcb.post(REMOTE_START, start())
        assert code(refused) == (200, "510")
        assert refused.json()["CPOPartnerSessionID"] == "cpo-1"
        net.accepts(timeout=1)
        assert code(await net.dcb.post(REMOTE_START, start("NL*CPA*E1"))) == (200, "501")
        asking = asyncio.create_task(net.dcb.post(REMOTE_START, start("NL*CPA*E1")))
        await until(lambda: len(net.p1.seen("POST", "commands")) == 2)
        assert await net.post(await net.asked(), "ACCEPTED") == 200
        answer = await asking
    assert code(answer) == (200, "000")
    assert net.hub.storage.journeys.held[answer.json()["SessionID"]].operator == answered_by(net)


def answered_by(net: Net) -> Any:
    (partner,) = [held for held in net.hub.storage.partners.held.values() if held.name == "p1.test"]
    return partner.parties[0]


@spec("OCPI-CMD-13")
async def test_a_reservation_outlives_its_process(net: Net) -> None:
    """The worker dies while it is made; long after its process has ended the operator calls it off."""
    async with net.working():
        asking = asyncio.create_task(net.dcb.post(RESERVE, start("NL*CPA*E1", Duration=60)))
        url = await net.asked()
        await until_waiting(net, url)
    assert await net.post(url, "ACCEPTED") == 200
    async with net.working():
        answer = await asking
        await until_closed(net, url)
    assert code(answer) == (200, "000")
    [request] = net.p1.seen("POST", "commands")
    assert (request.path.rpartition("/")[2], request.json["expiry_date"]) == ("RESERVE_NOW", "2026-01-15T13:00:00Z")
    journey = net.hub.storage.journeys.held[answer.json()["SessionID"]]
    assert journey.state is JourneyState.AUTHORISED
    assert await net.post(url, "CANCELED_RESERVATION", net.p3) == 404
    assert await net.post(url, "CANCELED_RESERVATION") == 200
    assert net.hub.storage.journeys.held[journey.id].state is JourneyState.ENDED


async def test_a_reservation_at_an_oicp_operator(net: Net) -> None:
    (place,) = [held for held in net.hub.storage.locations.held.values() if held.owner == PartyId("DE", "ABC")]
    asked = {"token": token(), "location_id": place.id, "evse_uid": place.evses[0].uid, "reservation_id": "R-1"}
    bodies = {
        "RESERVE_NOW": {"response_url": URL, "expiry_date": "2026-01-15T12:15:00Z", **asked},
        "CANCEL_RESERVATION": {"response_url": URL, "reservation_id": "R-1"},
    }
    async with net.working():
        for number, (kind, body) in enumerate(bodies.items(), start=1):
            answer = await net.p2.call(net.hub, "POST", f"commands/receiver/{kind}", body, to="DEABC")
            assert answer.json()["data"]["result"] == "ACCEPTED", answer.text
            await until(lambda number=number: len(net.told()) == number)
    assert net.told() == ["ACCEPTED", "ACCEPTED"]
    start_, stop = [said for _, said, _ in net.back.asked]
    assert (start_["Duration"], stop["SessionID"]) == (15, start_["SessionID"])


async def test_nobody_waits_for_what_was_never_asked(net: Net) -> None:
    with pytest.raises(Unknown):
        await net.processes.command_result("never", "nobody", CommandOutcome(outcome=Outcome.ACCEPTED))


async def state(net: Net, url: str) -> tuple[str, int]:
    """Status of the process behind a response URL, and how many activities it has done."""
    (partner,) = [held for held in net.hub.storage.partners.held.values() if held.name == "p1.test"]
    client = await net.processes.client()
    handle = client.get_workflow_handle(f"command/{partner.id}/{url.rpartition('/')[2]}")
    found = await handle.describe()
    history = await handle.fetch_history()
    done = sum(event.HasField("activity_task_completed_event_attributes") for event in history.events)
    return (found.status.name if found.status else ""), done


async def until_closed(net: Net, url: str) -> None:
    async with asyncio.timeout(20):
        while (await state(net, url))[0] == "RUNNING":  # noqa: ASYNC110 - a worker has no event for us
            await asyncio.sleep(0.02)


async def until_waiting(net: Net, url: str) -> None:
    async with asyncio.timeout(20):
        while (await state(net, url))[1] < 1:  # noqa: ASYNC110 - a worker has no event for us
            await asyncio.sleep(0.02)
