"""The port: map, call, map. Broadcasts go to each receiving party of the partner, in the name of the hub."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import ClassVar, Final

from msgspec.structs import replace

from core.errors import Rejected, RoamingError, Unknown, Unsupported
from core.model.authorisation import Authorisation, AuthoriseRequest, Decision, Journey
from core.model.cdr import Cdr, CdrState
from core.model.command import Command, CommandOutcome, Outcome, Sent
from core.model.ids import PartyId
from core.model.location import Evse, Location
from core.model.loss import Loss, LossKind
from core.model.partner import Partner, PartyStatus, Role
from core.model.record import Record
from core.model.session import Session
from core.model.tariff import Tariff
from core.model.token import Token
from core.ports.adapter import Call, Capability, ProtocolAdapter, Told
from core.routing import CARD_READERS, EMSP_SIDE
from mappings.ocpi.authorisation import (
    authorisation_from_ocpi,
    authorise_request_losses,
    authorise_request_to_ocpi,
)
from mappings.ocpi.cdrs import cdr_losses, cdr_to_ocpi
from mappings.ocpi.changes import evse_status_to_ocpi
from mappings.ocpi.commands import (
    cancel_reservation_losses,
    cancel_reservation_to_ocpi,
    outcome_from_response,
    outcome_losses,
    reserve_now_losses,
    reserve_now_to_ocpi,
    response_url_of,
    result_to_ocpi,
    start_session_losses,
    start_session_to_ocpi,
    stop_session_losses,
    stop_session_to_ocpi,
)
from mappings.ocpi.common import kept
from mappings.ocpi.ids import party_out
from mappings.ocpi.locations import location_losses, location_to_ocpi
from mappings.ocpi.parties import party_status_to_ocpi
from mappings.ocpi.sessions import session_losses, session_to_ocpi
from mappings.ocpi.tariffs import tariff_losses, tariff_to_ocpi
from mappings.ocpi.tokens import token_losses, token_to_ocpi
from protocols.ocpi.client import OcpiClient, Routing
from protocols.ocpi.codes import NOT_ENOUGH
from protocols.ocpi.dialect import Dialect
from protocols.ocpi.settings import settings_of
from protocols.ocpi.versions import RECEIVER, SENDER, V2_3_0, endpoint_url, version_of
from protocols.ocpi.wire.commands import (
    CommandMessage,
    CommandResponseType,
    CommandType,
)
from protocols.plugin import Outbound

ENDPOINT: Final = {
    Capability.AUTHORISE: ("tokens", SENDER),
    Capability.START_SESSION: ("commands", RECEIVER),
    Capability.STOP_SESSION: ("commands", RECEIVER),
    Capability.RESERVE_NOW: ("commands", RECEIVER),
    Capability.CANCEL_RESERVATION: ("commands", RECEIVER),
    Capability.PUSH_COMMAND_RESULT: ("commands", SENDER),
    Capability.PUSH_LOCATION: ("locations", RECEIVER),
    Capability.PUSH_EVSE_STATUS: ("locations", RECEIVER),
    Capability.PUSH_TOKEN: ("tokens", RECEIVER),
    Capability.PUSH_SESSION: ("sessions", RECEIVER),
    Capability.PUSH_TARIFF: ("tariffs", RECEIVER),
    Capability.DELETE_TARIFF: ("tariffs", RECEIVER),
    Capability.PUSH_BOOKING_LOCATION: ("bookings", RECEIVER),
    Capability.PUSH_CDR: ("cdrs", RECEIVER),
    Capability.PUSH_PARTY_STATUS: ("hubclientinfo", RECEIVER),
}
"""What a partner has to publish in order to be told."""
_HELD_ALREADY: Final = re.compile(r"\b(already|duplicate|exists)\b", re.IGNORECASE)
"""How platforms say that they hold a CDR with this id: OCPI has no code for it."""
COMMAND_S: Final = 30.0
"""How long an operator may think over its CommandResponse."""


class OcpiAdapter(ProtocolAdapter):
    capabilities: ClassVar[frozenset[Capability]] = frozenset(ENDPOINT)
    stops_by_session: ClassVar[bool] = True
    replaces_reservations: ClassVar[bool] = True

    def __init__(self, outbound: Outbound) -> None:
        self._client = OcpiClient(outbound)
        self._identity = outbound.identity
        self._hub = outbound.identity.party
        self._clock = outbound.clock

    def answers(self, partner: Partner) -> bool:
        return self.takes(partner, Capability.AUTHORISE) or self.takes(partner, Capability.PUSH_CDR)

    def takes(self, partner: Partner, capability: Capability) -> bool:
        module, role = ENDPOINT[capability]
        return version_of(partner).offers(module) and settings_of(partner).url(module, role) is not None

    def needs_surroundings(self, partner: Partner) -> bool:
        return version_of(partner).older

    def is_upstream(self, partner: Partner) -> bool:
        return partner.is_hub

    def joins_broadcasts(self, partner: Partner) -> bool:
        """Another hub is asked for a party that it names, never for all behind it."""
        return not partner.is_hub

    def silence_s(self, partner: Partner, usual_s: float) -> float | None:
        return usual_s

    def retries(self, partner: Partner) -> dict[str, int]:
        return settings_of(partner).retries

    async def authorise(self, call: Call, request: AuthoriseRequest, location: Location | None) -> Authorisation:
        issuer = call.recipient or _first(call.partner, Role.EMSP)
        uid, kind, place = authorise_request_to_ocpi(request, location)
        to = Routing(request.operator, issuer)
        try:
            info = await self._client.post_authorize(call, to, uid, kind, place)
        except Unknown as error:
            raise Unknown("token", uid) from error
        except Rejected as error:
            if error.code != str(NOT_ENOUGH):
                raise
            return Authorisation(decision=Decision.NEEDS_LOCATION, issuer=issuer, explanation=error.text)
        answer = _of_kind(authorisation_from_ocpi(info), request)
        if self._client.dialect(call).version.single_party:  # the token in it is made up
            answer = replace(answer, token=None)
        return replace(answer, losses=authorise_request_losses(request))

    def check_command(self, partner: Partner, command: Command) -> None:
        if not self.takes(partner, Capability.START_SESSION):
            raise Unsupported(f"{partner.name} publishes no commands {RECEIVER.value}")
        version = version_of(partner)
        if command.kind in version.lacks:
            raise Unsupported(f"OCPI {version.id} has no {command.kind}")

    async def start_session(self, call: Call, command: Command, location: Location | None) -> Sent:
        message = start_session_to_ocpi(command, location, self.response_url(call.partner, command))
        return await self._command(call, command, message, start_session_losses(command))

    async def stop_session(self, call: Call, command: Command, journey: Journey) -> Sent:
        """By the session id that the operator has told; before that there is no session to stop."""
        if command.session_id is None:
            return Sent(result=CommandOutcome(outcome=Outcome.UNKNOWN_SESSION))
        message = stop_session_to_ocpi(command, self.response_url(call.partner, command))
        return await self._command(call, command, message, stop_session_losses(command))

    async def reserve_now(self, call: Call, command: Command, location: Location | None) -> Sent:
        url, now = self.response_url(call.partner, command), self._clock.now()
        message = reserve_now_to_ocpi(command, url, now=now)
        return await self._command(call, command, message, reserve_now_losses(command, now))

    async def cancel_reservation(self, call: Call, command: Command, journey: Journey) -> Sent:
        message = cancel_reservation_to_ocpi(command, self.response_url(call.partner, command))
        return await self._command(call, command, message, cancel_reservation_losses(command))

    async def _command(self, call: Call, command: Command, message: CommandMessage, lost: tuple[Loss, ...]) -> Sent:
        """After an ACCEPTED the result is waited for as long as both sides are patient."""
        begun = self._clock.now()
        wait_s = min(COMMAND_S, float(command.patience_s))
        lost += self._client.dialect(call).losses(command)
        to = Routing(command.issuer, command.operator)
        response = await self._client.post_command(call, to, CommandType(command.kind.value), message, wait_s)
        if response.result is not CommandResponseType.ACCEPTED:
            return Sent(result=outcome_from_response(response), losses=lost)
        took = Decimal(str((self._clock.now() - begun).total_seconds()))
        patience_s = max(min(Decimal(response.timeout), command.patience_s - took), Decimal(1))
        return Sent(patience_s=patience_s, losses=lost)

    def response_url(self, partner: Partner, command: Command) -> str:
        """Where the hub takes the result of this command, and of no other."""
        version = partner.version or V2_3_0.id
        return f"{endpoint_url(self._identity, version, 'commands', SENDER)}/{command.id}"

    async def push_command_result(self, call: Call, command: Command, outcome: CommandOutcome) -> Told:
        url = response_url_of(command)
        if url is None:
            return Told(withheld=True)
        to = Routing(command.operator, command.issuer)
        await self._client.post_command_result(call, to, url, result_to_ocpi(outcome))
        return Told(losses=outcome_losses(outcome))

    async def probe(self, call: Call) -> None:
        await self._client.probe(call)

    async def push_location(self, call: Call, location: Location) -> Told:
        dialect = self._client.dialect(call)
        lost = location_losses(location) + dialect.losses(location)
        try:
            message = dialect.checked(location_to_ocpi(location))
        except Unsupported as error:
            return _withheld(error, lost)
        await self._to_each(call, EMSP_SIDE, lambda to: _refusing(self._client.put_location(call, to, message)))
        return Told(losses=lost)

    async def push_evse_status(self, call: Call, location: Location, evses: Sequence[Evse]) -> Told:
        """A partner that does not know the EVSE is sent the whole Location instead. One whose version has no words for
        it is told nothing."""
        told = _shown(self._client.dialect(call), location, evses)
        try:
            for evse in told:
                await self._push_status(call, location, evse)
        except Unknown:
            return await self.push_location(call, location)
        return Told(withheld=not told)

    async def _push_status(self, call: Call, location: Location, evse: Evse) -> None:
        owner = party_out(location.owner, kept(location.extensions))
        patch = evse_status_to_ocpi(evse)
        await self._to_each(
            call, EMSP_SIDE, lambda to: self._client.patch_evse(call, to, owner, location.id, evse.uid, patch)
        )

    async def push_token(self, call: Call, token: Token) -> Told:
        dialect = self._client.dialect(call)
        try:
            message = dialect.checked(token_to_ocpi(token))
        except Unsupported as error:
            return _withheld(error, ())
        await self._to_each(call, CARD_READERS, lambda to: _refusing(self._client.put_token(call, to, message)))
        return Told(losses=token_losses(token) + dialect.losses(token))

    async def push_session(self, call: Call, session: Session, journey: Journey | None) -> Told:
        """To the one eMSP of the session, in the name of the operator."""
        if journey is not None:
            session = _with_journey(session, journey)
        dialect = self._client.dialect(call)
        lost = session_losses(session) + dialect.losses(session)
        try:
            message = dialect.checked(session_to_ocpi(session))
        except Unsupported as error:
            return _withheld(error, lost)
        to = Routing(session.owner, call.recipient or _first(call.partner, Role.EMSP))
        await _refusing(self._client.put_session(call, to, message))
        return Told(losses=lost)

    async def push_tariff(self, call: Call, tariff: Tariff) -> Told:
        dialect = self._client.dialect(call)
        lost = tariff_losses(tariff) + dialect.losses(tariff)
        try:
            message = dialect.checked(tariff_to_ocpi(tariff))
        except Unsupported as error:
            return _withheld(error, lost)
        await self._to_each(call, EMSP_SIDE, lambda to: _refusing(self._client.put_tariff(call, to, message)))
        return Told(losses=lost)

    async def delete_tariff(self, call: Call, owner: PartyId, tariff_id: str) -> Told:
        """A partner that does not have it has what we want."""

        async def delete(to: Routing) -> None:
            try:
                await self._client.delete_tariff(call, to, owner, tariff_id)
            except Unknown:
                return

        await self._to_each(call, EMSP_SIDE, delete)
        return Told()

    async def push_booking_location(self, call: Call, record: Record) -> Told:
        """As its owner wrote it."""
        await self._to_each(call, EMSP_SIDE, lambda to: _refusing(self._client.put_booking_location(call, to, record)))
        return Told()

    async def push_cdr(self, call: Call, cdr: Cdr, journey: Journey | None) -> Told:
        """A CDR without a price is withheld: OCPI demands one, and zero would mean free."""
        dialect = self._client.dialect(call)
        lost = cdr_losses(cdr) + dialect.losses(cdr)
        try:
            message = dialect.checked(cdr_to_ocpi(cdr))
        except Unsupported as error:
            return _withheld(error, lost)
        to = Routing(cdr.owner, call.recipient or _first(call.partner, Role.EMSP))
        try:
            return Told(remote_id=await self._client.post_cdr(call, to, message), losses=lost)
        except Rejected as error:
            if not _HELD_ALREADY.search(error.text):
                raise
            return Told(held_already=True, losses=lost)
        except Unknown as error:
            raise Rejected("404", error.reason) from error

    def after_failed_cdr(self, partner: Partner, error: RoamingError) -> CdrState:
        """An eMSP that takes no CDRs fetches them."""
        if isinstance(error, Unsupported):
            return CdrState.FETCHABLE
        return super().after_failed_cdr(partner, error)

    async def push_party_status(self, call: Call, status: PartyStatus) -> Told:
        info = party_status_to_ocpi(status, payments=settings_of(call.partner).has("payments"))
        await _refusing(self._client.put_client_info(call, info))
        return Told()

    async def _to_each(self, call: Call, audience: frozenset[Role], send: Callable[[Routing], Awaitable[None]]) -> None:
        """One copy for each receiving party, at once. Raises the first failure when all have ended."""
        parties = dict.fromkeys(role.party for role in call.partner.roles if role.role in audience)
        wanted = [
            party for party in parties if party != call.sender and (call.recipient is None or party == call.recipient)
        ]
        ends = await asyncio.gather(*(send(Routing(self._hub, party)) for party in wanted), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end


def _shown(dialect: Dialect, location: Location, evses: Sequence[Evse]) -> Sequence[Evse]:
    """Those that the partner has been told of, as far as its version decides it."""
    if not dialect.version.older:
        return evses
    try:
        uids = {evse.uid for evse in dialect.said(location_to_ocpi(location)).evses}
    except Unsupported:
        return ()
    return [evse for evse in evses if evse.uid in uids]


def _of_kind(answer: Authorisation, request: AuthoriseRequest) -> Authorisation:
    """With the kind that was asked for, where the partner's version has no word for it."""
    token = answer.token
    if token is None or token.uid != request.uid or token.kind == request.kind:
        return answer
    return replace(answer, token=replace(token, kind=request.kind))


def _with_journey(session: Session, journey: Journey) -> Session:
    """What the authorisation knew and a protocol without these fields does not say."""
    token = session.token
    token = replace(
        token,
        issuer=token.issuer or journey.issuer,
        uid=token.uid or journey.uid,
        contract_id=token.contract_id or journey.contract_id,
    )
    return replace(session, token=token, authorization_reference=session.authorization_reference or journey.reference)


async def _refusing(sending: Awaitable[None]) -> None:
    """A partner that does not know what we tell it about refuses it."""
    try:
        await sending
    except Unknown as error:
        raise Rejected("404", error.reason) from error


def _first(partner: Partner, role: Role) -> PartyId:
    parties = partner.parties_as(role) or partner.parties
    if not parties:
        raise Unsupported(f"{partner.name} speaks for no party")
    return parties[0]


def _withheld(error: Unsupported, losses: tuple[Loss, ...]) -> Told:
    return Told(withheld=True, losses=(*losses, Loss(path="$", reason=error.reason, kind=LossKind.WITHHELD)))
