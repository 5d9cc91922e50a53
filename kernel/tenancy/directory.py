"""The directory of tenants: who exists and where."""

from __future__ import annotations

from typing import Any

from kernel.db.database import Database
from kernel.db.unit_of_work import UnitOfWork
from kernel.tenancy.errors import TenantUnknown
from kernel.tenancy.record import TenantRecord

TENANT_COLUMNS = (
    "id::text, name, title, schema_name, role_name, database, state, plan, currency, timezone, locale, limits, flags,"
    " steps"
)


class Directory:
    """Reads the platform's tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> TenantRecord:
        """The tenant of this name; raises TenantUnknown."""
        with self._database.glance() as uow:
            found = find_tenant(uow, name)
        if found is None:
            raise TenantUnknown(tenant=name)
        return found

    def list(self, *, state: str | None = None) -> list[TenantRecord]:
        """All tenants by name, or those in one state."""
        with self._database.glance() as uow:
            rows = uow.execute(
                f"SELECT {TENANT_COLUMNS} FROM {{p}}.tenants WHERE %s::text IS NULL OR state = %s ORDER BY name",
                [state, state],
            ).fetchall()
        return [TenantRecord(*row) for row in rows]


def find_tenant(uow: UnitOfWork, name: str) -> TenantRecord | None:
    """The tenant's record within a transaction at hand."""
    row: Any = uow.execute(f"SELECT {TENANT_COLUMNS} FROM {{p}}.tenants WHERE name = %s", [name]).fetchone()
    return TenantRecord(*row) if row else None
