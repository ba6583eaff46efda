"""`partner connect` and `partner check`: what goes to the admin API, what is printed, how it ends."""

import json
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from gateway.commands import partner as commands

WHERE = ("--url", "http://hub.test", "--admin-key", "k")


class FakeApi:
    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, Any]] = []

    def call(self, method: str, path: str, body: bytes | None = None, wait_s: float = 30.0) -> Any:
        self.asked.append((method, path, json.loads(body) if body else None))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def run(monkeypatch: pytest.MonkeyPatch, api: FakeApi, *arguments: str) -> Result:
    monkeypatch.setattr(commands, "api", lambda *_: api)
    return CliRunner().invoke(commands.partner, [*WHERE, *arguments])


def report(passed: bool, *findings: dict[str, Any]) -> dict[str, Any]:
    whole = {"partner": "p1", "name": "P", "protocol": "ocpi", "version": "2.3.0", "at": "", "calls": 3}
    return {**whole, "duration_ms": 12, "passed": passed, "findings": list(findings)}


def finding(**changes: Any) -> dict[str, Any]:
    kept = {
        "subject": "versions",
        "rule": "are listed",
        "level": "MUST",
        "verdict": "KEPT",
        "details": [],
        "source": "v",
    }
    return {**kept, **changes}


def test_connect_prints_what_was_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"remarks": ["its clock is 90 s behind"]}
    api = FakeApi({"name": "P", "state": "CONNECTED", "version": "2.2.1", "settings": settings})
    done = run(monkeypatch, api, "connect", "p1", "--versions-url", "https://p.test/v", "--token", "a")
    assert done.exit_code == 0
    assert done.output == "P is CONNECTED, OCPI 2.2.1\nnote: its clock is 90 s behind\n"
    assert api.asked == [("POST", "/partners/p1/connect", {"versions_url": "https://p.test/v", "token_a": "a"})]


def test_connect_without_a_url_changes_the_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    api = FakeApi({"name": "P", "state": "CONNECTED", "version": "2.3.0", "settings": {}})
    assert run(monkeypatch, api, "connect", "p1").exit_code == 0
    assert api.asked == [("POST", "/partners/p1/connect", {})]
    assert "come together" in run(monkeypatch, api, "connect", "p1", "--token", "a").output
    assert len(api.asked) == 1


def test_connect_says_what_is_wrong_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    api = FakeApi(click.ClickException("$: 3001: the API cannot be used: ..."))
    done = run(monkeypatch, api, "connect", "p1", "--versions-url", "https://p.test/v", "--token", "a")
    assert done.exit_code == 1
    assert "the API cannot be used" in done.output


@pytest.mark.parametrize("json_too", [False, True])
def test_check_fails_where_a_must_is_broken(monkeypatch: pytest.MonkeyPatch, json_too: bool) -> None:
    wrong = finding(verdict="BROKEN", details=["/data/0: no"])
    failed = report(False, finding(), wrong)
    done = run(monkeypatch, FakeApi(failed), "check", "p1", *(["--json"] if json_too else []))
    assert done.exit_code == 1
    if json_too:
        assert json.loads(done.output) == failed
    else:
        assert "\n  ok     are listed\n  MUST   are listed\n         /data/0: no\n         see v\n" in done.output
        assert done.output.endswith("\nFAILED: 1 broken MUST, 0 other remarks\n")


def test_what_a_partner_said_does_nothing_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    sly = finding(verdict="BROKEN", details=["/data/0/id: \x1b[2J\r\nok"])
    done = run(monkeypatch, FakeApi(report(False, sly)), "check", "p1")
    assert "/data/0/id:  [2J  ok\n" in done.output


def test_check_passes_with_remarks(monkeypatch: pytest.MonkeyPatch) -> None:
    less = finding(level="SHOULD", verdict="BROKEN"), finding(verdict="SKIPPED", details=["one page only"])
    api = FakeApi(report(True, *less))
    done = run(monkeypatch, api, "check", "p1")
    assert done.exit_code == 0
    assert done.output.endswith("\nPASSED: 0 broken MUST, 1 other remarks\n")
    assert "\n  -      are listed\n         one page only\n" in done.output
    assert api.asked == [("POST", "/partners/p1/check", None)]
