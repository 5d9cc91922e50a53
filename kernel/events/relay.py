"""One turn for one tenant: deliver what is due, up to a bound, so that no tenant keeps the others waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kernel.db.unit_of_work import UnitOfWork
from kernel.events.bus import Bus, Delivery, Handler, Outcome
from kernel.telemetry.metrics import Metrics
from kernel.telemetry.scope import LogScope, log_scope
from kernel.tenancy.record import TenantRecord

TURN_DELIVERIES_MAX = 100


@dataclass(frozen=True)
class Relay:
    """Carries deliveries from a bus to a handler. `seconds` measures, and decides nothing."""

    bus: Bus
    handle: Handler
    metrics: Metrics = field(default_factory=Metrics)
    seconds: Callable[[], float] = time.perf_counter

    def turn(self, tenant: TenantRecord, is_over: Callable[[], bool] = lambda: False) -> int:
        """Deliver until nothing is due, the bound is reached or it is over; how many were taken."""
        count = 0
        while count < TURN_DELIVERIES_MAX and not is_over():
            taken = len(self.deliver(tenant, TURN_DELIVERIES_MAX - count))
            if not taken:
                break
            count += taken
        return count

    def deliver(self, tenant: TenantRecord, most: int = 1) -> Sequence[Outcome]:
        """Up to so many, those that may share a transaction in one; what became of them, nothing when none was due."""
        started = self.seconds()
        with log_scope(LogScope(tenant_id=tenant.id)) as scope:
            outcomes = self.bus.deliver_some(tenant, lambda uow, delivery: self._handle(uow, delivery, scope), most)
        each = (self.seconds() - started) / max(len(outcomes), 1)
        for outcome in outcomes:
            self.metrics.deliveries.labels(outcome.value).inc()
            self.metrics.delivery_seconds.observe(each)
        return outcomes

    def _handle(self, uow: UnitOfWork, delivery: Delivery, scope: LogScope) -> None:
        scope.user_id = f"applet:{delivery.subscriber.partition(':')[0]}"
        scope.request_id = delivery.event.correlation_id
        self.handle(uow, delivery)
