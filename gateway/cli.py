"""The command line. Errors go to stderr as one clear line and exit non-zero.

Each command imports what it needs when it runs: `partner list` need not wait for a web server to be loaded."""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Coroutine
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.errors import RoamingError
from gateway.lifecycle import stopping
from gateway.settings import Settings, SettingsError
from gateway.stack.errors import StackError

if TYPE_CHECKING:
    from gateway.simulator.access import HubAccess
    from gateway.up import Running

DATA = Path(".chargesphere")
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


_ELSEWHERE = {
    "partner": "gateway.commands.partner",
    "simulate": "gateway.simulator.command",
    "translate": "gateway.commands.translate",
}
"""Command -> module that holds it under its name."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        found: click.Command = getattr(import_module(_ELSEWHERE[cmd_name]), cmd_name)
        return found


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="chargesphere")
@click.option("-v", "--verbose", is_flag=True, help="Say more in the log.")
def main(verbose: bool) -> None:
    """ChargeSphere, an open roaming hub for e-mobility: OCPI, OICP, OCHP and eMIP, any to any.

    New here? `chargesphere up` starts everything on this machine, `chargesphere demo` plays a roaming story on it.
    """
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, format=_FORMAT, stream=sys.stderr)
    for chatty in ("httpx", "httpcore", "temporalio", "pymongo", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
@click.option("--data", default=DATA, show_default=True, type=click.Path(file_okay=False, path_type=Path), help="Data.")
@click.option("--ephemeral", is_flag=True, help="Throw the data away at the end.")
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), help="Write base URL, admin key... here.")
def up(host: str, port: int, data: Path, ephemeral: bool, state: Path | None) -> None:
    """Run the hub on embedded servers (MongoDB, Redis, Temporal), in the foreground, until Ctrl-C.

    When it prints `ready: <base url>`, partners can be added: see `chargesphere partner add --help`.
    """
    _run(_up(host, port, data, ephemeral, state))


async def _up(host: str, port: int, data: Path, ephemeral: bool, state: Path | None) -> None:
    from gateway.up import remove_state, write_state

    ended = stopping()
    async with _installation(host, port, data, ephemeral) as (installation, running):
        if state:
            write_state(state, running)
        click.echo(f"ready: {running.base_url}")
        try:
            await _first(ended.wait(), installation.failed())
        finally:
            if state:
                remove_state(state)


@contextlib.asynccontextmanager
async def _installation(host: str, port: int, data: Path, ephemeral: bool) -> Any:
    from gateway.up import Installation

    installation = Installation(host=host, port=port, data=data, ephemeral=ephemeral, environment=os.environ)
    async with installation as running:
        yield installation, running


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
def serve(host: str, port: int) -> None:
    """Run a gateway alone, against the servers that the environment names (CHARGESPHERE_...)."""

    async def serving() -> None:
        settings = Settings.from_environment(os.environ)
        from gateway.serve import run_gateway

        await run_gateway(settings, host, port, stopping())

    _run(serving())


@main.command()
def worker() -> None:
    """Run a worker alone: it tells partners what happened and brings CDRs to their eMSP."""

    async def working() -> None:
        settings = Settings.from_environment(os.environ)
        from gateway.worker import run_worker

        await run_worker(settings, stopping())

    _run(working())


@main.command()
@click.option("--once", is_flag=True, help="End when the story ends; exit 0 only if every step held.")
@click.option("--data-set", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Real data to play.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port of the hub; 0 takes a free one.")
def demo(once: bool, data_set: Path | None, port: int) -> None:
    """Play the roaming story: simulated networks of all protocols, drivers that charge across, on a fresh hub."""
    _run(_demo(once, data_set, port))


async def _demo(once: bool, data_set: Path | None, port: int) -> None:
    from gateway.simulator.story import play
    from gateway.simulator.transcript import Transcript

    ended = stopping()
    transcript = Transcript(sys.stdout)
    async with _installation("127.0.0.1", port, DATA, ephemeral=True) as (_, running):
        story = play(_access(running), data_set=data_set, out=transcript)
        held = await _first(story, ended.wait())
        if held is True and not once:
            click.echo(f"The dashboard is at {running.base_url}/ until Ctrl-C.")
            await ended.wait()
    if held is False:
        raise click.ClickException("the story did not hold")


def _access(running: "Running") -> "HubAccess":
    from gateway.simulator.access import HubAccess

    return HubAccess(base_url=running.base_url, admin_key=running.admin_key)


async def _first(*waits: Coroutine[Any, Any, Any]) -> Any:
    """What the first to end gives or raises; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    return done.pop().result()


def _run(work: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(work)
    except (SettingsError, StackError, RoamingError, TimeoutError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
