"""The simple types of eMIP, with their limits, in the one form that is sent. Source: checklist, 3.1, 3.2, 6.1.

`extra` of a Meta tells the codec how liberal reading brings other forms into this one.
"""

from decimal import Decimal
from typing import Annotated, Any

from msgspec import Meta

DATE: dict[str, Any] = {"emip": "date"}
USER_ID_TYPE: dict[str, Any] = {"emip": "user-id-type"}
ANSWER: dict[str, Any] = {"emip": "answer"}

_DAY = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"

Id = Annotated[str, Meta(min_length=1, max_length=255)]
Text = Annotated[str, Meta(min_length=1, max_length=4000)]
UserIdTypeText = Annotated[str, Meta(min_length=1, max_length=255, extra=USER_ID_TYPE)]
"""A word of `UserIdType`, or any other."""
DateTime = Annotated[str, Meta(pattern=rf"^{_DAY}T{_CLOCK}(?:\.[0-9]{{3}})?Z\Z", extra=DATE)]
"""UTC, seconds or milliseconds."""
Status = int
"""requestStatus: 1 done, to 9999 done with a remark, above failed; below 1 is not legal and read as failed."""
Nature = Annotated[int, Meta(ge=0)]
"""Of an event or action; the list grew, so any number is passed on."""
MeterTypeId = Annotated[int, Meta(ge=0)]
AnsweredValue = Annotated[int, Meta(extra=ANSWER)]
"""authorisationValue in an answer: only 1 is a yes, whatever else comes."""
PositiveInteger = Annotated[int, Meta(ge=1)]
Number = Decimal
