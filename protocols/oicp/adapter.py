"""OICP as core sees it: EMPs that can be asked in real time and that take charge detail records."""

from typing import ClassVar

import msgspec

from core.errors import Rejected, RoamingError, Unsupported
from core.model.authorisation import Authorisation, AuthoriseRequest, Journey
from core.model.cdr import Cdr, CdrState
from core.model.command import Command, CommandKind, Sent
from core.model.ids import PartyId
from core.model.location import Location
from core.model.partner import Partner, PartnerState, Role
from core.ports.adapter import Call, Capability, ProtocolAdapter, Told
from mappings.oicp.authorisation import (
    authorisation_from_oicp,
    authorise_request_to_oicp,
    authorise_stop_to_oicp,
)
from mappings.oicp.cdrs import cdr_to_oicp
from mappings.oicp.commands import outcome_from_oicp, remote_start_to_oicp, remote_stop_to_oicp
from mappings.oicp.ids import operator_to_oicp
from protocols.oicp.client import OicpClient
from protocols.oicp.settings import settings_of
from protocols.oicp.wire.authorisation import AuthorizationStart, AuthorizationStatus
from protocols.oicp.wire.cdr import ChargeDetailRecord
from protocols.oicp.wire.common import StatusCode
from protocols.plugin import Outbound


class OicpAdapter(ProtocolAdapter):
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.AUTHORISE,
            Capability.AUTHORISE_STOP,
            Capability.START_SESSION,
            Capability.STOP_SESSION,
            Capability.PUSH_CDR,
        }
    )
    tells_sessions: ClassVar[bool] = False

    def __init__(self, outbound: Outbound) -> None:
        self._client = OicpClient(outbound.http)

    def answers(self, partner: Partner) -> bool:
        """An EMP without a service URL is offline; nothing is sent to a locked one."""
        return bool(settings_of(partner).callback_url) and partner.state is not PartnerState.SUSPENDED

    def joins_broadcasts(self, partner: Partner) -> bool:
        return settings_of(partner).broadcast

    async def authorise(self, call: Call, request: AuthoriseRequest, location: Location | None) -> Authorisation:
        asked = authorise_request_to_oicp(request)
        if asked.message is None:
            raise Unsupported(asked.losses[0].reason)
        path_id = asked.message.operator_id
        try:
            answer = await self._client.authorize_start(call.partner, path_id, asked.message, call.correlation_id)
        except Rejected as error:
            return _refused(error, _issuer(call))
        return msgspec.structs.replace(authorisation_from_oicp(answer, issuer=_issuer(call)), losses=asked.losses)

    async def probe(self, call: Call) -> None:
        await self._client.probe(call.partner)

    async def authorise_stop(self, call: Call, request: AuthoriseRequest, journey: Journey) -> Authorisation:
        request = msgspec.structs.replace(request, journey_id=journey.id)
        asked = authorise_stop_to_oicp(request)
        if asked.message is None:
            raise Unsupported(asked.losses[0].reason)
        message = asked.message
        if message.emp_partner_session_id is None and journey.issuer_session_id:
            message = msgspec.structs.replace(message, emp_partner_session_id=journey.issuer_session_id)
        try:
            answer = await self._client.authorize_stop(call.partner, message.operator_id, message, call.correlation_id)
        except Rejected as error:
            return _refused(error, journey.issuer)
        return authorisation_from_oicp(answer, issuer=journey.issuer)

    def check_command(self, partner: Partner, command: Command) -> None:
        """OICP starts at an EVSE, by a contract, and by calling the CPO."""
        if not settings_of(partner).callback_url:
            raise Unsupported(f"{partner.name} has no service URL")
        if command.evse_id is None:
            raise Unsupported("OICP names an EVSE, and none is named here")
        if command.kind is CommandKind.START_SESSION and remote_start_to_oicp(command).message is None:
            raise Rejected("", remote_start_to_oicp(command).losses[0].reason)

    async def start_session(self, call: Call, command: Command, location: Location | None) -> Sent:
        """The CPO's acknowledgement is the charge point's own result."""
        asked = remote_start_to_oicp(command)
        if asked.message is None:
            raise Unsupported(asked.losses[0].reason)
        timeout_s = _patience_s(call.partner, command)
        answer = await self._client.authorize_remote_start(call.partner, asked.message, command.id, timeout_s)
        return Sent(result=outcome_from_oicp(answer))

    async def stop_session(self, call: Call, command: Command, journey: Journey) -> Sent:
        reference = journey.reference if journey.reference != journey.id else None  # the hub's own is not the issuer's
        asked = remote_stop_to_oicp(command, emp_partner_session_id=journey.issuer_session_id or reference)
        if asked.message is None:
            raise Unsupported(asked.losses[0].reason)
        timeout_s = _patience_s(call.partner, command)
        answer = await self._client.authorize_remote_stop(call.partner, asked.message, command.id, timeout_s)
        return Sent(result=outcome_from_oicp(answer))

    async def push_cdr(self, call: Call, cdr: Cdr, journey: Journey | None) -> Told:
        own = "oicp" in cdr.extensions
        sent = cdr_to_oicp(without_our_reference(cdr), session_id=None if own or journey is None else journey.id)
        if sent.record is None:
            return Told(losses=sent.losses, withheld=True)
        record = with_partner_ids(sent.record, journey)
        await self._client.charge_detail_record(
            call.partner, operator_to_oicp(call.sender), record, call.correlation_id
        )
        return Told(remote_id=record.session_id, losses=sent.losses)

    def after_failed_cdr(self, error: RoamingError) -> CdrState:
        """A record that may have arrived is never sent twice: the EMP fetches it by GetChargeDetailRecords."""
        return CdrState.FETCHABLE


def _patience_s(partner: Partner, command: Command) -> float:
    return min(settings_of(partner).remote_timeout_s, float(command.patience_s))


def without_our_reference(cdr: Cdr) -> Cdr:
    """A reference that the hub made is no session id of the EMP's."""
    if cdr.authorization_reference is None or cdr.authorization_reference != cdr.journey_id:
        return cdr
    return msgspec.structs.replace(cdr, authorization_reference=None)


def with_partner_ids(record: ChargeDetailRecord, journey: Journey | None) -> ChargeDetailRecord:
    """Only what the record lacks and the session knows is added; nothing else of it is touched."""
    if journey is None:
        return record
    missing = {
        name: value
        for name, value in (
            ("cpo_partner_session_id", journey.operator_session_id),
            ("emp_partner_session_id", journey.issuer_session_id),
        )
        if value and getattr(record, name) is None
    }
    return msgspec.structs.replace(record, **missing) if missing else record


def _refused(error: Rejected, issuer: PartyId) -> Authorisation:
    """A status code without an authorisation is a no in the partner's words."""
    said = StatusCode(code=error.code, additional_info=error.text[:1000] or None)
    answer = AuthorizationStart(authorization_status=AuthorizationStatus.NOT_AUTHORIZED, status_code=said)
    return authorisation_from_oicp(answer, issuer=issuer)


def _issuer(call: Call) -> PartyId:
    """The provider id by which the partner communicates."""
    return call.recipient or call.partner.parties_as(Role.EMSP)[0]
