"""What the processes do: one call into core each."""

from temporalio import activity

from core.services.billing import BillingService
from gateway.workflows.settle_cdr import DELIVER, GIVE_UP


class CdrActivities:
    def __init__(self, billing: BillingService) -> None:
        self._billing = billing

    @activity.defn(name=DELIVER)
    async def deliver(self, key: str) -> str:
        """One attempt; the CDR's state after it."""
        return (await self._billing.deliver(key)).state.value

    @activity.defn(name=GIVE_UP)
    async def give_up(self, key: str) -> str:
        return (await self._billing.give_up(key)).state.value
