"""JSON by POST, and nothing else. OICP 2.3, Communication Paradigms; checklist, 1.3 and 2."""

import gzip

import pytest

from tests.flows.oicp_partners import (
    CPO_PATHS,
    DATA,
    EMP_PATHS,
    NOTIFY,
    PULL,
    STATUS,
    Reached,
    code,
    cpo,
    emp,
    encode,
    errors,
    join,
    opened,
    record,
)
from tests.flows.test_oicp_identity import PULL_BODY, STATUS_BODY

spec = pytest.mark.spec
SOAP = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>'


@spec("OICP-NET-01")
@pytest.mark.parametrize("path", [*CPO_PATHS, *EMP_PATHS, NOTIFY])
async def test_soap_is_a_wrong_body(path: str) -> None:
    async with opened() as hub:
        caller = await join(hub, emp() if path in EMP_PATHS else cpo())
        answer = await caller.post(path, SOAP, headers={"content-type": "text/xml", "soapaction": '""'})
        assert errors(answer) == [""]
        assert answer.headers["content-type"] == "application/json;charset=UTF-8"


@spec("OICP-NET-01", "OICP-URL-34")
@pytest.mark.parametrize(
    "path",
    [
        "/api/oicp/evsepush/v23",
        "/api/oicp/authdata/v21?wsdl",
        "/ibis/ws/eRoamingEvseData_V2.1",
        "/ibis/ws/eRoamingAuthorization_V2.0?wsdl",
        "/api/evsenetwork/v1/operators/DE*ABC/evse-assignments",
    ],
)
async def test_what_is_not_of_oicp_2_3_is_not_there(path: str) -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        headers = {"authorization": f"Bearer {abc.key}", "content-type": "text/xml"}
        for method in ("GET", "POST"):
            answer = await hub.client.request(method, path, content=SOAP, headers=headers)
            assert answer.status_code == 404
            assert b"<" not in answer.content


@spec("OICP-NET-06")
@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/*;q=0.5", "text/html"])
async def test_any_accept_header_will_do(accept: str | None) -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        headers = {"authorization": f"Bearer {abc.key}", "content-type": "application/json"}
        path = "/api/oicp/" + STATUS.format(id=abc.own_id)
        request = hub.client.build_request("POST", path, content=encode(STATUS_BODY), headers=headers)
        del request.headers["accept"]
        if accept is not None:
            request.headers["accept"] = accept
        answer = await hub.client.send(request)
        assert code(answer) == (200, "000")


@spec("OICP-NET-22")
async def test_bodies_in_gzip() -> None:
    async with opened(max_body_bytes=200_000) as hub:
        abc, provider = await join(hub, cpo()), await join(hub, emp())
        records = [record(f"DE*ABC*E{number}") for number in range(100)]
        data = {"OperatorID": "DE*ABC", "OperatorName": "ABC", "EvseDataRecord": records}
        push = gzip.compress(encode({"ActionType": "fullLoad", "OperatorEvseData": data}))
        packed = {"content-encoding": "GZIP"}
        assert code(await abc.post(DATA, push, headers=packed)) == (200, "000")
        for accepted, encoding in (("gzip, br", "gzip"), ("gzip;q=0", None), ("identity", None), ("br", None)):
            query = PULL + "?size=100"
            answer = await provider.post(query, PULL_BODY, headers={"accept-encoding": accepted})
            assert answer.headers.get("content-encoding") == encoding
            assert len(answer.json()["content"]) == 100
        assert "content-encoding" not in (await abc.push_data("delete")).headers

        assert (await abc.post(DATA, gzip.compress(b" " * 200_001), headers=packed)).status_code == 413
        for wrong in (push[:-20], b"{}", push + b"x"):
            assert errors(await abc.post(DATA, wrong, headers=packed)) == [""]
        assert errors(await abc.post(DATA, b"{}", headers={"content-encoding": "br"})) == [""]
        assert len(await provider.pulled("?size=100")) == 100


@spec("OICP-NET-21")
async def test_ten_thousand_records_in_one_push() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        answer = await abc.push_data("fullLoad", *(record(f"DE*ABC*E{number}") for number in range(10_000)))
        assert code(answer) == (200, "000")
        assert sum(len(place.evses) for place in hub.storage.locations.held.values()) == 10_000


@spec("OICP-OPS-05")
async def test_two_instances_differ_in_their_base_url_and_share_nothing() -> None:
    async with opened() as testing, opened() as production:
        here, there = await join(testing, cpo()), await join(production, cpo())
        provider = await join(production, emp())
        assert code(await here.push_data("fullLoad", record())) == (200, "000")
        assert await provider.pulled() == []
        astray = Reached(production, here.partner, here.key, here.own_id)
        assert code(await astray.push_data("insert", record())) == (401, "017")
        assert code(await there.push_data("fullLoad", record())) == (200, "000")
        assert len(await provider.pulled()) == 1
