"""`chargesphere partner feeds`, with the answers of a hub at hand."""

from typing import Any

import pytest
from click.testing import CliRunner

from gateway.commands.partner import AdminApi, partner

HELD = {"key": None, "pointer": "", "reason": "no object", "raw": "7", "seen_at": "2026-01-15T12:00:00Z"}
FEEDS = [
    {"feed": "locations", "off": False, "fetched": True, "last_success_at": "2026-01-15T12:00:00Z", "error": None}
    | {"counts": {"taken": 3}, "held": [HELD, HELD | {"key": "NLCPA/L1", "pointer": "/evses/0/uid"}]},
    {"feed": "tariffs", "off": True, "fetched": False, "last_success_at": None, "error": "HTTP 500"}
    | {"counts": {"taken": 0}, "held": []},
]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    made: list[tuple[str, str]] = []

    def call(_: AdminApi, method: str, path: str, body: bytes | None = None) -> Any:
        made.append((method, path))
        return FEEDS if method == "GET" else {"feed": "tariffs", "state": "asked for"}

    monkeypatch.setattr(AdminApi, "call", call)
    return made


def said(*arguments: str) -> list[str]:
    done = CliRunner().invoke(partner, ["feeds", "p1", "--url", "http://hub.test", "--admin-key", "k", *arguments])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def test_feeds_are_listed_with_what_is_held(calls: list[tuple[str, str]]) -> None:
    lines = said()
    assert calls == [("GET", "/partners/p1/feeds")]
    assert " ".join(lines[0].split()) == "locations last complete 2026-01-15T12:00:00Z, taken 3, held 2"
    assert lines[1:3] == ["  ? /: no object", "  NLCPA/L1 /evses/0/uid: no object"]
    assert " ".join(lines[3].split()) == "tariffs off last complete never, taken 0, held 0, HTTP 500"


def test_a_feed_is_fetched_now(calls: list[tuple[str, str]]) -> None:
    assert said("--run", "tariffs", "--whole") == ["feed: tariffs", "state: asked for"]
    assert calls == [("POST", "/partners/p1/feeds/tariffs/run?whole=true")]
