"""How a driver identifies. Source: OICP 2.3, Data Types, IdentificationType and the types below it."""

from enum import StrEnum

from protocols.oicp.wire.base import Wire, broken
from protocols.oicp.wire.common import UID, DateTime, EvcoID, HashValue, Text20, Text100, Text150


class RFIDType(StrEnum):
    MIFARE_CLASSIC = "mifareCls"
    MIFARE_DESFIRE = "mifareDes"
    CALYPSO = "calypso"
    NFC = "nfc"
    MIFARE_FAMILY = "mifareFamily"


class HashFunction(StrEnum):
    BCRYPT = "Bcrypt"


class LegacyHashFunction(StrEnum):
    MD5 = "MD5"
    SHA_1 = "SHA-1"


class RFIDMifareFamilyIdentification(Wire, frozen=True, kw_only=True):
    """RFIDmifarefamilyIdentificationType. The UID is read left to right, most significant byte first."""

    uid: UID


class RFIDIdentification(Wire, frozen=True, kw_only=True):
    """RFIDIdentificationType: in uploads and CDRs, never in an authorisation request."""

    uid: UID
    rfid: RFIDType
    evco_id: EvcoID | None = None
    printed_number: Text150 | None = None
    expiry_date: DateTime | None = None


class LegacyHashData(Wire, frozen=True, kw_only=True):
    """LegacyHashDataType: kept, not used. The printed limit of `value` (20) holds no real digest."""

    function: LegacyHashFunction
    salt: Text100 | None = None
    value: Text100 | None = None


class HashedPIN(Wire, frozen=True, kw_only=True):
    """HashedPINType, with the CPO document's pattern (the EMP document's cannot hold a bcrypt hash)."""

    value: HashValue
    function: HashFunction
    legacy_hash_data: LegacyHashData | None = None


class QRCodeIdentification(Wire, frozen=True, kw_only=True):
    """QRCodeIdentificationType. `pin` is a secret."""

    evco_id: EvcoID
    hashed_pin: HashedPIN | None = None
    pin: Text20 | None = None

    def __repr__(self) -> str:
        return f"QRCodeIdentification(evco_id={self.evco_id!r}, pin=..., hashed_pin=...)"


class PlugAndChargeIdentification(Wire, frozen=True, kw_only=True):
    """PlugAndChargeIdentificationType."""

    evco_id: EvcoID


class RemoteIdentification(Wire, frozen=True, kw_only=True):
    """RemoteIdentificationType."""

    evco_id: EvcoID


class Identification(Wire, frozen=True, kw_only=True):
    """IdentificationType: exactly one member; members that are null do not count."""

    rfid_mifare_family_identification: RFIDMifareFamilyIdentification | None = None
    rfid_identification: RFIDIdentification | None = None
    qr_code_identification: QRCodeIdentification | None = None
    plug_and_charge_identification: PlugAndChargeIdentification | None = None
    remote_identification: RemoteIdentification | None = None

    def __post_init__(self) -> None:
        given = (
            (self.rfid_mifare_family_identification is not None)
            + (self.rfid_identification is not None)
            + (self.qr_code_identification is not None)
            + (self.plug_and_charge_identification is not None)
            + (self.remote_identification is not None)
        )
        if given != 1:
            raise ValueError(f"exactly one identification must be given, not {given}")


def check_asked(identification: Identification) -> None:
    """What an authorisation request may identify by: mifare family, QR code with clear PIN, Plug & Charge."""
    if identification.rfid_identification is not None:
        raise broken("Identification.RFIDIdentification", "not allowed here, use RFIDMifareFamilyIdentification")
    if identification.remote_identification is not None:
        raise broken("Identification.RemoteIdentification", "not allowed here")
    qr_code = identification.qr_code_identification
    if qr_code is not None:
        if not qr_code.pin:
            raise broken("Identification.QRCodeIdentification.PIN", "may not be null")
        if qr_code.hashed_pin is not None:
            raise broken("Identification.QRCodeIdentification.HashedPIN", "not allowed here, only PIN is")


def check_remote(identification: Identification) -> None:
    """What a remote start identifies by: a contract, and nothing else."""
    if identification.remote_identification is None:
        raise broken("Identification.RemoteIdentification", "is the only identification of a remote start")
