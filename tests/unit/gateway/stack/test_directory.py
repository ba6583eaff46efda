"""One stack at a time has a data directory."""

import fcntl
import os
from pathlib import Path

import pytest

from gateway.stack import StackError, directory
from gateway.stack.directory import DataDirectory

NOBODY = 2**22 + 1
"""Larger than any process id of Linux."""


async def test_the_second_is_told_who_has_it(tmp_path: Path) -> None:
    first = await DataDirectory.open(tmp_path / "data", ephemeral=False)
    with pytest.raises(StackError, match=rf"is in use by process {os.getpid()}; stop it, or choose another"):
        await DataDirectory.open(tmp_path / "data", ephemeral=False)
    first.close()
    second = await DataDirectory.open(tmp_path / "data", ephemeral=False)
    second.close()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


async def test_servers_of_a_crashed_stack_are_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "PATIENCE_S", 0.3)
    path = tmp_path / "lock"
    path.write_text(f"{NOBODY}\n")
    with path.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StackError, match="is in use"):
            await DataDirectory.open(tmp_path, ephemeral=False)
    (await DataDirectory.open(tmp_path, ephemeral=False)).close()


async def test_an_ephemeral_one_is_removed(tmp_path: Path) -> None:
    data = await DataDirectory.open(tmp_path, ephemeral=True)
    assert data.path != tmp_path
    (data.home("mongod") / "file").write_text("x")
    data.close()
    assert not data.path.exists()


async def test_a_place_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StackError, match="cannot be used"):
        await DataDirectory.open(tmp_path / "file" / "data", ephemeral=False)
