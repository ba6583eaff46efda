"""Every inbound golden that is a kind of `translate`, by protocol; and what a running hub would know beside it."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from gateway.translation.model import Context, Kind
from gateway.translation.translate import read_context
from tests.unit.gateway.test_translate import LOCATION, TARIFF

GOLDEN = Path(__file__).parents[1] / "golden"
OCPI, OICP, OCHP, EMIP = "ocpi-2.3.0", "oicp-2.3", "ochp-1.4", "emip-0.7.4"
PROTOCOLS = (OCPI, OICP, OCHP, EMIP)

_FILES: dict[str, dict[Kind, tuple[str, ...]]] = {
    OCPI: {
        Kind.LOCATION: ("location/*",),
        Kind.EVSE_STATUS: ("evse_patch/*",),
        Kind.TOKEN: ("token/*",),
        Kind.AUTHORIZATION: ("authorization_info/*",),
        Kind.SESSION: ("session/*",),
        Kind.CDR: ("cdr/*",),
        Kind.TARIFF: ("tariff/*",),
        Kind.START_SESSION: ("start_session/*",),
        Kind.STOP_SESSION: ("stop_session/*",),
        Kind.RESERVE_NOW: ("reserve_now/*",),
        Kind.CANCEL_RESERVATION: ("cancel_reservation/*",),
        Kind.COMMAND_RESULT: ("command_result/*", "command_response/*"),
    },
    OICP: {
        Kind.AUTHORIZATION_REQUEST: ("authorize_start/*",),
        Kind.AUTHORIZATION: ("authorization_start/*",),
        Kind.CDR: ("charge_detail_record/*",),
        Kind.TARIFF: ("pricing_product_set/*",),
        Kind.START_SESSION: ("authorize_remote_start/*",),
        Kind.STOP_SESSION: ("authorize_remote_stop/*",),
        Kind.RESERVE_NOW: ("authorize_remote_reservation_start/*",),
        Kind.CANCEL_RESERVATION: ("authorize_remote_reservation_stop/*",),
        Kind.COMMAND_RESULT: ("acknowledgement/*",),
    },
    OCHP: {
        Kind.LOCATION: ("set_charge_point_list/request",),
        Kind.EVSE_STATUS: ("update_status/request", "get_status/combined"),
        Kind.TOKEN: ("set_roaming_authorisation_list/request",),
        Kind.AUTHORIZATION_REQUEST: ("get_single_roaming_authorisation/request",),
        Kind.AUTHORIZATION: ("get_single_roaming_authorisation/found", "get_single_roaming_authorisation/unknown"),
        Kind.CDR: ("add_cdrs/request", "get_cdrs/response"),
    },
    EMIP: {
        Kind.EVSE_STATUS: ("to_set_evse_*_status/request",),
        Kind.AUTHORIZATION_REQUEST: ("*_get_service_authorisation/*request",),
        Kind.AUTHORIZATION: ("*_get_service_authorisation/*_response",),
        Kind.SESSION: ("*_set_session_event_report/request",),
        Kind.CDR: ("to_set_charge_detail_record/[fm]i*_request", "from_set_charge_detail_record/request"),
        Kind.START_SESSION: ("*_set_service_authorisation/request",),
        Kind.STOP_SESSION: ("*_set_session_action_request/request",),
    },
}
QUESTION = {"token_uid": "04A1B2C3D4E5F6", "type": "RFID", "location": {"location_id": "LOC1", "evse_uids": ["3256"]}}


class Payload(NamedTuple):
    protocol: str
    kind: Kind
    name: str
    content: bytes


@cache
def payloads() -> tuple[Payload, ...]:
    return (*_from_files(), *_records())


def _from_files() -> Iterator[Payload]:
    for protocol, kinds in _FILES.items():
        folder = protocol.partition("-")[0]
        for kind, patterns in kinds.items():
            for path in sorted({path for pattern in patterns for path in (GOLDEN / folder).glob(f"{pattern}.*")}):
                yield Payload(protocol, kind, f"{path.parent.name}/{path.stem}", path.read_bytes())


def _records() -> Iterator[Payload]:
    """What stands alone in no golden."""
    yield Payload(OCPI, Kind.AUTHORIZATION_REQUEST, "question", json.dumps(QUESTION).encode())
    shown = json.loads((GOLDEN / "ocpi/location/rich.json").read_text()) | {"publish": True}
    del shown["publish_allowed_to"]
    yield Payload(OCPI, Kind.LOCATION, "location/rich, published", json.dumps(shown).encode())
    for name in ("din_operator", "full_load"):
        message = json.loads((GOLDEN / f"oicp/push_evse_data/{name}.json").read_text())
        for index, record in enumerate(message["OperatorEvseData"]["EvseDataRecord"]):
            yield Payload(OICP, Kind.LOCATION, f"push_evse_data/{name}/{index}", json.dumps(record).encode())
    message = json.loads((GOLDEN / "oicp/push_authentication_data/all_media.json").read_text())
    for index, record in enumerate(message["ProviderAuthenticationData"]["AuthenticationDataRecord"]):
        if "PIN" in str(record).replace("HashedPIN", ""):
            continue  # refused: a clear PIN is hashed by the hub first
        yield Payload(OICP, Kind.TOKEN, f"push_authentication_data/{index}", json.dumps(record).encode())
    for word in ("Available", "Reserved", "Occupied", "OutOfService", "Unknown"):
        status = {"EvseID": "DE*ABC*E1", "EvseStatus": word}
        yield Payload(OICP, Kind.EVSE_STATUS, word, json.dumps(status).encode())


def context(target: str, kind: Kind) -> Context:
    """As of a running hub; answers answer the target's own question."""
    known: dict[str, Any] = {
        "now": "2026-01-15T11:00:00Z",
        "locations": [LOCATION],
        "tariffs": [TARIFF],
        "parties": [
            {"country_code": "DE", "party_id": "ABC", "role": "CPO"},
            {"country_code": "DE", "party_id": "ELK", "role": "EMSP"},
        ],
    }
    if kind is Kind.AUTHORIZATION:
        known["request"] = _question(target)
    return read_context(known)


def _question(target: str) -> Any:
    if target == OCPI:
        return QUESTION
    if target == OICP:
        return json.loads((GOLDEN / "oicp/authorize_start/rfid.json").read_text())
    name = (
        "ochp/get_single_roaming_authorisation/request"
        if target == OCHP
        else ("emip/to_get_service_authorisation/badge_request")
    )
    return (GOLDEN / f"{name}.xml").read_text()
