"""OCHP partners of the flow tests: their documents, their messages, and what they read of the answers.

Every answer that is no fault is checked against our schema, and the official one where it is at hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from lxml import etree

from core.model.partner import Partner
from core.model.secret import Secret
from protocols.ochp.plugin import PLUGIN
from protocols.transport.soap.envelope import SOAP_11, seal
from protocols.transport.soap.security import security_header
from tests.flows.hub import TestHub
from tests.ochp_schema import assert_valid

NS = "http://ochp.eu/1.4"
O = f"{{{NS}}}"  # noqa: E741
ENV = "{http://schemas.xmlsoap.org/soap/envelope/}"
MAIN = "/ochp/1.4"
XML = {"content-type": "text/xml; charset=utf-8", "soapaction": '""'}


def document(role: str, party: str, **more: Any) -> dict[str, Any]:
    roles = [{"role": role, "country_code": party[:2], "party_id": party[2:]}]
    return {"name": f"{role} {party}", "protocol": "ochp", "roles": roles, **more}


class Answer:
    """`result` is the result code, None where the response has none."""

    def __init__(self, response: httpx.Response) -> None:
        assert response.status_code == 200, response.text
        self.body = etree.fromstring(response.content).find(f"{ENV}Body")[0]
        assert_valid(etree.tostring(self.body))
        self.result = self.body.findtext(f"{O}result/{O}resultCode/{O}resultCode")
        self.text = self.body.findtext(f"{O}result/{O}resultDescription") or ""

    def all(self, name: str) -> list[Any]:
        return self.body.findall(O + name)

    def texts(self, path: str) -> list[str]:
        return [one.text or "" for one in self.body.findall("/".join(O + step for step in path.split("/")))]


class Fault:
    def __init__(self, response: httpx.Response) -> None:
        assert response.status_code == 500, (response.status_code, response.text)
        body = etree.fromstring(response.content).find(f"{ENV}Body")[0]
        assert body.tag == f"{ENV}Fault"
        self.code = body.findtext("faultcode").rpartition(":")[2]
        self.text = body.findtext("faultstring")
        self.raw = response.text


class Reached:
    """A partner as its own back office sees the hub."""

    def __init__(self, hub: TestHub, partner: Partner, shown: dict[str, Any]) -> None:
        self.hub = hub
        self.partner = partner
        self.shown = shown

    def header(self, password: str | None = None) -> bytes:
        return security_header(self.shown["username"], Secret(password or self.shown["password"]))

    async def post(self, body: str | bytes, *, path: str = MAIN, header: bytes | None = None) -> httpx.Response:
        """`body` is the element in Body."""
        content = body.encode() if isinstance(body, str) else body
        sealed = seal(SOAP_11, content, self.header() if header is None else header)
        return await self.hub.client.post(path, content=sealed, headers=XML)

    async def ask(self, name: str, inner: str = "", **how: Any) -> Answer:
        """`name`Request with what is inside."""
        return Answer(await self.post(f'<{name}Request xmlns="{NS}">{inner}</{name}Request>', **how))


async def join(hub: TestHub, role: str, party: str, **more: Any) -> Reached:
    partner, shown = await hub.add(document(role, party, **more))
    return Reached(hub, partner, shown)


@asynccontextmanager
async def opened(*more: Any, **options: Any) -> AsyncIterator[TestHub]:
    async with TestHub.open([PLUGIN, *more], **options) as hub:
        yield hub


# --- pieces


def token(
    instance: str = "04C3A1B2",
    contract: str = "DE-QM1-C00000417-U",
    expiry: str = "2030-01-01T00:00:00Z",
    *,
    kind: str = "rfid",
    name: str = "roamingAuthorisationInfoArray",
    representation: str = "",
    more: str = "",
) -> str:
    attribute = f' representation="{representation}"' if representation else ""
    return (
        f"<{name}><EmtId{attribute}><instance>{instance}</instance><tokenType>{kind}</tokenType></EmtId>"
        f"<contractId>{contract}</contractId>{more}<expiryDate><DateTime>{expiry}</DateTime></expiryDate></{name}>"
    )


def emt_id(
    instance: str = "04C3A1B2", kind: str = "rfid", name: str = "emtId", more: str = "", representation: str = ""
) -> str:
    attribute = f' representation="{representation}"' if representation else ""
    return f"<{name}{attribute}><instance>{instance}</instance><tokenType>{kind}</tokenType>{more}</{name}>"


def since(moment: str) -> str:
    return f"<lastUpdate><DateTime>{moment}</DateTime></lastUpdate>"


ADDRESS = (
    "<chargePointAddress><houseNumber>7</houseNumber><address>Kai</address><city>Hafen</city>"
    "<zipCode>26999</zipCode><country>DEU</country></chargePointAddress>"
)
CONNECTOR = (
    "<connectorStandard><ConnectorStandard>IEC_62196_T2</ConnectorStandard></connectorStandard>"
    "<connectorFormat><ConnectorFormat>Socket</ConnectorFormat></connectorFormat>"
)


def charge_point(
    evse_id: str = "DE*QX7*E1",
    location: str = "HAFEN1",
    *,
    status: str | None = "Operative",
    name: str = "Am Hafen",
    stamp: str | None = None,
    zone: str = "Europe/Berlin",
    lat: str = "53.550000",
    hours: str = "",
) -> str:
    state = f"<status><ChargePointStatusType>{status}</ChargePointStatusType></status>" if status else ""
    time = f"<timestamp><DateTime>{stamp}</DateTime></timestamp>" if stamp else ""
    return (
        f"<chargePointInfoArray><evseId>{evse_id}</evseId><locationId>{location}</locationId>{time}"
        f"<locationName>{name}</locationName><locationNameLang>DEU</locationNameLang>{ADDRESS}"
        f'<chargePointLocation lat="{lat}" lon="9.990000"/><timeZone>{zone}</timeZone>{hours}{state}'
        "<location><GeneralLocationType>on-street</GeneralLocationType></location>"
        "<authMethods><AuthMethodType>RfidMifareCls</AuthMethodType></authMethods>"
        f"<connectors>{CONNECTOR}</connectors><chargePointType>AC</chargePointType></chargePointInfoArray>"
    )


def live(evse_id: str = "DE*QX7*E1", major: str = "available", minor: str | None = None, ttl: str | None = None) -> str:
    attributes = f' major="{major}"' + (f' minor="{minor}"' if minor else "") + (f' ttl="{ttl}"' if ttl else "")
    return f"<evse{attributes}><evseId>{evse_id}</evseId></evse>"


def cdr(
    cdr_id: str = "DEQX7A1",
    evse_id: str = "DE*QX7*E1",
    contract: str = "DE-QM1-C00000417-U",
    *,
    instance: str = "04C3A1B2",
    representation: str = "",
    status: str = "new",
    start: str = "2026-01-15T10:00:00+01:00",
    end: str = "2026-01-15T11:00:00+01:00",
    period_end: str | None = None,
    item: str = "energy",
    value: str = "10.00",
    price: str = "0.40",
    cost: str | None = "4.00",
    total: str | None = "4.00",
    currency: str = "EUR",
    duration: str = "",
) -> str:
    period_cost = f"<periodCost>{cost}</periodCost>" if cost else ""
    medium = emt_id(instance, representation=representation)
    total_cost = f"<totalCost>{total}</totalCost>" if total else ""
    return (
        f"<cdrInfoArray><CdrId>{cdr_id}</CdrId><evseId>{evse_id}</evseId>{medium}"
        f"<contractId>{contract}</contractId><status><CdrStatusType>{status}</CdrStatusType></status>"
        f"<startDateTime><LocalDateTime>{start}</LocalDateTime></startDateTime>"
        f"<endDateTime><LocalDateTime>{end}</LocalDateTime></endDateTime>{duration}{ADDRESS}"
        f"<chargePointType>AC</chargePointType><connectorType>{CONNECTOR}</connectorType>"
        f"<chargingPeriods><startDateTime><LocalDateTime>{start}</LocalDateTime></startDateTime>"
        f"<endDateTime><LocalDateTime>{period_end or end}</LocalDateTime></endDateTime>"
        f"<billingItem><BillingItemType>{item}</BillingItemType></billingItem>"
        f"<billingValue>{value}</billingValue><itemPrice>{price}</itemPrice>{period_cost}</chargingPeriods>"
        f"{total_cost}<currency>{currency}</currency></cdrInfoArray>"
    )


def decision(kind: str, cdr_id: str = "DEQX7A1", evse_id: str = "DE*QX7*E1") -> str:
    return f"<{kind}><cdrId>{cdr_id}</cdrId><evseId>{evse_id}</evseId></{kind}>"


def filtered(status: str) -> str:
    return f"<cdrStatus><CdrStatusType>{status}</CdrStatusType></cdrStatus>"
