"""Numbers larger than a Decimal's digits: accepted, then never translated; the CDR's process began again for ever, and
one such CDR kept its eMSP from fetching any."""

import json
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from core.errors import Invalid
from core.model.cdr import CdrState
from core.model.partner import Role
from core.services.billing import check_plausible
from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.oicp.plugin import PLUGIN as OICP
from tests.flows.hub import TestHub
from tests.flows.ochp_partners import cdr as ochp_cdr
from tests.flows.ocpi_partner import OcpiPartner, cdr, cdr_token, period, session
from tests.flows.oicp_partners import NOTIFY, code, notification, opened
from tests.flows.test_ochp_cdrs import Net, net
from tests.flows.test_ochp_pairs import Net as Pairs
from tests.flows.test_ochp_pairs import net as pairs
from tests.flows.test_oicp_notifications import pair
from tests.unit.core.examples import EMSP, partner
from tests.unit.core.examples import cdr as core_cdr
from tests.unit.core.test_billing import World

__all__ = ["net", "pairs"]
VAST = ("1e30", "1" + "0" * 30, "-1e15", "1e15")


def written(message: dict[str, Any], number: str) -> bytes:
    return json.dumps(message).replace('"@"', number).encode()


@pytest.mark.parametrize("number", VAST)
@pytest.mark.parametrize("path", ["total_energy", "total_time", "total_cost.before_taxes"])
async def test_ocpi_says_which_number_is_too_large(number: str, path: str) -> None:
    async with TestHub.open([OCPI, OICP]) as hub:
        p1 = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        await OcpiPartner("p2.test", ("EMSP", "DE", "EMB")).join(hub)
        name, _, part = path.partition(".")
        changes: dict[str, Any] = {name: {part: "@"} if part else "@"}
        body = written(cdr(**changes), number)
        answer = (await p1.call(hub, "POST", "cdrs/receiver", body, to=None)).json()
        assert answer["status_code"] == 2001
        assert f"$.{path}" in answer["status_message"]
        assert not hub.storage.cdrs.held
        body = written(session(kwh="@"), number)
        answer = (await p1.call(hub, "PUT", "sessions/receiver/NL/CPA/S1", body, to="NLHUB")).json()
        assert answer["status_code"] == 2001


@pytest.mark.parametrize("number", ["1e30", "1" + "0" * 30])
async def test_ochp_names_the_record(net: Net, number: str) -> None:
    answer = await net.cpo.ask("AddCDRs", ochp_cdr(value=number, price="0", cost="0", total="0"))
    assert answer.texts("implausibleCdrsArray") == ["DEQX7A1"]
    assert not net.hub.storage.cdrs.held


async def test_a_record_without_any_price_holds_up_no_other(pairs: Pairs) -> None:
    """1e-40 kWh for one euro: no price of a kWh can be said."""
    token = cdr_token(owner="DEQM1") | {"contract_id": "DE-QM1-C00000417-U"}
    for cdr_id, energy in (("C1", "1e-40"), ("C2", "12.5")):
        periods = [period(dimensions=[{"type": "ENERGY", "volume": "@"}])]
        one = cdr(cdr_id, cdr_token=token, total_energy="@", charging_periods=periods, total_cost={"before_taxes": 1.0})
        body = written(one, energy)
        await pairs.ocpi_cpo.call(pairs.hub, "POST", "cdrs/receiver", body, to=None)
    await pairs.hub.settle()
    answer = await pairs.emp.ask("GetCDRs")
    assert [text[5:] for text in answer.texts("cdrInfoArray/CdrId")] == ["C2"]
    assert (pairs.hub.storage.cdrs.held["NLCPA/C1"].last_error or "").startswith("withheld")


async def test_oicp_does_not_follow_an_endless_meter() -> None:
    async with opened() as hub:
        abc, back, session_id = await pair(hub)
        body = notification("End", session_id) | {"ConsumedEnergy": Decimal("1e30")}
        assert code(await abc.post(NOTIFY, body))[1] == "022"
        assert not back.asked
        assert not hub.storage.sessions.held


@pytest.mark.parametrize("name", ["total_energy_kwh", "meter_start_kwh", "meter_end_kwh"])
def test_no_protocol_brings_an_endless_reading(name: str) -> None:
    with pytest.raises(Invalid):
        check_plausible(replace(core_cdr(), **{name: Decimal("1e15")}))


async def test_what_cannot_be_reckoned_with_is_in_plain_sight() -> None:
    world = World()
    await world.storage.partners.add(world.cpo)
    await world.storage.partners.add(partner("emb", EMSP, Role.EMSP))
    settlement, _ = await world.service.accept(world.cpo, core_cdr())

    async def push_cdr(*_: Any) -> Any:
        return Decimal("1e30").quantize(Decimal("0.001"))

    world.adapter.push_cdr = push_cdr  # type: ignore[assignment, method-assign]
    settled = await world.service.deliver(settlement.key)
    assert settled.state is CdrState.UNDELIVERABLE
    assert "numbers" in (settled.last_error or "")


async def test_what_nobody_foresaw_is_tried_no_longer_than_a_silence() -> None:
    world = World()
    await world.storage.partners.add(world.cpo)
    await world.storage.partners.add(partner("emb", EMSP, Role.EMSP))
    settlement, _ = await world.service.accept(world.cpo, core_cdr())

    async def push_cdr(*_: Any) -> Any:
        raise ValueError("a bug")

    world.adapter.push_cdr = push_cdr  # type: ignore[assignment, method-assign]
    settled = await world.service.deliver(settlement.key)
    assert settled.state is CdrState.WAITING
    assert settled.last_error == "the hub failed: ValueError"
