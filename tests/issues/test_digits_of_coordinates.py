"""A cache that was keyed by Decimal gave 4.85 the digits of 4.850000: equal values, other digits."""

from decimal import Decimal

from mappings.ocpi.common import degrees_to_ocpi


def test_equal_degrees_keep_their_own_digits() -> None:
    texts = ["4.85000", "4.850000", "4.8500000", "-0.00000", "0.00000"]
    assert [degrees_to_ocpi(Decimal(text)) for text in texts] == texts


def test_further_digits_are_rounded_half_away_from_zero() -> None:
    assert degrees_to_ocpi(Decimal("4.85000005")) == "4.8500001"
    assert degrees_to_ocpi(Decimal("-4.85000005")) == "-4.8500001"
