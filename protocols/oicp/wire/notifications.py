"""Charging notifications: one URL, `Type` decides which of four messages it is.

Source: OICP 2.3, eRoamingChargingNotifications_V1.1 (Start, Progress, End, Error).
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta

from protocols.oicp.wire.base import Wire, broken
from protocols.oicp.wire.cdr import MeterValueInBetween
from protocols.oicp.wire.common import DateTime, EvseID, OperatorID, PartnerSessionID, ProductID, SessionID, text
from protocols.oicp.wire.identification import Identification


class NotificationType(StrEnum):
    START = "Start"
    PROGRESS = "Progress"
    END = "End"
    ERROR = "Error"


class ErrorType(StrEnum):
    """With and without a blank: the documents for CPOs and for EMPs differ."""

    CONNECTOR = "ConnectorError"
    CRITICAL = "CriticalError"
    CONNECTOR_APART = "Connector Error"
    CRITICAL_APART = "Critical Error"


class Notification(Wire, frozen=True, kw_only=True):
    """What all four have in common. `operator_id` is mandatory for CPOs only in their own document."""

    type: NotificationType
    session_id: SessionID
    cpo_partner_session_id: PartnerSessionID | None = None
    emp_partner_session_id: PartnerSessionID | None = None
    identification: Identification | None = None
    evse_id: EvseID
    operator_id: OperatorID | None = None


class NotificationStart(Notification, frozen=True, kw_only=True):
    """Energy flows. Meter readings in kWh."""

    partner_product_id: ProductID | None = None
    session_start: DateTime | None = None
    charging_start: DateTime
    meter_value_start: Decimal | None = None


class NotificationProgress(Notification, frozen=True, kw_only=True):
    """Where a charging process stands. `charging_duration` in milliseconds, `consumed_energy_progress` in kWh."""

    partner_product_id: ProductID | None = None
    session_start: DateTime | None = None
    charging_start: DateTime
    event_occurred: DateTime
    charging_duration: Annotated[int, Meta(ge=0)] | None = None
    consumed_energy_progress: Decimal | None = None
    meter_value_start: Decimal | None = None
    meter_value_in_between: MeterValueInBetween | None = None

    def __post_init__(self) -> None:
        if self.charging_duration is None and self.consumed_energy_progress is None:
            raise broken("ChargingDuration", "it or ConsumedEnergyProgress must be given")


class NotificationEnd(Notification, frozen=True, kw_only=True):
    """No more energy flows; with `session_end` the session is over too. Energy and readings in kWh."""

    partner_product_id: ProductID | None = None
    session_start: DateTime | None = None
    session_end: DateTime | None = None
    charging_start: DateTime | None = None
    charging_end: DateTime
    consumed_energy: Decimal | None = None
    meter_value_start: Decimal | None = None
    meter_value_end: Decimal | None = None
    meter_value_in_between: MeterValueInBetween | None = None
    penalty_time_start: DateTime | None = None


class NotificationError(Notification, frozen=True, kw_only=True):
    error_type: ErrorType
    error_additional_info: Annotated[str, text(250)] | None = None


NOTIFICATIONS: Final[dict[str, type[Notification]]] = {
    NotificationType.START: NotificationStart,
    NotificationType.PROGRESS: NotificationProgress,
    NotificationType.END: NotificationEnd,
    NotificationType.ERROR: NotificationError,
}
