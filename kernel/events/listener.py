"""Wake-ups between processes: LISTEN in those that work, debounced NOTIFY from those that only serve.

A notification inside a write would take a lock of the whole cluster at each commit, so none is sent there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import psycopg

from kernel.db.database import Database
from kernel.db.errors import DatabaseUnavailable
from kernel.events.announcements import Announcements
from kernel.parts import Parts
from kernel.telemetry.logs import get_logger
from kernel.tenancy.record import TenantRecord

CHANNEL = "bos_deliveries"
LISTEN_S = 0.5
DEBOUNCE_S = 0.05
RECONNECT_PAUSE_S = 2.0
# PostgreSQL takes payloads below 8,000 bytes; a tenant's name has at most 40.
NAMES_PER_NOTIFICATION_MAX = 150

_log = get_logger()


class Listener:
    """Hears which tenants other processes have left something for."""

    def __init__(self, database: Database, hear: Callable[[Sequence[str]], None]) -> None:
        self._database, self._hear = database, hear
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bos-listener", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._is_stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_stopping.is_set():
            try:
                self._listen()
            except (psycopg.Error, DatabaseUnavailable) as error:
                # Losing notifications loses nothing: the sweep finds what was announced meanwhile.
                _log.warning("listener.lost", message=str(error))
                self._is_stopping.wait(RECONNECT_PAUSE_S)

    def _listen(self) -> None:
        with self._database.listener() as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            while not self._is_stopping.is_set():
                for notification in connection.notifies(timeout=LISTEN_S):
                    self._hear(notification.payload.split(","))


class Announcer:
    """In a process without a worker: tells the others, at most once per interval however much is written."""

    def __init__(self, kernel: Parts) -> None:
        self._kernel = kernel
        self._announcements = Announcements()
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bos-announcer", daemon=True)

    def announce(self, tenant: TenantRecord) -> None:
        self._announcements.add(tenant.name)

    def note(self, tenant: TenantRecord) -> None:
        self._announcements.note(tenant.name)

    def start(self) -> None:
        self._kernel.on_deliveries.append(self.announce)
        self._kernel.on_changes.append(self.note)
        self._thread.start()

    def stop(self) -> None:
        self._kernel.on_deliveries.remove(self.announce)
        self._kernel.on_changes.remove(self.note)
        self._is_stopping.set()
        self._announcements.close()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_stopping.is_set():
            names = self._announcements.take(LISTEN_S)
            if names:
                self._is_stopping.wait(DEBOUNCE_S)
                self._tell(sorted(names | self._announcements.take(0)))

    def _tell(self, names: Sequence[str]) -> None:
        try:
            with self._kernel.database.platform() as uow:
                for payload in _payloads(names):
                    uow.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])
                uow.commit()
        except Exception as error:  # reason: an unheard wake-up only delays, the sweep finds the work
            _log.warning("announcer.failed", message=str(error))


def _payloads(names: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(names), NAMES_PER_NOTIFICATION_MAX):
        yield ",".join(names[start : start + NAMES_PER_NOTIFICATION_MAX])
