"""Prices from CPOs to EMPs. OICP 2.3, dynamic pricing."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from core.model.contract import Contract, Service
from core.model.ids import PartyId
from core.model.partner import PartnerState
from tests.flows.hub import TestHub
from tests.flows.oicp_partners import (
    PULL_PRICES,
    PULL_PRODUCTS,
    PUSH_PRICES,
    PUSH_PRODUCTS,
    Reached,
    code,
    cpo,
    emp,
    errors,
    evse_price,
    join,
    opened,
    product,
    product_set,
)

ABC = PartyId("DE", "ABC")
E1, E2, X9 = "DE*ABC*E1", "DE*ABC*E2", "DE*XYZ*E9"


async def trio(hub: TestHub, **more: Any) -> tuple[Reached, Reached, Reached]:
    """A CPO with a sub-operator, and two EMPs."""
    abc = await join(hub, cpo(sub_ids=["DE*XYZ"], **more))
    return abc, await join(hub, emp()), await join(hub, emp("DE-8EO"))


def names(data: dict[str, Any]) -> list[str]:
    return sorted(record["ProductID"] for record in data["PricingProductDataRecords"])


@pytest.mark.spec("OICP-URL-07", "OICP-URL-14", "OICP-PRICE-02", "OICP-PRICE-11", "OICP-PRICE-14", "OICP-PRICE-26")
async def test_a_product_set_is_pulled_as_it_was_pushed() -> None:
    async with opened() as hub:
        abc, dcb, _ = await trio(hub)
        times = [{"Periods": [{"begin": "22:00", "end": "06:00"}], "on": "Workdays"}]
        fees = [
            {
                "AdditionalReference": "PARKING FEE",
                "AdditionalReferenceUnit": "MINUTE",
                "PricePerAdditionalReferenceUnit": Decimal("0.10"),
            }
        ]
        night = product("Nacht", "0.3333", IsValid24hours=False, ProductAvailabilityTimes=times)
        pushed = product_set(night, product(AdditionalReferences=fees), OperatorName="ABC")
        answer = await abc.post(PUSH_PRODUCTS, {"ActionType": "fullLoad", "PricingProductData": pushed})
        assert code(answer) == (200, "000")
        answer = await dcb.post(PULL_PRODUCTS, {"OperatorIDs": ["DE*ABC"]})
        assert set(answer.json()) == {"PricingProductData", "StatusCode"}
        assert b'"PricePerReferenceUnit":0.3333,' in answer.content
        [found] = await dcb.product_sets("DE*ABC")
        found["PricingProductDataRecords"].sort(key=lambda record: record["ProductID"], reverse=True)
        assert found == pushed


@pytest.mark.spec("OICP-PRICE-02", "OICP-PRICE-21", "OICP-PRICE-22", "OICP-PRICE-23")
async def test_a_full_load_replaces_the_set_of_its_emp_only() -> None:
    async with opened() as hub:
        abc, dcb, eo = await trio(hub)
        await abc.push_products("fullLoad", product("AC3"), product("DC", "0.59"))
        await abc.push_products("fullLoad", product("AC3", "0.29"), ProviderID="DEDCB")
        await abc.push_products("fullLoad", product("DC", "0.55"))
        own, all_ = await dcb.product_sets("DE*ABC")
        assert (own["ProviderID"], names(own), all_["ProviderID"], names(all_)) == ("DE-DCB", ["AC3"], "*", ["DC"])
        assert [one["ProviderID"] for one in await eo.product_sets("DEABC", "DE*ABC")] == ["*"]


@pytest.mark.spec("OICP-PRICE-02", "OICP-PRICE-05")
async def test_single_products_come_change_and_go() -> None:
    async with opened() as hub:
        abc, dcb, _ = await trio(hub)
        assert code(await abc.push_products("insert", product("AC3"), product("DC"))) == (200, "000")
        answer = await abc.push_products("insert", product("AC1"), product("AC3"))
        assert (code(answer), answer.json()["Result"]) == ((200, "009"), False)
        assert "AC3" in answer.json()["StatusCode"]["AdditionalInfo"]
        assert code(await abc.push_products("update", product("AC3", "0.41"), product("AC1"))) == (200, "009")
        assert code(await abc.push_products("insert", product("AC3"), ProviderID="DE-DCB")) == (200, "000")
        assert code(await abc.push_products("update", product("AC3", "0.41"))) == (200, "000")
        answer = await abc.push_products("delete", product("DC"), product("NIX"))
        assert code(answer) == (200, "000")
        assert "NIX" in answer.json()["StatusCode"]["AdditionalInfo"]
        _, all_ = await dcb.product_sets("DE*ABC")
        assert [(one["ProductID"], one["PricePerReferenceUnit"]) for one in all_["PricingProductDataRecords"]] == [
            ("AC3", Decimal("0.41"))
        ]


@pytest.mark.spec("OICP-PRICE-03")
@pytest.mark.parametrize("again", ["AC3", "ac3"])
async def test_a_product_is_given_once(again: str) -> None:
    async with opened() as hub:
        abc, dcb, _ = await trio(hub)
        answer = await abc.push_products("fullLoad", product("AC3"), product(again))
        assert (code(answer), answer.json()["Result"]) == ((200, "022"), False)
        assert await dcb.product_sets("DE*ABC") == []


@pytest.mark.spec("OICP-PRICE-04", "OICP-PRICE-27")
async def test_without_products_the_default_price_holds() -> None:
    async with opened() as hub:
        abc, dcb, _ = await trio(hub)
        assert await dcb.product_sets("DE*ABC") == []
        assert await dcb.prices("DE*ABC") == {}
        assert code(await abc.push_products("fullLoad")) == (200, "000")
        [found] = await dcb.product_sets("DE*ABC")
        assert (found["PricingDefaultPrice"], names(found)) == (Decimal("0.49"), [])


@pytest.mark.spec("OICP-URL-08", "OICP-URL-15", "OICP-PRICE-05", "OICP-PRICE-24", "OICP-PRICE-26")
async def test_evse_prices_are_pulled_in_the_name_of_who_asks() -> None:
    async with opened() as hub:
        abc, dcb, eo = await trio(hub)
        await abc.push_products("fullLoad", product("AC3"), product("DC"))
        answer = await abc.push_prices("fullLoad", evse_price("de*abc*e1", "AC3", "DC"), evse_price(X9))
        assert code(answer) == (200, "000")
        await abc.push_prices("insert", evse_price(E1, "DC", to="DE*DCB"))
        answer = await dcb.post(PULL_PRICES, {"ProviderID": "DE-DCB", "OperatorIDs": ["DE*ABC"]})
        [block] = answer.json()["EVSEPricing"]
        assert (block["OperatorID"], block["OperatorName"]) == ("DE*ABC", "CPO DE*ABC")
        assert {one["ProviderID"] for one in block["EVSEPricing"]} == {"DE-DCB"}
        assert await dcb.prices("DE*ABC") == {E1: ["DC"], X9: ["AC3"]}
        assert await eo.prices("DE*ABC") == {E1: ["AC3", "DC"], X9: ["AC3"]}


@pytest.mark.spec("OICP-PRICE-05")
async def test_evse_prices_change_by_evse_and_emp() -> None:
    async with opened() as hub:
        abc, dcb, eo = await trio(hub)
        await abc.push_prices("fullLoad", evse_price(E1), evse_price(E1, "DC", to="DE-DCB"), evse_price(E2))
        assert code(await abc.push_prices("insert", evse_price(E1, to="DE-8EO"), evse_price(E2))) == (200, "009")
        assert code(await abc.push_prices("update", evse_price(E1, "X"), evse_price(E1, to="DE-8EO"))) == (200, "009")
        assert await eo.prices("DE*ABC") == {E1: ["AC3"], E2: ["AC3"]}
        assert code(await abc.push_prices("update", evse_price("DEABCE1", "AC1"))) == (200, "000")
        assert code(await abc.push_prices("delete", evse_price(E1, "DC", to="DE-DCB"))) == (200, "000")
        assert await dcb.prices("DE*ABC") == {"DEABCE1": ["AC1"], E2: ["AC3"]}
        answer = await abc.push_prices("delete", evse_price(E1, to="DE-DCB"))
        assert code(answer) == (200, "000")
        assert "not there" in answer.json()["StatusCode"]["AdditionalInfo"]
        assert code(await abc.push_prices("fullLoad", evse_price(E2, "DC", to="DE-8EO"))) == (200, "000")
        assert await dcb.prices("DE*ABC") == {}
        assert await eo.prices("DE*ABC") == {E2: ["DC"]}
        assert code(await abc.push_prices("fullLoad")) == (200, "000")
        assert await eo.prices("DE*ABC") == {}
        assert errors(await abc.push_prices("update")) == ["eVSEPricing"]


@pytest.mark.spec("OICP-PRICE-06")
async def test_foreign_and_double_evses() -> None:
    async with opened() as hub:
        abc, dcb, _ = await trio(hub)
        for wrong in ([evse_price(E1), evse_price("DE*BBB*E1")], [evse_price(E1), evse_price("DEABCE1")]):
            answer = await abc.push_prices("fullLoad", *wrong)
            assert (code(answer), answer.json()["Result"]) == ((200, "018"), False)
        assert await dcb.prices("DE*ABC") == {}


@pytest.mark.spec("OICP-PRICE-07", "OICP-PRICE-08")
async def test_products_may_come_later() -> None:
    async with opened() as hub:
        abc, dcb, _ = await trio(hub)
        await abc.push_products("fullLoad", product("AC3"))
        await abc.push_products("fullLoad", product("AC1"), ProviderID="DE-DCB")
        entry = {**evse_price(), "EvseIDProductList": [{"ProductID": "AC3"}, {"ProductID": "AC1"}]}
        answer = await abc.push_prices("fullLoad", entry)
        assert code(answer) == (200, "000")
        assert answer.json()["StatusCode"]["AdditionalInfo"] == "no such product yet: AC1"
        answer = await abc.push_prices("fullLoad", {**entry, "ProviderID": "DE-DCB"})
        assert answer.json()["StatusCode"]["AdditionalInfo"] is None
        assert await dcb.prices("DE*ABC") == {E1: ["AC3", "AC1"]}


@pytest.mark.spec("OICP-PRICE-09", "OICP-PRICE-10")
async def test_availability_times() -> None:
    async with opened() as hub:
        abc, dcb, _ = await trio(hub)
        slots = [{"begin": "08:00", "end": "20:00"}]
        times = [{"Period": slots, "on": "Everyday"}]
        limited = product(IsValid24hours=False, ProductAvailabilityTimes=times)
        assert code(await abc.push_products("fullLoad", limited)) == (200, "000")
        [found] = await dcb.product_sets("DE*ABC")
        [record] = found["PricingProductDataRecords"]
        assert record["ProductAvailabilityTimes"] == [{"Periods": slots, "on": "Everyday"}]
        answer = await abc.push_products("fullLoad", product(IsValid24hours=False))
        assert errors(answer) == ["pricingProductData.pricingProductDataRecords[0].productAvailabilityTimes"]


@pytest.mark.spec("OICP-PRICE-25")
async def test_since_the_last_call() -> None:
    async with opened() as hub:
        abc, dcb, _ = await trio(hub)
        await abc.push_products("fullLoad", product("AC3"), product("DC"))
        await abc.push_products("fullLoad", product("AC3"), ProviderID="DE-DCB")
        await abc.push_prices("fullLoad", evse_price(E1), evse_price(E2))
        hub.clock.advance(60)
        then = hub.clock.now().isoformat()
        assert await dcb.product_sets("DE*ABC", LastCall=then) == []
        assert await dcb.prices("DE*ABC", LastCall=then) == {}
        await abc.push_products("fullLoad", product("AC3"), product("DC", "0.61"))
        await abc.push_prices("fullLoad", evse_price(E1), evse_price(E2, "DC"))
        [found] = await dcb.product_sets("DE*ABC", LastCall=then)
        assert (found["ProviderID"], names(found)) == ("*", ["DC"])
        assert await dcb.prices("DE*ABC", LastCall=then) == {E2: ["DC"]}
        hub.clock.advance(60)
        later = hub.clock.now().isoformat()
        await abc.push_products("update", PricingDefaultPrice=Decimal("0.50"))
        [found] = await dcb.product_sets("DE*ABC", LastCall=later)
        assert (found["PricingDefaultPrice"], names(found)) == (Decimal("0.50"), [])


@pytest.mark.spec("OICP-PRICE-12", "OICP-PRICE-05")
async def test_every_version_of_a_price_is_kept() -> None:
    async with opened() as hub:
        abc, _, _ = await trio(hub)
        await abc.push_products("fullLoad", product("AC3"))
        await abc.push_prices("fullLoad", evse_price())
        before = hub.clock.now()
        hub.clock.advance(60)
        await abc.push_products("fullLoad", product("DC"))
        await abc.push_prices("fullLoad")
        was = await hub.storage.tariffs.as_of(ABC, before)
        assert [one.name for one in was if not one.is_default] == ["AC3"]
        assert [one.products for one in await hub.storage.evse_prices.as_of(ABC, before)] == [("AC3",)]
        now = await hub.storage.tariffs.as_of(ABC, hub.clock.now())
        assert [one.name for one in now if not one.is_default] == ["DC"]
        assert await hub.storage.evse_prices.as_of(ABC, hub.clock.now()) == []


@pytest.mark.spec("OICP-PRICE-13")
async def test_pushes_of_an_operator_wait_for_each_other() -> None:
    async with opened() as hub:
        abc, dcb, _ = await trio(hub)
        answers = await asyncio.gather(*(abc.push_products("insert", product("AC3", f"0.{n}")) for n in range(30, 36)))
        assert sorted(code(answer)[1] for answer in answers) == ["000"] + ["009"] * 5
        [found] = await dcb.product_sets("DE*ABC")
        assert names(found) == ["AC3"]


@pytest.mark.spec("OICP-PRICE-01")
async def test_who_may_not_push() -> None:
    async with opened() as hub:
        abc, dcb, _ = await trio(hub)
        plain = await join(hub, cpo("DE*BBB", closed_services=["eRoamingDynamicPricing"]))
        bodies = {
            PUSH_PRODUCTS: {"ActionType": "fullLoad", "PricingProductData": product_set()},
            PUSH_PRICES: {"ActionType": "fullLoad", "EVSEPricing": []},
        }
        for path, body in bodies.items():
            answer = await plain.post(path, body)
            assert (code(answer), answer.json()["Result"]) == ((403, "210"), False)
            assert code(await abc.post(path, body, as_id="DE*BBB")) == (401, "017")
            assert code(await dcb.post(path, body)) == (401, "017")
        assert code(await abc.push_products("fullLoad", body_id="DE*BBB")) == (401, "017")
        await hub.hub.partners.suspend(abc.partner.id)
        for path, body in bodies.items():
            assert code(await abc.post(path, body)) == (401, "017")
        assert not hub.storage.tariffs.held


@pytest.mark.spec("OICP-PRICE-20", "OICP-SEC-14")
async def test_which_operators_an_emp_may_ask_for() -> None:
    async with opened() as hub:
        abc, dcb, eo = await trio(hub)
        other = await join(hub, cpo("DE*BBB"))
        await join(hub, cpo("DE*CCC", closed_services=["eRoamingDynamicPricing"]))
        await abc.push_products("fullLoad", product("AC3"))
        await other.push_products("fullLoad", product("BB"))
        held = hub.storage.partners.held[other.partner.id]
        await hub.storage.partners.update(replace(held, open_to=(PartyId("DE", "8EO"),)))
        for asked, seen in ((("DE*ABC", "DE*BBB"), ["DE*ABC"]), (("DE*ABC", "DE*CCC", "DE*NIX"), ["DE*ABC"])):
            assert [one["OperatorID"] for one in await dcb.product_sets(*asked)] == seen
        assert [one["OperatorID"] for one in await eo.product_sets("DE*BBB", "DE*ABC")] == ["DE*BBB", "DE*ABC"]
        for refused in ("DE*BBB", "DE*CCC", "DE*NIX", "DE*XYZ"):
            assert code(await dcb.post(PULL_PRODUCTS, {"OperatorIDs": [refused]})) == (403, "210")
            body = {"ProviderID": "DE-DCB", "OperatorIDs": [refused]}
            assert code(await dcb.post(PULL_PRICES, body)) == (403, "210")
        await hub.hub.partners.suspend(abc.partner.id)
        assert code(await dcb.post(PULL_PRODUCTS, {"OperatorIDs": ["DE*ABC"]})) == (403, "210")


@pytest.mark.spec("OICP-PRICE-20")
async def test_prices_need_a_contract_for_authorisation_that_holds_now() -> None:
    async with opened() as hub:
        abc, dcb, eo = await trio(hub)
        await abc.push_products("fullLoad", product("AC3"))
        held = hub.storage.partners.held[abc.partner.id]
        ends = hub.clock.now() + timedelta(seconds=60)
        word = Contract(service=Service.AUTHORISATION, party=PartyId("DE", "DCB"), valid_until=ends)
        await hub.storage.partners.update(replace(held, contracts=(word,)))
        assert len(await dcb.product_sets("DE*ABC")) == 1
        assert code(await eo.post(PULL_PRODUCTS, {"OperatorIDs": ["DE*ABC"]})) == (403, "210")
        hub.clock.advance(60)
        assert code(await dcb.post(PULL_PRODUCTS, {"OperatorIDs": ["DE*ABC"]})) == (403, "210")


@pytest.mark.spec("OICP-PRICE-20")
async def test_who_may_not_pull() -> None:
    async with opened() as hub:
        abc, dcb, _ = await trio(hub)
        await abc.push_products("fullLoad", product("AC3"))
        bodies = {
            PULL_PRODUCTS: {"OperatorIDs": ["DE*ABC"]},
            PULL_PRICES: {"ProviderID": "DE-DCB", "OperatorIDs": ["DE*ABC"]},
        }
        for path, body in bodies.items():
            assert code(await dcb.post(path, body, as_id="DE-8EO")) == (401, "017")
            assert code(await abc.post(path, body)) == (401, "017")
            assert errors(await dcb.post(path, body | {"OperatorIDs": []})) == ["operatorIDs"]
            assert errors(await dcb.post(path, body | {"LastCall": "2026-01-01T00:00:00"})) == ["lastCall"]
        body = {"ProviderID": "DE-8EO", "OperatorIDs": ["DE*ABC"]}
        assert code(await dcb.post(PULL_PRICES, body)) == (401, "017")
        closed = await join(hub, emp("DE-NOP", closed_services=["eRoamingDynamicPricing"]))
        assert code(await closed.post(PULL_PRODUCTS, {"OperatorIDs": ["DE*ABC"]})) == (403, "210")
        held = hub.storage.partners.held[dcb.partner.id]
        assert held.state is PartnerState.CONNECTED
        await hub.hub.partners.suspend(dcb.partner.id)
        for path, body in bodies.items():
            assert code(await dcb.post(path, body)) == (401, "017")


@pytest.mark.spec("OICP-NET-13", "OICP-NET-14", "OICP-NET-16")
async def test_unknown_members_nulls_and_numbers_as_text() -> None:
    async with opened() as hub:
        abc, dcb, _ = await trio(hub)
        odd = product(PricePerReferenceUnit="0.30", AdditionalReferences=None, Foo={"a": 1})
        assert code(await abc.push_products("fullLoad", odd, OperatorName=None, Bar=2)) == (200, "000")
        assert code(await abc.push_prices("fullLoad", {**evse_price(), "Foo": 1})) == (200, "000")
        [found] = await dcb.product_sets("DE*ABC")
        [record] = found["PricingProductDataRecords"]
        assert str(record["PricePerReferenceUnit"]) == "0.30"
        assert await dcb.prices("DE*ABC") == {E1: ["AC3"]}


@pytest.mark.spec("OICP-PRICE-28")
async def test_pages_are_asked_for_in_vain() -> None:
    async with opened() as hub:
        abc, dcb, _ = await trio(hub)
        await abc.push_products("fullLoad", *(product(f"P{number}") for number in range(30)))
        answer = await dcb.post(PULL_PRODUCTS + "?page=1&size=5", {"OperatorIDs": ["DE*ABC"]})
        assert len(names(answer.json()["PricingProductData"][0])) == 30


@pytest.mark.spec("OICP-PRICE-05")
async def test_what_is_said_again_is_not_changed() -> None:
    async with opened() as hub:
        abc, _, _ = await trio(hub)
        for _ in range(2):
            await abc.push_products("fullLoad", product("AC3"))
            await abc.push_prices("fullLoad", evse_price())
            hub.clock.advance(1)
        assert len(hub.storage.tariffs.versions) == 2
        assert len(hub.storage.evse_prices.versions) == 1
