"""What partners were told last, on the fake and on MongoDB."""


async def test_copies_are_kept_by_partner_and_kind(storage):
    copies = storage.copies
    await copies.note("p1", "evses", {"A": "1", "B": "2"})
    await copies.note("p1", "cards", {"A": "9"})
    await copies.note("p2", "evses", {"A": "7"})
    assert await copies.held("p1", "evses") == {"A": "1", "B": "2"}
    assert await copies.held("p1", "evses", ["B", "C"]) == {"B": "2"}
    assert await copies.held("p1", "evses", []) == {}
    await copies.note("p1", "evses", {"A": "3", "B": None, "C": None})
    await copies.note("p1", "evses", {})
    assert await copies.held("p1", "evses") == {"A": "3"}
    await copies.forget("p1", "evses")
    assert await copies.held("p1", "evses") == {}
    assert await copies.held("p1", "cards") == {"A": "9"}
    await copies.forget("p1")
    assert await copies.held("p1", "cards") == {}
    assert await copies.held("p2", "evses") == {"A": "7"}
