"""A CDR of the year 9999 or 1: no local time can be said, and its EMP could fetch none of its records any more."""

import pytest

from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.oicp.plugin import PLUGIN as OICP
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, cdr, cdr_token, location, period, session
from tests.flows.oicp_partners import CARD, Emp, Reached, emp, join

TOKEN = cdr_token(owner="DEDCB") | {"contract_id": "DE-DCB-C12345678"}
ENDS = [("9999-12-31T23:00:00Z", "9999-12-31T23:59:59Z"), ("0001-01-01T00:00:00Z", "0001-01-01T00:30:00Z")]


async def joined(hub: TestHub, time_zone: str = "Europe/Amsterdam") -> tuple[OcpiPartner, Reached]:
    p1 = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
    dcb = await join(hub, emp(), Emp(CARD))
    await p1.call(hub, "PUT", "locations/receiver/NL/CPA/LOC1", location(time_zone=time_zone))
    return p1, dcb


@pytest.mark.parametrize(("start", "end"), ENDS)
async def test_they_are_refused_by_name(start: str, end: str) -> None:
    async with TestHub.open([OCPI, OICP]) as hub:
        p1, _ = await joined(hub)
        whole = cdr(cdr_token=TOKEN, start_date_time=start, end_date_time=end, charging_periods=[period(start)])
        for method, path, body in (
            ("POST", "cdrs/receiver", whole),
            ("PUT", "sessions/receiver/NL/CPA/S1", session(cdr_token=TOKEN, start_date_time=start)),
        ):
            answer = (await p1.call(hub, method, path, body, to=None)).json()
            assert answer["status_code"] == 2001
            assert "start_date_time" in answer["status_message"]
        assert not hub.storage.cdrs.held
        assert not hub.storage.sessions.held


async def test_one_record_that_cannot_be_said_holds_up_no_other() -> None:
    """Periods may still be anywhere."""
    async with TestHub.open([OCPI, OICP]) as hub:
        p1, dcb = await joined(hub)
        odd = [period("9999-12-31T23:59:59Z")]
        for cdr_id, changes in (("C1", {"charging_periods": odd}), ("C2", {})):
            await p1.call(hub, "POST", "cdrs/receiver", cdr(cdr_id, cdr_token=TOKEN, **changes), to=None)
        asked = {"ProviderID": dcb.own_id, "From": "2020-01-01T00:00:00Z", "To": "2030-01-01T00:00:00Z"}
        path = f"cdrmgmt/v22/providers/{dcb.own_id}/get-charge-detail-records-request"
        answer = (await dcb.post(path, asked)).json()
        assert len(answer["content"]) == 1
