"""Home networks that are away in the middle of a charge, and what they get when they return."""

from datetime import UTC, datetime, timedelta

from gateway.simulator.access import Admin
from gateway.simulator.cast import OCPI_PRICE, OICP_PRICE, Cast, card
from gateway.simulator.drivers import cdrs_of, check_cdr, key_of
from gateway.simulator.network import NotAsTold, bare
from gateway.simulator.ocpi import evse_statuses
from gateway.simulator.pairs import Trip, authorised, losses, settled, visit
from gateway.simulator.transcript import Transcript

PATIENCE_S = 60.0


async def outages(networks: Cast, admin: Admin, out: Transcript, *, allowed: int, uploaded: int) -> list[Trip]:
    return [
        *await _emsp_away(networks, admin, out, allowed),
        *await _emp_away(networks, admin, out, uploaded),
    ]


async def _emsp_away(networks: Cast, admin: Admin, out: Transcript, allowed: int) -> list[Trip]:
    """OCPI: pushes are lost and pulled later; CDRs wait in their workflows."""
    emsp, held = networks.ocpi_emsp, card(networks.ocpi_emsp.party, allowed)
    at_ocpi, at_oicp = networks.ocpi_operator.points[4], networks.oicp_operator.points[4]
    trips = [
        await authorised(networks, emsp, networks.ocpi_cpo, OCPI_PRICE, visit(held, at_ocpi, 11)),
        await authorised(networks, emsp, networks.oicp_cpo, OICP_PRICE, visit(held, at_oicp, 12)),
    ]
    for trip in trips:
        await trip.charging.begin()
    left = datetime.now(UTC) - timedelta(seconds=5)
    await emsp.switch_off()
    out.tell(f"Two of {emsp.name}'s drivers are charging when {emsp.name} is switched off.")
    for trip in trips:
        await trip.charging.proceed(lenient=True)
        await trip.charging.end(lenient=True)
        await trip.charging.bill()
    out.held("both charged to the end, and the hub took both CDRs")
    await networks.ocpi_cpo.patch_evse(at_ocpi.station_id, at_ocpi.evse_id, "OUTOFORDER")

    await emsp.switch_on()
    out.tell(f"{emsp.name} is switched on again, and pulls.")
    pulled = evse_statuses(await emsp.pull("locations", left))
    if pulled.get(bare(at_ocpi.evse_id)) != "OUTOFORDER":
        raise NotAsTold(f"{emsp.name} pulled {at_ocpi.evse_id} as {pulled.get(bare(at_ocpi.evse_id))}, not OUTOFORDER")
    out.held(f"it learned that {at_ocpi.evse_id} went out of order meanwhile")
    sessions = {session["id"]: session["status"] for session in await emsp.pull("sessions", left)}
    stay = trips[0].charging.visit
    if sessions.get(stay.id) != "COMPLETED":
        raise NotAsTold(f"{emsp.name} pulled the session that it missed as {sessions.get(stay.id)}, not COMPLETED")
    out.held("it pulled the end of the session that it had missed")
    for trip in trips:
        await settled(trip, admin, out, patience_s=PATIENCE_S)
        trip.delivered = "after its return"
    await networks.ocpi_cpo.patch_evse(at_ocpi.station_id, at_ocpi.evse_id, "AVAILABLE")
    return trips


async def _emp_away(networks: Cast, admin: Admin, out: Transcript, uploaded: int) -> list[Trip]:
    """OICP: the hub answers for the uploaded card; the record is fetched, or delivered once the EMP is back."""
    emp, held = networks.oicp_emp, card(networks.oicp_emp.party, uploaded)
    left = datetime.now(UTC) - timedelta(seconds=5)
    await emp.switch_off()
    out.tell(f"{emp.name} is switched off. A driver comes with the card that it had uploaded.")
    trips = [
        await authorised(
            networks, emp, networks.oicp_cpo, OICP_PRICE, visit(held, networks.oicp_operator.points[5], 13)
        ),
        await authorised(
            networks, emp, networks.ocpi_cpo, OCPI_PRICE, visit(held, networks.ocpi_operator.points[5], 14)
        ),
    ]
    out.held("Stromwerk asked, and the hub answered yes by itself; Voltaire went by the whitelist that it was sent")
    for trip in trips:
        await trip.charging.begin(lenient=True)
        await trip.charging.end(lenient=True)
        await trip.charging.bill()
    out.held("both charged, and the hub took both CDRs")
    await emp.switch_on()
    out.tell(f"{emp.name} is switched on again, and pulls.")
    until = datetime.now(UTC) + timedelta(minutes=1)
    fetched: dict[str, int] = {}
    for record in await emp.get_charge_detail_records(left, until):
        fetched[key_of(record)] = fetched.get(key_of(record), 0) + 1
        for trip in trips:
            if trip.charging.visit.key == key_of(record):
                check_cdr(record, trip.charging, trip.price)
    for trip in trips:
        if fetched.get(trip.charging.visit.key) != 1:
            raise NotAsTold(f"{emp.name} fetched the CDR of {trip.charging.visit.key} {fetched} times, not once")
        trip.fetched = True
        trip.losses = await losses(trip, admin)
        pushed = bool(cdrs_of(emp).get(trip.charging.visit.key))
        trip.delivered = "fetched after its return" + (", and sent" if pushed else "")
    out.held(f"it fetched both records by GetChargeDetailRecords, exact; losses: {', '.join(t.losses for t in trips)}")
    return trips
