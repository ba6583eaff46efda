"""What a partner entry must hold for eMIP, written by the operator's document, kept as JSON text in the partner."""

from collections.abc import Mapping
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from core.errors import Invalid
from core.model.partner import Partner
from mappings.emip.ids import party_to_emip

Fingerprint = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Seconds = Annotated[float, Meta(gt=0, le=120)]


class EmipSettings(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """`partner_id` is what the partner writes as `partnerId`; `partner_ids`: further ones that its credentials may use.

    `callback_url` is the one URL at which it takes all messages of the platform; without it nothing can be told.
    `callback_key`: whether those messages carry a key. `broadcast`: asked about badges of unknown issuers.
    `certificates`: SHA-256 of the DER form, lower-case hex; two during a renewal. `platform_ids`: opaque ids (type
    `Gireve`) and what they stand for. `zone`: of dates without one. `known_evses_only`: EVSEs that the hub has no copy
    of are refused even if their id names the operator. `session_events`: whether an eMSP wants them. `session_actions`:
    whether a CPO takes them. `intermediate_records`: whether a CPO is asked for them where the eMSP is on another
    protocol and sees them as progress of the session. `send_unknown`: whether elements that nobody knows are passed on.
    `silent_after`: so many heartbeat periods without any message. `action_header`: the action as an HTTP header too.
    `patience_s`: how long an eMSP waits for what comes of its start or action."""

    partner_id: str
    partner_ids: tuple[str, ...] = ()
    callback_url: str | None = None
    callback_key: bool = False
    broadcast: bool = True
    certificates: tuple[Fingerprint, ...] = ()
    platform_ids: dict[str, str] = {}
    zone: str = "UTC"
    heartbeat_s: Annotated[int, Meta(ge=1, le=86400)] = 300
    silent_after: Annotated[int, Meta(ge=1, le=100)] = 3
    known_evses_only: bool = False
    session_events: bool = True
    session_actions: bool = True
    intermediate_records: bool = False
    send_unknown: bool = False
    action_header: bool = True
    authorise_timeout_s: Seconds = 10.0
    command_timeout_s: Seconds = 15.0
    message_timeout_s: Seconds = 20.0
    patience_s: Seconds = 15.0

    @property
    def tz(self) -> tzinfo:
        return UTC if self.zone == "UTC" else ZoneInfo(self.zone)

    def is_partner_id(self, text: str) -> bool:
        """As eMI3 ids are compared: without case, separators and blanks."""
        return bare(text) in {bare(known) for known in (self.partner_id, *self.partner_ids)}

    def meant(self, platform_id: str) -> str | None:
        """What an opaque id stands for, if it is known."""
        return self.platform_ids.get(platform_id)


_MEMBERS: Final = frozenset(field.name for field in msgspec.structs.fields(EmipSettings))
_COMMON: Final = frozenset(
    {"name", "protocol", "roles", "open_to", "contracts", "shown_when_suspended", "tariff", "feeds"}
)


def bare(text: str) -> str:
    return "".join(text.split()).replace("*", "").replace("-", "").upper()


def settings_of(partner: Partner) -> EmipSettings:
    return _decoded(partner.settings)


def settings_from(document: Mapping[str, Any], partner: Partner) -> tuple[EmipSettings, str | None]:
    """The settings, and the key that our messages carry, which is a secret. Raises Invalid naming the member."""
    for name in document:
        if name not in _MEMBERS and name not in _COMMON:
            raise Invalid(f"$.{name}", "no such member of an eMIP partner")
    given = {name: document[name] for name in _MEMBERS if document.get(name) is not None}
    key = given.pop("callback_key", None)
    if key is not None and not (isinstance(key, str) and key):
        raise Invalid("$.callback_key", "a text is expected")
    given.setdefault("partner_id", party_to_emip(partner.parties[0]))
    try:
        settings = msgspec.convert({**given, "callback_key": key is not None}, EmipSettings)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `")
        raise Invalid(path.rstrip("`") or "$", reason) from error
    if not bare(settings.partner_id):
        raise Invalid("$.partner_id", "an id is expected")
    try:
        settings.tz  # noqa: B018
    except (KeyError, ValueError, OSError) as error:
        raise Invalid("$.zone", "an IANA time zone is expected") from error
    return settings, key


@lru_cache(maxsize=4096)
def _decoded(text: str) -> EmipSettings:
    return msgspec.json.decode(text, type=EmipSettings)
