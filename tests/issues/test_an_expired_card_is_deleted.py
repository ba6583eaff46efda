"""A card that has expired is still in its EMP's set, and one that was deleted is not, whether or not it had expired."""

from core.model.version import Version
from tests.flows.oicp_partners import code, emp, join, opened

EXPIRED = {
    "RFIDIdentification": {"UID": "11111111", "RFID": "mifareFamily", "ExpiryDate": "2020-01-01T00:00:00Z"},
}


async def test_an_expired_card_that_was_deleted_may_be_inserted_again() -> None:
    async with opened() as hub:
        off = await join(hub, emp("DE-OFF"))
        assert code(await off.push_cards("insert", EXPIRED)) == (200, "000")
        assert code(await off.push_cards("insert", EXPIRED)) == (200, "009")
        assert code(await off.push_cards("delete", EXPIRED)) == (200, "000")
        assert "not there" in (await off.push_cards("delete", EXPIRED)).json()["StatusCode"]["AdditionalInfo"]
        assert code(await off.push_cards("update", EXPIRED)) == (200, "009")
        hub.clock.advance(1)
        assert code(await off.push_cards("insert", EXPIRED)) == (200, "000")


async def test_a_full_load_deletes_an_expired_card_once() -> None:
    async with opened() as hub:
        off = await join(hub, emp("DE-OFF"))
        await off.push_cards("fullLoad", EXPIRED)
        hub.clock.advance(1)
        assert code(await off.push_cards("fullLoad")) == (200, "000")
        deleted: list[Version] = await hub.storage.sets.history("oicp/cards/DEOFF", "DEOFF/RFID/11111111", limit=9)
        held = dict(hub.storage.tokens.held)
        hub.clock.advance(1)
        assert code(await off.push_cards("fullLoad")) == (200, "000")
        assert hub.storage.tokens.held == held
        assert await hub.storage.sets.history("oicp/cards/DEOFF", "DEOFF/RFID/11111111", limit=9) == deleted
