"""Partners that come into sight, and go out of it: deltas tell both, even of what was uploaded long before."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from protocols.ocpi.plugin import PLUGIN as OCPI
from tests.flows.hub import TestHub
from tests.flows.ochp_partners import Reached, charge_point, join, opened, since, token
from tests.flows.ocpi_partner import OcpiPartner, location

DAY = 24 * 3600
TOKENS, POINTS = "GetRoamingAuthorisationListUpdates", "GetChargePointListUpdates"


class Net(NamedTuple):
    hub: TestHub
    cpo: Reached
    emp: Reached


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    """Uploaded on 15 January, and asked about five days later."""
    async with opened(OCPI) as hub:
        found = Net(hub, await join(hub, "CPO", "DEQX7"), await join(hub, "EMSP", "DEQM1"))
        await found.emp.ask("SetRoamingAuthorisationList", token("AA01") + token("BB02"))
        await found.cpo.ask("SetChargePointList", charge_point())
        hub.clock.advance(5 * DAY)
        yield found


async def tokens(reader: Reached, day: int) -> dict[str, str]:
    answer = await reader.ask(TOKENS, since(f"2026-01-{day}T00:00:00Z"))
    names = answer.texts("roamingAuthorisationInfo/EmtId/instance")
    return dict(zip(names, answer.texts("roamingAuthorisationInfo/expiryDate/DateTime"), strict=True))


async def points(reader: Reached, day: int) -> dict[str, str]:
    answer = await reader.ask(POINTS, since(f"2026-01-{day}T00:00:00Z"))
    names = answer.texts("chargePointInfoArray/evseId")
    return dict(zip(names, answer.texts("chargePointInfoArray/status/ChargePointStatusType"), strict=True))


@pytest.mark.spec("OCHP-RA-32", "OCHP-REL-08")
async def test_a_suspended_provider_s_tokens_expire_in_deltas(net: Net) -> None:
    assert await tokens(net.cpo, 19) == {}
    await net.hub.hub.partners.suspend(net.emp.partner.id)
    assert await tokens(net.cpo, 19) == dict.fromkeys(("AA01", "BB02"), "2026-01-20T12:00:00Z")
    assert (await net.cpo.ask("GetRoamingAuthorisationList")).result == "roaming"
    net.hub.clock.advance(DAY)
    assert await tokens(net.cpo, 21) == {}


@pytest.mark.spec("OCHP-REL-07", "OCHP-REL-10")
async def test_tokens_that_come_into_sight_again_are_new(net: Net) -> None:
    await net.hub.hub.partners.suspend(net.emp.partner.id)
    net.hub.clock.advance(DAY)
    await net.hub.hub.partners.resume(net.emp.partner.id)
    assert await tokens(net.cpo, 21) == dict.fromkeys(("AA01", "BB02"), "2030-01-01T00:00:00Z")
    net.hub.clock.advance(DAY)
    assert await tokens(net.cpo, 22) == {}


@pytest.mark.spec("OCHP-REL-07", "OCHP-REL-08")
async def test_a_suspended_operator_s_charge_points_close_and_open(net: Net) -> None:
    assert await points(net.emp, 19) == {}
    await net.hub.hub.partners.suspend(net.cpo.partner.id)
    assert await points(net.emp, 19) == {"DE*QX7*E1": "Closed"}
    net.hub.clock.advance(DAY)
    await net.hub.hub.partners.resume(net.cpo.partner.id)
    assert await points(net.emp, 21) == {"DE*QX7*E1": "Operative"}


@pytest.mark.spec("OCHP-REL-08")
async def test_places_of_an_operator_of_another_protocol_close_as_well(net: Net) -> None:
    cpo = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(net.hub)
    await cpo.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    net.hub.clock.advance(DAY)
    (partner,) = [one for one in net.hub.storage.partners.held.values() if one.protocol == "ocpi"]
    await net.hub.hub.partners.suspend(partner.id)
    assert await points(net.emp, 21) == {"NL*CPA*EE1": "Closed"}


@pytest.mark.spec("OCHP-REL-11", "OCHP-REL-08")
async def test_who_was_never_in_sight_is_not_told_of_when_it_goes(net: Net) -> None:
    stranger = await join(net.hub, "EMSP", "DKQE5")
    partners = net.hub.storage.partners.held
    partners[stranger.partner.id] = replace(partners[stranger.partner.id], open_to=())
    await stranger.ask("SetRoamingAuthorisationList", token("EE09", "DK-QE5-C00000001"))
    net.hub.clock.advance(DAY)
    await net.hub.hub.partners.suspend(stranger.partner.id)
    assert await tokens(net.cpo, 19) == {}


async def test_a_partner_that_is_away_for_a_while_is_in_sight_all_the_same(net: Net) -> None:
    await net.hub.hub.partners.not_reached(net.emp.partner.id)
    await net.hub.hub.partners.reached(net.emp.partner.id)
    assert await tokens(net.cpo, 19) == {}
