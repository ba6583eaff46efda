"""`chargesphere translate`: wire payloads, offline."""

import sys
from pathlib import Path
from typing import Any

import click

from core.errors import Invalid, Unsupported
from gateway.translation.model import Kind, Translated
from gateway.translation.translate import PROTOCOLS, read_context
from gateway.translation.translate import translate as translated
from protocols.transport.json_codec import decode_raw, encode

WRONG_PAYLOAD, IMPOSSIBLE_PAIR = 2, 3


@click.command()
@click.option("--from", "source", type=click.Choice(PROTOCOLS), help="Protocol of the payload.")
@click.option("--to", "target", type=click.Choice(PROTOCOLS), help="Protocol to translate into.")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="What the payload is.")
@click.option(
    "--context",
    "context_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON: what a running hub would know (now, time_zone, locations, tariffs, tokens, parties, request).",
)
@click.option("--batch", is_flag=True, help='Read JSON lines {"id", "from", "to", "kind", "input", "context"}.')
@click.argument("file", type=click.File("rb"), default="-")
def translate(
    source: str | None, target: str | None, kind: str | None, context_file: Path | None, batch: bool, file: Any
) -> None:
    """Translate one wire payload (FILE or stdin) and print the result, what was lost, and the canonical object.

    Exit 2: the payload is wrong. Exit 3: the target cannot carry this kind.
    """
    if batch:
        for line in file:
            if line.strip():
                _print(_line(line))
        return
    if not (source and target and kind):
        raise click.UsageError("--from, --to and --kind are required (or --batch)")
    try:
        context = read_context(decode_raw(context_file.read_bytes()) if context_file else None)
        _print(_shown(translated(source, target, Kind(kind), file.read(), context)))
    except Invalid as error:
        _print(_error(error))
        sys.exit(WRONG_PAYLOAD)
    except Unsupported as error:
        click.echo(f"Error: {error.reason}", err=True)
        sys.exit(IMPOSSIBLE_PAIR)


def _line(line: bytes) -> dict[str, Any]:
    """One line of a batch to one line of its result; a line that is wrong spoils no other."""
    identifier = None
    try:
        asked = decode_raw(line)
        if not isinstance(asked, dict):
            raise Invalid("$", "a JSON object is expected")
        identifier = asked.get("id")
        kind = _kind(asked.get("kind"))
        payload = asked.get("input")
        body = payload.encode() if isinstance(payload, str) else encode(payload)
        context = read_context(asked.get("context"))
        done = translated(str(asked.get("from")), str(asked.get("to")), kind, body, context)
    except Invalid as error:
        return {"id": identifier, **_error(error)}
    except Unsupported as error:
        return {"id": identifier, "unsupported": error.reason}
    return {"id": identifier, **_shown(done)}


def _kind(word: Any) -> Kind:
    try:
        return Kind(word)
    except ValueError as error:
        raise Invalid("$.kind", f"one of {', '.join(Kind)} is expected") from error


def _shown(done: Translated) -> dict[str, Any]:
    losses = [
        {"path": loss.path, "reason": loss.reason, "value": loss.value, "kind": loss.kind} for loss in done.losses
    ]
    return {"output": done.output, "losses": losses, "canonical": done.canonical}


def _error(error: Invalid) -> dict[str, Any]:
    return {"error": {"path": error.path, "reason": error.reason}}


def _print(value: dict[str, Any]) -> None:
    click.echo(encode(value))
