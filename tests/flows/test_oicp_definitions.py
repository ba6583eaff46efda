"""What the hub answers is what both official API definitions say, where they are at hand; and whatever they allow to be
asked gets an answer.

Members that are null are left out before: the definitions know no null, clients made from observed traffic want it.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings

from tests.flows.oicp_partners import CPO_PATHS, Emp, Reached, cpo, emp, join, opened, qr, rfid
from tests.flows.test_oicp_fuzz import BODIES, CARD, FILTERS, SESSION, sent, takes_all

yaml = pytest.importorskip("yaml")
jsonschema_rs = pytest.importorskip("jsonschema_rs")
schemathesis = pytest.importorskip("schemathesis")
DEFINITIONS = Path(__file__).parents[2].parent / "shared" / "specs" / "data" / "oicp-2.3" / "openapi"

pytestmark = pytest.mark.skipif(
    not DEFINITIONS.is_dir(), reason="the official API definitions of OICP 2.3 are not here"
)


class Defined(NamedTuple):
    """An operation, and the schema of its answer with HTTP status 200."""

    side: str
    path: str
    name: str
    answer: Any
    operation: Any


def whole(value: Any, file: Path) -> Any:
    """With what it refers to in its place. YAML 1.1 has read the member `on` as true when the files were written."""
    if isinstance(value, dict) and "$ref" in value:
        return schema_in((file.parent / value["$ref"]).resolve())
    if isinstance(value, dict):
        return {"on" if key is True else key: whole(inner, file) for key, inner in value.items()}
    if isinstance(value, list):
        return ["on" if one is True else whole(one, file) for one in value]
    return value


def schema_in(file: Path) -> Any:
    return whole(yaml.safe_load(file.read_text()), file)


def defined() -> Iterator[Defined]:
    for side in ("cpo", "emp"):
        file = DEFINITIONS / side / "openapi.yaml"
        if not file.exists():
            return
        definition = schema_in(file)
        for found in schemathesis.openapi.from_dict(definition).get_all_operations():
            operation = found.ok()
            resource = definition["paths"][operation.path]["post"]
            answer = resource["responses"]["200"]["content"]["application/json"]["schema"]
            yield Defined(side, operation.path, resource["operationId"].partition("_V")[0], answer, operation)


ALL = list(defined())
"""Both sides define what they have in common: the hub answers both."""
RESERVE = "reservation/v11/providers/{id}/reservation-start-request"
OWN = {"OperatorID": "DE*ABC", "ProviderID": "DE-DCB"}


def told(answer: Any) -> Any:
    """Without members that are null."""
    if isinstance(answer, dict):
        return {name: told(value) for name, value in answer.items() if value is not None}
    return [told(one) for one in answer] if isinstance(answer, list) else answer


def as_sent(body: Any) -> Any:
    """In the caller's own name, so that more than its identity is looked at."""
    if isinstance(body, dict):
        return {name: OWN.get(name, as_sent(value)) for name, value in body.items()}
    return [as_sent(one) for one in body] if isinstance(body, list) else body


class Town(NamedTuple):
    """An operator and an EMP between which there is something of everything."""

    abc: Reached
    dcb: Reached
    session: str

    async def ask(self, one: Defined, body: Any) -> tuple[int, Any]:
        path = one.path.removeprefix("/")
        for name in ("{operatorID}", "{providerID}", "{externalID}"):
            path = path.replace(name, "{id}")
        caller = self.dcb if "/providers/" in one.path else self.abc
        answer = await caller.post(path, sent(body).replace(SESSION.encode(), self.session.encode()))
        return answer.status_code, answer.json()


async def town(hub: Any) -> Town:
    abc = await join(hub, cpo(), takes_all)
    dcb = await join(hub, emp(), Emp("044A2DAA856280"))
    for name, path in (("PushEvseData", CPO_PATHS[0]), ("PushEvseStatus", CPO_PATHS[1])):
        body = BODIES[name]
        if name == "PushEvseData":
            body = {**body, "OperatorEvseData": {**body["OperatorEvseData"], "EvseDataRecord": [FULL]}}
        assert (await abc.post(path, body)).status_code == 200
    assert (await dcb.push_cards("fullLoad", rfid("11111111"), qr("1234", "DE-DCB-C12345678-X"))).status_code == 200
    session: str = (await abc.start(CARD)).json()["SessionID"]
    return Town(abc, dcb, session)


FULL = BODIES["PushEvseData"]["OperatorEvseData"]["EvseDataRecord"][0]


def valid(one: Defined) -> Any:
    name = one.name.removeprefix("eRoaming").partition("_")[0].replace("Notifications", "Notification")
    body = {key: value for key, value in BODIES[name].items() if key not in FILTERS or key == "SessionID"}
    if name == "GetChargeDetailRecords":
        body.pop("SessionID")
    if name == "PushEvseData":
        body = body | {"OperatorEvseData": body["OperatorEvseData"] | {"EvseDataRecord": [FULL]}}
    return body


@pytest.mark.spec("OICP-ERR-01", "OICP-ERR-05", "OICP-NET-32")
@pytest.mark.parametrize("one", ALL, ids=lambda one: f"{one.side}-{one.name}")
async def test_answers_are_as_the_definition_says(one: Defined) -> None:
    async with opened() as hub:
        there = await town(hub)
        if one.name == "eRoamingGetChargeDetailRecords":
            assert (await there.abc.cdr(there.session)).status_code == 200
        if one.name == "eRoamingAuthorizeRemoteReservationStop":
            made = await there.dcb.post(RESERVE, BODIES["AuthorizeRemoteReservationStart"])
            there = there._replace(session=made.json()["SessionID"])
        status, answer = await there.ask(one, valid(one))
        assert (status, answer["StatusCode"]["Code"]) == (200, "000"), answer
        jsonschema_rs.validator_for(one.answer).validate(told(answer))


@pytest.mark.parametrize("one", ALL, ids=lambda one: f"{one.side}-{one.name}")
def test_whatever_may_be_asked_gets_an_answer(one: Defined) -> None:
    validator = jsonschema_rs.validator_for(one.answer)

    @settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(one.operation.as_strategy())
    def ask(case: Any) -> None:
        asyncio.run(asked(case.body))

    async def asked(body: Any) -> None:
        async with opened() as hub:
            status, answer = await (await town(hub)).ask(one, as_sent(body))
            assert status in (200, 400, 401, 403, 404), (body, answer)
            if status == 200:
                validator.validate(told(answer))

    ask()
