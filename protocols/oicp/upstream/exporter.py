"""Single changes, told to a platform as they happen."""

from collections.abc import Sequence
from typing import Final

from core.errors import Rejected, Uncertain, Unknown
from core.model.location import Evse
from core.model.partner import Partner
from core.ports.adapter import Told
from protocols.oicp.client import OicpClient
from protocols.oicp.codes import TRANSACTION
from protocols.oicp.upstream.lists import Lists
from protocols.oicp.upstream.mirror import Mirror, Thing
from protocols.oicp.upstream.sheets import StatusSheet
from protocols.oicp.wire.common import ActionType
from protocols.plugin import Outbound

SINGLE_S: Final = 20.0
"""So long may a single change wait for its turn; the delivery is tried again later."""


class Exporter:
    def __init__(self, client: OicpClient, outbound: Outbound) -> None:
        self._copies = outbound.copies
        self._sheet = StatusSheet(Lists(client), outbound)
        self._mirror = Mirror(outbound.copies, outbound.cache, patience_s=SINGLE_S)

    async def tell_statuses(self, partner: Partner, evses: Sequence[Evse]) -> Told:
        """Of what the platform holds; of what it does not, the next run tells the status after the EVSE.

        Raises Unknown where there is nothing to tell."""
        things = await self._sheet.known(partner, evses)
        if not things:
            raise Unknown("evse", f"none that {partner.name} holds")
        held = await self._copies.held(partner.id, self._sheet.of, [thing.key for thing in things])
        await self._push(partner, ActionType.INSERT, [one for one in things if one.key not in held])
        known = [one for one in things if one.key in held and one.digest != held[one.key]]
        await self._push(partner, ActionType.UPDATE, known)
        return Told()

    async def _push(self, partner: Partner, action: ActionType, things: Sequence[Thing]) -> None:
        if not things:
            return
        try:
            await self._mirror.push(partner, self._sheet, action, things)
        except Rejected as error:
            if error.code == TRANSACTION:
                raise Uncertain("the platform holds other statuses; all are told again") from error
            raise
