"""Create, suspend, resume, drop and migrate tenants. Runs on the owner's connection: it makes schemas and roles."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

import psycopg
from psycopg import sql

from kernel.db.database import Database
from kernel.db.migrate import Installation, hold_migration_lock, migrate_schema
from kernel.db.names import PLATFORM_SCHEMA, app_role, tenant_role, tenant_schema
from kernel.tenancy.directory import Directory
from kernel.tenancy.errors import TenantDropping, TenantExists, TenantInvalid, TenantNameInvalid, TenantNotSuspended
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
        _check(wanted)
        with self.database.owner(wanted.database):
            pass  # An unknown or unreachable database is told before anything is written.
        self._insert(wanted, now)
        tenant = self.directory.get(wanted.name)
        self.migrate_tenant(tenant)
        return tenant

    def migrate_tenant(self, tenant: TenantRecord) -> list[str]:
        """Bring one tenant's schema and role up to date; the steps that were applied."""
        with self.database.owner(tenant.database) as connection:
            installation = _installation_of(connection)
            with connection.transaction():
                # Rights on the platform's schema are one row for all tenants: two who grant at once would both fail.
                hold_migration_lock(connection)
                _ensure_role(connection, tenant.role, app_role(installation))
                connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{tenant.schema}"')
                connection.execute(f"GRANT USAGE ON SCHEMA {PLATFORM_SCHEMA} TO {tenant.role}")
                names = {"t": tenant.schema, "role": tenant.role, "app": app_role(installation), "p": PLATFORM_SCHEMA}
                return migrate_schema(connection, tenant.schema, "tenant", names)

    def migrate_tenants(self, progress: Callable[[TenantRecord], None] | None = None) -> dict[str, list[str]]:
        """All tenants; the steps applied by tenant. Repeatable: what is up to date is left alone.

        One that is being dropped is not brought back.
        """
        applied = {}
        for tenant in self.directory.list():
            if tenant.state == "dropping":
                continue
            applied[tenant.name] = self.migrate_tenant(tenant)
            if progress:
                progress(tenant)
        return applied

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
            hold_migration_lock(connection)
            connection.execute(f'DROP SCHEMA IF EXISTS "{tenant.schema}" CASCADE')
            if _role_exists(connection, tenant.role):
                connection.execute(f"REVOKE USAGE ON SCHEMA {PLATFORM_SCHEMA} FROM {tenant.role}")
                connection.execute(f"DROP ROLE {tenant.role}")
        with self.database.owner() as connection:
            connection.execute("DELETE FROM bos.tenants WHERE id = %s", [tenant.id])

    def _insert(self, wanted: NewTenant, now: datetime) -> None:
        try:
            with self.database.owner() as connection:
                connection.execute(
                    "INSERT INTO bos.tenants (id, name, title, schema_name, role_name, database, plan, currency,"
                    " timezone, locale, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                    [
                        new_id(), wanted.name, wanted.title, tenant_schema(wanted.name),
                        tenant_role(self.installation.id, wanted.name), wanted.database, wanted.plan,
                        wanted.currency, wanted.timezone, wanted.locale, now,
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


def _installation_of(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute("SELECT id FROM bos.installation").fetchone()
    assert row is not None
    return str(row[0])


def _role_exists(connection: psycopg.Connection[Any], role: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is not None


def _ensure_role(connection: psycopg.Connection[Any], role: str, app: str) -> None:
    """The tenant's role owns nothing and cannot log in; the app login may become it and inherits nothing of it."""
    if not _role_exists(connection, role):
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN NOINHERIT").format(sql.Identifier(role)))
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(app)))
