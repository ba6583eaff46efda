"""The command line, as a newcomer types it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click import Command, Context, Group

from core.model.ids import PartyId
from gateway.cli import main
from gateway.simulator.access import partner_document
from tests.e2e.hub_fixture import BARE, HubProcess, chargesphere

COMMANDS = ["up", "serve", "worker", "demo", "translate", "partner", "simulate"]


def run(*arguments: str, stdin: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        chargesphere(*arguments),
        input=stdin,
        capture_output=True,
        text=True,
        env=BARE | environment,
        timeout=60,
        check=False,
    )


def refused(done: "subprocess.CompletedProcess[str]") -> str:
    """The one clear line, on stderr."""
    assert done.returncode != 0
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("Error: ")
    return line


def every(command: Command, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Command]]:
    found = [(path, command)]
    if isinstance(command, Group):
        context = Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            found += every(child, (*path, name))
    return found


@pytest.mark.parametrize(("path", "command"), [pytest.param(p, c, id=" ".join(p) or "-") for p, c in every(main)])
def test_every_command_explains_itself(path: tuple[str, ...], command: Command) -> None:
    from click.testing import CliRunner

    shown = CliRunner().invoke(main, [*path, "--help"])
    assert shown.exit_code == 0
    assert shown.output.startswith("Usage: ")
    assert command.help
    assert all(option.help for option in command.params if option.param_type_name == "option"), "an option without help"


def test_what_help_lists() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert not [name for name in COMMANDS if f"\n  {name} " not in done.stdout]


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_without_environment_the_missing_is_named(command: str) -> None:
    line = refused(run(command))
    for name in ("MONGODB_URL", "REDIS_URL", "TEMPORAL_ADDRESS", "PUBLIC_URL", "ADMIN_KEY", "SECRET_KEY"):
        assert f"CHARGESPHERE_{name}" in line


def test_a_wrong_variable_is_named_and_not_shown() -> None:
    wrong = {
        "CHARGESPHERE_MONGODB_URL": "mongodb://127.0.0.1:1/?replicaSet=rs0",
        "CHARGESPHERE_REDIS_URL": "redis://127.0.0.1:1/0",
        "CHARGESPHERE_TEMPORAL_ADDRESS": "127.0.0.1:1",
        "CHARGESPHERE_PUBLIC_URL": "http://127.0.0.1:1",
        "CHARGESPHERE_ADMIN_KEY": "hunter1",
        "CHARGESPHERE_SECRET_KEY": "hunter2",
    }
    line = refused(run("serve", **wrong))
    assert "CHARGESPHERE_SECRET_KEY" in line
    assert "hunter" not in line


@pytest.mark.server
class TestPartner:
    def test_from_add_to_remove(self, hub: HubProcess) -> None:
        state = ("--state", str(hub.state_file))
        given = self._json(hub, "add", document=partner_document("By hand", "ocpi", PartyId("NL", "CLI"), "CPO"))
        hub.secrets.append(given["token_a"])
        assert set(given) == {"id", "token_a", "versions_url"}
        assert given["versions_url"] == f"{hub.base_url}/ocpi/versions"
        one = given["id"]
        assert [p["name"] for p in self._json(hub, "list") if p["id"] == one] == ["By hand"]
        assert self._json(hub, "show", one)["state"] == "PLANNED"
        assert self._json(hub, "suspend", one)["state"] == "SUSPENDED"
        assert self._json(hub, "resume", one)["state"] == "PLANNED"
        plain = run("partner", "show", *state, one)
        assert "name: By hand" in plain.stdout
        before = run("partner", *state, "list")
        assert f"{one}  PLANNED    ocpi  By hand  (CPO NL*CLI)" in before.stdout
        assert given["token_a"] not in before.stdout + plain.stdout
        assert self._json(hub, "remove", one) == {"removed": one}
        assert one not in run("partner", "list", *state).stdout
        assert one in refused(run("partner", "show", one, *state))

    def test_url_and_key_in_place_of_the_state_file(self, hub: HubProcess) -> None:
        key = hub.state["admin_key"]
        assert run("partner", "list", "--url", hub.base_url, "--admin-key", key).returncode == 0
        assert run("partner", "list", "--url", hub.base_url, CHARGESPHERE_ADMIN_KEY=key).returncode == 0

    def test_refusals_are_one_line(self, hub: HubProcess, tmp_path: Path) -> None:
        state = ("--state", str(hub.state_file))
        assert "admin key" in refused(run("partner", "list", "--url", hub.base_url, "--admin-key", "wrong"))
        assert "cannot be reached" in refused(run("partner", "list", "--url", "http://127.0.0.1:1", "--admin-key", "x"))
        assert "--state" in refused(run("partner", "list"))
        assert "not JSON" in refused(run("partner", "add", *state, stdin="{"))
        assert "$.protocol" in refused(run("partner", "add", *state, stdin='{"name": "X"}'))
        broken = tmp_path / "state.json"
        broken.write_text("{")
        assert "state file" in refused(run("partner", "list", "--state", str(broken)))

    def _json(self, hub: HubProcess, command: str, *arguments: str, document: Any = None) -> Any:
        stdin = "" if document is None else json.dumps(document)
        done = run("partner", command, *arguments, "--json", "--state", str(hub.state_file), stdin=stdin)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
