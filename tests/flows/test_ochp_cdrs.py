"""Charge data records: operators add and check them, providers fetch, approve or decline them."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from core.errors import StoreUnavailable
from core.model.cdr import CdrState
from tests.flows.hub import TestHub
from tests.flows.ochp_partners import Reached, cdr, decision, emt_id, filtered, join, opened, token

KEY = "DEQX7/DEQX7A1"


class Net(NamedTuple):
    hub: TestHub
    cpo: Reached
    emp: Reached
    other: Reached


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    async with opened() as hub:
        yield Net(
            hub, await join(hub, "CPO", "DEQX7"), await join(hub, "EMSP", "DEQM1"), await join(hub, "EMSP", "DKQE5")
        )


async def fetched(emp: Reached, status: str | None = None) -> dict[str, str]:
    answer = await emp.ask("GetCDRs", filtered(status) if status else "")
    assert answer.result == "ok", answer.text
    ids, states = answer.texts("cdrInfoArray/CdrId"), answer.texts("cdrInfoArray/status/CdrStatusType")
    return dict(zip(ids, states, strict=True))


async def checked(cpo: Reached, status: str | None = None) -> dict[str, str]:
    answer = await cpo.ask("CheckCDRs", filtered(status) if status else "")
    assert answer.result == "ok", answer.text
    ids, states = answer.texts("cdrInfoArray/CdrId"), answer.texts("cdrInfoArray/status/CdrStatusType")
    return dict(zip(ids, states, strict=True))


@pytest.mark.spec("OCHP-CDR-01", "OCHP-CDR-04", "OCHP-CDR-11", "OCHP-CDR-15", "OCHP-CDR-17", "OCHP-RES-13")
async def test_a_new_record_is_accepted_and_waits_in_its_provider_s_queue(net: Net) -> None:
    assert await fetched(net.emp) == {}
    assert (await net.cpo.ask("AddCDRs", cdr())).result == "ok"
    assert await fetched(net.emp) == await fetched(net.emp) == {"DEQX7A1": "accepted"}
    await net.hub.settle()
    assert net.hub.storage.cdrs.held[KEY].state is CdrState.FETCHABLE
    assert await fetched(net.emp) == await fetched(net.emp, "accepted") == {"DEQX7A1": "accepted"}
    assert await fetched(net.other) == {}


@pytest.mark.spec("OCHP-CDR-12", "OCHP-CDR-19", "OCHP-CDR-25", "OCHP-CDR-14")
async def test_approved_records_leave_the_queue_and_can_still_be_had(net: Net) -> None:
    await net.cpo.ask("AddCDRs", cdr(evse_id="DE*QX7*E0041*2"))
    await net.hub.settle()
    answer = await net.emp.ask("ConfirmCDRs", decision("approved", evse_id="DEQX7E0041*2"))
    assert answer.result == "ok", answer.text
    assert await fetched(net.emp) == {}
    assert await fetched(net.emp, "approved") == {"DEQX7A1": "approved"}
    assert await checked(net.cpo) == {}
    assert await checked(net.cpo, "approved") == {"DEQX7A1": "approved"}
    held = net.hub.storage.cdrs.held[KEY]
    assert (held.state, held.remote_id) == (CdrState.DELIVERED, "DEQX7A1")
    again = await net.emp.ask("ConfirmCDRs", decision("approved", evse_id="DE*QX7*E0041*2"))
    assert again.result == "ok"


@pytest.mark.spec("OCHP-CDR-16", "OCHP-CDR-21", "OCHP-CDR-51")
async def test_declined_records_go_back_to_their_operator(net: Net) -> None:
    await net.cpo.ask("AddCDRs", cdr())
    await net.hub.settle()
    assert (await net.emp.ask("ConfirmCDRs", decision("declined"))).result == "ok"
    assert await checked(net.cpo) == {"DEQX7A1": "declined"}
    assert await fetched(net.emp) == {}
    assert net.hub.storage.cdrs.held[KEY].last_error == "declined by the provider; OCHP carries no reason"
    other = await join(net.hub, "CPO", "ATQV2")
    assert await checked(other) == {}
    assert (await net.emp.ask("ConfirmCDRs", decision("declined"))).result == "ok"
    assert (await net.emp.ask("ConfirmCDRs", decision("approved"))).result == "invalid-id"
    assert await checked(net.cpo) == {"DEQX7A1": "declined"}
    assert (await net.cpo.ask("AddCDRs", cdr())).result == "invalid-id"


@pytest.mark.spec("OCHP-CDR-20", "OCHP-CDR-22", "OCHP-CDR-23", "OCHP-CDR-21")
async def test_decisions_that_cannot_be_taken(net: Net) -> None:
    await net.cpo.ask("AddCDRs", cdr() + cdr("DEQX7A2"))
    assert (await net.emp.ask("ConfirmCDRs")).result == "ok"
    for wrong in (decision("approved", "DEQX7NONE"), decision("approved", evse_id="DE*QX7*E2")):
        assert (await net.emp.ask("ConfirmCDRs", wrong)).result == "invalid-id"
    assert (await net.other.ask("ConfirmCDRs", decision("approved"))).result == "invalid-id"
    answer = await net.emp.ask("ConfirmCDRs", decision("approved") + decision("declined"))
    assert answer.result == "format"
    answer = await net.emp.ask("ConfirmCDRs", decision("approved", "DEQX7A2") + decision("approved", "DEQX7NONE"))
    assert (answer.result, "DEQX7NONE" in answer.text) == ("partly", True)
    assert await fetched(net.emp) == {"DEQX7A1": "accepted"}
    assert (await net.emp.ask("ConfirmCDRs", decision("declined", "DEQX7A2"))).result == "invalid-id"
    assert await fetched(net.emp, "approved") == {"DEQX7A2": "approved"}


@pytest.mark.spec("OCHP-CDR-13", "OCHP-CDR-14")
async def test_filters_that_are_not_offered(net: Net) -> None:
    await net.cpo.ask("AddCDRs", cdr())
    for status in ("new", "declined"):
        assert (await net.emp.ask("GetCDRs", filtered(status))).result == "format"
    for status in ("new", "accepted", "revised"):
        assert (await net.cpo.ask("CheckCDRs", filtered(status))).result == "format"
    assert (await net.emp.ask("GetCDRs", filtered("foo"))).result == "format"


@pytest.mark.spec("OCHP-TRN-26", "OCHP-CDR-28", "OCHP-CDR-43", "OCHP-ID-13")
async def test_the_same_record_twice_is_once_and_another_under_its_id_is_implausible(net: Net) -> None:
    await net.cpo.ask("AddCDRs", cdr())
    net.hub.clock.advance(60)
    assert (await net.cpo.ask("AddCDRs", cdr())).result == "ok"
    answer = await net.cpo.ask("AddCDRs", cdr(value="20.00", cost="8.00", total="8.00"))
    assert (answer.result, answer.texts("implausibleCdrsArray")) == ("invalid-id", ["DEQX7A1"])
    answer = await net.cpo.ask("AddCDRs", cdr(evse_id="DE*QX7*E2"))
    assert answer.result == "invalid-id"
    await net.hub.settle()
    assert (await net.cpo.ask("AddCDRs", cdr())).result == "ok"
    assert await fetched(net.emp) == {"DEQX7A1": "accepted"}
    answer = await net.cpo.ask("AddCDRs", cdr("DEQX7B1") + cdr("DEQX7B1", value="1.00", cost="0.40", total="0.40"))
    assert (answer.result, answer.texts("implausibleCdrsArray")) == ("partly", ["DEQX7B1"])


@pytest.mark.spec("OCHP-CDR-02", "OCHP-CDR-03", "OCHP-CDR-44", "OCHP-CDR-26")
async def test_implausible_records_are_named_and_may_come_again(net: Net) -> None:
    bad = cdr("DEQX7A2", currency="eur")
    answer = await net.cpo.ask("AddCDRs", cdr() + bad + cdr("abc"))
    assert (answer.result, answer.texts("implausibleCdrsArray")) == ("partly", ["DEQX7A2"])
    assert "record 3" in answer.text
    assert await fetched(net.emp) == {"DEQX7A1": "accepted"}
    assert (await net.cpo.ask("AddCDRs", cdr("DEQX7A2"))).result == "ok"


FORMAT = {
    "end before start": cdr(start="2026-01-15T11:00:00+01:00", end="2026-01-15T10:59:00+01:00"),
    "in the future": cdr(end="2026-01-16T10:00:00+01:00"),
    "period outside": cdr(period_end="2026-01-15T11:30:00+01:00"),
    "fee twice": cdr(item="serviceFee", value="2.0", price="2.00"),
    "cost of a period": cdr(value="18.42", price="0.39", cost="9.00", total="9.00"),
    "total": cdr(total="10"),
    "currency": cdr(currency="EURO"),
    "not a number": cdr(value="NaN", cost=None, total=None),
    "negative": cdr(value="-1", cost="-0.40", total="-0.40"),
    "duration": cdr(duration="<duration>0:28</duration>"),
    "impossible day": cdr(start="2026-02-30T10:00:00+01:00"),
    "offset": cdr(start="2026-01-15T10:00:00+25:99"),
}
INVALID_ID = {
    "foreign EVSE": cdr(evse_id="AT*QV2*E1"),
    "foreign prefix": cdr("XX123"),
    "prefix alone": cdr("DEQX7"),
    "no such provider": cdr(contract="ZZXXXC00000001"),
    "approved": cdr(status="approved"),
    "accepted": cdr(status="accepted"),
    "declined": cdr(status="declined"),
    "revised without a record": cdr(status="revised"),
    "rejected without a record": cdr(status="rejected"),
}


@pytest.mark.spec(
    "OCHP-CDR-27", "OCHP-CDR-30", "OCHP-CDR-31", "OCHP-CDR-32", "OCHP-CDR-33", "OCHP-CDR-34", "OCHP-CDR-35",
    "OCHP-CDR-36", "OCHP-CDR-37", "OCHP-CDR-49", "OCHP-CDR-53", "OCHP-CDR-06", "OCHP-ID-11", "OCHP-DT-01",
    "OCHP-DT-02", "OCHP-DT-05",
)  # fmt: skip
@pytest.mark.parametrize(
    ("code", "record"),
    [pytest.param("format", record, id=name) for name, record in FORMAT.items()]
    + [pytest.param("invalid-id", record, id=name) for name, record in INVALID_ID.items()],
)
async def test_each_implausible_record_with_its_cause(net: Net, code: str, record: str) -> None:
    answer = await net.cpo.ask("AddCDRs", record)
    assert answer.result == code, answer.text
    assert net.hub.storage.cdrs.held == {}


@pytest.mark.spec("OCHP-CDR-30", "OCHP-CDR-34", "OCHP-CDR-38", "OCHP-CDR-39", "OCHP-CDR-41", "OCHP-ID-06")
@pytest.mark.parametrize(
    "record",
    [
        cdr(start="2025-10-26T02:30:00+02:00", end="2025-10-26T02:10:00+01:00"),
        cdr(value="18.42", price="0.39", cost="7.18", total="7.18"),
        cdr(price="0", cost=None, total=None),
        cdr(contract="deqm1c00000417"),
        cdr().replace(emt_id("04C3A1B2"), emt_id("QX7-DIRECT-1", "remote")),
    ],
)
async def test_records_that_are_right(net: Net, record: str) -> None:
    answer = await net.cpo.ask("AddCDRs", record)
    assert answer.result == "ok", answer.text
    assert await fetched(net.emp) == {"DEQX7A1": "accepted"}


@pytest.mark.spec("OCHP-CDR-29", "OCHP-REL-06", "OCHP-CDR-53", "OCHP-REL-09")
async def test_without_a_connection_no_record_goes_to_the_provider(net: Net) -> None:
    await net.cpo.ask("AddCDRs", cdr("DEQX7A0"))
    partners = net.hub.storage.partners.held
    partners[net.emp.partner.id] = replace(partners[net.emp.partner.id], open_to=())
    answer = await net.cpo.ask("AddCDRs", cdr())
    assert (answer.result, answer.texts("implausibleCdrsArray")) == ("roaming", ["DEQX7A1"])
    assert await fetched(net.emp) == {"DEQX7A0": "accepted"}


@pytest.mark.spec("OCHP-CDR-18", "OCHP-CDR-47", "OCHP-DT-06", "OCHP-CDR-50", "OCHP-OPS-10")
async def test_records_come_as_they_were_sent(net: Net) -> None:
    first, second = cdr(price="0.4000", duration="<duration>001:00:00</duration>"), cdr("DEQX7A2")
    await net.cpo.ask("AddCDRs", first)
    net.hub.clock.advance(60)
    await net.cpo.ask("AddCDRs", second)
    answer = await net.emp.ask("GetCDRs")
    assert answer.texts("cdrInfoArray/CdrId") == ["DEQX7A1", "DEQX7A2"]
    assert net.hub.storage.cdrs.held[KEY].cdr.started_at.isoformat() == "2026-01-15T09:00:00+00:00"
    whole = "".join(answer.all("cdrInfoArray")[0].itertext())
    assert whole == "DEQX7A1DE*QX7*E104C3A1B2rfidDE-QM1-C00000417-Uaccepted" + (
        "2026-01-15T10:00:00+01:002026-01-15T11:00:00+01:00001:00:007KaiHafen26999DEUACIEC_62196_T2Socket"
        "2026-01-15T10:00:00+01:002026-01-15T11:00:00+01:00energy10.000.40004.004.00EUR"
    )


async def test_a_record_belongs_to_the_journey_that_the_hub_s_yes_began(net: Net) -> None:
    """The session of the card is found, since OCHP names none."""
    await net.emp.ask("SetRoamingAuthorisationList", token())
    net.hub.clock.advance(-3 * 3600)
    assert (await net.cpo.ask("GetSingleRoamingAuthorisation", emt_id())).result == "ok"
    (journey,) = net.hub.storage.journeys.held.values()
    net.hub.clock.advance(3 * 3600)
    await net.cpo.ask("AddCDRs", cdr())
    assert net.hub.storage.cdrs.held[KEY].cdr.journey_id == journey.id


async def test_a_failing_database_is_server_and_no_record_is_lost(net: Net) -> None:
    accept = net.hub.storage.cdrs.accept

    async def failing(*_: object, **__: object) -> None:
        raise StoreUnavailable("away")

    net.hub.storage.cdrs.accept = failing  # type: ignore[assignment,method-assign]
    answer = await net.cpo.ask("AddCDRs", cdr())
    assert (answer.result, "away" in answer.text) == ("server", False)
    net.hub.storage.cdrs.accept = accept  # type: ignore[method-assign]
    assert (await net.cpo.ask("AddCDRs", cdr())).result == "ok"
