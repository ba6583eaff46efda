"""Codes of countries (ISO 3166-1 alpha-3) and of currencies (ISO 4217).

Source: OICP 2.3, CountryCodeType, CurrencyIDType."""

from typing import Final

import pycountry

from protocols.oicp.wire.base import broken

COUNTRIES: Final = frozenset(country.alpha_3 for country in pycountry.countries) | {"XKX"}
"""With Kosovo, which everybody writes so."""
CURRENCIES: Final = frozenset(currency.alpha_3 for currency in pycountry.currencies)


def check_country(member: str, code: str) -> None:
    if code not in COUNTRIES:
        raise broken(member, f"{code} is no country of ISO 3166")


def check_currency(member: str, code: str) -> None:
    if code not in CURRENCIES:
        raise broken(member, f"{code} is no currency of ISO 4217")
