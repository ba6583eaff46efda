"""Clear PINs of one push are hashed while its EMP waits, and so they are not too many."""

import pytest

from protocols.oicp.server import authentication_data
from tests.flows.oicp_partners import code, emp, errors, join, opened, qr


async def test_more_clear_pins_than_can_be_hashed_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentication_data, "MOST_CLEAR_PINS", 2)
    cards = [qr(evco_id=f"DE-OFF-C1234567{number}-X") for number in range(3)]
    async with opened() as hub:
        off = await join(hub, emp("DE-OFF"))
        refused = await off.push_cards("fullLoad", *cards)
        assert errors(refused) == ["providerAuthenticationData.authenticationDataRecord"]
        assert hub.storage.tokens.held == {}
        assert code(await off.push_cards("fullLoad", *cards[:2])) == (200, "000")
