"""Laws of prices: OICP -> core -> OICP returns what came; what OCPI can say of a week, OICP says the same."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.model.ids import PartyId
from core.model.tariff import PriceComponent, Restrictions, Tariff, TariffElement
from mappings.oicp import price_sets, pricing
from mappings.oicp.availability import WEEKDAYS, intervals_from, restrictions_from
from protocols.oicp import codec
from protocols.oicp.wire.pricing import PricingProductData, PricingProductDataRecord
from tests.property import strategies_oicp as oicp

NOW = datetime(2026, 1, 15, 10, tzinfo=UTC)
OWNER, FAR = PartyId("DE", "NOR"), PartyId("DE", "FAR")
LAW = settings(max_examples=80, deadline=None)


@LAW
@given(oicp.products(), st.sampled_from([None, FAR]))
def test_a_product_comes_back_as_it_was(record: PricingProductDataRecord, recipient: PartyId | None) -> None:
    tariff = pricing.tariff_from_oicp(record, OWNER, recipient, received_at=NOW)
    assert len(tariff.id) <= pricing.LONGEST_ID
    [back] = pricing.products_to_oicp(tariff, now=NOW, power_kw=None).records
    assert codec.encode(back) == codec.encode(record)


@LAW
@given(oicp.product_sets)
def test_the_head_of_a_set_comes_back_as_it_was(data: PricingProductData) -> None:
    tariff = price_sets.default_from_oicp(data, OWNER, None, received_at=NOW)
    assert tariff.is_default
    head = price_sets.head_to_oicp(tariff)
    assert head == replace(data, pricing_product_data_records=())


@LAW
@given(oicp.product_sets)
def test_a_set_comes_back_as_it_was(data: PricingProductData) -> None:
    tariffs = price_sets.tariffs_from_oicp(data, received_at=NOW)
    made = price_sets.set_to_oicp(tariffs, now=NOW, power_kw=lambda _: None)
    assert made.losses == ()
    assert codec.encode(made.data) == codec.encode(data)


def bare(tariff: Tariff) -> Tariff:
    """What another protocol has understood of it."""
    return replace(tariff, extensions={})


@LAW
@given(oicp.products())
def test_what_others_understand_of_a_product_says_the_same_price(record: PricingProductDataRecord) -> None:
    first = bare(pricing.tariff_from_oicp(record, OWNER, None, received_at=NOW))
    if not first.elements:
        return
    made = pricing.products_to_oicp(first, now=NOW, power_kw=record.maximum_product_charging_power)
    [product] = made.records
    again = bare(pricing.tariff_from_oicp(product, OWNER, None, received_at=NOW))
    assert week(again) == week(first)
    assert (again.min_price, again.max_price, again.currency) == (first.min_price, first.max_price, first.currency)


times = st.sampled_from(["00:00", "06:00", "07:30", "18:00", "22:15", None])
restrictions = st.builds(
    Restrictions,
    start_time=times,
    end_time=times | st.just("24:00"),
    day_of_week=st.lists(st.sampled_from(WEEKDAYS), unique=True, max_size=3).map(tuple),
)
components = st.sampled_from(["ENERGY", "FLAT", "PARKING_TIME"]).flatmap(
    lambda kind: st.builds(
        PriceComponent, type=st.just(kind), price=st.sampled_from([Decimal("0.30"), Decimal(1)]), step_size=st.just(1)
    )
)
elements = st.builds(
    TariffElement,
    components=st.lists(components, min_size=1, max_size=2, unique_by=lambda one: one.type).map(tuple),
    restrictions=st.none() | restrictions,
)


@LAW
@given(st.lists(elements, min_size=1, max_size=3))
def test_a_week_of_prices_is_the_same_week_in_oicp(given_elements: list[TariffElement]) -> None:
    tariff = Tariff(
        owner=OWNER, id="T", currency="EUR", elements=tuple(given_elements), tax_included="NO", updated_at=NOW
    )
    made = pricing.products_to_oicp(tariff, now=NOW, power_kw=Decimal(22))
    told: dict[tuple[int, str], dict[str, Decimal]] = {}
    for record in made.records:
        for moment, prices in week(pricing.tariff_from_oicp(record, OWNER, None, received_at=NOW)).items():
            assert moment not in told
            told[moment] = prices
    assert {at: priced(prices) for at, prices in told.items()} == {
        at: priced(prices) for at, prices in week(tariff).items()
    }


@LAW
@given(st.none() | restrictions)
def test_intervals_are_restrictions_again(limits: Restrictions | None) -> None:
    intervals = intervals_from(limits)
    said = sorted(interval for one in restrictions_from(intervals) for interval in intervals_from(one))
    assert tuple(said) == intervals


def priced(prices: dict[str, Decimal]) -> dict[str, Decimal]:
    """A price of nothing is none."""
    return {kind: price for kind, price in prices.items() if price}


def week(tariff: Tariff) -> dict[tuple[int, str], dict[str, Decimal]]:
    """What each dimension costs at every quarter of an hour of the week."""
    found: dict[tuple[int, str], dict[str, Decimal]] = {}
    for element in tariff.elements:
        for day, begin, end in intervals_from(element.restrictions):
            for quarter in range(96):
                at = f"{quarter // 4:02}:{quarter % 4 * 15:02}"
                if begin <= at < end:
                    here = found.setdefault((day, at), {})
                    for component in element.components:
                        here.setdefault(component.type, component.price)
    return found
