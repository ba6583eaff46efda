"""What an OCHP 1.4 partner of either role does: it calls the clearing house, and nobody calls it. Source: OCHP 1.4."""

import asyncio
from datetime import UTC, datetime
from typing import Any, ClassVar

from lxml import etree
from msgspec import Struct

from core.model.ids import PartyId
from core.model.secret import Secret
from gateway.simulator.access import Admin, partner_document
from gateway.simulator.network import Network, NotAsTold
from gateway.simulator.ochp.soap import opened, sealed
from gateway.simulator.ochp.xml import Element, element, moment, optional_text
from gateway.simulator.server import Answer, Request

MAIN_PATH = "/ochp/1.4"
LIVE_PATH = "/ochp/1.4/live"
OK = "ok"
NO_COUNTERPART = "roaming"
_LIVE = frozenset({"UpdateStatus", "GetStatus"})
_ACTIONS = {MAIN_PATH: "http://ochp.eu/1.4/", LIVE_PATH: "http://ochp.e-clearing.net/service/"}
_REQUESTS = {"SetChargepointList": "SetChargePointListRequest"}
"""Where the request is not called as its operation is."""


class Account(Struct, frozen=True):
    """What the hub's operator gave us."""

    partner_id: str
    username: str
    password: Secret


class Reply(Struct, frozen=True):
    """A response. `code` is its result; None where the operation has none."""

    operation: str
    body: Element
    code: str | None
    words: str

    @property
    def records(self) -> list[Element]:
        return [part for part in self.body if etree.QName(part).localname != "result"]


class OchpNetwork(Network):
    """Its server serves nothing; it is on while the network is, and a home that is off fetches nothing."""

    whole_seconds: ClassVar[bool] = True
    account: Account | None = None

    def __init__(self, name: str, party: PartyId, role: str, hub_url: str, *, thinks_s: float = 0.0) -> None:
        super().__init__(name, party, role, hub_url, thinks_s=thinks_s)
        self._fetching = asyncio.Lock()  # what was fetched is taken in before the next question: once, and in order
        self._fetched_at: dict[str, datetime] = {}

    async def join(self, admin: Admin) -> None:
        """Switched on, and added by the hub's operator: OCHP has no handshake."""
        await self.switch_on()
        given = await admin.add(self.introduction())
        self.account = Account(given["id"], given["username"], Secret(given["password"]))

    def introduction(self) -> dict[str, Any]:
        """What the hub's operator enters about us."""
        return partner_document(self.name, "ochp", self.party, self.role)

    async def call(self, operation: str, *inside: Element) -> Reply:
        """Raises NotAsTold, with the words of the clearing house, unless all is well."""
        return self.well(await self.ask(operation, *inside))

    async def ask(self, operation: str, *inside: Element) -> Reply:
        """The response, whatever its result is. `inside`: what the request holds.

        Raises NotAsTold for a fault, and for whatever else is no response."""
        if self.account is None:
            raise NotAsTold(f"{self.name} has no account yet")
        request = element(_REQUESTS.get(operation, f"{operation}Request"), *inside)
        path = LIVE_PATH if operation in _LIVE else MAIN_PATH
        headers = {"content-type": "text/xml; charset=utf-8", "soapaction": f'"{_ACTIONS[path]}{operation}"'}
        content = sealed(request, self.account.username, self.account.password.value)
        response = await self._exchange("POST", self.hub_url + path, headers, content)
        try:
            body = opened(response.content)
        except NotAsTold as error:
            raise NotAsTold(f"{self.name}: {operation} was answered HTTP {response.status_code}, {error}") from error
        code = optional_text(body, "result/resultCode/resultCode")
        return Reply(operation, body, code, optional_text(body, "result/resultDescription") or "")

    def well(self, reply: Reply) -> Reply:
        if reply.code not in (OK, None):
            raise NotAsTold(f"{self.name}: {reply.operation} was answered {reply.code}: {reply.words[:300]}")
        return reply

    async def changes(self, operation: str) -> list[Element]:
        """The records of a list: all of them the first time, later those that changed since.

        A list that shows nothing is answered `roaming`: then it is the first time again."""
        async with self._fetching:
            begun = datetime.now(UTC)
            since = self._fetched_at.get(operation)
            if since is not None:
                reply = await self.call(f"{operation}Updates", moment("lastUpdate", since))
            else:
                reply = await self.ask(operation)
                if reply.code == NO_COUNTERPART:
                    return []
            self._fetched_at[operation] = begun
            return self.well(reply).records

    async def _answer(self, request: Request, body: Any) -> Answer:
        return Answer(404)
