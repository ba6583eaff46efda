"""Authentication data of EMPs. Source: OICP 2.3, eRoamingPushAuthenticationData_V2.1; the pull is of OICP 2.2."""

from protocols.oicp.wire.base import Wire, broken
from protocols.oicp.wire.common import ActionType, OperatorID, ProviderID, StatusCode
from protocols.oicp.wire.identification import Identification


class AuthenticationDataRecord(Wire, frozen=True, kw_only=True):
    """AuthenticationDataRecordType. A QR code brings its PIN either clear or hashed."""

    identification: Identification

    def __post_init__(self) -> None:
        qr_code = self.identification.qr_code_identification
        if qr_code is not None and bool(qr_code.pin) == (qr_code.hashed_pin is not None):
            raise broken("Identification.QRCodeIdentification", "exactly one of PIN and HashedPIN must be given")


class ProviderAuthenticationData(Wire, frozen=True, kw_only=True):
    """ProviderAuthenticationDataType."""

    provider_id: ProviderID
    authentication_data_record: tuple[AuthenticationDataRecord, ...]


class PushAuthenticationData(Wire, frozen=True, kw_only=True):
    """eRoamingPushAuthenticationData."""

    action_type: ActionType
    provider_authentication_data: ProviderAuthenticationData


class PullAuthenticationData(Wire, frozen=True, kw_only=True):
    """eRoamingPullAuthenticationData (OICP 2.2)."""

    operator_id: OperatorID


class AuthenticationDataList(Wire, frozen=True, kw_only=True):
    """Member AuthenticationData of eRoamingAuthenticationData."""

    provider_authentication_data: tuple[ProviderAuthenticationData, ...]


class AuthenticationData(Wire, frozen=True, kw_only=True):
    """eRoamingAuthenticationData (OICP 2.2)."""

    authentication_data: AuthenticationDataList
    status_code: StatusCode | None = None
