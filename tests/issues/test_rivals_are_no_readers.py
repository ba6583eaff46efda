"""Operators could read the sessions and CDRs of others through the hub, eMSPs the tokens of others: who is asked by the
hub may well answer, whatever FROM says."""

import pytest

from tests.flows.conftest import OcpiNet, net
from tests.flows.ocpi_partner import TIME, OcpiPartner

__all__ = ["net"]


@pytest.mark.parametrize(
    ("role", "path", "to"),
    [
        ("CPO", f"sessions/sender?date_from={TIME}", "NLCPA"),
        ("CPO", "cdrs/sender", "NLCPA"),
        ("CPO", "locations/sender", "NLCPA"),
        ("EMSP", "tokens/sender", "DEEMB"),
        ("NSP", "tokens/sender", "DEEMB"),
    ],
)
@pytest.mark.parametrize("version", ["2.3.0", "2.2.1"])
async def test_nothing_is_passed_on_between_parties_of_like_roles(
    net: OcpiNet, role: str, path: str, to: str, version: str
) -> None:
    rival = await OcpiPartner("p4.test", (role, "AT", "RIV"), version=version).join(net.hub)
    net.forget()
    answer = await rival.call(net.hub, "GET", path, to=to)
    assert (answer.status_code, answer.json()["status_code"], answer.json().get("data")) == (200, 4003, None)
    assert not net.p1.received + net.p2.received


@pytest.mark.parametrize("role", ["EMSP", "SCSP", "OTHER"])
async def test_whoever_may_talk_to_an_operator_still_does(net: OcpiNet, role: str) -> None:
    reader = await OcpiPartner("p4.test", (role, "AT", "RDR")).join(net.hub)
    net.forget()
    await reader.call(net.hub, "GET", "locations/sender", to="NLCPA")
    assert len(net.p1.seen("GET", "locations")) == 1
