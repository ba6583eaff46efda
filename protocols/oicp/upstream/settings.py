"""What a partner entry holds of a platform in which the hub itself is a partner."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from core.model.ids import PartyId
from core.model.partner import Role

PerMinute = Annotated[int, Meta(ge=1, le=1_000_000)]
Seconds = Annotated[float, Meta(gt=0, le=600)]

PUBLISHED: Final[dict[str, int]] = {
    "PullEvseStatusByID": 300,
    "PullEvseStatusByOperatorID": 75,
    "PullEvseStatus": 6,
    "PullEvseData": 100,
    "PushEvseStatus": 2000,
    "PushEvseData": 375,
    "AuthorizeStart": 200,
    "AuthorizeStop": 50,
    "AuthorizeRemoteStart": 100,
    "AuthorizeRemoteStop": 200,
    "PushAuthenticationData": 50,
    "ChargeDetailRecord": 350,
    "GetChargeDetailRecords": 200,
    "ChargingNotification": 100,
}
"""Calls a minute by operation. Source: Acceptable Use Policy of the reference platform, rate limits."""


class Upstream(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """`operator_id`: the hub's own there, by which it is a CPO; `provider_id`: by which it is an EMP. `sub_ids`: what
    is registered there as bundled by the hub; EVSEs and cards of others are not shown to the platform. `cards`:
    whether it gets the cards of the hub's EMPs, so that it may decide by itself. `calls_per_minute`: its limits where
    they differ from the published ones. `page_timeout_s` holds for pulls and for pushes of lists."""

    operator_id: str | None = None
    provider_id: str | None = None
    sub_ids: tuple[str, ...] = ()
    cards: bool = False
    calls_per_minute: dict[str, PerMinute] = {}
    page_size: Annotated[int, Meta(ge=1, le=2000)] = 2000
    page_timeout_s: Seconds = 120.0

    def own_id(self, role: Role) -> str | None:
        """The hub's id there as CPO or EMP."""
        return self.operator_id if role is Role.CPO else self.provider_id

    def bundled(self) -> frozenset[PartyId]:
        """All ids in which the hub may speak there."""
        own = (self.operator_id, self.provider_id, *self.sub_ids)
        return frozenset(PartyId.parse(text) for text in own if text)

    def most(self, operation: str) -> int | None:
        return self.calls_per_minute.get(operation) or PUBLISHED.get(operation)
