"""Ids for partners that cannot tell whose an object is, or have other limits for them: an id is the owner's own as long
as it can be, else a surrogate that stands for it for ever."""

import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final, TypeVar

from core.model.ids import PartyId
from core.model.name import Name, NameKind, our_key, their_key
from core.ports.stores import NameStore

LONGEST: Final = 36
LARGEST: Final = 2**31 - 1
"""Of ids that a partner takes as numbers."""
REMEMBERED: Final = 200_000
ATTEMPTS: Final = 8
_DIGEST: Final = 12

Object = tuple[NameKind, PartyId, str]
"""By its owner and the id that the owner gave it."""
Said = tuple[NameKind, str]
T = TypeVar("T", Object, Said)


class NameService:
    """Names never change, so those that were found once are remembered."""

    def __init__(self, names: NameStore) -> None:
        self._names = names
        self._by_ours: dict[str, Name] = {}
        self._by_theirs: dict[str, Name] = {}

    async def told(self, partner: str, wanted: Collection[Object]) -> dict[Object, str]:
        """How a partner that takes all owners for one is told of these objects."""
        found = await self.known(partner, wanted)
        for attempt in range(ATTEMPTS):
            missing = [one for one in wanted if one not in found]
            if not missing:
                break
            await self._names.keep([_for_them(partner, *one, attempt) for one in missing])
            found |= await self.known(partner, missing)
        return {one: name.theirs for one, name in found.items()}

    async def heard(self, partner: str, owner: PartyId, said: Collection[Said]) -> dict[Said, str]:
        """What everybody else calls these objects of the partner's own, whose ids may be longer or differ by case."""
        found = await self.meant(partner, said, cased=True)
        for attempt in range(ATTEMPTS):
            missing = [one for one in said if one not in found]
            if not missing:
                break
            await self._names.keep([_for_us(partner, owner, *one, attempt) for one in missing])
            found |= await self.meant(partner, missing, cased=True)
        return {one: name.ours for one, name in found.items()}

    async def known(self, partner: str, wanted: Collection[Object]) -> dict[Object, Name]:
        """Those of these objects that have a name at the partner."""
        keys = {one: our_key(partner, *one) for one in wanted}
        found = await self._found(list(keys.values()), self._by_ours, self._names.by_ours)
        by_key = {name.our_key: name for name in found}
        return {one: by_key[key] for one, key in keys.items() if key in by_key}

    async def meant(self, partner: str, said: Collection[Said], *, cased: bool = False) -> dict[Said, Name]:
        """Those of these names that the partner was given, or gave."""
        keys = {one: their_key(partner, *one, cased=cased) for one in said}
        found = await self._found(list(keys.values()), self._by_theirs, self._names.by_theirs)
        by_key = {name.their_key: name for name in found}
        return {one: by_key[key] for one, key in keys.items() if key in by_key}

    async def _found(
        self,
        keys: Sequence[str],
        remembered: Mapping[str, Name],
        find: Callable[[Sequence[str]], Awaitable[list[Name]]],
    ) -> list[Name]:
        held = [remembered[key] for key in keys if key in remembered]
        missing = [key for key in keys if key not in remembered]
        fresh = await find(missing) if missing else []
        if len(self._by_ours) + len(fresh) > REMEMBERED:
            self._by_ours.clear()
            self._by_theirs.clear()
        self._by_ours |= {name.our_key: name for name in fresh}
        self._by_theirs |= {name.their_key: name for name in fresh}
        return held + fresh


def _for_them(partner: str, kind: NameKind, owner: PartyId, ours: str, attempt: int) -> Name:
    """Its own id; then with its owner in front; then something that nobody else has."""
    if kind is NameKind.RESERVATION:
        theirs = _number(owner, ours, attempt)
    elif attempt == 0:
        theirs = ours
    else:
        plain = f"{owner.key}-{ours}"
        theirs = plain if attempt == 1 and len(plain) <= LONGEST else _short(ours, f"{owner.key}/{ours}", attempt)
    return Name(partner=partner, kind=kind, owner=owner, ours=ours, theirs=theirs)


def _for_us(partner: str, owner: PartyId, kind: NameKind, theirs: str, attempt: int) -> Name:
    ours = theirs if attempt == 0 and len(theirs) <= LONGEST else _short(theirs, theirs, attempt)
    return Name(partner=partner, kind=kind, owner=owner, ours=ours, theirs=theirs, cased=True)


def _number(owner: PartyId, ours: str, attempt: int) -> str:
    """As it is if it is such a number already."""
    number = int(ours) if ours.isascii() and ours.isdigit() and len(ours) <= 10 else None
    if attempt == 0 and number is not None and number <= LARGEST and str(number) == ours:
        return ours
    return str(int(_digest(f"{owner.key}/{ours}", attempt), 16) % LARGEST)


def _short(text: str, whole: str, attempt: int) -> str:
    return f"{text[: LONGEST - _DIGEST - 1]}-{_digest(whole, attempt)}"


def _digest(text: str, attempt: int) -> str:
    return hashlib.sha256(f"{attempt}/{text}".encode()).hexdigest()[:_DIGEST]
