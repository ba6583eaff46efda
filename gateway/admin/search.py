"""Looking for stations, for the hub's own users: what is near a place, of whom, free, with which plug and power."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

from litestar import Controller, get
from litestar.params import Parameter
from msgspec import Struct

from core.errors import Invalid
from core.model.ids import PartyId
from core.model.location import Connector, Evse, EvseStatus, Location, Station, StationQuery
from core.model.quantities import Coordinates
from gateway.admin.views import Limit, Offset, PageView
from gateway.wiring import Assembled

Radius = Annotated[int, Parameter(ge=1, le=200_000)]
Power = Annotated[int | None, Parameter(ge=1, le=10**9)]
Word = Annotated[str | None, Parameter(max_length=64)]


class PlugView(Struct, frozen=True):
    """`power_w` as the operator said it, else computed; null where neither is possible."""

    id: str
    standard: str
    format: str
    power_type: str
    power_w: int | None


class PointView(Struct, frozen=True):
    """One EVSE."""

    uid: str
    evse_id: str | None
    status: str
    connectors: list[PlugView]


class StationView(Struct, frozen=True):
    """`latitude` and `longitude` as their operator wrote them; `distance_m` from the place that was named, as the crow
    flies. `evses`: those that were looked for."""

    owner: str
    id: str
    name: str | None
    operator: str | None
    address: str
    city: str
    country: str
    latitude: str
    longitude: str
    distance_m: int | None
    evses: list[PointView]
    updated_at: datetime


class StationController(Controller):
    path = "/stations"
    tags = ("stations",)

    @get("/", summary="Stations near a place, or of an operator; nearest first")
    async def search(
        self,
        assembly: Assembled,
        near: Word = None,
        radius_m: Radius = 1000,
        operator: Word = None,
        status: list[EvseStatus] | None = None,
        standard: Word = None,
        min_power_w: Power = None,
        offset: Offset = 0,
        limit: Limit = 50,
    ) -> PageView:
        """`near=52.0895,5.1104` (latitude, longitude), `operator=NL*CPA`, `status` once or more, `standard` as OCPI
        names it. Status, standard and power are those of one EVSE."""
        query = StationQuery(
            near=place(near),
            radius_m=radius_m,
            operator=PartyId.parse(operator, "$.operator") if operator else None,
            statuses=tuple(status or ()),
            standard=standard,
            min_power_w=min_power_w,
            offset=offset,
            limit=limit,
        )
        found, total = await assembly.hub.locations.search(query)
        return PageView(total, offset, limit, [station_view(one, query) for one in found])


def place(text: str | None) -> Coordinates | None:
    """Raises Invalid for what is no place on the globe."""
    if not text:
        return None
    try:
        latitude, longitude = map(Decimal, text.split(","))
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            return Coordinates(latitude=latitude, longitude=longitude)
    except (ValueError, InvalidOperation):
        pass
    raise Invalid("$.near", "latitude and longitude in degrees are expected, such as 52.0895,5.1104")


def station_view(found: Station, query: StationQuery) -> StationView:
    location = found.location
    return StationView(
        owner=location.owner.key,
        id=location.id,
        name=location.name,
        operator=_operator(location),
        address=location.address,
        city=location.city,
        country=location.country,
        latitude=str(location.coordinates.latitude),
        longitude=str(location.coordinates.longitude),
        distance_m=found.distance_m,
        evses=[_point(evse) for evse in location.evses if query.fits(evse)],
        updated_at=location.updated_at,
    )


def _operator(location: Location) -> str | None:
    return location.operator.name if location.operator else None


def _point(evse: Evse) -> PointView:
    evse_id = evse.evse_id.iso if evse.evse_id else None
    return PointView(evse.uid, evse_id, evse.status.value, [_plug(connector) for connector in evse.connectors])


def _plug(connector: Connector) -> PlugView:
    return PlugView(
        connector.id, connector.standard, connector.format.value, connector.power_type.value, connector.power_w
    )
