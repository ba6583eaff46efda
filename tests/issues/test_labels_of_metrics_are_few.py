"""Whoever asked for other paths, or by other methods, made new time series for ever; no login was needed."""

from typing import Any

from gateway.metrics import Metrics
from gateway.middleware.observe import Observer
from tests.fakes import FakeIds, FakeStorage


class Counted:
    def add(self, *_: str, amount: float = 1) -> None:
        raise AssertionError(amount)


async def asked(observer: Observer, method: str, path: str, template: str | None = None) -> None:
    async def app(scope: Any, _receive: Any, send: Any) -> None:
        if template is not None:
            scope["path_template"] = template
        await send({"type": "http.response.start", "status": 404, "headers": []})

    async def nothing(*_: Any) -> Any:
        return None

    scope: Any = {"type": "http", "method": method, "path": path, "state": {}}
    observed: Any = observer(app)
    await observed(scope, nothing, nothing)


def operations(metrics: Metrics) -> set[str]:
    return {
        sample.labels["operation"]
        for family in metrics.registry.collect()
        for sample in family.samples
        if "operation" in sample.labels
    }


async def test_unknown_paths_and_methods_are_one_each() -> None:
    storage = FakeStorage()
    metrics = Metrics(Counted())
    observer = Observer(metrics, storage.journal, storage.clock, FakeIds())
    await asked(observer, "GET", "/ocpi/2.3.0/locations/sender", "/ocpi/2.3.0/locations/sender")
    for number in range(20):
        await asked(observer, "GET", f"/ocpi/{number}")
        await asked(observer, "GET", f"/{number}/x")
        await asked(observer, f"GET{number}", "/ocpi/versions", "/ocpi/versions")
    assert operations(metrics) == {"GET /ocpi/2.3.0/locations/sender", "GET unknown path", "OTHER /ocpi/versions"}
