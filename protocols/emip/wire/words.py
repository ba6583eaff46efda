"""The closed enumerations of eMIP. Their values are numbers on the wire; `WORDS` are what is read besides.

Source: checklist, chapter 6.
"""

from enum import StrEnum


class Code(StrEnum):
    """Base of the enumerations; hashed as text, so that tables of codes are fast."""

    __hash__ = str.__hash__


class IdType(Code):
    EMI3 = "eMI3"
    GIREVE = "Gireve"
    """An opaque id of the platform's own."""


class UserIdType(Code):
    """The words that are known; the wire type is open, others are read as EMP-SPEC."""

    RFID_UID = "RFID-UID"
    EMI3 = "eMI3"
    EMA = "eMA"
    EVCO = "EVCO"
    EMP_SPEC = "EMP-SPEC"


class Flag(Code):
    NO = "0"
    YES = "1"


class AuthorisationValue(Code):
    GRANTED = "1"
    REFUSED = "2"


class CdrNature(Code):
    FINAL = "1"
    INTERMEDIATE = "2"


class AvailabilityStatus(Code):
    UNSPECIFIED = "0"
    OUT_OF_ORDER = "1"
    IN_SERVICE = "2"
    FUTURE = "3"
    DELETED = "4"


class BusyStatus(Code):
    UNSPECIFIED = "0"
    FREE = "1"
    BUSY = "2"
    RESERVED = "3"


WORDS: dict[type[Code], dict[str, Code]] = {
    IdType: {
        "emi3": IdType.EMI3,
        "emi3_star": IdType.EMI3,
        "emi3_hyphen": IdType.EMI3,
        "gireve": IdType.GIREVE,
    },
    Flag: {"true": Flag.YES, "false": Flag.NO},
    AuthorisationValue: {
        "ok": AuthorisationValue.GRANTED,
        "start": AuthorisationValue.GRANTED,
        "ko": AuthorisationValue.REFUSED,
        "stop": AuthorisationValue.REFUSED,
    },
    CdrNature: {"final": CdrNature.FINAL, "intermediate": CdrNature.INTERMEDIATE},
    AvailabilityStatus: {
        "unspecified": AvailabilityStatus.UNSPECIFIED,
        "out-of-order": AvailabilityStatus.OUT_OF_ORDER,
        "in-service": AvailabilityStatus.IN_SERVICE,
        "future": AvailabilityStatus.FUTURE,
        "deleted": AvailabilityStatus.DELETED,
    },
    BusyStatus: {
        "unspecified": BusyStatus.UNSPECIFIED,
        "free": BusyStatus.FREE,
        "busy": BusyStatus.BUSY,
        "reserved": BusyStatus.RESERVED,
    },
}
"""Words in small letters -> code."""
USER_ID_WORDS: dict[str, UserIdType] = {word.value.lower(): word for word in UserIdType}
