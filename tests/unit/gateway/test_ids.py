"""Ids that the hub mints."""

from uuid import UUID

import pytest

from gateway.clock import RandomIds


@pytest.mark.spec("EMIP-SES-01")
def test_ids_are_unique_and_cannot_be_guessed() -> None:
    ids = RandomIds()
    minted = {ids.uuid() for _ in range(10_000)}
    assert len(minted) == 10_000
    assert {UUID(text).version for text in minted} == {4}
    assert max(map(len, minted)) <= 64
