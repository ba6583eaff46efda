"""Visits as OCHP 1.4 CDRInfo, and bills out of them. Source: OCHP 1.4, types/array-types.xsd, CdrPeriodType.

Amounts are before taxes; a tax is said by its rate.
"""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from core.model.ids import PartyId
from gateway.simulator.ochp.cards import emt_id
from gateway.simulator.ochp.points import address, connector, current, ratings
from gateway.simulator.ochp.xml import Element, all_of, element, leaf, local_moment, optional_text, text_of, wrapped
from gateway.simulator.roles import Bill
from gateway.simulator.stations import stable
from gateway.simulator.visits import CENT, VAT, Price, Visit


def cdr_id(operator: PartyId, visit_id: str) -> str:
    """Begins with the operator and has 36 characters at most, too few for ours: made of it, always the same."""
    return operator.key + stable(visit_id)[:31].upper()


def record(operator: PartyId, visit: Visit, contract_id: str, price: Price) -> Element:
    """With one item on the bill: the energy."""
    point, outlet = visit.point, visit.point.outlets[0]
    net = price.net(visit.energy_kwh)
    return element(
        "cdrInfoArray",
        leaf("CdrId", cdr_id(operator, visit.id)),
        leaf("evseId", point.evse_id),
        emt_id("emtId", visit.card.uid),
        leaf("contractId", contract_id),
        wrapped("status", "CdrStatusType", "new"),
        *_span(visit),
        leaf("duration", duration(visit.ended_at - visit.started_at)),
        address(point),
        leaf("chargePointType", current(outlet)),
        connector("connectorType", outlet),
        ratings(outlet.power_kw),
        _energy_item(visit, price.per_kwh, net),
        leaf("totalCost", net),
        leaf("currency", "EUR"),
    )


def _energy_item(visit: Visit, per_kwh: Decimal, net: Decimal) -> Element:
    return element(
        "chargingPeriods",
        *_span(visit),
        wrapped("billingItem", "BillingItemType", "energy"),
        leaf("billingValue", visit.energy_kwh),
        leaf("itemPrice", per_kwh),
        leaf("periodCost", net),
        leaf("taxrate", int(VAT)),
    )


def _span(visit: Visit) -> tuple[Element, Element]:
    zone = visit.point.time_zone
    return (
        local_moment("startDateTime", visit.started_at, zone),
        local_moment("endDateTime", visit.ended_at, zone),
    )


def duration(length: timedelta) -> str:
    """Three digits of hours."""
    seconds = int(length.total_seconds())
    return f"{seconds // 3600:03}:{seconds // 60 % 60:02}:{seconds % 60:02}"


# --- as its provider reads it


def bill(cdr: Element) -> Bill:
    items = all_of(cdr, "chargingPeriods")
    energy = [Decimal(text_of(item, "billingValue")) for item in items if _kind(item) == "energy"]
    return Bill(
        evse_id=text_of(cdr, "evseId"),
        started_at=datetime.fromisoformat(text_of(cdr, "startDateTime/LocalDateTime")),
        ended_at=datetime.fromisoformat(text_of(cdr, "endDateTime/LocalDateTime")),
        energy_kwh=sum(energy, Decimal(0)) if energy else None,
        card_uid=text_of(cdr, "emtId/instance").upper(),
        net=_net(cdr, items),
        tax=_tax(items),
    )


def _kind(item: Element) -> str:
    return text_of(item, "billingItem/BillingItemType")


def _net(cdr: Element, items: list[Element]) -> Decimal:
    total = optional_text(cdr, "totalCost")
    return sum(map(_cost, items), Decimal(0)) if total is None else Decimal(total)


def _tax(items: list[Element]) -> Decimal | None:
    """To the cent, a sum for each rate; None unless every item has one."""
    nets: dict[str, Decimal] = {}
    for item in items:
        rate = optional_text(item, "taxrate")
        if rate is None:
            return None
        nets[rate] = nets.get(rate, Decimal(0)) + _cost(item)
    taxes = [(net * Decimal(rate) / 100).quantize(CENT, ROUND_HALF_UP) for rate, net in nets.items()]
    return sum(taxes, Decimal(0))


def _cost(item: Element) -> Decimal:
    said = optional_text(item, "periodCost")
    if said is not None:
        return Decimal(said)
    return Decimal(text_of(item, "billingValue")) * Decimal(text_of(item, "itemPrice"))
