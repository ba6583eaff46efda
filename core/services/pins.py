"""PINs at rest: only their hashes, each with a salt of its own."""

import asyncio
import base64
import hashlib
import hmac
import secrets

_N, _R, _P = 2**14, 8, 1
_SCHEME = "scrypt"


def hash_pin(pin: str) -> str:
    """scrypt with a fresh salt, as text."""
    salt = secrets.token_bytes(16)
    return f"${_SCHEME}${_text(salt)}${_text(_derive(pin, salt))}"


async def pin_matches(pin: str | None, hashed: str) -> bool | None:
    """None: a hash of another kind (a partner's own), which the hub cannot check. Slow on purpose, so in a thread."""
    parts = hashed.split("$")
    if len(parts) != 4 or parts[1] != _SCHEME:
        return None
    if pin is None:
        return False
    salt, wanted = base64.b64decode(parts[2]), base64.b64decode(parts[3])
    return hmac.compare_digest(await asyncio.to_thread(_derive, pin, salt), wanted)


def _derive(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, n=_N, r=_R, p=_P, dklen=32)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
