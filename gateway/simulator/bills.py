"""Charge detail records at their destination: whether they came, came once, and say what was measured."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gateway.simulator.access import Admin
from gateway.simulator.network import NotAsTold, bare
from gateway.simulator.roles import Bill, Home
from gateway.simulator.visits import Price, Visit

LOOKS_EVERY_S = 0.05
SETTLED = ("DELIVERED", "FETCHABLE")


def check_bill(bill: Bill, visit: Visit, price: Price, *, whole_seconds: bool = False) -> None:
    """Energy, times, card and amount as the operator measured them, as far as they were carried.

    `whole_seconds`: a protocol on the way has no fractions of a second, so they were cut off.
    Raises NotAsTold naming the first difference."""
    told = {
        "started_at": _whole(visit.started_at) if whole_seconds else visit.started_at,
        "ended_at": _whole(visit.ended_at) if whole_seconds else visit.ended_at,
        "energy_kwh": visit.energy_kwh,
        "card_uid": visit.card.uid,
        "net": price.net(visit.energy_kwh),
        "tax": price.tax(visit.energy_kwh),
    }
    for name, right in told.items():
        said = getattr(bill, name)
        if said is not None and said != right:
            raise NotAsTold(f"the CDR of {visit.key} arrived with {name} {said} instead of {right}")


async def arrival(home: Home, visit: Visit, admin: Admin, patience_s: float = 30.0) -> tuple[Bill, float]:
    """Waits for the CDR of a visit at its home network; gives it, and the seconds that it took.

    Raises NotAsTold with what the hub says of it if it does not come."""
    begun = time.perf_counter()
    while time.perf_counter() - begun < patience_s:
        if found := (await home.bills()).get(visit.key):
            return found[0], time.perf_counter() - begun
        await asyncio.sleep(LOOKS_EVERY_S)
    entry = await _entry(admin, visit) or {}
    said = f"the hub lists it as {entry.get('state')}, {entry.get('last_error')}"
    raise NotAsTold(f"{home.name}: the CDR of {visit.key} did not come within {patience_s:g} s; {said}")


async def check_once(home: Home, homes: Sequence[Home], visits: Sequence[Visit]) -> None:
    """Raises NotAsTold for a CDR of a driver of `home` that came twice, never, or to somebody else."""
    for other in homes:
        bills = await other.bills()
        for visit in visits:
            number = len(bills.get(visit.key, ()))
            if number != (1 if other is home else 0):
                raise NotAsTold(f"the CDR of {visit.key} ({home.name}'s driver) reached {other.name} {number} times")


async def settlement(admin: Admin, visit: Visit) -> dict[str, Any]:
    """The hub's own entry for the CDR of a visit, once it has settled it."""
    state = None
    for _ in range(100):
        entry = await _entry(admin, visit)
        state = entry and entry["state"]
        if entry and state in SETTLED:
            return entry
        await asyncio.sleep(0.1)
    raise NotAsTold(f"the hub lists the CDR of {visit.key} as {state}")


def losses(entry: dict[str, Any]) -> str:
    """What the hub recorded for a settled CDR: `lost`, and apart from it `assumed`."""
    kinds = [loss.get("kind", "LOST") for loss in entry["losses"]]
    assumed = kinds.count("ASSUMED")
    return f"{len(kinds) - assumed}, {assumed} assumed" if assumed else str(len(kinds))


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


async def _entry(admin: Admin, visit: Visit) -> dict[str, Any] | None:
    return next((entry for entry in await admin.cdrs() if _is_of(entry["cdr"], visit)), None)


def _is_of(cdr: dict[str, Any], visit: Visit) -> bool:
    evse_id = (cdr.get("location") or {}).get("evse_id") or {}
    return (
        bare(evse_id.get("text", "")) == bare(visit.point.evse_id)
        and datetime.fromisoformat(cdr["started_at"]) == visit.started_at
    )
