"""Both sides of a journey in each protocol, behind one face: an operator that asks, tells and bills, and an issuer.

`heard` is all that a side was told, as (name of the member, value)."""

from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec
from lxml import etree

from protocols.transport.soap.xml import local_name
from tests.flows import emip_partners as emip
from tests.flows import ochp_partners as ochp
from tests.flows import oicp_partners as oicp
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, cdr, envelope, location, session, token

BADGE = "04A1B2C3D4E5F6"
BEGUN, ENDED = "2026-01-15T13:10:00+01:00", "2026-01-15T14:00:00+01:00"
OWN_SESSION, THEIR_SESSION = "CPO-S-1", "EMP-S-1"
Heard = list[tuple[str, str]]


def members(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a JSON value, with the name of the member that holds it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from members(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from members(inner, name)
    else:
        yield name, str(value)


def elements(content: bytes) -> Iterator[tuple[str, str]]:
    for one in etree.fromstring(content).iter():
        yield local_name(one.tag), (one.text or "").strip()


class Side:
    """`session_ids`: the members in which a side may see the journey's id, the operator's, and the issuer's."""

    session_ids: ClassVar[tuple[set[str], set[str], set[str]]]

    def __init__(self) -> None:
        self.heard: Heard = []


class OcpiSide(Side):
    session_ids = ({"authorization_reference", "id", "session_id"}, {"id", "session_id"}, {"authorization_reference"})
    partner: OcpiPartner

    @property
    def told(self) -> Heard:
        said = [pair for request in self.partner.received if request.body for pair in members(request.json)]
        return self.heard + said


class OcpiOperator(OcpiSide):
    async def join(self, hub: TestHub) -> None:
        self.hub = hub
        self.partner = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        await self._send("PUT", "locations/receiver/NL/CPA/LOC1", location())

    async def _send(self, method: str, path: str, body: Any, to: str = "NLHUB") -> Any:
        answer = await self.partner.call(self.hub, method, path, body, to=to)
        assert answer.json()["status_code"] == 1000, answer.text
        self.heard += members(answer.json())
        return answer.json().get("data")

    async def authorise(self) -> bool:
        place = {"location_id": "LOC1", "evse_uids": ["E1"]}
        found = await self._send("POST", f"tokens/sender/{BADGE}/authorize", place)
        self.reference = found.get("authorization_reference")
        self.token = {name: found["token"][name] for name in ("country_code", "party_id", "uid", "type", "contract_id")}
        return bool(found["allowed"] == "ALLOWED")

    async def charge(self) -> None:
        chain = {"cdr_token": self.token, "authorization_reference": self.reference}
        issuer = self.token["country_code"] + self.token["party_id"]
        running, bill = session(OWN_SESSION, **chain), cdr("C1", session_id=OWN_SESSION, **chain)
        await self._send("PUT", f"sessions/receiver/NL/CPA/{OWN_SESSION}", running, issuer)
        await self._send("POST", "cdrs/receiver", bill, issuer)


class OcpiIssuer(OcpiSide):
    async def join(self, hub: TestHub) -> None:
        self.partner = await OcpiPartner("p2.test", ("EMSP", "DE", "EMB")).join(hub)
        card = token(BADGE)
        answer = await self.partner.call(hub, "PUT", f"tokens/receiver/DE/EMB/{BADGE}", card)
        assert answer.json()["status_code"] == 1000, answer.text
        info = {"allowed": "ALLOWED", "token": card, "authorization_reference": THEIR_SESSION}
        self.partner.answers["POST", "tokens"] = (200, envelope(info), {})


class OicpSide(Side):
    session_ids = ({"SessionID"}, {"CPOPartnerSessionID"}, {"EMPPartnerSessionID"})

    @property
    def told(self) -> Heard:
        return self.heard


class OicpOperator(OicpSide):
    async def join(self, hub: TestHub) -> None:
        self.reached = await oicp.join(hub, oicp.cpo())
        assert (await self.reached.push_data("fullLoad", oicp.record())).json()["Result"] is True

    async def authorise(self) -> bool:
        answer = (
            await self.reached.start(oicp.rfid(BADGE), EvseID="DE*ABC*E1", CPOPartnerSessionID=OWN_SESSION)
        ).json()
        self.heard += members(answer)
        self.session_id = answer.get("SessionID")
        return bool(answer["AuthorizationStatus"] == "Authorized")

    async def charge(self) -> None:
        bill = {"Identification": oicp.rfid(BADGE), "CPOPartnerSessionID": OWN_SESSION}
        answer = await self.reached.cdr(self.session_id, **bill)
        assert answer.json()["Result"] is True, answer.text
        self.heard += members(answer.json())


class OicpIssuer(OicpSide):
    async def join(self, hub: TestHub) -> None:
        self.back = oicp.Emp(BADGE, EMPPartnerSessionID=THEIR_SESSION, ProviderID="DE-DCB")
        self.reached = await oicp.join(hub, oicp.emp(), self.back)
        identification = {"UID": BADGE, "EvcoID": "DE-DCB-C12345678-X", "RFID": "mifareDes"}
        await self.reached.push_cards("fullLoad", {"RFIDIdentification": identification})

    @property
    def told(self) -> Heard:
        return [pair for raw in self.back.raw for pair in members(msgspec.json.decode(raw))]


class OchpSide(Side):
    session_ids = (set(), set(), set())

    @property
    def told(self) -> Heard:
        return self.heard

    async def ask(self, name: str, inner: str = "") -> ochp.Answer:
        answer = await self.reached.ask(name, inner)
        self.heard += elements(etree.tostring(answer.body))
        return answer

    reached: ochp.Reached


class OchpOperator(OchpSide):
    async def join(self, hub: TestHub) -> None:
        self.reached = await ochp.join(hub, "CPO", "DEQX7")
        await self.ask("SetChargePointList", ochp.charge_point())

    async def authorise(self) -> bool:
        answer = await self.ask("GetSingleRoamingAuthorisation", ochp.emt_id(BADGE))
        contracts = answer.texts("roamingAuthorisationInfo/contractId")
        self.contract = contracts[0] if contracts else ""
        return bool(contracts)

    async def charge(self) -> None:
        answer = await self.ask("AddCDRs", ochp.cdr(instance=BADGE, contract=self.contract, start=BEGUN, end=ENDED))
        assert answer.result == "ok", answer.text


class OchpIssuer(OchpSide):
    async def join(self, hub: TestHub) -> None:
        self.reached = await ochp.join(hub, "EMSP", "DEQM1")
        await self.ask("SetRoamingAuthorisationList", ochp.token(BADGE))

    async def fetch(self) -> None:
        await self.ask("GetCDRs")


class EmipSide(Side):
    session_ids = (
        {"serviceSessionId"},
        {"execPartnerSessionId"},
        {"salePartnerSessionId", "partnerServiceSessionId"},
    )

    @property
    def told(self) -> Heard:
        return self.heard


class EmipOperator(EmipSide):
    async def join(self, hub: TestHub) -> None:
        self.reached = await emip.join(hub, emip.cpo(), emip.Cpo())
        await hub.hub.locations.put(self.reached.partner, emip.place())

    async def authorise(self) -> bool:
        answer = await self.reached.ask(BADGE, partner_service_session_id=OWN_SESSION)
        self.heard += members(msgspec.to_builtins(answer))
        self.session_id = answer.service_session_id
        return answer.authorisation_value == 1

    async def charge(self) -> None:
        await self.reached.event(self.session_id, 3, "2026-01-15T10:00:00Z", exec_partner_session_id=OWN_SESSION)
        await self.reached.cdr(self.session_id, exec_partner_session_id=OWN_SESSION)


class EmipIssuer(EmipSide):
    async def join(self, hub: TestHub) -> None:
        self.back = emip.Emsp(BADGE, partner_service_session_id=THEIR_SESSION, user_contract_id_alias=emip.CONTRACT)
        await emip.join(hub, emip.emsp(), self.back)

    @property
    def told(self) -> Heard:
        return [pair for request in self.back.requests for pair in elements(request.content)]
