"""States of feeds in a dict."""

from datetime import datetime

from msgspec.structs import replace

from core.model.feed import FeedState


class FakeFeeds:
    def __init__(self) -> None:
        self.held: dict[tuple[str, str], FeedState] = {}

    async def get(self, partner_id: str, feed: str) -> FeedState | None:
        return self.held.get((partner_id, feed))

    async def of_partner(self, partner_id: str) -> list[FeedState]:
        return [state for (partner, _), state in sorted(self.held.items()) if partner == partner_id]

    async def save(self, state: FeedState) -> None:
        before = self.held.get((state.partner_id, state.feed))
        self.held[state.partner_id, state.feed] = replace(
            state, whole_asked_at=before.whole_asked_at if before else None
        )

    async def ask_whole(self, partner_id: str, feed: str, at: datetime) -> None:
        before = self.held.get((partner_id, feed)) or FeedState(partner_id=partner_id, feed=feed)
        self.held[partner_id, feed] = replace(before, whole_asked_at=at)

    async def forget(self, partner_id: str) -> None:
        self.held = {key: state for key, state in self.held.items() if key[0] != partner_id}
