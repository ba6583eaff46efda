"""The simple types of OCHP, with their limits. Source: OCHP 1.4, data-types.xsd; sections 6 and 13 of the checklist.

Times stay text on the wire; numbers keep their digits as Decimal. Patterns end in `\\Z`: a line feed is no end of text.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta


class Code(StrEnum):
    """Base of the enumerations; hashed as text, so that tables of codes are fast."""

    __hash__ = str.__hash__


COLLAPSE: dict[str, Any] = {"collapse": True}
"""Space around the text means nothing (whiteSpace collapse)."""

_DAY = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_OFFSET = r"[+\-](?:0[0-9]|1[0-4]):[0-5][0-9]"

EvseId = Annotated[str, Meta(pattern=r"^[A-Za-z]{2}(\*?)[A-Za-z0-9]{3}\1[Ee][A-Za-z0-9][A-Za-z0-9*]{0,30}\Z")]
"""Both structural stars or none."""
TariffId = Annotated[str, Meta(pattern=r"^[A-Za-z]{2}(\*?)[A-Za-z0-9]{3}\1[Tt][A-Za-z0-9][A-Za-z0-9*]{0,9}\Z")]
ParkingId = Annotated[str, Meta(pattern=r"^[A-Za-z]{2}(\*?)[A-Za-z0-9]{3}\1[Pp][A-Za-z0-9][A-Za-z0-9*]{0,30}\Z")]
ContractId = Annotated[str, Meta(pattern=r"^[A-Za-z]{2}(-?)[A-Za-z0-9]{3}\1[A-Za-z0-9]{9}(?:\1[A-Za-z0-9])?\Z")]
"""All dashes or none; the check character may be left out."""
CdrId = Annotated[str, Meta(pattern=r"^[0-9A-Z]{1,36}\Z")]

DateTime = Annotated[str, Meta(pattern=rf"^{_DAY}T{_CLOCK}Z\Z", extra=COLLAPSE)]
"""UTC, to the second."""
LocalDateTime = Annotated[str, Meta(pattern=rf"^{_DAY}T{_CLOCK}{_OFFSET}\Z", extra=COLLAPSE)]
"""Local, with the offset that holds there and then; never `Z`."""
XsdDateTime = Annotated[str, Meta(pattern=rf"^{_DAY}T{_CLOCK}(?:\.[0-9]{{1,12}})?(?:Z|{_OFFSET})?\Z", extra=COLLAPSE)]
"""Any zone or none, with or without fraction."""

Float = Decimal
"""xsd:float, finite; its digits are kept."""
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z", extra=COLLAPSE)]
"""ISO 4217; the schema has no limit, the checklist (CDR-36) has."""
Country = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
Language = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
Latitude = Annotated[str, Meta(pattern=r"^-?(?:[0-8]?[0-9]\.[0-9]{6}|90\.0{6})\Z")]
Longitude = Annotated[str, Meta(pattern=r"^-?(?:0?[0-9]{1,2}\.[0-9]{6}|1[0-7][0-9]\.[0-9]{6}|180\.0{6})\Z")]
HourMinute = Annotated[str, Meta(pattern=r"^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z")]
Duration = Annotated[str, Meta(pattern=r"^[0-9]{3}:[0-9]{2}:[0-9]{2}\Z")]
HouseNumber = Annotated[str, Meta(pattern=r"^[A-Z0-9 \-]{1,6}\Z")]
ZipCode = Annotated[str, Meta(pattern=r"^[A-Z0-9 \-]{1,10}\Z")]
LocationId = Annotated[str, Meta(pattern=r"^[A-Z0-9 ]{1,15}\Z")]
FloorLevel = Annotated[str, Meta(pattern=r"^[A-Z0-9\-+/]{1,4}\Z")]
SpotNumber = Annotated[str, Meta(pattern=r"^[A-Z0-9\-+/]{1,5}\Z")]
Telephone = Annotated[str, Meta(pattern=r"^\+?[1-9]?[0-9 \-]{1,17}\Z")]
ImageUri = Annotated[str, Meta(max_length=255, pattern=r"(?s)^(?:https?|ftp|file)://.")]
WebUri = Annotated[str, Meta(max_length=255, pattern=r"(?s)^https?://.")]
FileType = Annotated[str, Meta(min_length=1, max_length=4)]
Pixels = Annotated[int, Meta(ge=1, le=99999)]
Voltage = Annotated[int, Meta(ge=1, le=1000)]
Minutes = Annotated[int, Meta(ge=1, le=1000)]
Percent = Annotated[int, Meta(ge=0, le=2147483647)]
Weekday = Annotated[int, Meta(ge=1, le=7)]

Instance = Annotated[str, Meta(min_length=1, max_length=512)]
PrintedNumber = Annotated[str, Meta(min_length=1, max_length=150)]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
Street = Annotated[str, Meta(min_length=2, max_length=45)]
City = Annotated[str, Meta(min_length=1, max_length=45)]
TimeZone = Annotated[str, Meta(min_length=1, max_length=255)]
MeterId = Annotated[str, Meta(min_length=1, max_length=20)]
PointName = Annotated[str, Meta(max_length=255)]
Description = Annotated[str, Meta(max_length=1000)]
