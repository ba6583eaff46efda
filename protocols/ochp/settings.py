"""What a partner entry must hold for OCHP, written by the operator's document, kept as JSON text in the partner."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from core.errors import Invalid
from core.model.ids import EvseId
from core.model.partner import Partner

Username = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+\Z")]


class Upstream(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A clearing house in which the hub itself is a partner; the password is kept with the other secrets.

    `live_url` None: the same as `url`. `digest`: the password goes as a digest instead of in clear."""

    url: str
    live_url: str | None = None
    username: Username
    digest: bool = False


class OchpSettings(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """`username` is the partner's account. `callback_url` is where its own OCHPdirect interface is; the clearing house
    never calls it. `upstream`: the partner is a clearing house that the hub calls. `surrogate_evse_id`: an EVSE of the
    operator's that stands for all of them when an eMSP is asked whose protocol demands one; OCHP's question names none.
    """

    username: Username
    callback_url: str | None = None
    upstream: Upstream | None = None
    surrogate_evse_id: str | None = None
    list_timeout_s: float = 300.0
    timeout_s: float = 20.0


_MEMBERS: Final = frozenset(field.name for field in msgspec.structs.fields(OchpSettings))
_COMMON: Final = frozenset(
    {"name", "protocol", "roles", "open_to", "contracts", "shown_when_suspended", "tariff", "feeds"}
)


def settings_of(partner: Partner) -> OchpSettings:
    return _decoded(partner.settings)


def settings_from(document: Mapping[str, Any], username: str) -> tuple[OchpSettings, str | None]:
    """The settings, and the password of ours at an upstream clearing house.

    `username` if the document names none. Raises Invalid naming the member that is wrong."""
    for name in document:
        if name not in _MEMBERS and name not in _COMMON:
            raise Invalid(f"$.{name}", "no such member of an OCHP partner")
    given = {name: document[name] for name in _MEMBERS if document.get(name) is not None}
    given.setdefault("username", username)
    upstream, password = _without_password(given.get("upstream"))
    if upstream is not None:
        given["upstream"] = upstream
    try:
        settings = msgspec.convert(given, OchpSettings)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `")
        raise Invalid(path.rstrip("`") or "$", reason) from error
    if settings.surrogate_evse_id is not None:
        EvseId.parse(settings.surrogate_evse_id, "$.surrogate_evse_id")
    return settings, password


def _without_password(upstream: Any) -> tuple[dict[str, Any] | None, str | None]:
    if not isinstance(upstream, Mapping):
        return None, None
    password = upstream.get("password")
    if not isinstance(password, str) or not password:
        raise Invalid("$.upstream.password", "the password of the hub's account there is needed")
    return {name: value for name, value in upstream.items() if name != "password"}, password


@lru_cache(maxsize=4096)
def _decoded(text: str) -> OchpSettings:
    return msgspec.json.decode(text, type=OchpSettings)
