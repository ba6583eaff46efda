"""Two hubs, each of which is the platform of the other: what nobody knows does not go round between them."""

from tests.flows.oicp_partners import rfid
from tests.flows.upstream import GOOD_THERE, Two, platform_document, two

BACK_KEY = "the-key-of-the-hub-above-at-our-hub"


async def each_others(net: Two) -> None:
    """What `two` makes, the other way round as well."""
    roles = [{"role": role, "country_code": "DE", "party_id": "VVV"} for role in ("CPO", "EMSP")]
    ids = {"operator_id": "DE*VVV", "provider_id": "DE-VVV"}
    back = platform_document(**ids, sub_ids=[]) | {"callback_url": "https://here.test", "outbound_key": BACK_KEY}
    _, shown = await net.above.add(back)
    net.above.network.serve("here.test", net.here.app)
    plain = {"name": "The hub above", "protocol": "oicp", "roles": roles, **ids, "inbound_key": BACK_KEY}
    await net.here.add(plain | {"callback_url": shown["service_url"], "outbound_key": shown["api_key"]})


async def test_what_nobody_knows_does_not_go_round() -> None:
    async with two() as net:
        await each_others(net)
        for uid, expected in (("04DDDDDDDDDDDD", "NotAuthorized"), (GOOD_THERE, "Authorized")):
            for _ in range(2):
                net.here.network.seen.clear()
                net.above.network.seen.clear()
                answer = await net.cpo.start(rfid(uid))
                assert answer.json()["AuthorizationStatus"] == expected, answer.text
                assert len(net.here.network.requests_to("above.test")) == 1
                assert len(net.above.network.requests_to("here.test")) <= 1


async def test_nor_where_it_begins_at_the_other_one() -> None:
    async with two() as net:
        await each_others(net)
        answer = await net.far_cpo.start(rfid("04DDDDDDDDDDDD"))
        assert answer.json()["AuthorizationStatus"] == "NotAuthorized"
        assert len(net.here.network.requests_to("above.test")) <= 1
