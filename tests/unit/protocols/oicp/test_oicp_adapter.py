"""OICP as core sees it."""

import pytest

from core.errors import Rejected, RoamingError, Unavailable, Uncertain, Unsupported
from core.model.cdr import CdrState
from core.model.ids import PartyId
from core.ports.adapter import Capability, ProtocolAdapter
from protocols.oicp.adapter import OicpAdapter
from protocols.oicp.settings import OicpSettings, settings_of
from tests.flows.oicp_partners import cpo, emp, opened


def test_capabilities_are_what_is_overridden() -> None:
    own = {c for c in Capability if getattr(OicpAdapter, c.value) is not getattr(ProtocolAdapter, c.value)}
    assert own == OicpAdapter.capabilities


@pytest.mark.spec("OICP-CDR-09")
@pytest.mark.parametrize("error", [Unavailable("down"), Uncertain("timeout"), Rejected("022", "no"), Unsupported("x")])
@pytest.mark.parametrize("again", [False, True])
async def test_a_record_is_sent_again_if_it_cannot_have_arrived_and_the_emp_wants_it(
    error: RoamingError, again: bool
) -> None:
    async with opened() as hub:
        online, _ = await hub.add(emp("DE-8EO", callback_url="http://emp.test", redeliver_cdrs=again))
        state = CdrState.WAITING if again and isinstance(error, Unavailable) else CdrState.FETCHABLE
        assert hub.adapters["oicp"].after_failed_cdr(online, error) is state


@pytest.mark.spec("OICP-AUTH-13")
async def test_who_can_be_asked() -> None:
    async with opened() as hub:
        adapter = hub.adapters["oicp"]
        offline, _ = await hub.add(emp())
        online, _ = await hub.add(emp("DE-8EO", callback_url="http://emp.test", broadcast=False))
        assert not adapter.answers(offline)
        assert adapter.answers(online)
        assert not adapter.joins_broadcasts(online)
        assert adapter.joins_broadcasts(offline)


async def test_settings_are_kept_as_text_without_what_is_usual() -> None:
    async with opened() as hub:
        partner, _ = await hub.add(cpo("+49*810", sub_ids=["DE*XYZ"]))
        assert partner.settings == '{"operator_id":"+49*810"}'
        assert settings_of(partner) == OicpSettings(operator_id="+49*810")
        assert partner.sub_ids == (PartyId("DE", "XYZ"),)
        assert partner.roles[0].spelling == "+49*810"
