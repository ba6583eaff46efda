"""Looking for stations: what stands in the documents of locations for that alone, and the questions.

The coordinates of a location are exact text. `point` repeats them as doubles, because that is what an index on the
sphere knows: it finds, and measures distances, to within centimetres, and nothing is ever read back from it. `watts` of
a connector is its power, said or computed; 0 if it is not known.
"""

from typing import Any, Final

from core.model.location import EvseStatus, StationQuery
from core.model.quantities import Coordinates
from gateway.storage.documents import Document

RETIRED: Final = "-"
"""Before the owner's key: of a location that it no longer has. Sorts before every key."""
STANDING: Final[Document] = {"owner": {"$gt": RETIRED + "~"}}
MOST_WATTS: Final = 2**53
EARTH_M: Final = 6_378_100
"""The radius of the earth that the server reckons with."""


def point_of(coordinates: Coordinates) -> Document:
    """Nothing for what is not on the globe: such a location is found by other things than its place."""
    if abs(coordinates.latitude) > 90 or abs(coordinates.longitude) > 180:
        return {}
    return {"point": _point(coordinates)}


def wanted_stations(query: StationQuery) -> Document:
    """All that does not concern the place."""
    wanted: Document = {"owner": query.operator.key} if query.operator else dict(STANDING)
    if query.of_evses:
        wanted["doc.evses"] = {"$elemMatch": _evse(query)}
    return wanted


def within(query: StationQuery) -> Document:
    if query.near is None:
        return {}
    circle = [_point(query.near)["coordinates"], query.radius_m / EARTH_M]
    return {"point": {"$geoWithin": {"$centerSphere": circle}}}


def wanted_page(query: StationQuery) -> list[Document]:
    found: list[Document] = [{"$match": wanted_stations(query)}, {"$sort": {"_id": 1}}]
    if query.near is not None:
        near = {
            "near": _point(query.near),
            "key": "point",
            "distanceField": "distance",
            "maxDistance": query.radius_m,
            "spherical": True,
            "query": wanted_stations(query),
        }
        found = [{"$geoNear": near}, {"$sort": {"distance": 1, "_id": 1}}]
    return [*found, {"$skip": query.offset}, {"$limit": query.limit}, {"$project": {"doc": 1, "distance": 1}}]


def _evse(query: StationQuery) -> Document:
    statuses = {"$in": [status.value for status in query.statuses]}
    wanted: Document = {"status": statuses if query.statuses else {"$ne": EvseStatus.REMOVED.value}}
    plug: Document = {}
    if query.standard:
        plug["standard"] = query.standard
    if query.min_power_w:
        plug["watts"] = {"$gte": query.min_power_w}
    return wanted | ({"connectors": {"$elemMatch": plug}} if plug else {})


def _point(coordinates: Coordinates) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [float(coordinates.longitude), float(coordinates.latitude)]}
