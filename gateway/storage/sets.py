"""Sets that are kept by version: one document an entry's content, with its beginning and its end."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from core.model.version import Version, by_entry
from gateway.storage.database import Database, Session, translated
from gateway.storage.documents import Document, expiry, moment, stamp

OPEN: Final = "9999"
"""The end of what has none; sorts after every time."""
_SHOWN: Final = {"set": 1, "key": 1, "at": 1, "content": 1, "until": 1}


class VersionWriter:
    """The stores' way into the sets, within their own transaction."""

    def __init__(self, database: Database) -> None:
        self._collection = database["versions"]

    async def write(self, versions: Iterable[Version], session: Session) -> None:
        """In three commands, however many they are."""
        entries = list(by_entry(versions).values())
        documents = [document for of_one in entries for document in _documents(of_one)]
        for (name, at, kept), keys in _endings(entries).items():
            here = {"set": name, "key": {"$in": keys}, "until": OPEN, "at": {"$lt": stamp(at)}}
            ended = {"until": stamp(at), "expires": expiry(at, kept)}
            await self._collection.update_many(here, {"$set": ended}, session=session)
        if documents:
            same = {"_id": {"$in": [document["_id"] for document in documents]}}
            await self._collection.delete_many(same, session=session)
            await self._collection.insert_many(documents, session=session)


class MongoSets:
    def __init__(self, database: Database, writer: VersionWriter) -> None:
        self._database = database
        self._collection = database["versions"]
        self._writer = writer

    async def write(self, versions: Sequence[Version]) -> None:
        async def work(session: Session) -> None:
            await self._writer.write(versions, session)

        await self._database.transaction(work)

    async def entries(
        self, names: Sequence[str], *, at: datetime | None = None, keys: Sequence[str] | None = None, limit: int = 0
    ) -> list[Version]:
        wanted: Document = {"set": {"$in": list(names)}}
        if at is None:
            wanted["until"] = OPEN
        else:
            wanted |= {"until": {"$gt": stamp(at)}, "at": {"$lte": stamp(at)}}
        if keys is not None:
            wanted["key"] = {"$in": list(keys)}
        with translated(writes=False):
            cursor = self._collection.find(wanted, _SHOWN).sort([("set", 1), ("key", 1)]).limit(limit)
            return [_version(document) for document in await cursor.to_list()]

    async def history(self, name: str, key: str, *, limit: int) -> list[Version]:
        with translated(writes=False):
            cursor = self._collection.find({"set": name, "key": key}, _SHOWN).sort("at", -1).limit(limit)
            found = await cursor.to_list()
        versions: list[Version] = []
        for document in found:
            end = document["until"]
            if end != OPEN and (not versions or versions[-1].at != moment(end)):
                versions.append(Version(set=name, key=key, at=moment(end)))
            versions.append(_version(document))
        return versions[:limit]


def _endings(entries: Sequence[list[Version]]) -> dict[tuple[str, datetime, timedelta], list[str]]:
    """What ends, by set and instant: most often all of a push at once."""
    endings: dict[tuple[str, datetime, timedelta], list[str]] = {}
    for first, *_ in entries:
        endings.setdefault((first.set, first.at, first.kept), []).append(first.key)
    return endings


def _documents(of_one: list[Version]) -> Iterator[Document]:
    ends = [*(version.at for version in of_one[1:]), None]
    for version, end in zip(of_one, ends, strict=True):
        if version.content is None:
            continue
        document: Document = {
            "_id": f"{version.set}/{version.key}@{stamp(version.at)}",
            "set": version.set,
            "key": version.key,
            "at": stamp(version.at),
            "until": OPEN if end is None else stamp(end),
            "content": version.content,
        }
        yield document if end is None else document | {"expires": expiry(end, version.kept)}


def _version(document: Document) -> Version:
    return Version(set=document["set"], key=document["key"], at=moment(document["at"]), content=document["content"])
