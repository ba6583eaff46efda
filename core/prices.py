"""Which tariffs hold at an EVSE, and for whom: what is meant for one eMSP before what is meant for all. Pure.

For protocols that say apart from the places what charging costs there.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from core.model.ids import PartyId
from core.model.location import Evse, Location
from core.model.partner import Partner, Role
from core.model.tariff import EvsePrice, Tariff

Recipient = PartyId | None


class PriceBook:
    """All that one owner charges."""

    def __init__(self, tariffs: Iterable[Tariff], prices: Iterable[EvsePrice]) -> None:
        self._defaults: dict[Recipient, Tariff] = {}
        self._tariffs: dict[tuple[Recipient, str], Tariff] = {}
        for tariff in tariffs:
            if tariff.is_default:
                self._defaults[tariff.recipient] = tariff
            else:
                self._tariffs[tariff.recipient, tariff.name] = tariff
        self._prices: dict[tuple[str, Recipient], EvsePrice] = {(one.evse_id.key, one.recipient): one for one in prices}
        named = {*self._defaults, *(recipient for recipient, _ in self._tariffs), *(who for _, who in self._prices)}
        self.recipients = sorted(recipient for recipient in named if recipient is not None)

    def tariff(self, product: str, recipient: Recipient) -> Tariff | None:
        """By the owner's name of it."""
        name = product.upper()
        return self._tariffs.get((recipient, name)) or self._tariffs.get((None, name))

    def price(self, evse: str, recipient: Recipient) -> EvsePrice | None:
        """`evse`: the comparison form of its id."""
        return self._prices.get((evse, recipient)) or self._prices.get((evse, None))

    def tariff_ids(self, evse: str, recipient: Recipient) -> tuple[str, ...]:
        """Of the products that are named for the EVSE, else of the default price.

        Where one of several cannot be told none is: the others alone would be another offer."""
        found = self._holding(evse, recipient)
        told = [tariff.id for tariff in found if tariff is not None and tariff.elements]
        return tuple(dict.fromkeys(told)) if len(told) == len(found) else ()

    def charged(self, evse: str, recipient: Recipient, product: str | None) -> Tariff | None:
        """The one that was used there: the product that is named, else the only one that holds. None: not known."""
        found = [self.tariff(product, recipient)] if product else self._holding(evse, recipient)
        return found[0] if len(found) == 1 else None

    def _holding(self, evse: str, recipient: Recipient) -> list[Tariff | None]:
        """None stands for a product that is not held."""
        price = self.price(evse, recipient)
        if price is not None:
            return [self.tariff(product, recipient) for product in price.products]
        default = self._defaults.get(recipient) or self._defaults.get(None)
        return [default] if default else []

    def applied(self, location: Location) -> Location:
        """With what holds at each EVSE; the same object if that is how it is already."""
        evses = tuple(self._applied(evse) for evse in location.evses)
        return location if evses == location.evses else replace(location, evses=evses)

    def _applied(self, evse: Evse) -> Evse:
        if evse.evse_id is None:
            return evse
        general = self.tariff_ids(evse.evse_id.key, None)
        own = {who.key: self.tariff_ids(evse.evse_id.key, who) for who in self.recipients}
        return replace(_bearing(evse, general), tariff_ids_for={key: ids for key, ids in own.items() if ids != general})


def as_charged(location: Location, reader: Partner) -> Location:
    """As the reader may see it: with the tariffs that hold for the first of its eMSPs that has any of its own."""
    if not has_own_prices(location):
        return location
    emsps = reader.parties_as(Role.EMSP)
    return replace(location, evses=tuple(_for(evse, emsps) for evse in location.evses))


def has_own_prices(location: Location) -> bool:
    """Whether it looks different to different eMSPs."""
    return any(evse.tariff_ids_for for evse in location.evses)


def _for(evse: Evse, emsps: Sequence[PartyId]) -> Evse:
    held: Mapping[str, tuple[str, ...]] = evse.tariff_ids_for
    own = next((held[party.key] for party in emsps if party.key in held), None)
    return replace(evse if own is None else _bearing(evse, own), tariff_ids_for={})


def _bearing(evse: Evse, tariff_ids: tuple[str, ...]) -> Evse:
    return replace(evse, connectors=tuple(replace(plug, tariff_ids=tariff_ids) for plug in evse.connectors))
