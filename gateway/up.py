"""`chargesphere up`: the embedded servers, a gateway and a worker as children of one foreground process."""

import asyncio
import json
import logging
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from msgspec import Struct

from gateway.lifecycle import PARENT_FD
from gateway.stack import EmbeddedStack, StackAddresses, load_or_create_secrets

READY_S = 60.0
GRACE_S = 15.0
AGAIN_S = 1.0
log = logging.getLogger(__name__)


class Running(Struct, frozen=True, kw_only=True):
    """What the state file says."""

    base_url: str
    admin_key: str
    mongodb_url: str
    redis_url: str
    temporal_address: str
    pid: int


class Installation:
    """A development installation in one data directory. `async with` starts it and takes all of it down again."""

    def __init__(self, *, host: str, port: int, data: Path, ephemeral: bool, environment: Mapping[str, str]) -> None:
        self._host = host
        self._port = port or free_port(host)
        self._data = data
        self._stack = EmbeddedStack(data, ephemeral=ephemeral)
        self._environment = dict(environment)
        self._children: dict[str, asyncio.subprocess.Process] = {}
        self._watching: list[asyncio.Task[None]] = []
        self._pipe: tuple[int, int] | None = None
        self._ending = False

    async def __aenter__(self) -> Running:
        try:
            addresses = await self._stack.start()
            secrets = load_or_create_secrets(self._stack.data_dir)
            running = Running(
                base_url=f"http://{self._host}:{self._port}",
                admin_key=secrets.admin_key,
                mongodb_url=addresses.mongodb_url,
                redis_url=addresses.redis_url,
                temporal_address=addresses.temporal_address,
                pid=os.getpid(),
            )
            self._environment |= _settings(running, addresses, secrets.secret_key)
            self._pipe = os.pipe()
            for name in ("serve", "worker"):
                await self._start(name)
                self._watching.append(asyncio.create_task(self._watch(name)))
            await self._ready(running.base_url)
        except BaseException:
            await self.__aexit__()
            raise
        return running

    async def __aexit__(self, *_: object) -> None:
        self._ending = True
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        await asyncio.gather(*(_end(child) for child in self._children.values()))
        if self._pipe:
            for descriptor in self._pipe:
                os.close(descriptor)
            self._pipe = None
        await self._stack.stop()

    @property
    def pids(self) -> dict[str, int]:
        """The gateway's and the worker's process ids."""
        return {name: child.pid for name, child in self._children.items()}

    async def failed(self) -> None:
        """Returns (by raising) when a server of the stack died for good."""
        await self._stack.wait()

    async def _start(self, name: str) -> None:
        assert self._pipe is not None
        arguments = ["--host", self._host, "--port", str(self._port)] if name == "serve" else []
        self._children[name] = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gateway.cli",
            name,
            *arguments,
            env={**self._environment, PARENT_FD: str(self._pipe[0])},
            pass_fds=(self._pipe[0],),
            start_new_session=True,
            stdout=sys.stderr,
        )

    async def _watch(self, name: str) -> None:
        """A child that dies is reported and started again."""
        while True:
            code = await self._children[name].wait()
            if self._ending:
                return
            log.warning("%s ended with %s; starting it again", name, code)
            await asyncio.sleep(AGAIN_S)
            await self._start(name)

    async def _ready(self, base_url: str) -> None:
        deadline = asyncio.get_running_loop().time() + READY_S
        said = "no answer"
        async with httpx.AsyncClient(trust_env=False) as client:
            while asyncio.get_running_loop().time() < deadline:
                try:
                    answer = await client.get(f"{base_url}/ready", timeout=5)
                    if answer.status_code == 200:
                        return
                    said = answer.text
                except httpx.HTTPError as error:
                    said = str(error) or type(error).__name__
                await asyncio.sleep(0.1)
        raise TimeoutError(f"the gateway was not ready within {READY_S:g} s: {said}")


def free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def write_state(path: Path, running: Running) -> None:
    """Readable by its owner only: it holds the admin key. Appears whole or not at all."""
    content: dict[str, Any] = {name: getattr(running, name) for name in running.__struct_fields__}
    partial = path.with_name(path.name + ".partial")
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
    partial.replace(path)


def remove_state(path: Path) -> None:
    path.unlink(missing_ok=True)


def _settings(running: Running, addresses: StackAddresses, secret_key: str) -> dict[str, str]:
    return {
        "CHARGESPHERE_MONGODB_URL": addresses.mongodb_url,
        "CHARGESPHERE_REDIS_URL": addresses.redis_url,
        "CHARGESPHERE_TEMPORAL_ADDRESS": addresses.temporal_address,
        "CHARGESPHERE_PUBLIC_URL": running.base_url,
        "CHARGESPHERE_ADMIN_KEY": running.admin_key,
        "CHARGESPHERE_SECRET_KEY": secret_key,
        "CHARGESPHERE_OPEN_REGISTRATION": "true",
        "CHARGESPHERE_ALLOW_PRIVATE_ADDRESSES": "true",
    }


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    child.terminate()
    try:
        async with asyncio.timeout(GRACE_S):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()
