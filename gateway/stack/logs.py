"""What the servers write about themselves."""

from pathlib import Path
from typing import Any, Final

import msgspec

KEPT_BYTES: Final = 16 * 1024 * 1024
_TAIL_BYTES: Final = 32 * 1024
_LINE_LENGTH: Final = 400


class ServerLog:
    """The log file of one server. Last words are those since the last `begin`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start = 0

    def begin(self) -> None:
        """A new run of the server begins: a log grown large is put aside (one older file is kept)."""
        size = self.path.stat().st_size if self.path.exists() else 0
        if size > KEPT_BYTES:
            self.path.replace(self.path.with_suffix(".log.1"))
            size = 0
        self._start = size

    def last_words(self, lines: int = 8) -> tuple[str, ...]:
        return tuple(_readable(line) for line in self._tail().splitlines() if line.strip())[-lines:]

    def contains(self, text: str) -> bool:
        """Whether this run's last lines hold `text`, in whatever case."""
        return text.casefold() in self._tail().casefold()

    def _tail(self) -> str:
        if not self.path.exists():
            return ""
        with self.path.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(self._start, end - _TAIL_BYTES))
            return file.read().decode(errors="replace")


def _readable(line: str) -> str:
    """MongoDB writes JSON: its message and what belongs to it is what a human needs."""
    try:
        entry: dict[str, Any] = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError:
        return line[:_LINE_LENGTH]
    attributes = msgspec.json.encode(entry["attr"]).decode() if "attr" in entry else ""
    return f"{entry.get('s', '')} {entry.get('msg', line)} {attributes}".strip()[:_LINE_LENGTH]
