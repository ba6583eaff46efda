"""What Prometheus sees: requests, calls out, deliveries, CDRs, the age of the outbox."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from core.model.delivery import Delivery

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """One registry a process, so that several apps may live in one test process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "chargesphere_request_seconds",
            "Requests that partners made, by protocol, operation and HTTP status",
            ("protocol", "operation", "status"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._calls = Histogram(
            "chargesphere_call_seconds",
            "Calls that the hub made to partners, by outcome",
            ("partner", "protocol", "operation", "outcome"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._deliveries = Counter(
            "chargesphere_deliveries",
            "Attempts to tell a partner something, by what came of them",
            ("partner", "protocol", "operation", "outcome"),
            registry=self.registry,
        )
        self._losses = Counter(
            "chargesphere_losses", "What translations did not carry", ("protocol", "kind"), registry=self.registry
        )
        self.waiting = Gauge(
            "chargesphere_deliveries_stored", "Deliveries on disk", ("partner", "state"), registry=self.registry
        )
        self.cdrs = Gauge("chargesphere_cdrs_stored", "CDRs on disk", ("state",), registry=self.registry)
        self.outbox_age = Gauge(
            "chargesphere_outbox_age_seconds",
            "Age of the oldest event or delivery that waits",
            registry=self.registry,
        )

    def request(self, protocol: str, operation: str, status: int, seconds: float) -> None:
        self._requests.labels(protocol, operation, str(status)).observe(seconds)

    def call(self, *, partner: str, protocol: str, operation: str, outcome: str, seconds: float) -> None:
        self._calls.labels(partner, protocol, operation, outcome).observe(seconds)

    def delivery(self, delivery: Delivery) -> None:
        self._deliveries.labels(delivery.partner, delivery.protocol, delivery.kind, delivery.state).inc()
        for loss in delivery.losses:
            self._losses.labels(delivery.protocol, loss.kind).inc()

    def render(self) -> bytes:
        return generate_latest(self.registry)
