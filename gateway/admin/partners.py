"""Adding a partner from the operator's document: common members here, the rest is the protocol's."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from core.errors import Invalid
from core.model.contract import Contract, Service
from core.model.ids import PartyId
from core.model.partner import Partner, PartyRole, Role
from core.model.quantities import Business
from core.model.tariff import Tariff
from gateway.admin.choices import choices_from
from gateway.wiring import Assembly
from mappings.ocpi.tariffs import tariff_from_ocpi
from protocols.ocpi.wire.tariffs import Tariff as WireTariff
from protocols.transport.json_codec import convert


async def add_partner(assembly: Assembly, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Stores the partner and its secrets; gives back what the partner must be told, shown once. Raises Invalid."""
    hub = assembly.hub
    plugin = assembly.plugins.get(_text(document, "protocol"))
    if plugin is None:
        raise Invalid("$.protocol", f"one of {', '.join(sorted(assembly.plugins))} is expected")
    name = _text(document, "name")
    now = hub.clock.now()
    partner = Partner(
        id=hub.ids.uuid(),
        name=name,
        protocol=plugin.id,
        roles=_roles(document, name),
        open_to=_open_to(document),
        contracts=contracts_from(document),
        shown_when_suspended=document.get("shown_when_suspended") is True,
        agreed_tariff=_tariff(document),
        feeds=choices_from(document),
        created_at=now,
        updated_at=now,
    )
    new = plugin.new_partner(partner, document, hub.outbound)
    await hub.partners.add(new.partner, dict(new.secrets))
    return new.shown


def _text(document: Mapping[str, Any], member: str) -> str:
    value = document.get(member)
    if not isinstance(value, str) or not value.strip() or len(value) > 100:
        raise Invalid(f"$.{member}", "a text of 1 to 100 characters is required")
    return value


def _roles(document: Mapping[str, Any], name: str) -> tuple[PartyRole, ...]:
    listed = document.get("roles")
    if not isinstance(listed, list) or not listed:
        raise Invalid("$.roles", "at least one role is required")
    return tuple(_role(entry, f"$.roles[{index}]", name) for index, entry in enumerate(listed))


def _role(entry: object, path: str, name: str) -> PartyRole:
    if not isinstance(entry, dict):
        raise Invalid(path, "an object with role, country_code and party_id is expected")
    try:
        role = Role(str(entry.get("role")))
    except ValueError as error:
        raise Invalid(f"{path}.role", f"one of {', '.join(Role)} is expected") from error
    party = PartyId.of(str(entry.get("country_code")), str(entry.get("party_id")), path)
    return PartyRole(role=role, party=party, business=Business(name=str(entry.get("name") or name)))


def _open_to(document: Mapping[str, Any]) -> tuple[PartyId, ...] | None:
    listed = document.get("open_to")
    if listed is None:
        return None
    if not isinstance(listed, list):
        raise Invalid("$.open_to", "a list of party ids such as DE*ABC is expected")
    return tuple(PartyId.parse(str(entry), f"$.open_to[{index}]") for index, entry in enumerate(listed))


def contracts_from(document: Mapping[str, Any]) -> tuple[Contract, ...]:
    """`[{"service": "AUTHORISATION", "party": "DE*ABC", "valid_from": ..., "valid_until": ...}]`; without `party` an
    offer to everybody. Raises Invalid naming the member that is wrong."""
    listed = document.get("contracts")
    if listed is None:
        return ()
    if not isinstance(listed, list):
        raise Invalid("$.contracts", "a list of contracts is expected")
    return tuple(_contract(entry, f"$.contracts[{index}]") for index, entry in enumerate(listed))


def _contract(entry: object, path: str) -> Contract:
    if not isinstance(entry, dict):
        raise Invalid(path, "an object with service, party, valid_from and valid_until is expected")
    try:
        service = Service(str(entry.get("service")))
    except ValueError as error:
        raise Invalid(f"{path}.service", f"one of {', '.join(Service)} is expected") from error
    party = entry.get("party")
    return Contract(
        service=service,
        party=None if party is None else PartyId.parse(str(party), f"{path}.party"),
        valid_from=_moment(entry, "valid_from", path),
        valid_until=_moment(entry, "valid_until", path),
    )


def _moment(entry: Mapping[str, Any], member: str, path: str) -> datetime | None:
    try:
        moment = msgspec.convert(entry.get(member), datetime | None)
    except msgspec.ValidationError as error:
        raise Invalid(f"{path}.{member}", "a date and time is expected") from error
    if moment is not None and moment.tzinfo is None:
        raise Invalid(f"{path}.{member}", "a time zone is missing")
    return moment


def _tariff(document: Mapping[str, Any]) -> Tariff | None:
    """What its CPO parties charge where their protocol carries no prices, written as an OCPI 2.3.0 Tariff."""
    raw = document.get("tariff")
    if raw is None:
        return None
    try:
        return tariff_from_ocpi(convert(raw, WireTariff))
    except Invalid as error:
        raise Invalid("$.tariff" + error.path.removeprefix("$"), error.reason) from error


def parse_document(body: bytes) -> Mapping[str, Any]:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("$", f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise Invalid("$", "a JSON object is expected")
    return document
