"""How long anybody waits for a lock: as PostgreSQL's log tells, and as it is seen by looking often."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench.house import House
from kernel.postgres.cluster import locate_cluster

# Whoever waits longer is told of in the log.
TOLD_FROM_MS = 50
LOOK_EVERY_S = 0.02
_TOLD = re.compile(r"process \d+ (?:still waiting for|acquired) \w+ on .* after (\d+\.\d+) ms")
_WAITING = "SELECT extract(epoch FROM max(clock_timestamp() - waitstart)) * 1000 FROM pg_locks WHERE NOT granted"


@dataclass
class Waits:
    """In milliseconds. logged: each line of the log; seen: the longest that was looked at."""

    logged: list[float]
    seen: float = 0.0

    @property
    def longest(self) -> float:
        return max(self.seen, *self.logged, 0.0)


@contextmanager
def watch_locks(house: House) -> Iterator[Waits]:
    """What is waited for while the block runs; complete when it has ended."""
    waits, is_over = Waits([]), threading.Event()
    log = locate_cluster(house.folder).log
    with house.connect() as connection:
        _configure(connection, {"log_lock_waits": "on", "deadlock_timeout": f"{TOLD_FROM_MS}ms"})
        begin = log.stat().st_size
        looking = threading.Thread(target=_look, args=(house, waits, is_over), daemon=True)
        looking.start()
        try:
            yield waits
        finally:
            is_over.set()
            looking.join()
            waits.logged += read_waits(log, begin)
            _configure(connection, {"log_lock_waits": None, "deadlock_timeout": None})


def read_waits(log: Path, begin: int = 0) -> list[float]:
    """Milliseconds of each wait that is told of in the log from this byte on."""
    with log.open("rb") as file:
        file.seek(begin)
        return [float(found[1]) for found in _TOLD.finditer(file.read().decode(errors="replace"))]


def _configure(connection: psycopg.Connection[Any], settings: dict[str, str | None]) -> None:
    for name, value in settings.items():
        set_it = f"ALTER SYSTEM RESET {name}" if value is None else f"ALTER SYSTEM SET {name} = '{value}'"
        connection.execute(set_it, prepare=False)
    connection.execute("SELECT pg_reload_conf()")


def _look(house: House, waits: Waits, is_over: threading.Event) -> None:
    with house.connect() as connection:
        while not is_over.wait(LOOK_EVERY_S):
            row = connection.execute(_WAITING).fetchone()
            waits.seen = max(waits.seen, float(row[0] or 0) if row else 0.0)
