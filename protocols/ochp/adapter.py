"""OCHP as core sees it: partners that call and are never called.

The clearing house opens no connection to a partner: operators and providers upload, fetch, and confirm. So nothing can
be told to them, a provider cannot be asked in real time (its list is what the hub decides by), and a CDR for it waits
to be fetched. Operators tell of no sessions while they run.
"""

from typing import ClassVar

from core.model.partner import Partner
from core.ports.adapter import Capability, ProtocolAdapter
from protocols.ochp.client import OchpClient
from protocols.plugin import Outbound


class OchpAdapter(ProtocolAdapter):
    capabilities: ClassVar[frozenset[Capability]] = frozenset()
    tells_sessions: ClassVar[bool] = False
    decides_on_fetched_cdrs: ClassVar[bool] = True

    def __init__(self, outbound: Outbound) -> None:
        self.client = OchpClient(outbound)

    def answers(self, partner: Partner) -> bool:
        return False

    def joins_broadcasts(self, partner: Partner) -> bool:
        return False

    def takes(self, partner: Partner, capability: Capability) -> bool:
        return False
