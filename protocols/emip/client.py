"""What we call at partners: one method an operation, messages in, messages out, errors of core raised.

Source: checklist, 5.13 to 5.17, EMIP-TRN-30, EMIP-TRN-31, EMIP-CLI-19.
"""

import math
from typing import Final, TypeVar

from msgspec import Struct

from core.errors import Invalid, Unsupported
from core.model.partner import Partner
from core.ports.registry import CredentialStore
from protocols.emip import codec
from protocols.emip.settings import EmipSettings, settings_of
from protocols.emip.wire import from_iop
from protocols.transport.http import HttpClient
from protocols.transport.soap.client import SoapClient, SoapRequest, Unusable
from protocols.transport.soap.envelope import SOAP_12

T = TypeVar("T")
_COMMANDS: Final = frozenset((from_iop.SetServiceAuthorisationRequest, from_iop.SetSessionActionRequestRequest))


class EmipClient:
    def __init__(self, http: HttpClient, credentials: CredentialStore) -> None:
        self._soap = SoapClient(http)
        self._credentials = credentials

    async def get_service_authorisation(
        self, partner: Partner, message: from_iop.GetServiceAuthorisationRequest, correlation_id: str
    ) -> from_iop.GetServiceAuthorisationResponse:
        return await self._call(partner, message, from_iop.GetServiceAuthorisationResponse, correlation_id)

    async def set_service_authorisation(
        self,
        partner: Partner,
        message: from_iop.SetServiceAuthorisationRequest,
        correlation_id: str,
        patience_s: float,
    ) -> from_iop.SetServiceAuthorisationResponse:
        return await self._call(partner, message, from_iop.SetServiceAuthorisationResponse, correlation_id, patience_s)

    async def set_session_action_request(
        self,
        partner: Partner,
        message: from_iop.SetSessionActionRequestRequest,
        correlation_id: str,
        patience_s: float,
    ) -> from_iop.SetSessionActionRequestResponse:
        return await self._call(partner, message, from_iop.SetSessionActionRequestResponse, correlation_id, patience_s)

    async def set_session_event_report(
        self, partner: Partner, message: from_iop.SetSessionEventReportRequest, correlation_id: str
    ) -> from_iop.SetSessionEventReportResponse:
        return await self._call(partner, message, from_iop.SetSessionEventReportResponse, correlation_id)

    async def set_charge_detail_record(
        self, partner: Partner, message: from_iop.SetChargeDetailRecordRequest, correlation_id: str
    ) -> from_iop.SetChargeDetailRecordResponse:
        return await self._call(partner, message, from_iop.SetChargeDetailRecordResponse, correlation_id)

    async def _call(
        self,
        partner: Partner,
        message: Struct,
        answer: type[T],
        correlation_id: str,
        patience_s: float = math.inf,
    ) -> T:
        """Whatever the answer's element is called. Raises Unusable for one that cannot be read."""
        settings = settings_of(partner)
        if not settings.callback_url:
            raise Unsupported(f"{partner.name} has no callback URL")
        operation = codec.BY_REQUEST[type(message)]
        request = SoapRequest(
            partner=partner.id,
            protocol="emip",
            operation=operation.name,
            url=settings.callback_url,
            action=operation.action,
            body=codec.encode(message),
            headers=await self._headers(partner, settings, operation.action),
            version=SOAP_12,
            timeout_s=min(_timeout_s(settings, type(message)), patience_s),
            correlation_id=correlation_id,
        )
        element = await self._soap.call(request)
        try:
            return codec.read(element, answer, settings.tz)
        except Invalid as error:
            raise Unusable(f"not a usable answer: {error}") from error

    async def _headers(self, partner: Partner, settings: EmipSettings, action: str) -> dict[str, str]:
        headers = {"accept": "application/soap+xml"}
        if settings.action_header:
            headers["soapaction"] = f'"{action}"'
        key = await self._credentials.outbound(partner.id) if settings.callback_key else None
        if key:
            headers["authorization"] = f"Bearer {key}"
        return headers


def _timeout_s(settings: EmipSettings, kind: type[Struct]) -> float:
    if kind is from_iop.GetServiceAuthorisationRequest:
        return settings.authorise_timeout_s
    return settings.command_timeout_s if kind in _COMMANDS else settings.message_timeout_s
