from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from core.model.ids import ContractId, PartyId
from gateway.simulator.bills import check_bill, check_once
from gateway.simulator.cast import card, invented
from gateway.simulator.network import NotAsTold
from gateway.simulator.ocpi.charging import OcpiCharging
from gateway.simulator.ocpi.home import OcpiHome
from gateway.simulator.ocpi.home import bill_of as bill_of_ocpi
from gateway.simulator.ocpi.host import OcpiHost
from gateway.simulator.oicp.home import OicpHome
from gateway.simulator.oicp.home import bill_of as bill_of_oicp
from gateway.simulator.oicp.objects import charge_detail_record, identification
from gateway.simulator.roles import Bill
from gateway.simulator.visits import Price, Visit, is_of
from protocols.ocpi.wire import strict
from protocols.ocpi.wire.cdrs import Cdr
from protocols.transport.json_codec import encode

PARTY = PartyId("DE", "ZZZ")
HUB = "http://127.0.0.1:1"
PRICE = Price("T", Decimal("0.45"))
STAY = Visit(
    id="S1",
    card=card(PARTY, 1),
    point=invented(PARTY, "Zett", 1).points[0],
    started_at=datetime(2025, 1, 1, 10, tzinfo=UTC),
    ended_at=datetime(2025, 1, 1, 10, 50, tzinfo=UTC),
    energy_kwh=Decimal("7.123"),
)
WHOLE = Bill(
    evse_id=STAY.point.evse_id,
    started_at=STAY.started_at,
    ended_at=STAY.ended_at,
    energy_kwh=Decimal("7.123"),
    card_uid=STAY.card.uid,
    net=Decimal("3.21"),
    tax=Decimal("0.64"),
)


def test_amounts_are_exact_to_the_cent() -> None:
    assert PRICE.cost(Decimal("7.123")) == {
        "before_taxes": Decimal("3.21"),
        "taxes": [{"name": "VAT", "percentage": Decimal(20), "amount": Decimal("0.64")}],
    }


def test_cards_have_their_check_digit() -> None:
    contract = ContractId.parse(card(PARTY, 7).contract_id)
    assert contract.check_digit == contract.expected_check_digit
    assert len(card(PARTY, 7).uid) == 14


def test_a_card_goes_by_its_uid_and_its_contract() -> None:
    held = card(PARTY, 7)
    assert is_of(held, held.uid.lower())
    assert is_of(held, held.contract_id.replace("-", ""))
    assert not is_of(held, card(PARTY, 8).uid)
    assert not is_of(held, "")


def test_hours() -> None:
    assert STAY.hours == Decimal("0.8333")


def test_an_oicp_record_is_read_as_it_was_written() -> None:
    bill = bill_of_oicp(
        charge_detail_record(STAY, "9c4e5a3e-7f5e-4f6c-8f66-0d4a1f4d6a11", identification(STAY.card.uid))
    )
    assert bill == replace(WHOLE, net=None, tax=None)
    assert bill.key == STAY.key == "DEZZZE11@2025-01-01T10:00:00"
    check_bill(bill, STAY, PRICE)


async def test_an_ocpi_cdr_is_valid_and_read_as_it_was_written() -> None:
    network = OcpiHost("Zett", PARTY, HUB, PRICE)
    token = {"country_code": "DE", "party_id": "ZZZ", "uid": STAY.card.uid, "type": "RFID", "contract_id": "X"}
    cdr = OcpiCharging.commanded(network, STAY, token, "R").record
    await network.close()
    msgspec.json.decode(encode(cdr), type=Cdr)
    strict.check(encode(cdr), Cdr)
    assert bill_of_ocpi(cdr) == WHOLE
    assert bill_of_ocpi({**cdr, "total_cost": {"before_taxes": Decimal("3.21")}}).tax is None


@pytest.mark.parametrize(
    ("member", "wrong"),
    [
        ("energy_kwh", Decimal("7.12")),
        ("started_at", datetime(2025, 1, 1, 10, 0, 1, tzinfo=UTC)),
        ("ended_at", datetime(2025, 1, 1, 9, 50, tzinfo=UTC)),
        ("card_uid", "00"),
        ("net", Decimal("3.22")),
        ("tax", Decimal("0.65")),
    ],
)
def test_a_difference_is_named(member: str, wrong: Any) -> None:
    check_bill(WHOLE, STAY, PRICE)
    with pytest.raises(NotAsTold, match=f"with {member} "):
        check_bill(replace(WHOLE, **{member: wrong}), STAY, PRICE)


def test_a_fraction_of_a_second_may_be_cut_off_only_where_a_protocol_has_none() -> None:
    measured = replace(STAY, started_at=STAY.started_at + timedelta(milliseconds=731))
    check_bill(WHOLE, measured, PRICE, whole_seconds=True)
    with pytest.raises(NotAsTold, match="with started_at "):
        check_bill(WHOLE, measured, PRICE)
    with pytest.raises(NotAsTold, match="with started_at "):
        check_bill(
            WHOLE, replace(measured, started_at=measured.started_at + timedelta(seconds=1)), PRICE, whole_seconds=True
        )


async def test_a_cdr_has_one_home_and_comes_once() -> None:
    home, other = OcpiHome("Home", PARTY, HUB), OcpiHome("Other", PartyId("DE", "OTH"), HUB)
    host = OcpiHost("Zett", PARTY, HUB, PRICE)
    token = {"country_code": "DE", "party_id": "ZZZ", "uid": STAY.card.uid, "type": "RFID", "contract_id": "X"}
    cdr = OcpiCharging.commanded(host, STAY, token, None).record
    both = (home, other)
    with pytest.raises(NotAsTold, match="reached Home 0 times"):
        await check_once(home, both, [STAY])
    home.cdrs.append(cdr)
    await check_once(home, both, [STAY])
    other.cdrs.append(cdr)
    with pytest.raises(NotAsTold, match="reached Other 1 times"):
        await check_once(home, both, [STAY])
    other.cdrs.clear()
    home.cdrs.append(cdr)
    with pytest.raises(NotAsTold, match="reached Home 2 times"):
        await check_once(home, both, [STAY])
    for network in (home, other, host):
        await network.close()


async def test_a_record_that_is_sent_while_others_are_fetched_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    home = OicpHome("Home", PARTY, HUB)
    record = charge_detail_record(STAY, "9c4e5a3e-7f5e-4f6c-8f66-0d4a1f4d6a11", identification(STAY.card.uid))

    async def sent_meanwhile(since: datetime, until: datetime) -> list[Any]:
        home.cdrs.append(record)
        return [record]

    monkeypatch.setattr(home, "get_charge_detail_records", sent_meanwhile)
    assert len((await home.bills())[STAY.key]) == 1
    await home.close()
