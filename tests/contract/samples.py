"""Small objects to be stored."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from inspect import isawaitable
from itertools import count
from typing import Any

from core.model.authorisation import Journey
from core.model.cdr import Cdr, CdrLocation, CdrSettlement
from core.model.delivery import Delivery
from core.model.event import Event, EventKind
from core.model.ids import EvseId, PartyId, TokenUid
from core.model.location import Connector, ConnectorFormat, Evse, EvseStatus, Location, PowerType
from core.model.loss import Loss
from core.model.partner import Partner, PartyRole, Role
from core.model.quantities import Coordinates
from core.model.record import Record, RecordKind
from core.model.session import AuthMethod, CdrToken, Session, SessionStatus
from core.model.tariff import PriceComponent, Tariff, TariffElement
from core.model.token import Token, TokenKind, Whitelist
from tests.fakes.clock import START

ABC, XYZ, EMP = PartyId("DE", "ABC"), PartyId("FR", "XYZ"), PartyId("NL", "EMP")
MICROSECOND = timedelta(microseconds=1)
_number = count(1)


async def until(check: Callable[[], Any]) -> None:
    """For what another process does in its own time: looks until it is so."""
    async with asyncio.timeout(20):
        while True:
            answer = check()
            if await answer if isawaitable(answer) else answer:
                return
            await asyncio.sleep(0.02)


def at(seconds: float = 0) -> datetime:
    return START + timedelta(seconds=seconds)


def record(record_id: str = "B1", seconds: float = 0, **fields: Any) -> Record:
    given = {"kind": RecordKind.BOOKING, "owner": ABC, "content": '{"a": 1.50}', "updated_at": at(seconds)}
    return Record(id=record_id, **given | fields)  # type: ignore[arg-type]


def event(key: str = "DEABC/L1", part: str | None = None, **fields: Any) -> Event:
    given = {"id": f"event-{next(_number):06}", "kind": EventKind.LOCATION_CHANGED, "owner": ABC, "at": START}
    return Event(key=key, part=part, **given | fields)  # type: ignore[arg-type]


def location(number: int = 1, *, owner: PartyId = ABC, evses: int = 2, seconds: float = 0, **fields: Any) -> Location:
    connector = Connector(
        id="1", standard="IEC_62196_T2", format=ConnectorFormat.SOCKET, power_type=PowerType.DC, updated_at=START
    )
    given: dict[str, Any] = {
        "address": "Kastanienallee 1",
        "city": "Berlin",
        "country": "DEU",
        "coordinates": Coordinates(latitude=Decimal("52.500000"), longitude=Decimal("13.40")),
        "updated_at": at(seconds),
        "extensions": {"ocpi": '{"a.b": 1.50}'},
        "evses": tuple(
            Evse(
                uid=f"uid-{number}-{index}",
                evse_id=EvseId.parse(f"{owner.country_code}*{owner.party_id}*E{number}*{index}"),
                status=EvseStatus.AVAILABLE,
                connectors=(connector,),
                updated_at=START,
            )
            for index in range(evses)
        ),
    }
    return Location(owner=owner, id=f"Loc{number}", **given | fields)


def token(uid: str = "04aabbcc", *, issuer: PartyId = EMP, seconds: float = 0, **fields: Any) -> Token:
    given: dict[str, Any] = {
        "kind": TokenKind.RFID,
        "valid": True,
        "whitelist": Whitelist.ALLOWED,
        "updated_at": at(seconds),
    }
    return Token(issuer=issuer, uid=TokenUid(uid, uid.upper()), **given | fields)


def session(name: str = "s1", *, owner: PartyId = ABC, issuer: PartyId | None = EMP, seconds: float = 0) -> Session:
    return Session(
        owner=owner,
        id=name,
        started_at=START,
        energy_kwh=Decimal("1.2300"),
        token=CdrToken(issuer=issuer, kind="RFID", uid=TokenUid.parse("04AA")),
        auth_method=AuthMethod.WHITELIST,
        location_id="Loc1",
        evse_uid="uid-1-0",
        connector_id="1",
        currency="EUR",
        status=SessionStatus.ACTIVE,
        updated_at=at(seconds),
    )


def tariff(name: str = "t1", *, owner: PartyId = ABC, seconds: float = 0) -> Tariff:
    component = PriceComponent(type="ENERGY", price=Decimal("0.30"), step_size=1)
    return Tariff(
        owner=owner, id=name, currency="EUR", elements=(TariffElement(components=(component,)),), updated_at=at(seconds)
    )


def settlement(name: str = "c1", *, owner: PartyId = ABC, seconds: float = 0, **fields: Any) -> CdrSettlement:
    journey_id = fields.pop("journey_id", None)
    cdr = Cdr(
        owner=owner,
        id=name,
        started_at=START,
        ended_at=at(60),
        token=CdrToken(kind="RFID"),
        location=CdrLocation(city="Berlin"),
        total_energy_kwh=Decimal("10.10"),
        journey_id=journey_id,
        updated_at=at(seconds),
    )
    given: dict[str, Any] = {"digest": "d1", "sender": "p-cpo", "recipient": "p-emsp", "accepted_at": at(70)}
    return CdrSettlement(cdr=cdr, **given | fields)


def journey(name: str = "j1", *, seconds: float = 0, **fields: Any) -> Journey:
    given: dict[str, Any] = {
        "operator": ABC,
        "operator_partner": "p-cpo",
        "issuer": EMP,
        "issuer_partner": "p-emsp",
        "uid": TokenUid.parse("04aa"),
        "kind": "RFID",
        "losses": (Loss(path="evse_uids", reason="no field", value=[2**70]),),
        "created_at": at(seconds),
        "updated_at": at(seconds),
    }
    return Journey(id=name, **given | fields)


def partner(partner_id: str = "p1", *roles: tuple[Role, PartyId], **fields: Any) -> Partner:
    held = tuple(PartyRole(role=role, party=party) for role, party in roles)
    given: dict[str, Any] = {"name": partner_id.title(), "protocol": "ocpi", "created_at": START, "updated_at": START}
    return Partner(id=partner_id, roles=held, **given | fields)


def delivery(event: Event, partner: str = "p1", *, seconds: float = 0, **fields: Any) -> Delivery:
    given: dict[str, Any] = {"coalesce": f"{partner}/{event.key}/{event.part}", "due_at": at(), "created_at": at()}
    given["due_at"] = given["created_at"] = at(seconds)
    return Delivery(
        id=f"delivery-{next(_number):06}",
        event_id=event.id,
        partner=partner,
        protocol="ocpi",
        kind=event.kind,
        key=event.key,
        part=event.part,
        owner=event.owner,
        **given | fields,
    )
