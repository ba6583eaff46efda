"""Prices between OICP and OCPI: products are told as tariffs, tariffs are offered as products."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from msgspec.structs import replace

from core.model.partner import Role
from mappings.ocpi.tariffs import tariff_from_ocpi
from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.ocpi.wire.tariffs import Tariff
from protocols.oicp.plugin import PLUGIN as OICP
from protocols.transport.json_codec import convert
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, Received, connector, envelope, evse, location, tariff, token
from tests.flows.oicp_partners import Reached, code, cpo, emp, evse_price, join, product, record, rfid

E1, E2 = "DE*ABC*E1", "DE*ABC*E2"
DEFAULT = "~default"
BEFORE, AFTER = datetime(2026, 1, 15, 8, tzinfo=UTC), datetime(2026, 1, 15, 12, 1, tzinfo=UTC)
"""A charging process of these tests begins between them."""
NOTED = ("tariff", "ocpi", "oicp")


class Net(NamedTuple):
    """An OICP CPO (DE ABC) with two EVSEs and an EMP (DE DCB); an OCPI CPO (NL CPA) and eMSPs (DE EMB, FR EMC)."""

    hub: TestHub
    abc: Reached
    dcb: Reached
    cpa: OcpiPartner
    emb: OcpiPartner
    emc: OcpiPartner

    async def borne(self, emsp: OcpiPartner) -> dict[str, list[str]]:
        """EVSE id -> tariffs of its connectors, as the eMSP fetches them."""
        answer = await emsp.call(self.hub, "GET", "locations/sender")
        return borne(answer.json()["data"])

    async def tariffs(self, emsp: OcpiPartner) -> dict[str, dict[str, Any]]:
        answer = await emsp.call(self.hub, "GET", "tariffs/sender")
        return {one["id"]: one for one in answer.json()["data"]}

    async def place(self, *evses: dict[str, Any], **changes: Any) -> None:
        body = location(evses=list(evses), operator={"name": "CPA"}, help_phone="+31301234567", **changes)
        answer = await self.cpa.call(self.hub, "PUT", "locations/receiver/NL/CPA/LOC1", body)
        assert answer.json()["status_code"] == 1000, answer.text

    async def price(self, **changes: Any) -> None:
        body = tariff(**changes)
        answer = await self.cpa.call(self.hub, "PUT", f"tariffs/receiver/NL/CPA/{body['id']}", body)
        assert answer.json()["status_code"] == 1000, answer.text

    async def agree_on(self, **changes: Any) -> None:
        agreed = tariff_from_ocpi(convert(tariff("AGREED", **changes), Tariff))
        held = await self.hub.storage.partners.by_party(agreed.owner, Role.CPO)
        assert held is not None
        await self.hub.storage.partners.update(replace(held, agreed_tariff=agreed))


def borne(places: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {
        one["evse_id"]: one["connectors"][0].get("tariff_ids", [])
        for place in places
        for one in place["evses"]
        if place["party_id"] == "ABC"
    }


def told(emsp: OcpiPartner, method: str = "PUT") -> dict[str, Received]:
    """The last that the eMSP was told of each tariff."""
    return {request.segments[-1]: request for request in emsp.seen(method, "tariffs")}


@pytest_asyncio.fixture
async def net() -> AsyncIterator[Net]:
    async with TestHub.open([OCPI, OICP], hotline="+49301234567") as hub:
        abc = await join(hub, cpo())
        await abc.push_data("fullLoad", record(E1), record(E2))
        dcb = await join(hub, emp())
        cpa = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        emb = await OcpiPartner("p2.test", ("EMSP", "DE", "EMB")).join(hub)
        emc = await OcpiPartner("p3.test", ("EMSP", "FR", "EMC")).join(hub)
        hub.clock.advance(1)
        yield Net(hub, abc, dcb, cpa, emb, emc)


@pytest.mark.spec("OICP-PRICE-02", "OICP-PRICE-11")
async def test_products_are_told_as_tariffs_and_the_places_bear_them(net: Net) -> None:
    await net.abc.push_products("fullLoad", product("AC3", "0.3333"))
    await net.abc.push_prices("fullLoad", evse_price(E1))
    await net.hub.relay()
    assert b'"price":0.3333' in told(net.emb)["AC3"].body
    assert told(net.emb)["AC3"].json["tax_included"] == "NO"
    places = net.emb.seen("PUT", "locations")
    assert borne([places[-1].json]) | borne([places[-2].json]) == {E1: ["AC3"], E2: [DEFAULT]}
    assert await net.borne(net.emc) == {E1: ["AC3"], E2: [DEFAULT]}
    assert set(await net.tariffs(net.emc)) == {"AC3", DEFAULT}


@pytest.mark.spec("OICP-PRICE-21", "OICP-PRICE-22", "OICP-SEC-14")
async def test_what_is_meant_for_one_emsp_is_seen_by_no_other(net: Net) -> None:
    await net.abc.push_products("fullLoad", product("AC3", "0.39"), product("DC", "0.59"))
    await net.abc.push_prices("fullLoad", evse_price(E1), evse_price(E2, "DC"), evse_price(E2, "AC3", to="DE-EMB"))
    await net.abc.push_products("fullLoad", product("AC3", "0.29"), ProviderID="DE-EMB")
    await net.hub.relay()
    own = "AC3@DEEMB"
    assert await net.borne(net.emc) == {E1: ["AC3"], E2: ["DC"]}
    assert await net.borne(net.emb) == {E1: [own], E2: [own]}
    assert await net.borne(net.emc) == {E1: ["AC3"], E2: ["DC"]}
    assert own in told(net.emb)
    assert own not in told(net.emc)
    assert own in await net.tariffs(net.emb)
    assert own not in await net.tariffs(net.emc)
    assert not any(b"DEEMB" in request.body for request in net.emc.received)
    [place] = [one for one in net.emb.seen("PUT", "locations") if E1.encode() in one.body][-1:]
    assert borne([place.json]) == {E1: [own]}
    location_id = place.json["id"]
    for emsp, seen in ((net.emb, own), (net.emc, "AC3")):
        one = await emsp.call(net.hub, "GET", f"locations/sender/{location_id}")
        assert borne([one.json()["data"]]) == {E1: [seen]}


@pytest.mark.spec("OICP-PRICE-21", "OICP-SEC-14")
async def test_an_operator_of_the_same_letters_is_not_that_emsp(net: Net) -> None:
    other = await OcpiPartner("p4.test", ("CPO", "DE", "OTH"), ("EMSP", "FR", "EMX")).join(net.hub)
    await net.abc.push_products("fullLoad", product("AC3", "0.29"), ProviderID="DE-OTH")
    await net.abc.push_prices("fullLoad", evse_price(E1, to="DE-OTH"))
    await net.hub.relay()
    assert not told(other)
    assert await net.tariffs(other) == {}
    assert await net.borne(other) == {E1: [], E2: []}


async def test_a_product_that_is_gone_is_taken_back(net: Net) -> None:
    await net.abc.push_products("fullLoad", product("AC3"), product("DC"))
    await net.abc.push_prices("fullLoad", evse_price(E1), evse_price(E2, "DC", "AC3"))
    await net.hub.relay()
    assert await net.borne(net.emb) == {E1: ["AC3"], E2: ["DC", "AC3"]}
    net.hub.clock.advance(1)
    await net.abc.push_products("delete", product("DC"))
    await net.hub.relay()
    assert set(told(net.emb, "DELETE")) == {"DC"}
    assert await net.borne(net.emb) == {E1: ["AC3"], E2: []}  # AC3 alone would be another offer
    assert "DC" not in await net.tariffs(net.emb)


async def test_a_price_that_ocpi_cannot_say_is_withheld_and_one_that_it_could_is_taken_back(net: Net) -> None:
    def fee(kind: str, amount: str) -> dict[str, Any]:
        reference = {"AdditionalReference": kind, "AdditionalReferenceUnit": "HOUR"}
        return {**reference, "PricePerAdditionalReferenceUnit": Decimal(amount)}

    odd = product("AC3", AdditionalReferences=[fee("FIXED FEE", "5"), fee("START FEE", "1")])
    await net.abc.push_products("fullLoad", odd, PricingDefaultPrice=0)
    await net.abc.push_prices("fullLoad", evse_price(E1))
    settled = await net.hub.relay()
    assert {one.part or one.key for one in settled if one.state == "WITHHELD"} == {"DEABC/AC3", "DEABC/~DEFAULT"}
    assert not told(net.emb)
    assert await net.borne(net.emb) == {E1: [], E2: []}  # a default price of zero is no price
    assert await net.tariffs(net.emb) == {}
    await net.abc.push_products("update", product("AC3"), PricingDefaultPrice=0)
    await net.hub.relay()
    assert set(told(net.emb)) == {"AC3"}
    assert await net.borne(net.emb) == {E1: ["AC3"], E2: []}
    await net.abc.push_products("update", odd, PricingDefaultPrice=0)
    await net.hub.relay()
    assert set(told(net.emb, "DELETE")) == {"AC3"}
    assert await net.borne(net.emb) == {E1: [], E2: []}
    [found] = await net.dcb.product_sets("DE*ABC")
    assert found["PricingProductDataRecords"] == [odd]


async def test_an_evse_that_comes_later_bears_its_price_at_once(net: Net) -> None:
    await net.abc.push_products("fullLoad", product("AC3"))
    await net.abc.push_prices("fullLoad", evse_price("DE*ABC*E3"))
    await net.hub.relay()
    net.hub.clock.advance(1)
    await net.abc.push_data("insert", record("DE*ABC*E3"))
    assert (await net.borne(net.emb))["DE*ABC*E3"] == ["AC3"]
    net.hub.clock.advance(1)
    await net.abc.push_data("update", record(E1, RenewableEnergy=False))
    assert (await net.borne(net.emb))[E1] == [DEFAULT]
    await net.abc.push_status("fullLoad", {E1: "Occupied"})
    assert (await net.borne(net.emb))[E1] == [DEFAULT]


async def test_times_of_the_week_and_units_become_those_of_ocpi(net: Net) -> None:
    times = [{"Periods": [{"begin": "22:00", "end": "06:00"}], "on": "Saturday"}]
    night = product("Nacht", "0.02", ReferenceUnit="MINUTE", IsValid24hours=False, ProductAvailabilityTimes=times)
    await net.abc.push_products("fullLoad", night)
    await net.hub.relay()
    elements = told(net.emb)["Nacht"].json["elements"]
    assert [one["price_components"] for one in elements] == [[{"type": "TIME", "price": 1.20, "step_size": 1}]] * 2
    assert [one["restrictions"] for one in elements] == [
        {"start_time": "22:00", "end_time": "00:00", "day_of_week": ["SATURDAY"]},
        {"start_time": "00:00", "end_time": "06:00", "day_of_week": ["SUNDAY"]},
    ]


# --- from OCPI to OICP


def priced(uid: str = "E1", *tariff_ids: str) -> dict[str, Any]:
    return evse(uid, connectors=[connector(max_electric_power=22000, tariff_ids=list(tariff_ids or ("T1",)))])


async def test_tariffs_are_offered_as_products(net: Net) -> None:
    day = {"start_time": "08:00", "end_time": "20:00"}
    energy = {"type": "ENERGY", "price": 0.60, "vat": 20, "step_size": 1}
    once = {"type": "FLAT", "price": 1.20, "vat": 20, "step_size": 1}
    await net.price(elements=[{"price_components": [energy, once], "restrictions": day}], tax_included="YES")
    await net.place(priced())
    [found] = await net.dcb.product_sets("NL*CPA")
    assert (found["OperatorID"], found["ProviderID"]) == ("NL*CPA", "*")
    [offered] = found["PricingProductDataRecords"]
    assert offered == {
        "ProductID": "T1",
        "ReferenceUnit": "KILOWATT_HOUR",
        "ProductPriceCurrency": "EUR",
        "PricePerReferenceUnit": Decimal("0.5"),
        "MaximumProductChargingPower": 22,
        "IsValid24hours": False,
        "ProductAvailabilityTimes": [{"Periods": [{"begin": "08:00", "end": "20:00"}], "on": "Everyday"}],
        "AdditionalReferences": [
            {
                "AdditionalReference": "START FEE",
                "AdditionalReferenceUnit": "KILOWATT_HOUR",
                "PricePerAdditionalReferenceUnit": 1,
            }
        ],
    }
    assert await net.dcb.prices("NL*CPA") == {"NL*CPA*EE1": ["T1"]}


async def test_a_price_that_changes_in_the_week_is_several_products(net: Net) -> None:
    night = {"restrictions": {"start_time": "20:00", "end_time": "08:00"}}
    cheap = {"price_components": [{"type": "ENERGY", "price": 0.20, "step_size": 1}], **night}
    dear = {"price_components": [{"type": "ENERGY", "price": 0.40, "step_size": 1}]}
    await net.price(elements=[cheap, dear])
    await net.place(priced())
    [found] = await net.dcb.product_sets("NL*CPA")
    said = {
        one["ProductID"]: (one["PricePerReferenceUnit"], one["ProductAvailabilityTimes"][0]["Periods"])
        for one in found["PricingProductDataRecords"]
    }
    assert said == {
        "T1#1": (Decimal("0.2"), [{"begin": "00:00", "end": "08:00"}, {"begin": "20:00", "end": "24:00"}]),
        "T1#2": (Decimal("0.4"), [{"begin": "08:00", "end": "20:00"}]),
    }
    assert await net.dcb.prices("NL*CPA") == {"NL*CPA*EE1": ["T1#1", "T1#2"]}


@pytest.mark.parametrize(
    "changes",
    [
        {"elements": [{**tariff()["elements"][0], "restrictions": {"max_power": 11}}]},
        {"elements": [{**tariff()["elements"][0], "restrictions": {"min_duration": 60}}]},
        {"elements": [{**tariff()["elements"][0], "restrictions": {"start_date": "2026-01-01"}}]},
        {"elements": [{**tariff()["elements"][0], "restrictions": {"reservation": "RESERVATION"}}]},
        {
            "elements": [
                {
                    "price_components": [
                        {"type": "ENERGY", "price": 0.2, "step_size": 1},
                        {"type": "TIME", "price": 1, "step_size": 1},
                    ]
                }
            ]
        },
        {"tax_included": "YES"},
        {"start_date_time": "2031-01-01T00:00:00Z"},
        {"end_date_time": "2020-01-01T00:00:00Z"},
    ],
)
async def test_a_price_that_oicp_cannot_say_is_not_offered(net: Net, changes: dict[str, Any]) -> None:
    await net.agree_on()
    await net.price(**changes)
    await net.price(tariff_id="T2")
    await net.place(priced("E1"), priced("E2", "T2"), priced("E3", "T1", "T2"))
    [found] = await net.dcb.product_sets("NL*CPA")
    assert [one["ProductID"] for one in found["PricingProductDataRecords"]] == ["T2"]
    assert await net.dcb.prices("NL*CPA") == {"NL*CPA*EE2": ["T2"]}
    noted = {path for what, source, target, path in net.hub.ledger.noted if (what, source, target) == NOTED}
    assert noted & {"elements", "tax_included", "starts_at", "ends_at"}


async def test_a_default_price_is_never_invented(net: Net) -> None:
    await net.price()
    await net.place(priced("E1"), evse("E2"))
    assert await net.dcb.product_sets("NL*CPA") == []
    assert await net.dcb.prices("NL*CPA") == {}
    await net.agree_on(elements=[{"price_components": [{"type": "TIME", "price": 3, "step_size": 1}]}])
    [found] = await net.dcb.product_sets("NL*CPA")
    assert (found["PricingDefaultPrice"], found["PricingDefaultReferenceUnit"]) == (3, "HOUR")
    assert await net.dcb.prices("NL*CPA") == {"NL*CPA*EE1": ["T1"]}


async def test_connectors_of_other_prices_are_no_price_of_the_evse(net: Net) -> None:
    await net.agree_on()
    await net.price()
    await net.price(tariff_id="T2")
    plugs = [connector(tariff_ids=["T1"]), connector(id="2", tariff_ids=["T2"])]
    await net.place(evse("E1", connectors=plugs))
    assert await net.dcb.prices("NL*CPA") == {}


@pytest.mark.spec("OICP-PRICE-25")
async def test_tariffs_since_the_last_call(net: Net) -> None:
    """By the time at which the hub got them, whatever their operator says."""
    await net.price()
    await net.price(tariff_id="T2")
    await net.place(priced("E1", "T1", "T2"))
    net.hub.clock.advance(60)
    then = net.hub.clock.now().isoformat()
    assert await net.dcb.product_sets("NL*CPA", LastCall=then) == []
    await net.price(tariff_id="T2", currency="CHF", last_updated="2026-01-15T12:00:01Z")
    [found] = await net.dcb.product_sets("NL*CPA", LastCall=then)
    assert [one["ProductID"] for one in found["PricingProductDataRecords"]] == ["T2"]


# --- what a session cost


async def billed(net: Net, product_id: str | None = None) -> dict[str, Any] | None:
    """The CDR of a charging process of the OCPI eMSP's at the OICP operator's E1, as the eMSP gets it."""
    card = "04A2B3C4D5E6F7"
    info = {"allowed": "ALLOWED", "token": token(card), "authorization_reference": "ref-1"}
    net.emb.answers["POST", "tokens"] = (200, envelope(info), {})
    answer = await net.abc.start(rfid(card), EvseID=E1)
    members = {"Identification": rfid(card)} | ({"PartnerProductID": product_id} if product_id else {})
    assert code(await net.abc.cdr(answer.json()["SessionID"], **members)) == (200, "000")
    await net.hub.settle()
    return net.emb.seen("POST", "cdrs")[-1].json if net.emb.seen("POST", "cdrs") else None


@pytest.mark.parametrize(
    ("product_id", "cost"),
    [(None, 2.94), ("DC", 10.12), ("NIX", None)],  # 10.123 kWh at the eMSP's own 0.29, and at 1.00 for everybody
)
async def test_a_cdr_without_a_price_costs_what_the_operator_had_told(
    net: Net, product_id: str | None, cost: float | None
) -> None:
    net.hub.clock.set(BEFORE)
    await net.abc.push_products("fullLoad", product("AC3", "0.39"), product("DC", "1"))
    await net.abc.push_products("fullLoad", product("AC3", "0.29"), ProviderID="DE-EMB")
    await net.abc.push_prices("fullLoad", evse_price(E1))
    net.hub.clock.set(AFTER)
    await net.abc.push_products("update", product("AC3", "0.99"), product("DC", "9"))
    await net.abc.push_products("update", product("AC3", "0.98"), ProviderID="DE-EMB")
    told = await billed(net, product_id)
    if cost is None:
        assert told is None
        [settlement] = net.hub.storage.cdrs.held.values()
        assert settlement.state == "WAITING"
        return
    assert told is not None
    assert (told["total_cost"], told["currency"]) == ({"before_taxes": cost}, "EUR")
    [settlement] = net.hub.storage.cdrs.held.values()
    assert any(loss.path == "$.total_cost" and loss.kind == "ASSUMED" for loss in settlement.losses)


async def test_a_price_that_came_after_the_session_began_is_not_its_price(net: Net) -> None:
    net.hub.clock.set(AFTER)
    await net.abc.push_products("fullLoad", product("AC3"))
    await net.abc.push_prices("fullLoad", evse_price(E1))
    assert await billed(net) is None
