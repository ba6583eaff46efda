"""A simulated OICP 2.3 partner as it talks to the hub, in either role: it knows its platform by base URL and key.

Source: OICP 2.3."""

import uuid
from typing import Any, ClassVar
from urllib.parse import quote

from core.model.ids import PartyId
from gateway.simulator.access import Admin, partner_document
from gateway.simulator.faults import OF_HTTP, Fault
from gateway.simulator.network import Network, NotAsTold, json_of
from gateway.simulator.oicp.objects import Object, operator_id, provider_id
from gateway.simulator.server import Answer, Request
from protocols.transport.json_codec import decode_raw, encode

GOOD = "000"
PREFIX = "/api/oicp"


class OicpNetwork(Network):
    possible_faults: ClassVar[frozenset[Fault]] = OF_HTTP | {Fault.WRONG_SESSION_ID}

    def __init__(self, name: str, party: PartyId, role: str, hub_url: str, *, thinks_s: float = 0.0) -> None:
        super().__init__(name, party, role, hub_url, thinks_s=thinks_s)
        self._key = ""
        self._base = self.hub_url

    async def join(self, admin: Admin) -> None:
        """Switched on and added."""
        await self.switch_on()
        given = await admin.add(self.introduction())
        self.connect(given["api_key"], given.get("base_url"))

    def introduction(self) -> Object:
        """What the hub's operator enters about us."""
        member = (
            {"operator_id": operator_id(self.party)} if self.role == "CPO" else {"provider_id": provider_id(self.party)}
        )
        return partner_document(self.name, "oicp", self.party, self.role, callback_url=self.url, **member)

    def connect(self, api_key: str, base_url: str | None = None) -> None:
        """What the hub's operator gave us. OICP has no handshake."""
        self._key = api_key
        self._base = (base_url or self.hub_url).rstrip("/").removesuffix(PREFIX)

    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._key}"}

    @property
    def operators(self) -> str:
        return f"operators/{quote(operator_id(self.party), safe='')}"

    @property
    def providers(self) -> str:
        return f"providers/{quote(provider_id(self.party), safe='')}"

    # --- what the hub calls

    async def _answer(self, request: Request, body: Any) -> Answer:
        if request.method != "POST" or not isinstance(body, dict) or request.parts[:2] != ("api", "oicp"):
            return Answer(404)
        answer = await self._served(request, body) or Answer(404)
        if self.faulty(Fault.WRONG_SESSION_ID) and answer.body:
            return json_answer(decode_raw(answer.body) | {"SessionID": str(uuid.uuid4())})
        return answer

    async def _served(self, request: Request, body: Object) -> Answer | None:
        """None: no service of this role."""
        raise NotImplementedError

    # --- the wire

    async def _pages(self, path: str, body: Object, size: int) -> list[Object]:
        found: list[Object] = []
        number = 0
        while True:
            page = await self._call(path, body, params={"page": number, "size": size})
            if not isinstance(page.get("content"), list):
                raise NotAsTold(f"{self.name}: {path} was answered without a page: {str(page)[:200]}")
            found += page["content"]
            number += 1
            if page.get("last", True):
                return found

    async def _acknowledged(self, path: str, body: Object) -> None:
        answer = await self._call(path, body)
        if answer.get("Result") is not True or code_of(answer) != GOOD:
            raise NotAsTold(
                f"{self.name}: {path} was answered {code_of(answer)}: {str(answer.get('StatusCode'))[:300]}"
            )

    async def _call(
        self, path: str, body: Object, *, params: dict[str, Any] | None = None, any_status: bool = False
    ) -> Object:
        """The decoded answer of HTTP 200, or of any status. Raises NotAsTold for any other answer."""
        response = await self._send("POST", f"{self._base}{PREFIX}/{path}", self.headers(), body, params)
        answer = json_of(response, self.name)
        if not isinstance(answer, dict) or not (any_status or response.status_code == 200):
            raise NotAsTold(f"{self.name}: {path} was answered HTTP {response.status_code}: {response.text[:300]}")
        return answer


def code_of(answer: Object) -> str:
    return str((answer.get("StatusCode") or {}).get("Code"))


def acknowledgement(body: Object, code: str = GOOD) -> Object:
    return {
        "Result": code == GOOD,
        "StatusCode": {"Code": code, "Description": "Success" if code == GOOD else "No"},
        "SessionID": body.get("SessionID"),
    }


def json_answer(answer: Object) -> Answer:
    return Answer(200, encode(answer))
