"""Which journey a CDR ends."""

from datetime import timedelta
from uuid import NAMESPACE_OID, uuid5

from core.model.authorisation import Answered, Journey, JourneyState
from core.model.cdr import Cdr
from core.model.partner import Partner
from core.ports.adapter import ProtocolAdapter
from core.ports.clock import Clock
from core.ports.registry import PartnerStore
from core.ports.stores import JourneyStore, TokenStore
from core.services.cards import billed_card
from core.services.sessions import with_its_issuer

AUTHORISED_BEFORE = timedelta(hours=1)
"""So long before the start of charging may its authorisation lie (a driver parks, asks, and plugs in)."""


class CdrJourneys:
    def __init__(
        self,
        *,
        journeys: JourneyStore,
        tokens: TokenStore,
        partners: PartnerStore,
        adapters: dict[str, ProtocolAdapter],
        clock: Clock,
    ) -> None:
        self._journeys = journeys
        self._tokens = tokens
        self._partners = partners
        self._adapters = adapters
        self._clock = clock

    async def of(self, cdr: Cdr) -> Journey | None:
        """By the reference that the authorisation gave, by the session, else by the card."""
        return await with_its_issuer(self._partners, await self._told_of(cdr), cdr.token.issuer)

    async def _told_of(self, cdr: Cdr) -> Journey | None:
        if cdr.authorization_reference:
            found = await self._journeys.by_reference(cdr.authorization_reference)
            if found and found.operator == cdr.owner:
                return found
        if cdr.session_id:
            return await self._journeys.by_operator_session(cdr.owner, cdr.session_id)
        return None if cdr.authorization_reference else await self._journey_of_card(cdr)

    async def _journey_of_card(self, cdr: Cdr) -> Journey | None:
        """For protocols whose CDRs name no session: the card's open journey at this operator, if it began when the
        charging did."""
        card = await billed_card(self._tokens, cdr.token)
        if card.uid is None:
            return None
        found = await self._journeys.latest_for_token(cdr.owner, card.uid)
        if found is None or cdr.token.issuer not in (None, found.issuer):
            return None
        return found if cdr.started_at - AUTHORISED_BEFORE <= found.created_at <= cdr.ended_at else None

    async def begun_by_a_list(self, cdr: Cdr, caller: Partner, recipient: Partner) -> Journey | None:
        """The operator let a listed card charge and asked nobody. Where the recipient's CDRs bear the hub's id of the
        session, it gets one now: the same each time that this CDR comes. None if nobody knows the card."""
        card = await billed_card(self._tokens, cdr.token)
        if card.issuer is None or card.uid is None or not self._adapters[recipient.protocol].bills_by_journey:
            return None
        now = self._clock.now()
        journey = Journey(
            id=id_by_cdr(cdr),
            operator=cdr.owner,
            operator_partner=caller.id,
            issuer=card.issuer,
            issuer_partner=recipient.id,
            uid=card.uid,
            kind=card.kind,
            contract_id=card.contract_id,
            evse_id=cdr.location.evse_id,
            location_id=cdr.location.id,
            reference=cdr.authorization_reference,
            operator_session_id=cdr.session_id,
            answered_by=Answered.WHITELIST,
            created_at=now,
            updated_at=now,
            state=JourneyState.CHARGING,
        )
        await self._journeys.create(journey)
        return journey


def id_by_cdr(cdr: Cdr) -> str:
    """Of a journey that the hub makes for a CDR: the same each time that it comes."""
    return str(uuid5(NAMESPACE_OID, cdr.key))
