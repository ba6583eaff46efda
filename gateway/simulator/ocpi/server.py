"""What any simulated OCPI network serves: versions, credentials, its own objects, and what the hub pushes to it."""

import base64
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from core.model.ids import PartyId
from gateway.simulator.faults import OF_HTTP, Fault
from gateway.simulator.network import Network
from gateway.simulator.ocpi.objects import Object, stamp
from gateway.simulator.ocpi.versions import KIND, V2_3_0, speech_of
from gateway.simulator.server import Answer, Request
from protocols.transport.json_codec import encode

SENDER_MODULES: Final = {"CPO": ("locations", "sessions", "cdrs", "tariffs"), "EMSP": ("tokens", "chargingprofiles")}
RECEIVER_MODULES: Final = {
    "CPO": ("tokens", "commands", "chargingprofiles"),
    "EMSP": ("locations", "sessions", "cdrs", "tariffs"),
}
LIMIT: Final = 1000
_ECHOED: Final[frozenset[str]] = frozenset({"x-request-id", "x-correlation-id"})


class OcpiServer(Network):
    """`mine` are the objects that this network owns, by module and id; `theirs` what others pushed, by path."""

    possible_faults: ClassVar[frozenset[Fault]] = OF_HTTP | {Fault.ONE_ITEM_PAGES, Fault.WRONG_TOKEN}

    def __init__(self, name: str, party: PartyId, role: str, hub_url: str, *, thinks_s: float = 0.0) -> None:
        super().__init__(name, party, role, hub_url, thinks_s=thinks_s)
        self.mine: dict[str, dict[str, Object]] = {module: {} for module in SENDER_MODULES[role]}
        self.theirs: dict[str, dict[str, Object]] = {module: {} for module in RECEIVER_MODULES[role]}
        self.reachable: list[Object] = []
        self.hub_token = ""
        self.speech = V2_3_0

    def speak(self, version: str) -> None:
        """Before it joins. Raises ValueError for a version that it cannot speak."""
        self.speech = speech_of(version)

    def said(self, kind: str, found: Object) -> Object:
        return self.speech.say(kind, found, self.mine.get("locations", {}))

    def credentials(self, token: str) -> Object:
        base = {"token": token, "url": f"{self.url}/ocpi/versions"}
        party = {
            "business_details": {"name": self.name},
            "party_id": self.party.party_id,
            "country_code": self.party.country_code,
        }
        return base | (party if self.speech.single_party else {"roles": [{"role": self.role, **party}]})

    async def _answer(self, request: Request, body: Any) -> Answer:
        if not self._is_hub(request) or self.faulty(Fault.WRONG_TOKEN):
            return self._envelope(request, 2000, http=401, message="unknown token")
        spoken = self.speech.id
        match request.parts:
            case ("ocpi", "versions"):
                return self._envelope(request, data=[{"version": spoken, "url": f"{self.url}/ocpi/{spoken}"}])
            case ("ocpi", version) if version == spoken:
                return self._envelope(request, data={"version": spoken, "endpoints": self._published()})
            case ("ocpi", version, "credentials") if version == spoken:
                return self._envelope(request, data=self.credentials(self.hub_token))
            case ("ocpi", version, "hubclientinfo", *_) if version == spoken and request.method == "PUT":
                return self._envelope(request)
            case ("ocpi", version, module, *rest) if version == spoken:
                return await self._module(request, module, tuple(rest), body)
        return self._envelope(request, 2000, http=404, message="no such path")

    async def _module(self, request: Request, module: str, rest: tuple[str, ...], body: Any) -> Answer:
        """What both roles serve; a role adds its own."""
        if module in self.mine and request.method == "GET":
            return self._own(request, module, rest)
        if module in self.theirs:
            return self._pushed(request, module, rest, body)
        known = module in RECEIVER_MODULES[self.role] or module in self.mine
        return self._envelope(request, 2000, http=405 if known else 404, message="not served")

    def _own(self, request: Request, module: str, rest: tuple[str, ...]) -> Answer:
        """A page of our own objects, or one of them."""
        if rest:
            held = self.mine[module].get(rest[0])
            found = _inside(self.said(KIND.get(module, module), held), rest[1:]) if held else None
            return self._envelope(request, data=found) if found else self._envelope(request, 2003, http=404)
        begin, end = request.query.get("date_from", ""), request.query.get("date_to", "~")
        listed = [held for held in self.mine[module].values() if begin <= held["last_updated"] < end]
        offset = int(request.query.get("offset", "0"))
        most = 1 if self.faulty(Fault.ONE_ITEM_PAGES) else LIMIT
        limit = min(int(request.query.get("limit", str(most))), most)
        headers = {"x-total-count": str(len(listed)), "x-limit": str(most)}
        if offset + limit < len(listed):
            dates = "".join(
                f"&{name}={request.query[name]}" for name in ("date_from", "date_to") if name in request.query
            )
            headers["link"] = f'<{self.url}{request.path}?offset={offset + limit}&limit={limit}{dates}>; rel="next"'
        page = [self.said(KIND.get(module, module), held) for held in listed[offset : offset + limit]]
        return self._envelope(request, data=page, headers=headers)

    def _pushed(self, request: Request, module: str, rest: tuple[str, ...], body: Any) -> Answer:
        """PUT, PATCH, GET and DELETE of what another party owns; EVSEs and connectors live inside their location."""
        held = self.theirs[module]
        if isinstance(body, dict) and len(rest) == 3:
            body = self.speech.understand(KIND.get(module, module), body)
        key, inner = "/".join(rest[:3]).upper(), rest[3:]
        if len(rest) < 3:
            return self._envelope(request, 2001, http=404)
        if request.method == "DELETE":
            return self._envelope(request, 1000) if held.pop(key, None) else self._envelope(request, 2003, http=404)
        if request.method == "PUT" and not inner:
            known = key in held
            held[key] = body
            return self._envelope(request, http=200 if known else 201)
        target = _inside(held.get(key), inner)
        if target is None:
            return self._envelope(request, 2003, http=404)
        if request.method == "GET":
            return self._envelope(request, data=target)
        if request.method == "PUT":
            target.clear()
        target |= body
        held[key]["last_updated"] = max(held[key]["last_updated"], body["last_updated"])
        return self._envelope(request)

    def _is_hub(self, request: Request) -> bool:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            token = encoded if self.speech.single_party else base64.b64decode(encoded).decode()
        except ValueError:
            return False
        return scheme.lower() == "token" and bool(self.hub_token) and token.strip() == self.hub_token

    def _published(self) -> list[Object]:
        base = f"{self.url}/ocpi/{self.speech.id}"
        if self.speech.single_party:
            names = ("credentials", *SENDER_MODULES[self.role], *RECEIVER_MODULES[self.role])
            return [{"identifier": name, "url": f"{base}/{name}"} for name in names if name not in self.speech.lacks]
        modules = [("credentials", "SENDER"), ("hubclientinfo", "RECEIVER")]
        modules += [(module, "SENDER") for module in SENDER_MODULES[self.role]]
        modules += [(module, "RECEIVER") for module in RECEIVER_MODULES[self.role]]
        return [{"identifier": module, "role": role, "url": f"{base}/{module}"} for module, role in modules]

    def _envelope(
        self,
        request: Request,
        code: int = 1000,
        *,
        data: Any = None,
        http: int = 200,
        message: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        answer: Object = {"status_code": code, "timestamp": stamp(datetime.now(UTC))}
        if data is not None:
            answer["data"] = data
        if message:
            answer["status_message"] = message
        echoed: dict[str, str] = {}
        for name in _ECHOED & request.headers.keys():
            echoed[name] = request.headers[name]
        for one, other in (("from", "to"), ("to", "from")):
            for part in ("country-code", "party-id"):
                if value := request.headers.get(f"ocpi-{one}-{part}"):
                    echoed[f"ocpi-{other}-{part}"] = value
        return Answer(http, encode(answer), {**echoed, **(headers or {})})


def _inside(location: Object | None, inner: tuple[str, ...]) -> Object | None:
    """The object itself, or the EVSE or connector in it."""
    found = location
    for name, id_name, wanted in zip(("evses", "connectors"), ("uid", "id"), inner, strict=False):
        if found is None:
            return None
        found = next((child for child in found.get(name, ()) if child[id_name].upper() == wanted.upper()), None)
    return found
