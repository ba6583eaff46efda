"""Who may call, in whose name, and what the hub answers to what it cannot take. OICP 2.3."""

from typing import Any

import msgspec
import pytest

from core.model.partner import PartnerState
from tests.flows.oicp_partners import (
    CPO_PATHS,
    DATA,
    EMP_PATHS,
    PULL,
    STATUS,
    code,
    cpo,
    emp,
    errors,
    join,
    opened,
    record,
    rfid,
)

STATUS_BODY = {
    "ActionType": "fullLoad",
    "OperatorEvseStatus": {"OperatorID": "DE*ABC", "EvseStatusRecord": []},
}
PULL_BODY = {"ProviderID": "DE-DCB", "GeoCoordinatesResponseFormat": "Google"}


def status_body(operator: str) -> dict[str, Any]:
    return {"ActionType": "fullLoad", "OperatorEvseStatus": {"OperatorID": operator, "EvseStatusRecord": []}}


@pytest.mark.spec("OICP-SEC-02", "OICP-ERR-22", "OICP-ERR-04")
@pytest.mark.parametrize("path", [*CPO_PATHS, *EMP_PATHS])
async def test_a_foreign_id_in_the_path_is_refused_before_anything_is_read(path: str) -> None:
    async with opened() as hub:
        both = await join(hub, cpo())
        await join(hub, cpo("DE*BBB"))
        answer = await both.post(path, b"not json", as_id="DE*BBB")
        assert code(answer) == (401, "017")
        assert answer.json()["Result"] is False
        assert {"SessionID", "CPOPartnerSessionID", "EMPPartnerSessionID"} <= answer.json().keys()
        assert not hub.storage.locations.held


async def test_no_key_and_a_wrong_key_are_refused() -> None:
    async with opened() as hub:
        for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Token x"}, {"authorization": "x"}):
            answer = await hub.client.post("/api/oicp/" + STATUS.format(id="DE*ABC"), json=STATUS_BODY, headers=headers)
            assert code(answer) == (401, "017")


@pytest.mark.spec("OICP-SEC-04")
async def test_a_foreign_id_in_the_body_is_refused() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        provider = await join(hub, emp())
        assert code(await abc.push_data("fullLoad", record(), body_id="DE*BBB")) == (401, "017")
        assert code(await abc.push_status("fullLoad", {}, body_id="DE*BBB")) == (401, "017")
        assert code(await provider.push_cards("fullLoad", body_id="DE-8EO")) == (401, "017")
        assert code(await provider.pull(ProviderID="DE-8EO")) == (401, "017")
        assert code(await abc.start(rfid(), OperatorID="DE*BBB")) == (401, "017")
        assert not hub.storage.locations.held


@pytest.mark.spec("OICP-SEC-05")
async def test_two_own_ids_must_not_be_mixed() -> None:
    async with opened() as hub:
        document = cpo()
        document["roles"].append({"role": "CPO", "country_code": "NL", "party_id": "ABC"})
        abc = await join(hub, document)
        assert errors(await abc.push_status("fullLoad", {}, body_id="NL*ABC")) == ["operatorEvseStatus.operatorID"]
        assert code(await abc.push_status("fullLoad", {}, body_id="NL*ABC", as_id="NL*ABC")) == (200, "000")


@pytest.mark.spec("OICP-SEC-06")
async def test_a_sub_id_is_no_id_to_communicate_by() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo(sub_ids=["DE*XYZ"]))
        assert code(await abc.post(STATUS, status_body("DE*XYZ"), as_id="DE*XYZ")) == (401, "017")


@pytest.mark.spec("OICP-SEC-09", "OICP-NET-11")
@pytest.mark.parametrize("spelling", ["DE*DCB", "DEDCB", "de-dcb", "DE%2DDCB", "DE%2ADCB"])
async def test_ids_are_compared_without_separators_and_case(spelling: str) -> None:
    async with opened() as hub:
        provider = await join(hub, emp())
        assert code(await provider.post(PULL, PULL_BODY, as_id=spelling)) == (200, "000")


@pytest.mark.spec("OICP-NET-11", "OICP-EVSE-21", "OICP-DT-04")
@pytest.mark.parametrize("spelling", ["+49*810", "%2B49%2A810", "49*810"])
async def test_a_plus_in_the_path_is_a_plus(spelling: str) -> None:
    async with opened() as hub:
        din = await join(hub, cpo("+49*810"))
        body = {
            "ActionType": "insert",
            "OperatorEvseData": {
                "OperatorID": "+49*810",
                "OperatorName": "Din",
                "EvseDataRecord": [record("+49*810*000*438")],
            },
        }
        assert code(await din.post(DATA, body, as_id=spelling)) == (200, "000")
        provider = await join(hub, emp())
        [found] = await provider.pulled()
        assert (found["EvseID"], found["OperatorID"]) == ("+49*810*000*438", "+49*810")


@pytest.mark.spec("OICP-SEC-15")
async def test_path_id_then_body_then_body_id() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        assert code(await abc.post(DATA, b"{", as_id="DE*BBB")) == (401, "017")
        assert code(await abc.post(DATA, b"{", as_id="no-such*id!")) == (401, "017")
        assert (await abc.post(DATA, b"{")).status_code == 400
        broken = status_body("DE*BBB") | {"ActionType": "never"}
        assert (await abc.post(STATUS, broken)).status_code == 400


@pytest.mark.spec("OICP-SEC-16")
async def test_one_key_serves_both_roles() -> None:
    async with opened() as hub:
        document = cpo(provider_id="DE-ABC")
        document["roles"].append({"role": "EMSP", "country_code": "DE", "party_id": "ABC"})
        both = await join(hub, document)
        assert code(await both.push_status("fullLoad", {})) == (200, "000")
        body = {"ProviderID": "DE-ABC", "GeoCoordinatesResponseFormat": "Google"}
        assert code(await both.post(PULL, body, as_id="DE-ABC")) == (200, "000")
        only_cpo = await join(hub, cpo("DE*BBB"))
        assert code(await only_cpo.post(PULL, PULL_BODY, as_id="DE-BBB")) == (401, "017")


@pytest.mark.spec("OICP-PRT-03", "OICP-ERR-24")
async def test_an_id_that_is_not_registered_any_more_is_not_found() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        other = msgspec.structs.replace(abc.partner, roles=(await hub.add(cpo("DE*BBB")))[0].roles)
        hub.storage.partners.held[abc.partner.id] = other
        assert code(await abc.push_status("fullLoad", {})) == (404, "300")


@pytest.mark.spec("OICP-PRT-04", "OICP-ERR-23")
async def test_a_locked_partner_is_refused_everywhere() -> None:
    async with opened() as hub:
        abc, provider = await join(hub, cpo()), await join(hub, emp())
        for one in (abc, provider):
            await hub.hub.partners.suspend(one.partner.id)
        for caller, paths in ((abc, CPO_PATHS), (provider, EMP_PATHS)):
            for path in paths:
                answer = await caller.post(path, {})
                assert code(answer) == (401, "017")
                assert "locked" in answer.json()["StatusCode"]["AdditionalInfo"]


@pytest.mark.spec("OICP-PRT-05")
async def test_the_earlier_check_speaks() -> None:
    """Not registered goes before locked, locked before a missing subscription, that before the body."""
    async with opened() as hub:
        abc = await join(hub, cpo(closed_services=["eRoamingPushEvseData"]))
        held = hub.storage.partners.held
        assert code(await abc.post(DATA, b"{")) == (403, "210")
        held[abc.partner.id] = locked = msgspec.structs.replace(abc.partner, state=PartnerState.SUSPENDED)
        assert code(await abc.post(DATA, b"{")) == (401, "017")
        held[abc.partner.id] = msgspec.structs.replace(locked, roles=())
        assert code(await abc.post(DATA, b"{")) == (404, "300")


@pytest.mark.spec("OICP-ERR-25")
async def test_without_subscription_nothing_is_pushed_or_pulled() -> None:
    async with opened() as hub:
        services = ["eRoamingPullEvseData", "eRoamingPullEvseStatus", "eRoamingPushAuthenticationData"]
        services.append("eRoamingDynamicPricing")
        provider = await join(hub, emp(closed_services=services))
        abc = await join(hub, cpo(closed_services=["eRoamingPushEvseData"]))
        for path in EMP_PATHS[:-1]:
            assert code(await provider.post(path, {})) == (403, "210")
        assert code(await abc.push_data("insert", record())) == (403, "210")
        assert code(await abc.push_status("fullLoad", {})) == (403, "210")
        assert not hub.storage.locations.held


@pytest.mark.spec("OICP-URL-32", "OICP-NET-07")
async def test_unknown_paths_and_other_methods_have_a_body_of_ours() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        seen = set()
        for path in ("", "/", "/nothing", "/evsepush/v99/operators/DE*ABC/data-records", "/evsepush/v23/operators"):
            answer = await hub.client.post("/api/oicp" + path)
            assert (answer.status_code, "StatusCode" in answer.json()) == (404, False)
            seen.add(answer.headers["process-id"])
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            answer = await hub.client.request(method, "/api/oicp/" + PULL.format(id="DE-DCB"))
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
            assert answer.json()["message"]
            seen.add(answer.headers["process-id"])
        for answer in (
            await abc.push_status("fullLoad", {}),
            await abc.post(STATUS, b"{"),
            await abc.post(STATUS, {}, as_id="DE*BBB"),
        ):
            seen.add(answer.headers["process-id"])
        assert len(seen) == 12


@pytest.mark.spec("OICP-NET-23")
async def test_nothing_is_redirected() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        assert code(await abc.post(STATUS + "/", STATUS_BODY)) == (200, "000")
        for path in ("/api/oicp", "/api/oicp/", "/api/oicp//evsepush", "/api/oicp/evsepush/v21/operators/DE*ABC/"):
            assert (await hub.client.post(path)).status_code == 404


@pytest.mark.spec("OICP-NET-05", "OICP-NET-10")
@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", "text/plain"])
async def test_content_types_and_unknown_headers(content_type: str) -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        headers = {"content-type": content_type, "x-hubject-client-request-origin": "SOAP22", "x-ssl-client-dn": "CN=x"}
        answer = await abc.post(STATUS, STATUS_BODY, headers=headers)
        assert code(answer) == (200, "000")
        assert answer.headers["content-type"] == "application/json;charset=UTF-8"


async def test_a_chunked_body_is_read_whole() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        whole = msgspec.json.encode(STATUS_BODY)

        async def chunks() -> Any:
            for start in range(0, len(whole), 7):
                yield whole[start : start + 7]

        answer = await hub.client.post(
            "/api/oicp/" + STATUS.format(id="DE*ABC"),
            content=chunks(),
            headers={"authorization": f"Bearer {abc.key}"},
        )
        assert code(answer) == (200, "000")


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_the_limit_is_refused_and_nothing_stored(chunked: bool) -> None:
    async with opened(max_body_bytes=2000) as hub:
        abc = await join(hub, cpo())
        whole = msgspec.json.encode({"padding": "x" * 3000, **STATUS_BODY})

        async def chunks() -> Any:
            yield whole[:1500]
            yield whole[1500:]

        answer = await hub.client.post(
            "/api/oicp/" + STATUS.format(id="DE*ABC"),
            content=chunks() if chunked else whole,
            headers={"authorization": f"Bearer {abc.key}"},
        )
        assert answer.status_code == 413
        assert "2000" in answer.json()["message"]


@pytest.mark.spec("OICP-ERR-10", "OICP-ERR-30", "OICP-NET-04")
@pytest.mark.parametrize(("fault", "expected"), [(RuntimeError("bug"), "001"), (None, "002")])
async def test_an_accident_inside_has_the_shape_of_an_acknowledgement(
    fault: Exception | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.errors import Unavailable

    async def broken(*_: Any, **__: Any) -> None:
        raise fault or Unavailable("the database is out of reach")

    async with opened() as hub:
        abc = await join(hub, cpo())
        monkeypatch.setattr(hub.storage.locations, "save_all", broken)
        answer = await abc.push_data("insert", record())
        assert code(answer) == (500, expected)
        assert answer.json()["Result"] is False
        assert "bug" not in answer.text
        assert answer.headers["process-id"]


@pytest.mark.spec("OICP-ERR-02", "OICP-ERR-21", "OICP-ERR-01", "OICP-ERR-03")
@pytest.mark.parametrize("path", [*CPO_PATHS, *EMP_PATHS])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff\xfe", b"[" * 5000, b'{"a":1}'])
async def test_what_is_no_message_is_a_400_with_fault_body(path: str, body: bytes) -> None:
    async with opened() as hub:
        caller = await join(hub, cpo() if path in CPO_PATHS else emp())
        answer = await caller.post(path, body)
        assert answer.status_code == 400
        fault = answer.json()
        assert set(fault) == {"message", "extendedInfo", "validationErrors"}
        assert fault["message"] == "Error parsing/validating JSON."
        assert fault["validationErrors"]
        assert all(set(one) == {"fieldReference", "errorMessage"} for one in fault["validationErrors"])


@pytest.mark.spec("OICP-NET-50", "OICP-ERR-31")
async def test_calls_beyond_what_is_agreed_change_nothing() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo(calls_per_minute={"PushEvseData": 2}))
        bbb = await join(hub, cpo("DE*BBB"))
        for number in (1, 2):
            assert code(await abc.push_data("insert", record(f"DE*ABC*E{number}"))) == (200, "000")
            hub.clock.advance(10)
        refused = await abc.push_data("insert", record("DE*ABC*E3"))
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "40")
        assert refused.json()["message"]
        assert len(hub.storage.locations.held) == 2
        assert code(await abc.push_status("insert", {"DE*ABC*E1": "Available"})) == (200, "000")
        assert code(await bbb.push_data("insert", record("DE*BBB*E1"))) == (200, "000")
        hub.clock.advance(39)
        assert (await abc.push_data("insert", record("DE*ABC*E3"))).status_code == 429
        hub.clock.advance(1)
        assert code(await abc.push_data("insert", record("DE*ABC*E3"))) == (200, "000")


@pytest.mark.spec("OICP-ERR-32")
async def test_a_partner_may_have_http_200_always() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo(always_200=True))
        assert code(await abc.post(STATUS, STATUS_BODY, as_id="DE*ABC")) == (200, "000")
        assert code(await abc.push_status("fullLoad", {}, body_id="DE*BBB")) == (200, "017")
        assert (await abc.post(STATUS, b"{")).status_code == 400
