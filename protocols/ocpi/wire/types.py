"""The primitive types of OCPI, with their limits. Source: OCPI 2.3.0, types.

Lists are `tuple[X, ...] | None = ()`: absent, null and empty mean the same. Times stay text on the wire; numbers keep
their digits as Decimal. Open enumerations are text: the values that the specification lists are in `words.py`.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta


class Code(StrEnum):
    """Base of the closed enumerations; hashed as text, so that tables of codes are fast."""

    __hash__ = str.__hash__


ASCII: dict[str, Any] = {"ascii": True}
"""Marks a CiString: printable ASCII, compared without regard to case. `strict.py` checks it."""

_DAY = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_TIME = rf"{_DAY}T{_CLOCK}:[0-5][0-9](?:\.[0-9]+)?Z?"

CiString2 = Annotated[str, Meta(max_length=2, extra=ASCII)]
CiString3 = Annotated[str, Meta(max_length=3, extra=ASCII)]
CiString4 = Annotated[str, Meta(max_length=4, extra=ASCII)]
CiString5 = Annotated[str, Meta(max_length=5, extra=ASCII)]
CiString10 = Annotated[str, Meta(max_length=10, extra=ASCII)]
CiString20 = Annotated[str, Meta(max_length=20, extra=ASCII)]
CiString25 = Annotated[str, Meta(max_length=25, extra=ASCII)]
CiString32 = Annotated[str, Meta(max_length=32, extra=ASCII)]
CiString36 = Annotated[str, Meta(max_length=36, extra=ASCII)]
CiString39 = Annotated[str, Meta(max_length=39, extra=ASCII)]
CiString45 = Annotated[str, Meta(max_length=45, extra=ASCII)]
CiString48 = Annotated[str, Meta(max_length=48, extra=ASCII)]
CiString255 = Annotated[str, Meta(max_length=255, extra=ASCII)]
CiString = Annotated[str, Meta(extra=ASCII)]

String2 = Annotated[str, Meta(max_length=2)]
String3 = Annotated[str, Meta(max_length=3)]
String4 = Annotated[str, Meta(max_length=4)]
String10 = Annotated[str, Meta(max_length=10)]
String12 = Annotated[str, Meta(max_length=12)]
String16 = Annotated[str, Meta(max_length=16)]
String20 = Annotated[str, Meta(max_length=20)]
String45 = Annotated[str, Meta(max_length=45)]
String50 = Annotated[str, Meta(max_length=50)]
String64 = Annotated[str, Meta(max_length=64)]
String100 = Annotated[str, Meta(max_length=100)]
String255 = Annotated[str, Meta(max_length=255)]
String512 = Annotated[str, Meta(max_length=512)]
String5000 = Annotated[str, Meta(max_length=5000)]

Url = Annotated[str, Meta(max_length=255, pattern=r"^[A-Za-z][A-Za-z0-9+.\-]*://")]
"""Absolute."""
OpenEnum = str
"""A listed value or any other text."""
Number = Decimal

DateTime = Annotated[str, Meta(max_length=25, pattern=rf"^{_TIME}\Z")]
"""UTC, with or without fraction and `Z`; never with an offset."""
CdrDateTime = Annotated[str, Meta(max_length=25, pattern=rf"^(?:{_TIME}|1970-1-1T00:00:00Z)\Z")]
"""A CDR may write an unknown time as the placeholder `1970-1-1T00:00:00Z`."""
ClockTime = Annotated[str, Meta(max_length=5, pattern=rf"^{_CLOCK}\Z")]
"""HH:MM, local."""
EndOfPeriod = Annotated[str, Meta(max_length=5, pattern=rf"^(?:{_CLOCK}|24:00)\Z")]
"""HH:MM, local; 24:00, which partners write for midnight, is read too."""
Date = Annotated[str, Meta(max_length=10, pattern=rf"^{_DAY}\Z")]

Latitude = Annotated[str, Meta(max_length=10, pattern=r"^-?[0-9]{1,2}\.[0-9]{5,7}\Z")]
Longitude = Annotated[str, Meta(max_length=11, pattern=r"^-?[0-9]{1,3}\.[0-9]{5,7}\Z")]
