"""Numbers for Prometheus. Labels are of few values: never a tenant, a document or a user."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """One registry per process, made in the composition root; tests make their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "bos_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.request_seconds = Histogram(
            "bos_http_request_seconds", "Time to answer.", ("route",), buckets=_BUCKETS_S, registry=self.registry
        )
        self.requests_open = Gauge("bos_http_requests_open", "Requests being answered.", registry=self.registry)
        # outcome: done, repeated (the receipt was there already), retried, dead.
        self.deliveries = Counter("bos_deliveries", "Deliveries handled.", ("outcome",), registry=self.registry)
        self.delivery_seconds = Histogram(
            "bos_delivery_seconds", "Time one delivery took.", buckets=_BUCKETS_S, registry=self.registry
        )
        self.movements_folded = Counter("bos_movements_folded", "Movements folded.", registry=self.registry)
        self.worker_errors = Counter("bos_worker_errors", "Rounds of the worker that failed.", registry=self.registry)

    def render(self) -> bytes:
        """The text exposition format, version 0.0.4."""
        return generate_latest(self.registry)
