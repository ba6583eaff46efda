"""The directory that holds an installation's data, for one stack at a time."""

import asyncio
import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateway.stack.errors import StackError

PATIENCE_S: Final = 15.0
"""How long servers of a crashed stack may take to end before we give up on their directory."""


class DataDirectory:
    """A locked data directory. The guards inherit the lock, so it is free only when the last server has ended."""

    def __init__(self, path: Path, lock: int, *, ephemeral: bool) -> None:
        self.path = path
        self.lock = lock
        self.ephemeral = ephemeral

    @classmethod
    async def open(cls, path: Path, *, ephemeral: bool) -> "DataDirectory":
        """`ephemeral` takes a new temporary directory in place of `path`. Raises StackError if another stack has it."""
        path, lock = _make(path, ephemeral=ephemeral)
        try:
            await _acquire(lock, path)
        except BaseException:
            os.close(lock)
            raise
        return cls(path, lock, ephemeral=ephemeral)

    def home(self, server: str) -> Path:
        """Where a server keeps its files."""
        home = self.path / server
        home.mkdir(exist_ok=True)
        return home

    def close(self) -> None:
        """All servers have ended. An ephemeral directory is removed."""
        if self.ephemeral:
            shutil.rmtree(self.path, ignore_errors=True)
        os.close(self.lock)


def _make(path: Path, *, ephemeral: bool) -> tuple[Path, int]:
    """The directory, and its lock, open but not yet held."""
    try:
        path = Path(tempfile.mkdtemp(prefix="chargesphere-")) if ephemeral else path.absolute()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (path / "logs").mkdir(exist_ok=True)
        return path, os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StackError(f"the data directory {path} cannot be used: {error}") from error


async def _acquire(lock: int, path: Path) -> None:
    """Waits only for the servers of a stack whose process is gone."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_S
    while not _try(lock):
        owner = _owner(lock)
        if owner is None or _lives(owner) or loop.time() > deadline:
            by = f" by process {owner}" if owner else ""
            raise StackError(f"the data directory {path} is in use{by}; stop it, or choose another directory (--data)")
        await asyncio.sleep(0.1)
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)


def _try(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _owner(lock: int) -> int | None:
    text = os.pread(lock, 32, 0).strip()
    return int(text) if text.isdigit() else None


def _lives(pid: int) -> bool:
    with suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True
