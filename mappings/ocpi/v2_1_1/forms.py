"""The table of OCPI 2.1.1."""

from typing import Any, Final

from mappings.ocpi.forms import About, Form, Forms, in_ascii, never, unchanged, whole_seconds
from mappings.ocpi.v2_1_1 import billing, config, names, tariffs, tokens
from mappings.ocpi.v2_1_1 import locations as places
from protocols.ocpi.wire import cdrs, commands, credentials, locations, sessions, versions
from protocols.ocpi.wire import tariffs as wire_tariffs
from protocols.ocpi.wire import tokens as wire_tokens
from protocols.ocpi.wire import v2_1_1 as wire
from protocols.ocpi.wire import v2_1_1_locations as wire_places
from protocols.ocpi.wire.hubclientinfo import ClientInfo


def _form(wire_type: Any, newer: Any, older: Any) -> Form:
    """Ids are those that everybody uses on the one side, and those that the partner knows on the other."""

    def said(message: Any, about: About) -> Any:
        told = names.told(whole_seconds(older(message, about)), message, about)
        return in_ascii(told) if about.switches.ascii_texts else told

    return Form(wire_type, lambda message, about: newer(names.heard(message, about), about), said)


FORMS: Final[Forms] = {
    versions.VersionDetails: _form(wire.VersionDetails, config.details_newer, config.details_older),
    credentials.Credentials: _form(wire.Credentials, config.credentials_newer, config.credentials_older),
    ClientInfo: Form(ClientInfo, never, never),
    locations.Location: _form(wire_places.Location, places.location_newer, places.location_older),
    locations.LocationPatch: _form(wire_places.LocationPatch, places.location_patch_newer, places.location_patch_older),
    locations.Evse: _form(wire_places.Evse, places.evse_newer, places.evse_older),
    locations.EvsePatch: _form(wire_places.EvsePatch, places.evse_patch_newer, places.evse_patch_older),
    locations.Connector: _form(wire_places.Connector, places.connector_newer, places.connector_older),
    locations.ConnectorPatch: _form(
        wire_places.ConnectorPatch, places.connector_patch_newer, places.connector_patch_older
    ),
    sessions.Session: _form(wire.Session, billing.session_newer, billing.session_older),
    sessions.SessionPatch: _form(wire.SessionPatch, billing.session_patch_newer, billing.session_patch_older),
    cdrs.Cdr: _form(wire.Cdr, billing.cdr_newer, billing.cdr_older),
    wire_tariffs.Tariff: _form(wire.Tariff, tariffs.tariff_newer, tariffs.tariff_older),
    wire.TariffPatch: _form(wire.TariffPatch, tariffs.tariff_patch_newer, never),
    wire_tokens.Token: _form(wire.Token, tokens.token_newer, tokens.token_older),
    wire_tokens.TokenPatch: _form(wire.TokenPatch, tokens.token_patch_newer, tokens.token_patch_older),
    wire_tokens.LocationReferences: _form(wire.LocationReferences, tokens.references_newer, tokens.references_older),
    wire_tokens.AuthorizationInfo: _form(wire.AuthorizationInfo, tokens.info_newer, tokens.info_older),
    commands.StartSession: _form(wire.StartSession, tokens.start_session_newer, tokens.start_session_older),
    commands.StopSession: _form(commands.StopSession, unchanged, unchanged),
    commands.UnlockConnector: _form(commands.UnlockConnector, unchanged, unchanged),
    commands.ReserveNow: _form(wire.ReserveNow, tokens.reserve_now_newer, tokens.reserve_now_older),
    commands.CommandResponse: _form(wire.CommandAnswer, tokens.response_newer, tokens.response_older),
    commands.CommandResult: _form(wire.CommandAnswer, tokens.result_newer, tokens.result_older),
}
