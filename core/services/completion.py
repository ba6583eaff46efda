"""What a CDR lacks for another protocol and the hub knows: place, card, periods, price.

Each is a reported assumption; what was said is never touched.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

import msgspec

from core.errors import Unsupported
from core.model.authorisation import Answered, Journey
from core.model.cdr import Cdr
from core.model.location import Location
from core.model.loss import Loss, LossKind
from core.model.partner import Role
from core.model.session import CdrToken, ChargingPeriod, Dimension
from core.model.tariff import Tariff
from core.ports.registry import PartnerStore
from core.ports.stores import LocationStore, SessionStore, TokenStore
from core.pricing import Consumption, price
from core.services.cards import billed_card
from core.services.cdr_journeys import id_by_cdr
from core.services.prices import PriceService
from core.services.sessions import auth_method_of

T = TypeVar("T", bound=msgspec.Struct)
_RESERVED: Final = "RESERVATION_TIME"


class CdrCompletion:
    def __init__(
        self,
        *,
        locations: LocationStore,
        tokens: TokenStore,
        sessions: SessionStore,
        partners: PartnerStore,
        prices: PriceService,
    ) -> None:
        self._locations = locations
        self._tokens = tokens
        self._sessions = sessions
        self._partners = partners
        self._prices = prices

    async def completed(self, cdr: Cdr, journey: Journey | None) -> tuple[Cdr, tuple[Loss, ...]]:
        """The CDR as one of another protocol can be made of it, and what was assumed for that."""
        place = await self.place(cdr)
        completed, assumed = completed_from_place(cdr, place)
        card = await billed_card(self._tokens, completed.token)
        completed, more = _filled(completed, {"token": card}, "the card that the operator names by its hash")
        assumed += more
        if journey:
            completed, more = await self._from_journey(completed, journey)
            assumed += (*more, *_made_id(cdr, journey))
        tariff = await self._tariff(completed)
        if journey is None or journey.reservation_id is None or completed.total_energy_kwh:
            completed, more = completed_price(completed, tariff)
        else:
            completed, more = completed_reservation(completed, tariff)
        return completed, assumed + more

    async def _tariff(self, cdr: Cdr) -> Tariff | None:
        """The one that was agreed on, else the price that the operator had told when it began."""
        operator = await self._partners.by_party(cdr.owner, Role.CPO)
        if operator is not None and operator.agreed_tariff is not None:
            return operator.agreed_tariff
        if cdr.total_cost is not None or cdr.location.evse_id is None:
            return None
        tariff = await self._prices.charged(
            cdr.owner, cdr.location.evse_id, cdr.token.issuer, cdr.product_id, cdr.started_at
        )
        return tariff if tariff is not None and tariff.elements else None

    async def _from_journey(self, cdr: Cdr, journey: Journey) -> tuple[Cdr, tuple[Loss, ...]]:
        token = await self._tokens.get(journey.issuer, cdr.token.kind, cdr.token.uid or journey.uid)
        contract = cdr.token.contract_id or journey.contract_id or (token.contract_id if token else None)
        known = journey.operator_session_id
        session = await self._sessions.get(cdr.owner, known) if known else None
        ours = await self._sessions.get(cdr.owner, journey.id)
        said = _as_started(cdr.token, journey)
        changes = {
            "authorization_reference": cdr.authorization_reference or journey.reference,
            "session_id": ours.id if ours else cdr.session_id or (session.id if session else None),
            "auth_method": cdr.auth_method or auth_method_of(journey),
            "token": msgspec.structs.replace(
                said,
                issuer=said.issuer or journey.issuer,
                uid=said.uid or journey.uid,
                contract_id=contract,
            ),
        }
        return _filled(cdr, changes, "from the authorisation that began the journey")

    async def place(self, cdr: Cdr) -> Location | None:
        """Our copy of where it happened."""
        if cdr.location.id:
            return await self._locations.get(cdr.owner, cdr.location.id)
        return await self._locations.by_evse_id(cdr.location.evse_id) if cdr.location.evse_id else None


def completed_from_place(cdr: Cdr, place: Location | None) -> tuple[Cdr, tuple[Loss, ...]]:
    """Address and connector from our copy of the location, where the CDR does not say them."""
    if place is None:
        return cdr, ()
    said = cdr.location
    evse = next(
        (evse for evse in place.evses if evse.uid == said.evse_uid or (evse.evse_id and evse.evse_id == said.evse_id)),
        None,
    )
    connectors = evse.connectors if evse else ()
    connector = next((held for held in connectors if held.id == said.connector_id), next(iter(connectors), None))
    changes = {
        "id": said.id or place.id,
        "name": said.name or place.name,
        "address": said.address or place.address,
        "city": said.city or place.city,
        "postal_code": said.postal_code or place.postal_code,
        "country": said.country or place.country,
        "coordinates": said.coordinates or place.coordinates,
        "evse_uid": said.evse_uid or (evse.uid if evse else None),
        "evse_id": said.evse_id or (evse.evse_id if evse else None),
        "connector_id": said.connector_id or (connector.id if connector else None),
        "connector_standard": said.connector_standard or (connector.standard if connector else None),
        "connector_format": said.connector_format or (connector.format if connector else None),
        "connector_power_type": said.connector_power_type or (connector.power_type if connector else None),
    }
    location, losses = _filled(said, changes, "from the hub's copy of the location", "location.")
    return msgspec.structs.replace(cdr, location=location), losses


def completed_price(cdr: Cdr, tariff: Tariff | None) -> tuple[Cdr, tuple[Loss, ...]]:
    """Periods, times and cost for a CDR whose protocol carries none: by the operator's tariff.

    Without a tariff the cost stays unsaid: an absent price is not zero."""
    begun, ended = cdr.charging_started_at or cdr.started_at, cdr.charging_ended_at or cdr.ended_at
    charging_h = _hours(begun, ended)
    parking_h = max(_hours(cdr.started_at, cdr.ended_at) - charging_h, Decimal(0))
    changes: dict[str, object] = {"total_time_h": cdr.total_time_h}
    if cdr.total_time_h is None:
        changes["total_time_h"] = charging_h + parking_h
        changes["total_parking_time_h"] = parking_h
    if not cdr.periods:
        dimensions = _dimensions(cdr.total_energy_kwh, charging_h, parking_h)
        period = ChargingPeriod(started_at=begun, dimensions=dimensions, tariff_id=tariff.id if tariff else None)
        changes["periods"] = (period,)
    consumed = Consumption(energy_kwh=cdr.total_energy_kwh, charging_h=charging_h, parking_h=parking_h)
    return _filled(cdr, changes | _cost(cdr, tariff, consumed), "computed from totals and the operator's tariff")


def completed_reservation(cdr: Cdr, tariff: Tariff | None) -> tuple[Cdr, tuple[Loss, ...]]:
    """As `completed_price`, of the CDR that an operator owes for a mere reservation: where its protocol has no word for
    that, what reads as charging and parking was none."""
    reserved_h = _hours(cdr.started_at, cdr.ended_at)
    changes: dict[str, object] = {}
    if not any(held.type == _RESERVED for period in cdr.periods for held in period.dimensions):
        dimensions = (Dimension(type=_RESERVED, volume=reserved_h),)
        period = ChargingPeriod(
            started_at=cdr.started_at, dimensions=dimensions, tariff_id=tariff.id if tariff else None
        )
        changes = {"periods": (period,), "total_time_h": Decimal(0), "total_parking_time_h": None}
    consumed = Consumption(energy_kwh=cdr.total_energy_kwh, charging_h=Decimal(0), reserved_h=reserved_h)
    return _filled(cdr, changes | _cost(cdr, tariff, consumed), "the CDR of a reservation")


def _cost(cdr: Cdr, tariff: Tariff | None, consumed: Consumption) -> dict[str, object]:
    if cdr.total_cost is not None or tariff is None:
        return {}
    try:
        cost = price(tariff, consumed)
    except Unsupported:
        return {}
    return {
        "currency": tariff.currency,
        "tariffs": (tariff,),
        "total_cost": cost.total,
        "total_fixed_cost": cost.fixed,
        "total_energy_cost": cost.energy,
        "total_time_cost": cost.time,
        "total_parking_cost": cost.parking,
        "total_reservation_cost": cost.reservation,
    }


def _dimensions(energy_kwh: Decimal | None, charging_h: Decimal, parking_h: Decimal) -> tuple[Dimension, ...]:
    """Of the whole stay; what is not known is not there."""
    volumes = {"ENERGY": energy_kwh, "TIME": charging_h, "PARKING_TIME": parking_h or None}
    return tuple(Dimension(type=type, volume=volume) for type, volume in volumes.items() if volume is not None)


def _hours(start: datetime, end: datetime) -> Decimal:
    """Exact to the fourth decimal, the precision of OCPI's numbers."""
    delta = end - start
    seconds = Decimal(delta.days * 86400 + delta.seconds) + Decimal(delta.microseconds) / 1_000_000
    return (seconds / 3600).quantize(Decimal("0.0001")).normalize() + 0


def _made_id(cdr: Cdr, journey: Journey) -> tuple[Loss, ...]:
    """That the hub gave a session its id after the event."""
    if journey.id != id_by_cdr(cdr):
        return ()
    why = "made by the hub: the operator went by a list and asked nobody"
    return (Loss(path="$.journey_id", reason=why, value=journey.id, kind=LossKind.ASSUMED),)


def _as_started(token: CdrToken, journey: Journey) -> CdrToken:
    """A remote start may have named the contract alone: then its issuer knows the token by the uid that it started."""
    by_contract = token.uid is None or (token.contract_id is not None and token.uid.text == token.contract_id.text)
    if journey.answered_by is not Answered.COMMAND or not by_contract or token.contract_id != journey.contract_id:
        return token
    return msgspec.structs.replace(token, uid=journey.uid, kind=journey.kind)


def _filled(held: T, changes: Mapping[str, object], reason: str, prefix: str = "") -> tuple[T, tuple[Loss, ...]]:
    """The struct with what was missing, and one ASSUMED entry for each member that was."""
    fresh = {name: value for name, value in changes.items() if getattr(held, name) != value}
    assumed = tuple(
        Loss(path=f"$.{prefix}{name}", reason=reason, value=msgspec.to_builtins(value), kind=LossKind.ASSUMED)
        for name, value in fresh.items()
    )
    return (msgspec.structs.replace(held, **fresh) if fresh else held), assumed
