"""Every code table of the mappings, side by side: what a code of the model is called in each protocol."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any, Final

from msgspec import Struct

import mappings
from core.model.location import AuthenticationMode
from mappings.emip.codes import REFUSAL
from mappings.emip.evse_status import EVSE_STATUS as EMIP_STATUS
from mappings.emip.identification import KIND as EMIP_KIND
from mappings.emip.meters import SERIES
from mappings.emip.outcomes import START_RESULT
from mappings.emip.sessions import STATUS as EMIP_SESSION
from mappings.ochp import codes as ochp
from mappings.ochp.ids import TOKEN_KIND
from mappings.ocpi import authorisation as ocpi_authorisation
from mappings.ocpi import commands as ocpi_commands
from mappings.ocpi import evses as ocpi_evses
from mappings.ocpi import places as ocpi_places
from mappings.ocpi import sessions as ocpi_sessions
from mappings.ocpi import tariffs as ocpi_tariffs
from mappings.ocpi import tokens as ocpi_tokens
from mappings.oicp import codes as oicp
from mappings.oicp import commands as oicp_commands
from mappings.oicp.sessions import STATUS as OICP_SESSION
from mappings.tables import CodeTable
from protocols.ocpi.wire import words

SAME, OUT, IN, LOST, NONE = "=", "→", "←", "∅", "–"
PROTOCOLS: Final = ("OCPI 2.3.0", "OICP 2.3", "OCHP 1.4", "eMIP 0.7.4")
_OCPI, _OICP, _OCHP, _EMIP = PROTOCOLS


class Column(Struct, frozen=True, kw_only=True):
    """One protocol's words. `source`: the section of its specification.

    `row` gives the row for a code of the table, where the table knows more than the row says. `said`: words by code
    where no table is needed, each with its sign; `rest` stands where nothing is said of a code."""

    source: str
    table: CodeTable[Any, Any] | None = None
    row: Callable[[Any], Any] = lambda code: code
    said: Mapping[str, str] = {}
    rest: str = LOST

    def cells(self) -> dict[str, list[str]]:
        """Row -> what stands in its cell."""
        found = {text(code): [cell] for code, cell in self.said.items()}
        if self.table is None:
            return found
        for said, code in self.table.both.items():
            self._add(found, code, f"{SAME} {word(said)}")
        for code, said in self.table.lossy_out.items():
            self._add(found, code, f"{OUT} {word(said)}")
        for said, code in self.table.lossy_in.items():
            self._add(found, code, f"{IN} {word(said)}")
        for code in self.table.unsent:
            self._add(found, code, LOST)
        return found

    def _add(self, found: dict[str, list[str]], code: Any, cell: str) -> None:
        row = self.row(code)
        detail = "" if row == code else f" ({text(code[-1])})"
        found.setdefault(text(row), []).append(cell + detail)


class Topic(Struct, frozen=True, kw_only=True):
    """A set of codes of the model, and who says them how. A protocol without a column has no such notion."""

    title: str
    columns: Mapping[str, Column]


def _own(listed: frozenset[str], source: str, rest: str = f"{SAME} as it is") -> Column:
    """The model's words are OCPI's; OCPI takes others, too, as an open enumeration does."""
    return Column(source=source, said={code: f"{SAME} `{code}`" for code in sorted(listed)}, rest=rest)


def text(code: Any) -> str:
    return str(code.value if isinstance(code, Enum) else code)


def word(code: Any) -> str:
    parts = code if isinstance(code, tuple) else (code,)
    return " · ".join(f"`{text(part)}`" for part in parts if part is not None)


def _grouped(reasons: Mapping[str, str]) -> dict[str, str]:
    return {code: f"{LOST} {reason}" for code, reason in reasons.items()}


def _standard(kind: Any) -> Any:
    return kind[0]


_IMPLIED: Final = {mode.value: f"{OUT} `{word}`" for mode, word in ocpi_evses.IMPLIED_CAPABILITY.items()} | {
    AuthenticationMode.PLUG_AND_CHARGE.value: f"{LOST} connectors say it: `ISO_15118_2_PLUG_AND_CHARGE`",
}
_OICP_CAPABILITIES: Final = (
    _grouped(oicp.CAPABILITY)
    | {
        "RFID_READER": f"{OUT} AuthenticationModes `NFC RFID Classic`, `NFC RFID DESFire`",
        "REMOTE_START_STOP_CAPABLE": f"{SAME} AuthenticationModes `REMOTE`",
        "RESERVABLE": f"{SAME} ValueAddedServices `Reservation`",
    }
    | dict.fromkeys(sorted(oicp.PAID_AT_THE_POINT), f"{OUT} PaymentOptions `Direct`")
)
_OCHP_CAPABILITIES: Final = (
    _grouped(ochp.CAPABILITY)
    | {
        "RFID_READER": f"{OUT} authMethods `RfidMifareCls`",
        "REMOTE_START_STOP_CAPABLE": f"{OUT} authMethods `OchpDirectAuth`",
        "RESERVABLE": f"{OUT} maxReservation, where the minutes are known",
    }
    | {word: f"{SAME} authMethods `{method.value}`" for method, word in ochp.PAYMENT.items()}
)
_OICP_TOKENS: Final = {
    "RFID": f"{SAME} `RFIDMifareFamilyIdentification` (UID), {IN} `RFIDIdentification`",
    "EMAID": f"{SAME} `PlugAndChargeIdentification` (EvcoID)",
    "APP_USER": f"{SAME} `RemoteIdentification` (EvcoID)",
    "AD_HOC_USER": f"{OUT} `RemoteIdentification` (EvcoID)",
    "OTHER": LOST,
    oicp.QR_CODE: f"{SAME} `QRCodeIdentification`",
}
_OICP_DIMENSIONS: Final = {
    "ENERGY": f"{SAME} `ConsumedEnergy`, the total",
    "TIME": f"{OUT} `ChargingStart`, `ChargingEnd`",
    "PARKING_TIME": f"{OUT} `ChargingEnd`, `SessionEnd`",
}
_EMIP_DIMENSIONS: Final = {"ENERGY": f"{SAME} `2`, the total"} | {
    name: f"{IN} {', '.join(f'`{number}`' for number, (kind, _) in SERIES.items() if kind == name)}"
    for name in ("POWER", "MAX_POWER")
}
_OICP_PRICES: Final = {
    "ENERGY": f"{SAME} `KILOWATT_HOUR`",
    "TIME": f"{SAME} `HOUR`, {IN} `MINUTE` times 60",
    "FLAT": f"{SAME} `START FEE`; alone `FIXED FEE`",
    "PARKING_TIME": f"{SAME} `PARKING FEE` by `HOUR`, {IN} by `MINUTE` times 60",
}
_OICP_DECISIONS: Final = {"ALLOWED": f"{SAME} `Authorized`, 000"} | {
    decision.value: ", ".join(
        [f"{OUT} {oicp.REFUSAL.get(decision, '102, 105, 101 or 106 by kind')}"]
        + [f"{IN} {code}" for code, read in oicp.DECISION.items() if read is decision]
    )
    for decision in {**dict.fromkeys(oicp.REFUSAL), **dict.fromkeys(oicp.DECISION.values())}
}

TOPICS: Final = (
    Topic(
        title="EVSE status",
        columns={
            _OCPI: Column(source="mod_locations, Status", table=ocpi_evses.EVSE_STATUS),
            _OICP: Column(source="EvseStatusType", table=oicp.EVSE_STATUS),
            _OCHP: Column(source="Live Status Interface, major · minor", table=ochp.LIVE_STATUS),
            _EMIP: Column(source="availability · busy status", table=EMIP_STATUS),
        },
    ),
    Topic(
        title="EVSE status in the charge point data",
        columns={_OCHP: Column(source="ChargePointStatusType", table=ochp.STATIC_STATUS)},
    ),
    Topic(
        title="Planned EVSE status",
        columns={_OCHP: Column(source="ChargePointStatusType, in a schedule", table=ochp.SCHEDULED_STATUS)},
    ),
    Topic(
        title="Connector standard",
        columns={
            _OCPI: _own(words.CONNECTOR_TYPES, "mod_locations, ConnectorType"),
            _OICP: Column(source="PlugType", table=oicp.PLUGS, row=_standard),
            _OCHP: Column(source="ConnectorStandard", table=ochp.CONNECTOR_STANDARD),
        },
    ),
    Topic(
        title="Connector format",
        columns={
            _OCPI: Column(source="mod_locations, ConnectorFormat", table=ocpi_evses.CONNECTOR_FORMAT),
            _OICP: Column(
                source="PlugType",
                said={"SOCKET": f"{SAME} part of the plug's name", "CABLE": f"{SAME} part of the plug's name"},
            ),
            _OCHP: Column(source="ConnectorFormat", table=ochp.CONNECTOR_FORMAT),
        },
    ),
    Topic(
        title="Power type",
        columns={
            _OCPI: Column(source="mod_locations, PowerType", table=ocpi_evses.POWER_TYPE),
            _OICP: Column(source="PowerType", table=oicp.POWER_TYPE),
            _OCHP: Column(source="chargePointType", table=ochp.CURRENT),
        },
    ),
    Topic(
        title="Capabilities",
        columns={
            _OCPI: _own(words.CAPABILITIES, "mod_locations, Capability"),
            _OICP: Column(source="AuthenticationModes, PaymentOptions", said=_OICP_CAPABILITIES),
            _OCHP: Column(source="AuthMethodType", said=_OCHP_CAPABILITIES),
        },
    ),
    Topic(
        title="Authentication",
        columns={
            _OCPI: Column(source="mod_locations, Capability", said=_IMPLIED),
            _OICP: Column(source="AuthenticationModeType", table=oicp.AUTHENTICATION_MODE),
            _OCHP: Column(source="AuthMethodType", table=ochp.AUTH_METHOD),
        },
    ),
    Topic(title="Payment", columns={_OICP: Column(source="PaymentOptionType", table=oicp.PAYMENT_OPTION)}),
    Topic(
        title="Value-added services",
        columns={_OICP: Column(source="ValueAddedServiceType", table=oicp.VALUE_ADDED_SERVICE)},
    ),
    Topic(title="Accessibility", columns={_OICP: Column(source="AccessibilityType", table=oicp.ACCESSIBILITY)}),
    Topic(
        title="Calibration law",
        columns={_OICP: Column(source="CalibrationLawDataAvailabilityType", table=oicp.CALIBRATION_LAW)},
    ),
    Topic(
        title="Kind of place",
        columns={
            _OCPI: _own(words.PARKING_TYPES, "mod_locations, ParkingType"),
            _OICP: Column(source="AccessibilityLocationType", table=oicp.PARKING_TYPE),
            _OCHP: Column(source="GeneralLocationType", table=ochp.PARKING_TYPE),
        },
    ),
    Topic(
        title="Parking restrictions",
        columns={
            _OCPI: _own(words.PARKING_RESTRICTIONS, "mod_locations, ParkingRestriction"),
            _OCHP: Column(source="RestrictionType", table=ochp.RESTRICTION),
        },
    ),
    Topic(
        title="Images",
        columns={
            _OCPI: _own(words.IMAGE_CATEGORIES, "mod_locations, ImageCategory"),
            _OICP: Column(
                source="ChargingStationImage",
                said={"CHARGER": f"{SAME} the one image", "LOCATION": f"{OUT} where there is no other"},
            ),
            _OCHP: Column(source="EvseImageUrlType, class", table=ochp.IMAGE),
        },
    ),
    Topic(
        title="Energy sources",
        columns={
            _OCPI: Column(source="mod_locations, EnergySourceCategory", table=ocpi_places.ENERGY_SOURCE),
            _OICP: Column(source="EnergyType", table=oicp.ENERGY),
        },
    ),
    Topic(
        title="Kind of token",
        columns={
            _OCPI: _own(words.TOKEN_TYPES, "mod_tokens, TokenType", rest=LOST),
            _OICP: Column(source="IdentificationType", said=_OICP_TOKENS),
            _OCHP: Column(source="EmtId, tokenType", table=TOKEN_KIND),
            _EMIP: Column(source="userIdType", table=EMIP_KIND),
        },
    ),
    Topic(
        title="Family of cards",
        columns={
            _OICP: Column(source="RFIDType", table=oicp.RFID_FAMILY),
            _OCHP: Column(source="EmtId, tokenSubType", table=ochp.RFID_FAMILY),
        },
    ),
    Topic(
        title="Whitelist",
        columns={
            _OCPI: Column(source="mod_tokens, WhitelistType", table=ocpi_tokens.WHITELIST),
            _OICP: Column(
                source="PushAuthenticationData",
                said={"ALWAYS": f"{OUT} uploaded", "ALLOWED": f"{SAME} uploaded"}
                | dict.fromkeys(("NEVER", "ALLOWED_OFFLINE"), LOST),
            ),
            _OCHP: Column(
                source="roaming list",
                said={"ALWAYS": f"{SAME} listed", "ALLOWED": f"{OUT} listed"}
                | dict.fromkeys(("NEVER", "ALLOWED_OFFLINE"), LOST),
            ),
        },
    ),
    Topic(
        title="How it was authorised",
        columns={_OCPI: Column(source="mod_cdrs, AuthMethod", table=ocpi_sessions.AUTH_METHOD)},
    ),
    Topic(
        title="Answer to an authorisation",
        columns={
            _OCPI: Column(source="mod_tokens, AllowedType", table=ocpi_authorisation.DECISION),
            _OICP: Column(source="AuthorizationStatus, CodeType", said=_OICP_DECISIONS),
            _OCHP: Column(source="ResultCodeType", table=ochp.DECISION),
            _EMIP: Column(
                source="requestStatus; authorisationValue 2",
                table=REFUSAL,
                said={"ALLOWED": f"{SAME} `1`, authorisationValue 1"},
            ),
        },
    ),
    Topic(
        title="Session status",
        columns={
            _OCPI: Column(source="mod_sessions, SessionStatus", table=ocpi_sessions.SESSION_STATUS),
            _OICP: Column(source="ChargingNotificationType", table=OICP_SESSION),
            _EMIP: Column(source="sessionEventNature", table=EMIP_SESSION),
        },
    ),
    Topic(
        title="CDR dimensions",
        columns={
            _OCPI: Column(source="mod_cdrs, CdrDimensionType", table=ocpi_sessions.DIMENSION_TYPE),
            _OICP: Column(source="eRoamingChargeDetailRecord", said=_OICP_DIMENSIONS),
            _OCHP: Column(source="BillingItemType", table=ochp.BILLING_ITEM),
            _EMIP: Column(source="meterTypeId", said=_EMIP_DIMENSIONS),
        },
    ),
    Topic(
        title="Tariff dimensions",
        columns={
            _OCPI: Column(source="mod_tariffs, TariffDimensionType", table=ocpi_tariffs.TARIFF_DIMENSION),
            _OICP: Column(source="PricingProductDataRecordType", said=_OICP_PRICES),
        },
    ),
    Topic(
        title="Result of a command",
        columns={
            _OCPI: Column(source="mod_commands, CommandResultType", table=ocpi_commands.RESULT),
            _OICP: Column(source="CodeType, of an acknowledgement", table=oicp_commands.RESULT),
            _EMIP: Column(source="requestStatus, of a start", table=START_RESULT),
        },
    ),
    Topic(
        title="First answer to a command",
        columns={_OCPI: Column(source="mod_commands, CommandResponseType", table=ocpi_commands.RESPONSE)},
    ),
)


def found_tables() -> Iterator[tuple[str, CodeTable[Any, Any]]]:
    """All code tables of the mappings, each once, by `module.NAME`."""
    seen: set[int] = set()
    for module in pkgutil.walk_packages(mappings.__path__, "mappings."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, CodeTable) and id(value) not in seen:
                seen.add(id(value))
                yield f"{module.name.removeprefix('mappings.')}.{name}", value


def other_tables() -> list[tuple[str, CodeTable[Any, Any]]]:
    """Those that stand in no topic: words of one protocol only."""
    shown = {id(column.table) for topic in TOPICS for column in topic.columns.values()}
    return [(name, table) for name, table in found_tables() if id(table) not in shown]
