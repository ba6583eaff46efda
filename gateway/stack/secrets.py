"""The secrets of a development installation, made once and kept beside its data."""

import os
import secrets
from pathlib import Path
from typing import Any

import msgspec
from cryptography.fernet import Fernet
from msgspec import Struct

from gateway.stack.errors import StackError


class DevSecrets(Struct, frozen=True, kw_only=True):
    """`secret_key` is a Fernet key: what it encrypted in this data directory cannot be read without it."""

    admin_key: str
    secret_key: str

    def __repr__(self) -> str:
        return "DevSecrets(***)"

    __str__ = __repr__

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


def load_or_create_secrets(data_dir: Path) -> DevSecrets:
    """From `secrets.json`, readable by its owner only. Of several processes that create it at once, one wins."""
    path = data_dir / "secrets.json"
    if not path.exists():
        _create(path)
    try:
        path.chmod(0o600)
        return msgspec.json.decode(path.read_bytes(), type=DevSecrets)
    except (OSError, msgspec.DecodeError) as error:
        raise StackError(
            f"{path} cannot be read: {error}. What was encrypted with its key is lost without it"
        ) from error


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = DevSecrets(admin_key=secrets.token_urlsafe(24), secret_key=Fernet.generate_key().decode())
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.encode(made))
    try:
        os.link(partial, path)  # never over another's
    except FileExistsError:
        return
    finally:
        partial.unlink()
