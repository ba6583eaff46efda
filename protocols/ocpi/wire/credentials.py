"""Source: OCPI 2.3.0, credentials."""

from typing import Annotated

from msgspec import Meta

from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.locations import BusinessDetails
from protocols.ocpi.wire.types import ASCII, CiString2, CiString3, CiString5, Code, Url

CredentialsToken = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+\Z", extra=ASCII)]


class Role(Code):
    """PTP is read too: the payments edition uses it without listing it. Source: OCPI 2.3.0, types, Role enum."""

    CPO = "CPO"
    EMSP = "EMSP"
    NAP = "NAP"
    NSP = "NSP"
    OTHER = "OTHER"
    SCSP = "SCSP"
    PTP = "PTP"


class CredentialsRole(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, credentials, CredentialsRole class."""

    role: Role
    business_details: BusinessDetails
    party_id: CiString3
    country_code: CiString2


class Credentials(Wire, frozen=True, kw_only=True):
    """`token` is what the reader has to send to the writer. Source: OCPI 2.3.0, credentials, Credentials object."""

    token: CredentialsToken
    url: Url
    hub_party_id: CiString5 | None = None
    roles: Annotated[tuple[CredentialsRole, ...], Meta(min_length=1)]

    def __repr__(self) -> str:
        return f"Credentials(url={self.url!r}, hub_party_id={self.hub_party_id!r}, roles={self.roles!r})"
