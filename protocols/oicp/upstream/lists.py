"""Calls about lists, of the hub as a partner of a platform: what it shows there and what it fetches."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from core.errors import Invalid, Rejected, Uncertain, Unsupported
from core.model.partner import Partner
from mappings.oicp.times import moment_to_oicp
from protocols.oicp import codec
from protocols.oicp.client import OicpClient, acknowledged, rejected
from protocols.oicp.codes import SUCCESS
from protocols.oicp.settings import settings_of
from protocols.oicp.upstream.answers import status_of
from protocols.oicp.upstream.settings import Upstream
from protocols.oicp.wire.common import ActionType, StatusCode
from protocols.transport.http import Answer

MINUTE_S: Final = 60.0
"""A list may wait for the platform's limits; nobody waits for it."""


class Lists:
    """`process_id` is the hub's for one run."""

    def __init__(self, client: OicpClient) -> None:
        self._client = client

    async def push_evse_data(
        self, partner: Partner, action: ActionType, records: Sequence[Any], *, name: str, process_id: str
    ) -> None:
        """Raises Rejected for a negative acknowledgement, as all pushes do."""
        operator_id = _own(partner).operator_id
        data = {"OperatorID": operator_id, "OperatorName": name[:100], "EvseDataRecord": records}
        path = f"evsepush/v23/operators/{_quoted(operator_id)}/data-records"
        await self._push(partner, "PushEvseData", path, {"ActionType": action, "OperatorEvseData": data}, process_id)

    async def push_evse_status(
        self,
        partner: Partner,
        action: ActionType,
        records: Sequence[Any],
        *,
        name: str,
        process_id: str,
        patient: bool = True,
    ) -> None:
        """`patient`: a list, for which nobody waits."""
        operator_id = _own(partner).operator_id
        data = {"OperatorID": operator_id, "OperatorName": name[:100], "EvseStatusRecord": records}
        path = f"evsepush/v21/operators/{_quoted(operator_id)}/status-records"
        body = {"ActionType": action, "OperatorEvseStatus": data}
        await self._push(partner, "PushEvseStatus", path, body, process_id, patient=patient)

    async def push_cards(
        self, partner: Partner, action: ActionType, records: Sequence[Any], *, process_id: str
    ) -> None:
        provider_id = _own(partner).provider_id
        data = {"ProviderID": provider_id, "AuthenticationDataRecord": records}
        path = f"authdata/v21/providers/{_quoted(provider_id)}/push-request"
        body = {"ActionType": action, "ProviderAuthenticationData": data}
        await self._push(partner, "PushAuthenticationData", path, body, process_id)

    async def evse_page(
        self, partner: Partner, number: int, since: datetime | None, process_id: str
    ) -> tuple[list[Any], bool]:
        """The records of one page as they came, and whether it is the last."""
        provider_id = _own(partner).provider_id
        body = {"ProviderID": provider_id, "GeoCoordinatesResponseFormat": "Google"}
        if since is not None:
            body["LastCall"] = moment_to_oicp(since)
        path = f"evsepull/v23/providers/{_quoted(provider_id)}/data-records"
        return await self._page(partner, "PullEvseData", path, body, number, process_id)

    async def record_page(
        self, partner: Partner, number: int, since: datetime, until: datetime, process_id: str
    ) -> tuple[list[Any], bool]:
        """Charge detail records that the platform received in this time."""
        provider_id = _own(partner).provider_id
        body = {"ProviderID": provider_id, "From": moment_to_oicp(since), "To": moment_to_oicp(until)}
        path = f"cdrmgmt/v22/providers/{_quoted(provider_id)}/get-charge-detail-records-request"
        return await self._page(partner, "GetChargeDetailRecords", path, body, number, process_id)

    async def statuses(self, partner: Partner, process_id: str) -> list[Any]:
        """Of all EVSEs, as they came."""
        provider_id = _own(partner).provider_id
        path = f"evsepull/v21/providers/{_quoted(provider_id)}/status-records"
        raw = await self._pull(partner, "PullEvseStatus", path, {"ProviderID": provider_id}, process_id)
        blocks = _list(raw, "EvseStatuses", "OperatorEvseStatus")
        return [record for block in blocks for record in _list(block, "EvseStatusRecord")]

    async def statuses_by_id(self, partner: Partner, evse_ids: Sequence[str], process_id: str) -> list[Any]:
        """At most 100 ids."""
        provider_id = _own(partner).provider_id
        path = f"evsepull/v21/providers/{_quoted(provider_id)}/status-records-by-id"
        body = {"ProviderID": provider_id, "EvseID": evse_ids}
        raw = await self._pull(partner, "PullEvseStatusByID", path, body, process_id)
        return _list(raw, "EVSEStatusRecords", "EvseStatusRecord")

    async def _page(
        self, partner: Partner, operation: str, path: str, body: dict[str, Any], number: int, process_id: str
    ) -> tuple[list[Any], bool]:
        size = _own(partner).page_size
        raw = await self._pull(partner, operation, f"{path}?page={number}&size={size}", body, process_id)
        content = _list(raw, "content")
        return content, not content or _is_last(raw, number, len(content) < size)

    async def _push(
        self,
        partner: Partner,
        operation: str,
        path: str,
        body: dict[str, Any],
        process_id: str,
        *,
        patient: bool = True,
    ) -> None:
        acknowledged(await self._post(partner, operation, path, body, process_id, patient=patient))

    async def _pull(
        self, partner: Partner, operation: str, path: str, body: dict[str, Any], process_id: str
    ) -> dict[str, Any]:
        answer = await self._post(partner, operation, path, body, process_id)
        try:
            raw = codec.decode_raw(answer.body)
        except Invalid as error:
            raise Uncertain(f"{operation}: not a usable answer: {error}") from error
        _check(raw, answer)
        return raw if isinstance(raw, dict) else {}

    async def _post(
        self,
        partner: Partner,
        operation: str,
        path: str,
        body: dict[str, Any],
        process_id: str,
        *,
        patient: bool = True,
    ) -> Answer:
        timeout_s = _own(partner).page_timeout_s if patient else settings_of(partner).cdr_timeout_s
        patience_s = MINUTE_S if patient else 0.0
        return await self._client.post(
            partner, operation, path, codec.encode(body), process_id, timeout_s=timeout_s, patience_s=patience_s
        )


def _check(raw: Any, answer: Answer) -> None:
    """Raises Rejected if the platform says no, Uncertain for what is no answer."""
    said = raw.get("StatusCode") if isinstance(raw, dict) else None
    code = said.get("Code") if isinstance(said, dict) else SUCCESS if answer.status == 200 else None
    if code != SUCCESS:
        status: StatusCode | None = status_of(answer)
        raise rejected(status) if status else Uncertain(f"HTTP {answer.status}, not a usable answer")


def _is_last(raw: dict[str, Any], number: int, short: bool) -> bool:
    """As the page says; where it does not, a short page is the last: what is missing counts as gone."""
    last, pages = raw.get("last"), raw.get("totalPages")
    if isinstance(last, bool):
        return last
    return number >= pages - 1 if isinstance(pages, int) else short


def _own(partner: Partner) -> Upstream:
    upstream = settings_of(partner).upstream
    if upstream is None:
        raise Unsupported(f"the hub is no partner of {partner.name}")
    return upstream


def _quoted(own_id: str | None) -> str:
    if own_id is None:
        raise Rejected("", "the hub has no id in this role there")
    return quote(own_id, safe="")


def _list(raw: Any, *names: str) -> list[Any]:
    """What is at the end of the names; nothing there is an empty list."""
    for name in names:
        raw = raw.get(name) if isinstance(raw, dict) else None
    return raw if isinstance(raw, list) else []
