"""Base of all OICP wire types, and how their members are spelled."""

from decimal import Decimal
from typing import Any, Final

from msgspec import Struct, field

_SPELLED: Final = {
    "id": "ID",
    "cpo": "CPO",
    "emp": "EMP",
    "pin": "PIN",
    "uid": "UID",
    "rfid": "RFID",
    "cdr": "CDR",
    "co2": "CO2",
    "qr": "QR",
}


def member_name(name: str) -> str:
    """`cpo_partner_session_id` as OICP writes it: `CPOPartnerSessionID`. Members that differ name themselves."""
    return "".join(_SPELLED.get(word) or word.capitalize() for word in name.split("_"))


class Wire(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, rename=member_name):
    """A message or a part of one. What the specification does not know is kept in `extra` by the codec."""

    extra: dict[str, Any] | None = field(name="-extra", default=None)


def broken(member: str, reason: str) -> ValueError:
    """A rule that binds several members; the codec puts `member` into the path of the error."""
    return ValueError(f"{member}: {reason}")


def in_range(value: Decimal, low: int, high: int | None = None) -> bool:
    """What is no number, or without end, is in no range."""
    return value.is_finite() and value >= low and (high is None or value <= high)
