"""Products as tariffs and back, case by case."""

from decimal import Decimal
from typing import Any

import pytest

from core.model.ids import PartyId
from core.model.quantities import PriceLimit
from core.model.tariff import PriceComponent, Restrictions, Tariff, TariffElement
from mappings.oicp.pricing import products_to_oicp, tariff_from_oicp, tariff_id_from_oicp, unsayable
from protocols.oicp import codec
from protocols.oicp.wire.pricing import PricingProductDataRecord
from tests.flows.oicp_partners import product
from tests.unit.mappings.oicp.oicp_samples import NOW, OPERATOR

FAR = PartyId("DE", "FAR")


def record(**members: Any) -> PricingProductDataRecord:
    return codec.convert(product(**members), PricingProductDataRecord)


def fee(kind: str, amount: str, unit: str = "HOUR") -> dict[str, Any]:
    return {
        "AdditionalReference": kind,
        "AdditionalReferenceUnit": unit,
        "PricePerAdditionalReferenceUnit": Decimal(amount),
    }


def tariff(*elements: TariffElement, **members: Any) -> Tariff:
    given = {"id": "T1", "currency": "EUR", "tax_included": "NO", "updated_at": NOW}
    return Tariff(owner=OPERATOR, elements=elements, **given | members)  # type: ignore[arg-type]


def element(limits: Restrictions | None = None, **prices: str) -> TariffElement:
    components = tuple(PriceComponent(type=kind, price=Decimal(price), step_size=1) for kind, price in prices.items())
    return TariffElement(components=components, restrictions=limits)


@pytest.mark.parametrize(
    ("members", "prices"),
    [
        ({"price": "0.3333"}, {"ENERGY": "0.3333"}),
        ({"price": "3", "ReferenceUnit": "HOUR"}, {"TIME": "3"}),
        ({"price": "0.0333", "ReferenceUnit": "MINUTE"}, {"TIME": "1.9980"}),
        ({"price": "0"}, {"FLAT": "0"}),
        ({"AdditionalReferences": [fee("START FEE", "1")]}, {"ENERGY": "0.39", "FLAT": "1"}),
        ({"price": "0", "AdditionalReferences": [fee("FIXED FEE", "5")]}, {"FLAT": "5"}),
        (
            {"AdditionalReferences": [fee("PARKING FEE", "0.1", "MINUTE")]},
            {"ENERGY": "0.39", "PARKING_TIME": "6.0"},
        ),
    ],
)
def test_what_a_product_costs(members: dict[str, Any], prices: dict[str, str]) -> None:
    [made] = tariff_from_oicp(record(**members), OPERATOR, None, received_at=NOW).elements
    assert {one.type: str(one.price) for one in made.components} == prices
    assert made.restrictions is None


@pytest.mark.parametrize(
    "members",
    [
        {"AdditionalReferences": [fee("START FEE", "1"), fee("START FEE", "2")]},
        {"AdditionalReferences": [fee("FIXED FEE", "1")]},
        {"price": "0", "AdditionalReferences": [fee("FIXED FEE", "1"), fee("START FEE", "1")]},
        {"AdditionalReferences": [fee("PARKING FEE", "1", "KILOWATT_HOUR")]},
        {"ProductAvailabilityTimes": [{"Periods": [{"begin": "08:00", "end": "20:00"}], "on": "Everyday"}]},
    ],
)
def test_what_other_protocols_cannot_be_told(members: dict[str, Any]) -> None:
    assert unsayable(record(**members))
    assert tariff_from_oicp(record(**members), OPERATOR, None, received_at=NOW).elements == ()


def test_limits_of_a_price() -> None:
    fees = [fee("MINIMUM FEE", "1.5"), fee("MAXIMUM FEE", "40")]
    made = tariff_from_oicp(record(AdditionalReferences=fees), OPERATOR, None, received_at=NOW)
    assert made.min_price == PriceLimit(before_taxes=Decimal("1.5"))
    assert made.max_price == PriceLimit(before_taxes=Decimal(40))


@pytest.mark.parametrize("name", ["AC 3", "Standard Price", "x" * 30])
def test_a_short_plain_name_is_the_id(name: str) -> None:
    assert tariff_id_from_oicp(name, None) == name
    assert tariff_id_from_oicp(name, FAR) == f"{name}@DEFAR"


@pytest.mark.parametrize("name", ["x" * 37, "Größe L", "a/b", "AC3@DEFAR", "~default", " AC", "AC "])
def test_any_other_name_has_an_id_of_its_own(name: str) -> None:
    made = {tariff_id_from_oicp(name, None), tariff_id_from_oicp(name, FAR)}
    assert len(made) == 2
    assert all(len(one) == 17 and one.isascii() for one in made)
    assert tariff_from_oicp(record(ProductID=name), OPERATOR, None, received_at=NOW).name == name.upper()


@pytest.mark.parametrize(
    ("gross", "net"), [("0.50", "0.4202"), ("1.19", "1"), ("119", "100"), ("0.00000119", "0.000001")]
)
def test_taxes_are_taken_out(gross: str, net: str) -> None:
    component = PriceComponent(type="ENERGY", price=Decimal(gross), vat=Decimal(19), step_size=1)
    taxed = tariff(TariffElement(components=(component,)), tax_included="YES")
    [made] = products_to_oicp(taxed, now=NOW, power_kw=Decimal(11)).records
    assert str(made.price_per_reference_unit) in (net, f"{Decimal(net):E}")


@pytest.mark.parametrize(
    ("elements", "path"),
    [
        ((element(ENERGY="1", TIME="1"),), "elements"),
        ((element(Restrictions(min_kwh=Decimal(1)), ENERGY="1"),), "elements"),
        ((element(Restrictions(reservation="RESERVATION"), TIME="1"),), "elements"),
        ((element(POWER="1"),), "elements"),
        ((element(ENERGY="0.00000000000001"),), "elements"),
        ((element(ENERGY="1e14"),), "elements"),
        ((element(ENERGY="1e40"),), "elements"),
    ],
)
def test_what_oicp_cannot_be_told(elements: tuple[TariffElement, ...], path: str) -> None:
    made = products_to_oicp(tariff(*elements), now=NOW, power_kw=Decimal(11))
    assert made.records == ()
    assert [(loss.path, loss.kind) for loss in made.losses] == [(path, "WITHHELD")]


def test_a_currency_is_one() -> None:
    made = products_to_oicp(tariff(element(ENERGY="1"), currency="eur"), now=NOW, power_kw=Decimal(11))
    assert [(loss.path, loss.kind) for loss in made.losses] == [("currency", "WITHHELD")]


def test_a_price_of_reservations_is_left_out_and_reported() -> None:
    apart = element(Restrictions(reservation="RESERVATION"), FLAT="2")
    made = products_to_oicp(tariff(apart, element(ENERGY="0.4")), now=NOW, power_kw=Decimal(11))
    assert [one.price_per_reference_unit for one in made.records] == [Decimal("0.4")]
    assert [loss.path for loss in made.losses] == ["elements[0].restrictions.reservation"]
