"""What Prometheus sees: requests, calls out, deliveries, CDRs, the age of the outbox.

Requests are counted by the gateway that served them. Calls, deliveries and losses happen in workers too, which serve
no HTTP: all processes add them up in the database, so every gateway shows the same numbers, those of the whole hub,
and they survive restarts. Where several gateways are scraped, take the largest of these, not their sum.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from core.model.delivery import Delivery
from core.model.loss import Loss

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_BOUNDS: Final = (*(str(float(bound)) for bound in _BUCKETS), "+Inf")
_CALL, _CALL_SECONDS, _DELIVERY, _LOSS = "call", "call seconds", "delivery", "loss"
_WHO: Final = ("partner", "protocol", "operation", "outcome")
LOSS_LABELS: Final = ("object", "source", "target", "kind", "path")
_INDEX: Final = re.compile(r"\[\d+\]")
_Tallies = Mapping[tuple[str, ...], float]


class Tallies(Protocol):
    """Adds up what all processes count."""

    def add(self, *name: str, amount: float = 1) -> None: ...


def loss_counts(tallies: _Tallies) -> dict[tuple[str, ...], float]:
    """How often by `LOSS_LABELS`, the most frequent first; what an older release counted by fewer is left out."""
    found = {
        tuple(labels): number
        for (name, *labels), number in tallies.items()
        if name == _LOSS and len(labels) == len(LOSS_LABELS)
    }
    return dict(sorted(found.items(), key=lambda entry: (-entry[1], entry[0])))


@lru_cache(maxsize=4096)
def path_class(path: str) -> str:
    """`$.evses[3].status` as `evses[].status`: what all paths of one field have in common."""
    return _INDEX.sub("[]", path.removeprefix("$."))


class Metrics:
    """One registry a process, so that several apps may live in one test process."""

    def __init__(self, tallies: Tallies) -> None:
        self._tallies = tallies
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "chargesphere_request_seconds",
            "Requests that partners made, by protocol, operation and HTTP status",
            ("protocol", "operation", "status"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.waiting = Gauge(
            "chargesphere_deliveries_stored", "Deliveries on disk", ("partner", "state"), registry=self.registry
        )
        self.cdrs = Gauge("chargesphere_cdrs_stored", "CDRs on disk", ("state",), registry=self.registry)
        self.silent = Gauge(
            "chargesphere_partner_silent",
            "1 while nothing was heard of a partner for longer than its protocol expects",
            ("partner", "protocol"),
            registry=self.registry,
        )
        self.outbox_age = Gauge(
            "chargesphere_outbox_age_seconds",
            "Age of the oldest event or delivery that waits",
            registry=self.registry,
        )

    def request(self, protocol: str, operation: str, status: int, seconds: float) -> None:
        self._requests.labels(protocol, operation, str(status)).observe(seconds)

    def call(self, *, partner: str, protocol: str, operation: str, outcome: str, seconds: float) -> None:
        who = (partner, protocol, operation, outcome)
        self._tallies.add(_CALL, *who, _BOUNDS[bisect_left(_BUCKETS, seconds)])
        self._tallies.add(_CALL_SECONDS, *who, amount=seconds)

    def delivery(self, delivery: Delivery) -> None:
        self._tallies.add(_DELIVERY, delivery.partner, delivery.protocol, delivery.kind.value, delivery.state.value)

    def note(self, what: str, *, source: str, target: str, losses: Sequence[Loss]) -> None:
        """Fulfils the port `Ledger`. Paths are counted without their indexes."""
        for loss in losses:
            self._tallies.add(_LOSS, what, source, target, loss.kind.value, path_class(loss.path))

    def render(self, tallies: _Tallies) -> bytes:
        """`tallies` as all processes added them up."""
        shared = CollectorRegistry()
        shared.register(_Shared(tallies))
        return generate_latest(self.registry) + generate_latest(shared)


class _Shared(Collector):
    def __init__(self, tallies: _Tallies) -> None:
        self._tallies = tallies

    def collect(self) -> Iterable[Metric]:
        deliveries = CounterMetricFamily(
            "chargesphere_deliveries", "Attempts to tell a partner something, by what came of them", labels=_WHO
        )
        losses = CounterMetricFamily(
            "chargesphere_losses", "What translations did not carry, narrowed or assumed", labels=LOSS_LABELS
        )
        for (kind, *labels), number in self._tallies.items():
            if kind == _DELIVERY:
                deliveries.add_metric(labels, number)
        for loss_labels, number in loss_counts(self._tallies).items():
            losses.add_metric(loss_labels, number)
        return [deliveries, losses, self._calls()]

    def _calls(self) -> Metric:
        family = HistogramMetricFamily(
            "chargesphere_call_seconds", "Calls that the hub made to partners, by outcome", labels=_WHO
        )
        for (kind, *labels), seconds in self._tallies.items():
            if kind == _CALL_SECONDS:
                family.add_metric(labels, self._cumulated(labels), seconds)
        return family

    def _cumulated(self, labels: list[str]) -> list[tuple[str, float]]:
        number, buckets = 0.0, []
        for bound in _BOUNDS:
            number += self._tallies.get((_CALL, *labels, bound), 0)
            buckets.append((bound, number))
        return buckets
