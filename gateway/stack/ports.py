"""Loopback ports: those of the last run where they are free, else new ones."""

import errno
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

LOOPBACK: Final = "127.0.0.1"


class Ports:
    """Which server listens where, remembered in `path` so that addresses stay the same between runs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._taken = _read(path)

    def take(self, names: Iterable[str], *, fresh: bool = False) -> dict[str, int]:
        """A free port for each name; `fresh`: none of the last run, somebody was quicker."""
        wanted = {name: 0 if fresh else self._taken.get(name, 0) for name in names}
        with ExitStack() as held:  # all held until each is known: no port twice
            taken = {name: _probe(held, port) for name, port in wanted.items()}
        self._taken |= taken
        return taken

    def save(self) -> None:
        partial = self._path.with_suffix(".partial")
        partial.write_bytes(msgspec.json.encode(self._taken))
        partial.replace(self._path)


def _read(path: Path) -> dict[str, int]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, int])
    except (FileNotFoundError, msgspec.DecodeError):
        return {}


def _probe(held: ExitStack, port: int) -> int:
    probe = held.enter_context(socket.socket())
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of the last run may linger
    try:
        probe.bind((LOOPBACK, port))
    except OSError as error:
        if port == 0 or error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        probe.bind((LOOPBACK, 0))
    free: int = probe.getsockname()[1]
    return free
