"""Reads on replicas: never older than the request, or else on the primary.

Before a read the primary is asked how far its log has come. A replica answers only once it has replayed that much: so
it shows whatever anybody had been told of as done when the request came, the caller's own last change and a withdrawn
grant among it, and no process needs to remember who wrote what. See docs/decisions/0009.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psycopg
from psycopg_pool import PoolTimeout

from kernel.db.database import Database
from kernel.db.replicas import TooFarBehind
from kernel.db.unit_of_work import UnitOfWork
from kernel.tenancy.record import TenantRecord

Answer = TypeVar("Answer")


def read(database: Database, tenant: TenantRecord, verb: Callable[[UnitOfWork], Answer]) -> Answer:
    """What the verb reads, on a replica that is up to date, else on the primary. The verb may be called twice.

    Raises what the verb raises; a replica's own trouble is not the caller's.
    """
    replicas = database.replicas.in_turn(tenant.database)
    position = database.position(tenant.database) if replicas else ""
    for replica in replicas:
        try:
            with database.reading(tenant, replica, position) as uow:
                return verb(uow)
        except psycopg.errors.QueryCanceled:
            # Too slow here is too slow there.
            raise
        except (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction, PoolTimeout, TooFarBehind):
            replica.rest()
    with database.transaction(tenant) as uow:
        return verb(uow)
