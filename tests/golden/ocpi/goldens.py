"""The golden messages of OCPI, with the wire type of each folder."""

from pathlib import Path
from typing import Any

from protocols.ocpi.wire import (
    cdrs,
    commands,
    credentials,
    hubclientinfo,
    locations,
    sessions,
    tariffs,
    tokens,
    versions,
)
from protocols.transport.json_codec import decode

HERE = Path(__file__).parent
TYPES: dict[str, Any] = {
    "location": locations.Location,
    "evse": locations.Evse,
    "connector": locations.Connector,
    "token": tokens.Token,
    "authorization_info": tokens.AuthorizationInfo,
    "location_references": tokens.LocationReferences,
    "session": sessions.Session,
    "cdr": cdrs.Cdr,
    "tariff": tariffs.Tariff,
    "credentials": credentials.Credentials,
    "version": versions.Version,
    "version_details": versions.VersionDetails,
    "client_info": hubclientinfo.ClientInfo,
    "start_session": commands.StartSession,
    "stop_session": commands.StopSession,
    "reserve_now": commands.ReserveNow,
    "cancel_reservation": commands.CancelReservation,
    "unlock_connector": commands.UnlockConnector,
    "command_response": commands.CommandResponse,
    "command_result": commands.CommandResult,
    "charging_preferences": sessions.ChargingPreferences,
    "location_patch": locations.LocationPatch,
    "evse_patch": locations.EvsePatch,
    "connector_patch": locations.ConnectorPatch,
    "token_patch": tokens.TokenPatch,
    "session_patch": sessions.SessionPatch,
}
NAMES = sorted(f"{path.parent.name}/{path.stem}" for path in HERE.glob("*/*.json"))


def body(name: str) -> bytes:
    return (HERE / f"{name}.json").read_bytes()


def kind(name: str) -> Any:
    return TYPES[name.split("/")[0]]


def golden(name: str) -> Any:
    """The decoded message `cdr/rich`."""
    return decode(body(name), kind(name))
