"""What both roles of eMIP share: one URL, a key, the common header, and a status in every answer."""

from typing import ClassVar, Final

import httpx

from core.model.ids import PartyId
from gateway.simulator.access import Admin, partner_document
from gateway.simulator.emip.soap import CONTENT_TYPE, Members, Message, NotSoap, action, fault_text, opened, sealed
from gateway.simulator.network import Network, NotAsTold
from gateway.simulator.server import Answer, Request
from gateway.simulator.visits import new_id

OK: Final = 1
UNKNOWN_USER: Final = 203
NOT_AVAILABLE: Final = 205
NO_ANSWER: Final = 10210
NO_SESSION: Final = 10501
UNKNOWN_NATURE: Final = 10506
CDR_HELD: Final = 10701
"""requestStatus. Source: eMIP 0.7.4, its list of statuses."""

GRANTED: Final = "1"
REFUSED: Final = "2"
"""authorisationValue."""
STOPS: Final = ("0", "1")
"""sessionActionNature: in an emergency, and otherwise."""
ENDED: Final = "1"
STARTED: Final = "3"
"""sessionEventNature."""
FINAL: Final = "1"
INTERMEDIATE: Final = "2"
"""CDRNature."""
DURATION: Final = "1"
ENERGY: Final = "2"
COST: Final = "3"
"""meterTypeId."""


class EmipNetwork(Network):
    """The platform is known by base URL and key. Subclasses answer what it calls, by `_answered`."""

    protocol: ClassVar[str] = "eMIP"

    def __init__(self, name: str, party: PartyId, role: str, hub_url: str, *, thinks_s: float = 0.0) -> None:
        super().__init__(name, party, role, hub_url, thinks_s=thinks_s)
        self.id = ""
        self._key = ""
        self._base = ""
        self._partner_id = ""

    async def join(self, admin: Admin) -> None:
        """Switched on, added by the hub's operator, and heard of by a heartbeat."""
        await self.switch_on()
        url = f"{self.url}/emip"
        given = await admin.add(partner_document(self.name, "emip", self.party, self.role, callback_url=url))
        self.id, self._key = given["id"], given["api_key"]
        self._base, self._partner_id = given["base_url"], given["partner_id"]
        await self.heart_beat()

    async def heart_beat(self) -> int:
        """The seconds until the platform expects the next one."""
        return int((await self._told("HeartBeat", {}))["heartBeatPeriod"])

    # --- the wire, out

    async def _told(self, operation: str, members: Members) -> Members:
        """For what can only be accepted. Raises NotAsTold for any other status."""
        answer = await self._call(operation, members)
        if (status := status_of(answer)) != OK:
            raise NotAsTold(f"{self.name}: {operation} was answered with requestStatus {status}")
        return answer

    async def _call(self, operation: str, members: Members) -> Members:
        """The members of the answer, whatever its status. Raises NotAsTold for a fault, or what is no answer."""
        request = Message(f"eMIP_ToIOP_{operation}Request", self._header() | members)
        headers = {
            "authorization": f"Bearer {self._key}",
            "content-type": f'{CONTENT_TYPE}; action="{action(request.name)}"',
            "accept": "application/soap+xml",
        }
        response = await self._exchange("POST", self._base, headers, sealed(request))
        answer = self._opened(operation, response)
        if response.status_code != 200 or answer.name != f"eMIP_ToIOP_{operation}Response":
            raise NotAsTold(
                f"{self.name}: {operation} was answered HTTP {response.status_code}, {answer.name}: "
                f"{fault_text(answer) or answer.members}"
            )
        return answer.members

    def _opened(self, operation: str, response: httpx.Response) -> Message:
        try:
            return opened(response.content)
        except NotSoap as error:
            said = response.text[:200]
            raise NotAsTold(
                f"{self.name}: {operation} was answered HTTP {response.status_code}, {error}: {said}"
            ) from error

    def _header(self) -> Members:
        """Each message has a transactionId of its own."""
        return {
            "transactionId": new_id(),
            "partnerIdType": "eMI3",
            "partnerId": self._partner_id,
            "operatorIdType": "eMI3",
            "operatorId": f"{self.party.country_code}*{self.party.party_id}",
        }

    # --- the wire, in

    def _decoded(self, request: Request) -> Message | None:
        try:
            return opened(request.body)
        except NotSoap:
            return None

    async def _answer(self, request: Request, body: Message | None) -> Answer:
        """A message that is none of ours gets plain text, as foreign back offices do it."""
        if request.method != "POST" or body is None:
            return _plain(400, "a SOAP 1.2 message is expected")
        operation = body.name.removeprefix("eMIP_FromIOP_").removesuffix("Request")
        members = await self._answered(operation, body.members)
        if members is None:
            return _plain(400, f"{body.name} is not known here")
        name = f"{body.name.removesuffix('Request')}Response"
        return Answer(200, sealed(Message(name, members)), {"content-type": CONTENT_TYPE})

    async def _answered(self, operation: str, asked: Members) -> Members | None:
        """The members of the answer; None for an operation that this role does not have."""
        raise NotImplementedError


def status_of(answer: Members) -> int:
    """Raises NotAsTold if there is none."""
    try:
        return int(answer["requestStatus"])
    except (KeyError, ValueError, TypeError) as error:
        raise NotAsTold(f"an answer without a requestStatus: {answer}") from error


def place(evse_id: str) -> Members:
    return {"EVSEIdType": "eMI3", "EVSEId": evse_id}


def badge(uid: str) -> Members:
    """A driver's card, for the generic charge service."""
    return {"userIdType": "RFID-UID", "userId": uid, "requestedServiceId": "1"}


def _plain(status: int, text: str) -> Answer:
    return Answer(status, text.encode(), {"content-type": "text/plain; charset=utf-8"})
