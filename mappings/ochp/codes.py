"""Code tables between OCHP 1.4 and the model. Source: OCHP 1.4, data-types.xsd, live-types.xsd.

Words of the model for which OCPI has none are OCHP's own, in upper case with underscores.
"""

from typing import Final

from core.model.authorisation import Decision
from core.model.location import AuthenticationMode, ConnectorFormat, EvseStatus, PowerType
from mappings.tables import CodeTable
from protocols.ochp.wire import words as wire
from protocols.ochp.wire.words import Major, Minor

_NO_PLUG: Final = "OCHP has no such connector"
_OTHER_PLUGS: Final = (
    "CHAOJI", "DOMESTIC_M", "DOMESTIC_N", "DOMESTIC_O", "GBT_AC", "GBT_DC", "MCS", "NEMA_5_20", "NEMA_6_30",
    "NEMA_6_50", "NEMA_10_30", "NEMA_10_50", "NEMA_14_30", "NEMA_14_50", "PANTOGRAPH_BOTTOM_UP",
    "PANTOGRAPH_TOP_DOWN", "SAE_J3400",
)  # fmt: skip
CONNECTOR_STANDARD: Final = CodeTable[wire.ConnectorStandard, str](
    both={
        **{word: word.value for word in wire.ConnectorStandard if word is not wire.ConnectorStandard.CHADEMO},
        wire.ConnectorStandard.CHADEMO: "CHADEMO",
    },
    unsent=dict.fromkeys(_OTHER_PLUGS, _NO_PLUG),
)
"""Source: ConnectorStandard. Standards that are not here have no word either."""

CONNECTOR_FORMAT: Final = CodeTable[wire.ConnectorFormat, ConnectorFormat](
    both={
        wire.ConnectorFormat.SOCKET: ConnectorFormat.SOCKET,
        wire.ConnectorFormat.CABLE: ConnectorFormat.CABLE,
    }
)
CURRENT: Final = CodeTable[wire.CurrentType, PowerType](
    both={wire.CurrentType.DC: PowerType.DC},
    inbound={wire.CurrentType.AC: PowerType.AC_3_PHASE},
    outbound={
        PowerType.AC_3_PHASE: wire.CurrentType.AC,
        PowerType.AC_1_PHASE: wire.CurrentType.AC,
        PowerType.AC_2_PHASE: wire.CurrentType.AC,
        PowerType.AC_2_PHASE_SPLIT: wire.CurrentType.AC,
    },
)
"""Source: chargePointType. How many phases AC has is told from plug and power, see `connectors`."""

STATIC_STATUS: Final = CodeTable[wire.ChargePointStatus, EvseStatus](
    both={
        wire.ChargePointStatus.UNKNOWN: EvseStatus.UNKNOWN,
        wire.ChargePointStatus.INOPERATIVE: EvseStatus.INOPERATIVE,
        wire.ChargePointStatus.PLANNED: EvseStatus.PLANNED,
        wire.ChargePointStatus.CLOSED: EvseStatus.REMOVED,
    },
    inbound={wire.ChargePointStatus.OPERATIVE: EvseStatus.UNKNOWN},  # in service; whether free, the live status says
    outbound={
        EvseStatus.AVAILABLE: wire.ChargePointStatus.OPERATIVE,
        EvseStatus.BLOCKED: wire.ChargePointStatus.OPERATIVE,
        EvseStatus.CHARGING: wire.ChargePointStatus.OPERATIVE,
        EvseStatus.OUT_OF_ORDER: wire.ChargePointStatus.OPERATIVE,
        EvseStatus.RESERVED: wire.ChargePointStatus.OPERATIVE,
    },
)
"""Source: ChargePointStatusType, of a charge point."""

_NOT_STATIC: Final = "OCHP plans only whether an EVSE is in operation"
SCHEDULED_STATUS: Final = CodeTable[wire.ChargePointStatus, EvseStatus](
    both={
        wire.ChargePointStatus.UNKNOWN: EvseStatus.UNKNOWN,
        wire.ChargePointStatus.OPERATIVE: EvseStatus.AVAILABLE,
        wire.ChargePointStatus.INOPERATIVE: EvseStatus.INOPERATIVE,
        wire.ChargePointStatus.PLANNED: EvseStatus.PLANNED,
        wire.ChargePointStatus.CLOSED: EvseStatus.REMOVED,
    },
    unsent={
        EvseStatus.BLOCKED: _NOT_STATIC,
        EvseStatus.CHARGING: _NOT_STATIC,
        EvseStatus.OUT_OF_ORDER: _NOT_STATIC,
        EvseStatus.RESERVED: _NOT_STATIC,
    },
)
"""Source: ChargePointStatusType, in a schedule."""

Live = tuple[Major, Minor | None]
LIVE_STATUS: Final = CodeTable[Live, EvseStatus](
    both={
        (Major.AVAILABLE, Minor.AVAILABLE): EvseStatus.AVAILABLE,
        (Major.NOT_AVAILABLE, Minor.CHARGING): EvseStatus.CHARGING,
        (Major.NOT_AVAILABLE, Minor.BLOCKED): EvseStatus.BLOCKED,
        (Major.NOT_AVAILABLE, Minor.RESERVED): EvseStatus.RESERVED,
        (Major.NOT_AVAILABLE, Minor.OUT_OF_ORDER): EvseStatus.OUT_OF_ORDER,
        (Major.UNKNOWN, None): EvseStatus.UNKNOWN,
    },
    inbound={
        (Major.AVAILABLE, None): EvseStatus.AVAILABLE,
        (Major.AVAILABLE, Minor.RESERVED): EvseStatus.AVAILABLE,  # a session can start; the reservation is to come
        (Major.NOT_AVAILABLE, None): EvseStatus.INOPERATIVE,  # no session can start; why is not said
    },
    outbound={EvseStatus.INOPERATIVE: (Major.NOT_AVAILABLE, Minor.OUT_OF_ORDER)},
    unsent={
        EvseStatus.PLANNED: "said by the charge point's static status",
        EvseStatus.REMOVED: "said by the charge point's static status",
    },
    core=EvseStatus,
    wire=(
        (Major.AVAILABLE, None), (Major.AVAILABLE, Minor.AVAILABLE), (Major.AVAILABLE, Minor.RESERVED),
        (Major.NOT_AVAILABLE, None), (Major.NOT_AVAILABLE, Minor.CHARGING), (Major.NOT_AVAILABLE, Minor.BLOCKED),
        (Major.NOT_AVAILABLE, Minor.RESERVED), (Major.NOT_AVAILABLE, Minor.OUT_OF_ORDER), (Major.UNKNOWN, None),
    ),
)  # fmt: skip
"""Source: Live Status Interface. Every pair that may be set; others are refused."""

PARKING_TYPE: Final = CodeTable[wire.GeneralLocation, str](
    both={
        wire.GeneralLocation.ON_STREET: "ON_STREET",
        wire.GeneralLocation.PARKING_GARAGE: "PARKING_GARAGE",
        wire.GeneralLocation.UNDERGROUND_GARAGE: "UNDERGROUND_GARAGE",
        wire.GeneralLocation.PARKING_LOT: "PARKING_LOT",
    },
    outbound={"ALONG_MOTORWAY": wire.GeneralLocation.OTHER, "ON_DRIVEWAY": wire.GeneralLocation.OTHER},
    unread={
        wire.GeneralLocation.UNKNOWN: "says nothing",
        wire.GeneralLocation.OTHER: "says only what it is not",
        wire.GeneralLocation.PRIVATE: "says who may enter: accessibility",
    },
)
"""Source: GeneralLocationType. A place of which nothing is said is `unknown`."""

_NO_RESTRICTION: Final = "OCHP has no such restriction"
RESTRICTION: Final = CodeTable[wire.Restriction, str](
    both={
        wire.Restriction.EV_ONLY: "EV_ONLY",
        wire.Restriction.PLUGGED: "PLUGGED",
        wire.Restriction.DISABLED: "DISABLED",
        wire.Restriction.CUSTOMERS: "CUSTOMERS",
        wire.Restriction.MOTORCYCLES: "MOTORCYCLES",
        wire.Restriction.CARSHARING: "CARSHARING",
    },
    unsent=dict.fromkeys(("EMPLOYEES", "TAXIS", "TENANTS"), _NO_RESTRICTION),
)
"""Source: RestrictionType."""

AUTH_METHOD: Final = CodeTable[wire.AuthMethod, AuthenticationMode](
    both={
        wire.AuthMethod.PUBLIC: AuthenticationMode.NO_AUTHENTICATION,
        wire.AuthMethod.LOCAL_KEY: AuthenticationMode.LOCAL_KEY,
        wire.AuthMethod.RFID_MIFARE_CLASSIC: AuthenticationMode.RFID_MIFARE_CLASSIC,
        wire.AuthMethod.RFID_MIFARE_DESFIRE: AuthenticationMode.RFID_MIFARE_DESFIRE,
        wire.AuthMethod.RFID_CALYPSO: AuthenticationMode.RFID_CALYPSO,
        wire.AuthMethod.IEC_15118: AuthenticationMode.PLUG_AND_CHARGE,
        wire.AuthMethod.OCHP_DIRECT: AuthenticationMode.REMOTE,
        wire.AuthMethod.OPERATOR: AuthenticationMode.DIRECT_PAYMENT,
    },
    unread={
        wire.AuthMethod.DIRECT_CASH: "payment option DIRECT",
        wire.AuthMethod.DIRECT_CREDITCARD: "capability CREDIT_CARD_PAYABLE",
        wire.AuthMethod.DIRECT_DEBITCARD: "capability DEBIT_CARD_PAYABLE",
    },
)
"""Source: AuthMethodType."""
PAYMENT: Final = {
    wire.AuthMethod.DIRECT_CREDITCARD: "CREDIT_CARD_PAYABLE",
    wire.AuthMethod.DIRECT_DEBITCARD: "DEBIT_CARD_PAYABLE",
}

CAPABILITY: Final[dict[str, str]] = {
    "CHARGING_PREFERENCES_CAPABLE": "OCHP has no charging preferences",
    "CHARGING_PROFILE_CAPABLE": "OCHP has no charging profiles",
    "CHIP_CARD_SUPPORT": "OCHP tells cards by who issues them, not by how they are read",
    "CONTACTLESS_CARD_SUPPORT": "OCHP tells cards by who issues them, not by how they are read",
    "PED_TERMINAL": "OCHP tells cards by who issues them, not by how they are read",
    "START_SESSION_CONNECTOR_REQUIRED": "OCHP addresses no connectors",
    "TOKEN_GROUP_CAPABLE": "OCHP has no token groups",
    "UNLOCK_CAPABLE": "OCHP cannot unlock",
}
"""OCPI capability -> why OCHP does not get it. Those that it gets are not here."""

IMAGE: Final = CodeTable[wire.ImageClass, str](
    both={
        wire.ImageClass.STATION_PHOTO: "CHARGER",
        wire.ImageClass.ENTRANCE_PHOTO: "ENTRANCE",
        wire.ImageClass.LOCATION_PHOTO: "LOCATION",
        wire.ImageClass.NETWORK_LOGO: "NETWORK",
        wire.ImageClass.OPERATOR_LOGO: "OPERATOR",
        wire.ImageClass.OWNER_LOGO: "OWNER",
        wire.ImageClass.OTHER_PHOTO: "OTHER",
    },
    inbound={wire.ImageClass.OTHER_LOGO: "OTHER", wire.ImageClass.OTHER_GRAPHIC: "OTHER"},
)
"""Source: EvseImageUrlType, class."""

RFID_FAMILY: Final = CodeTable[wire.TokenSubType, str](
    both={
        wire.TokenSubType.MIFARE_CLASSIC: "MIFARE_CLASSIC",
        wire.TokenSubType.MIFARE_DESFIRE: "MIFARE_DESFIRE",
        wire.TokenSubType.CALYPSO: "CALYPSO",
    },
    unsent={"NFC": "OCHP names three families only", "MIFARE_FAMILY": "OCHP names three families only"},
)
"""Source: EmtId, tokenSubType."""

BILLING_ITEM: Final = CodeTable[wire.BillingItem, str](
    both={
        wire.BillingItem.ENERGY: "ENERGY",
        wire.BillingItem.USAGE_TIME: "TIME",
        wire.BillingItem.PARKING_TIME: "PARKING_TIME",
        wire.BillingItem.RESERVATION_TIME: "RESERVATION_TIME",
        wire.BillingItem.POWER: "MAX_POWER",
    },
    unread={
        wire.BillingItem.SERVICE_FEE: "no quantity: total_fixed_cost",
        wire.BillingItem.RESERVATION: "no quantity: total_reservation_cost",
    },
    unsent={
        "CURRENT": "OCHP bills no currents",
        "ENERGY_EXPORT": "OCHP bills no energy to the grid",
        "ENERGY_IMPORT": "OCHP bills the energy of the session",
        "MAX_CURRENT": "OCHP bills no currents",
        "MIN_CURRENT": "OCHP bills no currents",
        "MIN_POWER": "OCHP bills the highest power only",
        "POWER": "OCHP bills the highest power only",
        "STATE_OF_CHARGE": "OCHP does not know the vehicle's battery",
    },
)
"""Source: BillingItemType."""

DECISION: Final = CodeTable[wire.ResultCode, Decision](
    both={
        wire.ResultCode.OK: Decision.ALLOWED,
        wire.ResultCode.INVALID_ID: Decision.UNKNOWN_TOKEN,
        wire.ResultCode.SERVER: Decision.TIMED_OUT,
    },
    inbound={wire.ResultCode.ROAMING: Decision.NO_ISSUER},
    outbound={  # a caller shall not learn which of its guesses is a token of somebody
        Decision.BLOCKED: wire.ResultCode.INVALID_ID,
        Decision.EXPIRED: wire.ResultCode.INVALID_ID,
        Decision.NO_CREDIT: wire.ResultCode.INVALID_ID,
        Decision.NOT_ALLOWED: wire.ResultCode.INVALID_ID,
        Decision.NO_ISSUER: wire.ResultCode.INVALID_ID,
        Decision.NEEDS_LOCATION: wire.ResultCode.INVALID_ID,
    },
    unread={
        wire.ResultCode.PARTLY: "no answer to a question about one token",
        wire.ResultCode.NOT_AUTHORIZED: "the login failed: nothing is said of the token",
        wire.ResultCode.FORMAT: "the question was wrong: nothing is said of the token",
    },
)
"""Source: ResultCodeType, in the answer about a single token. `ok` is a yes only with a record."""
