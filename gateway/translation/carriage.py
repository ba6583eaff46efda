"""What each protocol does not carry of each kind, as the mappings' own tables say it; and when nothing is sent at all.

The fidelity matrix is made of this. The reasons why a payload is withheld are written down here, by the path that the
report of the loss names; tests hold them against what the translations report.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from core.model.authorisation import Authorisation, AuthoriseRequest
from core.model.cdr import Cdr
from core.model.command import Command, CommandOutcome
from core.model.location import Location
from core.model.session import Session
from core.model.tariff import Tariff
from core.model.token import Token
from gateway.translation.model import Kind
from mappings.emip import authorisation as emip_authorisation
from mappings.emip import cdrs as emip_cdrs
from mappings.emip import commands as emip_commands
from mappings.emip import outcomes as emip_outcomes
from mappings.emip import sessions as emip_sessions
from mappings.emip.codes import REFUSAL
from mappings.emip.evse_status import EVSE_STATUS as EMIP_STATUS
from mappings.emip.identification import KIND as EMIP_KIND
from mappings.losses import NotCarried
from mappings.ochp import authorisation as ochp_authorisation
from mappings.ochp import cdrs as ochp_cdrs
from mappings.ochp import codes as ochp
from mappings.ochp import evse_status as ochp_evse_status
from mappings.ochp import locations as ochp_locations
from mappings.ochp import tokens as ochp_tokens
from mappings.ochp.ids import TOKEN_KIND
from mappings.ocpi import authorisation as ocpi_authorisation
from mappings.ocpi import cdrs as ocpi_cdrs
from mappings.ocpi import commands as ocpi_commands
from mappings.ocpi import evses as ocpi_evses
from mappings.ocpi import locations as ocpi_locations
from mappings.ocpi import places as ocpi_places
from mappings.ocpi import sessions as ocpi_sessions
from mappings.ocpi import tariffs as ocpi_tariffs
from mappings.ocpi import tokens as ocpi_tokens
from mappings.ocpi import v2_2_1_losses
from mappings.ocpi.forms import LossTable, Lost
from mappings.ocpi.v2_1_1 import losses as v2_1_1_losses
from mappings.oicp import authorisation as oicp_authorisation
from mappings.oicp import cdrs as oicp_cdrs
from mappings.oicp import codes as oicp
from mappings.oicp import commands as oicp_commands
from mappings.oicp import locations as oicp_locations
from mappings.oicp import pricing as oicp_pricing
from mappings.oicp import reservations as oicp_reservations
from mappings.oicp import sessions as oicp_sessions
from mappings.oicp import tokens as oicp_tokens
from mappings.tables import CodeTable


class Carriage(Struct, frozen=True, kw_only=True):
    """`codes`: the code table of a canonical path. `withheld`: path -> when the payload is not sent at all.

    `only_read`: of what is not carried, what messages that come in say nonetheless, or let conclude."""

    not_carried: NotCarried = {}
    only_read: frozenset[str] = frozenset()
    codes: Mapping[str, CodeTable[Any, Any]] = {}
    withheld: Mapping[str, str] = {}


_NO_EVSE_ID: Final = "no EVSE id in the protocol's form"
_NO_CONTRACT: Final = "no contract id in the protocol's form"

_OCPI: Final = {
    Kind.LOCATION: Carriage(
        not_carried=ocpi_locations.NOT_CARRIED,
        codes={**ocpi_locations.CODES, "energy_mix.energy_sources[].source": ocpi_places.ENERGY_SOURCE},
        withheld={
            "evses[].connectors": "an EVSE without connectors is left out",
            "time_zone": "no time zone is said, and the country has several",
        },
    ),
    Kind.EVSE_STATUS: Carriage(
        not_carried={"status_until": "only OCHP and eMIP say how long a status holds"},
        codes={"status": ocpi_evses.EVSE_STATUS},
        withheld={"uid": "no EVSE is named"},
    ),
    Kind.TOKEN: Carriage(
        not_carried=ocpi_tokens.NOT_CARRIED,
        codes={"whitelist": ocpi_tokens.WHITELIST},
        withheld={"uid": "a hash of a card, or longer than 36 characters"},
    ),
    Kind.AUTHORIZATION_REQUEST: Carriage(not_carried=ocpi_authorisation.REQUEST_NOT_CARRIED),
    Kind.AUTHORIZATION: Carriage(
        not_carried=ocpi_authorisation.NOT_CARRIED,
        codes={"decision": ocpi_authorisation.DECISION},
        withheld={
            "allowed": "said by a status code: there is no AuthorizationInfo",
            "token": "the token is not known",
        },
    ),
    Kind.SESSION: Carriage(
        not_carried=ocpi_sessions.NOT_CARRIED,
        codes={"status": ocpi_sessions.SESSION_STATUS, "auth_method": ocpi_sessions.AUTH_METHOD},
        withheld={
            "location_id": "the place is not known",
            "token": "the eMSP or the uid of the token is not known",
        },
    ),
    Kind.CDR: Carriage(
        not_carried=ocpi_cdrs.NOT_CARRIED,
        codes={
            "auth_method": ocpi_sessions.AUTH_METHOD,
            "periods[].dimensions[].type": ocpi_sessions.DIMENSION_TYPE,
        },
        withheld={
            "location": "coordinates and address of the place are not known",
            "token": "the eMSP or the uid of the token is not known",
            "total_cost": "no price is known; none is invented",
        },
    ),
    Kind.TARIFF: Carriage(
        not_carried=ocpi_tariffs.NOT_CARRIED,
        withheld={
            "tax_included": "it is not known whether prices include taxes",
            "elements": "only the protocol of its owner can say what it costs",
        },
    ),
    Kind.START_SESSION: Carriage(
        not_carried=ocpi_commands.START_NOT_CARRIED,
        withheld={
            "location_id": "the location of the EVSE is not known",
            "token": "no token, or one that OCPI cannot name",
            "connector_id": "the operator wants the connector named, and the EVSE has several",
        },
    ),
    Kind.RESERVE_NOW: Carriage(
        not_carried=ocpi_commands.START_NOT_CARRIED,
        withheld={
            "location_id": "the location of the EVSE is not known",
            "token": "no token, or one that OCPI cannot name",
        },
    ),
    Kind.CANCEL_RESERVATION: Carriage(
        not_carried=ocpi_commands.CANCEL_NOT_CARRIED, withheld={"reservation_id": "no reservation is named"}
    ),
    Kind.STOP_SESSION: Carriage(
        not_carried=ocpi_commands.STOP_NOT_CARRIED, withheld={"session_id": "the operator's session id is not known"}
    ),
    Kind.COMMAND_RESULT: Carriage(
        not_carried=ocpi_commands.OUTCOME_NOT_CARRIED, codes={"outcome": ocpi_commands.RESULT}
    ),
}
_OICP_STOP: Final = Carriage(
    not_carried=oicp_commands.STOP_NOT_CARRIED,
    withheld={"evse_id": _NO_EVSE_ID, "journey_id": "no SessionID is known", "ProviderID": "no EMSP is known"},
)
_OICP: Final = {
    Kind.LOCATION: Carriage(
        not_carried=oicp_locations.NOT_CARRIED,
        codes={
            "evses[].connectors[].standard": oicp.PLUGS,
            "evses[].connectors[].power_type": oicp.POWER_TYPE,
            "evses[].authentication_modes[]": oicp.AUTHENTICATION_MODE,
            "parking_type": oicp.PARKING_TYPE,
            "energy_mix.energy_sources[].source": oicp.ENERGY,
        },
        withheld={
            "publish": "not published by its owner",
            "evses": "no EVSE at all",
            "evses[]": "planned or removed; no EVSE id, plug, power or telephone number that OICP demands",
        },
    ),
    Kind.EVSE_STATUS: Carriage(
        not_carried={
            "updated_at": "OICP's record has no time",
            "status_until": "only OCHP and eMIP say how long a status holds",
        },
        codes={"status": oicp.EVSE_STATUS},
        withheld={"evse_id": _NO_EVSE_ID, "status": "OICP has no word for it"},
    ),
    Kind.TOKEN: Carriage(
        not_carried=oicp_tokens.NOT_CARRIED,
        codes={"rfid_family": oicp.RFID_FAMILY},
        withheld={"uid": "not valid, to be asked for each time, or without an identification that OICP has"},
    ),
    Kind.AUTHORIZATION_REQUEST: Carriage(
        not_carried=oicp_authorisation.NOT_CARRIED,
        withheld={"uid": "no identification of OICP", "kind": "a user of an app is not asked about"},
    ),
    Kind.AUTHORIZATION: Carriage(not_carried=oicp_authorisation.ANSWER_NOT_CARRIED),
    Kind.SESSION: Carriage(
        not_carried=oicp_sessions.NOT_CARRIED,
        codes={"status": oicp_sessions.STATUS},
        withheld={
            "status": "OICP notifies of a session once it charges",
            "journey_id": "no SessionID is known",
            "evse_uid": _NO_EVSE_ID,
        },
    ),
    Kind.CDR: Carriage(
        not_carried=oicp_cdrs.NOT_CARRIED,
        only_read=frozenset({"auth_method"}),
        withheld={
            "credit": "a record cannot be taken back",
            "journey_id": "no SessionID is known",
            "location.evse_id": _NO_EVSE_ID,
            "total_energy_kwh": "the energy is not said, which OICP demands",
            "token": "no identification of OICP",
        },
    ),
    Kind.TARIFF: Carriage(not_carried=oicp_pricing.NOT_CARRIED, withheld=oicp_pricing.WITHHELD),
    Kind.START_SESSION: Carriage(
        not_carried=oicp_commands.START_NOT_CARRIED,
        withheld={"evse_id": _NO_EVSE_ID, "token.contract_id": _NO_CONTRACT},
    ),
    Kind.STOP_SESSION: _OICP_STOP,
    Kind.RESERVE_NOW: Carriage(
        not_carried=oicp_reservations.NOT_CARRIED,
        withheld={
            "evse_id": _NO_EVSE_ID,
            "token.contract_id": _NO_CONTRACT,
            "expires_at": "it has passed, or lies more than 99 minutes ahead",
        },
    ),
    Kind.CANCEL_RESERVATION: _OICP_STOP,
    Kind.COMMAND_RESULT: Carriage(
        not_carried=oicp_commands.OUTCOME_NOT_CARRIED, codes={"outcome": oicp_commands.RESULT}
    ),
}
_OCHP: Final = {
    Kind.LOCATION: Carriage(
        not_carried=ochp_locations.NOT_CARRIED,
        only_read=frozenset({"evses[].payment_options"}),
        codes={
            "evses[].status": ochp.STATIC_STATUS,
            "evses[].connectors[].standard": ochp.CONNECTOR_STANDARD,
            "evses[].connectors[].power_type": ochp.CURRENT,
            "evses[].authentication_modes[]": ochp.AUTH_METHOD,
            "evses[].parking_restrictions[]": ochp.RESTRICTION,
            "parking_type": ochp.PARKING_TYPE,
            "images[].category": ochp.IMAGE,
        },
        withheld={
            "publish": "not published by its owner",
            "evses": "no EVSE at all",
            "evses[]": "a test station; no EVSE id, country, connector or way to identify that OCHP can say",
        },
    ),
    Kind.EVSE_STATUS: Carriage(
        not_carried=ochp_evse_status.NOT_CARRIED,
        codes={"status": ochp.LIVE_STATUS},
        withheld={"evse_id": _NO_EVSE_ID, "status": "said by the charge point's static status"},
    ),
    Kind.TOKEN: Carriage(
        not_carried=ochp_tokens.NOT_CARRIED,
        codes={"kind": TOKEN_KIND, "rfid_family": ochp.RFID_FAMILY},
        withheld={
            "uid": "belongs into no list: a user of an app, or to be asked for each time",
            "kind": "OCHP has no such token",
            "contract_id": _NO_CONTRACT,
        },
    ),
    Kind.AUTHORIZATION_REQUEST: Carriage(
        not_carried=ochp_authorisation.REQUEST_NOT_CARRIED,
        codes={"kind": TOKEN_KIND},
        withheld={"kind": "OCHP has no such token"},
    ),
    Kind.AUTHORIZATION: Carriage(
        not_carried=ochp_authorisation.NOT_CARRIED,
        codes={"decision": ochp.DECISION},
        withheld={
            "evse_uids": "an allowance for some EVSEs only is answered as a no",
            "contract_id": "an allowance without a contract is answered as a no",
        },
    ),
    Kind.CDR: Carriage(
        not_carried=ochp_cdrs.NOT_CARRIED,
        only_read=frozenset({"auth_method", "tariffs"}),
        codes={"token.kind": TOKEN_KIND, "periods[].dimensions[].type": ochp.BILLING_ITEM},
        withheld={
            "credit": "a record cannot be taken back by another",
            "location.evse_id": _NO_EVSE_ID,
            "location.country": "the country of the place is not known",
            "location.connector_standard": "no connector that OCHP can say",
            "token": "OCHP has no such token, or none is known",
            "token.contract_id": _NO_CONTRACT,
            "currency": "no price is known; none is invented",
            "total_cost": "no price is known; none is invented",
        },
    ),
}
_EMIP: Final = {
    Kind.EVSE_STATUS: Carriage(
        codes={"status": EMIP_STATUS}, withheld={"evse_id": _NO_EVSE_ID, "status": "nothing that eMIP could say"}
    ),
    Kind.AUTHORIZATION_REQUEST: Carriage(
        not_carried=emip_authorisation.NOT_CARRIED,
        only_read=frozenset({"operator_session_id"}),
        codes={"kind": EMIP_KIND},
        withheld={"evse_id": "not one EVSE with an id in eMIP's form", "uid": "eMIP cannot identify by it"},
    ),
    Kind.AUTHORIZATION: Carriage(
        not_carried=emip_authorisation.ANSWER_NOT_CARRIED,
        only_read=frozenset({"issuer_session_id"}),
        codes={"decision": REFUSAL},
    ),
    Kind.SESSION: Carriage(
        not_carried=emip_sessions.NOT_CARRIED,
        only_read=frozenset({"currency"}),
        codes={"status": emip_sessions.STATUS},
        withheld={"status": "eMIP reports a session when it has begun"},
    ),
    Kind.CDR: Carriage(
        not_carried=emip_cdrs.NOT_CARRIED,
        codes={"token.kind": EMIP_KIND},
        withheld={
            "credit": "a record cannot be taken back",
            "journey_id": "no serviceSessionId is known",
            "location.evse_id": _NO_EVSE_ID,
            "token": "eMIP cannot identify by it",
        },
    ),
    Kind.START_SESSION: Carriage(
        not_carried=emip_commands.START_NOT_CARRIED,
        codes={"token.kind": EMIP_KIND},
        withheld={"evse_id": _NO_EVSE_ID, "token": "a driver that eMIP cannot name", "operatorId": "no EMSP is known"},
    ),
    Kind.STOP_SESSION: Carriage(
        not_carried=emip_commands.STOP_NOT_CARRIED, withheld={"operatorId": "no EMSP is known"}
    ),
    Kind.COMMAND_RESULT: Carriage(not_carried=emip_outcomes.NOT_CARRIED, codes={"outcome": emip_outcomes.START_RESULT}),
}

_TYPES: Final = {
    Kind.LOCATION: Location,
    Kind.TOKEN: Token,
    Kind.AUTHORIZATION_REQUEST: AuthoriseRequest,
    Kind.AUTHORIZATION: Authorisation,
    Kind.SESSION: Session,
    Kind.CDR: Cdr,
    Kind.TARIFF: Tariff,
    Kind.START_SESSION: Command,
    Kind.RESERVE_NOW: Command,
    Kind.COMMAND_RESULT: CommandOutcome,
}
Conditions = Mapping[Kind, Mapping[str, str]]
_2_2_1: Final[Conditions] = {
    Kind.LOCATION: {"evses[].connectors[].standard": "an EVSE none of whose plugs has a word is left out"},
    Kind.TARIFF: {"elements": "it prices nothing but bookings"},
}
_2_1_1: Final[Conditions] = {
    Kind.LOCATION: {**_2_2_1[Kind.LOCATION], "publish": "not published by its owner"},
    Kind.SESSION: {"location_id": "the place is not known", "token.contract_id": "the contract is not known"},
    Kind.CDR: {"credit": "a credit would read as a charge", "token.contract_id": "the contract is not known"},
    Kind.TARIFF: {
        "elements": "it prices nothing but bookings and reservations, or depends on the current",
        "min_price": "a limit of the price cannot be said",
        "max_price": "a limit of the price cannot be said",
        "tax_included": "prices include taxes of an unknown rate",
        "starts_at": "not valid now",
        "ends_at": "not valid now",
    },
}


def _older(lost: Lost, withheld: Conditions) -> dict[Kind, Carriage]:
    """What an older version of OCPI does not carry: what 2.3.0 does not, and what its own tables say."""
    tables = {kind: lost.get(held) for kind, held in _TYPES.items()}
    return {kind: _with(held, tables.get(kind), withheld.get(kind, {})) for kind, held in _OCPI.items()}


def _with(carriage: Carriage, table: LossTable | None, withheld: Mapping[str, str]) -> Carriage:
    table = table or LossTable()
    return Carriage(
        not_carried={**carriage.not_carried, **table.not_carried},
        only_read=carriage.only_read,
        codes={**carriage.codes, **table.codes},
        withheld={**carriage.withheld, **withheld},
    )


CARRIAGE: Final[Mapping[str, Mapping[Kind, Carriage]]] = {
    "ocpi-2.3.0": _OCPI,
    "ocpi-2.2.1": _older(v2_2_1_losses.LOST, _2_2_1),
    "ocpi-2.1.1": _older(v2_1_1_losses.LOST, _2_1_1),
    "oicp-2.3": _OICP,
    "ochp-1.4": _OCHP,
    "emip-0.7.4": _EMIP,
}
