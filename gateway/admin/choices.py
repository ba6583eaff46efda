"""What an operator may choose about the feeds of a partner."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from core.errors import Invalid
from core.model.feed import FeedChoice

Seconds = Annotated[int, Meta(ge=60, le=366 * 86_400)]


class Choice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """null: as the protocol has it."""

    off: bool = False
    full_every_s: Seconds | None = None
    delta_every_s: Seconds | None = None

    def made(self) -> FeedChoice:
        return FeedChoice(
            off=self.off, full_every=_interval(self.full_every_s), delta_every=_interval(self.delta_every_s)
        )


def choices_from(document: Mapping[str, Any]) -> dict[str, FeedChoice]:
    """`{"feeds": {"locations": {...}}}` where a partner is added. Raises Invalid naming the member that is wrong."""
    given = document.get("feeds")
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise Invalid("$.feeds", "an object of feeds by their names is expected")
    return {name: choice_from(choice, f"$.feeds.{name}") for name, choice in given.items()}


def choice_from(document: object, path: str) -> FeedChoice:
    try:
        return msgspec.convert(document, Choice).made()
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `$")
        raise Invalid(path + where.rstrip("`"), reason) from error


def _interval(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
