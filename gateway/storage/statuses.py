"""Statuses in the documents of locations: how they are written, and how they outlive data that were on their way."""

from collections.abc import Sequence
from typing import Final

from pymongo import UpdateOne

from core.model.location import EvseStatus
from gateway.storage.documents import Document

TOLD: Final = ("status", "status_until", "updated_at")
"""What makes a status another one."""


def with_later_statuses(document: Document, held: Sequence[Document]) -> Document:
    """The location, and the EVSEs of it as they are held now. What is gone by the push stays gone."""
    there = {evse["key"]: evse for evse in held}
    evses = [_later(evse, there.get(evse["key"])) for evse in document["doc"].get("evses", ())]
    newest = max([document["doc"]["updated_at"], *(evse["updated_at"] for evse in evses)])
    return document | {"doc": document["doc"] | {"evses": evses, "updated_at": newest}} if evses else document


def _later(evse: Document, held: Document | None) -> Document:
    gone = evse["status"] == EvseStatus.REMOVED.value
    if held is None or gone or held["updated_at"] <= evse["updated_at"]:
        return evse
    told = {name: held[name] for name in TOLD if name in held}
    extensions = held.get("extensions", {}) | evse.get("extensions", {})
    return {name: value for name, value in evse.items() if name not in TOLD} | told | {"extensions": extensions}


def update_of(key: str, places: dict[int, dict[str, str | None]], revision: int) -> UpdateOne:
    """The places hold for certain: the transaction sees one snapshot, and a write in between would undo it."""
    written: Document = {}
    cleared: dict[str, str] = {}
    for index, values in places.items():
        for name, value in values.items():
            if value is None:
                cleared[f"doc.evses.{index}.{name}"] = ""
            else:
                written[f"doc.evses.{index}.{name}"] = value
    newest = max(values["updated_at"] or "" for values in places.values())
    update: Document = {"$set": written | {"rev": revision}, "$max": {"doc.updated_at": newest}}
    return UpdateOne({"_id": key}, update | ({"$unset": cleared} if cleared else {}))
