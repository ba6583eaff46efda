"""The whole check of one partner."""

import asyncio
import time
from typing import Final

from core.errors import Invalid
from core.model.partner import Partner, PartnerState
from protocols.checking import CheckReport
from protocols.ocpi.check.configuration import check_credentials, check_details, check_strangers, check_versions
from protocols.ocpi.check.lists import check_lists
from protocols.ocpi.check.visit import MOST_CALLS, Enough, Visit
from protocols.ocpi.client import Peer
from protocols.ocpi.settings import settings_of
from protocols.ocpi.versions import version_of
from protocols.plugin import Hub

LONGEST_S: Final = 120.0


async def check_partner(hub: Hub, partner: Partner) -> CheckReport:
    """Raises Invalid for a partner that is not connected."""
    token, settings = await hub.credentials.outbound(partner.id), settings_of(partner)
    if (
        partner.state in (PartnerState.PLANNED, PartnerState.SUSPENDED)
        or token is None
        or settings.versions_url is None
    ):
        raise Invalid("$.state", f"{partner.name} is {partner.state}: only a connected partner can be checked")
    peer = Peer(id=partner.id, name=partner.name, token=token, encoding=settings.token_encoding)
    visit, began, at = Visit(hub, partner, version_of(partner), peer), time.perf_counter(), hub.clock.now()
    try:
        async with asyncio.timeout(LONGEST_S):
            await _look(visit)
    except TimeoutError:
        visit.sheet.skip("check", "the rest", f"it takes longer than {LONGEST_S:g} s")
    except Enough:
        visit.sheet.skip("check", "the rest", f"it takes more than {MOST_CALLS} calls")
    return CheckReport(
        partner=partner.id,
        name=partner.name,
        protocol=partner.protocol,
        version=partner.version,
        at=at,
        calls=visit.calls,
        duration_ms=round((time.perf_counter() - began) * 1000),
        findings=tuple(visit.sheet.findings),
    )


async def _look(visit: Visit) -> None:
    url = await check_versions(visit)
    if url is None:
        visit.sheet.skip("check", "the rest", "without its versions nothing else can be asked")
        return
    endpoints = await check_details(visit, url)
    await check_credentials(visit, endpoints)
    await check_strangers(visit, url)
    await check_lists(visit, endpoints)
