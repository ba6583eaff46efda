"""Ports stay the same between runs where they can."""

import socket
from pathlib import Path

from gateway.stack.ports import LOOPBACK, Ports


def test_remembered(tmp_path: Path) -> None:
    first = Ports(tmp_path / "ports.json")
    taken = first.take(("mongodb", "redis"))
    first.save()
    assert len(set(taken.values())) == 2
    assert Ports(tmp_path / "ports.json").take(("mongodb", "redis")) == taken


def test_a_taken_port_is_replaced(tmp_path: Path) -> None:
    first = Ports(tmp_path / "ports.json")
    port = first.take(("redis",))["redis"]
    first.save()
    with socket.socket() as other:
        other.bind((LOOPBACK, port))
        other.listen()
        assert Ports(tmp_path / "ports.json").take(("redis",))["redis"] != port


def test_a_damaged_memory_is_none(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("[")
    assert Ports(tmp_path / "ports.json").take(("redis",))["redis"] > 0
