"""Paths and methods -> handlers."""

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache

from msgspec import Struct

from protocols.ocpi.server.exchange import Ask, Reply
from protocols.ocpi.versions import CONFIG, Version

Handler = Callable[[Ask], Awaitable[Reply]]


class Route(Struct, frozen=True, kw_only=True):
    """`path` of the endpoint (`locations/receiver`), then `parameters` segments, then perhaps a fixed `suffix`.

    `routed` False: the URL alone says what is meant, whatever the routing headers say. `keeps`: the hub has a part in
    what one party asks of another, so the handler decides whether it is passed on; else it is passed on as it is.
    `single_party`: instead of another route, in versions of which a connection belongs to one party."""

    path: str = ""
    parameters: int = 0
    suffix: str = ""
    methods: Mapping[str, Handler]
    routed: bool = True
    single_party: bool = False
    keeps: bool = False

    @property
    def module(self) -> str:
        return self.path.partition("/")[0]

    @property
    def config(self) -> bool:
        """Never routed, no routing headers."""
        return not self.path or self.module in CONFIG

    @property
    def owned(self) -> bool:
        """Whether the path names the owner of the object."""
        return self.path.endswith("/receiver") and self.parameters >= 3

    @property
    def open_to_token_a(self) -> bool:
        return not self.path or self.module == "credentials"

    @property
    def template(self) -> str:
        """For metrics: no ids in it."""
        return _template(self.path, self.parameters, self.suffix)


@lru_cache
def _template(path: str, parameters: int, suffix: str) -> str:
    return "/".join([part for part in (path, *("{}",) * parameters, suffix) if part])


def _key(route: Route) -> tuple[object, ...]:
    return *route.path.split("/"), route.parameters, route.suffix


class Routes:
    """`details` answers for the bare version, `versions` for the list of them."""

    def __init__(self, versions: Route, details: Route, routes: list[Route]) -> None:
        self.versions = versions
        self._details = details
        self._table = {_key(route): route for route in routes if not route.single_party}
        self._single_party = {_key(route): route for route in routes if route.single_party}

    def find(self, version: Version, segments: list[str]) -> tuple[Route | None, list[str]]:
        """The route and the segments behind its endpoint. `segments` follow the version."""
        if not segments:
            return self._details, []
        if segments[0] in CONFIG and not version.offers(segments[0]):
            return None, []
        depth = 1 if segments[0] in CONFIG else 2
        path, rest = segments[:depth], segments[depth:]
        if rest and (found := self._table.get((*path, len(rest) - 1, rest[-1]))):
            return found, rest[:-1]
        key = (*path, len(rest), "")
        return (self._single_party.get(key) if version.single_party else None) or self._table.get(key), rest
