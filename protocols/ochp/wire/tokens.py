"""Authorisation data. Source: OCHP 1.4, array-types.xsd, data-types.xsd, message-elements.xsd."""

from typing import Annotated

from msgspec import Meta, field

from protocols.ochp.wire.base import Wire
from protocols.ochp.wire.results import Result
from protocols.ochp.wire.types import ContractId, DateTime, Instance, PrintedNumber
from protocols.ochp.wire.words import Representation, TokenSubType, TokenType

_DIGITS = {Representation.SHA_160: 40, Representation.SHA_256: 64}


class EmtId(Wire, frozen=True, kw_only=True):
    """A token. Without `representation` it is plain.

    `instance`: a card's UID in hex, a contract or certificate (15118), a session (remote); or the hash of it."""

    instance: Instance
    token_type: TokenType
    token_sub_type: TokenSubType | None = None
    representation: Representation | None = field(name="@representation", default=None)

    def __post_init__(self) -> None:
        digits = _DIGITS.get(self.representation) if self.representation is not None else None
        if digits is None:
            return
        if len(self.instance) != digits or not set(self.instance) <= set("0123456789abcdefABCDEF"):
            raise ValueError(f"an instance of representation {self.representation} has {digits} hexadecimal digits")


class RoamingAuthorisationInfo(Wire, frozen=True, kw_only=True):
    """A token that may be used until `expiry_date`; a past one withdraws it."""

    emt_id: EmtId = field(name="EmtId")
    contract_id: ContractId
    printed_number: PrintedNumber | None = None
    expiry_date: DateTime = field(name="expiryDate/DateTime")


Records = tuple[RoamingAuthorisationInfo, ...]
SomeRecords = Annotated[Records, Meta(min_length=1)]


class SetRoamingAuthorisationListRequest(Wire, frozen=True, kw_only=True):
    roaming_authorisation_info_array: SomeRecords


class SetRoamingAuthorisationListResponse(Wire, frozen=True, kw_only=True):
    result: Result
    refused_roaming_authorisation_info: Records = ()


class UpdateRoamingAuthorisationListRequest(Wire, frozen=True, kw_only=True):
    roaming_authorisation_info_array: SomeRecords


class UpdateRoamingAuthorisationListResponse(Wire, frozen=True, kw_only=True):
    result: Result
    refused_roaming_authorisation_info: Records = ()


class GetRoamingAuthorisationListRequest(Wire, frozen=True, kw_only=True):
    """No members."""


class GetRoamingAuthorisationListResponse(Wire, frozen=True, kw_only=True):
    result: Result
    roaming_authorisation_info_array: Records = ()


class GetRoamingAuthorisationListUpdatesRequest(Wire, frozen=True, kw_only=True):
    last_update: DateTime = field(name="lastUpdate/DateTime")


class GetRoamingAuthorisationListUpdatesResponse(Wire, frozen=True, kw_only=True):
    """The records are called otherwise than in the full list.

    `roaming_authorisation_info_array` is what the prose, and so some clearing houses, call them: read, never sent."""

    result: Result
    roaming_authorisation_info: Records = ()
    roaming_authorisation_info_array: Records = ()


class GetSingleRoamingAuthorisationRequest(Wire, frozen=True, kw_only=True):
    emt_id: EmtId


class GetSingleRoamingAuthorisationResponse(Wire, frozen=True, kw_only=True):
    result: Result
    roaming_authorisation_info: RoamingAuthorisationInfo | None = None
