"""EMPs that take their time. OICP 2.3, eRoamingAuthorizeStart_V2.1."""

import asyncio
from typing import Any

import pytest

from tests.flows.hub import TestHub
from tests.flows.oicp_partners import (
    CARD,
    Emp,
    code,
    cpo,
    emp,
    join,
    opened,
    pnc,
    rfid,
)
from tests.flows.test_oicp_authorisation import begun, no


class Hanging:
    """An EMP that takes the question and never answers."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        await asyncio.Event().wait()


async def hang(hub: TestHub, provider: str) -> Hanging:
    app = Hanging()
    host = f"{provider.lower()}.test"
    hub.network.serve(host, app)
    await hub.add(emp(provider, callback_url=f"http://{host}"))
    return app


@pytest.mark.spec("OICP-AUTH-14")
async def test_the_first_yes_is_enough() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        slow = await hang(hub, "DE-8EO")
        await join(hub, emp(), Emp(CARD))
        async with asyncio.timeout(3):
            assert code(await abc.start(rfid())) == (200, "000")
        assert slow.asked == 1


@pytest.mark.spec("OICP-AUTH-23", "OICP-AUTH-16", "OICP-AUTH-26")
async def test_who_never_answers_has_said_no() -> None:
    async with opened(authorise_deadline_s=0.05) as hub:
        abc = await join(hub, cpo())
        slow, slower = await hang(hub, "DE-DCB"), await hang(hub, "DE-8EO")
        async with asyncio.timeout(3):
            assert no(await abc.start(rfid())) == (200, "106")
        assert (slow.asked, slower.asked) == (1, 1)


@pytest.mark.spec("OICP-NET-25", "OICP-CDR-08")
async def test_every_call_has_a_limit() -> None:
    async with opened() as hub:
        abc, bbb = await join(hub, cpo()), await join(hub, cpo("DE*BBB"))
        await join(hub, emp(), Emp(CARD))
        for caller in (abc, bbb):
            await caller.cdr(await begun(hub, caller), EvseID=f"{caller.own_id}*E1")
        await hub.settle()
        limits = {r.url.path.rsplit("/", 1)[1]: r.extensions["timeout"]["read"] for r in hub.network.seen}
        assert limits == {"start": 10.0, "charge-detail-record": 30.0}
        other = Emp(CARD)
        await join(hub, emp("DE-8EO", authorise_timeout_s=2.5, cdr_timeout_s=7), other)
        hub.network.seen.clear()
        await abc.start(pnc("DE-8EO-C12345678-X"))
        [request] = hub.network.seen
        assert request.extensions["timeout"]["read"] == 2.5
