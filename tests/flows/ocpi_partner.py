"""An OCPI partner as a small ASGI application: it serves its versions, takes what the hub sends, and can be told to
answer otherwise."""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx
import msgspec

from core.model.command import Command
from tests.flows.hub import HUB_PARTY, TestHub

TIME = "2026-01-15T12:00:00Z"
EVERYTHING = tuple(
    (module, role)
    for module in (
        "locations",
        "sessions",
        "cdrs",
        "tariffs",
        "tokens",
        "commands",
        "hubclientinfo",
        "chargingprofiles",
        "invoicereconciliation",
        "payments",
        "bookings",
    )
    for role in ("SENDER", "RECEIVER")
)


class Received:
    """One request that the partner saw."""

    def __init__(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def segments(self) -> list[str]:
        return [unquote(part) for part in self.path.strip("/").split("/")]

    @property
    def token(self) -> str:
        return self.headers["authorization"].removeprefix("Token ")

    def party(self, which: str) -> str | None:
        country = self.headers.get(f"ocpi-{which}-country-code")
        return f"{country}{self.headers[f'ocpi-{which}-party-id']}" if country else None


Answer = tuple[int, dict[str, Any] | bytes, dict[str, str]]


class OcpiPartner:
    """`roles` as ("CPO", "NL", "CPA"). `token_b` is what the hub must show; `answers` maps (method, module) to what is
    answered instead of success, or to a function of the request."""

    def __init__(
        self, host: str, *roles: tuple[str, str, str], endpoints: Any = EVERYTHING, version: str = "2.3.0"
    ) -> None:
        self.host = host
        self.roles = roles
        self.endpoints = endpoints
        self.version = version
        self.versions = [version]
        self.token_b = f"token-b-of-{host}"
        self.raw_only = False
        self.token_c: str | None = None
        self.received: list[Received] = []
        self.answers: dict[tuple[str, str], Answer | Callable[[Received], Any]] = {}
        self.guard = True

    # --- as an operator that is sent commands, and as an eMSP that sends them

    def answer_commands(self, **members: Any) -> None:
        self.answers["POST", "commands"] = (200, envelope({"result": "ACCEPTED", "timeout": 30, **members}), {})

    def results_in(self, hub: TestHub, body: dict[str, Any] | None) -> None:
        """What it posts while the other side waits; None: nothing."""

        async def post(command: Command) -> None:
            url = self.seen("POST", "commands")[-1].json["response_url"].removeprefix("https://hub.test")
            assert (await self.call(hub, "POST", url, body, to=None)).json()["status_code"] == 1000

        hub.processes.meanwhile = post if body else None

    async def told(self, hub: TestHub, path: str = "/cb/1") -> dict[str, Any]:
        """The one result that it got."""
        await hub.processes.work()
        [request] = [request for request in self.received if request.path == path]
        self.received.clear()
        return dict(request.json)

    # --- what the hub sees

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        request = Received(scope["method"], scope["raw_path"].decode(), scope["query_string"].decode(), headers, body)
        self.received.append(request)
        answer = self._answer(request)
        if hasattr(answer, "__await__"):
            answer = await answer
        status, content, extra = answer
        payload = content if isinstance(content, bytes) else msgspec.json.encode(content)
        fields = {"content-type": "application/json", **extra}
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
            }
        )
        await send({"type": "http.response.body", "body": payload})

    def _answer(self, request: Received) -> Any:
        module = request.segments[1] if len(request.segments) > 1 else request.segments[0]
        given = self.answers.get((request.method, module))
        if given is not None:
            return given(request) if callable(given) else given
        if self.guard and not self._authorized(request):
            return 401, envelope(None, 2000), {}
        if request.path == "/versions":
            return 200, envelope([{"version": v, "url": f"{self.url}/{v}"} for v in self.versions]), {}
        if request.path == f"/{self.version}":
            return self._answer_details()
        if module == "credentials":
            return 200, envelope(self.credentials("token-c-from-" + self.host)), {}
        if module == "cdrs" and request.method == "POST":
            return 201, envelope(None), {"location": f"{self.url}/{self.version}/cdrs/stored/{request.json['id']}"}
        return 200, envelope(None), {}

    def _answer_details(self) -> Answer:
        return 200, envelope({"version": self.version, "endpoints": self._details()}), {}

    def _authorized(self, request: Received) -> bool:
        if self.raw_only:
            return request.token == self.token_b
        return request.token == base64.b64encode(self.token_b.encode()).decode()

    def _details(self) -> list[dict[str, str]]:
        listed = [("credentials", "RECEIVER"), *self.endpoints]
        return [{"identifier": m, "role": r, "url": f"{self.url}/{self.version}/{m}/{r.lower()}/"} for m, r in listed]

    @property
    def url(self) -> str:
        return f"https://{self.host}"

    def seen(self, method: str, module: str) -> list[Received]:
        return [r for r in self.received if r.method == method and r.path.startswith(f"/{self.version}/{module}")]

    # --- what it does

    def credentials(self, token: str | None = None, **changes: Any) -> dict[str, Any]:
        roles = [
            {
                "role": role,
                "country_code": country,
                "party_id": party,
                "business_details": {"name": f"{country} {party}"},
            }
            for role, country, party in self.roles
        ]
        return {"token": token or self.token_b, "url": f"{self.url}/versions", "roles": roles, **changes}

    async def join(self, hub: TestHub) -> "OcpiPartner":
        """Added by the operator, then registered by its own POST."""
        hub.network.serve(self.host, self)
        _, shown = await hub.add(self.document())
        answer = await call(hub, "POST", self._at("credentials"), token=shown["token_a"], body=self.credentials())
        assert answer.json()["status_code"] == 1000, answer.text
        self.token_c = answer.json()["data"]["token"]
        await hub.relay()
        self.received.clear()
        return self

    def document(self) -> dict[str, Any]:
        return {
            "name": self.host,
            "protocol": "ocpi",
            "roles": [{"role": r, "country_code": c, "party_id": p} for r, c, p in self.roles],
        }

    async def call(
        self, hub: TestHub, method: str, path: str, body: Any = None, *, to: str | None = "NLHUB", **options: Any
    ) -> httpx.Response:
        options.setdefault("sender", "".join(self.roles[0][1:]))
        return await call(hub, method, self._at(path), token=self.token_c, body=body, to=to, **options)

    def _at(self, path: str) -> str:
        return path if path.startswith("/") else f"/ocpi/{self.version}/{path}"


def envelope(data: Any, code: int = 1000, message: str = "") -> dict[str, Any]:
    whole = {"status_code": code, "status_message": message, "timestamp": TIME}
    return whole if data is None else {**whole, "data": data}


async def call(
    hub: TestHub,
    method: str,
    path: str,
    *,
    token: str | None,
    body: Any = None,
    to: str | None = None,
    sender: str | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """`path` behind `/ocpi/2.3.0/`, or absolute. `body` bytes go as they are."""
    fields: dict[str, str] = {}
    if token is not None:
        fields["authorization"] = "Token " + base64.b64encode(token.encode()).decode()
    for name, party in (("to", to), ("from", sender)):
        if party is not None:
            fields |= {f"ocpi-{name}-country-code": party[:2], f"ocpi-{name}-party-id": party[2:]}
    content = body if isinstance(body, bytes | None) else msgspec.json.encode(body)
    url = path if path.startswith("/") else f"/ocpi/2.3.0/{path}"
    answer = await hub.client.request(method, url, headers={**fields, **(headers or {})}, content=content)
    assert b'"status_code":49' not in answer.content, "codes of one's own: OCPI-STC-18"
    return answer


# --- objects


def connector(**changes: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "max_voltage": 230,
        "max_amperage": 32,
        "last_updated": TIME,
        **changes,
    }


def evse(uid: str = "E1", **changes: Any) -> dict[str, Any]:
    return {
        "uid": uid,
        "evse_id": f"NL*CPA*E{uid}",
        "status": "AVAILABLE",
        "connectors": [connector()],
        "last_updated": TIME,
        **changes,
    }


def location(location_id: str = "LOC1", owner: str = "NLCPA", **changes: Any) -> dict[str, Any]:
    return {
        "country_code": owner[:2],
        "party_id": owner[2:],
        "id": location_id,
        "publish": True,
        "address": "Stationsplein 1",
        "city": "Utrecht",
        "country": "NLD",
        "coordinates": {"latitude": "52.08950", "longitude": "5.11040"},
        "time_zone": "Europe/Amsterdam",
        "evses": [evse()],
        "last_updated": TIME,
        **changes,
    }


def token(uid: str = "04AABBCC", owner: str = "DEEMB", **changes: Any) -> dict[str, Any]:
    return {
        "country_code": owner[:2],
        "party_id": owner[2:],
        "uid": uid,
        "type": "RFID",
        "contract_id": "DE-EMB-C12345678",
        "issuer": "eMobility",
        "valid": True,
        "whitelist": "NEVER",
        "last_updated": TIME,
        **changes,
    }


def cdr_token(uid: str = "04AABBCC", owner: str = "DEEMB") -> dict[str, Any]:
    return {
        "country_code": owner[:2],
        "party_id": owner[2:],
        "uid": uid,
        "type": "RFID",
        "contract_id": "DE-EMB-C12345678",
    }


def period(start: str = TIME, **changes: Any) -> dict[str, Any]:
    return {"start_date_time": start, "dimensions": [{"type": "ENERGY", "volume": 1.5}], **changes}


def session(session_id: str = "S1", owner: str = "NLCPA", **changes: Any) -> dict[str, Any]:
    return {
        "country_code": owner[:2],
        "party_id": owner[2:],
        "id": session_id,
        "start_date_time": TIME,
        "kwh": 1.5,
        "cdr_token": cdr_token(),
        "auth_method": "AUTH_REQUEST",
        "location_id": "LOC1",
        "evse_uid": "E1",
        "connector_id": "1",
        "currency": "EUR",
        "status": "ACTIVE",
        "last_updated": TIME,
        **changes,
    }


def cdr(cdr_id: str = "C1", owner: str = "NLCPA", **changes: Any) -> dict[str, Any]:
    return {
        "country_code": owner[:2],
        "party_id": owner[2:],
        "id": cdr_id,
        "start_date_time": "2026-01-15T10:00:00Z",
        "end_date_time": "2026-01-15T11:00:00Z",
        "cdr_token": cdr_token(),
        "auth_method": "AUTH_REQUEST",
        "cdr_location": {
            "id": "LOC1",
            "address": "Stationsplein 1",
            "city": "Utrecht",
            "country": "NLD",
            "coordinates": {"latitude": "52.08950", "longitude": "5.11040"},
            "evse_uid": "E1",
            "evse_id": "NL*CPA*EE1",
            "connector_id": "1",
            "connector_standard": "IEC_62196_T2",
            "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "currency": "EUR",
        "charging_periods": [period("2026-01-15T10:00:00Z")],
        "total_cost": {"before_taxes": 4.0, "taxes": [{"name": "VAT", "amount": 0.84}]},
        "total_energy": 12.345,
        "total_time": 1.0,
        "last_updated": TIME,
        **changes,
    }


def tariff(tariff_id: str = "T1", owner: str = "NLCPA", **changes: Any) -> dict[str, Any]:
    return {
        "country_code": owner[:2],
        "party_id": owner[2:],
        "id": tariff_id,
        "currency": "EUR",
        "elements": [{"price_components": [{"type": "ENERGY", "price": 0.25, "step_size": 1}]}],
        "tax_included": "NO",
        "last_updated": TIME,
        **changes,
    }


def cast() -> tuple[OcpiPartner, OcpiPartner, OcpiPartner]:
    """P1 (two CPO parties), P2 (one eMSP), P3 (eMSP, NSP and CPO)."""
    return (
        OcpiPartner("p1.test", ("CPO", "NL", "CPA"), ("CPO", "BE", "CPA")),
        OcpiPartner("p2.test", ("EMSP", "DE", "EMB")),
        OcpiPartner("p3.test", ("EMSP", "FR", "EMC"), ("NSP", "FR", "NSC"), ("CPO", "FR", "CPC")),
    )


HUB = HUB_PARTY.key
