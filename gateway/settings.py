"""What a process of the hub is told by its environment."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from core.model.secret import Secret
from core.ports.stores import Kept

KINDS: Final = ("journal", *(kind.value for kind in Kept))
PREFIX: Final = "CHARGESPHERE_"
OPTIONAL: Final = frozenset({"bookings", "invoicereconciliation", "payments"})
"""Modules of OCPI that a hub may do without. Source: OCPI 2.3.0, version_information_endpoint."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingsError(Exception):
    """A variable is missing or wrong. The text names it, and never shows a value that may be secret."""

    def __init__(self, variable: str, reason: str) -> None:
        super().__init__(f"{variable}: {reason}")
        self.variable = variable


class Variable(Struct, frozen=True, kw_only=True):
    """One line of the table of settings. `default` None: it must be given.

    `read` raises ValueError with what would be right; it must not quote a value that may be secret."""

    name: str
    default: str | None
    meaning: str
    read: Callable[[str], Any]

    @property
    def field(self) -> str:
        """Its name in `Settings`."""
        return self.name.removeprefix(PREFIX).lower()


def _text(value: str) -> str:
    return value


def _secret(value: str) -> Secret:
    return Secret(value)


def _fernet_key(value: str) -> Secret:
    try:
        right = len(base64.b64decode(value, altchars=b"-_", validate=True)) == 32
    except (binascii.Error, ValueError):
        right = False
    if not right:
        raise ValueError("not a Fernet key (32 bytes in url-safe base64)")
    return Secret(value)


def _url(*schemes: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in schemes or not parts.netloc:
            raise ValueError(f"not a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return value

    return read


def _public_url(value: str) -> str:
    url = _url("https", "http")(value)
    parts = urlsplit(url)
    if not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("a plain base URL is needed: scheme, host, perhaps a port and a path")
    return url.rstrip("/")


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or "/" in host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("not host:port")
    return value


def _matching(pattern: str, meaning: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if not re.fullmatch(pattern, value.upper()):
            raise ValueError(f"not {meaning}")
        return value.upper()

    return read


def _switch(value: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if value.lower() not in words:
        raise ValueError("neither true nor false")
    return words[value.lower()]


def _networks(value: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in value.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(f"not a comma-separated list of addresses and networks: {error}") from error


def _modules(value: str) -> frozenset[str]:
    found = frozenset(part.strip() for part in value.split(",") if part.strip())
    if found - OPTIONAL:
        raise ValueError(f"not a comma-separated list of {', '.join(sorted(OPTIONAL))}")
    return found


def _bytes(value: str) -> int:
    if not value.isdigit() or int(value) < 1024:
        raise ValueError("not a whole number of bytes, 1024 at least")
    return int(value)


def _seconds(value: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", value) or not 0 < float(value) <= 60:
        raise ValueError("not a number of seconds between 0 and 60")
    return float(value)


def _whole_days(value: str) -> int:
    if not value.isdigit() or int(value) > 3650:
        raise ValueError("not a whole number of days up to 3650")
    return int(value)


def _days(value: str) -> dict[str, int]:
    kept = {"journal": 7}
    for part in filter(None, (part.strip() for part in value.split(","))):
        name, _, days = part.partition("=")
        if name not in KINDS or not days.isdigit() or not 1 <= int(days) <= 36525:
            raise ValueError(f"not a list like sessions=400,cdrs=3650 of {', '.join(KINDS)} and days from 1 on")
        kept[name] = int(days)
    return kept


def _silence(value: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", value) or not 0.5 <= float(value) <= 86400:
        raise ValueError("not a number of seconds between 0.5 and 86400")
    return float(value)


def _variable(name: str, default: str | None, read: Callable[[str], Any], meaning: str) -> Variable:
    return Variable(name=PREFIX + name, default=default, meaning=meaning, read=read)


VARIABLES: Final = (
    _variable(
        "MONGODB_URL",
        None,
        _url("mongodb", "mongodb+srv"),
        "MongoDB, a replica set (transactions): `mongodb://host:27017/?replicaSet=rs0`",
    ),
    _variable("MONGODB_DATABASE", "chargesphere", _text, "Name of the database"),
    _variable("REDIS_URL", None, _url("redis", "rediss"), "Redis, a cache: `redis://host:6379/0`"),
    _variable("TEMPORAL_ADDRESS", None, _address, "Frontend of the Temporal cluster: `host:7233`"),
    _variable("TEMPORAL_NAMESPACE", "default", _text, "Namespace of the hub's workflows; it must exist"),
    _variable("TEMPORAL_TASK_QUEUE", "chargesphere", _text, "Task queue that gateways and workers share"),
    _variable("PUBLIC_URL", None, _public_url, "How partners reach the hub: `https://hub.example.com`"),
    _variable(
        "HUB_COUNTRY_CODE", "NL", _matching("[A-Z]{2}", "two letters"), "Country code of the hub's own OCPI identity"
    ),
    _variable(
        "HUB_PARTY_ID",
        "HUB",
        _matching("[A-Z0-9]{3}", "three letters or digits"),
        "Party id of the hub's own OCPI identity",
    ),
    _variable("HUB_NAME", "ChargeSphere", _text, "Name of the hub, as partners see it"),
    _variable(
        "HOTLINE",
        "",
        _matching(r"(\+[0-9]{5,15})?", "`+` and 5 to 15 digits"),
        "Telephone number for drivers where an operator gives none; without it OICP is not told of such EVSEs",
    ),
    _variable("ADMIN_KEY", None, _secret, "Bearer key of the admin API and password of the dashboard"),
    _variable(
        "SECRET_KEY",
        None,
        _fernet_key,
        "Fernet key that encrypts the partners' secrets at rest; lost key, lost secrets",
    ),
    _variable(
        "OPEN_REGISTRATION", "false", _switch, "Partners may register by OCPI without a token; never in production"
    ),
    _variable(
        "ALLOW_PRIVATE_ADDRESSES",
        "false",
        _switch,
        "URLs that partners give may lead to loopback and private addresses, and be plain http",
    ),
    _variable(
        "TRUSTED_PROXIES", "", _networks, "Addresses and networks (CIDR) whose client-certificate header is believed"
    ),
    _variable("MAX_BODY_BYTES", str(64 * 1024 * 1024), _bytes, "Larger requests are refused"),
    _variable(
        "OCPI_WITHOUT",
        "",
        _modules,
        "OCPI modules that are not offered: `bookings`, `invoicereconciliation`, `payments`, separated by commas",
    ),
    _variable("AUTHORISE_DEADLINE_S", "4.5", _seconds, "Seconds in which an authorisation is answered"),
    _variable(
        "SILENCE_S", "300", _silence, "After so many seconds without a message an OCPI partner is asked if it is there"
    ),
    _variable(
        "RENEW_TOKENS_DAYS",
        "0",
        _whole_days,
        "The hub changes both tokens of an OCPI partner when they are so old; 0: never",
    ),
    _variable(
        "KEEP_DAYS",
        "journal=7",
        _days,
        f"Days after which these are deleted: {', '.join(KINDS)} (`sessions=400,cdrs=3650`); else they are kept",
    ),
)
"""All settings, in the order in which the README lists them."""


class Settings(Struct, frozen=True, kw_only=True):
    """The environment, read and checked. The table `VARIABLES` says what each field means."""

    mongodb_url: str
    mongodb_database: str
    redis_url: str
    temporal_address: str
    temporal_namespace: str
    temporal_task_queue: str
    public_url: str
    hub_country_code: str
    hub_party_id: str
    hub_name: str
    hotline: str
    admin_key: Secret
    secret_key: Secret
    open_registration: bool
    allow_private_addresses: bool
    trusted_proxies: tuple[Network, ...]
    max_body_bytes: int
    ocpi_without: frozenset[str]
    authorise_deadline_s: float
    silence_s: float
    renew_tokens_days: int
    keep_days: Mapping[str, int]

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> "Settings":
        """An empty variable counts as not set. Raises SettingsError, which names all that is missing at once."""
        given = {variable: env.get(variable.name, "").strip() or variable.default for variable in VARIABLES}
        missing = [variable for variable, value in given.items() if value is None]
        if missing:
            raise SettingsError(", ".join(variable.name for variable in missing), _not_set(missing[0]))
        settings = cls(**{variable.field: _read(variable, value or "") for variable, value in given.items()})
        if settings.public_url.startswith("http:") and not settings.allow_private_addresses:
            raise SettingsError(f"{PREFIX}PUBLIC_URL", "https is required (but for tests: ALLOW_PRIVATE_ADDRESSES)")
        return settings

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    __str__ = __repr__

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, _without_password(getattr(self, name))) for name in self.__struct_fields__]


def settings_table() -> str:
    """The table of settings in Markdown, for the README."""
    lines = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for variable in VARIABLES:
        default = "required" if variable.default is None else f"`{variable.default}`" if variable.default else "none"
        lines.append(f"| `{variable.name}` | {default} | {variable.meaning} |")
    return "\n".join(lines) + "\n"


def _not_set(first: Variable) -> str:
    return f"not set ({first.name} is: {first.meaning}). `chargesphere up` needs none of them"


def _read(variable: Variable, value: str) -> Any:
    try:
        return variable.read(value)
    except ValueError as error:
        raise SettingsError(variable.name, str(error)) from None


def _without_password(value: Any) -> Any:
    return re.sub(r"//[^/@]*@", "//***@", value) if isinstance(value, str) else value
