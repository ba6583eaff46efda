"""`chargesphere partner ...`: partners of a running hub, over its admin API."""

import json
import sys
from pathlib import Path
from typing import Any, BinaryIO

import click
import httpx

from gateway.commands.check import check_lines

TIMEOUT_S = 30.0
LONG_S = 180.0
"""For what makes the hub call a partner several times."""


class AdminApi:
    """The admin API of a running hub. Its refusals become one clear line."""

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx.Client(
            base_url=url.rstrip("/") + "/admin/api",
            headers={"Authorization": f"Bearer {key}"},
            timeout=TIMEOUT_S,
            trust_env=False,
        )

    def call(self, method: str, path: str, body: bytes | None = None, wait_s: float = TIMEOUT_S) -> Any:
        try:
            answer = self._client.request(method, path, content=body, timeout=wait_s)
        except httpx.HTTPError as error:
            raise click.ClickException(f"the hub cannot be reached: {error}") from error
        if answer.status_code >= 400:
            raise click.ClickException(_reason(answer))
        return answer.json() if answer.content else None


def _reason(answer: httpx.Response) -> str:
    try:
        problem = answer.json()["error"]
        return f"{problem['path']}: {problem['reason']}"
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}: {answer.text[:200]}"


@click.group()
@click.option("--url", help="Base URL of the hub, for example http://127.0.0.1:8080.")
@click.option("--admin-key", envvar="CHARGESPHERE_ADMIN_KEY", help="The admin key (or CHARGESPHERE_ADMIN_KEY).")
@click.option("--state", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="State file of `up`.")
@click.pass_context
def partner(context: click.Context, url: str | None, admin_key: str | None, state: Path | None) -> None:
    """Partners of a running hub: add, list, show, suspend, resume, connect, check, locations, feeds, remove."""
    context.obj = (url, admin_key, state)


def api(
    context: click.Context, url: str | None = None, admin_key: str | None = None, state: Path | None = None
) -> AdminApi:
    """Options may stand before or after the sub-command; a state file serves for both."""
    given_url, given_key, given_state = context.obj
    state = state or given_state
    known = _read(state) if state else {}
    base, key = url or given_url or known.get("base_url"), admin_key or given_key or known.get("admin_key")
    if not base or not key:
        raise click.UsageError("say which hub: --url and --admin-key, or --state FILE")
    return AdminApi(base, key)


def _read(state: Path) -> dict[str, Any]:
    try:
        known = json.loads(state.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise click.ClickException(f"the state file {state} cannot be read: {error}") from error
    return known if isinstance(known, dict) else {}


def where(command: Any) -> Any:
    """The options that name the hub, for every sub-command."""
    for option in (
        click.option("--url", help="Base URL of the hub."),
        click.option("--admin-key", help="The admin key."),
        click.option("--state", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="State file."),
        click.option("--json", "as_json", is_flag=True, help="Machine-readable output."),
    ):
        command = option(command)
    return click.pass_context(command)


@partner.command()
@where
def add(context: click.Context, url: str, admin_key: str, state: Path, as_json: bool) -> None:
    """Add the partner that the JSON document on stdin describes; its credentials are shown this once."""
    created = api(context, url, admin_key, state).call("POST", "/partners", sys.stdin.buffer.read())
    _print(created, as_json)


@partner.command(name="list")
@where
def list_(context: click.Context, url: str, admin_key: str, state: Path, as_json: bool) -> None:
    """All partners."""
    found = api(context, url, admin_key, state).call("GET", "/partners")
    if as_json:
        _print(found, as_json=True)
        return
    for one in found:
        parties = ", ".join(f"{role['role']} {role['country_code']}*{role['party_id']}" for role in one["roles"])
        click.echo(f"{one['id']}  {one['state']:<10} {one['protocol']:<5} {one['name']}  ({parties})")


@partner.command()
@click.argument("partner_id")
@where
def show(context: click.Context, partner_id: str, url: str, admin_key: str, state: Path, as_json: bool) -> None:
    """One partner."""
    _print(api(context, url, admin_key, state).call("GET", f"/partners/{partner_id}"), as_json)


@partner.command()
@click.argument("partner_id")
@where
def suspend(context: click.Context, partner_id: str, url: str, admin_key: str, state: Path, as_json: bool) -> None:
    """Refuse its calls and send it nothing."""
    _print(api(context, url, admin_key, state).call("POST", f"/partners/{partner_id}/suspend"), as_json)


@partner.command()
@click.argument("partner_id")
@where
def resume(context: click.Context, partner_id: str, url: str, admin_key: str, state: Path, as_json: bool) -> None:
    """End a suspension."""
    _print(api(context, url, admin_key, state).call("POST", f"/partners/{partner_id}/resume"), as_json)


@partner.command()
@click.argument("partner_id")
@click.option("--versions-url", help="The partner's OCPI versions URL; without it both tokens are changed.")
@click.option("--token", envvar="CHARGESPHERE_TOKEN_A", help="The token A that the partner gave you.")
@where
def connect(
    context: click.Context,
    partner_id: str,
    versions_url: str | None,
    token: str | None,
    url: str,
    admin_key: str,
    state: Path,
    as_json: bool,
) -> None:
    """Let the hub begin the OCPI credentials handshake towards the partner, or renew it.

    What is wrong with the other side is said in one sentence."""
    if (versions_url is None) is not (token is None):
        raise click.UsageError("--versions-url and --token come together")
    plan = {} if versions_url is None else {"versions_url": versions_url, "token_a": token}
    path, body = f"/partners/{partner_id}/connect", json.dumps(plan).encode()
    connected = api(context, url, admin_key, state).call("POST", path, body, wait_s=LONG_S)
    if as_json:
        _print(connected, as_json)
        return
    click.echo(f"{connected['name']} is {connected['state']}, OCPI {connected['version']}")
    for remark in connected["settings"].get("remarks", ()):
        click.echo(f"note: {remark}")


@partner.command()
@click.argument("partner_id")
@where
def check(context: click.Context, partner_id: str, url: str, admin_key: str, state: Path, as_json: bool) -> None:
    """Does it keep the rules of its protocol? Looks without changing anything; exit 1 if a MUST is broken (OCPI)."""
    found = api(context, url, admin_key, state).call("POST", f"/partners/{partner_id}/check", wait_s=LONG_S)
    click.echo(json.dumps(found) if as_json else "\n".join(check_lines(found)))
    if not found["passed"]:
        context.exit(1)


@partner.command()
@click.argument("partner_id")
@click.argument("file", type=click.File("rb"))
@where
def locations(
    context: click.Context, partner_id: str, file: BinaryIO, url: str, admin_key: str, state: Path, as_json: bool
) -> None:
    """Hand in all stations of an operator whose protocol cannot say them: FILE is a JSON list of OCPI Locations."""
    found = api(context, url, admin_key, state).call("PUT", f"/partners/{partner_id}/locations", file.read())
    _print(found, as_json)


@partner.command()
@click.argument("partner_id")
@click.option("--run", "feed", help="Fetch this feed now.")
@click.option("--whole", is_flag=True, help="With --run: everything, not what has changed.")
@where
def feeds(
    context: click.Context,
    partner_id: str,
    feed: str | None,
    whole: bool,
    url: str,
    admin_key: str,
    state: Path,
    as_json: bool,
) -> None:
    """What the hub fetches from it, how far that has come, and what could not be taken."""
    hub = api(context, url, admin_key, state)
    if feed is not None:
        _print(hub.call("POST", f"/partners/{partner_id}/feeds/{feed}/run?whole={str(whole).lower()}"), as_json)
        return
    found = hub.call("GET", f"/partners/{partner_id}/feeds")
    if as_json:
        _print(found, as_json=True)
        return
    for one in found:
        counts, when = one["counts"], one["last_success_at"] or "never"
        how = "off" if one["off"] else "" if one["fetched"] else "not connected"
        click.echo(
            f"{one['feed']:<10} {how:<13} last complete {when}, taken {counts['taken']},"
            f" held {len(one['held'])}{', ' + one['error'] if one['error'] else ''}"
        )
        for item in one["held"]:
            click.echo(f"  {item['key'] or '?'} {item['pointer'] or '/'}: {item['reason']}")


@partner.command()
@click.argument("partner_id")
@where
def remove(context: click.Context, partner_id: str, url: str, admin_key: str, state: Path, as_json: bool) -> None:
    """Remove it and its credentials; what it sent stays on disk."""
    api(context, url, admin_key, state).call("DELETE", f"/partners/{partner_id}")
    _print({"removed": partner_id}, as_json)


def _print(value: Any, as_json: bool) -> None:
    if as_json or not isinstance(value, dict):
        click.echo(json.dumps(value))
        return
    for name, member in value.items():
        click.echo(f"{name}: {member if isinstance(member, str) else json.dumps(member)}")
