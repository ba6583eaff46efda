"""Contracts as an operator of the hub writes them."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from core.errors import Invalid
from core.model.contract import Contract, Service
from core.model.ids import PartyId
from core.model.partner import Partner, PartnerState, PartyRole, Role
from gateway.admin.partners import contracts_from
from gateway.admin.views import partner_view

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)


def test_a_contract_is_read() -> None:
    one = {"service": "RESERVATION", "party": "DE-DCB", "valid_from": "2026-01-01T00:00:00+01:00"}
    from_ = datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert contracts_from({"contracts": [one, {"service": "AUTHORISATION"}]}) == (
        Contract(service=Service.RESERVATION, party=PartyId("DE", "DCB"), valid_from=from_),
        Contract(service=Service.AUTHORISATION),
    )
    assert contracts_from({}) == ()


@pytest.mark.parametrize(
    ("contracts", "path"),
    [
        ("all", "$.contracts"),
        (["DE*ABC"], "$.contracts[0]"),
        ([{"party": "DE*ABC"}], "$.contracts[0].service"),
        ([{"service": "AUTHORISATION", "party": "?"}], "$.contracts[0].party"),
        ([{"service": "AUTHORISATION", "valid_from": "2026-01-01T00:00:00"}], "$.contracts[0].valid_from"),
        ([{"service": "AUTHORISATION", "valid_until": 1}], "$.contracts[0].valid_until"),
    ],
)
def test_what_is_wrong_is_named(contracts: Any, path: str) -> None:
    with pytest.raises(Invalid) as caught:
        contracts_from({"contracts": contracts})
    assert caught.value.path == path


@pytest.mark.spec("OICP-PRT-01")
def test_the_registry_shows_all_that_is_known_of_a_partner() -> None:
    settings = {
        "provider_id": "DE-DCB",
        "callback_url": "https://dcb.test",
        "service_urls": {"eRoamingReservation": "https://dcb.test/r"},
        "disclosed": True,
        "broadcast": False,
    }
    partner = Partner(
        id="one",
        name="DCB",
        protocol="oicp",
        version="2.3",
        roles=(PartyRole(role=Role.EMSP, party=PartyId("DE", "DCB")),),
        state=PartnerState.SUSPENDED,
        settings=msgspec.json.encode(settings).decode(),
        sub_ids=(PartyId("DE", "456"),),
        contracts=(Contract(service=Service.RESERVATION, party=PartyId("DE", "ABC"), valid_until=NOW),),
        created_at=NOW,
        updated_at=NOW,
    )
    shown = msgspec.json.decode(msgspec.json.encode(partner_view(partner, None, silent=False)))
    assert shown["settings"] == settings
    assert (shown["version"], shown["state"], shown["sub_ids"]) == ("2.3", "SUSPENDED", ["DE*456"])
    assert shown["roles"] == [{"role": "EMSP", "country_code": "DE", "party_id": "DCB", "name": None}]
    assert shown["contracts"] == [
        {"service": "RESERVATION", "party": "DE*ABC", "valid_from": None, "valid_until": "2026-01-15T09:00:00Z"}
    ]
