"""core.ports.processes over Temporal."""

import asyncio
from datetime import timedelta

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from core.errors import Unavailable
from gateway.workflows.settle_cdr import SettleCdr

RPC_TIMEOUT = timedelta(seconds=3)


class TemporalProcesses:
    """Connects when it is first needed; a Temporal out of reach is Unavailable, and tried anew at the next call."""

    def __init__(self, address: str, namespace: str, task_queue: str) -> None:
        self._address = address
        self._namespace = namespace
        self._task_queue = task_queue
        self._client: Client | None = None
        self._connecting = asyncio.Lock()

    async def client(self) -> Client:
        if self._client is None:
            async with self._connecting:
                if self._client is None:
                    self._client = await self._connect()
        return self._client

    async def _connect(self) -> Client:
        try:
            async with asyncio.timeout(RPC_TIMEOUT.total_seconds()):
                return await Client.connect(self._address, namespace=self._namespace)
        except (RPCError, RuntimeError, TimeoutError) as error:
            raise Unavailable(f"Temporal at {self._address}: {error or 'no answer'}") from error

    async def ping(self) -> str | None:
        """None, or what is wrong."""
        try:
            client = await self.client()
            await client.service_client.check_health(timeout=RPC_TIMEOUT)
        except (Unavailable, RPCError) as error:
            return str(error)
        return None

    async def settle_cdr(self, cdr_key: str) -> None:
        client = await self.client()
        try:
            await client.start_workflow(
                SettleCdr.run,
                cdr_key,
                id=workflow_id(cdr_key),
                task_queue=self._task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                rpc_timeout=RPC_TIMEOUT,
            )
        except RPCError as error:
            raise Unavailable(f"Temporal: {error}") from error

    async def nudge_cdr(self, cdr_key: str) -> bool:
        client = await self.client()
        try:
            await client.get_workflow_handle(workflow_id(cdr_key)).signal(SettleCdr.nudge, rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise Unavailable(f"Temporal: {error}") from error
        return True


def workflow_id(cdr_key: str) -> str:
    return f"cdr/{cdr_key}"
