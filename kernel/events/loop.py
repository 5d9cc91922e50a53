"""A thread that looks at tenants when they are announced or due, and at every one of them now and then.

No tenant is polled: a thousand schemas asked each second would keep the database busy with nothing. Nor are all of many
looked at in one go: what a sweep costs in a second does not grow with the number of tenants, only how long it takes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from kernel.events.agenda import Agenda
from kernel.events.crew import Crew
from kernel.events.errors import WorkerStuck
from kernel.telemetry.logs import get_logger
from kernel.telemetry.metrics import Metrics
from kernel.tenancy.directory import Directory
from kernel.tenancy.record import TenantRecord

SWEEP_S = 60.0
# Beyond as many as fit into a sweep at this pace, a sweep takes longer.
SWEEP_TENANTS_PER_S = 2.0
# While threads are at work, how soon to see what they want to look at again.
BUSY_WAIT_S_MAX = 0.25
ERROR_PAUSE_S = 5.0
WAIT_S_MAX = 5.0
STOP_S_MAX = 30.0

# Does what is to be done for a tenant; answers in how many seconds to look again, None for not before it is announced.
Step = Callable[[TenantRecord], float | None]
# Waits so many seconds at most for announced names.
Wait = Callable[[float], frozenset[str]]

_log = get_logger()


class TenantLoop:
    """`start` and `stop` it, or call `round` oneself. `wait` has to return at once after `request_stop`."""

    def __init__(
        self,
        name: str,
        directory: Directory,
        wait: Wait,
        step: Step,
        metrics: Metrics,
        monotonic: Callable[[], float] = time.monotonic,
        threads: int = 1,
    ) -> None:
        """threads: how many tenants are looked at at once; with one it is the loop's own."""
        self._crew = Crew(name, threads, self._look_at) if threads > 1 else None
        self._directory, self._wait, self._step = directory, wait, step
        self._metrics, self._monotonic = metrics, monotonic
        self._agenda = Agenda()
        self._tenants: dict[str, TenantRecord] = {}
        self._swept_at: float | None = None
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        if self._crew:
            self._crew.start()
        self._thread.start()

    def request_stop(self) -> None:
        self._is_stopping.set()

    def join(self) -> None:
        """Raises WorkerStuck when the step at hand does not end in time; its transaction then rolls back."""
        self._thread.join(STOP_S_MAX)
        if self._thread.is_alive() or (self._crew and not self._crew.stop(STOP_S_MAX)):
            raise WorkerStuck(seconds=STOP_S_MAX)

    def round(self) -> None:
        """Wait for something to do, and do what is due."""
        longest = BUSY_WAIT_S_MAX if self._crew and self._crew.is_busy else WAIT_S_MAX
        if self._swept_at is None:
            longest = 0.0
        announced = self._wait(self._agenda.pause(self._monotonic(), longest))
        now = self._monotonic()
        if self._swept_at is None or now - self._swept_at >= self._sweep_s:
            self._sweep(now)
        elif not announced <= self._tenants.keys():
            self._read_tenants()
        self._agenda.add_all(announced & self._tenants.keys(), now)
        for name in self._agenda.take_due(now):
            if self._is_stopping.is_set():
                return
            if self._crew:
                self._crew.give(name)
            else:
                self._look_at(name)

    @property
    def _sweep_s(self) -> float:
        return max(SWEEP_S, len(self._tenants) / SWEEP_TENANTS_PER_S)

    def _sweep(self, now: float) -> None:
        """As many at once as a short sweep has, the others one after the other."""
        self._read_tenants()
        at_once = SWEEP_S * SWEEP_TENANTS_PER_S
        for number, name in enumerate(self._tenants):
            self._agenda.add(name, now + max(0.0, (number + 1 - at_once) / SWEEP_TENANTS_PER_S))
        self._swept_at = now

    def _run(self) -> None:
        while not self._is_stopping.is_set():
            try:
                self.round()
            except Exception:  # reason: the loop outlives a database that is away for a while
                self._metrics.worker_errors.inc()
                _log.exception("worker.failed", message="A round of the worker failed; it goes on.")
                self._is_stopping.wait(ERROR_PAUSE_S)

    def _read_tenants(self) -> None:
        self._tenants = {tenant.name: tenant for tenant in self._directory.list(state="active")}

    def _look_at(self, name: str) -> None:
        """One tenant's trouble (its database is away, it is being dropped) is not the others'."""
        tenant = self._tenants.get(name)
        if tenant is None or self._is_stopping.is_set():
            return
        try:
            again_in_s = self._step(tenant)
        except Exception:  # reason: told and tried again later, the other tenants go on
            self._metrics.worker_errors.inc()
            _log.exception("worker.step_failed", message=f"Work for tenant {name} failed.", tenant=name)
            again_in_s = ERROR_PAUSE_S
        if again_in_s is not None:
            self._agenda.add(name, self._monotonic() + again_in_s)
