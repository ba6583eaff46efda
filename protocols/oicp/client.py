"""What we call at partners: one method an operation, messages in, messages out, errors of core raised.

The status in the body is the verdict, whatever HTTP says. Source: OICP 2.3, code snippets (URLs), section on partners.
"""

from typing import Final, TypeVar
from urllib.parse import quote

from core.errors import Invalid, Rejected, Unavailable, Uncertain, Unsupported
from core.model.partner import Partner, PartnerState
from mappings.oicp.v2_2 import cdr_to_2_2, plain
from protocols.oicp import codec
from protocols.oicp.access import from_secret
from protocols.oicp.settings import AUTHORIZATION, CDRS, NOTIFICATIONS, RESERVATION, OicpSettings, settings_of
from protocols.oicp.upstream.answers import checked
from protocols.oicp.upstream.pace import Pace
from protocols.oicp.upstream.settings import Upstream
from protocols.oicp.wire.authorisation import AuthorizationStart, AuthorizationStop, AuthorizeStart, AuthorizeStop
from protocols.oicp.wire.cdr import ChargeDetailRecord
from protocols.oicp.wire.common import Acknowledgement, Fault, StatusCode
from protocols.oicp.wire.notifications import Notification, NotificationType
from protocols.oicp.wire.remote import (
    AuthorizeRemoteReservationStart,
    AuthorizeRemoteReservationStop,
    AuthorizeRemoteStart,
    AuthorizeRemoteStop,
)
from protocols.plugin import Outbound
from protocols.transport.http import Answer, Request

T = TypeVar("T")
JSON: Final = "application/json;charset=UTF-8"
PROBE_S: Final = 10.0
NOTIFICATION: Final = "ChargingNotification"
NOTIFICATION_PATH: Final = "notificationmgmt/v11/charging-notifications"
RESERVATION_START: Final = "AuthorizeRemoteReservationStart"
RESERVATION_STOP: Final = "AuthorizeRemoteReservationStop"
SERVICE_OF: Final = {
    "ChargeDetailRecord": CDRS,
    NOTIFICATION: NOTIFICATIONS,
    RESERVATION_START: RESERVATION,
    RESERVATION_STOP: RESERVATION,
}
"""The service that an operation belongs to; all others are authorisation."""
RESERVATION_PATHS: Final = {
    "start": ("reservation/v11", "reservation-start-request"),
    "stop": ("reservation/v11", "reservation-stop-request"),
}
RESERVATION_ALIASES: Final = {
    "start": ("charging/v21", "authorize-remote-reservation/start"),
    "stop": ("charging/v21", "authorize-remote-reservation/stop"),
}
"""Not in the documents, and called and served by some back ends all the same."""
NOTIFICATION_PATH_2_2: Final = "notificationmgmt/v10/charging-notifications"
KNOWN_IN_2_2: Final = frozenset({NotificationType.START, NotificationType.END})
OLDER: Final = "2.2"
NO_SUCH_PATH: Final = frozenset({404, 405})
TOO_MANY: Final = 429
NOT_REACHED: Final = frozenset({TOO_MANY, 503})
"""HTTP statuses by which a partner, or what stands before it, says that it has not taken the message."""


class OicpClient:
    def __init__(self, outbound: Outbound) -> None:
        self._http = outbound.http
        self._credentials = outbound.credentials
        self._pace = Pace(outbound.clock)

    async def authorize_start(
        self, partner: Partner, operator_id: str, message: AuthorizeStart, process_id: str
    ) -> AuthorizationStart:
        path = f"charging/v21/operators/{quote(operator_id, safe='')}/authorize/start"
        answer = await self.post(partner, "AuthorizeStart", path, codec.encode(message), process_id, secret=True)
        return _typed(answer, AuthorizationStart)

    async def authorize_stop(
        self, partner: Partner, operator_id: str, message: AuthorizeStop, process_id: str
    ) -> AuthorizationStop:
        path = f"charging/v21/operators/{quote(operator_id, safe='')}/authorize/stop"
        content, session_id = codec.encode(message), message.session_id
        answer = await self.post(
            partner, "AuthorizeStop", path, content, process_id, secret=True, session_id=session_id
        )
        return _typed(answer, AuthorizationStop)

    async def authorize_remote_start(
        self, partner: Partner, message: AuthorizeRemoteStart, process_id: str, timeout_s: float
    ) -> Acknowledgement:
        """A refusal is an answer. The path names the EMP that asks."""
        path = ("charging/v21", "authorize-remote/start")
        return await self._remote(partner, "AuthorizeRemoteStart", path, message, process_id, timeout_s)

    async def authorize_remote_stop(
        self, partner: Partner, message: AuthorizeRemoteStop, process_id: str, timeout_s: float
    ) -> Acknowledgement:
        path = ("charging/v21", "authorize-remote/stop")
        return await self._remote(
            partner, "AuthorizeRemoteStop", path, message, process_id, timeout_s, session_id=message.session_id
        )

    async def authorize_remote_reservation_start(
        self, partner: Partner, message: AuthorizeRemoteReservationStart, process_id: str, timeout_s: float
    ) -> Acknowledgement:
        path = _reservation_path(partner, "start")
        return await self._remote(partner, RESERVATION_START, path, message, process_id, timeout_s)

    async def authorize_remote_reservation_stop(
        self, partner: Partner, message: AuthorizeRemoteReservationStop, process_id: str, timeout_s: float
    ) -> Acknowledgement:
        path = _reservation_path(partner, "stop")
        return await self._remote(
            partner, RESERVATION_STOP, path, message, process_id, timeout_s, session_id=message.session_id
        )

    async def _remote(
        self,
        partner: Partner,
        operation: str,
        path: tuple[str, str],
        message: AuthorizeRemoteStart | AuthorizeRemoteStop,
        process_id: str,
        timeout_s: float,
        *,
        session_id: str | None = None,
    ) -> Acknowledgement:
        """`path`: what stands before and behind the EMP that asks."""
        prefix, suffix = path
        whole = f"{prefix}/providers/{quote(message.provider_id, safe='')}/{suffix}"
        content = codec.encode(message)
        answer = await self.post(
            partner, operation, whole, content, process_id, timeout_s=timeout_s, session_id=session_id
        )
        return _said(answer)

    async def charge_detail_record(
        self, partner: Partner, operator_id: str, message: ChargeDetailRecord, process_id: str
    ) -> Acknowledgement:
        """Raises Rejected for a negative acknowledgement: `Result` decides, whatever the code says."""
        older = settings_of(partner).version == OLDER
        path = f"cdrmgmt/{'v21' if older else 'v22'}/operators/{quote(operator_id, safe='')}/charge-detail-record"
        record = plain(message)
        content = cdr_to_2_2(message, codec.to_raw(record)) if older else record
        answer = await self.post(partner, "ChargeDetailRecord", path, codec.encode(content), process_id)
        return acknowledged(answer)

    async def charging_notification(self, partner: Partner, message: Notification, process_id: str) -> Acknowledgement:
        """Raises Unsupported where the partner serves no such path, Rejected for a negative acknowledgement."""
        content, session_id, path = codec.encode(message), message.session_id, NOTIFICATION_PATH
        if settings_of(partner).version == OLDER:
            path = NOTIFICATION_PATH_2_2
            if message.type not in KNOWN_IN_2_2:
                raise Unsupported(f"OICP 2.2 has no notifications of type {message.type}")
        answer = await self.post(partner, NOTIFICATION, path, content, process_id, session_id=session_id)
        if answer.status in NO_SUCH_PATH and _fault(answer) is None:
            raise Unsupported(f"{partner.name} takes no charging notifications")
        return acknowledged(answer)

    async def probe(self, partner: Partner) -> None:
        """Any HTTP answer of the service URL will do: OICP has nothing harmless to ask. A platform in which the hub is
        a partner is asked only when it could not be reached. Source: Acceptable Use Policy."""
        settings = settings_of(partner)
        if settings.upstream is not None and partner.state is not PartnerState.OFFLINE:
            raise Unsupported(f"{partner.name} is asked for what is needed only")
        url = settings.callback_url or next(iter(settings.service_urls.values()), None)
        if not url:
            raise Unsupported(f"{partner.name} has no service URL")
        await self._http.send(
            Request(
                partner=partner.id,
                protocol="oicp",
                operation="probe",
                method="GET",
                url=url,
                timeout_s=PROBE_S,
                identity=from_secret(await self._credentials.outbound(partner.id)).identity,
            )
        )

    async def post(
        self,
        partner: Partner,
        operation: str,
        path: str,
        body: bytes,
        process_id: str,
        *,
        secret: bool = False,
        timeout_s: float | None = None,
        session_id: str | None = None,
        patience_s: float = 0.0,
    ) -> Answer:
        """`session_id`: the running session that it is about, by which the journal finds it. `patience_s`: how long it
        may wait for the limits of a platform."""
        settings = settings_of(partner)
        service_url = settings.service_url(SERVICE_OF.get(operation, AUTHORIZATION))
        if not service_url:
            raise Unsupported(f"{partner.name} has no service URL")
        access = from_secret(await self._credentials.outbound(partner.id))
        headers = {"content-type": JSON, "accept": JSON, "process-id": process_id}
        if access.outbound_key:
            headers["authorization"] = f"Bearer {access.outbound_key}"
        request = Request(
            partner=partner.id,
            protocol="oicp",
            operation=operation,
            method="POST",
            url=f"{service_url.rstrip('/')}/api/oicp/{path}",
            headers=headers,
            content=body,
            timeout_s=_timeout_s(settings, operation) if timeout_s is None else timeout_s,
            correlation_id=session_id.lower() if session_id else process_id,
            request_id=process_id,
            confidential=secret and b'"PIN"' in body,
            identity=access.identity,
        )
        if settings.upstream is None:
            return await self._http.send(request)
        return await self._paced(partner, settings.upstream, request, patience_s)

    async def _paced(self, partner: Partner, upstream: Upstream, request: Request, patience_s: float) -> Answer:
        """Within the platform's limits, and read as a platform's answer is to be read."""
        await self._pace.turn(partner.id, request.operation, upstream.most(request.operation), patience_s)
        answer = await self._http.send(request)
        limited = answer.status == TOO_MANY
        retry_after = answer.headers.get("retry-after")
        self._pace.heard(partner.id, request.operation, limited=limited, retry_after=retry_after)
        return checked(partner, request.operation, answer)


def _reservation_path(partner: Partner, which: str) -> tuple[str, str]:
    return (RESERVATION_ALIASES if settings_of(partner).reservation_alias else RESERVATION_PATHS)[which]


def _timeout_s(settings: OicpSettings, operation: str) -> float:
    patient = operation in ("ChargeDetailRecord", NOTIFICATION)
    return settings.cdr_timeout_s if patient else settings.authorise_timeout_s


def _said(answer: Answer) -> Acknowledgement:
    """A fault that bears a status code is a negative acknowledgement."""
    try:
        return _typed(answer, Acknowledgement)
    except Rejected as error:
        said = StatusCode(code=error.code, additional_info=error.text[:1000] or None)
        return Acknowledgement(result=False, status_code=said)


def _typed(answer: Answer, wire_type: type[T]) -> T:
    """The answer in its type; another readable status code is a refusal, anything else as good as no answer."""
    try:
        return codec.decode(answer.body, wire_type)
    except Invalid as error:
        if (said := _fault(answer)) is not None:
            raise rejected(said) from error
        if answer.status in NOT_REACHED:
            raise Unavailable(f"HTTP {answer.status}") from error
        raise Uncertain(f"HTTP {answer.status}, not a usable answer: {error}") from error


def _fault(answer: Answer) -> StatusCode | None:
    try:
        return codec.decode(answer.body, Fault).status_code
    except Invalid:
        return None


def acknowledged(answer: Answer) -> Acknowledgement:
    """Raises Rejected for a negative acknowledgement: `Result` decides, whatever the code says."""
    ack = _typed(answer, Acknowledgement)
    if not ack.result:
        raise rejected(ack.status_code)
    return ack


def rejected(status: StatusCode | None) -> Rejected:
    """A refusal without a code is a system error of the partner's."""
    code = status.code if status else "021"
    text = (status.additional_info or status.description or "") if status else ""
    return Rejected(code, text)
