"""A card of an eMIP eMSP at an OCHP operator: OCHP's question names no EVSE, and eMIP's demands one. Crosswalk, a9."""

import pytest

from protocols.emip.plugin import PLUGIN as EMIP
from protocols.emip.wire import from_iop
from tests.flows import emip_partners as emip
from tests.flows.hub import TestHub
from tests.flows.ochp_partners import emt_id, join, opened

SINGLE = "GetSingleRoamingAuthorisation"
ASK = from_iop.GetServiceAuthorisationRequest
ALIAS = "FR-ZM1-C00000417-U"
SURROGATE = "DE*QX7*E1"


async def emsp(hub: TestHub) -> emip.Emsp:
    back = emip.Emsp(emip.BADGE, user_contract_id_alias=ALIAS)
    await emip.join(hub, emip.emsp(), back)
    return back


async def test_without_an_evse_nobody_is_asked() -> None:
    async with opened(EMIP) as hub:
        cpo, back = await join(hub, "CPO", "DEQX7"), await emsp(hub)
        assert (await cpo.ask(SINGLE, emt_id(emip.BADGE))).result != "ok"
        assert not back.got(ASK)


async def test_an_agreed_evse_stands_for_all_and_is_reported() -> None:
    async with opened(EMIP) as hub:
        cpo, back = await join(hub, "CPO", "DEQX7", surrogate_evse_id=SURROGATE), await emsp(hub)
        answer = await cpo.ask(SINGLE, emt_id(emip.BADGE))
        assert answer.result == "ok", answer.text
        assert answer.texts("roamingAuthorisationInfo/contractId") == [ALIAS]
        [question] = back.got(ASK)
        assert (question.operator_id, question.evse_id) == ("DE*QX7", SURROGATE)
        [journey] = hub.storage.journeys.held.values()
        assert journey.evse_id is None, "nobody said where the driver is"
        assert [(loss.path, loss.kind, loss.value) for loss in journey.losses if loss.path == "EVSEId"] == [
            ("EVSEId", "ASSUMED", SURROGATE)
        ]


@pytest.mark.parametrize("wrong", ["E1", "", 7])
async def test_a_surrogate_that_is_no_evse_is_refused(wrong: object) -> None:
    async with opened(EMIP) as hub:
        with pytest.raises(Exception, match="surrogate_evse_id"):
            await join(hub, "CPO", "DEQX7", surrogate_evse_id=wrong)
