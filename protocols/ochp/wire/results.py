"""What every answer begins with. Source: OCHP 1.4, message-elements.xsd, Result."""

from msgspec import field

from protocols.ochp.wire.base import Wire
from protocols.ochp.wire.types import Description
from protocols.ochp.wire.words import ResultCode


class Result(Wire, frozen=True, kw_only=True):
    """The code is nested twice. The description is always sent, and missed with patience where a partner leaves it."""

    result_code: ResultCode = field(name="resultCode/resultCode")
    result_description: Description | None = None
