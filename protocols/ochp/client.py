"""What we call: a clearing house in which the hub is a partner. One method an operation, wire in, wire out.

A result that says no is raised in core's words; `partly` and `roaming` are given back, since they are answers.
"""

from typing import Final, TypeVar

from msgspec import Struct

from core.errors import Invalid, Refused, Uncertain, Unsupported
from core.model.partner import Partner
from core.model.secret import Secret
from core.ports.clock import Clock
from core.ports.registry import CredentialStore
from protocols.ochp import codec
from protocols.ochp.auth import PROTOCOL, our_header
from protocols.ochp.codes import error_of
from protocols.ochp.settings import OchpSettings, Upstream, settings_of
from protocols.ochp.wire import cdrs, charge_points, live, tokens
from protocols.plugin import Outbound
from protocols.transport.soap.client import SoapClient, SoapRequest

A = TypeVar("A", bound=Struct)
_MAIN: Final = "http://ochp.eu/1.4/"
_LIVE: Final = "http://ochp.e-clearing.net/service/"
"""The actions of the official WSDL: those of live status lie elsewhere."""


class OchpClient:
    def __init__(self, outbound: Outbound) -> None:
        self._soap = SoapClient(outbound.http)
        self._credentials: CredentialStore = outbound.credentials
        self._clock: Clock = outbound.clock

    # --- tokens

    async def set_roaming_authorisation_list(
        self, partner: Partner, message: tokens.SetRoamingAuthorisationListRequest
    ) -> tokens.SetRoamingAuthorisationListResponse:
        answer = tokens.SetRoamingAuthorisationListResponse
        return await self._main(partner, "SetRoamingAuthorisationList", message, answer, long=True)

    async def update_roaming_authorisation_list(
        self, partner: Partner, message: tokens.UpdateRoamingAuthorisationListRequest
    ) -> tokens.UpdateRoamingAuthorisationListResponse:
        answer = tokens.UpdateRoamingAuthorisationListResponse
        return await self._main(partner, "UpdateRoamingAuthorisationList", message, answer)

    async def get_roaming_authorisation_list(self, partner: Partner) -> tokens.GetRoamingAuthorisationListResponse:
        message = tokens.GetRoamingAuthorisationListRequest()
        answer = tokens.GetRoamingAuthorisationListResponse
        return await self._main(partner, "GetRoamingAuthorisationList", message, answer, long=True)

    async def get_roaming_authorisation_list_updates(
        self, partner: Partner, message: tokens.GetRoamingAuthorisationListUpdatesRequest
    ) -> tokens.GetRoamingAuthorisationListUpdatesResponse:
        """The records also where they are called as in the full list, as some clearing houses do."""
        kind = tokens.GetRoamingAuthorisationListUpdatesResponse
        answer = await self._main(partner, "GetRoamingAuthorisationListUpdates", message, kind, long=True)
        if not answer.roaming_authorisation_info_array:
            return answer
        records = (*answer.roaming_authorisation_info, *answer.roaming_authorisation_info_array)
        return kind(result=answer.result, roaming_authorisation_info=records)

    async def get_single_roaming_authorisation(
        self, partner: Partner, message: tokens.GetSingleRoamingAuthorisationRequest
    ) -> tokens.GetSingleRoamingAuthorisationResponse:
        """Whatever its result: an unknown token is an answer too."""
        answer = tokens.GetSingleRoamingAuthorisationResponse
        return await self._call(partner, "GetSingleRoamingAuthorisation", message, answer)

    # --- charge points and their status

    async def set_charge_point_list(
        self, partner: Partner, message: charge_points.SetChargePointListRequest
    ) -> charge_points.SetChargePointListResponse:
        answer = charge_points.SetChargePointListResponse
        return await self._main(partner, "SetChargepointList", message, answer, long=True)

    async def update_charge_point_list(
        self, partner: Partner, message: charge_points.UpdateChargePointListRequest
    ) -> charge_points.UpdateChargePointListResponse:
        answer = charge_points.UpdateChargePointListResponse
        return await self._main(partner, "UpdateChargePointList", message, answer)

    async def get_charge_point_list(self, partner: Partner) -> charge_points.GetChargePointListResponse:
        message = charge_points.GetChargePointListRequest()
        answer = charge_points.GetChargePointListResponse
        return await self._main(partner, "GetChargePointList", message, answer, long=True)

    async def get_charge_point_list_updates(
        self, partner: Partner, message: charge_points.GetChargePointListUpdatesRequest
    ) -> charge_points.GetChargePointListUpdatesResponse:
        answer = charge_points.GetChargePointListUpdatesResponse
        return await self._main(partner, "GetChargePointListUpdates", message, answer, long=True)

    async def update_status(self, partner: Partner, message: live.UpdateStatusRequest) -> live.UpdateStatusResponse:
        return await self._main(partner, "UpdateStatus", message, live.UpdateStatusResponse)

    async def get_status(self, partner: Partner, message: live.GetStatusRequest) -> live.GetStatusResponse:
        return await self._call(partner, "GetStatus", message, live.GetStatusResponse, long=True)

    # --- charge data records

    async def add_cdrs(self, partner: Partner, message: cdrs.AddCDRsRequest) -> cdrs.AddCDRsResponse:
        return await self._main(partner, "AddCDRs", message, cdrs.AddCDRsResponse)

    async def check_cdrs(self, partner: Partner, message: cdrs.CheckCDRsRequest) -> cdrs.CheckCDRsResponse:
        return await self._main(partner, "CheckCDRs", message, cdrs.CheckCDRsResponse, long=True)

    async def get_cdrs(self, partner: Partner, message: cdrs.GetCDRsRequest) -> cdrs.GetCDRsResponse:
        return await self._main(partner, "GetCDRs", message, cdrs.GetCDRsResponse, long=True)

    async def confirm_cdrs(self, partner: Partner, message: cdrs.ConfirmCDRsRequest) -> cdrs.ConfirmCDRsResponse:
        return await self._main(partner, "ConfirmCDRs", message, cdrs.ConfirmCDRsResponse)

    # --- how

    async def _main(
        self, partner: Partner, operation: str, message: Struct, answer: type[A], *, long: bool = False
    ) -> A:
        given = await self._call(partner, operation, message, answer, long=long)
        error = error_of(given.result)  # type: ignore[attr-defined]
        if error is not None:
            raise error
        return given

    async def _call(
        self, partner: Partner, operation: str, message: Struct, answer: type[A], *, long: bool = False
    ) -> A:
        """Raises the errors of SoapClient, and Uncertain for an answer that cannot be read."""
        settings = settings_of(partner)
        upstream, password = await self._account(partner, settings)
        is_live = operation.endswith("Status")
        element = await self._soap.call(
            SoapRequest(
                partner=partner.id,
                protocol=PROTOCOL,
                operation=operation,
                url=upstream.live_url or upstream.url if is_live else upstream.url,
                action=(_LIVE if is_live else _MAIN) + operation,
                body=codec.encode(message),
                header=our_header(upstream, password, self._clock.now()),
                timeout_s=settings.list_timeout_s if long else settings.timeout_s,
            )
        )
        if element.tag != codec.SCHEMA.root(answer.__name__):
            raise Uncertain(f"{operation}: not the answer to this operation")
        try:
            return codec.read(element, answer, lenient=True)
        except Invalid as error:
            raise Uncertain(f"{operation}: an answer that cannot be read: {error}") from error

    async def _account(self, partner: Partner, settings: OchpSettings) -> tuple[Upstream, Secret]:
        if settings.upstream is None:
            raise Unsupported(f"{partner.name} is no clearing house that could be called")
        password = await self._credentials.outbound(partner.id)
        if password is None:
            raise Refused(f"no password of ours is known at {partner.name}", authenticated=False)
        return settings.upstream, Secret(password)
