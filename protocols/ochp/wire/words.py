"""The enumerations of OCHP 1.4. Source: data-types.xsd, live-types.xsd."""

from protocols.ochp.wire.types import Code


class ResultCode(Code):
    OK = "ok"
    PARTLY = "partly"
    NOT_AUTHORIZED = "not-authorized"
    INVALID_ID = "invalid-id"
    SERVER = "server"
    FORMAT = "format"
    ROAMING = "roaming"


class TokenType(Code):
    """`remote` only in CDRs."""

    RFID = "rfid"
    REMOTE = "remote"
    ISO_15118 = "15118"


class TokenSubType(Code):
    MIFARE_CLASSIC = "mifareCls"
    MIFARE_DESFIRE = "mifareDes"
    CALYPSO = "calypso"


class Representation(Code):
    PLAIN = "plain"
    SHA_160 = "sha-160"
    SHA_256 = "sha-256"


class CdrStatus(Code):
    NEW = "new"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DECLINED = "declined"
    APPROVED = "approved"
    REVISED = "revised"


class BillingItem(Code):
    """Hours, hours, kWh, kW, once, once, hours."""

    PARKING_TIME = "parkingtime"
    USAGE_TIME = "usagetime"
    ENERGY = "energy"
    POWER = "power"
    SERVICE_FEE = "serviceFee"
    RESERVATION = "reservation"
    RESERVATION_TIME = "reservationtime"


class CurrentType(Code):
    """chargePointType."""

    AC = "AC"
    DC = "DC"


class ConnectorStandard(Code):
    CHADEMO = "Chademo"
    IEC_62196_T1 = "IEC_62196_T1"
    IEC_62196_T1_COMBO = "IEC_62196_T1_COMBO"
    IEC_62196_T2 = "IEC_62196_T2"
    IEC_62196_T2_COMBO = "IEC_62196_T2_COMBO"
    IEC_62196_T3A = "IEC_62196_T3A"
    IEC_62196_T3C = "IEC_62196_T3C"
    DOMESTIC_A = "DOMESTIC_A"
    DOMESTIC_B = "DOMESTIC_B"
    DOMESTIC_C = "DOMESTIC_C"
    DOMESTIC_D = "DOMESTIC_D"
    DOMESTIC_E = "DOMESTIC_E"
    DOMESTIC_F = "DOMESTIC_F"
    DOMESTIC_G = "DOMESTIC_G"
    DOMESTIC_H = "DOMESTIC_H"
    DOMESTIC_I = "DOMESTIC_I"
    DOMESTIC_J = "DOMESTIC_J"
    DOMESTIC_K = "DOMESTIC_K"
    DOMESTIC_L = "DOMESTIC_L"
    TESLA_R = "TESLA_R"
    TESLA_S = "TESLA_S"
    IEC_60309_2_SINGLE_16 = "IEC_60309_2_single_16"
    IEC_60309_2_THREE_16 = "IEC_60309_2_three_16"
    IEC_60309_2_THREE_32 = "IEC_60309_2_three_32"
    IEC_60309_2_THREE_64 = "IEC_60309_2_three_64"


class ConnectorFormat(Code):
    SOCKET = "Socket"
    CABLE = "Cable"


class ChargePointStatus(Code):
    """The static status; the live one is in `live.py`."""

    UNKNOWN = "Unknown"
    OPERATIVE = "Operative"
    INOPERATIVE = "Inoperative"
    PLANNED = "Planned"
    CLOSED = "Closed"


class GeneralLocation(Code):
    ON_STREET = "on-street"
    PARKING_GARAGE = "parking-garage"
    UNDERGROUND_GARAGE = "underground-garage"
    PARKING_LOT = "parking-lot"
    OTHER = "other"
    UNKNOWN = "unknown"
    PRIVATE = "private"


class Restriction(Code):
    EV_ONLY = "evonly"
    PLUGGED = "plugged"
    DISABLED = "disabled"
    CUSTOMERS = "customers"
    MOTORCYCLES = "motorcycles"
    CARSHARING = "carsharing"


class AuthMethod(Code):
    PUBLIC = "Public"
    LOCAL_KEY = "LocalKey"
    DIRECT_CASH = "DirectCash"
    DIRECT_CREDITCARD = "DirectCreditcard"
    DIRECT_DEBITCARD = "DirectDebitcard"
    RFID_MIFARE_CLASSIC = "RfidMifareCls"
    RFID_MIFARE_DESFIRE = "RfidMifareDes"
    RFID_CALYPSO = "RfidCalypso"
    IEC_15118 = "Iec15118"
    OCHP_DIRECT = "OchpDirectAuth"
    OPERATOR = "OperatorAuth"


class ImageClass(Code):
    NETWORK_LOGO = "networkLogo"
    OPERATOR_LOGO = "operatorLogo"
    OWNER_LOGO = "ownerLogo"
    STATION_PHOTO = "stationPhoto"
    LOCATION_PHOTO = "locationPhoto"
    ENTRANCE_PHOTO = "entrancePhoto"
    OTHER_PHOTO = "otherPhoto"
    OTHER_LOGO = "otherLogo"
    OTHER_GRAPHIC = "otherGraphic"


class ResourceClass(Code):
    OPERATOR_MAP = "operatorMap"
    OPERATOR_PAYMENT = "operatorPayment"
    STATION_INFO = "stationInfo"
    SURROUNDING_INFO = "surroundingInfo"
    OWNER_HOMEPAGE = "ownerHomepage"
    FEEDBACK_FORM = "feedbackForm"


class PointType(Code):
    ENTRANCE = "entrance"
    EXIT = "exit"
    ACCESS = "access"
    UI = "ui"
    OTHER = "other"


class Major(Code):
    AVAILABLE = "available"
    NOT_AVAILABLE = "not-available"
    UNKNOWN = "unknown"


class Minor(Code):
    AVAILABLE = "available"
    RESERVED = "reserved"
    CHARGING = "charging"
    BLOCKED = "blocked"
    OUT_OF_ORDER = "outoforder"


class StatusKind(Code):
    """statusType of GetStatus; absent means EVSE."""

    EVSE = "evse"
    PARKING = "parking"
    COMBINED = "combined"
