"""Secrets of a development installation: made once, kept, private."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from gateway.stack import StackError, load_or_create_secrets


def test_made_once_and_kept(tmp_path: Path) -> None:
    made = load_or_create_secrets(tmp_path / "new")
    assert load_or_create_secrets(tmp_path / "new") == made
    assert load_or_create_secrets(tmp_path / "other") != made
    assert Fernet(made.secret_key)
    assert len(made.admin_key) >= 32


def test_only_the_owner_may_read_them(tmp_path: Path) -> None:
    load_or_create_secrets(tmp_path)
    path = tmp_path / "secrets.json"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    load_or_create_secrets(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_they_are_not_shown(tmp_path: Path) -> None:
    made = load_or_create_secrets(tmp_path)
    assert made.admin_key not in f"{made} {made!r} {made.__rich_repr__()}"


def test_a_damaged_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{")
    with pytest.raises(StackError, match=r"secrets\.json cannot be read"):
        load_or_create_secrets(tmp_path)
    assert (tmp_path / "secrets.json").read_text() == "{"
