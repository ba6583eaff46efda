"""Partial updates of a location at its three levels. Source: OCPI 2.3.0, mod_locations, PATCH method."""

from operator import attrgetter
from typing import Final

import msgspec
from msgspec import UNSET

from core.errors import Invalid, Unknown
from core.model.location import Connector, Evse, EvseChange, Location
from mappings.ocpi.common import Aside, kept, merged, time_in
from mappings.ocpi.evses import (
    EVSE_STATUS,
    STATUS_TIME,
    connector_from_ocpi,
    connector_to_ocpi,
    evse_from_ocpi,
    evse_time_out,
    evse_to_ocpi,
)
from mappings.ocpi.locations import check_parking, location_from_ocpi, location_to_ocpi
from protocols.ocpi.wire import locations as wire


def evse_change_from_ocpi(patch: wire.EvsePatch) -> EvseChange | None:
    """The fast way of a patch that says nothing but the status; None for any other, see `patch_evse`."""
    if patch.status is UNSET or patch.extra or _beyond_status(patch) != _NOTHING_BEYOND:
        return None
    spelled: Aside = {}
    moment = time_in(patch.last_updated, spelled, STATUS_TIME)
    return EvseChange(status=EVSE_STATUS.to_core(patch.status), updated_at=moment, extensions=spelled)


_BEYOND_STATUS: Final = tuple(
    name
    for name in wire.EvsePatch.__struct_fields__
    if name not in ("extra", "uid", "evse_id", "status", "last_updated")
)
_NOTHING_BEYOND: Final = (UNSET,) * len(_BEYOND_STATUS)
_beyond_status: Final = attrgetter(*_BEYOND_STATUS)


def evse_status_to_ocpi(evse: Evse, *, with_ids: bool = False) -> wire.EvsePatch:
    """The body of a PATCH that tells the status; the ids are in the path, and in the body only when asked for."""
    back = kept(evse.extensions)
    return wire.EvsePatch(
        uid=evse.uid if with_ids else UNSET,
        evse_id=evse.evse_id.text if with_ids and evse.evse_id else UNSET,
        status=EVSE_STATUS.to_wire(evse.status),
        last_updated=evse_time_out(evse, back),
    )


def patch_location(location: Location, patch: wire.LocationPatch) -> Location:
    """The location as it is after a PATCH, validated as a whole. null counts as not mentioned."""
    return location_from_ocpi(merged(location_to_ocpi(location), patch))


def patch_evse(location: Location, evse_uid: str, patch: wire.EvsePatch) -> Location:
    """As patch_location, one level down; the location's own time follows. Raises Unknown for an EVSE not held."""
    evse = location.evse(evse_uid)
    if evse is None:
        raise Unknown("evse", evse_uid)
    return with_evse(location, evse_from_ocpi(merged(evse_to_ocpi(evse), patch)))


def patch_connector(location: Location, evse_uid: str, connector_id: str, patch: wire.ConnectorPatch) -> Location:
    """As patch_evse, one more level down."""
    evse = location.evse(evse_uid)
    if evse is None:
        raise Unknown("evse", evse_uid)
    wanted = connector_id.upper()
    connector = next((held for held in evse.connectors if held.id.upper() == wanted), None)
    if connector is None:
        raise Unknown("connector", connector_id)
    changed = connector_from_ocpi(merged(connector_to_ocpi(connector), patch))
    return with_connector(location, evse.uid, changed)


def with_evse(location: Location, evse: Evse) -> Location:
    """The location with this EVSE in the place of the one with the same uid, or added; its time follows.

    Raises Invalid if the EVSE names a parking place that the location does not have."""
    wanted = evse.uid.upper()
    evses = tuple(evse if held.uid.upper() == wanted else held for held in location.evses)
    if all(held is not evse for held in evses):
        evses += (evse,)
    result = msgspec.structs.replace(location, evses=evses, updated_at=max(location.updated_at, evse.updated_at))
    try:
        check_parking(result)
    except Invalid as error:
        raise Invalid("$" + error.path[error.path.index("]") + 1 :], error.reason) from None
    return result


def with_connector(location: Location, evse_uid: str, connector: Connector) -> Location:
    """As with_evse, one level down. Raises Unknown for an EVSE not held."""
    evse = location.evse(evse_uid)
    if evse is None:
        raise Unknown("evse", evse_uid)
    wanted = connector.id.upper()
    connectors = tuple(connector if held.id.upper() == wanted else held for held in evse.connectors)
    if all(held is not connector for held in connectors):
        connectors += (connector,)
    updated_at = max(evse.updated_at, connector.updated_at)
    return with_evse(location, msgspec.structs.replace(evse, connectors=connectors, updated_at=updated_at))
