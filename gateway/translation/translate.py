"""One payload from one protocol to another."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from core.errors import Invalid, Unsupported
from core.model.ids import PartyId
from core.model.loss import Loss
from core.model.partner import Role
from gateway.translation.emip import EMIP_0_7_4
from gateway.translation.model import Context, Dialect, Kind, Party, Translated, Write, Written
from gateway.translation.ochp import OCHP_1_4
from gateway.translation.ocpi import OCPI_2_1_1, OCPI_2_2_1, OCPI_2_3_0
from gateway.translation.oicp import OICP_2_3
from gateway.translation.unknown import homeless, unknown_fields
from mappings.ocpi.locations import location_from_ocpi
from mappings.ocpi.tariffs import tariff_from_ocpi
from mappings.ocpi.tokens import token_from_ocpi
from protocols.ocpi.wire.locations import Location
from protocols.ocpi.wire.tariffs import Tariff
from protocols.ocpi.wire.tokens import Token
from protocols.transport.json_codec import convert

DIALECTS: Mapping[str, Dialect] = {
    "ocpi-2.3.0": OCPI_2_3_0,
    "ocpi-2.2.1": OCPI_2_2_1,
    "ocpi-2.1.1": OCPI_2_1_1,
    "oicp-2.3": OICP_2_3,
    "ochp-1.4": OCHP_1_4,
    "emip-0.7.4": EMIP_0_7_4,
}
PROTOCOLS = tuple(DIALECTS)


def translate(source: str, target: str, kind: Kind, payload: bytes, context: Context) -> Translated:
    """Raises Invalid for a payload that is wrong, Unsupported for a pair that cannot carry the kind."""
    read = _known(source).reads.get(kind)
    if read is None:
        raise Unsupported(_why(source, kind))
    if kind not in _known(target).writes:
        raise Unsupported(_why(target, kind))
    canonical = read(payload, context)
    done = written(source, target, kind, canonical, context)
    return Translated(output=done.output, losses=done.losses, canonical=msgspec.to_builtins(canonical))


def written(source: str, target: str, kind: Kind, canonical: Any, context: Context) -> Written:
    """A canonical object that came from `source`, in the words of `target`. Raises Unsupported."""
    write = _known(target).writes.get(kind)
    if write is None:
        raise Unsupported(_why(target, kind))
    unheld = _unheld(source, kind, context) if _protocol(source) != _protocol(target) else None
    several = isinstance(canonical, list) and kind not in _known(target).whole
    made = (_each if several else _one)(write, unheld, canonical, context)
    return Written(output=made.output, losses=tuple(_rooted(loss) for loss in made.losses))


def _protocol(dialect: str) -> str:
    return dialect.partition("-")[0]


_Unheld = Callable[[Any, Written], tuple[Loss, ...]]


def _unheld(source: str, kind: Kind, context: Context) -> _Unheld:
    """What the source says and the model does not hold; of a payload that is withheld there is nothing to add."""
    dialect, protocol = _known(source), _protocol(source)
    alone = msgspec.structs.replace(context, request=None)  # which is in the wire of the target
    if special := dialect.unheld.get(kind):
        return lambda canonical, _: special(canonical)

    def found(canonical: Any, made: Written) -> tuple[Loss, ...]:
        if made.output is None:
            return ()
        lost = homeless(canonical, protocol, lambda bare: dialect.writes[kind](bare, alone).output)
        return lost + unknown_fields(canonical, protocol)

    return found


def _one(write: Write, unheld: _Unheld | None, canonical: Any, context: Context) -> Written:
    made = write(canonical, context)
    return Written(output=made.output, losses=made.losses + (unheld(canonical, made) if unheld else ()))


def _each(write: Write, unheld: _Unheld | None, several: list[Any], context: Context) -> Written:
    """One output for each; null for one that may not be sent on. Paths begin with the number of theirs."""
    made = [_one(write, unheld, one, context) for one in several]
    losses = tuple(
        msgspec.structs.replace(loss, path=f"$[{index}]" + _rooted(loss).path[1:])
        for index, one in enumerate(made)
        for loss in one.losses
    )
    outputs = [one.output for one in made]
    return Written(output=None if all(output is None for output in outputs) else outputs, losses=losses)


def _rooted(loss: Loss) -> Loss:
    """Every path begins at `$`."""
    return loss if loss.path.startswith("$") else msgspec.structs.replace(loss, path=f"$.{loss.path}")


def _known(protocol: str) -> Dialect:
    dialect = DIALECTS.get(protocol)
    if dialect is None:
        raise Unsupported(f"{protocol} is not translated yet")
    return dialect


def dialect_of(protocol: str, version: str | None = None) -> str:
    """The name of what a partner speaks. Raises Unsupported for what is not translated offline."""
    names = [name for name in DIALECTS if name.partition("-")[0] == protocol]
    found = f"{protocol}-{version}" if version else next(iter(names), protocol)
    _known(found)
    return found


def _why(protocol: str, kind: Kind) -> str:
    return f"{protocol}, {kind}: {DIALECTS[protocol].why.get(kind, 'not translated yet')}"


def read_context(raw: Any) -> Context:
    """From the JSON object of the contract. Raises Invalid with paths under `$.context`."""
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        raise Invalid("$.context", "a JSON object is expected")
    return Context(
        now=_now(raw.get("now")),
        time_zone=raw.get("time_zone"),
        locations=tuple(location_from_ocpi(item) for item in _items(raw, "locations", Location)),
        tariffs=tuple(tariff_from_ocpi(item) for item in _items(raw, "tariffs", Tariff)),
        tokens=tuple(token_from_ocpi(item) for item in _items(raw, "tokens", Token)),
        parties=tuple(_party(item, index) for index, item in enumerate(_list(raw, "parties"))),
        request=raw.get("request"),
    )


def _now(text: Any) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        now = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise Invalid("$.context.now", "an ISO 8601 time is expected") from error
    return now.replace(tzinfo=UTC) if now.tzinfo is None else now.astimezone(UTC)


def _list(raw: dict[str, Any], name: str) -> list[Any]:
    found = raw.get(name) or []
    if not isinstance(found, list):
        raise Invalid(f"$.context.{name}", "a list is expected")
    return found


def _items(raw: dict[str, Any], name: str, wire: Any) -> list[Any]:
    items = []
    for index, item in enumerate(_list(raw, name)):
        try:
            items.append(convert(item, wire))
        except Invalid as error:
            path = f"$.context.{name}[{index}]" + error.path.removeprefix("$")
            raise Invalid(path, error.reason) from error
    return items


def _party(item: Any, index: int) -> Party:
    path = f"$.context.parties[{index}]"
    if not isinstance(item, dict):
        raise Invalid(path, "an object is expected")
    try:
        role = Role(str(item.get("role")))
    except ValueError as error:
        raise Invalid(f"{path}.role", f"one of {', '.join(Role)} is expected") from error
    party = PartyId.of(str(item.get("country_code")), str(item.get("party_id")), path)
    return Party(party=party, role=role, protocol=item.get("protocol"))
