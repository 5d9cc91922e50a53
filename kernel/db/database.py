"""Pools of connections: the app login for requests, the owner for changes of schemas and roles."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import orjson
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.types.json import set_json_loads
from psycopg.types.string import TextLoader
from psycopg_pool import ConnectionPool, PoolTimeout

from kernel.db.errors import DatabaseUnavailable, DatabaseUnknown, SchemaBehind
from kernel.db.migrate import steps_behind
from kernel.db.names import app_role
from kernel.db.replicas import DEFAULT, Replica, Replicas
from kernel.db.unit_of_work import UnitOfWork
from kernel.tenancy.record import TenantRecord

# A backend keeps private memory for every schema it has touched, so none lives for ever.
CONNECTION_LIFETIME_S_MAX = 1800
CONNECTION_WAIT_S_MAX = 10
# How long a pool tries by itself to replace what was lost: for whoever waits. The next request begins anew, as psycopg
# doubles its pauses for as long as it tries, and a pool would still refuse long after the database is back.
RECONNECT_S_MAX = CONNECTION_WAIT_S_MAX
PREPARED_STATEMENTS_MAX = 200

_BEGIN_TENANT = "BEGIN; SET LOCAL ROLE {role}; SELECT value FROM \"{schema}\".meta WHERE name = 'generation'"


class Database:
    """All databases of an installation. `None` names the default one, which holds the platform schema."""

    def __init__(
        self,
        owner_dsn: str,
        *,
        databases: Mapping[str, str] | None = None,
        pool_size_max: int = 8,
        statement_timeout_ms: int = 30_000,
        replicas: Mapping[str, Sequence[str]] | None = None,
        replica_lag_max_ms: int = 100,
    ) -> None:
        self._owner_dsns: dict[str | None, str] = {None: owner_dsn}
        self._owner_dsns.update(databases or {})
        self._pool_size_max = pool_size_max
        self._statement_timeout_ms = statement_timeout_ms
        self._pools: dict[tuple[str | None, bool], ConnectionPool[psycopg.Connection[Any]]] = {}
        self._lock = threading.Lock()
        self.replicas = self._make_replicas(replicas or {}, replica_lag_max_ms / 1000)

    @contextmanager
    def transaction(self, tenant: TenantRecord, *, aside: bool = False) -> Iterator[UnitOfWork]:
        """A unit of work under the tenant's own role. The one statement that begins it reads the generation too.

        aside: beside another one this thread has open; on a connection kept for that, so that a full pool of
        threads that all need a second connection cannot wait for each other. Raises SchemaBehind for a tenant whose
        tables are not yet those this code expects.
        """
        with self._checked_out(tenant.database, aside=aside) as connection:
            yield from _closing(_begin(connection, tenant))

    @contextmanager
    def reading(self, tenant: TenantRecord, replica: Replica, position: str) -> Iterator[UnitOfWork]:
        """The same on a replica that has replayed so much of the log; see `reading.read`."""
        with replica.connection(position) as connection:
            yield from _closing(_begin(connection, tenant))

    def position(self, database: str | None = None) -> str:
        """How far the primary's log is on its disk: every change anybody was told of lies before it."""
        with self._checked_out(database) as connection:
            row = connection.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
        assert row is not None
        return str(row[0])

    @contextmanager
    def platform(self) -> Iterator[UnitOfWork]:
        """A unit of work over the platform's tables, as the app login."""
        with self._checked_out(None) as connection:
            connection.execute("BEGIN")
            yield from _closing(UnitOfWork(connection, None, 0))

    @contextmanager
    def glance(self, *, aside: bool = False) -> Iterator[UnitOfWork]:
        """Single statements on the platform's tables, without the two round trips that begin and end a transaction.

        aside: see `transaction`.
        """
        with self._checked_out(None, aside=aside) as connection:
            yield UnitOfWork(connection, None, 0)

    @contextmanager
    def owner(self, database: str | None = None) -> Iterator[psycopg.Connection[Any]]:
        """The owner's connection in autocommit: schemas, roles, indexes. Never used to serve a request."""
        dsn = self.owner_dsn(database)
        try:
            connection = psycopg.connect(dsn, autocommit=True)
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(database=database or "default") from error
        with connection:
            yield connection

    @property
    def names(self) -> tuple[str | None, ...]:
        return tuple(self._owner_dsns)

    @contextmanager
    def listener(self, database: str | None = None) -> Iterator[psycopg.Connection[Any]]:
        """A connection of its own under the app login, for LISTEN."""
        with psycopg.connect(self._app_dsn(database), autocommit=True) as connection:
            yield connection

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()
        self.replicas.close()

    def owner_dsn(self, database: str | None = None) -> str:
        """The owner's URL, with its password. Raises DatabaseUnknown."""
        try:
            return self._owner_dsns[database]
        except KeyError:
            raise DatabaseUnknown(database=database) from None

    @contextmanager
    def _checked_out(self, database: str | None, *, aside: bool = False) -> Iterator[psycopg.Connection[Any]]:
        pool = self._pool(database, aside)
        try:
            connection = self._take(pool)
        except (PoolTimeout, psycopg.OperationalError) as error:
            raise DatabaseUnavailable(database=database or "default") from error
        try:
            yield connection
        finally:
            pool.putconn(connection)

    def _take(self, pool: ConnectionPool[psycopg.Connection[Any]]) -> psycopg.Connection[Any]:
        """A connection PostgreSQL has not closed: after its restart all that were idle are lost, not one."""
        for _ in range(self._pool_size_max):
            connection = pool.getconn()
            if not _is_lost(connection):
                return connection
            # Given back, it is replaced by a new one.
            pool.putconn(connection)
        return pool.getconn()

    def _pool(self, database: str | None, aside: bool) -> ConnectionPool[psycopg.Connection[Any]]:
        pool = self._pools.get((database, aside))
        if pool is None:
            with self._lock:
                pool = self._pools.get((database, aside)) or self._open_pool(database, aside)
                self._pools[database, aside] = pool
        return pool

    def _open_pool(
        self, database: str | None, aside: bool, url: str | None = None
    ) -> ConnectionPool[psycopg.Connection[Any]]:
        return ConnectionPool(
            self._app_dsn(database, url),
            min_size=1,
            max_size=1 if aside else self._pool_size_max,
            timeout=CONNECTION_WAIT_S_MAX,
            max_lifetime=CONNECTION_LIFETIME_S_MAX,
            reconnect_timeout=RECONNECT_S_MAX,
            kwargs={"autocommit": True, "prepare_threshold": 2},
            configure=_configure,
            open=True,
        )

    def _make_replicas(self, urls: Mapping[str, Sequence[str]], lag_s_max: float) -> Replicas:
        """Nothing is connected before the first read. Raises DatabaseUnknown."""
        names = {None if name == DEFAULT else name: given for name, given in urls.items()}
        for name in names:
            self.owner_dsn(name)
        return Replicas(
            {
                name: [Replica(partial(self._open_pool, name, False, url), lag_s_max) for url in given]
                for name, given in names.items()
            }
        )

    def _app_dsn(self, database: str | None, url: str | None = None) -> str:
        """url: of a replica; roles and passwords are those of its primary."""
        with self.owner(database) as connection:
            row = connection.execute("SELECT id, app_password FROM bos.installation").fetchone()
        assert row is not None
        options = f"-c statement_timeout={self._statement_timeout_ms} -c search_path=pg_catalog -c timezone=UTC"
        return make_conninfo(url or self.owner_dsn(database), user=app_role(row[0]), password=row[1], options=options)


def _begin(connection: psycopg.Connection[Any], tenant: TenantRecord) -> UnitOfWork:
    if steps_behind(tenant.steps):
        raise SchemaBehind(tenant=tenant.name)
    cursor = connection.execute(_BEGIN_TENANT.format(role=tenant.role, schema=tenant.schema))
    cursor.nextset()
    cursor.nextset()
    row = cursor.fetchone()
    assert row is not None
    return UnitOfWork(connection, tenant, row[0])


def _is_lost(connection: psycopg.Connection[Any]) -> bool:
    """Whether PostgreSQL has hung up, as far as this side can know without asking it."""
    try:
        # Its last words first, then the end.
        for _ in range(2):
            connection.pgconn.consume_input()
    except psycopg.OperationalError:
        return True
    return connection.closed


def _configure(connection: psycopg.Connection[Any]) -> None:
    connection.prepared_max = PREPARED_STATEMENTS_MAX
    set_json_loads(orjson.loads, connection)
    # Ids are text everywhere in Python.
    connection.adapters.register_loader("uuid", TextLoader)


def _closing(uow: UnitOfWork) -> Iterator[UnitOfWork]:
    """Hand the unit of work out; whatever was not committed is rolled back, whichever way it ends."""
    try:
        yield uow
    finally:
        uow.end()
