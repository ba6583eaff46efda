"""PINs as bcrypt hashes: those that the hub makes and those that partners upload.

Source: OICP 2.3, HashFunctionType."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import bcrypt

MOST_ROUNDS: Final = 14
"""Each round doubles the work: this is about a second, and a partner's hash could ask for days."""
PATIENCE_S: Final = 4.0
"""As long as a driver waits while the PINs of others are checked; what still waits then is not checked at all."""
_HASH: Final = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
_READ: Final = 72
"""As much of a PIN as bcrypt reads, in bytes."""


class BcryptPins:
    """Checks have threads of their own, so that other work in threads does not wait for them."""

    def __init__(self, rounds: int = 10) -> None:
        self._rounds = rounds
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="pins")

    def hash(self, pin: str) -> str:
        return bcrypt.hashpw(_bytes(pin), bcrypt.gensalt(self._rounds)).decode()

    async def matches(self, pin: str | None, hashed: str) -> bool | None:
        form = _HASH.fullmatch(hashed)
        if form is None or not 4 <= int(form[1]) <= MOST_ROUNDS:
            return None
        if pin is None:
            return False
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await asyncio.get_running_loop().run_in_executor(self._threads, _check, pin, hashed)
        except TimeoutError:
            return None


def _check(pin: str, hashed: str) -> bool | None:
    try:
        return bcrypt.checkpw(_bytes(pin), hashed.encode())
    except ValueError:  # a salt that has the form of one, and is none
        return None


def _bytes(pin: str) -> bytes:
    return pin.encode("utf-8", "surrogatepass")[:_READ]
