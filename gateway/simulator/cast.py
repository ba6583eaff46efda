"""Who plays in the story: four networks, their stations, their cards."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from core.model.ids import PartyId, emaid_check_digit
from gateway.simulator.access import Admin, ocpi_document, oicp_document
from gateway.simulator.network import Card, Network
from gateway.simulator.ocpi import OcpiNetwork
from gateway.simulator.ocpi_objects import stamp
from gateway.simulator.oicp import OicpNetwork
from gateway.simulator.stations import Opening, Operator, Outlet, Point, Socket, Station
from gateway.simulator.visits import Price

THINKS_S = 0.02
"""How long a home network of the story takes to look a card up."""
OCPI_PRICE = Price("ROAMING-AC", Decimal("0.42"))
OICP_PRICE = Price("AGREED", Decimal("0.51"))
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
PLACES = {
    "FR": ("FRA", "Europe/Paris", "Lyon", "45.7578137", "4.8320114"),
    "DE": ("DEU", "Europe/Berlin", "Leipzig", "51.339695", "12.373075"),
}


class Cast(Struct):
    """Host networks run stations, home networks have drivers."""

    ocpi_cpo: OcpiNetwork
    ocpi_emsp: OcpiNetwork
    oicp_cpo: OicpNetwork
    oicp_emp: OicpNetwork
    ocpi_operator: Operator
    oicp_operator: Operator

    @property
    def everybody(self) -> tuple[Network, ...]:
        return (self.ocpi_cpo, self.ocpi_emsp, self.oicp_cpo, self.oicp_emp)

    @property
    def homes(self) -> tuple[OcpiNetwork, OicpNetwork]:
        return (self.ocpi_emsp, self.oicp_emp)

    async def close(self) -> None:
        await asyncio.gather(*(network.close() for network in self.everybody))


def cast(hub_url: str) -> Cast:
    voltaire, nordlicht = PartyId("FR", "VLT"), PartyId("DE", "NDL")
    stromwerk, elektra = PartyId("DE", "STW"), PartyId("DE", "ELK")
    return Cast(
        ocpi_cpo=OcpiNetwork("Voltaire", voltaire, "CPO", hub_url),
        ocpi_emsp=OcpiNetwork("Nordlicht", nordlicht, "EMSP", hub_url, thinks_s=THINKS_S),
        oicp_cpo=OicpNetwork("Stromwerk", stromwerk, "CPO", hub_url),
        oicp_emp=OicpNetwork("Elektra", elektra, "EMSP", hub_url, thinks_s=THINKS_S),
        ocpi_operator=invented(voltaire, "Voltaire", 2, PLACES["FR"]),
        oicp_operator=invented(stromwerk, "Stromwerk", 2, PLACES["DE"]),
    )


async def join_ocpi(admin: Admin, network: OcpiNetwork) -> None:
    """Switched on, added by the hub's operator, registered by the handshake."""
    await network.switch_on()
    given = await admin.add(ocpi_document(network.name, network.party, network.role))
    await network.register(given["token_a"], given["versions_url"])


async def join_oicp(admin: Admin, network: OicpNetwork, price: Price | None = None) -> None:
    """Switched on and added; `price` is what a CPO agreed on with the hub."""
    await network.switch_on()
    party = network.party
    tariff = price.tariff(party.country_code, party.party_id, stamp(BEGAN)) if price else None
    url = network.url if network.role == "EMSP" else None
    given = await admin.add(oicp_document(network.name, party, network.role, url, tariff))
    network.connect(given["api_key"], given.get("base_url"))


def card(party: PartyId, number: int, *, blocked: bool = False) -> Card:
    """The contract id has its check digit; the uid is of no real manufacturer."""
    code = f"{party.key}C{number:08d}"
    contract = f"{party.country_code}-{party.party_id}-C{number:08d}-{emaid_check_digit(code)}"
    letters = sum(ord(letter) << index for index, letter in enumerate(party.key))
    return Card(uid=f"00{letters % 0xFFFF:04X}{number:08X}", contract_id=contract, blocked=blocked)


def invented(
    party: PartyId, name: str, stations: int, place: tuple[str, str, str, str, str] = PLACES["FR"]
) -> Operator:
    """An operator with stations of four points each, that never existed. `place`: country, time zone, city, latitude,
    longitude."""
    return Operator(party, name, tuple(_station(party, name, place, number) for number in range(1, stations + 1)))


def _station(party: PartyId, name: str, place: tuple[str, str, str, str, str], number: int) -> Station:
    country, zone, city, latitude, longitude = place
    street, postal_code = ("Rue de la Gare", "69002") if country == "FRA" else ("Bahnhofstrasse", "04109")
    station_id = f"{party.key}P{city.upper()}{number}"
    slow = Outlet(socket=Socket.TYPE_2, cable=False, power_kw=Decimal(22))
    fast = Outlet(socket=Socket.CCS, cable=True, power_kw=Decimal(150))
    points = tuple(
        Point(
            evse_id=f"{party.country_code}*{party.party_id}*E{number}*{index}",
            station_id=station_id,
            operator=party,
            operator_name=name,
            station_name=f"{name} {city} {number}",
            address=f"{street} {number}",
            street=street,
            house_number=str(number),
            postal_code=postal_code,
            city=city,
            country=country,
            time_zone=zone,
            latitude=Decimal(latitude) + Decimal("0.001") * number,
            longitude=Decimal(longitude),
            power_kw=outlet.power_kw,
            outlets=(outlet,),
            always_open=number == 1,
            openings=() if number == 1 else tuple(Opening(day, 360, 1320) for day in range(1, 8)),
            updated_at=BEGAN + timedelta(days=number),
        )
        for index, outlet in enumerate((slow, fast, slow, fast), start=1)
    )
    return Station(station_id, points)
