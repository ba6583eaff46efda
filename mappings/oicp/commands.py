"""Remote start and stop <-> ours.

Source: OICP 2.3, eRoamingAuthorizeRemoteStart_V2.1, eRoamingAuthorizeRemoteStop_V2.1, CodeType; results: crosswalk of
the four protocols, 1.14.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

from core.model.command import Command, CommandKind, CommandOutcome, Outcome
from core.model.ids import PartyId
from core.model.loss import Loss, LossKind
from core.model.quantities import Text
from core.model.token import Token, TokenKind, Whitelist
from mappings.losses import losses
from mappings.oicp.codes import CODES
from mappings.oicp.identification import identification_to_oicp, medium_from_oicp
from mappings.oicp.ids import evse_id_from_oicp, evse_id_to_oicp, party_from_oicp, provider_to_oicp
from mappings.oicp.leftovers import PROTOCOL, put_aside, put_back
from mappings.tables import CodeTable
from protocols.oicp.wire.common import Acknowledgement, StatusCode
from protocols.oicp.wire.identification import Identification, RemoteIdentification
from protocols.oicp.wire.remote import AuthorizeRemoteStart, AuthorizeRemoteStop

SUCCESS: Final = "000"
DID_NOT_RESPOND: Final = "310"
RESULT: Final = CodeTable[str, Outcome](
    both={
        SUCCESS: Outcome.ACCEPTED,
        "320": Outcome.NOT_SUPPORTED,
        "400": Outcome.UNKNOWN_SESSION,
        "501": Outcome.TIMED_OUT,
        "602": Outcome.EVSE_OCCUPIED,
        "700": Outcome.EVSE_INOPERATIVE,
    },
    inbound={
        "001": Outcome.FAILED,
        "002": Outcome.FAILED,
        "009": Outcome.FAILED,
        "017": Outcome.FAILED,
        "018": Outcome.REJECTED,
        "019": Outcome.REJECTED,
        "021": Outcome.FAILED,
        "022": Outcome.REJECTED,
        "101": Outcome.REJECTED,
        "102": Outcome.REJECTED,
        "103": Outcome.REJECTED,
        "105": Outcome.REJECTED,
        "106": Outcome.REJECTED,
        "110": Outcome.TIMED_OUT,
        "120": Outcome.REJECTED,
        "121": Outcome.REJECTED,
        "122": Outcome.TIMED_OUT,
        "200": Outcome.REJECTED,
        "210": Outcome.REJECTED,
        "300": Outcome.REJECTED,
        DID_NOT_RESPOND: Outcome.TIMED_OUT,
        "510": Outcome.REJECTED,
        "601": Outcome.REJECTED,
        "603": Outcome.REJECTED,
        "604": Outcome.NOT_SUPPORTED,
    },
    outbound={
        Outcome.REJECTED: "320",
        Outcome.FAILED: "501",
        Outcome.UNKNOWN_RESERVATION: "400",
        Outcome.CANCELED_RESERVATION: "400",
    },
    wire=CODES,
    core=Outcome,
)
"""Code of an acknowledgement <-> outcome. An operator that could not be asked is 310, whatever the outcome."""

START_NOT_CARRIED: Final = {
    "location_id": "OICP names an EVSE, not a location",
    "connector_id": "OICP addresses no connectors",
    "token.visual_number": "a remote start names the contract only",
    "token.issuer_name": "a remote start names the contract only",
    "token.group_id": "a remote start names the contract only",
    "token.language": "a remote start names the contract only",
    "token.default_profile_type": "OICP has no charging profiles",
    "token.energy_contract": "a remote start names the contract only",
}
"""Command field -> why AuthorizeRemoteStart does not carry it."""
STOP_NOT_CARRIED: Final = {"location_id": "OICP names an EVSE, not a location"}
ELSEWHERE: Final = {
    "evse_uid": "EvseID",
    "patience_s": "the acknowledgement is waited for",
    "authorization_reference": "EMPPartnerSessionID, unless the issuer has a session id of its own",
}
OUTCOME_NOT_CARRIED: Final = {"messages[].language": "AdditionalInfo has no language"}


class AskedStart(NamedTuple):
    """The command in OICP's words; None, and why in `losses`, where OICP cannot say it."""

    message: AuthorizeRemoteStart | None
    losses: tuple[Loss, ...]


class AskedStop(NamedTuple):
    message: AuthorizeRemoteStop | None
    losses: tuple[Loss, ...]


def remote_start_from_oicp(message: AuthorizeRemoteStart, *, id: str, operator: PartyId, now: datetime) -> Command:
    """`operator` runs the EVSE. The contract stands for the token: the uid is the EvcoID."""
    medium = medium_from_oicp(message.identification)
    issuer = party_from_oicp(message.provider_id, "$.ProviderID")
    command = Command(
        id=id,
        kind=CommandKind.START_SESSION,
        issuer=issuer,
        operator=operator,
        token=Token(
            issuer=issuer,
            uid=medium.uid,
            kind=medium.kind,
            contract_id=medium.contract_id,
            valid=True,
            whitelist=Whitelist.NEVER,
            updated_at=now,
        ),
        evse_id=evse_id_from_oicp(message.evse_id),
        session_id=message.emp_partner_session_id,
        product_id=message.partner_product_id,
        journey_id=None if message.session_id is None else message.session_id.lower(),
        extensions={},
    )
    put_aside(command.extensions, message, start_members(command))
    return command


def remote_start_to_oicp(command: Command) -> AskedStart:
    """To a CPO, with the journey's id. `message` None: no EVSE, or no contract that OICP can name."""
    members = start_members(command)
    put_back(command.extensions, members, AuthorizeRemoteStart)
    if members["evse_id"] is None:
        return AskedStart(None, (_no_evse(command),))
    if members["identification"] is None:
        contract = command.token.contract_id if command.token else None
        why = "OICP starts by a contract id (EVCO), which this token does not have"
        return AskedStart(None, (withheld("token.contract_id", why, contract.text if contract else None),))
    lost = () if PROTOCOL in command.extensions else losses(command, START_NOT_CARRIED) + _card(command)
    return AskedStart(AuthorizeRemoteStart(**members), lost)


def remote_stop_from_oicp(message: AuthorizeRemoteStop, *, id: str, operator: PartyId) -> Command:
    command = Command(
        id=id,
        kind=CommandKind.STOP_SESSION,
        issuer=party_from_oicp(message.provider_id, "$.ProviderID"),
        operator=operator,
        evse_id=evse_id_from_oicp(message.evse_id),
        session_id=message.cpo_partner_session_id,
        journey_id=message.session_id.lower(),
        extensions={},
    )
    put_aside(command.extensions, message, stop_members(command))
    return command


def remote_stop_to_oicp(command: Command, *, emp_partner_session_id: str | None = None) -> AskedStop:
    """To the CPO of the journey. `emp_partner_session_id` if the EMP does not name it itself."""
    members = stop_members(command) | {"emp_partner_session_id": emp_partner_session_id}
    put_back(command.extensions, members, AuthorizeRemoteStop)
    if members["evse_id"] is None:
        return AskedStop(None, (_no_evse(command),))
    if members["session_id"] is None:
        return AskedStop(None, (withheld("journey_id", "OICP stops a session by its SessionID", None),))
    lost = () if PROTOCOL in command.extensions else losses(command, STOP_NOT_CARRIED)
    return AskedStop(AuthorizeRemoteStop(**members), lost)


def start_members(command: Command) -> dict[str, Any]:
    """Of AuthorizeRemoteStart."""
    token = command.token
    contract = token.contract_id if token else None
    uid = token.uid if token else None
    by_contract = TokenKind.EMAID if token and token.kind == TokenKind.EMAID else TokenKind.APP_USER
    named = identification_to_oicp(by_contract, uid, contract)
    return {
        "provider_id": provider_to_oicp(command.issuer),
        "evse_id": None if command.evse_id is None else evse_id_to_oicp(command.evse_id),
        "identification": named and _remote(named),
        "session_id": command.journey_id,
        "cpo_partner_session_id": None,
        "emp_partner_session_id": command.session_id or command.authorization_reference,
        "partner_product_id": command.product_id,
    }


def _remote(identification: Identification) -> Identification:
    """The same contract as a remote start names it."""
    contract = identification.plug_and_charge_identification
    if contract is None:
        return identification
    return Identification(remote_identification=RemoteIdentification(evco_id=contract.evco_id))


def stop_members(command: Command) -> dict[str, Any]:
    """Of AuthorizeRemoteStop."""
    return {
        "session_id": command.journey_id,
        "provider_id": provider_to_oicp(command.issuer),
        "evse_id": None if command.evse_id is None else evse_id_to_oicp(command.evse_id),
        "cpo_partner_session_id": command.session_id,
        "emp_partner_session_id": None,
    }


def _card(command: Command) -> tuple[Loss, ...]:
    """A card is started by its contract: its uid and kind stay behind."""
    token = command.token
    if token is None or token.kind == TokenKind.APP_USER:
        return ()
    reason = "a remote start names the contract only"
    kind = Loss(path="token.kind", reason=reason, value=token.kind)
    return (Loss(path="token.uid", reason=reason, value=token.uid.text), kind)


def _no_evse(command: Command) -> Loss:
    value = command.evse_id.text if command.evse_id else None
    return withheld("evse_id", "OICP names an EVSE by an id of its form, and there is none", value)


def withheld(path: str, reason: str, value: Any) -> Loss:
    return Loss(path=path, reason=reason, value=value, kind=LossKind.WITHHELD)


# --- answers


def outcome_from_oicp(answer: Acknowledgement, *, reservation: bool = False) -> CommandOutcome:
    """`Result` decides, whatever the code says; the CPO's words are kept for an EMP. `reservation`: the session that it
    may not know is a reservation's."""
    status = answer.status_code
    code = status.code if status else None
    said = (status.additional_info or (status.description if code != SUCCESS else None)) if status else None
    outcome = Outcome.ACCEPTED if answer.result else RESULT.core_for(code or "", Outcome.FAILED)
    if not answer.result and outcome is Outcome.ACCEPTED:
        outcome = Outcome.REJECTED
    if reservation and outcome is Outcome.UNKNOWN_SESSION:
        outcome = Outcome.UNKNOWN_RESERVATION
    found = CommandOutcome(
        outcome=outcome,
        messages=(Text(language="en", text=said),) if said else (),
        session_id=answer.cpo_partner_session_id,
        extensions={},
    )
    put_aside(found.extensions, answer, {"status_code": None})
    return found


def acknowledgement_to_oicp(
    outcome: CommandOutcome,
    *,
    session_id: str | None = None,
    cpo_partner_session_id: str | None = None,
    emp_partner_session_id: str | None = None,
) -> Acknowledgement:
    """To an EMP. A CPO's own code is passed on unchanged."""
    members: dict[str, Any] = {
        "result": outcome.outcome is Outcome.ACCEPTED,
        "session_id": session_id,
        "cpo_partner_session_id": outcome.session_id or cpo_partner_session_id,
        "emp_partner_session_id": emp_partner_session_id,
    }
    if PROTOCOL in outcome.extensions:
        put_back(outcome.extensions, members, Acknowledgement)
    else:
        members["status_code"] = _status(outcome)
    return Acknowledgement(**members)


def _status(outcome: CommandOutcome) -> StatusCode:
    code = DID_NOT_RESPOND if outcome.unanswered else RESULT.to_wire(outcome.outcome)
    info = "; ".join(text.text for text in outcome.messages)[:1000] or None
    return StatusCode(code=code, description=CODES[code], additional_info=info)


def outcome_losses(outcome: CommandOutcome) -> tuple[Loss, ...]:
    if PROTOCOL in outcome.extensions:  # a CPO's own code is passed on unchanged
        return ()
    return losses(outcome, OUTCOME_NOT_CARRIED, {"outcome": RESULT})
