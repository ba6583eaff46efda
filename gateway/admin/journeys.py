"""One charging process as one chain: who asked whom, both sides' ids, what was told, and what each step lost."""

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, get
from litestar.params import QueryParameter
from msgspec import Struct

from core.errors import Unknown
from core.model.authorisation import Answered, Authorisation, Decision, Journey, JourneyState
from core.model.cdr import CdrSettlement
from core.model.command import CommandRecord
from core.model.delivery import Delivery
from core.model.ids import ContractId
from core.model.loss import Loss
from core.model.partner import Exchange, Partner
from core.model.session import Session
from gateway.admin.views import CdrView, DeliveryView, Limit, Offset, PageView, cdr_view, delivery_view
from gateway.storage import Storage
from gateway.translation.carriage import CARRIAGE
from gateway.translation.model import Kind
from gateway.translation.translate import dialect_of
from gateway.wiring import Assembled
from mappings.losses import losses
from protocols.plugin import Hub

SHOWN: Final = 200
"""So many deliveries and messages of one journey."""
_OPERATOR_IDS: Final[Mapping[str, Mapping[str, str]]] = {
    "ocpi": {
        "session_id": "operator_session_id",
        "authorization_reference": "reference",
        "reservation_id": "reservation_id",
    },
    "oicp": {"SessionID": "id", "CPOPartnerSessionID": "operator_session_id"},
    "ochp": {"CdrId": "cdr_key"},
    "emip": {"serviceSessionId": "id", "execPartnerSessionId": "operator_session_id"},
}
_ISSUER_IDS: Final[Mapping[str, Mapping[str, str]]] = {
    "ocpi": {"authorization_reference": "reference", "reservation_id": "reservation_id"},
    "oicp": {"SessionID": "id", "EMPPartnerSessionID": "issuer_session_id"},
    "ochp": {"CdrId": "cdr_key"},
    "emip": {"serviceSessionId": "id", "salePartnerSessionId": "issuer_session_id"},
}
"""Protocol -> what it calls an id -> the field of the journey."""


class SideView(Struct, frozen=True):
    """`ids` as this side knows the journey, by the names of its protocol."""

    party: str
    partner: str
    name: str | None
    protocol: str | None
    ids: dict[str, str]


class JourneyView(Struct, frozen=True):
    id: str
    state: str
    answered_by: str
    operator: SideView
    issuer: SideView
    token: str
    token_kind: str
    contract_id: str | None
    evse_id: str | None
    location_id: str | None
    reservation_id: str | None
    reserved_until: datetime | None
    created_at: datetime
    updated_at: datetime


class CommandView(Struct, frozen=True):
    """`outcome` None: nothing came of it yet."""

    id: str
    kind: str
    caller: str
    target: str
    began_at: datetime
    outcome: str | None
    messages: list[str]
    ended_at: datetime | None


class HopView(Struct, frozen=True):
    """One step between two protocols, and what was lost in it."""

    step: str
    source: str
    target: str
    losses: list[Loss]


class ChainView(Struct, frozen=True):
    """`messages` are those that bear a correlation id of the chain, for as long as the journal keeps them."""

    journey: JourneyView
    commands: list[CommandView]
    session: Any
    cdr: CdrView | None
    hops: list[HopView]
    deliveries: list[DeliveryView]
    messages: list[Exchange]


class JourneyController(Controller):
    path = "/journeys"
    tags = ("journeys",)

    @get("/", summary="Journeys, youngest first")
    async def list(
        self,
        assembly: Assembled,
        partner: str | None = None,
        wanted: Annotated[list[JourneyState] | None, QueryParameter(name="state")] = None,
        contract: str | None = None,
        since: datetime | None = None,
        offset: Offset = 0,
        limit: Limit = 50,
    ) -> PageView:
        found, total = await assembly.storage.journeys.page(
            partner=partner,
            states=wanted,
            contract=None if contract is None else ContractId.parse(contract, "$.contract"),
            since=since,
            offset=offset,
            limit=limit,
        )
        partners = {one.id: one for one in await assembly.hub.partners.all()}
        return PageView(total, offset, limit, [journey_view(journey, partners) for journey in found])

    @get("/{journey_id:str}", summary="One journey with everything that belongs to it")
    async def show(self, journey_id: str, assembly: Assembled) -> ChainView:
        return await chain(assembly.hub, assembly.storage, journey_id)


def journey_view(journey: Journey, partners: Mapping[str, Partner]) -> JourneyView:
    operator, issuer = partners.get(journey.operator_partner), partners.get(journey.issuer_partner)
    return JourneyView(
        id=journey.id,
        state=journey.state,
        answered_by=journey.answered_by,
        operator=_side(journey, str(journey.operator), journey.operator_partner, operator, _OPERATOR_IDS),
        issuer=_side(journey, str(journey.issuer), journey.issuer_partner, issuer, _ISSUER_IDS),
        token=journey.uid.text,
        token_kind=journey.kind,
        contract_id=journey.contract_id.text if journey.contract_id else None,
        evse_id=journey.evse_id.text if journey.evse_id else None,
        location_id=journey.location_id,
        reservation_id=journey.reservation_id,
        reserved_until=journey.reserved_until,
        created_at=journey.created_at,
        updated_at=journey.updated_at,
    )


def _side(
    journey: Journey,
    party: str,
    partner_id: str,
    partner: Partner | None,
    names: Mapping[str, Mapping[str, str]],
) -> SideView:
    known = names.get(partner.protocol, {}) if partner else {}
    ids = {name: value for name, field in known.items() if (value := attrgetter(field)(journey)) is not None}
    return SideView(party, partner_id, partner.name if partner else None, partner.protocol if partner else None, ids)


async def chain(hub: Hub, storage: Storage, journey_id: str) -> ChainView:
    """Raises Unknown."""
    journey = await storage.journeys.get(journey_id)
    if journey is None:
        raise Unknown("journey", journey_id)
    partners = {one.id: one for one in await hub.partners.all()}
    commands = await storage.commands.of_journeys([journey.id])
    session = await _session(storage, journey)
    settlement = await storage.cdrs.get(journey.cdr_key) if journey.cdr_key else None
    deliveries = await storage.outbox.about(
        [session.key] if session else [],
        partners=[journey.operator_partner, journey.issuer_partner],
        since=journey.created_at,
        limit=SHOWN,
    )
    return ChainView(
        journey=journey_view(journey, partners),
        commands=[command_view(record) for record in commands],
        session=msgspec.to_builtins(session),
        cdr=cdr_view(settlement) if settlement else None,
        hops=_hops(journey, partners, commands, deliveries, settlement),
        deliveries=[delivery_view(delivery) for delivery in deliveries],
        messages=await storage.journal.of_correlations(_correlations(journey, commands, deliveries), SHOWN),
    )


async def _session(storage: Storage, journey: Journey) -> Session | None:
    """The operator's own, or the one that the hub made of what the operator told."""
    own = journey.operator_session_id
    found = await storage.sessions.get(journey.operator, own) if own else None
    return found or await storage.sessions.get(journey.operator, journey.id)


def command_view(record: CommandRecord) -> CommandView:
    command, outcome = record.command, record.outcome
    return CommandView(
        id=command.id,
        kind=command.kind,
        caller=command.caller,
        target=command.target,
        began_at=record.began_at,
        outcome=outcome.outcome if outcome else None,
        messages=[text.text for text in outcome.messages] if outcome else [],
        ended_at=record.ended_at,
    )


def _correlations(journey: Journey, commands: list[CommandRecord], deliveries: list[Delivery]) -> list[str]:
    asked = [one for record in commands for one in (record.command.correlation_id, record.command.id)]
    ids = [journey.id, journey.correlation_id, *asked, *(delivery.correlation_id for delivery in deliveries)]
    return list(dict.fromkeys(one for one in ids if one))


def _hops(
    journey: Journey,
    partners: Mapping[str, Partner],
    commands: list[CommandRecord],
    deliveries: list[Delivery],
    settlement: CdrSettlement | None,
) -> list[HopView]:
    operator, issuer = partners.get(journey.operator_partner), partners.get(journey.issuer_partner)
    if operator is None or issuer is None:
        return []
    source, target = operator.protocol, issuer.protocol
    hops: list[HopView] = []
    if journey.answered_by is not Answered.COMMAND:
        hops = [
            HopView("question", source, target, [*journey.losses]),
            HopView("answer", target, source, answer_losses(journey, operator, issuer)),
        ]
    for record in commands:
        hops.append(HopView(record.command.kind, target, source, [*record.losses]))
        if record.outcome is not None:
            hops.append(HopView("result", source, target, [*record.answer_losses]))
    told = [delivery for delivery in deliveries if delivery.partner == journey.issuer_partner]
    if told:
        hops.append(HopView("session", source, target, [*told[-1].losses]))
    if settlement is not None:
        hops.append(HopView("cdr", source, target, [*settlement.losses]))
    return hops


def answer_losses(journey: Journey, operator: Partner, issuer: Partner) -> list[Loss]:
    """What the operator's protocol did not say of the yes, by what the journey keeps of it."""
    if operator.protocol == issuer.protocol:
        return []
    answer = Authorisation(
        decision=Decision.ALLOWED,
        issuer=journey.issuer,
        contract_id=journey.contract_id,
        reference=journey.reference if journey.reference != journey.id else None,
        issuer_session_id=journey.issuer_session_id,
        stop_uids=journey.stop_uids,
    )
    carriage = CARRIAGE[dialect_of(operator.protocol)][Kind.AUTHORIZATION]
    return [*losses(answer, carriage.not_carried, carriage.codes)]
