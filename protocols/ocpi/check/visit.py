"""Calls of a check: counted, bounded, and each answer held to what all answers have in common."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from core.errors import RoamingError
from core.model.partner import Partner
from mappings.ocpi.common import time_from_ocpi
from protocols.checking import Sheet
from protocols.ocpi import codec
from protocols.ocpi.client import Peer, Routing, request_to, routing_headers
from protocols.ocpi.codes import succeeded
from protocols.ocpi.diagnosis import clock_remark, unreached
from protocols.ocpi.versions import Version
from protocols.ocpi.wire.envelope import Received
from protocols.plugin import Hub
from protocols.transport.http import Answer

MOST_CALLS: Final = 80
CALL_S: Final = 10.0
FORMAT: Final = "transport_and_format, response format"
IDS: Final = "transport_and_format, unique message IDs"


class Enough(Exception):
    """As many calls as a check may make have been made."""


class Got(Struct, frozen=True, kw_only=True):
    """An answer, and its envelope if it has one."""

    url: str
    answer: Answer
    envelope: Received | None

    @property
    def succeeded(self) -> bool:
        envelope = self.envelope
        return 200 <= self.answer.status < 300 and envelope is not None and succeeded(envelope.status_code)

    @property
    def data(self) -> bytes:
        return (codec.present(self.envelope) if self.envelope else None) or b""

    @property
    def said(self) -> str:
        """In a few words."""
        if self.envelope is None:
            return f"HTTP {self.answer.status} without an OCPI envelope"
        return f"HTTP {self.answer.status}, status code {self.envelope.status_code}"


class Visit:
    def __init__(self, hub: Hub, partner: Partner, version: Version, peer: Peer) -> None:
        self.hub = hub
        self.partner = partner
        self.version = version
        self.peer = peer
        self.sheet = Sheet()
        self.calls = 0
        self._seen: set[tuple[str, str]] = set()

    async def get(self, subject: str, url: str, *, to: Routing | None = None, peer: Peer | None = None) -> Got | None:
        """None, and a finding, if there is no answer. Raises Enough."""
        if self.calls >= MOST_CALLS:
            raise Enough
        self.calls += 1
        headers = routing_headers(self.partner, to) if to and not self.version.single_party else {}
        request_id, correlation_id = self.hub.ids.uuid(), self.hub.ids.uuid()
        request = request_to(
            peer or self.peer,
            f"check {subject}",
            "GET",
            url,
            None,
            headers,
            CALL_S,
            correlation_id,
            request_id=request_id,
        )
        try:
            answer = await self.hub.outbound.http.send(request)
        except RoamingError as error:
            self.sheet.must(subject, "requests are answered", FORMAT, f"{url} {unreached(error)}")
            return None
        got = Got(url=url, answer=answer, envelope=codec.received(answer.body))
        self._common(subject, got, {"x-request-id": request_id, "x-correlation-id": correlation_id})
        return got

    def once(self, subject: str, rule: str) -> bool:
        """Whether this rule was not looked at yet: what all answers share is said once for each subject."""
        if (subject, rule) in self._seen:
            return False
        self._seen.add((subject, rule))
        return True

    def _common(self, subject: str, got: Got, ids: Mapping[str, str]) -> None:
        if not got.succeeded or got.envelope is None or not self.once(subject, "common"):
            return
        sheet, headers = self.sheet, got.answer.headers
        kind = headers.get("content-type", "")
        wrong = [] if kind.lower().startswith("application/json") else [f"Content-Type is {kind or 'missing'}"]
        sheet.must(subject, "answers are application/json", FORMAT, *wrong)
        sheet.must(subject, "the envelope has a timestamp", FORMAT, *_timestamp(got.envelope))
        if not self.version.single_party:
            wrong = [
                f"{name}: {headers.get(name) or 'missing'}" for name, sent in ids.items() if headers.get(name) != sent
            ]
            sheet.must(subject, "answers carry the ids of their request", IDS, *wrong)
        if self.once("clock", "date"):
            remark = clock_remark(got.answer, self.hub.clock.now())
            sheet.should("clock", "clocks agree", "transport_and_format", *([remark] if remark else []))


def _timestamp(envelope: Received) -> list[str]:
    try:
        time_from_ocpi(envelope.timestamp or "", "/timestamp")
    except RoamingError as error:
        return [f"/timestamp: {envelope.timestamp!r}: {error.reason}"]
    return []
