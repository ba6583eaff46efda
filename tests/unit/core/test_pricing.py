"""A simple tariff times consumption, to the cent."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from core.errors import Unsupported
from core.model.ids import PartyId
from core.model.quantities import PriceLimit
from core.model.tariff import PriceComponent, Restrictions, Tariff, TariffElement
from core.pricing import Consumption, price

D = Decimal


def tariff(*components: PriceComponent, **more: object) -> Tariff:
    return Tariff(
        owner=PartyId("NL", "CPA"),
        id="T1",
        currency="EUR",
        elements=tuple(TariffElement(components=(component,)) for component in components),
        tax_included="NO",
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
        **more,
    )


def component(kind: str, amount: str, vat: str | None = None, step: int = 1) -> PriceComponent:
    return PriceComponent(type=kind, price=D(amount), vat=D(vat) if vat else None, step_size=step)


def test_energy_time_and_fee_with_tax() -> None:
    cost = price(
        tariff(component("FLAT", "0.50", "19"), component("ENERGY", "0.39", "19"), component("TIME", "1.20", "19")),
        Consumption(energy_kwh=D("36.103"), charging_h=D("0.2878")),
    )
    assert cost.fixed and cost.fixed.before_taxes == D("0.50")
    assert cost.energy and cost.energy.before_taxes == D("14.08")
    assert cost.time and cost.time.before_taxes == D("0.35")
    assert cost.total.before_taxes == D("14.93")
    assert cost.total.taxes and cost.total.taxes[0].amount == D("2.85")


def reserving(*components: PriceComponent, kind: str = "RESERVATION", **more: object) -> TariffElement:
    return TariffElement(components=components, restrictions=Restrictions(reservation=kind, **more))


def test_elements_for_reservations_price_reservations_alone() -> None:
    bare = tariff(component("TIME", "6"))
    held = Consumption(energy_kwh=D(0), charging_h=D(0), reserved_h=D("0.3"))
    assert price(bare, held).total.before_taxes == 0
    kept = msgspec.structs.replace(
        bare, elements=(reserving(component("TIME", "2", step=900), component("FLAT", "0.5")), *bare.elements)
    )
    cost = price(kept, held)
    assert cost.reservation == cost.total
    assert (cost.total.before_taxes, cost.time) == (D("1.50"), None)
    charged = price(kept, Consumption(energy_kwh=D(1), charging_h=D(1)))
    assert (charged.total.before_taxes, charged.reservation) == (D("6.00"), None)


@pytest.mark.parametrize(
    "element",
    [reserving(component("TIME", "2"), kind="RESERVATION_EXPIRES"), reserving(component("TIME", "2"), min_kwh=D(1))],
)
def test_a_reservation_that_its_time_alone_does_not_price(element: TariffElement) -> None:
    asking = msgspec.structs.replace(tariff(component("TIME", "6")), elements=(element,))
    with pytest.raises(Unsupported):
        price(asking, Consumption(energy_kwh=None, charging_h=D(0), reserved_h=D(1)))


def test_a_step_that_was_begun_is_billed() -> None:
    cost = price(tariff(component("ENERGY", "1.00", step=500)), Consumption(energy_kwh=D("1.001"), charging_h=D(0)))
    assert cost.total.before_taxes == D("1.50")


def test_prices_that_include_tax_are_taken_apart() -> None:
    gross = Tariff(
        owner=PartyId("NL", "CPA"),
        id="T1",
        currency="EUR",
        elements=(TariffElement(components=(component("ENERGY", "1.21", "21"),)),),
        tax_included="YES",
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    cost = price(gross, Consumption(energy_kwh=D(10), charging_h=D(1)))
    assert cost.total.before_taxes == D("10.00")
    assert cost.total.taxes and cost.total.taxes[0].amount == D("2.10")


def test_the_first_element_of_a_dimension_wins() -> None:
    cost = price(
        tariff(component("ENERGY", "1.00"), component("ENERGY", "9.00")),
        Consumption(energy_kwh=D(2), charging_h=D(0)),
    )
    assert cost.total.before_taxes == D("2.00")


def test_a_tariff_with_restrictions_is_not_guessed() -> None:
    restricted = Tariff(
        owner=PartyId("NL", "CPA"),
        id="T2",
        currency="EUR",
        elements=(TariffElement(components=(component("ENERGY", "1"),), restrictions=Restrictions(min_kwh=D(5))),),
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    with pytest.raises(Unsupported, match="restrictions"):
        price(restricted, Consumption(energy_kwh=D(10), charging_h=D(1)))


def test_a_price_limit_that_applies_is_not_guessed() -> None:
    limited = tariff(component("ENERGY", "1"), min_price=PriceLimit(before_taxes=D(5)))
    with pytest.raises(Unsupported, match="limit"):
        price(limited, Consumption(energy_kwh=D(1), charging_h=D(1)))
    assert price(limited, Consumption(energy_kwh=D(6), charging_h=D(1))).total.before_taxes == D("6.00")


def test_energy_that_nobody_knows_is_not_free() -> None:
    stay = Consumption(energy_kwh=None, charging_h=D(2))
    with pytest.raises(Unsupported, match="not known"):
        price(tariff(component("ENERGY", "0.39")), stay)
    assert price(tariff(component("TIME", "1.20")), stay).total.before_taxes == D("2.40")
