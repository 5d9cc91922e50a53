"""What runs beside the requests: one thread delivers, one does the upkeep, one keeps the search index, one listens to
other processes.

A commit in this process and a notification from another hurry a tenant, a failed delivery brings it back when it is
due, and a slow sweep over all tenants finds what a crash left behind.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kernel.events.announcements import Announcements
from kernel.events.dispatch import Dispatch
from kernel.events.listener import Listener
from kernel.events.loop import TenantLoop
from kernel.events.postgres_bus import PostgresBus
from kernel.events.relay import TURN_DELIVERIES_MAX, Relay
from kernel.events.upkeep import Upkeep
from kernel.search.keeper import REFRESH_INTERVAL_S, SearchKeeper
from kernel.telemetry.metrics import Metrics
from kernel.tenancy.record import TenantRecord
from kernel.transfer.jobs import TransferJobs
from kernel.transfer.service import ANNOUNCED as TRANSFER_ANNOUNCED

if TYPE_CHECKING:
    from kernel.main import Kernel

# What is due but was not taken is held by another relay, or waits for an earlier one: not again at once.
LOOK_AGAIN_S_MIN = 1.0
# While much is written, deliveries wait so long for each other: a turn for one costs nearly as much as for many.
ROUND_INTERVAL_S = 0.2


class Worker:
    """One per process, any number of processes. `stop` lets it finish what it is at.

    threads: tenants delivered for at once, and as many looked after; each takes a connection.
    """

    def __init__(self, kernel: Kernel, metrics: Metrics | None = None, *, threads: int = 1) -> None:
        self._kernel = kernel
        numbers = metrics or Metrics()
        self.bus = PostgresBus(kernel)
        self.relay = Relay(self.bus, Dispatch(kernel), numbers)
        self._changed = Announcements()
        self._searched = Announcements()
        self._transfers, self._transferred = TransferJobs(kernel), Announcements()
        self._is_stopping = threading.Event()
        self._round_at = -math.inf
        upkeep = Upkeep(kernel, numbers)
        self._loops = (
            TenantLoop(
                "bos-deliveries", kernel.directory, self._wait_for_deliveries, self._deliver, numbers, threads=threads
            ),
            TenantLoop("bos-upkeep", kernel.directory, self._changed.take, upkeep, numbers, threads=threads),
            TenantLoop("bos-search", kernel.directory, self._wait_for_changes, SearchKeeper(kernel), numbers),
            TenantLoop("bos-transfers", kernel.directory, self._transferred.take, self._transfers, numbers),
        )
        self._listener = Listener(kernel.database, self._hear)

    def start(self) -> None:
        self._kernel.on_deliveries.append(self.bus.announce)
        self._kernel.on_changes.append(self._note)
        self._listener.start()
        for loop in self._loops:
            loop.start()

    def stop(self) -> None:
        """Raises WorkerStuck when what it is at does not end in time."""
        self._kernel.on_deliveries.remove(self.bus.announce)
        self._kernel.on_changes.remove(self._note)
        self._is_stopping.set()
        for loop in self._loops:
            loop.request_stop()
        self.bus.close()
        self._changed.close()
        self._searched.close()
        self._transferred.close()
        self._listener.stop()
        for loop in self._loops:
            loop.join()
        self._transfers.close()

    def _hear(self, names: Sequence[str]) -> None:
        """From other processes, and of transfers from this one too."""
        begun = [name.removeprefix(TRANSFER_ANNOUNCED) for name in names if name.startswith(TRANSFER_ANNOUNCED)]
        if begun:
            self._transferred.add(*begun)
        if len(begun) < len(names):
            self.bus.announce_names([name for name in names if not name.startswith(TRANSFER_ANNOUNCED)])

    def _note(self, tenant: TenantRecord) -> None:
        self._searched.note(tenant.name)

    def _wait_for_changes(self, seconds: float) -> frozenset[str]:
        """Nobody is woken by each of many writes: one looks once a second who has written."""
        return self._searched.take(min(seconds, REFRESH_INTERVAL_S))

    def _wait_for_deliveries(self, seconds: float) -> frozenset[str]:
        """At once for the first after a pause; then rounds begin an interval apart, and nobody is woken in between."""
        began = time.monotonic()
        rest = min(seconds, self._round_at + ROUND_INTERVAL_S - began)
        if rest > 0:
            self._is_stopping.wait(rest)
        names = self.bus.wait(max(0.0, began + seconds - time.monotonic()))
        self._round_at = time.monotonic()
        return names

    def _deliver(self, tenant: TenantRecord) -> float | None:
        """One turn for a tenant; in how many seconds its next delivery is due."""
        taken = self.relay.turn(tenant, self._is_stopping.is_set)
        self._changed.add(tenant.name)
        self._note(tenant)
        if taken == TURN_DELIVERIES_MAX:
            return 0.0
        due_at = self.bus.next_due(tenant)
        if due_at is None:
            return None
        return max((due_at - self._kernel.clock()).total_seconds(), LOOK_AGAIN_S_MIN)
