"""Charge data records that their operator revises or takes back: every cell of the state table, and other protocols."""

from collections.abc import AsyncIterator

import pytest

from core.model.cdr import CdrState
from gateway.admin.views import cdr_view
from protocols.ocpi.plugin import PLUGIN as OCPI
from tests.flows.ochp_partners import Reached, cdr, charge_point, decision, filtered, join, opened
from tests.flows.ocpi_partner import OcpiPartner, envelope
from tests.flows.test_ochp_cdrs import KEY, Net, checked, fetched, net

__all__ = ["net"]
DEARER = {"value": "20.00", "cost": "8.00", "total": "8.00"}
STATES = ("none", "accepted", "revised", "declined", "approved", "rejected")


async def add(net: Net, status: str, **changes: str) -> str:
    answer = await net.cpo.ask("AddCDRs", cdr(status=status, **changes))
    named = answer.texts("implausibleCdrsArray")
    assert named == ([] if answer.result == "ok" else ["DEQX7A1"]), answer.text
    return answer.result


async def confirm(net: Net, kind: str) -> str:
    return (await net.emp.ask("ConfirmCDRs", decision(kind))).result


async def bring(net: Net, state: str) -> None:
    """Revised has other content than the first upload, and its provider has got it; all others have the first."""
    if state == "none":
        return
    await add(net, "new")
    await net.hub.settle()
    if state == "revised":
        assert await add(net, "revised", **DEARER) == "ok"
        assert await fetched(net.emp) == {"DEQX7A1": "revised"}
    if state in ("declined", "rejected"):
        assert await confirm(net, "declined") == "ok"
    if state == "approved":
        assert await confirm(net, "approved") == "ok"
    if state == "rejected":
        assert await add(net, "rejected") == "ok"


async def standing(net: Net) -> str:
    for status in ("accepted", "revised", "approved", "rejected"):
        if await fetched(net.emp, status) == {"DEQX7A1": status}:
            return status
    return "declined" if await checked(net.cpo) == {"DEQX7A1": "declined"} else "none"


REFUSED = "invalid-id"
TABLE = {
    # what is uploaded: by the state before, the state after, or REFUSED and the state stays
    "new": ("accepted", "accepted", REFUSED, REFUSED, "approved", REFUSED),
    "new, other content": ("accepted", REFUSED, REFUSED, REFUSED, REFUSED, REFUSED),
    "revised, other content": (REFUSED, "revised", "revised", "revised", REFUSED, REFUSED),
    "revised, a third content": (REFUSED, "revised", REFUSED, "revised", REFUSED, REFUSED),
    "rejected": (REFUSED, REFUSED, REFUSED, "rejected", REFUSED, "rejected"),
    "accepted": (REFUSED,) * 6,
    "declined": (REFUSED,) * 6,
    "approved": (REFUSED,) * 6,
    # what the provider says
    "approve": (REFUSED, "approved", "approved", REFUSED, "approved", REFUSED),
    "decline": (REFUSED, "declined", "declined", "declined", REFUSED, REFUSED),
}
CONTENTS = {"": {}, "other content": DEARER, "a third content": {"value": "5.00", "cost": "2.00", "total": "2.00"}}


@pytest.mark.spec("OCHP-CDR-05", "OCHP-CDR-06", "OCHP-CDR-21")
@pytest.mark.parametrize("action", TABLE)
@pytest.mark.parametrize("state", STATES)
async def test_each_cell_of_the_state_table(net: Net, state: str, action: str) -> None:
    await bring(net, state)
    expected = TABLE[action][STATES.index(state)]
    if action in ("approve", "decline"):
        result = await confirm(net, f"{action}d")
    else:
        status, _, content = action.partition(", ")
        result = await add(net, status, **CONTENTS[content])
    assert result == (REFUSED if expected == REFUSED else "ok")
    assert await standing(net) == (state if expected == REFUSED else expected)


@pytest.mark.spec("OCHP-CDR-07", "OCHP-CDR-10", "OCHP-CDR-17")
async def test_a_revision_replaces_the_content_and_keeps_the_versions(net: Net) -> None:
    await bring(net, "declined")
    assert await add(net, "revised", total="10.00") == "format"
    declined = await net.cpo.ask("CheckCDRs")
    assert declined.texts("cdrInfoArray/totalCost") == ["4.00"]
    net.hub.clock.advance(60)
    assert await add(net, "revised", **DEARER) == "ok"
    await net.hub.settle()
    answer = await net.emp.ask("GetCDRs")
    assert answer.texts("cdrInfoArray/totalCost") == ["8.00"]
    assert answer.texts("cdrInfoArray/status/CdrStatusType") == ["revised"]
    assert await checked(net.cpo) == {}
    held = net.hub.storage.cdrs.held[KEY]
    (version,) = held.versions
    assert (version.state, str(version.cdr.total_cost and version.cdr.total_cost.before_taxes)) == ("REFUSED", "4.00")
    assert (version.replaced_by, version.replaced_at) == (net.cpo.partner.id, net.hub.clock.now())
    assert "declined" in (version.last_error or "")
    (seen,) = cdr_view(held).versions
    assert (seen["state"], seen["replaced_by"], seen["cdr"]["id"]) == ("REFUSED", net.cpo.partner.id, "DEQX7A1")
    assert await confirm(net, "declined") == "ok"
    assert await checked(net.cpo) == {"DEQX7A1": "declined"}
    assert await add(net, "revised") == "ok"
    assert len(net.hub.storage.cdrs.held[KEY].versions) == 2


@pytest.mark.spec("OCHP-CDR-08")
@pytest.mark.parametrize("changes", [{"evse_id": "DE*QX7*E2"}, {"contract": "DK-QE5-C00000001"}])
async def test_a_revision_for_another_provider_or_evse_is_none(net: Net, changes: dict[str, str]) -> None:
    await bring(net, "declined")
    assert await add(net, "revised", **changes) == REFUSED
    assert await checked(net.cpo) == {"DEQX7A1": "declined"}
    assert await fetched(net.other) == {}


@pytest.mark.spec("OCHP-CDR-09")
async def test_a_rejection_changes_the_status_only(net: Net) -> None:
    await bring(net, "declined")
    assert await add(net, "rejected", total="99.00") == "ok"
    answer = await net.cpo.ask("CheckCDRs", filtered("rejected"))
    assert answer.texts("cdrInfoArray/totalCost") == ["4.00"]
    assert await fetched(net.emp) == await checked(net.cpo) == {}


@pytest.mark.spec("OCHP-CDR-42", "OCHP-CDR-43")
async def test_one_request_with_all_three_statuses(net: Net) -> None:
    await net.cpo.ask("AddCDRs", cdr() + cdr("DEQX7A2"))
    await net.emp.ask("ConfirmCDRs", decision("declined") + decision("declined", "DEQX7A2"))
    mixed = cdr(status="revised", **DEARER) + cdr("DEQX7A2", status="rejected") + cdr("DEQX7A3")
    assert (await net.cpo.ask("AddCDRs", mixed)).result == "ok"
    assert await fetched(net.emp) == {"DEQX7A1": "revised", "DEQX7A3": "accepted"}
    assert await fetched(net.emp, "rejected") == {"DEQX7A2": "rejected"}
    twice = await net.cpo.ask("AddCDRs", cdr("DEQX7A4") + cdr("DEQX7A4", status="revised", **DEARER))
    assert (twice.result, twice.texts("implausibleCdrsArray")) == ("partly", ["DEQX7A4"])
    assert (await fetched(net.emp))["DEQX7A4"] == "accepted"


@pytest.mark.spec("OCHP-CDR-24")
async def test_what_a_provider_has_not_seen_as_it_is_now_it_cannot_approve(net: Net) -> None:
    await bring(net, "accepted")
    assert await fetched(net.emp) == {"DEQX7A1": "accepted"}
    assert await add(net, "revised", **DEARER) == "ok"
    answer = await net.emp.ask("ConfirmCDRs", decision("approved"))
    assert (answer.result, "revised since" in answer.text) == (REFUSED, True)
    assert await fetched(net.emp) == {"DEQX7A1": "revised"}
    assert await confirm(net, "approved") == "ok"


# --- an eMSP of another protocol


class Across:
    """An OCHP operator and an OCPI eMSP that answers a CDR as the test wishes."""

    def __init__(self, cpo: Reached, emsp: OcpiPartner) -> None:
        self.hub, self.cpo, self.emsp = cpo.hub, cpo, emsp

    async def add(self, status: str = "new", **changes: str) -> str:
        answer = await self.cpo.ask("AddCDRs", cdr(status=status, contract="DE-EMB-C12345678", **changes))
        await self.hub.settle()
        return answer.result or ""

    def answering(self, *answer: object) -> None:
        self.emsp.answers["POST", "cdrs"] = answer  # type: ignore[assignment]

    def sent(self) -> list[str]:
        return [str(one.json["total_cost"]["before_taxes"]) for one in self.emsp.seen("POST", "cdrs")]

    def state(self) -> CdrState:
        return self.hub.storage.cdrs.held[KEY].state


@pytest.fixture
async def across() -> AsyncIterator[Across]:
    async with opened(OCPI) as hub:
        cpo = await join(hub, "CPO", "DEQX7")
        emsp = await OcpiPartner("p2.test", ("EMSP", "DE", "EMB")).join(hub)
        await cpo.ask("SetChargePointList", charge_point())
        await hub.relay()
        yield Across(cpo, emsp)


@pytest.mark.spec("OCHP-CDR-46")
async def test_a_record_that_an_ocpi_emsp_refused_is_sent_anew_when_it_is_revised(across: Across) -> None:
    across.answering(200, envelope(None, 2001), {})
    assert await across.add() == "ok"
    assert across.state() is CdrState.REFUSED
    across.answering(201, envelope(None), {"location": "https://p2.test/c/1"})
    assert await across.add("revised", **DEARER) == "ok"
    assert (across.state(), len(across.sent())) == (CdrState.DELIVERED, 2)
    assert [float(total) for total in across.sent()] == [4, 8]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((503, b"", {}), CdrState.WAITING),
        ((201, envelope(None), {"location": "https://p2.test/c/1"}), CdrState.DELIVERED),
    ],
)
async def test_what_an_ocpi_emsp_may_have_taken_is_not_revised(
    across: Across, answer: tuple[object, ...], state: CdrState
) -> None:
    """It would be paid twice, or changed in silence."""
    across.answering(*answer)
    await across.add()
    assert across.state() is state
    assert await across.add("revised", **DEARER) == REFUSED
    assert {float(total) for total in across.sent()} == {4}
    assert across.hub.storage.cdrs.held[KEY].versions == ()


async def test_an_ocpi_emsp_that_holds_the_id_after_all_has_not_confirmed_the_revision(across: Across) -> None:
    across.answering(200, envelope(None, 2001), {})
    await across.add()
    duplicate = envelope(None, 2001) | {"status_message": "CDR already exists"}
    across.answering(200, duplicate, {})
    assert await across.add("revised", **DEARER) == "ok"
    held = across.hub.storage.cdrs.held[KEY]
    assert (held.state, "earlier version" in (held.last_error or "")) == (CdrState.UNDELIVERABLE, True)


async def test_a_record_that_was_taken_back_is_in_no_list_of_the_ocpi_emsp(across: Across) -> None:
    across.answering(200, envelope(None, 2001), {})
    await across.add()
    assert len((await across.emsp.call(across.hub, "GET", "cdrs/sender")).json()["data"]) == 1
    assert await across.add("rejected") == "ok"
    assert (await across.emsp.call(across.hub, "GET", "cdrs/sender")).json()["data"] == []
