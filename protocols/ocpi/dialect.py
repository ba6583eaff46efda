"""What a partner's version makes of messages. All code around it speaks 2.3.0."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from core.errors import Unsupported
from core.model.location import Location
from core.model.loss import Loss
from core.model.name import NameKind
from core.model.partner import Partner, PartyRole, Role
from core.model.tariff import Tariff
from mappings.ocpi.forms import NOTHING_KNOWN, About, Switches, lost, said
from mappings.ocpi.locations import location_to_ocpi
from mappings.ocpi.tariffs import tariff_to_ocpi
from protocols.ocpi import codec
from protocols.ocpi.settings import settings_of
from protocols.ocpi.versions import V2_3_0, Version, version_of
from protocols.ocpi.wire import locations as wire
from protocols.ocpi.wire import tariffs as wire_tariffs

T = TypeVar("T")


class Dialect(Struct, frozen=True):
    version: Version
    about: About

    @property
    def key(self) -> tuple[str, Switches]:
        """Equal for partners to whom the same object is told in the same bytes."""
        return self.version.id, self.about.switches

    def read(self, body: bytes, wire_type: type[T]) -> T:
        """What a partner asks or pushes, in full strictness. Raises NotJson or Invalid."""
        return self._read(codec.read, body, wire_type)

    def read_bare(self, raw: Any, wire_type: type[T]) -> T:
        """`data` of an answer."""
        return self._read(codec.read_bare, raw, wire_type)

    def _read(self, read: Any, body: Any, wire_type: type[T]) -> T:
        form = self.version.forms.get(wire_type)
        if form is None:
            message: T = read(body, wire_type)
            return message
        newer: T = form.newer(read(body, form.wire_type), self.about)
        return newer

    def write(self, message: Any) -> bytes:
        """Raises Unsayable."""
        return codec.encode(self.said(message))

    def said(self, message: Any) -> Any:
        """The message in the types of the version. Raises Unsayable."""
        return said(message, self.version.forms, self.about) if self.version.older else message

    def knowing(self, **about: Any) -> "Dialect":
        """With more of what messages refer to."""
        return replace(self, about=replace(self.about, **about))

    def checked(self, message: T) -> T:
        """The message itself, if it can be said. Raises Unsayable."""
        self.said(message)
        return message

    def id_for(self, kind: NameKind, owner: str, text: str) -> str:
        """How the partner is told of this object; `owner` is the key of its owner."""
        return self.about.told.get((kind, owner, text.upper()), text)

    def token_type(self, kind: str) -> str:
        """For queries."""
        return self.version.token_type_said(kind)

    def losses(self, canonical: Struct) -> tuple[Loss, ...]:
        """Beyond those of 2.3.0."""
        return lost(canonical, self.version.lost, self.about)


def dialect_of(
    partner: Partner | None, hub: PartyRole, now: datetime, version: Version | None = None, **known: Any
) -> Dialect:
    """In `version`, or the one that the partner is registered for. `hub` is who we are, `known` what About takes of
    what the message refers to."""
    spoken = version or version_of(partner)
    if not spoken.older:
        return _NEWEST
    if partner is None:
        return Dialect(spoken, About(hub=hub, now=now))
    switches = settings_of(partner).older
    return Dialect(spoken, About(hub=hub, partner=_role(partner), now=now, switches=switches, **known))


_NEWEST: Final = Dialect(V2_3_0, NOTHING_KNOWN)


def tariffs_of(tariffs: Iterable[Tariff]) -> dict[tuple[str, str], wire_tariffs.Tariff]:
    """For About, as places_of."""
    found = {}
    for tariff in tariffs:
        with suppress(Unsupported):
            found[tariff.owner.key, tariff.id.upper()] = tariff_to_ocpi(tariff)
    return found


def places_of(locations: Iterable[Location]) -> dict[str, wire.Location]:
    """For About. A location that OCPI cannot say is not known to it."""
    found = {}
    for location in locations:
        with suppress(Unsupported):
            found[location.key] = location_to_ocpi(location)
    return found


def _role(partner: Partner) -> PartyRole | None:
    """The one in which a connection of 2.1.1 is used."""
    return next((role for role in partner.roles if role.role in (Role.CPO, Role.EMSP)), None)
