"""MongoDB as a replica set of one: without it there are no transactions and no change streams."""

import asyncio
from typing import Any, Final

from pymongo import AsyncMongoClient
from pymongo.errors import ConnectionFailure, OperationFailure

NAME: Final = "rs0"
PAUSE_S: Final = 0.05
NOT_YET_INITIALIZED: Final = 94
_PASSING: Final = frozenset({23, NOT_YET_INITIALIZED, 103, 109, 125})
"""Codes that a node gives while it reads its configuration: AlreadyInitialized, NotYetInitialized,

NewReplicaSetConfigurationIncompatible, ConfigurationInProgress, CommandFailed. The next look tells more."""

Document = dict[str, Any]


async def make_primary(host: str, port: int) -> None:
    """Returns when the node takes writes. New data is initiated.

    Data that was initiated under another port is given this one: a node that does not find itself in its
    configuration takes part in nothing."""
    me = f"{host}:{port}"
    client: AsyncMongoClient[Document] = AsyncMongoClient(
        host, port, directConnection=True, serverSelectionTimeoutMS=2000
    )
    async with client:
        while True:
            if await _is_primary(client, me):
                return
            await asyncio.sleep(PAUSE_S)


async def _is_primary(client: AsyncMongoClient[Document], me: str) -> bool:
    try:
        hello = await client.admin.command("hello")
        if hello.get("isWritablePrimary"):
            return True
        await _configure(client, me)
    except ConnectionFailure:
        return False
    except OperationFailure as error:
        if error.code not in _PASSING:
            raise
    return False


async def _configure(client: AsyncMongoClient[Document], me: str) -> None:
    try:
        config = (await client.admin.command("replSetGetConfig"))["config"]
    except OperationFailure as error:
        if error.code != NOT_YET_INITIALIZED:
            raise
        await client.admin.command("replSetInitiate", {"_id": NAME, "members": [{"_id": 0, "host": me}]})
        return
    if [member["host"] for member in config["members"]] != [me]:
        moved = config | {"version": config["version"] + 1, "members": [config["members"][0] | {"host": me}]}
        await client.admin.command("replSetReconfig", moved, force=True)
