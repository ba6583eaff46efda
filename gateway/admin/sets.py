"""Sets that are kept by version, for the operator of the hub: what is in them, and what was."""

from datetime import datetime

import msgspec
from litestar import Controller, get
from msgspec import Struct

from core.errors import Invalid
from core.model.version import Version
from gateway.admin.views import Limit
from gateway.wiring import Assembled


class EntryView(Struct, frozen=True):
    """`content` None: from then on it was not in the set."""

    key: str
    at: datetime
    content: msgspec.Raw | None


class SetView(Struct, frozen=True):
    name: str
    items: list[EntryView]


class SetController(Controller):
    path = "/sets"
    tags = ("sets",)

    @get("/", summary="A pushed set, now or at an instant: name=oicp/evses/DEABC, statuses, loose-statuses, cards")
    async def entries(
        self, assembly: Assembled, name: str, at: datetime | None = None, key: str | None = None, limit: Limit = 500
    ) -> SetView:
        _zoned(at)
        keys = None if key is None else [key]
        found = await assembly.storage.sets.entries([name], at=at, keys=keys, limit=limit)
        return SetView(name, [_view(version) for version in found])

    @get("/history", summary="One entry of a set, youngest first")
    async def history(self, assembly: Assembled, name: str, key: str, limit: Limit = 50) -> SetView:
        return SetView(name, [_view(one) for one in await assembly.storage.sets.history(name, key, limit=limit)])


def _zoned(at: datetime | None) -> None:
    if at is not None and at.tzinfo is None:
        raise Invalid("$.at", "a time zone is missing")


def _view(version: Version) -> EntryView:
    content = None if version.content is None else msgspec.Raw(version.content.encode())
    return EntryView(version.key, version.at, content)
