"""Money and physical quantities. Everything is Decimal; units are in the names."""

from decimal import Decimal
from typing import Final

from core.model.base import Model

LARGEST: Final = 10**15
"""No amount, volume or reading is as large, so that rounding and products stay within the digits of a Decimal."""


class TaxAmount(Model, frozen=True, kw_only=True):
    """One tax on a price. `percentage` is the rate, `amount` in the currency of the price."""

    name: str
    amount: Decimal
    percentage: Decimal | None = None
    account_number: str | None = None


class Price(Model, frozen=True, kw_only=True):
    """An amount in the currency of what it belongs to.

    `after_taxes` only where a source gave the total without its parts.

    `taxes` None: the source does not say which taxes; an empty tuple: it says that there are none."""

    before_taxes: Decimal
    taxes: tuple[TaxAmount, ...] | None = None
    after_taxes: Decimal | None = None


class PriceLimit(Model, frozen=True, kw_only=True):
    """A lower or upper bound of a price; the two bounds apply independently."""

    before_taxes: Decimal
    after_taxes: Decimal | None = None


class Coordinates(Model, frozen=True, kw_only=True):
    """WGS 84 degrees, as exact decimals: digits are never added or dropped."""

    latitude: Decimal
    longitude: Decimal


class Text(Model, frozen=True, kw_only=True):
    """Human text in one language (ISO 639-1, or the tag that the source used)."""

    language: str
    text: str


class Image(Model, frozen=True, kw_only=True):
    """A picture somewhere on the web. `type` is a file type such as `jpeg`, in the owner's spelling."""

    url: str
    category: str
    type: str
    thumbnail: str | None = None
    width: int | None = None
    height: int | None = None
    extensions: dict[str, str] = {}


class Business(Model, frozen=True, kw_only=True):
    """The name and face of a company."""

    name: str
    website: str | None = None
    logo: Image | None = None
    extensions: dict[str, str] = {}
