"""Settings: read from the environment, wrong ones named, secrets never shown."""

import ipaddress

import pytest
from cryptography.fernet import Fernet

from core.model.secret import Secret
from gateway.settings import VARIABLES, Settings, SettingsError, settings_table

KEY = Fernet.generate_key().decode()
REQUIRED = {
    "CHARGESPHERE_MONGODB_URL": "mongodb://hub:hunter2@db:27017/?replicaSet=rs0",
    "CHARGESPHERE_REDIS_URL": "redis://:hunter2@cache:6379/0",
    "CHARGESPHERE_TEMPORAL_ADDRESS": "temporal:7233",
    "CHARGESPHERE_PUBLIC_URL": "https://hub.example.com/",
    "CHARGESPHERE_ADMIN_KEY": "hunter2-admin",
    "CHARGESPHERE_SECRET_KEY": KEY,
}


def settings(**changes: str) -> Settings:
    return Settings.from_environment(REQUIRED | {f"CHARGESPHERE_{name}": value for name, value in changes.items()})


def test_defaults_are_those_of_production() -> None:
    read = settings()
    assert (read.mongodb_database, read.temporal_namespace, read.temporal_task_queue) == (
        "chargesphere",
        "default",
        "chargesphere",
    )
    assert (read.hub_country_code, read.hub_party_id, read.hub_name) == ("NL", "HUB", "ChargeSphere")
    assert (read.open_registration, read.allow_private_addresses, read.trusted_proxies) == (False, False, ())
    assert (read.max_body_bytes, read.authorise_deadline_s) == (64 * 1024 * 1024, 4.5)
    assert read.public_url == "https://hub.example.com"
    assert read.admin_key == Secret("hunter2-admin")


def test_every_setting_can_be_given() -> None:
    read = settings(
        HUB_COUNTRY_CODE="de",
        HUB_PARTY_ID="ab1",
        OPEN_REGISTRATION="true",
        ALLOW_PRIVATE_ADDRESSES="1",
        TRUSTED_PROXIES="10.0.0.1, 192.168.0.0/16,::1",
        MAX_BODY_BYTES="4096",
        AUTHORISE_DEADLINE_S="2",
        SILENCE_S="90",
        RENEW_TOKENS_DAYS="30",
        KEEP_DAYS="sessions=400, journal=3",
    )
    assert (read.hub_country_code, read.hub_party_id) == ("DE", "AB1")
    assert (read.open_registration, read.allow_private_addresses) == (True, True)
    assert read.trusted_proxies == tuple(map(ipaddress.ip_network, ("10.0.0.1/32", "192.168.0.0/16", "::1/128")))
    assert (read.max_body_bytes, read.authorise_deadline_s, read.silence_s) == (4096, 2.0, 90.0)
    assert read.keep_days == {"journal": 3, "sessions": 400}
    assert settings().keep_days == {"journal": 7}
    assert (read.renew_tokens_days, settings().renew_tokens_days) == (30, 0)


@pytest.mark.spec("OCPI-GEN-06")
def test_partners_are_given_https_urls_but_in_tests() -> None:
    with pytest.raises(SettingsError, match="PUBLIC_URL: https is required"):
        settings(PUBLIC_URL="http://hub.example.com")
    read = settings(PUBLIC_URL="http://127.0.0.1:8080", ALLOW_PRIVATE_ADDRESSES="true")
    assert read.public_url == "http://127.0.0.1:8080"


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: not set"):
        Settings.from_environment(REQUIRED | {name: "  "})


def test_all_missing_variables_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({})
    assert all(name in str(caught.value) for name in REQUIRED)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MONGODB_URL", "postgres://hunter2@db"),
        ("MONGODB_URL", "hunter2"),
        ("REDIS_URL", "http://hunter2"),
        ("TEMPORAL_ADDRESS", "temporal"),
        ("TEMPORAL_ADDRESS", "http://temporal:7233"),
        ("TEMPORAL_ADDRESS", "temporal:99999"),
        ("PUBLIC_URL", "hub.example.com"),
        ("PUBLIC_URL", "https://hub.example.com/?a=b"),
        ("PUBLIC_URL", "https://hunter2@hub.example.com"),
        ("PUBLIC_URL", "https://[hunter2"),
        ("HUB_COUNTRY_CODE", "NLD"),
        ("HUB_PARTY_ID", "HU*"),
        ("SECRET_KEY", "hunter2"),
        ("SECRET_KEY", KEY[:-4]),
        ("OPEN_REGISTRATION", "perhaps"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "proxy.local"),
        ("MAX_BODY_BYTES", "10MB"),
        ("MAX_BODY_BYTES", "0"),
        ("OCPI_WITHOUT", "locations"),
        ("OCPI_WITHOUT", "payments;bookings"),
        ("AUTHORISE_DEADLINE_S", "0"),
        ("AUTHORISE_DEADLINE_S", "soon"),
        ("AUTHORISE_DEADLINE_S", "nan"),
        ("RENEW_TOKENS_DAYS", "monthly"),
        ("KEEP_DAYS", "sessions"),
        ("KEEP_DAYS", "places=4"),
        ("KEEP_DAYS", "cdrs=0"),
        ("SILENCE_S", "0.4"),
        ("SILENCE_S", "86401"),
        ("SILENCE_S", "inf"),
    ],
)
def test_a_wrong_value_is_named_and_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^CHARGESPHERE_{name}: ") as caught:
        settings(**{name: value})
    assert "hunter2" not in str(caught.value)
    assert caught.value.variable == f"CHARGESPHERE_{name}"


def test_modules_that_are_not_offered() -> None:
    assert settings().ocpi_without == frozenset()
    assert settings(OCPI_WITHOUT=" payments,bookings,").ocpi_without == {"payments", "bookings"}


def test_no_secret_is_shown() -> None:
    read = settings()
    shown = (
        f"{read} {read!r} {read.__rich_repr__()} {read.admin_key} {read.admin_key!r} {read.admin_key.__rich_repr__()}"
    )
    assert "hunter2" not in shown
    assert KEY not in shown
    assert "Secret(***)" in shown


def test_the_table_holds_exactly_the_fields() -> None:
    assert tuple(variable.field for variable in VARIABLES) == Settings.__struct_fields__


def test_the_table_in_markdown_has_a_line_for_each() -> None:
    table = settings_table()
    assert all(f"\n| `{variable.name}` | " in table for variable in VARIABLES)
    assert "| `CHARGESPHERE_MONGODB_URL` | required |" in table
    assert "| `CHARGESPHERE_HUB_PARTY_ID` | `HUB` |" in table
