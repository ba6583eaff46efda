"""How a simulated network says in older versions of OCPI what it thinks in 2.3.0, and understands what it is told.

Written from the specifications and not with the hub's own mappings: who tests the hub must not share its errors.
Source: OCPI 2.1.1 and 2.2.1, all modules."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec import Struct

from gateway.simulator.network import bare
from gateway.simulator.ocpi.objects import Object

Places = Mapping[str, Object]
"""A network's own locations, by id."""
Said = Callable[[Object, Places], Object]
Understood = Callable[[Object], Object]


class Speech(Struct, frozen=True, eq=False):
    """`said` and `understood` by kind of object; what is not in them is the same. `lacks`: commands and modules.

    `single_party`: the connection says whose everything is; then there are no routing headers, modules have no roles
    and tokens are sent raw."""

    id: str
    said: Mapping[str, Said] = {}
    understood: Mapping[str, Understood] = {}
    single_party: bool = False
    lacks: frozenset[str] = frozenset()

    def say(self, kind: str, found: Object, places: Places) -> Object:
        return self.said[kind](found, places) if kind in self.said else found

    def understand(self, kind: str, found: Object) -> Object:
        return self.understood[kind](found) if kind in self.understood else found


KIND: Final = {"locations": "location", "tariffs": "tariff", "tokens": "token", "sessions": "session", "cdrs": "cdr"}
"""What a module holds."""


def _without(found: Object, names: Iterable[str]) -> Object:
    left = frozenset(names)
    return {name: value for name, value in found.items() if name not in left}


def _renamed(found: Object, names: Mapping[str, str]) -> Object:
    return {names.get(name, name): value for name, value in found.items()}


# --- 2.2.1


def _price_2_2_1(cost: Object) -> Object:
    taxes = sum(tax["amount"] for tax in cost.get("taxes") or ())
    return {"excl_vat": cost["before_taxes"], "incl_vat": cost["before_taxes"] + taxes}


def _with_prices(found: Object, _: Places) -> Object:
    costs = {name: _price_2_2_1(value) for name, value in found.items() if name.endswith("_cost")}
    tariffs = {"tariffs": [_tariff_2_2_1(one, {}) for one in found["tariffs"]]} if "tariffs" in found else {}
    return found | costs | tariffs


def _location_2_2_1(found: Object, _: Places) -> Object:
    return _without(found, ("help_phone",))


def _tariff_2_2_1(found: Object, _: Places) -> Object:
    return _without(found, ("tax_included",))


def _cost_of_2_2_1(found: Object) -> Object:
    cost = found.get("total_cost")
    if cost is None or "excl_vat" not in cost:
        return found
    taxes = [{"name": "VAT", "amount": cost["incl_vat"] - cost["excl_vat"]}] if "incl_vat" in cost else None
    return found | {"total_cost": {"before_taxes": cost["excl_vat"], "taxes": taxes}}


# --- 2.1.1

_OWNER: Final = ("country_code", "party_id")
_SESSION: Final = {"start_date_time": "start_datetime", "end_date_time": "end_datetime"}
_REFERENCES: Final = (*_OWNER, "cdr_token", "location_id", "evse_uid", "connector_id", "authorization_reference")


def _location_2_1_1(found: Object, _: Places) -> Object:
    kept = _without(_renamed(found, {"parking_type": "type"}), (*_OWNER, "publish", "help_phone"))
    kept.setdefault("postal_code", "00000")
    return kept | {
        "evses": [evse | {"connectors": [_connector(one) for one in evse["connectors"]]} for evse in found["evses"]]
    }


def _connector(found: Object) -> Object:
    kept = _renamed(found, {"max_voltage": "voltage", "max_amperage": "amperage"})
    tariff = {"tariff_id": found["tariff_ids"][0]} if found.get("tariff_ids") else {}
    return _without(kept, ("max_electric_power", "tariff_ids")) | tariff


def _token_2_1_1(found: Object, _: Places) -> Object:
    return _without(_renamed(found, {"contract_id": "auth_id"}), _OWNER)


def _tariff_2_1_1(found: Object, _: Places) -> Object:
    elements = [
        element | {"price_components": [_without(one, ("vat",)) for one in element["price_components"]]}
        for element in found["elements"]
    ]
    return _without(found, (*_OWNER, "tax_included")) | {"elements": elements}


def _at(places: Places, location_id: str, evse_uid: str) -> Object:
    """The place of a session, with the one EVSE."""
    place = _location_2_1_1(places[location_id], places)
    return place | {"evses": [evse for evse in place["evses"] if evse["uid"] == evse_uid]}


def _method(said: str) -> str:
    return "AUTH_REQUEST" if said == "COMMAND" else said


def _session_2_1_1(found: Object, places: Places) -> Object:
    """Of a change, too."""
    kept = _without(_renamed(found, _SESSION), _REFERENCES)
    if "cdr_token" in found:
        kept["auth_id"] = found["cdr_token"]["contract_id"]
        kept["location"] = _at(places, found["location_id"], found["evse_uid"])
        kept["auth_method"] = _method(found["auth_method"])
    if "total_cost" in found:
        kept["total_cost"] = found["total_cost"]["before_taxes"]
    return kept


def _cdr_2_1_1(found: Object, places: Places) -> Object:
    place = found["cdr_location"]
    periods = [_without(period, ("tariff_id",)) for period in found["charging_periods"]]
    kept = _renamed(found, {"end_date_time": "stop_date_time"})
    return _without(kept, (*_REFERENCES, "cdr_location", "session_id", "total_energy_cost")) | {
        "auth_id": found["cdr_token"]["contract_id"],
        "auth_method": _method(found["auth_method"]),
        "location": _at(places, place["id"], place["evse_uid"]),
        "tariffs": [_tariff_2_1_1(tariff, places) for tariff in found["tariffs"]],
        "charging_periods": periods,
        "total_cost": found["total_cost"]["before_taxes"],
    }


def _info_2_1_1(found: Object, _: Places) -> Object:
    return _without(found, ("token", "authorization_reference"))


def _command_2_1_1(found: Object, places: Places) -> Object:
    number = {"reservation_id": int(found["reservation_id"])} if "reservation_id" in found else {}
    kept = _without(found, ("authorization_reference", "connector_id")) | number
    return kept | {"token": _token_2_1_1(found["token"], places)} if "token" in found else kept


def _response_2_1_1(found: Object, _: Places) -> Object:
    return _without(found, ("timeout",))


def _owner_by(name: str) -> Object:
    """Of a contract or an EVSE, by its id."""
    key = bare(name).replace("-", "")
    return {"country_code": key[:2], "party_id": key[2:5]}


def _location_of_2_1_1(found: Object) -> Object:
    named = next((evse["evse_id"] for evse in found.get("evses", ()) if evse.get("evse_id")), None)
    return (_owner_by(named) if named else {}) | found


def _token_of_2_1_1(found: Object) -> Object:
    return _owner_by(found["auth_id"]) | _renamed(found, {"auth_id": "contract_id"})


def _session_of_2_1_1(found: Object) -> Object:
    kept = _without(_renamed(found, {old: new for new, old in _SESSION.items()}), ("location", "auth_id"))
    if "location" not in found:
        return kept
    place = _location_of_2_1_1(found["location"])
    evse: Object = next(iter(place.get("evses", ())), {})
    owner = {name: place[name] for name in _OWNER if name in place}
    token = {"uid": None, "contract_id": found["auth_id"]}
    return owner | kept | {"cdr_token": token, "location_id": place["id"], "evse_uid": evse.get("uid")}


def _cdr_of_2_1_1(found: Object) -> Object:
    kept = _session_of_2_1_1(_renamed(found, {"stop_date_time": "end_datetime", "start_date_time": "start_datetime"}))
    evse = found["location"]["evses"][0]
    cost = {"before_taxes": found["total_cost"], "taxes": None}
    return kept | {"cdr_location": {"evse_id": evse.get("evse_id") or evse["uid"]}, "total_cost": cost}


def _command_of_2_1_1(found: Object) -> Object:
    number = {"reservation_id": str(found["reservation_id"])} if "reservation_id" in found else {}
    return found | number | ({"token": _token_of_2_1_1(found["token"])} if "token" in found else {})


V2_3_0: Final = Speech("2.3.0")
V2_2_1: Final = Speech(
    "2.2.1",
    said={"location": _location_2_2_1, "tariff": _tariff_2_2_1, "session": _with_prices, "cdr": _with_prices},
    understood={"cdr": _cost_of_2_2_1, "session": _cost_of_2_2_1},
)
V2_1_1: Final = Speech(
    "2.1.1",
    said={
        "location": _location_2_1_1,
        "token": _token_2_1_1,
        "tariff": _tariff_2_1_1,
        "session": _session_2_1_1,
        "cdr": _cdr_2_1_1,
        "info": _info_2_1_1,
        "command": _command_2_1_1,
        "response": _response_2_1_1,
    },
    understood={
        "location": _location_of_2_1_1,
        "token": _token_of_2_1_1,
        "session": _session_of_2_1_1,
        "cdr": _cdr_of_2_1_1,
        "command": _command_of_2_1_1,
    },
    single_party=True,
    lacks=frozenset({"CANCEL_RESERVATION", "chargingprofiles"}),
)
VERSIONS: Final[dict[str, Speech]] = {speech.id: speech for speech in (V2_3_0, V2_2_1, V2_1_1)}


def speech_of(version: str) -> Speech:
    """Raises ValueError for a version that no simulated network speaks."""
    found = VERSIONS.get(version)
    if found is None:
        raise ValueError(f"OCPI {version}: one of {', '.join(VERSIONS)} is expected")
    return found
