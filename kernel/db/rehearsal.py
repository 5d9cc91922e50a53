"""A database on which nothing of a tenant's is ever committed: to try something out, as often as liked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kernel.db.database import Database
from kernel.db.unit_of_work import UnitOfWork
from kernel.tenancy.record import TenantRecord


class RehearsedDatabase(Database):
    """On the connections of another one, which closes them."""

    def __init__(self, database: Database) -> None:
        self.__dict__.update(vars(database))

    @contextmanager
    def transaction(self, tenant: TenantRecord, *, aside: bool = False) -> Iterator[UnitOfWork]:
        """See `Database.transaction`. Its commit does all that one does, but for the end."""
        with super().transaction(tenant, aside=aside) as uow:
            uow.is_rehearsal = True
            yield uow

    def close(self) -> None:
        """Leaves the connections to the other one."""
