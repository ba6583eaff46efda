"""What readers of older versions are told together with locations, because they cannot look it up."""

from collections.abc import Sequence
from typing import Any

from core.model.location import Location
from mappings.ocpi.common import business_to_ocpi
from protocols.ocpi.dialect import tariffs_of
from protocols.ocpi.versions import Version
from protocols.plugin import Hub


async def surroundings(version: Version, hub: Hub, locations: Sequence[Location]) -> dict[str, Any]:
    """For About: who operates them and, in 2.1.1, what their tariffs are."""
    if not version.older or not locations:
        return {}
    roles = [role for partner in await hub.partners.all() for role in partner.roles]
    operators = {role.party.key: business_to_ocpi(role.business) for role in roles if role.business}
    tariffs = await hub.tariffs.of_places(locations) if version.single_party else []
    return {"operators": operators, "tariffs": tariffs_of(tariffs)}
