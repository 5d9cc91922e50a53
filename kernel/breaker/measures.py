"""What this process has measured: meters of all tenants, summed for Prometheus, and written down for the others."""

from __future__ import annotations

import os
import socket
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Set
from datetime import datetime, timedelta
from typing import Any

from kernel.breaker.meters import Figures, Meter
from kernel.breaker.store import add_measures, forget_measures
from kernel.db.database import Database
from kernel.telemetry.logs import get_logger
from sdk.identifiers import new_id

# Of as many tenants a process keeps meters; those it has not seen for longest are summed up and dropped.
TENANTS_MAX = 1024
FLUSH_S = 10.0
KEPT = timedelta(days=1)
FORGET_EVERY = 360

_log = get_logger()


class Measures:
    """make: a meter for (runtime, plugin). `start` the writer with the first hook, `close` it at the end."""

    def __init__(self, database: Database, clock: Callable[[], datetime], make: Callable[[Any, Any], Meter]) -> None:
        self._database, self._clock, self._make = database, clock, make
        # By tenant: each meter by its function and version, and by the plugin, one object as long as the release runs.
        self.tenants: OrderedDict[str, dict[Any, Meter]] = OrderedDict()
        self._dropped: dict[tuple[str, str], Figures] = {}
        # Dropped since the last time anything was written down.
        self._left: list[tuple[str, Meter]] = []
        self._process = f"{socket.gethostname()}:{os.getpid()}:{new_id()[-8:]}"
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._is_closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._flushes = 0

    def add(self, runtime: Any, plugin: Any) -> Meter:
        """The meter of a plugin that is not among `tenants`."""
        made = self._make(runtime, plugin)
        with self._lock:
            meters = self.tenants.setdefault(runtime.tenant.id, {})
            key = (made.function, made.version)
            # The same release loaded anew goes on where it was.
            meter = meters.setdefault(key, made)
            for other in [each for each, its in meters.items() if its is meter and each != key]:
                del meters[other]
            meters[plugin] = meter
            if len(self.tenants) > TENANTS_MAX:
                self._drop(next(iter(self.tenants)))
        return meter

    def _drop(self, tenant_id: str) -> None:
        for meter in _distinct(self.tenants.pop(tenant_id)):
            self._left.append((tenant_id, meter))
            self._dropped.setdefault((meter.applet, meter.hook), Figures()).add(meter.figures)

    def meters(self) -> Iterator[tuple[str, Meter]]:
        """Every meter with its tenant's id."""
        with self._lock:
            kept = [(tenant_id, list(_distinct(meters))) for tenant_id, meters in self.tenants.items()]
        for tenant_id, meters in kept:
            yield from ((tenant_id, meter) for meter in meters)

    def totals(self) -> dict[tuple[str, str], Figures]:
        """Sums by applet and hook, of all tenants."""
        sums = {key: figures.copy() for key, figures in self._dropped.items()}
        for _, meter in self.meters():
            sums.setdefault((meter.applet, meter.hook), Figures()).add(meter.figures)
        return sums

    def start(self) -> None:
        """Begin to write down now and then; once."""
        with self._lock:
            if self._thread is None and not self._is_closing.is_set():
                thread = threading.Thread(target=self._run, name="bos-measures", daemon=True)
                thread.start()
                self._thread = thread

    def close(self) -> None:
        """Write the rest down, as a command ends sooner than the next turn comes."""
        self._is_closing.set()
        if self._thread is not None:
            self._thread.join()
            self._write()

    def flush(self) -> None:
        """Write down what was measured since the last time, as one statement for all tenants."""
        minute = self._clock().replace(second=0, microsecond=0)
        with self._writing:
            taken = self._take_unflushed()
            rows = [
                {"tenant_id": tenant_id, "minute": minute, "process": self._process} | _row(meter, figures)
                for (tenant_id, *_), (meter, figures) in taken.items()
            ]
            self._remember_seen({tenant_id for tenant_id, *_ in taken})
            if rows:
                with self._database.glance(aside=True) as uow:
                    add_measures(uow, rows)
                    if self._flushes % FORGET_EVERY == 0:
                        forget_measures(uow, minute - KEPT)
                self._flushes += 1

    def _take_unflushed(self) -> dict[tuple[str, str, str], tuple[Meter, Figures]]:
        """By tenant, function and version: of one that was dropped and came back there are two meters."""
        with self._lock:
            left, self._left = self._left, []
        taken: dict[tuple[str, str, str], tuple[Meter, Figures]] = {}
        for tenant_id, meter in [*left, *self.meters()]:
            if figures := meter.take_unflushed():
                taken.setdefault((tenant_id, meter.function, meter.version), (meter, Figures()))[1].add(figures)
        return taken

    def _remember_seen(self, tenant_ids: Set[str]) -> None:
        """Here and not with each call, which it would cost too much."""
        with self._lock:
            for tenant_id in tenant_ids & self.tenants.keys():
                self.tenants.move_to_end(tenant_id)

    def _run(self) -> None:
        while not self._is_closing.wait(FLUSH_S):
            self._write()

    def _write(self) -> None:
        try:
            self.flush()
        except Exception:  # reason: measuring must not fail anything, least of all while the database is away
            _log.warning("measures.not_written", message="Measures of hooks were lost.", exc_info=True)


def _distinct(meters: dict[Any, Meter]) -> Iterator[Meter]:
    return (meter for key, meter in list(meters.items()) if isinstance(key, tuple))


def _row(meter: Meter, figures: Figures) -> dict[str, Any]:
    return {
        "function": meter.function,
        "version": meter.version,
        "applet": meter.applet,
        "hook": meter.hook,
        **{name: getattr(figures, name) for name in Figures.__slots__},
    }
