"""Sessions and CDRs. Source: OCPI 2.1.1 and 2.3.0, mod_sessions, mod_cdrs.

2.1.1 names the contract where later versions name the token, and holds the whole place where they refer to it."""

from decimal import Decimal
from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import replace

from core.errors import Invalid
from core.model.ids import ContractId, PartyId
from core.model.location import location_key
from mappings.ocpi.common import NA
from mappings.ocpi.forms import About, ClosedWords, Unsayable, each_of, mapped, retyped
from mappings.ocpi.parties import spelled
from mappings.ocpi.v2_1_1.config import party_of
from mappings.ocpi.v2_1_1.locations import NO_POSTAL_CODE, connector_as, evse_with, location_with, of_owner
from mappings.ocpi.v2_1_1.parts import told
from mappings.ocpi.v2_1_1.tariffs import tariff_newer, tariff_older
from mappings.ocpi.v2_2_1 import NO_TIME, sayable
from mappings.tables import CodeTable
from protocols.ocpi.wire import cdrs, locations, sessions
from protocols.ocpi.wire import v2_1_1 as wire
from protocols.ocpi.wire import v2_1_1_locations as wire_places
from protocols.ocpi.wire.locations import ConnectorFormat, PowerType
from protocols.ocpi.wire.sessions import AuthMethod, SessionStatus

CDR_CONNECTOR_TYPE: Final = ClosedWords(
    wire_places.CONNECTOR_TYPES, instead="IEC_62196_T2", special={"MCS": "IEC_62196_T2_COMBO", "SAE_J3400": "TESLA_S"}
)
"""A CDR may not be lost for its connector."""
AUTH_METHOD: Final = {AuthMethod.COMMAND: AuthMethod.AUTH_REQUEST}
STATUS: Final = {SessionStatus.RESERVATION: SessionStatus.PENDING}
DIMENSION: Final[CodeTable[wire.CdrDimensionType, sessions.CdrDimensionType]] = CodeTable(
    both={
        word: sessions.CdrDimensionType(word.value)
        for word in wire.CdrDimensionType
        if word is not wire.CdrDimensionType.FLAT
    },
    unread={wire.CdrDimensionType.FLAT: "no such volume since 2.2"},
    unsent={
        word: "no such volume in 2.1.1"
        for word in sessions.CdrDimensionType
        if word.value not in wire.CdrDimensionType.__members__
    },
)
_NO_TIME: Final = wire.CdrDimension(type=wire.CdrDimensionType.TIME, volume=Decimal(0))
ASSUMED_VOLTAGE: Final = {PowerType.DC: 400}
ASSUMED_AMPERAGE: Final = 16


# --- to 2.3.0


def cdr_token_newer(auth_id: str, about: About) -> sessions.CdrToken:
    """The token of this contract as the hub knows it. Raises Invalid where nothing says whose it is."""
    known = about.tokens.get(auth_id)
    if known is not None:
        return retyped(known, sessions.CdrToken, extra=None)
    provider = ContractId.parse(auth_id, "$.auth_id").provider
    if provider is None:
        raise Invalid("$.auth_id", f"no eMSP of a contract {auth_id!r} is known here")
    return sessions.CdrToken(
        country_code=provider.country_code, party_id=provider.party_id, uid=auth_id, type="OTHER", contract_id=auth_id
    )


def period_newer(period: wire.ChargingPeriod) -> sessions.ChargingPeriod:
    held = tuple(
        retyped(dimension, sessions.CdrDimension, type=DIMENSION.to_core(dimension.type))
        for dimension in period.dimensions
        if DIMENSION.core_for(dimension.type) is not None
    )
    return retyped(period, sessions.ChargingPeriod, dimensions=held or (NO_TIME,))


def session_newer(session: wire.Session, about: About) -> sessions.Session:
    country_code, party_id = spelled(party_of(about))
    changes = _session_newer(session, about)
    return retyped(session, sessions.Session, country_code=country_code, party_id=party_id, **changes)


def session_patch_newer(patch: wire.SessionPatch, about: About) -> sessions.SessionPatch:
    moment = told(patch.last_updated, about)
    return retyped(patch, sessions.SessionPatch, last_updated=moment, **_session_newer(patch, about))


def _session_newer(session: Any, about: About) -> dict[str, Any]:
    return {
        "start_date_time": session.start_datetime,
        "end_date_time": session.end_datetime,
        "cdr_token": mapped(lambda auth_id: cdr_token_newer(auth_id, about), session.auth_id),
        "charging_periods": each_of(period_newer, session.charging_periods),
        "total_cost": mapped(_price_newer, session.total_cost),
        **(_place_ids(session.location) if session.location is not UNSET else {}),
    }


def _price_newer(amount: Decimal) -> sessions.Price:
    return sessions.Price(before_taxes=amount)


def _place_ids(location: wire_places.Location) -> dict[str, str]:
    evse, connector = _only(location)
    return {
        "location_id": location.id,
        "evse_uid": evse.uid if evse else NA,
        "connector_id": connector.id if connector else NA,
    }


def _only(location: wire_places.Location) -> tuple[wire_places.Evse | None, wire_places.Connector | None]:
    """The one EVSE and connector that it holds; None where it holds none or several."""
    evse = location.evses[0] if location.evses and len(location.evses) == 1 else None
    return evse, evse.connectors[0] if evse and len(evse.connectors) == 1 else None


def cdr_newer(cdr: wire.Cdr, about: About) -> cdrs.Cdr:
    country_code, party_id = spelled(party_of(about))
    return retyped(
        cdr,
        cdrs.Cdr,
        country_code=country_code,
        party_id=party_id,
        end_date_time=cdr.stop_date_time,
        cdr_token=cdr_token_newer(cdr.auth_id, about),
        cdr_location=_cdr_location_newer(cdr.location),
        tariffs=each_of(lambda held: tariff_newer(held, about), cdr.tariffs),
        charging_periods=each_of(period_newer, cdr.charging_periods),
        total_cost=_price_newer(cdr.total_cost),
    )


def _cdr_location_newer(location: wire_places.Location) -> cdrs.CdrLocation:
    """Without a connector the words for it mean nothing."""
    evse, connector = _only(location)
    return retyped(
        location,
        cdrs.CdrLocation,
        postal_code=None if location.postal_code == NO_POSTAL_CODE else location.postal_code,
        evse_uid=evse.uid if evse else NA,
        evse_id=evse.evse_id if evse and evse.evse_id else NA,
        connector_id=connector.id if connector else NA,
        connector_standard=connector.standard if connector else NA,
        connector_format=connector.format if connector else ConnectorFormat.SOCKET,
        connector_power_type=connector.power_type if connector else PowerType.AC_1_PHASE,
        extra=None,
    )


# --- from 2.3.0


def period_older(period: sessions.ChargingPeriod) -> wire.ChargingPeriod:
    held = tuple(
        retyped(dimension, wire.CdrDimension, type=DIMENSION.to_wire(dimension.type))
        for dimension in period.dimensions
        if DIMENSION.wire_for(dimension.type) is not None
    )
    return retyped(period, wire.ChargingPeriod, dimensions=held or (_NO_TIME,))


def session_older(session: sessions.Session, about: About) -> wire.Session:
    """Raises Unsayable where the hub does not know the place and nothing may stand for it, or nobody knows the
    contract."""
    place = about.places.get(_key(session, session.location_id)) or _unknown_place(session, about)
    return retyped(
        session,
        wire.Session,
        location=_narrowed(place, session.evse_uid, session.connector_id, about),
        start_datetime=session.start_date_time,
        end_datetime=session.end_date_time,
        auth_id=_auth_id(session.cdr_token),
        auth_method=AUTH_METHOD.get(session.auth_method, session.auth_method),
        charging_periods=each_of(period_older, session.charging_periods),
        total_cost=mapped(lambda price: price.before_taxes, session.total_cost),
        status=STATUS.get(session.status, session.status),
    )


_NAMES: Final = {
    "start_date_time": "start_datetime",
    "end_date_time": "end_datetime",
    "cdr_token": "auth_id",
    **dict.fromkeys(("location_id", "evse_uid", "connector_id"), "location"),
}


def session_patch_older(patch: sessions.SessionPatch, about: About) -> wire.SessionPatch:
    """The members that it mentions, as they are after it: of periods all. Raises Unsayable for a session that nobody
    holds, and as session_older."""
    if about.held is None:
        raise Unsayable("OCPI 2.1.1 changes a session as a whole, and the hub does not hold it")
    whole = session_older(about.held, about)
    mentioned = {
        _NAMES.get(name, name) for name in patch.__struct_fields__ if getattr(patch, name) not in (UNSET, None)
    }
    told: dict[str, Any] = {
        name: getattr(whole, name)
        for name in wire.SessionPatch.__struct_fields__
        if name in mentioned and name != "extra"
    }
    return wire.SessionPatch(**told, extra=patch.extra)


def _unknown_place(session: sessions.Session, about: About) -> locations.Location:
    """What is known of it, and what the partner wants to be told of the rest."""
    stand_in = about.switches.unknown_place
    if stand_in is None:
        raise Unsayable(f"OCPI 2.1.1 holds the place in the session, and the hub does not know {session.location_id}")
    plug = _plug(session.connector_id, NA, ConnectorFormat.SOCKET, PowerType.AC_3_PHASE, session)
    return retyped(
        session,
        locations.Location,
        id=session.location_id,
        publish=True,
        address=stand_in.address,
        city=stand_in.city,
        country=stand_in.country,
        coordinates=locations.GeoLocation(latitude=stand_in.latitude, longitude=stand_in.longitude),
        evses=(_station(session.evse_uid, None, plug, session),),
        time_zone=None,
        extra=None,
    )


def _plug(id: str, standard: str, form: ConnectorFormat, power_type: PowerType, told: Any) -> locations.Connector:
    """One whose ratings nobody has told: they are assumed."""
    return locations.Connector(
        id=id,
        standard=standard,
        format=form,
        power_type=power_type,
        max_voltage=ASSUMED_VOLTAGE.get(power_type, 230),
        max_amperage=ASSUMED_AMPERAGE,
        last_updated=told.last_updated,
    )


def _station(uid: str, evse_id: str | None, connector: locations.Connector, told: Any) -> locations.Evse:
    return locations.Evse(
        uid=uid,
        evse_id=evse_id,
        status=locations.Status.UNKNOWN,
        connectors=(connector,),
        last_updated=told.last_updated,
    )


def _key(message: Any, location_id: str) -> str:
    return location_key(PartyId.of(message.country_code, message.party_id), location_id)


def _auth_id(token: sessions.CdrToken) -> str:
    """Raises Unsayable for a token of which nobody knows the contract."""
    if token.contract_id in ("", NA):
        raise Unsayable(f"OCPI 2.1.1 names the contract, and that of token {token.uid} is not known")
    return token.contract_id


def _narrowed(place: locations.Location, evse_uid: str, connector_id: str, about: About) -> wire_places.Location:
    """The place with the one EVSE and its one connector, as far as they are known."""
    evse, connector = find(place, evse_uid, connector_id)
    if evse is None or connector is None:
        return location_with(place, (), about)
    about = of_owner(place, about)
    standard = CDR_CONNECTOR_TYPE.said(connector.standard) or connector.standard
    return location_with(place, (evse_with(evse, (connector_as(connector, standard, about),)),), about)


def find(
    place: locations.Location | None, evse_uid: str, connector_id: str
) -> tuple[locations.Evse | None, locations.Connector | None]:
    evses = place.evses or () if place else ()
    evse = next((held for held in evses if held.uid.upper() == evse_uid.upper()), None)
    connectors = evse.connectors if evse else ()
    return evse, next((held for held in connectors if held.id.upper() == connector_id.upper()), None)


def cdr_older(cdr: cdrs.Cdr, about: About) -> wire.Cdr:
    """A tariff that has no words is left out. Raises Unsayable for a credit, which would read as a charge."""
    if cdr.credit:
        raise Unsayable(f"CDR {cdr.id} is a credit, which OCPI 2.1.1 cannot say")
    return retyped(
        cdr,
        wire.Cdr,
        stop_date_time=cdr.end_date_time,
        auth_id=_auth_id(cdr.cdr_token),
        auth_method=AUTH_METHOD.get(cdr.auth_method, cdr.auth_method),
        location=_cdr_location_older(cdr, about),
        tariffs=sayable(tariff_older, cdr.tariffs, about),
        charging_periods=each_of(period_older, cdr.charging_periods),
        total_cost=cdr.total_cost.before_taxes,
    )


def _cdr_location_older(cdr: cdrs.Cdr, about: About) -> wire_places.Location:
    """What the CDR says of the place, and the ratings of its plug as the hub knows them, else assumed."""
    held = cdr.cdr_location
    known = about.places.get(_key(cdr, held.id))
    _, plug = find(known, held.evse_uid, held.connector_id)
    connector = _plug(held.connector_id, held.connector_standard, held.connector_format, held.connector_power_type, cdr)
    if plug is not None:
        connector = replace(connector, max_voltage=plug.max_voltage, max_amperage=plug.max_amperage)
    standard = CDR_CONNECTOR_TYPE.said(held.connector_standard) or held.connector_standard
    evse = _station(held.evse_uid, None if held.evse_id == NA else held.evse_id, connector, cdr)
    place = retyped(
        held,
        locations.Location,
        country_code=cdr.country_code,
        party_id=cdr.party_id,
        publish=True,
        time_zone=known.time_zone if known else None,
        last_updated=cdr.last_updated,
    )
    return location_with(place, (evse_with(evse, (connector_as(connector, standard, about),)),), about)
