"""All indexes. Making one that exists is free, so every start makes them all."""

from pymongo import IndexModel

from core.model.delivery import DeliveryState
from gateway.storage.database import Database, translated
from gateway.storage.documents import FREE

_PENDING = {"state": DeliveryState.PENDING.value}
_EXPIRY = IndexModel([("expires", 1)], expireAfterSeconds=0)
_BY_CREATION = IndexModel([("created", 1), ("_id", 1), ("rev", 1), ("owner", 1), ("doc.updated_at", 1)])
_BY_TIME = IndexModel([("doc.updated_at", 1), ("_id", 1), ("rev", 1), ("owner", 1), ("created", 1)])
"""These two answer page keys and counts alone: the first those of everything, the second those of a short time."""
_BY_OWNER = IndexModel([("owner", 1), ("created", 1), ("_id", 1)])
_BY_OWNER_AND_TIME = IndexModel([("owner", 1), ("doc.updated_at", 1)])

INDEXES: dict[str, list[IndexModel]] = {
    "locations": [
        _BY_CREATION,
        _BY_TIME,
        IndexModel([("owner", 1)]),
        IndexModel([("doc.evses.evse_id.key", 1)]),
        IndexModel([("point", "2dsphere")]),
    ],
    "tokens": [
        _BY_CREATION,
        _BY_TIME,
        _BY_OWNER,
        IndexModel([("marks", 1)]),
        IndexModel([("contract", 1)], sparse=True),
        IndexModel([("rev", 1)]),
    ],
    "sessions": [
        _BY_CREATION,
        _BY_TIME,
        _BY_OWNER,
        _BY_OWNER_AND_TIME,
        IndexModel([("issuer", 1), ("created", 1), ("_id", 1)]),
        IndexModel([("issuer", 1), ("doc.updated_at", 1)]),
    ],
    "tariffs": [_BY_CREATION, _BY_TIME, _BY_OWNER],
    "evse_prices": [IndexModel([("owner", 1), ("_id", 1)]), IndexModel([("evse", 1)])],
    "price_versions": [IndexModel([("of", 1), ("owner", 1), ("key", 1), ("at", -1)])],
    "cdrs": [
        IndexModel([("way.accepted_at", 1), ("_id", 1)]),
        IndexModel([("owner", 1), ("way.accepted_at", 1), ("_id", 1)]),
        IndexModel([("recipient", 1), ("way.accepted_at", 1), ("_id", 1)]),
        IndexModel([("state", 1), ("way.accepted_at", 1), ("_id", 1)]),
        IndexModel([("owner", 1), ("cdr.updated_at", 1)]),
        IndexModel([("recipient", 1), ("cdr.updated_at", 1)]),
    ],
    "journeys": [
        IndexModel([("operator_session", 1), ("created", -1)], sparse=True),
        IndexModel(
            [("issuer_session", 1), ("created", -1)], partialFilterExpression={"issuer_session": {"$exists": True}}
        ),
        IndexModel([("reference", 1), ("created", -1)], partialFilterExpression={"reference": {"$exists": True}}),
        IndexModel([("card", 1), ("created", -1), ("_id", -1)]),
        IndexModel([("reservation", 1), ("created", -1), ("_id", -1)], sparse=True),
        IndexModel([("created", -1), ("_id", -1)]),
        IndexModel([("doc.operator_partner", 1), ("created", -1), ("_id", -1)]),
        IndexModel([("doc.issuer_partner", 1), ("created", -1), ("_id", -1)]),
        IndexModel([("doc.contract_id.key", 1), ("created", -1), ("_id", -1)], sparse=True),
    ],
    "commands": [IndexModel([("journey", 1), ("began", 1), ("_id", 1)], sparse=True)],
    "aliases": [
        IndexModel([("subject", 1), ("expires", -1)], partialFilterExpression={"subject": {"$exists": True}}),
        _EXPIRY,
    ],
    "names": [IndexModel([("ours", 1)], unique=True)],
    "feeds": [IndexModel([("partner", 1)])],
    "copies": [IndexModel([("partner", 1), ("of", 1)])],
    "records": [
        IndexModel([("kind", 1), ("names", 1), ("owner", 1)]),
        IndexModel([("kind", 1), ("reader", 1), ("owner", 1)]),
    ],
    "partners": [IndexModel([("claims", 1)], unique=True, sparse=True)],
    "sightings": [],
    "credentials": [IndexModel([("hash", 1)], unique=True, sparse=True), IndexModel([("partner", 1)])],
    "events": [],
    "deliveries": [
        IndexModel([("state", 1), ("partner", 1), ("due", 1), ("_id", 1), ("lease", 1)]),
        IndexModel([("slot", 1)], partialFilterExpression=_PENDING),
        IndexModel([("lease", 1), ("slot", 1)], partialFilterExpression={"lease": {"$gt": FREE}}),
        IndexModel([("state", 1), ("created", -1), ("_id", -1)]),
        IndexModel([("partner", 1), ("created", -1), ("_id", -1)]),
        _EXPIRY,
    ],
    "staged": [IndexModel([("push", 1), ("_id", 1)])],
    "pushes": [],
    "versions": [
        IndexModel([("set", 1), ("until", 1), ("key", 1)]),
        IndexModel([("set", 1), ("key", 1), ("at", -1)]),
        _EXPIRY,
    ],
    "marks": [_EXPIRY],
    "journal": [
        IndexModel([("at", -1), ("_id", -1)]),
        IndexModel([("partner", 1), ("at", -1), ("_id", -1)]),
        IndexModel([("doc.correlation_id", 1), ("at", -1)], sparse=True),
        _EXPIRY,
    ],
}


async def create_indexes(database: Database) -> None:
    """Creates the collections as well: a transaction then never has to."""
    await _create(database)
    await _date(database)


async def _date(database: Database) -> None:
    """What was written before there was an order of creation: when it was written last is all that is known. The index
    by creation tells at every start that there is none of it."""
    with translated(writes=True):
        for name in ("tokens", "sessions", "tariffs"):
            await database[name].update_many({"created": None}, [{"$set": {"created": "$rev"}}])


async def _create(database: Database) -> None:
    with translated(writes=False):
        for name, indexes in INDEXES.items():
            if indexes:
                await database[name].create_indexes(indexes)
            else:
                await database.create(name)
