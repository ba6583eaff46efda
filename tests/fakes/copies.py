"""What partners were told last."""

from collections.abc import Collection, Mapping


class FakeCopies:
    def __init__(self) -> None:
        self.all: dict[tuple[str, str, str], str] = {}

    async def held(self, partner_id: str, of: str, keys: Collection[str] | None = None) -> dict[str, str]:
        mine = {key: digest for (partner, kind, key), digest in self.all.items() if (partner, kind) == (partner_id, of)}
        return mine if keys is None else {key: digest for key, digest in mine.items() if key in keys}

    async def note(self, partner_id: str, of: str, changes: Mapping[str, str | None]) -> None:
        for key, digest in changes.items():
            if digest is None:
                self.all.pop((partner_id, of, key), None)
            else:
                self.all[partner_id, of, key] = digest

    async def forget(self, partner_id: str, of: str | None = None) -> None:
        gone = [name for name in self.all if name[0] == partner_id and of in (None, name[1])]
        for name in gone:
            del self.all[name]
