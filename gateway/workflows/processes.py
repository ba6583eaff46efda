"""core.ports.processes over Temporal."""

import asyncio
from datetime import timedelta

import msgspec
from temporalio.client import Client, ScheduleOverlapPolicy, WorkflowFailureError, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from core.errors import Unavailable, Uncertain, Unknown
from core.model.command import Command, CommandOutcome
from gateway.workflows.run_command import RunCommand
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

    async def run_command(self, command: Command) -> CommandOutcome:
        handle = await self._launched(command)
        try:
            outcome: str = await handle.result(
                rpc_timeout=RPC_TIMEOUT + timedelta(seconds=float(command.patience_s) + 30)
            )
        except (RPCError, WorkflowFailureError) as error:
            raise Uncertain(f"Temporal: {error}") from error
        return msgspec.json.decode(outcome, type=CommandOutcome)

    async def launch_command(self, command: Command) -> None:
        await self._launched(command)

    async def _launched(self, command: Command) -> WorkflowHandle[RunCommand, str]:
        client = await self.client()
        try:
            return await client.start_workflow(
                RunCommand.run,
                args=[msgspec.json.encode(command).decode(), command.target, float(command.patience_s)],
                id=command_workflow_id(command.target, command.id),
                task_queue=self._task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                rpc_timeout=RPC_TIMEOUT,
            )
        except RPCError as error:
            raise Unavailable(f"Temporal: {error}") from error

    async def command_result(self, command_id: str, partner_id: str, outcome: CommandOutcome) -> None:
        client = await self.client()
        handle = client.get_workflow_handle(command_workflow_id(partner_id, command_id))
        try:
            await handle.signal(
                RunCommand.result_received,
                args=[partner_id, msgspec.json.encode(outcome).decode()],
                rpc_timeout=RPC_TIMEOUT,
            )
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise Unknown("command", command_id) from error
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

    async def follow_feed(self, partner_id: str, feed: str) -> None:
        """After the run that is under way, if there is one."""
        client = await self.client()
        handle = client.get_schedule_handle(schedule_id(partner_id, feed))
        try:
            await handle.trigger(overlap=ScheduleOverlapPolicy.BUFFER_ONE, rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise Unknown("feed", feed) from error
            raise Unavailable(f"Temporal: {error}") from error


def workflow_id(cdr_key: str) -> str:
    return f"cdr/{cdr_key}"


def schedule_id(partner_id: str, feed: str) -> str:
    return f"feed/{partner_id}/{feed}"


def command_workflow_id(target: str, command_id: str) -> str:
    """Who is to act is part of it: a result from anybody else finds no process."""
    return f"command/{target}/{command_id}"
