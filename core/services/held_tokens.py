"""What the hub's own copies say about a card: the tokens that issuers have told it of, their PINs, and who may decide
by them."""

from collections.abc import Sequence

from core.model.authorisation import Answered, Authorisation, AuthoriseRequest, Decision, Journey
from core.model.contract import Service
from core.model.partner import Partner, Role
from core.model.token import Token, Whitelist
from core.ports.clock import Clock
from core.ports.pins import Pins
from core.ports.stores import TokenStore
from core.routing import contracted, known
from core.services.cards import as_presented, same_kind

DECIDED_HERE = frozenset({Whitelist.ALWAYS, Whitelist.ALLOWED})
"""Tokens that their issuer lets others decide on: uploaded to an OICP platform, or allowed to be whitelisted."""


class HeldTokens:
    def __init__(self, tokens: TokenStore, pins: Pins, clock: Clock) -> None:
        self._tokens = tokens
        self._pins = pins
        self._clock = clock

    async def of(self, request: AuthoriseRequest, caller: Partner, partners: Sequence[Partner]) -> list[Token]:
        """Tokens of this card, of issuers that the caller has an agreement with (and only the one it addressed).

        Of several issuers the latest word comes first."""
        found = await self._tokens.of_card(request.kind, request.uid)
        tokens = sorted(found, key=lambda token: token.updated_at, reverse=True)
        now = self._clock.now()
        issuers = {
            party
            for partner in partners
            if known(partner) and contracted(caller, partner, Service.AUTHORISATION, now)
            for party in partner.parties_as(Role.EMSP)
        }
        return [
            as_presented(token, request)
            for token in tokens
            if token.issuer in issuers
            and same_kind(token.kind, request.kind)
            and (request.issuer is None or token.issuer == request.issuer)
        ]

    async def with_pin(
        self, request: AuthoriseRequest, held: Sequence[Token]
    ) -> tuple[list[Token], Authorisation | None]:
        """Tokens that need no PIN, or whose PIN was given.

        A wrong PIN is a no; what the hub cannot check is not held."""
        good: list[Token] = []
        refusal: Authorisation | None = None
        for token in held:
            right = True if token.pin_hash is None else await self._pins.matches(request.pin, token.pin_hash)
            if right:
                good.append(token)
            elif right is False:
                refusal = Authorisation(
                    decision=Decision.UNKNOWN_TOKEN,
                    issuer=token.issuer,
                    answered_by=Answered.STORE,
                    explanation="the PIN is wrong",
                )
        return good, refusal

    async def wrong_pin(self, request: AuthoriseRequest, journey: Journey) -> bool:
        token = await self._tokens.get(journey.issuer, request.kind, request.uid)
        if token is None or token.pin_hash is None:
            return False
        return await self._pins.matches(request.pin, token.pin_hash) is False

    def decide(self, held: Sequence[Token]) -> Authorisation | None:
        """The issuer lets others decide about this token: we do. An invalid one of that sort is a no."""
        trusted = [token for token in held if token.whitelist in DECIDED_HERE]
        answers = [self.verdict(token, Answered.WHITELIST) for token in trusted]
        return next((answer for answer in answers if answer.decision is Decision.ALLOWED), next(iter(answers), None))

    def verdict(self, token: Token, by: Answered) -> Authorisation:
        """What our copy of the token says."""
        if not token.valid:
            decision, why = Decision.BLOCKED, "the issuer's copy in the hub is not valid"
        elif token.expires_at and token.expires_at <= self._clock.now():
            decision, why = Decision.EXPIRED, "the issuer's copy in the hub has expired"
        else:
            decision, why = Decision.ALLOWED, "the issuer's copy in the hub is valid"
        return Authorisation(
            decision=decision,
            issuer=token.issuer,
            answered_by=by,
            explanation=f"{why} (whitelist {token.whitelist})",
            token=token,
            contract_id=token.contract_id,
        )
