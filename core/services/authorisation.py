"""May this driver charge here? Asked by operators, answered by what we hold or by the issuer, within a deadline.

The order: a token that its issuer lets us decide on; else the issuer of a token that we hold or that the contract id
names; else all eMSPs under an agreement at once, where the first yes wins; upstream platforms after them. Every answer
says why.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from core.errors import RoamingError, Unavailable, Uncertain, Unknown, Unsupported
from core.model.authorisation import (
    FROM_COPIES,
    Answered,
    Authorisation,
    AuthoriseRequest,
    Decision,
    Journey,
    JourneyState,
)
from core.model.cards import same_card
from core.model.ids import PartyId
from core.model.location import Location
from core.model.partner import Partner, Role
from core.model.token import Token, Whitelist
from core.ports.adapter import Call, Capability, ProtocolAdapter
from core.ports.cache import Cache
from core.ports.clock import Clock, Ids
from core.ports.ledger import Ledger
from core.ports.pins import Pins
from core.ports.registry import PartnerStore
from core.ports.stores import JourneyStore, LocationStore, TokenStore
from core.services.cards import as_card, same_kind
from core.services.held_tokens import HeldTokens
from core.services.issuers import Asked, Issuers

REFERENCE_LENGTH = 36

_WEIGHT = {
    Decision.BLOCKED: 6,
    Decision.EXPIRED: 5,
    Decision.NO_CREDIT: 4,
    Decision.NOT_ALLOWED: 3,
    Decision.NEEDS_LOCATION: 2,
    Decision.UNKNOWN_TOKEN: 1,
    Decision.TIMED_OUT: 0,
}
"""Of several refusals the one that knows most about the card is told."""


class AuthorisationService:
    def __init__(
        self,
        *,
        tokens: TokenStore,
        locations: LocationStore,
        journeys: JourneyStore,
        partners: PartnerStore,
        adapters: dict[str, ProtocolAdapter],
        cache: Cache,
        ledger: Ledger,
        pins: Pins,
        clock: Clock,
        ids: Ids,
        deadline_s: float,
    ) -> None:
        self._tokens = tokens
        self._locations = locations
        self._journeys = journeys
        self._partners = partners
        self._adapters = adapters
        self._held = HeldTokens(tokens, pins, clock)
        self._issuers = Issuers(adapters, cache, clock)
        self._ledger = ledger
        self._clock = clock
        self._ids = ids
        self._deadline_s = deadline_s

    async def authorise(
        self, request: AuthoriseRequest, caller: Partner, place: Location | None = None
    ) -> Authorisation:
        """A yes begins a journey, whose id is in the answer. A refusal is an answer, never an error.

        `place`: the location that the request names, if the caller has read it already."""
        request = msgspec.structs.replace(request, journey_id=self._ids.uuid())
        partners = await self._partners.all()
        held = await self._held.of(request, caller, partners)
        request = as_card(request, held)
        held, wrong_pin = await self._held.with_pin(request, held)
        answer = None if request.ask_issuer else self._held.decide(held)
        answer = answer or wrong_pin
        if answer is None:
            answer = await self._ask(request, caller, partners, held, place)
        if answer.decision is not Decision.ALLOWED:
            return answer
        return await self._begin(request, caller, answer, partners)

    async def begun(self, request: AuthoriseRequest, caller: Partner, answer: Authorisation) -> None:
        """A yes that the issuer gave to the operator itself, in their common protocol, begins a journey too."""
        request = msgspec.structs.replace(request, journey_id=self._ids.uuid())
        answer = msgspec.structs.replace(answer, answered_by=Answered.ISSUER)
        await self._begin(request, caller, answer, await self._partners.all())

    async def authorise_stop(self, request: AuthoriseRequest, journey: Journey) -> Authorisation:
        """May this medium end the journey? The one that began it may; others only if the issuer says so."""
        issuer = await self._partners.get(journey.issuer_partner)
        began = same_card(request.kind, request.uid, journey.kind, journey.uid) and same_kind(
            journey.kind, request.kind
        )
        if began and await self._held.wrong_pin(request, journey):
            return _answer(Decision.UNKNOWN_TOKEN, journey.issuer, Answered.STORE, "the PIN is wrong")
        if began or request.uid in journey.stop_uids:
            return _answer(
                Decision.ALLOWED, journey.issuer, Answered.STORE, "the medium that began the journey may end it"
            )
        if journey.answered_by in FROM_COPIES:
            return _answer(
                Decision.UNKNOWN_TOKEN, journey.issuer, Answered.STORE, "only the medium that began it may end it"
            )
        adapter = self._adapters.get(issuer.protocol) if issuer else None
        if issuer is None or adapter is None:
            return _answer(Decision.TIMED_OUT, journey.issuer, Answered.HUB, "the issuer is not connected any more")
        try:
            async with asyncio.timeout(self._deadline_s):
                if Capability.AUTHORISE_STOP in adapter.capabilities:
                    return await adapter.authorise_stop(self._call(issuer, request), request, journey)
                answer = await adapter.authorise(self._call(issuer, request), request, None)
        except (RoamingError, TimeoutError) as error:
            return _answer(Decision.TIMED_OUT, journey.issuer, Answered.ISSUER, f"the issuer gave no answer: {error}")
        if answer.decision is Decision.ALLOWED and not same_contract(answer, journey):
            return _answer(Decision.NOT_ALLOWED, journey.issuer, Answered.ISSUER, "the card is of another contract")
        return answer

    # --- the issuer

    async def _ask(
        self,
        request: AuthoriseRequest,
        caller: Partner,
        partners: Sequence[Partner],
        held: Sequence[Token],
        place: Location | None,
    ) -> Authorisation:
        asked = await self._issuers.of(request, caller, partners, held)
        place = place or await self._place(request)
        answers = await self._answers(asked, request, caller, place)
        self._note(caller, asked.all, answers)
        for answer in answers:
            if answer.decision is Decision.ALLOWED:
                if not held and asked.by is Answered.BROADCAST and answer.issuer:
                    await self._issuers.remember(request.uid, answer.issuer)
                return answer
        return self._refusal(answers, held, asked.all, asked.lists)

    async def _answers(
        self, asked: Asked, request: AuthoriseRequest, caller: Partner, place: Location | None
    ) -> list[Authorisation]:
        """Until the first yes. Where two rounds may be needed, each has half of the time."""
        deadline_s = self._deadline_s / 2 if asked.near and asked.far else self._deadline_s
        answers = await self._race(asked.near, request, place, asked.by, deadline_s) if asked.near else []
        if not asked.far or any(answer.decision is Decision.ALLOWED for answer in answers):
            return answers
        async with self._issuers.away(request.uid, caller) as may_go:
            far = await self._race(asked.far, request, place, asked.by, deadline_s) if may_go else []
        return answers + far

    async def _place(self, request: AuthoriseRequest) -> Location | None:
        if request.location_id:
            return await self._locations.get(request.operator, request.location_id)
        return await self._locations.by_evse_id(request.evse_id) if request.evse_id else None

    async def _race(
        self,
        partners: Sequence[Partner],
        request: AuthoriseRequest,
        place: Location | None,
        by: Answered,
        deadline_s: float,
    ) -> list[Authorisation]:
        """Ask all at once; ends with the first yes, or when all have answered, or at the deadline."""
        tasks = [asyncio.create_task(self._one(partner, request, place, by)) for partner in partners]
        answers: list[Authorisation] = []
        try:
            for next_one in asyncio.as_completed(tasks, timeout=deadline_s):
                answers.append(await next_one)
                if answers[-1].decision is Decision.ALLOWED:
                    break
        except TimeoutError:
            names = ", ".join(partner.name for partner, task in zip(partners, tasks, strict=True) if not task.done())
            why = f"no answer within {deadline_s:g} s from {names}"
            answers.append(_answer(Decision.TIMED_OUT, None, by, why))
        finally:
            for task in tasks:
                task.cancel()
        return answers

    def _note(self, caller: Partner, asked: Sequence[Partner], answers: Sequence[Authorisation]) -> None:
        for answer in answers:
            partner = next((one for one in asked if answer.issuer and one.speaks_for(answer.issuer)), None)
            if partner is not None and answer.losses:
                self._ledger.note(
                    "authorisation", source=caller.protocol, target=partner.protocol, losses=answer.losses
                )

    async def _one(
        self, partner: Partner, request: AuthoriseRequest, place: Location | None, by: Answered
    ) -> Authorisation:
        issuer = partner.parties_as(Role.EMSP)[0]
        try:
            answer = await self._adapters[partner.protocol].authorise(self._call(partner, request), request, place)
        except Unknown as error:
            return _answer(Decision.UNKNOWN_TOKEN, issuer, by, f"{partner.name}: {error}")
        except (Unavailable, Unsupported) as error:
            return _unreached(issuer, by, f"{partner.name}: {error}")
        except Uncertain as error:
            return _answer(Decision.TIMED_OUT, issuer, by, f"{partner.name}: {error}")
        except RoamingError as error:
            return _answer(Decision.NOT_ALLOWED, issuer, by, f"{partner.name}: {error}")
        answer = _only_where_allowed(answer, request)
        return msgspec.structs.replace(
            answer,
            issuer=answer.issuer or issuer,
            answered_by=by,
            explanation=answer.explanation or f"{partner.name} answered {answer.decision}",
        )

    def _refusal(
        self,
        answers: Sequence[Authorisation],
        held: Sequence[Token],
        asked: Sequence[Partner],
        lists: Sequence[Partner],
    ) -> Authorisation:
        """Nobody said yes. Our own copy helps where the issuer allows it and could not be asked; of `lists`, who are
        never asked, it is the answer."""
        spoken = [answer for answer in answers if answer.decision is not Decision.TIMED_OUT]
        if spoken:
            return _consolidated(spoken)
        offline = [token for token in held if self._may_decide(token, asked)]
        if offline:
            listed = any(partner.speaks_for(offline[0].issuer, Role.EMSP) for partner in lists)
            return self._held.verdict(offline[0], Answered.LIST if listed else Answered.STORE)
        if answers:
            return next((answer for answer in answers if not answer.unreached), answers[0])
        if held:
            return _unreached(held[0].issuer, Answered.HUB, "the issuer cannot be asked now")
        return _answer(Decision.NO_ISSUER, None, Answered.HUB, "no eMSP under an agreement can be asked")

    def _may_decide(self, token: Token, asked: Sequence[Partner]) -> bool:
        return token.whitelist is not Whitelist.NEVER or (not token.valid and not asked)

    # --- the journey

    async def _begin(
        self, request: AuthoriseRequest, caller: Partner, answer: Authorisation, partners: Sequence[Partner]
    ) -> Authorisation:
        issuer = answer.issuer
        home = next((partner for partner in partners if issuer and partner.speaks_for(issuer, Role.EMSP)), None)
        if issuer is None or home is None:
            return _answer(Decision.NO_ISSUER, issuer, Answered.HUB, "the issuer that said yes is not a party here")
        contract = answer.contract_id or request.contract_id
        if contract is None:  # not every protocol names it in a yes
            listed = await self._tokens.get(issuer, request.kind, request.uid)
            contract = listed.contract_id if listed else None
        now = self._clock.now()
        journey = Journey(
            id=request.journey_id or self._ids.uuid(),
            operator=request.operator,
            operator_partner=caller.id,
            issuer=issuer,
            issuer_partner=home.id,
            uid=request.uid,
            kind=request.kind,
            contract_id=contract,
            evse_id=request.evse_id,
            location_id=request.location_id,
            reference=_reference(answer, request),
            operator_session_id=request.operator_session_id,
            issuer_session_id=answer.issuer_session_id,
            answered_by=answer.answered_by,
            stop_uids=answer.stop_uids,
            losses=answer.losses,
            correlation_id=request.correlation_id,
            extensions=answer.extensions,
            created_at=now,
            updated_at=now,
            state=JourneyState.AUTHORISED,
        )
        await self._journeys.create(journey)
        return msgspec.structs.replace(answer, journey_id=journey.id, reference=journey.reference)

    def _call(self, partner: Partner, request: AuthoriseRequest) -> Call:
        return Call(
            partner=partner,
            correlation_id=request.correlation_id or request.journey_id or self._ids.uuid(),
            sender=request.operator,
            recipient=request.issuer if request.issuer and partner.speaks_for(request.issuer) else None,
        )


def _reference(answer: Authorisation, request: AuthoriseRequest) -> str | None:
    """The issuer's reference where it fits into OCPI's field; else the journey's id stands for it."""
    if answer.reference and len(answer.reference) <= REFERENCE_LENGTH:
        return answer.reference
    return request.journey_id


def same_contract(answer: Authorisation, journey: Journey) -> bool:
    return answer.contract_id is not None and answer.contract_id == journey.contract_id


def _consolidated(spoken: Sequence[Authorisation]) -> Authorisation:
    """The refusal that knows most about the card; in a partner's own words only if no other partner said otherwise."""
    best = max(spoken, key=lambda answer: _WEIGHT.get(answer.decision, 0))
    if len({answer.partner_code for answer in spoken if answer.partner_code}) > 1:
        return msgspec.structs.replace(best, partner_code=None, partner_text=None)
    return best


def _only_where_allowed(answer: Authorisation, request: AuthoriseRequest) -> Authorisation:
    """A yes for other EVSEs than the one that was asked for is a no here."""
    if answer.decision is not Decision.ALLOWED or not answer.evse_uids or not request.evse_uids:
        return answer
    allowed = {uid.upper() for uid in answer.evse_uids}
    if any(uid.upper() in allowed for uid in request.evse_uids):
        return answer
    return msgspec.structs.replace(
        answer, decision=Decision.NOT_ALLOWED, explanation="allowed at other EVSEs of the location only"
    )


def _answer(decision: Decision, issuer: PartyId | None, by: Answered, explanation: str) -> Authorisation:
    return Authorisation(decision=decision, issuer=issuer, answered_by=by, explanation=explanation)


def _unreached(issuer: PartyId | None, by: Answered, explanation: str) -> Authorisation:
    return msgspec.structs.replace(_answer(Decision.TIMED_OUT, issuer, by, explanation), unreached=True)
