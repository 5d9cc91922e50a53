"""Schemas of tenants brought up to date: many at once, each by itself, whichever of the others fails."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from kernel.db.database import Database
from kernel.db.errors import DatabaseUnavailable, DatabaseUnknown
from kernel.db.migrate import apply_steps, hold_migration_lock, missing_steps, read_ledger
from kernel.db.names import PLATFORM_SCHEMA, app_role, check_identifier
from kernel.tenancy.record import TenantRecord

# Connections of the owner at once. More than processors and disks keep up with only wait for each other.
JOBS = 4
JOBS_MAX = 32
ERROR_CHARACTERS_MAX = 2000

_READ_STATE = """
SELECT i.id, to_regclass(%(ledger)s) IS NOT NULL,
       EXISTS (SELECT 1 FROM pg_auth_members m WHERE m.roleid = to_regrole(%(role)s) AND m.member = a.oid)
  FROM bos.installation i JOIN pg_roles a ON a.rolname = 'bos_' || i.id || '_app'
"""
_NOTE_STEPS = """
UPDATE bos.tenants SET steps = %s, migrated_at = clock_timestamp(), migration_error = NULL
 WHERE id = %s AND (steps <> %s OR migration_error IS NOT NULL)
"""


@dataclass(frozen=True)
class Outcome:
    """What became of one tenant. steps: those applied, or missing in a rehearsal. error: why nothing was."""

    tenant: str
    steps: list[str] = field(default_factory=list)
    error: str | None = None


@dataclass(frozen=True)
class MigrationReport:
    outcomes: list[Outcome]

    @property
    def applied(self) -> dict[str, list[str]]:
        """Steps by tenant, of those where nothing failed."""
        return {each.tenant: each.steps for each in self.outcomes if each.error is None}

    @property
    def failed(self) -> dict[str, str]:
        """Errors by tenant."""
        return {each.tenant: each.error for each in self.outcomes if each.error is not None}


def migrate_schema_of(
    connection: psycopg.Connection[Any], tenant: TenantRecord, *, only: Collection[str] | None = None
) -> tuple[list[str], int]:
    """Bring one tenant's schema and role up to date in one transaction; the steps applied, and how many it has had.

    only: no other steps than these, for data that were exported when there were no others.
    """
    with connection.transaction():
        hold_migration_lock(connection, tenant.schema)
        installation, has_ledger, is_member = _read_state(connection, tenant)
        app = app_role(installation)
        if not is_member:
            _ensure_role(connection, tenant.role, app)
        if not has_ledger:
            connection.execute(
                f'CREATE SCHEMA IF NOT EXISTS "{check_identifier(tenant.schema)}";'
                f'CREATE TABLE "{tenant.schema}".schema_ledger'
                " (step text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
            )
        done = read_ledger(connection, tenant.schema) if has_ledger else set()
        missing = [path for path in missing_steps("tenant", done) if only is None or path.stem in only]
        apply_steps(connection, tenant.schema, missing, names_of(tenant, app))
        if missing and done:
            # What was compiled of the tables as they were is compiled anew, in every process.
            connection.execute(f"UPDATE \"{tenant.schema}\".meta SET value = value + 1 WHERE name = 'generation'")
    return [path.stem for path in missing], len(done) + len(missing)


def names_of(tenant: TenantRecord, app: str) -> Mapping[str, str]:
    """What stands in the braces of a tenant's steps."""
    return {"t": tenant.schema, "role": tenant.role, "app": app, "p": PLATFORM_SCHEMA}


def note_steps(connection: psycopg.Connection[Any], tenant: TenantRecord, steps: int) -> None:
    """Let requests in. The connection is to the default database, which holds the directory."""
    connection.execute(_NOTE_STEPS, [steps, tenant.id, steps])


@dataclass
class MigrationRun:
    """Takes tenants from a queue, on so many connections at once. Stopped half-way, the next run goes on from there."""

    database: Database
    jobs: int = JOBS
    is_rehearsal: bool = False
    progress: Callable[[TenantRecord], None] = lambda tenant: None
    _outcomes: list[Outcome] = field(default_factory=list)
    _is_stopping: threading.Event = field(default_factory=threading.Event)

    def over(self, tenants: Iterable[TenantRecord]) -> MigrationReport:
        waiting: queue.SimpleQueue[TenantRecord] = queue.SimpleQueue()
        # Those of one database together, so that a job seldom has to connect anew.
        ordered = sorted(tenants, key=lambda tenant: (tenant.database or "", tenant.name))
        for tenant in ordered:
            waiting.put(tenant)
        jobs = max(1, min(self.jobs, len(ordered), JOBS_MAX))
        with ThreadPoolExecutor(jobs, thread_name_prefix="bos-migration") as pool:
            try:
                for running in [pool.submit(self._work, waiting) for _ in range(jobs)]:
                    running.result()
            finally:
                # Ctrl-C: the tenants at hand are finished, no other is begun.
                self._is_stopping.set()
        return MigrationReport(sorted(self._outcomes, key=lambda each: each.tenant))

    def _work(self, waiting: queue.SimpleQueue[TenantRecord]) -> None:
        with ExitStack() as stack:
            links = _Links(self.database, stack)
            while not self._is_stopping.is_set():
                try:
                    tenant = waiting.get_nowait()
                except queue.Empty:
                    return
                self._outcomes.append(self._outcome(links, tenant))
                self.progress(tenant)

    def _outcome(self, links: _Links, tenant: TenantRecord) -> Outcome:
        try:
            if self.is_rehearsal:
                return Outcome(tenant.name, _rehearse(links.get(tenant.database), tenant))
            applied, steps = migrate_schema_of(links.get(tenant.database), tenant)
            note_steps(links.get(None), tenant, steps)
            return Outcome(tenant.name, applied)
        except (psycopg.Error, DatabaseUnavailable, DatabaseUnknown) as error:
            text = "; ".join([str(error).strip(), *getattr(error, "__notes__", [])])[:ERROR_CHARACTERS_MAX]
            if not self.is_rehearsal:
                links.get(None).execute("UPDATE bos.tenants SET migration_error = %s WHERE id = %s", [text, tenant.id])
            return Outcome(tenant.name, error=text)


class _Links:
    """The owner's connections of one job, by database; one that was lost is replaced."""

    def __init__(self, database: Database, stack: ExitStack) -> None:
        self._database, self._stack = database, stack
        self._open: dict[str | None, psycopg.Connection[Any]] = {}

    def get(self, database: str | None) -> psycopg.Connection[Any]:
        found = self._open.get(database)
        if found is None or found.closed:
            found = self._open[database] = self._stack.enter_context(self._database.owner(database))
        return found


def _rehearse(connection: psycopg.Connection[Any], tenant: TenantRecord) -> list[str]:
    _, has_ledger, _ = _read_state(connection, tenant)
    done = read_ledger(connection, tenant.schema) if has_ledger else set()
    return [path.stem for path in missing_steps("tenant", done)]


def _read_state(connection: psycopg.Connection[Any], tenant: TenantRecord) -> tuple[str, bool, bool]:
    """The database's installation, whether the schema has a ledger, whether the app login may become the role."""
    asked = {"ledger": f'"{tenant.schema}".schema_ledger', "role": f'"{tenant.role}"'}
    row = connection.execute(_READ_STATE, asked).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def _ensure_role(connection: psycopg.Connection[Any], role: str, app: str) -> None:
    """The tenant's role owns nothing and cannot log in; the app login may become it and inherits nothing of it."""
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN NOINHERIT").format(sql.Identifier(role)))
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(app)))
