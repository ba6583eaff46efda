"""What the admin API shows. Secrets are in none of it."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar.params import Parameter
from msgspec import Struct

from core.model.cdr import CdrSettlement
from core.model.delivery import Delivery
from core.model.loss import Loss
from core.model.partner import Partner, Sighting
from protocols.checking import CheckReport, Finding

Offset = Annotated[int, Parameter(ge=0, le=10_000_000)]
Limit = Annotated[int, Parameter(ge=1, le=500)]
"""Of the lists: where the answer begins, and how long it is at most."""


class RoleView(Struct, frozen=True):
    role: str
    country_code: str
    party_id: str
    name: str | None


class ContractView(Struct, frozen=True):
    service: str
    party: str | None
    valid_from: datetime | None
    valid_until: datetime | None


class PartnerView(Struct, frozen=True):
    """`silent`: nothing was heard of it for longer than its protocol expects. `signs_of_life`: the last of those that
    have a name (eMIP: heartbeats, by operation)."""

    id: str
    name: str
    protocol: str
    version: str | None
    state: str
    roles: list[RoleView]
    open_to: list[str] | None
    contracts: list[ContractView]
    shown_when_suspended: bool
    sub_ids: list[str]
    settings: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    last_seen_at: datetime | None
    silent: bool
    signs_of_life: dict[str, datetime]


class AttemptView(Struct, frozen=True):
    at: datetime
    duration_ms: int
    error: str | None


class DeliveryView(Struct, frozen=True):
    id: str
    partner: str
    protocol: str
    kind: str
    key: str
    part: str | None
    state: str
    attempts: list[AttemptView]
    losses: list[Loss]
    correlation_id: str | None
    created_at: datetime
    due_at: datetime
    settled_at: datetime | None


class CdrView(Struct, frozen=True):
    """`owner` is country and party without separator; `cdr` the canonical record as it was received.

    `versions`: what it was before its operator revised it, oldest first."""

    key: str
    owner: str
    id: str
    state: str
    sender: str
    recipient: str | None
    attempts: int
    last_error: str | None
    remote_id: str | None
    losses: list[Loss]
    accepted_at: datetime
    delivered_at: datetime | None
    cdr: dict[str, Any]
    versions: list[dict[str, Any]]


class CheckView(Struct, frozen=True):
    """A live look at a partner. `level` of a finding: MUST, SHOULD or NOTE; `verdict`: KEPT, BROKEN or SKIPPED."""

    partner: str
    name: str
    protocol: str
    version: str | None
    at: datetime
    calls: int
    duration_ms: int
    passed: bool
    findings: list[Finding]


class PageView(Struct, frozen=True):
    """Part of a list: `total` of all that match."""

    total: int
    offset: int
    limit: int
    items: list[Any]


class Problem(Struct, frozen=True):
    path: str
    reason: str


class ProblemView(Struct, frozen=True):
    error: Problem


def partner_view(partner: Partner, sighting: Sighting | None, *, silent: bool) -> PartnerView:
    sighting = sighting or Sighting()
    return PartnerView(
        id=partner.id,
        name=partner.name,
        protocol=partner.protocol,
        version=partner.version,
        state=partner.state,
        roles=[
            RoleView(
                held.role, held.party.country_code, held.party.party_id, held.business.name if held.business else None
            )
            for held in partner.roles
        ],
        open_to=None if partner.open_to is None else [str(party) for party in partner.open_to],
        contracts=[
            ContractView(one.service, str(one.party) if one.party else None, one.valid_from, one.valid_until)
            for one in partner.contracts
        ],
        shown_when_suspended=partner.shown_when_suspended,
        sub_ids=[str(party) for party in partner.sub_ids],
        settings=msgspec.json.decode(partner.settings),
        created_at=partner.created_at,
        updated_at=partner.updated_at,
        last_seen_at=sighting.at,
        silent=silent,
        signs_of_life=sighting.signs,
    )


def delivery_view(delivery: Delivery) -> DeliveryView:
    return DeliveryView(
        id=delivery.id,
        partner=delivery.partner,
        protocol=delivery.protocol,
        kind=delivery.kind,
        key=delivery.key,
        part=delivery.part,
        state=delivery.state,
        attempts=[AttemptView(attempt.at, attempt.duration_ms, attempt.error) for attempt in delivery.attempts],
        losses=list(delivery.losses),
        correlation_id=delivery.correlation_id,
        created_at=delivery.created_at,
        due_at=delivery.due_at,
        settled_at=delivery.settled_at,
    )


def cdr_view(settlement: CdrSettlement) -> CdrView:
    return CdrView(
        key=settlement.key,
        owner=settlement.cdr.owner.key,
        id=settlement.cdr.id,
        state=settlement.state,
        sender=settlement.sender,
        recipient=settlement.recipient,
        attempts=settlement.attempts,
        last_error=settlement.last_error,
        remote_id=settlement.remote_id,
        losses=list(settlement.losses),
        accepted_at=settlement.accepted_at,
        delivered_at=settlement.delivered_at,
        cdr=msgspec.to_builtins(settlement.cdr),
        versions=msgspec.to_builtins(list(settlement.versions)),
    )


def check_view(report: CheckReport) -> CheckView:
    return CheckView(
        partner=report.partner,
        name=report.name,
        protocol=report.protocol,
        version=report.version,
        at=report.at,
        calls=report.calls,
        duration_ms=report.duration_ms,
        passed=report.passed,
        findings=list(report.findings),
    )
