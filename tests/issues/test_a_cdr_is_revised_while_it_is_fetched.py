"""A record that was revised while its provider fetched it: the approval of the old content stood for the new one."""

from collections.abc import Sequence

from core.model.cdr import CdrSettlement
from tests.flows.test_ochp_cdrs import Net, net
from tests.flows.test_ochp_revisions import DEARER, REFUSED, add, bring, confirm

__all__ = ["net"]


async def test_what_was_not_fetched_is_not_approved(net: Net) -> None:
    await bring(net, "accepted")
    cdrs = net.hub.storage.cdrs
    note = cdrs.fetched

    async def late(shown: Sequence[CdrSettlement]) -> None:
        if not shown[0].versions:
            assert await add(net, "revised", **DEARER) == "ok"
        await note(shown)

    cdrs.fetched = late  # type: ignore[assignment, method-assign]
    answer = await net.emp.ask("GetCDRs")
    assert answer.texts("cdrInfoArray/totalCost") == ["4.00"]
    assert await confirm(net, "approved") == REFUSED
    answer = await net.emp.ask("GetCDRs")
    assert answer.texts("cdrInfoArray/totalCost") == ["8.00"]
    assert await confirm(net, "approved") == "ok"
