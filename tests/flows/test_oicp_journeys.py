"""What the hub keeps of a charging process, and that it keeps it before it says so. OICP checklist, 7 and 18."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from pymongo import IndexModel

from core.errors import StoreUnavailable
from core.model.authorisation import Answered, JourneyState
from core.model.ids import EvseId
from gateway.admin.journeys import chain
from gateway.metrics import Metrics
from gateway.middleware.observe import Observer
from gateway.storage.indexes import INDEXES
from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.oicp.plugin import PLUGIN as OICP
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, envelope, evse, location
from tests.flows.ocpi_partner import cdr as ocpi_cdr
from tests.flows.oicp_partners import CARD, Emp, Reached, code, cpo, emp, join, opened, pnc, record, rfid
from tests.flows.test_oicp_authorisation import OTHER
from tests.flows.test_oicp_cdrs import sent, trio
from tests.flows.test_oicp_remote import EVCO, REMOTE_START, REMOTE_STOP, Cpo, start

spec = pytest.mark.spec
DAY_S = 86400


# --- kept


@spec("OICP-SES-03")
async def test_a_session_is_kept_with_all_that_is_known_of_it() -> None:
    async with opened() as hub:
        abc, _, _ = await trio(hub, EMPPartnerSessionID="emp-1", AuthorizationStopIdentifications=[rfid(OTHER)])
        started = await abc.start(rfid(), EvseID="DE*ABC*E1", CPOPartnerSessionID="cpo-1")
        session_id = started.json()["SessionID"]
        kept = hub.storage.journeys.held[session_id]
        assert (kept.operator.key, kept.operator_partner) == ("DEABC", abc.partner.id)
        assert (kept.evse_id, kept.issuer.key) == (EvseId.parse("DE*ABC*E1"), "DEDCB")
        assert (kept.kind, kept.uid.text, kept.answered_by) == ("RFID", CARD, Answered.BROADCAST)
        assert (kept.operator_session_id, kept.issuer_session_id) == ("cpo-1", "emp-1")
        assert [uid.text for uid in kept.stop_uids] == [OTHER]
        assert (kept.created_at, kept.state) == (hub.clock.now(), JourneyState.AUTHORISED)
        async with opened(storage=hub.storage) as restarted:
            again = Reached(restarted, abc.partner, abc.key, abc.own_id)
            assert code(await again.stop(session_id, rfid(OTHER))) == (200, "000")
            assert code(await again.cdr(session_id)) == (200, "000")


async def _begun(abc: Reached) -> str:
    session_id: str = (await abc.start(rfid())).json()["SessionID"]
    return session_id


@spec("OICP-SES-14")
async def test_a_session_is_kept_for_its_late_record_and_a_closed_one_for_good() -> None:
    assert not [index for kept in ("journeys", "cdrs") for index in INDEXES[kept] if expires(index)]
    async with opened() as hub:
        abc, _, _ = await trio(hub)
        session_id = (await abc.start(rfid())).json()["SessionID"]
        hub.clock.advance(200 * DAY_S)
        assert code(await abc.cdr(session_id)) == (200, "000")
        hub.clock.advance(3650 * DAY_S)
        assert code(await abc.cdr(session_id)) == (404, "400")
        assert len(hub.storage.cdrs.held) == 1


def expires(index: IndexModel) -> bool:
    return "expireAfterSeconds" in index.document


@spec("OICP-SES-16")
@pytest.mark.parametrize("kind", ["stop", "notification", "record"])
@pytest.mark.parametrize("at_start", [None, "DE*ABC*E2"])
async def test_the_evse_of_a_session_is_told_later_and_never_changed(
    kind: str, at_start: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened() as hub:
        abc, _, _ = await trio(hub)
        started = await abc.start(rfid(), **({"EvseID": at_start} if at_start else {}))
        session_id = started.json()["SessionID"]
        match kind:
            case "stop":
                later = await abc.stop(session_id, rfid(), EvseID="DE*ABC*E1")
            case "notification":
                later = await abc.notify("Start", session_id)
            case _:
                later = await abc.cdr(session_id)
        assert code(later) == (200, "000")
        kept = hub.storage.journeys.held[session_id].evse_id
        assert kept == EvseId.parse(at_start or "DE*ABC*E1")
        said = f"session {session_id} is at DE*ABC*E2, not at DE*ABC*E1"
        assert (said in caplog.text) is (at_start is not None)


Act = Callable[[Reached, Reached, str], Awaitable[Any]]
KEPT: dict[str, tuple[str, str, Act]] = {
    "EVSE data": ("locations", "save_all", lambda abc, _, __: abc.push_data("fullLoad", record())),
    "a card": ("tokens", "save_all", lambda _, off, __: off.push_cards("fullLoad", rfid("11111111"))),
    "a session": ("journeys", "create", lambda abc, _, __: abc.start(rfid())),
    "a record": ("cdrs", "accept", lambda abc, _, session_id: abc.cdr(session_id)),
}


@spec("OICP-OPS-07", "OICP-NET-04")
@pytest.mark.parametrize("kind", KEPT)
async def test_nothing_is_acknowledged_that_could_not_be_kept(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, writing, act = KEPT[kind]

    async def fails(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("the database is away")

    async with opened() as hub:
        abc = await join(hub, cpo())
        off = await join(hub, emp("DE-OFF"))
        await off.push_cards("fullLoad", rfid())
        session_id = await _begun(abc)
        store = getattr(hub.storage, where)
        before = dict(store.held)
        with monkeypatch.context() as broken:
            broken.setattr(store, writing, fails)
            assert code(await act(abc, off, session_id)) != (200, "000")
        assert store.held == before
        assert code(await act(abc, off, session_id)) == (200, "000")
        assert store.held != before


# --- logged


def slowly(answering: Emp) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        time.sleep(0.03)
        return answering(request)

    return answer


@asynccontextmanager
async def observed(hub: TestHub) -> AsyncIterator[None]:
    """What partners call is journaled, as in the whole gateway."""
    observer, unobserved = Observer(Mock(spec=Metrics), hub.storage.journal, hub.clock, hub.ids), hub.client
    async with httpx.AsyncClient(transport=httpx.ASGITransport(observer(hub.app)), base_url="http://hub") as client:
        hub.client = client
        try:
            yield
        finally:
            hub.client = unobserved


@spec("OICP-OPS-01")
@pytest.mark.parametrize(
    ("trouble", "outcome"),
    [(None, (200, None)), (httpx.ConnectError("down"), (None, "down")), (httpx.Response(503), (503, None))],
)
async def test_the_log_names_every_operation_and_what_was_forwarded(
    trouble: Any, outcome: tuple[int | None, str | None]
) -> None:
    async with opened() as hub:
        abc, dcb, back = await trio(hub)
        back.broken = trouble
        hub.network.answer("de-dcb.test", slowly(back))
        async with observed(hub):
            answer = await abc.start(rfid())
        forwarded, called = hub.storage.journal.exchanges
        assert (called.at, called.partner, called.inbound) == (hub.clock.now(), abc.partner.id, True)
        assert called.operation.endswith("/{id}/authorize/start")
        assert (called.status, called.code) == code(answer)
        for one in (called, forwarded):
            assert one.correlation_id == one.request_id == answer.headers["process-id"]
        assert (forwarded.partner, forwarded.operation) == (dcb.partner.id, "AuthorizeStart")
        assert (forwarded.status, (forwarded.error or "").rpartition(": ")[2] or None) == outcome
        assert called.duration_ms >= forwarded.duration_ms >= 20


@spec("OICP-OPS-02")
async def test_a_session_shows_all_its_messages() -> None:
    async with opened() as hub:
        back, home = Cpo(), Emp(CARD, OTHER)
        abc, dcb = await join(hub, cpo(), back), await join(hub, emp(), home)
        async with observed(hub):
            session_id = await _begun(abc)
            await _begun(abc)  # another one, of which nothing is shown
            for kind in ("Start", "Progress"):
                assert code(await abc.notify(kind, session_id.upper())) == (200, "000")
            assert code(await abc.notify("Progress", session_id)) == (200, "022")
            assert code(await abc.stop(session_id, rfid(OTHER))) == (200, "000")
            stop = {"SessionID": session_id, "ProviderID": "DE-DCB", "EvseID": "DE*ABC*E1"}
            assert code(await dcb.post(REMOTE_STOP, stop)) == (200, "000")
            assert code(await abc.cdr(session_id)) == (200, "000")
            await hub.settle()
        found = (await chain(hub.hub, hub.storage, session_id)).messages  # type: ignore[arg-type]
        assert sorted(one.operation.rpartition("{id}/")[2] for one in found if one.inbound) == [
            "POST /api/oicp/notificationmgmt/v11/charging-notifications",
            "POST /api/oicp/notificationmgmt/v11/charging-notifications",
            "POST /api/oicp/notificationmgmt/v11/charging-notifications",
            "authorize-remote/stop",
            "authorize/start",
            "authorize/stop",
            "charge-detail-record",
        ]
        assert sorted(one.operation for one in found if not one.inbound) == [
            "AuthorizeRemoteStop",
            "AuthorizeStart",
            "AuthorizeStop",
            "ChargeDetailRecord",
            "ChargingNotification",
            "ChargingNotification",
        ]


# --- whose it is


@spec("OICP-PRT-08")
@pytest.mark.parametrize("uploaded", [True, False])
async def test_an_evse_of_a_bundled_operator_is_its_hub_operators(uploaded: bool) -> None:
    async with opened() as hub:
        back, home = Cpo(), Emp()
        abc = await join(hub, cpo(sub_ids=["DE*XYZ"]), back)
        dcb = await join(hub, emp(), home)
        if uploaded:
            await abc.push_data("fullLoad", record("DE*XYZ*E1"))
        begun = await dcb.post(REMOTE_START, start("DE*XYZ*E1"))
        assert code(begun) == (200, "000")
        ((path, body, _),) = back.asked
        assert (path.rpartition("authorize-remote/")[2], body["EvseID"]) == ("start", "DE*XYZ*E1")
        session_id = begun.json()["SessionID"]
        assert hub.storage.journeys.held[session_id].operator.key == "DEABC"
        stop = {"SessionID": session_id, "ProviderID": "DE-DCB", "EvseID": "DE*XYZ*E1"}
        assert code(await dcb.post(REMOTE_STOP, stop)) == (200, "000")
        assert code(await abc.cdr(session_id, EvseID="DE*XYZ*E1")) == (200, "000")


@spec("OICP-AUTH-48")
async def test_a_card_at_a_session_that_was_begun_remotely_is_its_emps_to_judge() -> None:
    async with opened() as hub:
        abc, home, other = await join(hub, cpo(), Cpo()), Emp(OTHER), Emp(OTHER)
        dcb = await join(hub, emp(), home)
        await join(hub, emp("DE-8EO"), other)
        session_id = (await dcb.post(REMOTE_START, start())).json()["SessionID"]
        assert code(await abc.stop(session_id, rfid(OTHER))) == (200, "000")
        ((path, body, _),) = home.asked
        assert path == "/api/oicp/charging/v21/operators/DE%2AABC/authorize/stop"
        assert (body["SessionID"], body["Identification"]) == (session_id, rfid(OTHER))
        assert code(await abc.stop(session_id, rfid("22222222"))) == (200, "102")
        assert not other.asked


@spec("OICP-REM-06")
@pytest.mark.parametrize(
    ("evco_id", "strictly"), [(EVCO, "000"), ("DE-456-C12345678-X", "000"), ("DE-8EO-C12345678-X", "019")]
)
async def test_a_remote_start_for_a_contract_of_another_emp(evco_id: str, strictly: str) -> None:
    identification = {"RemoteIdentification": {"EvcoID": evco_id}}
    for only, expected in ((False, "000"), (True, strictly)):
        async with opened() as hub:
            back = Cpo()
            await join(hub, cpo(), back)
            dcb = await join(hub, emp(sub_ids=["DE-456"], own_contracts_only=only))
            assert code(await dcb.post(REMOTE_START, start(Identification=identification))) == (200, expected)
            assert bool(back.asked) is (expected == "000")


# --- across protocols


@spec("OICP-OPS-10")
@pytest.mark.parametrize(
    ("identification", "uid", "kind"),
    [(rfid(), CARD, "RFID"), (pnc(EVCO), EVCO, "EMAID"), ({"RemoteIdentification": {"EvcoID": EVCO}}, EVCO, None)],
)
@pytest.mark.parametrize("evse_id", ["NL*CPA*E1", "NLCPAE1"])
async def test_the_record_of_an_ocpi_operator_names_evse_and_medium_as_the_start(
    identification: dict[str, Any], uid: str, kind: str | None, evse_id: str
) -> None:
    """`kind`: the card that the operator asks about by OCPI; None: the EMP starts."""
    async with TestHub.open([OCPI, OICP]) as hub:
        p1 = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        back = Emp(CARD, EVCO)
        dcb = await join(hub, emp(), back)
        await p1.call(hub, "PUT", "locations/receiver/NL/CPA/LOC1", location(evses=[evse(evse_id=evse_id)]))
        if kind is None:
            reference = await _started_remotely(hub, p1, dcb, evse_id)
        else:
            path = f"tokens/sender/{uid}/authorize?type={kind}"
            asked = await p1.call(hub, "POST", path, {"location_id": "LOC1", "evse_uids": ["E1"]})
            reference = asked.json()["data"]["authorization_reference"]
            assert back.asked[-1][1]["EvseID"] == evse_id
        said = ocpi_cdr(authorization_reference=reference, cdr_token=_token(uid, kind or "APP_USER"))
        said["cdr_location"]["evse_id"] = evse_id
        posted = await p1.call(hub, "POST", "cdrs/receiver", said, to="DEDCB")
        assert posted.json()["status_code"] == 1000, posted.text
        await hub.settle()
        [received] = sent(back)
        assert (received["EvseID"], received["Identification"]) == (evse_id, identification)
        assert received["ConsumedEnergy"] == Decimal("12.345")


async def _started_remotely(hub: TestHub, p1: OcpiPartner, dcb: Reached, evse_id: str) -> str:
    """The reference by which the operator knows the start."""
    p1.answers["POST", "commands"] = (200, envelope({"result": "ACCEPTED", "timeout": 30}), {})

    async def post(_: Any) -> None:
        url = p1.seen("POST", "commands")[-1].json["response_url"].removeprefix("https://hub.test")
        await p1.call(hub, "POST", url, {"result": "ACCEPTED"}, to=None)

    hub.processes.meanwhile = post
    assert code(await dcb.post(REMOTE_START, start(evse_id))) == (200, "000")
    reference: str = p1.seen("POST", "commands")[-1].json["authorization_reference"]
    return reference


def _token(uid: str, kind: str) -> dict[str, Any]:
    contract = uid if kind != "RFID" else "#NA"
    return {"country_code": "DE", "party_id": "DCB", "uid": uid, "type": kind, "contract_id": contract}
