"""The HTTP side of the hub."""

import asyncio
import logging
from typing import Any

from litestar import Litestar, Request, Response, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from gateway.admin.api import admin_router
from gateway.admin.views import Problem, ProblemView
from gateway.dashboard.feeds import feeds_page
from gateway.dashboard.journeys import journeys_page
from gateway.dashboard.losses import losses_page
from gateway.dashboard.page import dashboard
from gateway.dashboard.stations import stations_page
from gateway.metrics import Metrics
from gateway.middleware.observe import Observer
from gateway.wiring import Assembled, Assembly

PING_S = 3.0
log = logging.getLogger(__name__)


def create_app(assembly: Assembly) -> Litestar:
    """All protocols, the admin API and the pages over one assembly, which the caller opens and closes."""
    hub = assembly.hub
    routers = [router for plugin in assembly.plugins.values() for router in plugin.routers(hub)]
    return Litestar(
        [
            *routers,
            admin_router(),
            dashboard,
            journeys_page,
            losses_page,
            feeds_page,
            stations_page,
            health,
            ready,
            metrics,
        ],
        dependencies={"assembly": Provide(_assembly, sync_to_thread=False)},
        middleware=[Observer(assembly.metrics, hub.journal, hub.clock, hub.ids)],
        state=State({"assembly": assembly}),
        request_max_body_size=hub.max_body_bytes,
        openapi_config=OpenAPIConfig(
            title="ChargeSphere admin API",
            version="1",
            path="/admin/api/schema",
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        ),
        logging_config=None,
        exception_handlers={Exception: _unexpected},
    )


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[ProblemView]:
    """For what no router claimed: HTTP errors in our own words, and bugs, which are logged and never shown."""
    if isinstance(error, HTTPException):
        return Response(ProblemView(Problem("$", error.detail)), status_code=error.status_code)
    log.error("%s %s", request.method, request.url.path, exc_info=error)
    return Response(ProblemView(Problem("$", "an unexpected error, see the log of the hub")), status_code=500)


def _assembly(state: State) -> Assembly:
    found: Assembly = state["assembly"]
    return found


@get("/health", include_in_schema=False)
async def health() -> dict[str, str]:
    """The process serves."""
    return {"status": "ok"}


@get("/ready", include_in_schema=False)
async def ready(assembly: Assembled) -> Response[dict[str, Any]]:
    """Every server that the hub needs answers; else 503 and what is missing."""
    missing = {name: why for name, why in (await _pings(assembly)).items() if why}
    if missing:
        return Response({"status": "not ready", "missing": missing}, status_code=503)
    return Response({"status": "ready"})


@get("/metrics", include_in_schema=False)
async def metrics(assembly: Assembled) -> Response[bytes]:
    await _measure_stores(assembly, assembly.metrics)
    tallies = await assembly.storage.tallies.all()
    return Response(assembly.metrics.render(tallies), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _pings(assembly: Assembly) -> dict[str, str | None]:
    async def temporal() -> dict[str, str | None]:
        return {"temporal": await assembly.processes.ping()}

    try:
        async with asyncio.timeout(PING_S):
            stores, processes = await asyncio.gather(assembly.storage.ping(), temporal())
    except TimeoutError:
        return {"servers": f"no answer within {PING_S:g} s"}
    return {**stores, **processes}


async def _measure_stores(assembly: Assembly, gauges: Metrics) -> None:
    gauges.waiting.clear()
    for (partner, state), number in (await assembly.storage.outbox.counts()).items():
        gauges.waiting.labels(partner, state).set(number)
    for cdr_state, number in (await assembly.storage.cdrs.counts()).items():
        gauges.cdrs.labels(cdr_state).set(number)
    gauges.silent.clear()
    sightings = await assembly.keep_alive.sightings()
    for held in await assembly.hub.partners.all():
        silent = assembly.keep_alive.silent(held, sightings.get(held.id))
        gauges.silent.labels(held.id, held.protocol).set(silent)
    oldest = await assembly.storage.outbox.oldest_waiting()
    gauges.outbox_age.set((assembly.hub.clock.now() - oldest).total_seconds() if oldest else 0)
