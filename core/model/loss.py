"""What a translation could not carry, or had to assume."""

from enum import StrEnum
from typing import Any

from core.model.base import Model


class LossKind(StrEnum):
    LOST = "LOST"
    NARROWED = "NARROWED"
    BROADENED = "BROADENED"
    ASSUMED = "ASSUMED"
    WITHHELD = "WITHHELD"


class Loss(Model, frozen=True, kw_only=True):
    """`path` in the canonical object (or the target field that was assumed), why, and the value as plain JSON."""

    path: str
    reason: str
    value: Any = None
    kind: LossKind = LossKind.LOST
