"""Reading files of JSON lines row by row: what is wrong with one row refuses that row, and nothing else."""

import gzip
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

_GZIP = b"\x1f\x8b"
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Refusal(Struct, frozen=True):
    """One row that cannot be right. `reason` is the same for all rows of its kind, `detail` is of this row."""

    line: int
    subject: str
    reason: str
    detail: str = ""


class Wrong(Exception):
    """Raised while a row is read; becomes its Refusal."""

    def __init__(self, reason: str, detail: object = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = str(detail)[:120]


def rows(path: Path) -> Iterator[tuple[int, dict[str, Any] | Refusal]]:
    """Line number and object of each line that is not blank; plain text or gzip, told apart by content."""
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        lines = gzip.GzipFile(fileobj=file) if packed else file
        for number, line in enumerate(io.BufferedReader(lines) if packed else lines, start=1):
            if line.strip():
                yield number, _object(number, line)


def _object(number: int, line: bytes) -> dict[str, Any] | Refusal:
    try:
        row = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Refusal(number, "", "not JSON", str(error)[:120])
    return row if isinstance(row, dict) else Refusal(number, "", "not a JSON object")


def text(row: dict[str, Any], name: str) -> str | None:
    """Without control characters and outer white space; None if nothing is left."""
    value = row.get(name)
    if value is None:
        return None
    found = str(value)
    if not found.isprintable():
        found = "".join(char if char.isprintable() else " " for char in found)
    return " ".join(found.split()) or None


def number(row: dict[str, Any], name: str) -> Decimal | None:
    """None where there is none. Raises Wrong for anything else than a finite number."""
    value = text(row, name)
    if value is None:
        return None
    try:
        found = Decimal(value.replace(",", "."))
    except InvalidOperation:
        raise Wrong(f"{name} is not a number", value) from None
    if not found.is_finite():
        raise Wrong(f"{name} is not a number", value)
    return found


def flag(row: dict[str, Any], name: str) -> bool:
    """What is not said is no. Raises Wrong for other words than true and false."""
    value = (text(row, name) or "false").lower()
    if value in ("true", "1", "vrai"):
        return True
    if value in ("false", "0", "faux"):
        return False
    raise Wrong(f"{name} is neither true nor false", value)


def day(row: dict[str, Any], name: str) -> date | None:
    """None where there is none. Raises Wrong for what is no date in this or the last century."""
    value = text(row, name)
    if value is None:
        return None
    try:
        found = date.fromisoformat(value[:10])
    except ValueError:
        raise Wrong(f"{name} is not a date", value) from None
    if found.year < 1990:
        raise Wrong(f"{name} is before the first charging stations", value)
    return found


def moment(row: dict[str, Any], name: str) -> datetime:
    """From milliseconds since 1970. Raises Wrong."""
    value = number(row, name)
    if value is None:
        raise Wrong(f"{name} is missing")
    try:
        return datetime.fromtimestamp(int(value) // 1000, UTC).replace(microsecond=int(value) % 1000 * 1000)
    except (OverflowError, ValueError, OSError):
        raise Wrong(f"{name} is not a time", value) from None
