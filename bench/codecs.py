"""(f) What our codecs cost for a message, decode and encode, against msgspec (JSON) or lxml (XML) doing the same bytes.

The reference reads into plain values or elements and writes them again, with no type, no check and no names. CPU time,
so that neighbours do not count."""

import gc
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import repeat
from typing import Any, Final

import msgspec
from lxml import etree
from msgspec import Struct
from msgspec.structs import replace

from bench.material import operated_by
from bench.rig import Figure, Pairs
from core.model.authorisation import Authorisation, AuthoriseRequest, Decision
from core.model.cdr import Cdr
from core.model.ids import ContractId, EvseId, PartyId, TokenUid
from core.model.location import Location
from core.model.session import AuthMethod, CdrToken, Session, SessionStatus
from core.model.token import Token, TokenKind, Whitelist
from gateway.simulator.cast import HOSTS, card
from gateway.simulator.ocpi.objects import cdr as ocpi_cdr
from gateway.simulator.ocpi.objects import location, stamp
from gateway.simulator.stations import Point
from gateway.simulator.visits import Visit
from mappings.emip.authorisation import Header, authorisation_to_emip, authorise_request_to_platform
from mappings.emip.cdrs import cdr_to_emip
from mappings.emip.sessions import events_to_emip
from mappings.ochp.authorisation import authorisation_to_ochp, authorise_request_to_ochp
from mappings.ochp.cdrs import cdr_to_ochp
from mappings.ochp.evse_status import statuses_to_ochp
from mappings.ochp.locations import charge_points_to_ochp
from mappings.ochp.tokens import token_to_ochp
from mappings.ocpi.authorisation import authorisation_to_ocpi
from mappings.ocpi.cdrs import cdr_from_ocpi, cdr_to_ocpi
from mappings.ocpi.locations import location_from_ocpi, location_to_ocpi
from mappings.ocpi.sessions import session_to_ocpi
from mappings.ocpi.tokens import token_to_ocpi
from mappings.oicp.authorisation import authorisation_to_oicp, authorise_request_to_oicp
from mappings.oicp.cdrs import cdr_to_oicp
from mappings.oicp.evse_statuses import evse_status_to_oicp
from mappings.oicp.locations import evse_records_to_oicp
from protocols.emip import codec as emip
from protocols.emip.wire import to_iop
from protocols.ochp import codec as ochp
from protocols.ochp.wire.cdrs import AddCDRsRequest
from protocols.ochp.wire.charge_points import SetChargePointListRequest
from protocols.ochp.wire.live import UpdateStatusRequest
from protocols.ochp.wire.tokens import SetRoamingAuthorisationListRequest
from protocols.ocpi import codec as ocpi
from protocols.ocpi.wire.cdrs import Cdr as WireCdr
from protocols.ocpi.wire.locations import Location as WireLocation
from protocols.oicp import codec as oicp
from protocols.oicp.wire.common import ActionType
from protocols.oicp.wire.evse_data import OperatorEvseData, PushEvseData
from protocols.oicp.wire.evse_status import OperatorEvseStatus, PushEvseStatus
from protocols.transport.json_codec import decode, encode
from protocols.transport.soap.xml import parse

MOST: Final = 5.0
STATIONS: Final = 40
RECORDS: Final = 100
LASTS_S: Final = 0.15
"""CPU seconds that one turn takes at least."""
NOW: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
CPO, EMSP = PartyId("FR", "BCH"), PartyId("DE", "NDL")
JOURNEY: Final = "b2688855-7f00-4000-8000-00000000abcd"
_raw_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
_raw_decode: Final = msgspec.json.Decoder(float_hook=Decimal).decode


class Sample(Struct, frozen=True):
    """A message as bytes, and how we read and write it."""

    protocol: str
    name: str
    body: bytes
    read: Callable[[bytes], Any]
    write: Callable[[Any], bytes]
    reference: Callable[[bytes], Any]


def measure(points: Sequence[Point], rounds: int) -> list[Figure]:
    world = World(points)
    return [_figure(sample, rounds) for sample in (*_ocpi(world), *_oicp(world), *_ochp(world), *_emip(world))]


class World:
    """The same stations, card, session and record for all protocols."""

    def __init__(self, points: Sequence[Point]) -> None:
        operator = operated_by(CPO, "Bornes de France", list(points[: RECORDS * 3]))
        stations = operator.stations[:STATIONS]
        raw = [encode(location(station)) for station in stations]
        self.locations: list[Location] = [location_from_ocpi(decode(one, WireLocation)) for one in raw]
        self.point = stations[0].points[0]
        self.held = card(EMSP, 7)
        self.token = Token(
            issuer=EMSP, uid=TokenUid.parse(self.held.uid), kind=TokenKind.RFID, valid=True,
            contract_id=ContractId.parse(self.held.contract_id), whitelist=Whitelist.ALWAYS, updated_at=NOW,
        )  # fmt: skip
        self.evse_id = EvseId.parse(self.point.evse_id)
        self.request = AuthoriseRequest(
            operator=CPO, uid=self.token.uid, kind=TokenKind.RFID, evse_id=self.evse_id, journey_id=JOURNEY
        )
        self.answer = Authorisation(
            decision=Decision.ALLOWED, issuer=EMSP, token=self.token, contract_id=self.token.contract_id,
            journey_id=JOURNEY,
        )  # fmt: skip
        self.cdr = self._cdr()
        self.session = Session(
            owner=CPO, id="S1", started_at=self.cdr.started_at, ended_at=self.cdr.ended_at, token=self._cdr_token(),
            energy_kwh=self.cdr.total_energy_kwh, auth_method=AuthMethod.AUTH_REQUEST, currency="EUR", updated_at=NOW,
            location_id=self.locations[0].id, evse_uid=self.locations[0].evses[0].uid, connector_id="1",
            periods=self.cdr.periods, status=SessionStatus.COMPLETED, journey_id=JOURNEY,
        )  # fmt: skip

    def _cdr_token(self) -> CdrToken:
        return CdrToken(issuer=EMSP, uid=self.token.uid, kind=TokenKind.RFID, contract_id=self.token.contract_id)

    def _cdr(self) -> Cdr:
        visit = Visit(
            id="V1", card=self.held, point=self.point, started_at=NOW - timedelta(minutes=47), ended_at=NOW,
            energy_kwh=Decimal("18.641"),
        )  # fmt: skip
        token = {"country_code": "DE", "party_id": "NDL", "uid": self.held.uid, "type": "RFID"}
        yes = {"cdr_token": {**token, "contract_id": self.held.contract_id}, "auth_method": "AUTH_REQUEST"}
        raw = encode(ocpi_cdr(visit, CPO, HOSTS["ocpi"].price, yes, stamp(NOW)))
        return replace(cdr_from_ocpi(decode(raw, WireCdr)), journey_id=JOURNEY)


def _ocpi(world: World) -> list[Sample]:
    messages = {
        "Location": location_to_ocpi(world.locations[0]),
        "Token": token_to_ocpi(world.token),
        "AuthorizationInfo": authorisation_to_ocpi(world.answer, None),
        "Session": session_to_ocpi(world.session),
        "CDR": cdr_to_ocpi(world.cdr),
    }
    return [_json("OCPI", name, message, ocpi.read, encode) for name, message in messages.items()]


def _oicp(world: World) -> list[Sample]:
    records: list[Any] = [record for one in world.locations for record in evse_records_to_oicp(one).records][:RECORDS]
    statuses = [
        record for one in world.locations for evse in one.evses
        if (record := evse_status_to_oicp(evse.evse_id, evse.status)[0]) is not None
    ][:RECORDS]  # fmt: skip
    data = OperatorEvseData(operator_id="FR*BCH", operator_name="Bornes", evse_data_record=tuple(records))
    live = OperatorEvseStatus(operator_id="FR*BCH", evse_status_record=tuple(statuses))
    messages = {
        f"PushEvseData of {len(records)}": PushEvseData(action_type=ActionType.UPDATE, operator_evse_data=data),
        f"PushEvseStatus of {len(statuses)}": PushEvseStatus(action_type=ActionType.UPDATE, operator_evse_status=live),
        "AuthorizeStart": authorise_request_to_oicp(world.request).message,
        "AuthorizationStart": authorisation_to_oicp(world.answer, world.request, session_id=JOURNEY).message,
        "ChargeDetailRecord": cdr_to_oicp(world.cdr, time_zone="Europe/Paris").record,
    }
    return [_json("OICP", name, message, oicp.decode, oicp.encode) for name, message in messages.items()]


def _ochp(world: World) -> list[Sample]:
    points = [record for one in world.locations for record in charge_points_to_ochp(one).records][:RECORDS]
    until = NOW + timedelta(days=365)
    listed: Any = token_to_ochp(world.token, expires_at=until).record
    statuses, _ = statuses_to_ochp(tuple(evse for one in world.locations for evse in one.evses), now=NOW)
    cdr: Any = cdr_to_ochp(world.cdr, time_zone="Europe/Paris").record
    messages = {
        f"SetChargePointList of {len(points)}": SetChargePointListRequest(charge_point_info_array=tuple(points)),
        f"UpdateStatus of {len(statuses[:RECORDS])}": UpdateStatusRequest(evse=tuple(statuses[:RECORDS])),
        "SetRoamingAuthorisationList of 100": SetRoamingAuthorisationListRequest(
            roaming_authorisation_info_array=tuple(repeat(listed, RECORDS))
        ),
        "GetSingleRoamingAuthorisation": authorise_request_to_ochp(world.request).message,
        "its response": authorisation_to_ochp(world.answer, world.request, expires_at=until).message,
        "AddCDRs of 1": AddCDRsRequest(cdr_info_array=(cdr,)),
    }
    return [_xml("OCHP", name, message, ochp) for name, message in messages.items()]


def _emip(world: World) -> list[Sample]:
    header = Header("t-1", "FR*BCH", CPO)
    [started, *_] = events_to_emip(world.session)
    record: Any = cdr_to_emip(world.cdr, session_id=JOURNEY, sale_operator=EMSP).record
    messages = {
        "GetServiceAuthorisation": authorise_request_to_platform(world.request, header).message,
        "its response": authorisation_to_emip(world.answer, transaction_id="t-1", session_id=JOURNEY).message,
        "SetSessionEventReport": to_iop.SetSessionEventReportRequest(
            **header.members(), service_session_id=JOURNEY, session_event=started
        ),
        "SetChargeDetailRecord": to_iop.SetChargeDetailRecordRequest(**header.members(), charge_detail_record=record),
    }
    return [_xml("eMIP", name, message, emip) for name, message in messages.items()]


def _json(protocol: str, name: str, message: Any, read: Any, write: Callable[[Any], bytes]) -> Sample:
    kind = type(message)
    return Sample(
        protocol,
        name,
        write(message),
        lambda body: read(body, kind),
        write,
        lambda body: _raw_encode(_raw_decode(body)),
    )


def _xml(protocol: str, name: str, message: Any, codec: Any) -> Sample:
    kind = type(message)
    return Sample(
        protocol,
        name,
        codec.encode(message),
        lambda body: codec.read(parse(body), kind),
        codec.encode,
        lambda body: etree.tostring(etree.fromstring(body)),
    )


def _figure(sample: Sample, rounds: int) -> Figure:
    def ours() -> None:
        sample.write(sample.read(sample.body))

    def theirs() -> None:
        sample.reference(sample.body)

    pairs = Pairs()
    gc.collect()
    gc.freeze()  # what is measured with is no work of the collector's
    times = _times(ours)
    for turn in range(rounds + 1):
        one, other = _us(ours, times), _us(theirs, times)
        if turn:
            pairs.add(one, other)
    whose = "lxml" if sample.protocol in ("OCHP", "eMIP") else "msgspec"
    made = pairs.figure(f"(f) {sample.protocol} {sample.name}, {len(sample.body)} bytes", "us", whose, None)
    return replace(made, goal=f"<= {MOST:g}", held=pairs.ratio <= MOST)


def _times(work: Callable[[], None]) -> int:
    """How often it is done in a turn."""
    work()
    begun, number = time.process_time(), 0
    while time.process_time() - begun < LASTS_S:
        work()
        number += 1
    return max(number, 3)


def _us(work: Callable[[], None], times: int) -> float:
    begun = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - begun) / times * 1_000_000
