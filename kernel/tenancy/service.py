"""Create, suspend, resume, drop and migrate tenants. Runs on the owner's connection: it makes schemas and roles."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

import psycopg
from psycopg.types.json import Jsonb

from kernel.db.database import Database
from kernel.db.migrate import Installation, hold_migration_lock, steps_behind
from kernel.db.names import tenant_role, tenant_schema
from kernel.tenancy.directory import Directory
from kernel.tenancy.errors import TenantDropping, TenantExists, TenantInvalid, TenantNameInvalid, TenantNotSuspended
from kernel.tenancy.migration import JOBS, MigrationReport, MigrationRun, migrate_schema_of, note_steps
from kernel.tenancy.record import TenantRecord
from sdk.errors import Violation
from sdk.identifiers import new_id

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class NewTenant:
    """What is needed to make one. currency: ISO 4217; timezone: IANA name; locale: BCP 47 tag."""

    name: str
    title: str
    currency: str = "EUR"
    timezone: str = "UTC"
    locale: str = "en"
    plan: str = "standard"
    database: str | None = None


@dataclass(frozen=True)
class TenantService:
    """The verbs of the room; `installation` names the roles."""

    database: Database
    directory: Directory
    installation: Installation

    def create_tenant(self, wanted: NewTenant, now: datetime) -> TenantRecord:
        """Row first, schema second: a crash between the two leaves a row that `migrate_tenants` completes."""
        self._insert(wanted, now)
        self.migrate_tenant(self.directory.get(wanted.name))
        return self.directory.get(wanted.name)

    def reserve_tenant(
        self, wanted: NewTenant, now: datetime, *, id: str, limits: Mapping[str, Any], flags: Mapping[str, Any]
    ) -> None:
        """The row alone, in the state `dropping`: nobody is let in before somebody has filled the tenant."""
        self._insert(wanted, now, id=id, state="dropping", limits=limits, flags=flags)

    def migrate_tenant(self, tenant: TenantRecord) -> list[str]:
        """Bring one tenant's schema and role up to date; the steps that were applied."""
        with self.database.owner(tenant.database) as connection:
            applied, steps = migrate_schema_of(connection, tenant)
            if tenant.database is None:
                note_steps(connection, tenant, steps)
        if tenant.database is not None:
            with self.database.owner() as connection:
                note_steps(connection, tenant, steps)
        return applied

    def migrate_tenants(
        self,
        progress: Callable[[TenantRecord], None] = lambda tenant: None,
        *,
        jobs: int = JOBS,
        names: Collection[str] | None = None,
        is_rehearsal: bool = False,
        is_hurried: bool = False,
    ) -> MigrationReport:
        """All tenants, or those of these names; one that fails stops nobody else. What is up to date is left alone.

        One that is being dropped is not brought back. progress: called from several threads. is_hurried: believe the
        directory about who is up to date, and do not ask each schema. Raises TenantUnknown for a name nobody has.
        """
        tenants = [self.directory.get(name) for name in names] if names is not None else self.directory.list()
        behind = [each for each in tenants if each.state != "dropping" and (not is_hurried or steps_behind(each.steps))]
        return MigrationRun(self.database, jobs, is_rehearsal, progress).over(behind)

    def suspend_tenant(self, name: str) -> TenantRecord:
        """Refuse its log-ins and requests from now on; nothing is lost."""
        return self._set_state(name, "suspended")

    def resume_tenant(self, name: str) -> TenantRecord:
        return self._set_state(name, "active")

    def drop_tenant(self, name: str) -> None:
        """Delete a suspended tenant's schema, role, users and row. The caller has exported and asked before."""
        tenant = self.directory.get(name)
        if tenant.state == "active":
            raise TenantNotSuspended(tenant=name, state=tenant.state)
        self._set_state(name, "dropping")
        with self.database.owner(tenant.database) as connection, connection.transaction():
            hold_migration_lock(connection, tenant.schema)
            connection.execute(f'DROP SCHEMA IF EXISTS "{tenant.schema}" CASCADE')
            if _role_exists(connection, tenant.role):
                connection.execute(f"DROP ROLE {tenant.role}")
        with self.database.owner() as connection:
            connection.execute("DELETE FROM bos.tenants WHERE id = %s", [tenant.id])

    def _insert(
        self, wanted: NewTenant, now: datetime, *, id: str = "", state: str = "active",
        limits: Mapping[str, Any] = {}, flags: Mapping[str, Any] = {},
    ) -> None:  # fmt: skip
        _check(wanted)
        with self.database.owner(wanted.database):
            pass  # An unknown or unreachable database is told before anything is written.
        try:
            with self.database.owner() as connection:
                connection.execute(
                    "INSERT INTO bos.tenants (id, name, title, schema_name, role_name, database, plan, currency,"
                    " timezone, locale, created_at, state, limits, flags)"
                    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                    [
                        id or new_id(), wanted.name, wanted.title, tenant_schema(wanted.name),
                        tenant_role(self.installation.id, wanted.name), wanted.database, wanted.plan,
                        wanted.currency, wanted.timezone, wanted.locale, now, state, Jsonb(limits), Jsonb(flags),
                    ],
                )  # fmt: skip
        except psycopg.errors.UniqueViolation:
            raise TenantExists(tenant=wanted.name) from None

    def _set_state(self, name: str, state: str) -> TenantRecord:
        tenant = self.directory.get(name)
        with self.database.owner() as connection:
            # Decided by the row as it is now: half a tenant must not be brought back by who read it before.
            changed = connection.execute(
                "UPDATE bos.tenants SET state = %s WHERE id = %s AND (state <> 'dropping' OR %s = 'dropping')",
                [state, tenant.id, state],
            ).rowcount
        if not changed:
            raise TenantDropping(tenant=name)
        return self.directory.get(name)


def _check(wanted: NewTenant) -> None:
    """Raises TenantNameInvalid; TenantInvalid for what would only fail later, with every request."""
    if not _NAME.fullmatch(wanted.name):
        raise TenantNameInvalid(tenant=wanted.name)
    faults = []
    if not _CURRENCY.fullmatch(wanted.currency):
        faults.append(Violation("/currency", "currency", f"{wanted.currency} is no currency", "a code such as EUR"))
    if wanted.timezone not in available_timezones():
        faults.append(Violation("/timezone", "timezone", f"{wanted.timezone} is no time zone", "such as Europe/Berlin"))
    if faults:
        raise TenantInvalid(tenant=wanted.name, violations=faults)


def _role_exists(connection: psycopg.Connection[Any], role: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is not None
