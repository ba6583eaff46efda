"""Another gateway on the servers of a running hub."""

import contextlib
import signal
import subprocess
from collections.abc import AsyncIterator

import httpx

from gateway.stack import load_or_create_secrets
from gateway.up import free_port
from tests.e2e.hub_fixture import BARE, HubProcess, chargesphere, until

HOST = "127.0.0.1"


class Gateway:
    def __init__(self, process: "subprocess.Popen[bytes]", base_url: str) -> None:
        self.process = process
        self.base_url = base_url

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextlib.asynccontextmanager
async def second_gateway(hub: HubProcess) -> AsyncIterator[Gateway]:
    found = _started(hub, free_port(HOST))
    try:
        await until(lambda: found.process.poll() is not None or _serves(found.base_url), "the second gateway is ready")
        yield found
    finally:
        found.process.send_signal(signal.SIGTERM)
        found.process.wait(30)


def _started(hub: HubProcess, port: int) -> Gateway:
    with hub.log.open("ab") as log:
        process = subprocess.Popen(
            chargesphere("serve", "--host", HOST, "--port", str(port)),
            stdout=log,
            stderr=log,
            env=BARE | _settings(hub),
            start_new_session=True,
        )
    return Gateway(process, f"http://{HOST}:{port}")


def _settings(hub: HubProcess) -> dict[str, str]:
    given = {name.upper(): hub.state[name] for name in ("mongodb_url", "redis_url", "temporal_address", "admin_key")}
    given |= {"PUBLIC_URL": hub.base_url, "SECRET_KEY": load_or_create_secrets(hub.data).secret_key}
    given |= {"OPEN_REGISTRATION": "true", "ALLOW_PRIVATE_ADDRESSES": "true"}
    return {f"CHARGESPHERE_{name}": value for name, value in given.items()}


def _serves(base_url: str) -> bool:
    try:
        return httpx.get(f"{base_url}/ready", timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
