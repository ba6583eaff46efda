"""Who plays in the story: host networks with stations, home networks with cards, of every protocol."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from core.model.ids import PartyId, emaid_check_digit
from gateway.simulator.emip.home import EmipHome
from gateway.simulator.emip.host import EmipHost
from gateway.simulator.network import Card
from gateway.simulator.ochp.home import OchpHome
from gateway.simulator.ochp.host import OchpHost
from gateway.simulator.ocpi.home import OcpiHome
from gateway.simulator.ocpi.host import OcpiHost
from gateway.simulator.oicp.home import OicpHome
from gateway.simulator.oicp.host import OicpHost
from gateway.simulator.roles import Home, Host
from gateway.simulator.stations import Opening, Operator, Outlet, Point, Socket, Station
from gateway.simulator.visits import Price

THINKS_S = 0.02
"""How long a home network of the story takes to look a card up."""
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)


class Place(Struct, frozen=True):
    """Where an invented operator has its stations."""

    country: str
    time_zone: str
    city: str
    postal_code: str
    street: str
    latitude: Decimal
    longitude: Decimal


LYON = Place("FRA", "Europe/Paris", "Lyon", "69002", "Rue de la Gare", Decimal("45.7578137"), Decimal("4.8320114"))
LILLE = Place("FRA", "Europe/Paris", "Lille", "59000", "Rue Nationale", Decimal("50.6365654"), Decimal("3.0635282"))
LEIPZIG = Place("DEU", "Europe/Berlin", "Leipzig", "04109", "Bahnhofstr.", Decimal("51.339695"), Decimal("12.373075"))
UTRECHT = Place("NLD", "Europe/Amsterdam", "Utrecht", "3511 CE", "Stationsplein", Decimal("52.0894"), Decimal("5.1100"))


class Hosts(Struct, frozen=True):
    """How the operators of one protocol are made, and what they charge where nobody says otherwise."""

    make: Callable[[str, PartyId, str, Price], Host]
    price: Price


HOSTS = {
    "ocpi": Hosts(OcpiHost, Price("ROAMING-AC", Decimal("0.42"))),
    "oicp": Hosts(OicpHost, Price("AGREED", Decimal("0.51"))),
    "ochp": Hosts(OchpHost, Price("IN-RECORDS", Decimal("0.47"))),
    "emip": Hosts(EmipHost, Price("IN-RECORDS", Decimal("0.39"))),
}
HOMES: dict[str, Callable[..., Home]] = {"ocpi": OcpiHome, "oicp": OicpHome, "ochp": OchpHome, "emip": EmipHome}
"""Each takes its name, its party, the hub's URL, and `thinks_s` by name."""


def written(protocol: str) -> str:
    """Its name as its friends write it."""
    return "eMIP" if protocol == "emip" else protocol.upper()


class Site(Struct, frozen=True):
    """A host network and its stations."""

    host: Host
    operator: Operator


class Cast(Struct, frozen=True):
    sites: tuple[Site, ...]
    homes: tuple[Home, ...]

    @property
    def everybody(self) -> tuple[Host | Home, ...]:
        return (*(site.host for site in self.sites), *self.homes)

    async def close(self) -> None:
        await asyncio.gather(*(network.close() for network in self.everybody))


def cast(hub_url: str) -> Cast:
    def site(protocol: str, name: str, party: PartyId, place: Place) -> Site:
        kind = HOSTS[protocol]
        return Site(kind.make(name, party, hub_url, kind.price), invented(party, name, 3, place))

    def home(protocol: str, name: str, party: PartyId) -> Home:
        return HOMES[protocol](name, party, hub_url, thinks_s=THINKS_S)

    return Cast(
        sites=(
            site("ocpi", "Voltaire", PartyId("FR", "VLT"), LYON),
            site("oicp", "Stromwerk", PartyId("DE", "STW"), LEIPZIG),
            site("ochp", "Laadrijk", PartyId("NL", "LDR"), UTRECHT),
            site("emip", "Ampera", PartyId("FR", "AMP"), LILLE),
        ),
        homes=(
            home("ocpi", "Nordlicht", PartyId("DE", "NDL")),
            home("oicp", "Elektra", PartyId("DE", "ELK")),
            home("ochp", "Polder", PartyId("NL", "PLD")),
            home("emip", "Cigogne", PartyId("FR", "CGN")),
        ),
    )


def card(party: PartyId, number: int, *, blocked: bool = False, silent: bool = False) -> Card:
    """The contract id has its check digit; the uid is of no real manufacturer."""
    code = f"{party.key}C{number:08d}"
    contract = f"{party.country_code}-{party.party_id}-C{number:08d}-{emaid_check_digit(code)}"
    letters = sum(ord(letter) << index for index, letter in enumerate(party.key))
    return Card(uid=f"00{letters % 0xFFFF:04X}{number:08X}", contract_id=contract, blocked=blocked, silent=silent)


def invented(party: PartyId, name: str, stations: int, place: Place = LYON) -> Operator:
    """An operator with stations of four points each, that never existed."""
    return Operator(party, name, tuple(_station(party, name, place, number) for number in range(1, stations + 1)))


def _station(party: PartyId, name: str, place: Place, number: int) -> Station:
    station_id = f"{party.key}P{place.city.upper()}{number}"
    slow = Outlet(socket=Socket.TYPE_2, cable=False, power_kw=Decimal(22))
    fast = Outlet(socket=Socket.CCS, cable=True, power_kw=Decimal(150))
    points = tuple(
        Point(
            evse_id=f"{party.country_code}*{party.party_id}*E{number}*{index}",
            station_id=station_id,
            operator=party,
            operator_name=name,
            station_name=f"{name} {place.city} {number}",
            address=f"{place.street} {number}",
            street=place.street,
            house_number=str(number),
            postal_code=place.postal_code,
            city=place.city,
            country=place.country,
            time_zone=place.time_zone,
            latitude=place.latitude + Decimal("0.001") * number,
            longitude=place.longitude,
            power_kw=outlet.power_kw,
            outlets=(outlet,),
            always_open=number == 1,
            openings=() if number == 1 else tuple(Opening(day, 360, 1320) for day in range(1, 8)),
            updated_at=BEGAN + timedelta(days=number),
        )
        for index, outlet in enumerate((slow, fast, slow, fast), start=1)
    )
    return Station(station_id, points)
