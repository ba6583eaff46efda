"""Paths and methods -> handlers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from protocols.ocpi.server.exchange import Ask, Reply
from protocols.ocpi.versions import CONFIG, Version

Handler = Callable[[Ask], Awaitable[Reply]]


class Route(Struct, frozen=True, kw_only=True):
    """`path` of the endpoint (`locations/receiver`), then `parameters` segments. `fixed`: words that stand among or
    behind them, by their place (`{1: "authorize"}`).

    `routed` False: the URL alone says what is meant, whatever the routing headers say. `keeps`: the hub has a part in
    what one party asks of another, so the handler decides whether it is passed on; else it is passed on as it is.
    `single_party`: instead of another route, in versions of which a connection belongs to one party."""

    path: str = ""
    parameters: int = 0
    fixed: Mapping[int, str] = {}
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
        return _template(self.path, self.length, tuple(self.fixed.items()))

    @property
    def length(self) -> int:
        """Segments behind the path."""
        return self.parameters + len(self.fixed)

    def fits(self, rest: Sequence[str]) -> bool:
        return all(rest[place] == word for place, word in self.fixed.items())


@lru_cache
def _template(path: str, length: int, fixed: tuple[tuple[int, str], ...]) -> str:
    words = dict(fixed)
    return "/".join([part for part in (path, *(words.get(place, "{}") for place in range(length))) if part])


class Routes:
    """`details` answers for the bare version, `versions` for the list of them."""

    def __init__(self, versions: Route, details: Route, routes: Sequence[Route]) -> None:
        self.versions = versions
        self._details = details
        self._table: dict[tuple[str, int], list[Route]] = {}
        for route in sorted(routes, key=lambda route: (not route.single_party, -len(route.fixed))):
            self._table.setdefault((route.path, route.length), []).append(route)

    def find(self, version: Version, segments: list[str]) -> tuple[Route | None, list[str]]:
        """The route and the parameters behind its endpoint. `segments` follow the version."""
        if not segments:
            return self._details, []
        module = segments[0]
        if not version.offers(module):
            return None, []
        depth = 1 if module in CONFIG else 2
        rest = segments[depth:]
        for route in self._table.get(("/".join(segments[:depth]), len(rest)), ()):
            if route.fits(rest) and (version.single_party or not route.single_party):
                return route, [part for place, part in enumerate(rest) if place not in route.fixed]
        return None, []
