"""PINs at rest."""

from core.services.pins import hash_pin, pin_matches


async def test_only_the_right_pin_matches() -> None:
    hashed = hash_pin("1234")
    assert "1234" not in hashed
    assert await pin_matches("1234", hashed) is True
    assert await pin_matches("1235", hashed) is False
    assert await pin_matches(None, hashed) is False
    assert await pin_matches(hashed, hashed) is False


async def test_each_hash_has_its_own_salt() -> None:
    assert hash_pin("1234") != hash_pin("1234")


async def test_foreign_hashes_cannot_be_told() -> None:
    assert await pin_matches("1234", "$2a$10$vI8aWBnW3fID.ZQ4/zo1G.q1lRps.9cGLcZEiGDMVr5yUP1KUOYTa") is None
