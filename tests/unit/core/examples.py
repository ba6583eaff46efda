"""A small cast for the tests of core."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from core.errors import Unavailable
from core.model.authorisation import Authorisation, AuthoriseRequest, Decision
from core.model.cdr import Cdr, CdrLocation
from core.model.ids import ContractId, EvseId, PartyId, TokenUid
from core.model.location import Connector, ConnectorFormat, Evse, EvseStatus, Location, PowerType
from core.model.partner import Partner, PartnerState, PartyRole, Role
from core.model.quantities import Coordinates
from core.model.session import CdrToken
from core.model.token import Token, Whitelist
from core.ports.adapter import Call, Capability, ProtocolAdapter, Told
from core.services.partners import PartnerService
from core.services.presence import Presence
from core.services.prices import PriceService
from core.services.sessions import SessionService
from tests.fakes import FakeIds, FakeStorage

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
CPO, EMSP, OTHER_EMSP = PartyId("NL", "CPA"), PartyId("DE", "EMB"), PartyId("FR", "EMC")
UID = TokenUid.parse("04A2B3C4")


def partner(name: str, party: PartyId, role: Role, protocol: str = "fake", **more: object) -> Partner:
    return Partner(
        **{
            "id": name,
            "name": name,
            "protocol": protocol,
            "roles": (PartyRole(role=role, party=party),),
            "state": PartnerState.CONNECTED,
            "created_at": NOW,
            "updated_at": NOW,
            **more,
        }
    )


def registry_over(stores: FakeStorage) -> PartnerService:
    presence = Presence(stores.sightings, stores.clock)
    return PartnerService(stores.partners, stores.credentials, stores.outbox, presence, stores.clock, FakeIds())


def prices_over(stores: FakeStorage) -> PriceService:
    return PriceService(
        tariffs=stores.tariffs,
        evse_prices=stores.evse_prices,
        locations=stores.locations,
        clock=stores.clock,
        ids=FakeIds(),
    )


def token(whitelist: Whitelist = Whitelist.ALWAYS, **more: object) -> Token:
    return Token(
        **{
            "issuer": EMSP,
            "uid": UID,
            "kind": "RFID",
            "contract_id": ContractId.parse("DEEMBC12345678"),
            "valid": True,
            "whitelist": whitelist,
            "updated_at": NOW,
            **more,
        }
    )


def request(**more: object) -> AuthoriseRequest:
    return AuthoriseRequest(**{"operator": CPO, "uid": UID, "kind": "RFID", **more})


def location(status: EvseStatus = EvseStatus.AVAILABLE) -> Location:
    connector = Connector(
        id="1",
        standard="IEC_62196_T2",
        format=ConnectorFormat.SOCKET,
        power_type=PowerType.AC_3_PHASE,
        max_voltage=230,
        max_amperage=32,
        updated_at=NOW,
    )
    evse = Evse(uid="E1", evse_id=EvseId.parse("NL*CPA*E1"), status=status, connectors=(connector,), updated_at=NOW)
    return Location(
        owner=CPO,
        id="LOC1",
        address="Kade 1",
        city="Utrecht",
        postal_code="3500AA",
        country="NLD",
        coordinates=Coordinates(latitude=Decimal("52.090730"), longitude=Decimal("5.121420")),
        evses=(evse,),
        time_zone="Europe/Amsterdam",
        updated_at=NOW,
    )


def cdr(**more: object) -> Cdr:
    return Cdr(
        **{
            "owner": CPO,
            "id": "CDR1",
            "started_at": datetime(2026, 1, 15, 10, tzinfo=UTC),
            "ended_at": datetime(2026, 1, 15, 11, 30, tzinfo=UTC),
            "token": CdrToken(issuer=EMSP, uid=UID, kind="RFID"),
            "location": CdrLocation(evse_id=EvseId.parse("NL*CPA*E1")),
            "total_energy_kwh": Decimal("12.345"),
            "updated_at": NOW,
            **more,
        }
    )


class FakeAdapter(ProtocolAdapter):
    """Answers what the test puts in; remembers what it was asked and told."""

    capabilities = frozenset({Capability.AUTHORISE, Capability.PUSH_CDR, Capability.PUSH_LOCATION})

    def __init__(self) -> None:
        self.answer: dict[str, Authorisation | Exception] = {}
        self.asked: list[str] = []
        self.cdrs: list[Cdr] = []
        self.cdr_outcome: Told | Exception = Told()
        self.push_outcome: Told | Exception = Told()
        self.offline: set[str] = set()
        self.back = True
        self.upstream: set[str] = set()
        self.slow: dict[str, float] = {}

    async def probe(self, call: Call) -> None:
        if not self.back:
            raise Unavailable("still away")

    def is_upstream(self, partner: Partner) -> bool:
        return partner.id in self.upstream

    def answers(self, partner: Partner) -> bool:
        return partner.id not in self.offline

    async def authorise(self, call: Call, request: AuthoriseRequest, location: Location | None) -> Authorisation:
        self.asked.append(call.partner.id)
        await asyncio.sleep(self.slow.get(call.partner.id, 0))
        answer = self.answer.get(call.partner.id, Authorisation(decision=Decision.UNKNOWN_TOKEN))
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def push_cdr(self, call: Call, cdr: Cdr, journey: object) -> Told:
        self.cdrs.append(cdr)
        if isinstance(self.cdr_outcome, Exception):
            raise self.cdr_outcome
        return self.cdr_outcome

    async def push_location(self, call: Call, location: Location) -> Told:
        if isinstance(self.push_outcome, Exception):
            raise self.push_outcome
        return self.push_outcome


def sessions_of(storage: FakeStorage, adapters: Mapping[str, ProtocolAdapter] | None = None) -> SessionService:
    return SessionService(
        sessions=storage.sessions,
        journeys=storage.journeys,
        locations=storage.locations,
        partners=storage.partners,
        adapters=adapters or {},
        clock=storage.clock,
        ids=FakeIds(),
    )
