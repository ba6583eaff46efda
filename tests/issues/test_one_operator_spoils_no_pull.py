"""What one operator pushes is refused at once or can be shown to all: no record makes the pulls of others fail."""

from typing import Any

import pytest

from tests.flows.oicp_partners import CARD, CDR, DATA, Emp, cdr, cpo, emp, encode, join, opened, record, rfid

OLDER_DATA = "evsepush/v22/operators/{id}/data-records"
OLDER_CDR = "cdrmgmt/v21/operators/{id}/charge-detail-record"


def deep(body: dict[str, Any], levels: int) -> bytes:
    return encode(body).replace(b'"@"', b"[" * levels + b"]" * levels)


@pytest.mark.parametrize(("levels", "expected"), [(25, 200), (40, 400), (600, 400), (900, 400), (100_000, 400)])
@pytest.mark.parametrize("path", [DATA, OLDER_DATA])
async def test_an_unknown_member_is_not_endlessly_deep(path: str, levels: int, expected: int) -> None:
    async with opened() as hub:
        abc, dcb = await join(hub, cpo()), await join(hub, emp())
        data = {"OperatorID": "DE*ABC", "OperatorName": "ABC", "EvseDataRecord": [record(Unknown="@")]}
        answer = await abc.post(path, deep({"ActionType": "fullLoad", "OperatorEvseData": data}, levels))
        assert answer.status_code == expected, answer.text
        assert len(await dcb.pulled()) == (1 if expected == 200 else 0)


@pytest.mark.parametrize("path", [CDR, OLDER_CDR])
async def test_nor_in_a_record_of_charging(path: str) -> None:
    async with opened() as hub:
        abc, dcb = await join(hub, cpo()), await join(hub, emp(), Emp(CARD))
        session_id = (await abc.start(rfid())).json()["SessionID"]
        assert (await abc.post(path, deep(cdr(session_id, Unknown="@"), 600))).status_code == 400
        assert (await abc.post(path, deep(cdr(session_id, Unknown="@"), 25))).status_code == 200
        assert len((await dcb.fetch()).json()["content"]) == 1


async def test_a_place_beyond_the_pole_fails_no_search() -> None:
    async with opened() as hub:
        abc, dcb = await join(hub, cpo()), await join(hub, emp())
        await abc.push_data("fullLoad", record(GeoCoordinates={"Google": {"Coordinates": "140.03 174.07"}}))
        center = {"GeoCoordinates": {"Google": {"Coordinates": "39.97 -5.93"}}, "Radius": 1}
        assert len(await dcb.pulled(SearchCenter=center)) == 1
