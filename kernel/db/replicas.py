"""Replicas of databases: which to ask, and whether it has replayed enough of the log. See reading.py."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

# A replica that did not answer, or was too far behind, is not asked for so long.
REST_S = 1.0
CONNECTION_WAIT_S_MAX = 1.0
POLL_S = 0.001
# What the name of the default database is in BOS_REPLICAS.
DEFAULT = "default"


class TooFarBehind(Exception):
    """The replica has not replayed what the primary had written when it was asked."""


class Replica:
    """One replica. open_pool: of connections to it, as the app login."""

    def __init__(self, open_pool: Callable[[], ConnectionPool[psycopg.Connection[Any]]], lag_s_max: float) -> None:
        self._open_pool, self._lag_s_max = open_pool, lag_s_max
        self._pool: ConnectionPool[psycopg.Connection[Any]] | None = None
        self._lock = threading.Lock()
        self._rests_until = 0.0

    @property
    def is_resting(self) -> bool:
        return time.monotonic() < self._rests_until

    def rest(self) -> None:
        self._rests_until = time.monotonic() + REST_S

    @contextmanager
    def connection(self, position: str) -> Iterator[psycopg.Connection[Any]]:
        """One that has replayed up to this position of the log. Raises TooFarBehind, PoolTimeout, OperationalError."""
        with self._lock:
            pool = self._pool = self._pool or self._open_pool()
        connection = pool.getconn(CONNECTION_WAIT_S_MAX)
        try:
            self._wait_for(connection, position)
            yield connection
        finally:
            pool.putconn(connection)

    def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _wait_for(self, connection: psycopg.Connection[Any], position: str) -> None:
        end = time.monotonic() + self._lag_s_max
        # One that was made a primary stays at the position it had, and what it shows is another history.
        asked = "SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= %s::pg_lsn"
        for pause in itertools.count(1):
            row = connection.execute(asked, [position]).fetchone()
            if row is not None and row[0]:
                return
            if time.monotonic() >= end:
                raise TooFarBehind
            time.sleep(min(POLL_S * pause, max(0.0, end - time.monotonic())))


class Replicas:
    """Of all databases, by the database's name."""

    def __init__(self, replicas: Mapping[str | None, Sequence[Replica]]) -> None:
        self._replicas = {name: tuple(found) for name, found in replicas.items() if found}
        self._turn = itertools.count()

    def in_turn(self, database: str | None) -> list[Replica]:
        """Those to try, another one first each time."""
        found = self._replicas.get(database, ())
        if not found:
            return []
        first = next(self._turn) % len(found)
        return [replica for replica in found[first:] + found[:first] if not replica.is_resting]

    def close(self) -> None:
        for replica in itertools.chain.from_iterable(self._replicas.values()):
            replica.close()
