"""Code tables between OICP 2.3 and the model.

Source: OICP 2.3, Data Types. Words of the model for which OCPI has none are OICP's own, in upper case with underscores.
"""

from functools import lru_cache
from typing import Any, Final

from core.model.authorisation import Decision
from core.model.location import Accessibility, AuthenticationMode, ConnectorFormat, EvseStatus, PowerType
from mappings.tables import CodeTable
from protocols.oicp.wire import evse_data as wire
from protocols.oicp.wire.evse_status import EvseStatus as WireStatus
from protocols.oicp.wire.identification import RFIDType

SOCKET, CABLE = ConnectorFormat.SOCKET, ConnectorFormat.CABLE

EVSE_STATUS: Final = CodeTable[WireStatus, EvseStatus](
    both={
        WireStatus.AVAILABLE: EvseStatus.AVAILABLE,
        WireStatus.RESERVED: EvseStatus.RESERVED,
        WireStatus.OCCUPIED: EvseStatus.CHARGING,
        WireStatus.OUT_OF_SERVICE: EvseStatus.OUT_OF_ORDER,
        WireStatus.UNKNOWN: EvseStatus.UNKNOWN,
    },
    outbound={EvseStatus.BLOCKED: WireStatus.OCCUPIED, EvseStatus.INOPERATIVE: WireStatus.OUT_OF_SERVICE},
    inbound={WireStatus.EVSE_NOT_FOUND: EvseStatus.REMOVED},
    unsent={
        EvseStatus.PLANNED: "OICP has no word for an EVSE that is still to come",
        EvseStatus.REMOVED: "a removed EVSE is deleted from the EVSE data",
    },
)
"""Source: EvseStatusType."""

Kind = tuple[str, ConnectorFormat]
"""Connector standard and format."""

_NO_PLUG: Final = "OICP has no such plug"
PLUGS: Final = CodeTable[wire.Plug, Kind](
    both={
        wire.Plug.CHADEMO: ("CHADEMO", CABLE),
        wire.Plug.TYPE_E: ("DOMESTIC_E", SOCKET),
        wire.Plug.TYPE_F: ("DOMESTIC_F", SOCKET),
        wire.Plug.TYPE_G: ("DOMESTIC_G", SOCKET),
        wire.Plug.TYPE_J: ("DOMESTIC_J", SOCKET),
        wire.Plug.NEMA_5_20: ("NEMA_5_20", SOCKET),
        wire.Plug.TYPE_1_CABLE: ("IEC_62196_T1", CABLE),
        wire.Plug.CCS_1: ("IEC_62196_T1_COMBO", CABLE),
        wire.Plug.TYPE_2_OUTLET: ("IEC_62196_T2", SOCKET),
        wire.Plug.TYPE_2_CABLE: ("IEC_62196_T2", CABLE),
        wire.Plug.CCS_2: ("IEC_62196_T2_COMBO", CABLE),
        wire.Plug.SMALL_PADDLE_INDUCTIVE: ("SMALL_PADDLE_INDUCTIVE", CABLE),
        wire.Plug.LARGE_PADDLE_INDUCTIVE: ("LARGE_PADDLE_INDUCTIVE", CABLE),
        wire.Plug.AVCON: ("AVCON", CABLE),
    },
    inbound={  # the ratings of the facility decide, see `connectors`
        wire.Plug.IEC_60309_SINGLE: ("IEC_60309_2_single_16", SOCKET),
        wire.Plug.IEC_60309_THREE: ("IEC_60309_2_three_32", SOCKET),
        wire.Plug.TYPE_3_OUTLET: ("IEC_62196_T3C", SOCKET),
        wire.Plug.TESLA: ("TESLA_S", CABLE),
    },
    outbound={
        ("IEC_60309_2_single_16", SOCKET): wire.Plug.IEC_60309_SINGLE,
        ("IEC_60309_2_single_32", SOCKET): wire.Plug.IEC_60309_SINGLE,
        ("IEC_60309_2_three_16", SOCKET): wire.Plug.IEC_60309_THREE,
        ("IEC_60309_2_three_32", SOCKET): wire.Plug.IEC_60309_THREE,
        ("IEC_60309_2_three_64", SOCKET): wire.Plug.IEC_60309_THREE,
        ("IEC_62196_T3A", SOCKET): wire.Plug.TYPE_3_OUTLET,
        ("IEC_62196_T3C", SOCKET): wire.Plug.TYPE_3_OUTLET,
        ("TESLA_R", CABLE): wire.Plug.TESLA,
        ("TESLA_S", CABLE): wire.Plug.TESLA,
        ("SAE_J3400", CABLE): wire.Plug.TESLA,
    },
    unsent={
        ("IEC_62196_T1", SOCKET): "OICP has no Type 1 outlet",
        ("IEC_62196_T3A", CABLE): "OICP has no Type 3 cable",
        ("IEC_62196_T3C", CABLE): "OICP has no Type 3 cable",
    },
)
"""Source: PlugType. Standards that are not here: `no_plug`."""


def no_plug(kind: Kind) -> str:
    """Why this connector cannot be said."""
    loss = PLUGS.loss(kind, "")
    return loss.reason if loss else _NO_PLUG


POWER_TYPE: Final = CodeTable[wire.PowerType, PowerType](
    both={
        wire.PowerType.AC_1_PHASE: PowerType.AC_1_PHASE,
        wire.PowerType.AC_3_PHASE: PowerType.AC_3_PHASE,
        wire.PowerType.DC: PowerType.DC,
    },
    outbound={
        PowerType.AC_2_PHASE: wire.PowerType.AC_1_PHASE,
        PowerType.AC_2_PHASE_SPLIT: wire.PowerType.AC_1_PHASE,
    },
)
AUTHENTICATION_MODE: Final = CodeTable[wire.AuthenticationMode, AuthenticationMode](
    both={
        wire.AuthenticationMode.NFC_RFID_CLASSIC: AuthenticationMode.RFID_MIFARE_CLASSIC,
        wire.AuthenticationMode.NFC_RFID_DESFIRE: AuthenticationMode.RFID_MIFARE_DESFIRE,
        wire.AuthenticationMode.PNC: AuthenticationMode.PLUG_AND_CHARGE,
        wire.AuthenticationMode.REMOTE: AuthenticationMode.REMOTE,
        wire.AuthenticationMode.DIRECT_PAYMENT: AuthenticationMode.DIRECT_PAYMENT,
        wire.AuthenticationMode.NO_AUTHENTICATION: AuthenticationMode.NO_AUTHENTICATION,
    },
    unsent={
        AuthenticationMode.RFID_CALYPSO: "OICP names Mifare cards only",
        AuthenticationMode.LOCAL_KEY: "OICP has no word for a local key",
    },
)
ACCESSIBILITY: Final = CodeTable[wire.Accessibility, Accessibility](
    both={
        wire.Accessibility.FREE_PUBLIC: Accessibility.FREE_PUBLIC,
        wire.Accessibility.PAYING_PUBLIC: Accessibility.PAYING_PUBLIC,
        wire.Accessibility.RESTRICTED: Accessibility.RESTRICTED,
        wire.Accessibility.TEST_STATION: Accessibility.TEST,
    }
)
PAYMENT_OPTION: Final = CodeTable[wire.PaymentOption, str](
    both={
        wire.PaymentOption.NO_PAYMENT: "NO_PAYMENT",
        wire.PaymentOption.DIRECT: "DIRECT",
        wire.PaymentOption.CONTRACT: "CONTRACT",
    }
)
VALUE_ADDED_SERVICE: Final = CodeTable[wire.ValueAddedService, str](
    both={
        wire.ValueAddedService.RESERVATION: "RESERVATION",
        wire.ValueAddedService.DYNAMIC_PRICING: "DYNAMIC_PRICING",
        wire.ValueAddedService.PARKING_SENSORS: "PARKING_SENSORS",
        wire.ValueAddedService.MAXIMUM_POWER_CHARGING: "MAXIMUM_POWER_CHARGING",
        wire.ValueAddedService.PREDICTIVE_CHARGE_POINT_USAGE: "PREDICTIVE_CHARGE_POINT_USAGE",
        wire.ValueAddedService.CHARGING_PLANS: "CHARGING_PLANS",
        wire.ValueAddedService.ROOF_PROVIDED: "ROOF_PROVIDED",
    },
    unread={wire.ValueAddedService.NONE: "fills a list that may not be empty"},
)
CALIBRATION_LAW: Final = CodeTable[wire.CalibrationLawDataAvailability, str](
    both={
        wire.CalibrationLawDataAvailability.LOCAL: "LOCAL",
        wire.CalibrationLawDataAvailability.EXTERNAL: "EXTERNAL",
        wire.CalibrationLawDataAvailability.NOT_AVAILABLE: "NOT_AVAILABLE",
    }
)
PARKING_TYPE: Final = CodeTable[wire.AccessibilityLocation, str](
    both={
        wire.AccessibilityLocation.ON_STREET: "ON_STREET",
        wire.AccessibilityLocation.PARKING_LOT: "PARKING_LOT",
        wire.AccessibilityLocation.PARKING_GARAGE: "PARKING_GARAGE",
        wire.AccessibilityLocation.UNDERGROUND_PARKING_GARAGE: "UNDERGROUND_GARAGE",
    },
    unsent={
        "ALONG_MOTORWAY": "OICP has no such kind of place",
        "ON_DRIVEWAY": "OICP has no such kind of place",
    },
)
ENERGY: Final = CodeTable[wire.Energy, str](
    both={
        wire.Energy.SOLAR: "SOLAR",
        wire.Energy.WIND: "WIND",
        wire.Energy.HYDRO_POWER: "WATER",
        wire.Energy.NUCLEAR: "NUCLEAR",
        wire.Energy.COAL: "COAL",
        wire.Energy.NATURAL_GAS: "GAS",
    },
    inbound={
        wire.Energy.GEOTHERMAL: "GENERAL_GREEN",
        wire.Energy.BIOMASS: "GENERAL_GREEN",
        wire.Energy.PETROLEUM: "GENERAL_FOSSIL",
    },
    outbound={"GENERAL_FOSSIL": wire.Energy.PETROLEUM},
    unsent={"GENERAL_GREEN": "OICP has no general word for green energy"},
)
RFID_FAMILY: Final = CodeTable[RFIDType, str](
    both={
        RFIDType.MIFARE_CLASSIC: "MIFARE_CLASSIC",
        RFIDType.MIFARE_DESFIRE: "MIFARE_DESFIRE",
        RFIDType.CALYPSO: "CALYPSO",
        RFIDType.NFC: "NFC",
        RFIDType.MIFARE_FAMILY: "MIFARE_FAMILY",
    }
)
QR_CODE: Final = "QR_CODE"
"""Token kind of QR codes with PIN: known to OICP only, never shown to another protocol."""

DECISION: Final[dict[str, Decision]] = {
    "102": Decision.UNKNOWN_TOKEN,
    "105": Decision.UNKNOWN_TOKEN,
    "120": Decision.UNKNOWN_TOKEN,
    "110": Decision.TIMED_OUT,
    "122": Decision.TIMED_OUT,
    "200": Decision.BLOCKED,
    "310": Decision.TIMED_OUT,
}
"""Code of a refusal -> decision; every other code is a plain no. An allowance is read from the status."""

REFUSAL: Final[dict[Decision, str]] = {
    Decision.BLOCKED: "200",
    Decision.EXPIRED: "210",
    Decision.NO_CREDIT: "210",
    Decision.NOT_ALLOWED: "210",
    Decision.NO_ISSUER: "210",
    Decision.TIMED_OUT: "106",
    Decision.NEEDS_LOCATION: "022",
}
UNKNOWN_TOKEN: Final[dict[str, str]] = {"RFID": "102", "EMAID": "105", QR_CODE: "101"}
"""Code for a token that nobody knows, by its kind; 106 for others."""

CODES: Final[dict[str, str]] = {
    "000": "Success.",
    "001": "Hubject system error.",
    "002": "Hubject database error.",
    "009": "Data transaction error.",
    "017": "Unauthorized Access.",
    "018": "Inconsistent EvseID.",
    "019": "Inconsistent EvcoID.",
    "021": "System error.",
    "022": "Data error.",
    "101": "QR Code Authentication failed – Invalid Credentials.",
    "102": "RFID Authentication failed – invalid UID.",
    "103": "RFID Authentication failed – card not readable.",
    "105": "PLC Authentication failed – invalid EvcoID.",
    "106": "No positive authentication response.",
    "110": "QR Code App Authentication failed – time out error.",
    "120": "PLC (ISO/IEC 15118) Authentication failed – invalid underlying EvcoID.",
    "121": "PLC (ISO/IEC 15118) Authentication failed – invalid certificate.",
    "122": "PLC (ISO/IEC 15118) Authentication failed – time out error.",
    "200": "EvcoID locked.",
    "210": "No valid contract.",
    "300": "Partner not found.",
    "310": "Partner did not respond.",
    "320": "Service not available.",
    "400": "Session is invalid.",
    "501": "Communication to EVSE failed.",
    "510": "No EV connected to EVSE.",
    "601": "EVSE already reserved.",
    "602": "EVSE already in use/ wrong token.",
    "603": "Unknown EVSE ID.",
    "604": "EVSE ID is not Hubject compatible.",
    "700": "EVSE out of service.",
}
"""Source: CodeType. Every code there is, with its standard text."""

CAPABILITY: Final[dict[str, str]] = {
    "CHARGING_PREFERENCES_CAPABLE": "OICP has no charging preferences",
    "CHARGING_PROFILE_CAPABLE": "OICP has no charging profiles; its dynamic power level is another thing",
    "START_SESSION_CONNECTOR_REQUIRED": "OICP addresses no connectors",
    "TOKEN_GROUP_CAPABLE": "OICP has no token groups",
    "UNLOCK_CAPABLE": "OICP cannot unlock",
}
"""OCPI capability -> why OICP does not get it. Those that it gets are not here."""
CARRIED_CAPABILITIES: Final = frozenset({"RFID_READER", "REMOTE_START_STOP_CAPABLE", "RESERVABLE"})
PAID_AT_THE_POINT: Final = frozenset(
    {
        "CREDIT_CARD_PAYABLE",
        "DEBIT_CARD_PAYABLE",
        "CHIP_CARD_SUPPORT",
        "CONTACTLESS_CARD_SUPPORT",
        "PED_TERMINAL",
    }
)
"""Capabilities of which OICP says no more than payment option Direct."""


@lru_cache(maxsize=4096)
def words(table: CodeTable[Any, Any], codes: tuple[Any, ...] | None) -> tuple[Any, ...]:
    """Those codes of the wire that the model has a word for, in its words."""
    return tuple(word for code in codes or () if (word := table.core_for(code)) is not None)


@lru_cache(maxsize=4096)
def wire_words(table: CodeTable[Any, Any], codes: tuple[Any, ...]) -> tuple[Any, ...]:
    """Those codes of the model that the wire has a word for, in its words."""
    return tuple(word for code in codes if (word := table.wire_for(code)) is not None)
