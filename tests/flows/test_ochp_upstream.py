"""The hub as a partner of another clearing house: our client against our own server, in two hubs."""

from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

import httpx
import pytest

from core.errors import Invalid, Refused, Rejected, RoamingError, Unavailable, Uncertain, Unsupported
from core.model.partner import CredentialKind, Partner
from protocols.ochp import codec
from protocols.ochp.adapter import OchpAdapter
from protocols.ochp.client import OchpClient
from protocols.ochp.wire import cdrs, charge_points, live, tokens
from protocols.ochp.wire.words import ResultCode
from protocols.transport.soap.envelope import SOAP_11, Fault, FaultKind, fault_envelope, seal
from protocols.transport.soap.xml import parse
from tests.flows import ochp_partners as ochp
from tests.flows.hub import TestHub
from tests.flows.ochp_partners import NS, document, join, opened


class Net(NamedTuple):
    hub: TestHub
    house: TestHub
    cpo: Partner
    emp: Partner
    client: OchpClient


async def account(hub: TestHub, house: TestHub, role: str, party: str, **more: object) -> Partner:
    """An account at the clearing house, and the clearing house as our partner."""
    there = await join(house, role, party)
    upstream = {
        "url": "https://house.test/ochp/1.4",
        "username": there.shown["username"],
        "password": there.shown["password"],
        **more,
    }
    partner, _ = await hub.add(document(role, party, upstream=upstream))
    return partner


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    async with opened() as hub, opened() as house:
        hub.network.serve("house.test", house.app)
        cpo = await account(hub, house, "CPO", "DEQX7", live_url="https://house.test/ochp/1.4/live", digest=True)
        emp = await account(hub, house, "EMSP", "DEQM1")
        yield Net(hub, house, cpo, emp, OchpClient(hub.outbound))


def request(kind: type, inner: str) -> object:
    element = parse(f'<{kind.__name__} xmlns="{NS}">{inner}</{kind.__name__}>'.encode())
    return codec.read(element, kind)


@pytest.mark.spec("OCHP-CLI-03")
async def test_every_operation_of_our_client_is_answered_by_our_server(net: Net) -> None:
    client, cpo, emp = net.client, net.cpo, net.emp
    upload = request(tokens.SetRoamingAuthorisationListRequest, ochp.token())
    await client.set_roaming_authorisation_list(emp, upload)  # type: ignore[arg-type]
    update = request(tokens.UpdateRoamingAuthorisationListRequest, ochp.token("BB02"))
    await client.update_roaming_authorisation_list(emp, update)  # type: ignore[arg-type]
    whole = await client.get_roaming_authorisation_list(cpo)
    assert len(whole.roaming_authorisation_info_array) == 2
    since = tokens.GetRoamingAuthorisationListUpdatesRequest(last_update="2026-01-15T11:00:00Z")
    assert len((await client.get_roaming_authorisation_list_updates(cpo, since)).roaming_authorisation_info) == 2
    single = tokens.GetSingleRoamingAuthorisationRequest(emt_id=whole.roaming_authorisation_info_array[0].emt_id)
    assert (await client.get_single_roaming_authorisation(cpo, single)).roaming_authorisation_info
    points = request(charge_points.SetChargePointListRequest, ochp.charge_point())
    await client.set_charge_point_list(cpo, points)  # type: ignore[arg-type]
    more = request(charge_points.UpdateChargePointListRequest, ochp.charge_point("DE*QX7*E2"))
    await client.update_charge_point_list(cpo, more)  # type: ignore[arg-type]
    assert len((await client.get_charge_point_list(emp)).charge_point_info_array) == 2
    later = charge_points.GetChargePointListUpdatesRequest(last_update="2026-01-15T11:00:00Z")
    assert len((await client.get_charge_point_list_updates(emp, later)).charge_point_info_array) == 2
    status = request(live.UpdateStatusRequest, ochp.live())
    await client.update_status(cpo, status)  # type: ignore[arg-type]
    assert len((await client.get_status(emp, live.GetStatusRequest())).evse) == 2
    records = request(cdrs.AddCDRsRequest, ochp.cdr())
    await client.add_cdrs(cpo, records)  # type: ignore[arg-type]
    (fetched,) = (await client.get_cdrs(emp, cdrs.GetCDRsRequest())).cdr_info_array
    reference = cdrs.CdrReference(cdr_id=fetched.cdr_id, evse_id=fetched.evse_id)
    await client.confirm_cdrs(emp, cdrs.ConfirmCDRsRequest(declined=(reference,)))
    assert len((await client.check_cdrs(cpo, cdrs.CheckCDRsRequest())).cdr_info_array) == 1
    paths = {one.url.path for one in net.hub.network.seen}
    assert paths == {"/ochp/1.4", "/ochp/1.4/live"}
    password = await net.hub.storage.credentials.outbound(emp.id)
    assert password not in str(net.hub.storage.journal.__dict__)


async def test_results_that_say_no_are_errors_of_core(net: Net) -> None:
    with pytest.raises(Rejected, match="format"):
        await net.client.get_cdrs(net.emp, request(cdrs.GetCDRsRequest, ochp.filtered("new")))  # type: ignore[arg-type]
    with pytest.raises(Refused):
        await net.client.get_cdrs(net.cpo, cdrs.GetCDRsRequest())
    unknown = request(tokens.GetSingleRoamingAuthorisationRequest, ochp.emt_id("FFFF"))
    answer = await net.client.get_single_roaming_authorisation(net.cpo, unknown)  # type: ignore[arg-type]
    assert answer.result.result_code is ResultCode.INVALID_ID
    await net.hub.storage.credentials.put(net.emp.id, CredentialKind.OUTBOUND, "wrong")
    with pytest.raises(Refused):
        await net.client.get_cdrs(net.emp, cdrs.GetCDRsRequest())
    with pytest.raises(Refused):
        await net.client.get_status(net.emp, live.GetStatusRequest())


@pytest.mark.spec("OCHP-CLI-26")
async def test_a_list_may_take_minutes_and_silence_is_an_error_that_is_not_tried_again_blindly(net: Net) -> None:
    waited: list[tuple[float, bool]] = []

    def silent(request: httpx.Request) -> httpx.Response:
        patience = request.extensions["timeout"]
        waited.append((patience["read"], patience["connect"] <= 10))
        raise httpx.ReadTimeout("")

    net.hub.network.answer("house.test", silent)
    confirm = request(cdrs.ConfirmCDRsRequest, "")
    for asking in (
        net.client.get_roaming_authorisation_list(net.cpo),
        net.client.confirm_cdrs(net.emp, confirm),  # type: ignore[arg-type]
    ):
        with pytest.raises(Uncertain):
            await asking
    assert waited == [(300, True), (20, True)]


def _answers(body: bytes, status: int = 200) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, content=body, headers={"content-type": "text/xml"})


def _sealed(text: str) -> bytes:
    return seal(SOAP_11, text.encode())


_DTD = b'<!DOCTYPE x [<!ENTITY a "b">]>'
_OK = "<result><resultCode><resultCode>ok</resultCode></resultCode></result>"


@pytest.mark.spec("OCHP-CLI-11", "OCHP-CLI-32")
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (_answers(b"<html/>", 502), Uncertain),
        (_answers(b"", 503), Unavailable),
        (_answers(b"", 401), Refused),
        (_answers(fault_envelope(SOAP_11, Fault(FaultKind.FAILED_AUTHENTICATION, "no")), 500), Refused),
        (_answers(fault_envelope(SOAP_11, Fault(FaultKind.CLIENT, "no")), 500), Rejected),
        (_answers(fault_envelope(SOAP_11, Fault(FaultKind.SERVER, "no")), 500), Uncertain),
        (_answers(_sealed(f'<GetStatusResponse xmlns="{NS}"/>')), Uncertain),
        (_answers(_sealed(f'<GetCDRsResponse xmlns="{NS}"/>')), Uncertain),
        (
            _answers(
                b'<!DOCTYPE x [<!ENTITY a "b">]>' + _sealed(f'<GetCDRsResponse xmlns="{NS}">{_OK}</GetCDRsResponse>')
            ),
            Uncertain,
        ),
    ],
)
async def test_answers_that_are_none(
    net: Net, answer: Callable[[httpx.Request], httpx.Response], error: type[RoamingError]
) -> None:
    net.hub.network.answer("house.test", answer)
    with pytest.raises(error):
        await net.client.get_cdrs(net.emp, cdrs.GetCDRsRequest())


@pytest.mark.spec("OCHP-CLI-10", "OCHP-CLI-31")
async def test_known_deviations_are_read(net: Net) -> None:
    def house(name: str, inner: str, encoding: str = "utf-8") -> None:
        sealed = _sealed(f'<{name}Response xmlns="{NS}">{inner}</{name}Response>').decode()
        body = f'<?xml version="1.0" encoding="{encoding}"?>{sealed}'
        net.hub.network.answer("house.test", _answers(body.encode(encoding)))

    house("GetRoamingAuthorisationListUpdates", _OK + ochp.token())
    since = tokens.GetRoamingAuthorisationListUpdatesRequest(last_update="2026-01-15T11:00:00Z")
    answer = await net.client.get_roaming_authorisation_list_updates(net.cpo, since)
    assert len(answer.roaming_authorisation_info) == 1
    house("GetStatus", ochp.live() + ochp.live().replace("evse ", "combined ", 1).replace("</evse>", "</combined>"))
    status = await net.client.get_status(net.emp, live.GetStatusRequest())
    assert (len(status.evse), len(status.combined)) == (1, 1)
    house("GetChargePointList", _OK + ochp.charge_point(name="Süd"), "iso-8859-1")
    assert (await net.client.get_charge_point_list(net.emp)).charge_point_info_array[0].location_name == "Süd"


async def test_who_is_no_clearing_house_is_not_called(net: Net) -> None:
    plain, _ = await net.hub.add(document("EMSP", "DKQE5"))
    with pytest.raises(Unsupported):
        await net.client.get_cdrs(plain, cdrs.GetCDRsRequest())
    await net.hub.storage.credentials.drop(net.emp.id, CredentialKind.OUTBOUND)
    with pytest.raises(Refused):
        await net.client.get_cdrs(net.emp, cdrs.GetCDRsRequest())


async def test_the_adapter_promises_nothing_that_the_protocol_does_not_have(net: Net) -> None:
    adapter = OchpAdapter(net.hub.outbound)
    assert adapter.capabilities == frozenset()
    assert not adapter.answers(net.emp)
    assert not adapter.joins_broadcasts(net.emp)
    assert not adapter.tells_sessions


async def test_what_a_partner_s_document_must_hold() -> None:
    async with opened() as hub:
        added, shown = await hub.add(document("CPO", "DEQX7", callback_url="https://cpo.test", username="legacy"))
        assert shown["username"] == "legacy"
        assert set(shown) == {"id", "username", "password", "wsdl_urls"}
        assert shown["wsdl_urls"] == {
            "main": "https://hub.test/ochp/1.4?wsdl",
            "live": "https://hub.test/ochp/1.4/live?wsdl",
        }
        assert shown["password"] not in added.settings
        wrong: list[tuple[dict[str, object], str]] = [
            ({"nonsense": 1}, "$.nonsense"),
            ({"username": "a b"}, "$.username"),
            ({"upstream": {"url": "https://x.test", "username": "u"}}, "$.upstream.password"),
            ({"upstream": {"username": "u", "password": "p"}}, "$.upstream"),
            ({"callback_url": "gopher://x"}, "$.callback_url"),
            ({"roles": [{"role": "SCSP", "country_code": "DE", "party_id": "XXX"}]}, "$.roles"),
        ]
        for more, path in wrong:
            with pytest.raises(Invalid) as refused:
                await hub.add({**document("EMSP", "DEQM1"), **more})
            assert refused.value.path == path, more
        with pytest.raises(Unsupported):
            await hub.plugins["ochp"].connect(hub.hub, added, {})
