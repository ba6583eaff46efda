"""A driver charges: authorise, session, charge detail record, in the words of the network that runs the station."""

from datetime import UTC, datetime
from decimal import Decimal

from gateway.simulator import ocpi_objects, oicp_objects
from gateway.simulator.network import NotAsTold
from gateway.simulator.ocpi import IssuerAway, OcpiNetwork
from gateway.simulator.ocpi_objects import Object
from gateway.simulator.oicp import OicpNetwork, identification
from gateway.simulator.stations import Point
from gateway.simulator.visits import Price, Visit, key


class OcpiCharging:
    """A visit at a station of an OCPI CPO."""

    def __init__(self, operator: OcpiNetwork, visit: Visit, price: Price, *, live: bool = True) -> None:
        """`live`: the status of the EVSE is told too."""
        self.operator = operator
        self.visit = visit
        self.why = ""
        self._price = price
        self._live = live
        self._info: Object = {}
        self._method = "AUTH_REQUEST"

    async def authorise(self) -> bool:
        """An issuer that is away is spoken for by its whitelist. Source: OCPI 2.3.0, mod_tokens, WhitelistType."""
        visit = self.visit
        try:
            info = await self.operator.authorize(visit.card.uid, visit.point.station_id, visit.point.evse_id)
        except IssuerAway:
            token = self.operator.whitelisted(visit.card.uid)
            if token is None:
                raise
            self._method = "WHITELIST"
            info = {"allowed": "ALLOWED", "token": token}
        self.why = "UNKNOWN" if info is None else str(info["allowed"])
        self._info = info or {}
        return self.why == "ALLOWED"

    async def begin(self, *, lenient: bool = False) -> None:
        if self._live:
            await self._status("CHARGING")
        await self.operator.put_session(self._session(), lenient=lenient)

    async def proceed(self, *, lenient: bool = False) -> None:
        energy = (self.visit.energy_kwh / 2).quantize(Decimal("0.001"))
        change = {"kwh": energy, "last_updated": self.operator.now()}
        await self.operator.patch_session(self.visit.id, change, lenient=lenient)

    async def end(self, *, lenient: bool = False) -> None:
        change = {
            "status": "COMPLETED",
            "kwh": self.visit.energy_kwh,
            "end_date_time": ocpi_objects.stamp(self.visit.ended_at),
            "total_cost": self._price.cost(self.visit.energy_kwh),
            "last_updated": self.operator.now(),
        }
        await self.operator.patch_session(self.visit.id, change, lenient=lenient)
        if self._live:
            await self._status("AVAILABLE")

    async def bill(self) -> None:
        await self.operator.post_cdr(self.cdr())

    def cdr(self) -> Object:
        visit, cost = self.visit, self._price.cost(self.visit.energy_kwh)
        begun = ocpi_objects.stamp(visit.started_at)
        party = self.operator.party
        dimensions = [{"type": "ENERGY", "volume": visit.energy_kwh}, {"type": "TIME", "volume": visit.hours}]
        found: Object = {
            "country_code": party.country_code,
            "party_id": party.party_id,
            "id": visit.id,
            "start_date_time": begun,
            "end_date_time": ocpi_objects.stamp(visit.ended_at),
            "session_id": visit.id,
            "cdr_token": self._cdr_token(),
            "auth_method": self._method,
            "cdr_location": _cdr_location(visit.point),
            "currency": "EUR",
            "tariffs": [self._price.tariff(party.country_code, party.party_id, begun)],
            "charging_periods": [
                {"start_date_time": begun, "dimensions": dimensions, "tariff_id": self._price.tariff_id}
            ],
            "total_cost": cost,
            "total_energy": visit.energy_kwh,
            "total_energy_cost": cost,
            "total_time": visit.hours,
            "last_updated": self.operator.now(),
        }
        if reference := self._info.get("authorization_reference"):
            found["authorization_reference"] = reference
        return found

    def _session(self) -> Object:
        visit = self.visit
        found: Object = {
            "country_code": self.operator.party.country_code,
            "party_id": self.operator.party.party_id,
            "id": visit.id,
            "start_date_time": ocpi_objects.stamp(visit.started_at),
            "kwh": Decimal(0),
            "cdr_token": self._cdr_token(),
            "auth_method": self._method,
            "location_id": visit.point.station_id,
            "evse_uid": visit.point.evse_id,
            "connector_id": "1",
            "currency": "EUR",
            "status": "ACTIVE",
            "last_updated": self.operator.now(),
        }
        if reference := self._info.get("authorization_reference"):
            found["authorization_reference"] = reference
        return found

    def _cdr_token(self) -> Object:
        token = self._info["token"]
        return {name: token[name] for name in ("country_code", "party_id", "uid", "type", "contract_id")}

    async def _status(self, status: str) -> None:
        await self.operator.patch_evse(self.visit.point.station_id, self.visit.point.evse_id, status)


class OicpCharging:
    """A visit at a station of an OICP CPO."""

    def __init__(self, operator: OicpNetwork, visit: Visit, price: Price, *, live: bool = True) -> None:
        self.operator = operator
        self.visit = visit
        self.why = ""
        self.session_id = ""
        self._live = live
        self._price = price

    async def authorise(self) -> bool:
        visit = self.visit
        answer = await self.operator.authorize_start(visit.card.uid, visit.point.evse_id, visit.id)
        code = (answer.get("StatusCode") or {}).get("Code")
        self.why = f"{answer.get('AuthorizationStatus')} {code}"
        if answer.get("AuthorizationStatus") != "Authorized":
            return False
        self.session_id = str(answer.get("SessionID") or "")
        if not self.session_id:
            raise NotAsTold(f"{self.operator.name}: Authorized without a SessionID")
        return True

    async def begin(self, *, lenient: bool = False) -> None:
        if self._live:
            await self.operator.push_evse_status({self.visit.point.evse_id: "Occupied"})

    async def proceed(self, *, lenient: bool = False) -> None:
        """OICP's session has no middle that the hub must hear of."""

    async def end(self, *, lenient: bool = False) -> None:
        visit = self.visit
        answer = await self.operator.authorize_stop(visit.card.uid, visit.point.evse_id, self.session_id)
        if answer.get("AuthorizationStatus") != "Authorized" and not lenient:
            raise NotAsTold(f"{self.operator.name}: the card that began a session may not end it: {answer}")
        if self._live:
            await self.operator.push_evse_status({visit.point.evse_id: "Available"})

    async def bill(self) -> None:
        await self.operator.charge_detail_record(self.cdr())

    def cdr(self) -> Object:
        visit = self.visit
        zone = visit.point.time_zone
        begun, ended = oicp_objects.stamp(visit.started_at, zone), oicp_objects.stamp(visit.ended_at, zone)
        return {
            "SessionID": self.session_id,
            "CPOPartnerSessionID": visit.id,
            "EvseID": visit.point.evse_id,
            "Identification": identification(visit.card.uid),
            "SessionStart": begun,
            "ChargingStart": begun,
            "ChargingEnd": ended,
            "SessionEnd": ended,
            "ConsumedEnergy": visit.energy_kwh,
        }


Charging = OcpiCharging | OicpCharging


def charging(operator: OcpiNetwork | OicpNetwork, visit: Visit, price: Price, *, live: bool = True) -> Charging:
    if isinstance(operator, OcpiNetwork):
        return OcpiCharging(operator, visit, price, live=live)
    return OicpCharging(operator, visit, price, live=live)


def cdrs_of(home: OcpiNetwork | OicpNetwork) -> dict[str, list[Object]]:
    """The CDRs that a home network received, by key."""
    found: dict[str, list[Object]] = {}
    for cdr in home.cdrs:
        found.setdefault(key_of(cdr), []).append(cdr)
    return found


def key_of(cdr: Object) -> str:
    """Of an OCPI CDR or an OICP charge detail record."""
    if "SessionStart" in cdr:
        return key(cdr["EvseID"], _moment(cdr["SessionStart"]))
    return key(cdr["cdr_location"]["evse_id"], _moment(cdr["start_date_time"]))


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def check_cdr(cdr: Object, sent: Charging, price: Price) -> None:
    """Energy, times, card and amount as the operator measured them. Raises NotAsTold naming the first difference."""
    visit = sent.visit
    if "SessionStart" in cdr:
        said = {
            "energy": cdr["ConsumedEnergy"],
            "start": _moment(cdr["SessionStart"]),
            "end": _moment(cdr["SessionEnd"]),
        }
    else:
        said = {
            "energy": cdr["total_energy"],
            "start": _moment(cdr["start_date_time"]),
            "end": _moment(cdr["end_date_time"]),
            "card": cdr["cdr_token"]["uid"].upper(),
            "amount": _amount(cdr.get("total_cost")),
        }
    told = {
        "energy": visit.energy_kwh,
        "start": visit.started_at,
        "end": visit.ended_at,
        "card": visit.card.uid,
        "amount": _amount(price.cost(visit.energy_kwh)),
    }
    for name, value in said.items():
        if value != told[name]:
            raise NotAsTold(f"the CDR of {visit.key} arrived with {name} {value} instead of {told[name]}")


def _amount(price: Object | None) -> tuple[Decimal, Decimal] | None:
    """Before taxes, and taxes."""
    if price is None:
        return None
    taxes = sum((Decimal(tax["amount"]) for tax in price.get("taxes") or ()), Decimal(0))
    return Decimal(price["before_taxes"]), taxes


def _cdr_location(point: Point) -> Object:
    outlet = point.outlets[0]
    found: Object = {
        "id": point.station_id,
        "name": point.station_name,
        "address": point.address[:45].strip(),
        "city": point.city,
        "country": point.country,
        "coordinates": {
            "latitude": ocpi_objects.degrees(point.latitude),
            "longitude": ocpi_objects.degrees(point.longitude),
        },
        "evse_uid": point.evse_id,
        "evse_id": point.evse_id,
        "connector_id": "1",
        "connector_standard": ocpi_objects.STANDARD[outlet.socket],
        "connector_format": "CABLE" if outlet.cable else "SOCKET",
        "connector_power_type": ocpi_objects.power_type(outlet),
    }
    if point.postal_code:
        found["postal_code"] = point.postal_code
    return found
