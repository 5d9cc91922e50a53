"""The loop beside the requests: deliveries at once when announced, everything else by and by.

No tenant is polled: a commit in this process and a notification from another hurry a tenant, a failed delivery
brings it back when it is due, and a slow sweep over all tenants finds what a crash left behind.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from kernel.events.agenda import Agenda
from kernel.events.dispatch import Dispatch
from kernel.events.errors import WorkerStuck
from kernel.events.listener import Listener
from kernel.events.postgres_bus import PostgresBus
from kernel.events.relay import TURN_DELIVERIES_MAX, Relay
from kernel.registers.service import fold
from kernel.telemetry.logs import get_logger
from kernel.telemetry.metrics import Metrics
from kernel.tenancy.record import TenantRecord

if TYPE_CHECKING:
    from kernel.main import Kernel

SWEEP_S = 60.0
FOLD_INTERVAL_S = 5.0
FOLD_MOVEMENTS_MAX = 5000
ERROR_PAUSE_S = 5.0
WAIT_S_MAX = 5.0
STOP_S_MAX = 30.0

_log = get_logger()


class Worker:
    """One thread per process. `start` and `stop` it; what it is at is finished first."""

    def __init__(
        self, kernel: Kernel, metrics: Metrics | None = None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._kernel = kernel
        self._metrics = metrics or Metrics()
        self._monotonic = monotonic
        self.bus = PostgresBus(kernel)
        self.relay = Relay(self.bus, Dispatch(kernel), self._metrics)
        self._listener = Listener(kernel.database, self.bus.announce_names)
        self._agenda = Agenda()
        self._tenants: dict[str, TenantRecord] = {}
        self._folded_at: dict[str, float] = {}
        self._swept_at = -SWEEP_S
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self.run, name="bos-worker", daemon=True)

    def start(self) -> None:
        self._kernel.on_deliveries.append(self.bus.announce)
        self._listener.start()
        self._thread.start()

    def stop(self) -> None:
        """Raises WorkerStuck when the delivery at hand does not end in time; its transaction then rolls back."""
        self.request_stop()
        self._listener.stop()
        self._thread.join(STOP_S_MAX)
        self._kernel.on_deliveries.remove(self.bus.announce)
        if self._thread.is_alive():
            raise WorkerStuck(seconds=STOP_S_MAX)

    def request_stop(self) -> None:
        """Safe in a signal handler of `run` in the main thread."""
        self._is_stopping.set()
        self.bus.close()

    def run(self) -> None:
        """Work until asked to stop."""
        while not self._is_stopping.is_set():
            try:
                self.round()
            except Exception:  # reason: the loop outlives a database that is away for a while
                self._metrics.worker_errors.inc()
                _log.exception("worker.failed", message="A round of the worker failed; it goes on.")
                self._is_stopping.wait(ERROR_PAUSE_S)

    def round(self) -> None:
        """Wait for something to do, and do what is due."""
        now = self._monotonic()
        announced = self.bus.wait(self._agenda.pause(now, WAIT_S_MAX))
        now = self._monotonic()
        self._agenda.add_all(announced, now)
        if now - self._swept_at >= SWEEP_S or not announced <= self._tenants.keys():
            self._sweep(now)
        for name in self._agenda.take_due(now):
            if self._is_stopping.is_set():
                return
            self._turn_safely(name)

    def _sweep(self, now: float) -> None:
        """Read the directory anew and plan a look at every active tenant."""
        self._tenants = {tenant.name: tenant for tenant in self._kernel.directory.list(state="active")}
        if now - self._swept_at >= SWEEP_S:
            self._agenda.add_all(self._tenants, now)
            self._swept_at = now

    def _turn_safely(self, name: str) -> None:
        """One tenant's trouble (its database is away, it is being dropped) is not the others'."""
        tenant = self._tenants.get(name)
        if tenant is None:
            return
        try:
            self._turn(tenant)
        except Exception:  # reason: told and tried again later, the other tenants go on
            self._metrics.worker_errors.inc()
            _log.exception("worker.turn_failed", message=f"A turn for tenant {name} failed.", tenant=name)
            self._agenda.add(name, self._monotonic() + ERROR_PAUSE_S)

    def _turn(self, tenant: TenantRecord) -> None:
        if self.relay.turn(tenant) == TURN_DELIVERIES_MAX:
            self._agenda.add(tenant.name, self._monotonic())
        else:
            self._plan(tenant, self.bus.next_due(tenant))
        self._fold(tenant)

    def _plan(self, tenant: TenantRecord, due_at: datetime | None) -> None:
        if due_at is not None:
            wait_s = (due_at - self._kernel.clock()).total_seconds()
            # What is due but was not taken is held by another relay or waits for an earlier one: not at once again.
            self._agenda.add(tenant.name, self._monotonic() + max(wait_s, 1.0))

    def _fold(self, tenant: TenantRecord) -> None:
        """Fold movements into totals, not more often than the interval: small bites would cost more than they save."""
        now = self._monotonic()
        since = now - self._folded_at.get(tenant.name, -FOLD_INTERVAL_S)
        if since < FOLD_INTERVAL_S:
            self._agenda.add(tenant.name, now + FOLD_INTERVAL_S - since)
            return
        with self._kernel.database.transaction(tenant) as uow:
            folded = fold(uow, batch=FOLD_MOVEMENTS_MAX)
            uow.commit()
        self._metrics.movements_folded.inc(folded)
        if folded < FOLD_MOVEMENTS_MAX:
            self._folded_at[tenant.name] = now
        else:
            self._agenda.add(tenant.name, now)
