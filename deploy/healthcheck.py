"""Health of a container: `healthcheck.py gateway` or `healthcheck.py worker`. Exit code 0 is healthy.

A gateway answers /health. A worker is healthy if Temporal heard of it within the last two minutes.
"""

import asyncio
import os
import socket
import sys
import time
import urllib.request

URL = "http://127.0.0.1:8080/health"
SILENCE_S = 120


def gateway() -> bool:
    with urllib.request.urlopen(URL, timeout=5) as answer:
        return bool(answer.status == 200)


def worker() -> bool:
    return asyncio.run(_polls())


async def _polls() -> bool:
    from temporalio.api.enums.v1 import TaskQueueType
    from temporalio.api.taskqueue.v1 import TaskQueue
    from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
    from temporalio.client import Client

    namespace = os.environ.get("CHARGESPHERE_TEMPORAL_NAMESPACE") or "default"
    queue = os.environ.get("CHARGESPHERE_TEMPORAL_TASK_QUEUE") or "chargesphere"
    client = await Client.connect(os.environ["CHARGESPHERE_TEMPORAL_ADDRESS"], namespace=namespace)
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
    )
    me = f"@{socket.gethostname()}"
    return any(
        poller.identity.endswith(me) and time.time() - poller.last_access_time.seconds < SILENCE_S
        for poller in answer.pollers
    )


def main() -> None:
    checks = {"gateway": gateway, "worker": worker}
    try:
        healthy = checks[sys.argv[1]]()
    except Exception as error:
        sys.exit(f"unhealthy: {error}")
    sys.exit(0 if healthy else "unhealthy")


if __name__ == "__main__":
    main()
