"""PINs at rest: bcrypt, of the hub's own making and of partners'."""

import asyncio
import time

import pytest

from gateway import pins
from gateway.pins import BcryptPins

PINS = BcryptPins(rounds=4)


async def test_only_the_right_pin_matches() -> None:
    hashed = PINS.hash("1234")
    assert hashed.startswith("$2b$04$")
    assert "1234" not in hashed.removeprefix("$2b$04$")
    assert await PINS.matches("1234", hashed) is True
    assert await PINS.matches("1235", hashed) is False
    assert await PINS.matches(None, hashed) is False
    assert await PINS.matches(hashed, hashed) is False


def test_each_hash_has_a_salt_of_its_own() -> None:
    assert PINS.hash("1234") != PINS.hash("1234")


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
async def test_hashes_of_other_makers_are_checked(prefix: str) -> None:
    hashed = prefix + PINS.hash("987654").removeprefix("$2b$")
    assert await PINS.matches("987654", hashed) is True
    assert await PINS.matches("987655", hashed) is False


@pytest.mark.parametrize("pin", ["ü" * 20, "🔑" * 20, "\x00\x00", "", "a\x00b"])
async def test_any_pin_can_be_hashed(pin: str) -> None:
    hashed = PINS.hash(pin)
    assert await PINS.matches(pin, hashed) is True
    assert await PINS.matches(pin[:-1] + "x" if pin else "x", hashed) is False or len(pin.encode()) > 72


@pytest.mark.parametrize(
    "hashed",
    [
        "",
        "1234",
        "$2x$10$" + "a" * 53,
        "$2b$31$" + "a" * 53,
        "$2b$15$" + "a" * 53,
        "$2b$03$" + "a" * 53,
        "$2b$10$" + "a" * 52,
        "$2b$10$" + "=" * 53,
        "$scrypt$aaaa$bbbb",
    ],
)
async def test_what_cannot_be_checked_is_neither_right_nor_wrong(hashed: str) -> None:
    begun = time.monotonic()
    assert await PINS.matches("1234", hashed) is None
    assert time.monotonic() - begun < 0.5


async def test_nobody_waits_long_for_the_pins_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []

    def slow(pin: str, _: str) -> bool:
        checked.append(pin)
        time.sleep(0.2)
        return True

    monkeypatch.setattr(pins, "_check", slow)
    monkeypatch.setattr(pins, "PATIENCE_S", 0.3)
    here, hashed, begun = BcryptPins(), PINS.hash("1234"), time.monotonic()
    answers = await asyncio.gather(*(here.matches(str(number), hashed) for number in range(40)))
    assert time.monotonic() - begun < 2
    assert answers[:2] == [True, True]
    assert answers[-1] is None
    await asyncio.sleep(0.3)
    assert len(checked) < 10
    assert await here.matches("1234", hashed) is True
