"""(c) OICP AuthorizeStart: from the hub's own store against a bare echo, and what the hub adds to an issuer's time."""

from bench.rig import Figure, Load, Pairs, load, reference, request
from bench.scene import OcpiEmsp, Scene, good, ocpi_emsp, oicp_cpo, oicp_emp, settled
from core.model.ids import PartyId
from gateway.simulator.cast import card
from gateway.simulator.network import Card
from gateway.simulator.oicp.host import OicpHost
from protocols.transport.json_codec import encode

CONNECTIONS = 32
STARTS = 4_000
CARDS = 1_000
ASKED = 300
THINKS_S = 0.02


async def measure(made: Scene, rounds: int) -> list[Figure]:
    cpo = await oicp_cpo(made.admin, made.url, "Stromwerk", PartyId("DE", "STW"))
    emp = await oicp_emp(made.admin, made.url, "Elektra", PartyId("DE", "ELK"))
    try:
        emsp = await ocpi_emsp(made, "Nordlicht", PartyId("DE", "NDL"), THINKS_S)
        try:
            cards = [card(emp.party, number) for number in range(CARDS)]
            await emp.push_authentication_data(cards)
            await settled(made.url)
            return [await _from_store(made, cpo, cards, rounds), *await _from_issuer(made, cpo, emsp)]
        finally:
            await emsp.close()
    finally:
        await cpo.close()
        await emp.close()


async def _from_store(made: Scene, cpo: OicpHost, cards: list[Card], rounds: int) -> Figure:
    bodies = [_body(cpo, held, f"S-{index}") for index, held in enumerate(cards)]
    starts = [request("POST", _start(cpo), cpo.headers(), body) for body in bodies]
    echoes = [request("POST", "/echo", cpo.headers(), body) for body in bodies]
    pairs = Pairs()
    async with reference() as port:
        for number in range(rounds + 1):
            theirs = good(await load(port, echoes, total=STARTS, connections=CONNECTIONS))
            ours = good(await load(made.port, starts, total=STARTS, connections=CONNECTIONS))
            await settled(made.url)
            if number:
                pairs.add(ours.per_second, theirs.per_second)
    return pairs.figure("(c) AuthorizeStart from the hub's store, 32 connections", "/s", "echoed", 0.25)


async def _from_issuer(made: Scene, cpo: OicpHost, emsp: OcpiEmsp) -> list[Figure]:
    """Each card once, so that the issuer's own time is known of every request."""
    figures = []
    for connections in (1, 8):
        cards = [card(emsp.party, connections * 1000 + number) for number in range(ASKED)]
        for held in cards:
            emsp.cards[held.uid] = held
        tokens = f"{emsp.path('tokens', 'RECEIVER')}/{emsp.party.country_code}/{emsp.party.party_id}"
        puts = [
            request("PUT", f"{tokens}/{held.uid}", emsp.to_hub(), encode(emsp.token_of(held, emsp.now())))
            for held in cards
        ]
        good(await load(made.port, puts, total=len(puts), connections=8))
        await settled(made.url)
        emsp.received.clear()
        starts = [
            request("POST", _start(cpo), cpo.headers(), _body(cpo, held, f"T-{index}"))
            for index, held in enumerate(cards)
        ]
        done = good(await load(made.port, starts, total=len(starts), connections=connections))
        handled = {
            call.path.split("/")[-2]: call.answered_s for call in emsp.received if call.path.endswith("/authorize")
        }
        own = [whole - handled[held.uid] * 1000 for whole, held in zip(done.latencies_ms, cards, strict=True)]
        figures.append(_shares(done, Load(per_second=0, failures=0, latencies_ms=own), connections))
    return figures


def _shares(whole: Load, own: Load, connections: int) -> Figure:
    def three(of: Load) -> str:
        return " / ".join(f"{of.percentile(percent):.1f}" for percent in (50, 95, 99)) + " ms"

    return Figure(
        name=f"    the hub's own share when it asks an OCPI eMSP, {connections} at a time, p50 / p95 / p99",
        measured=three(own),
        reference=f"{three(whole)} in all",
        ratio=f"{own.percentile(50) / whole.percentile(50):.2f}",
        goal="",
        held=None,
    )


def _start(cpo: OicpHost) -> str:
    return f"/api/oicp/charging/v21/{cpo.operators}/authorize/start"


def _body(cpo: OicpHost, held: Card, session: str) -> bytes:
    party = cpo.party
    return encode(
        {
            "OperatorID": f"{party.country_code}*{party.party_id}",
            "EvseID": f"{party.country_code}*{party.party_id}*E1*1",
            "CPOPartnerSessionID": session,
            "Identification": {"RFIDMifareFamilyIdentification": {"UID": held.uid}},
        }
    )
