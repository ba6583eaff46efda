"""Source: OCPI 2.3.0, version_information_endpoint."""

from typing import Annotated

from msgspec import Meta

from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.types import Code, OpenEnum, Url


class InterfaceRole(Code):
    """Source: OCPI 2.3.0, version_information_endpoint, InterfaceRole enum."""

    SENDER = "SENDER"
    RECEIVER = "RECEIVER"


class Version(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, version_information_endpoint, Version class."""

    version: OpenEnum
    url: Url


class Endpoint(Wire, frozen=True, kw_only=True):
    """`role` means nothing for `credentials`. Source: OCPI 2.3.0, version_information_endpoint, Endpoint class."""

    identifier: OpenEnum
    role: InterfaceRole
    url: Url


class VersionDetails(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, version_information_endpoint, version details."""

    version: OpenEnum
    endpoints: Annotated[tuple[Endpoint, ...], Meta(min_length=1)]
