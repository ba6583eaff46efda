from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from core.model.ids import ContractId, PartyId
from gateway.simulator.cast import card, invented
from gateway.simulator.drivers import OcpiCharging, OicpCharging, check_cdr, key_of
from gateway.simulator.network import NotAsTold
from gateway.simulator.ocpi import OcpiNetwork
from gateway.simulator.oicp import OicpNetwork
from gateway.simulator.visits import Price, Visit
from protocols.ocpi.wire import strict
from protocols.ocpi.wire.cdrs import Cdr
from protocols.transport.json_codec import encode

PARTY = PartyId("DE", "ZZZ")
PRICE = Price("T", Decimal("0.45"))
STAY = Visit(
    id="S1",
    card=card(PARTY, 1),
    point=invented(PARTY, "Zett", 1).points[0],
    started_at=datetime(2025, 1, 1, 10, tzinfo=UTC),
    ended_at=datetime(2025, 1, 1, 10, 50, tzinfo=UTC),
    energy_kwh=Decimal("7.123"),
)


async def charged() -> OicpCharging:
    network = OicpNetwork("Zett", PARTY, "CPO", "http://127.0.0.1:1")
    attempt = OicpCharging(network, STAY, PRICE)
    attempt.session_id = "9c4e5a3e-7f5e-4f6c-8f66-0d4a1f4d6a11"
    await network.close()
    return attempt


def test_amounts_are_exact_to_the_cent() -> None:
    assert PRICE.cost(Decimal("7.123")) == {
        "before_taxes": Decimal("3.21"),
        "taxes": [{"name": "VAT", "percentage": Decimal(20), "amount": Decimal("0.64")}],
    }


def test_cards_have_their_check_digit() -> None:
    contract = ContractId.parse(card(PARTY, 7).contract_id)
    assert contract.check_digit == contract.expected_check_digit
    assert len(card(PARTY, 7).uid) == 14


def test_hours() -> None:
    assert STAY.hours == Decimal("0.8333")


async def test_a_record_that_arrives_as_it_was_sent() -> None:
    attempt = await charged()
    record = attempt.cdr()
    assert key_of(record) == STAY.key == "DEZZZE11@2025-01-01T10:00:00"
    check_cdr(record, attempt, PRICE)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ConsumedEnergy": Decimal("7.12")}, "energy 7.12 instead of 7.123"),
        ({"SessionEnd": "2025-01-01T10:50:00+01:00"}, "end 2025-01-01"),
    ],
)
async def test_a_difference_is_named(changes: dict[str, object], said: str) -> None:
    attempt = await charged()
    with pytest.raises(NotAsTold, match=said):
        check_cdr({**attempt.cdr(), **changes}, attempt, PRICE)


async def test_an_amount_that_is_a_cent_off_is_named() -> None:
    network = OcpiNetwork("Zett", PARTY, "CPO", "http://127.0.0.1:1")
    attempt = OcpiCharging(network, STAY, PRICE)
    token = {"country_code": "DE", "party_id": "ZZZ", "uid": STAY.card.uid, "type": "RFID", "contract_id": "X"}
    attempt._info = {"allowed": "ALLOWED", "token": token, "authorization_reference": "R"}
    cdr = attempt.cdr()
    await network.close()
    msgspec.json.decode(encode(cdr), type=Cdr)
    strict.check(encode(cdr), Cdr)
    check_cdr(cdr, attempt, PRICE)
    with pytest.raises(NotAsTold, match="amount"):
        check_cdr({**cdr, "total_cost": {"before_taxes": Decimal("3.22")}}, attempt, PRICE)
    with pytest.raises(NotAsTold, match="card"):
        check_cdr({**cdr, "cdr_token": {**token, "uid": "00"}}, attempt, PRICE)
