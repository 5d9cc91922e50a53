"""A tenant made of an archive: all of it in one transaction, after the archive was read from end to end."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from kernel.backup.accounts import Accounts, restore_accounts
from kernel.backup.checking import TENANT, check_archive, read_parts
from kernel.backup.errors import ArchiveTooNew, ArchiveUnreadable
from kernel.backup.loading import Loader
from kernel.backup.manifest import Manifest, TableEntry
from kernel.backup.rewrapping import rewrap_keys
from kernel.db.migrate import steps
from kernel.documents.indexes import refresh_indexes
from kernel.tenancy.migration import migrate_schema_of, note_steps
from kernel.tenancy.record import TenantRecord
from kernel.tenancy.service import NewTenant, TenantService
from sdk.identifiers import new_id

if TYPE_CHECKING:
    from kernel.main import Kernel

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UNBALANCED = """
SELECT 1 FROM {schema}.movements WHERE balanced GROUP BY register, document_id, company_id HAVING sum(r1) <> 0 LIMIT 1
"""


@dataclass(frozen=True)
class ImportWish:
    """name: what the tenant is called from now on, else as before. database: where it is to live, a configured name.

    is_suspended: from its first moment on, so that nobody is let in and nothing of it is delivered.
    """

    name: str | None = None
    database: str | None = None
    has_passwords: bool = True
    is_suspended: bool = False


@dataclass(frozen=True)
class ImportReport:
    """accounts: what became of users. missing: enabled applets that are not here; the tenant is read-only without."""

    tenant: TenantRecord
    manifest: Manifest
    accounts: Accounts
    missing: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "tenant": self.tenant.name,
            "id": self.tenant.id,
            "state": self.tenant.state,
            "counts": self.manifest.counts,
            "users": self.accounts.users,
            "renumbered_users": len(self.accounts.renumbered),
            "has_credentials": self.accounts.has_credentials,
            "missing_applets": list(self.missing),
        }


def import_tenant(
    kernel: Kernel, path: Path, wish: ImportWish | None = None, progress: Callable[[int], None] = lambda bytes: None
) -> ImportReport:
    """A new tenant with all that is in the archive. progress: told bytes, of the archive's content twice.

    Until it is complete the tenant is `dropping`, so that nobody is let in and `bos tenant drop` removes what a crash
    left. Raises ArchiveUnreadable, ArchiveTooNew, TenantExists, TenantInvalid, DatabaseUnknown.
    """
    wish = wish or ImportWish()
    manifest = check_archive(path, kernel.keyring, progress)
    _check_steps(manifest, path)
    tenant = _make_row(kernel, manifest, wish, path)
    service = TenantService(kernel.database, kernel.directory, kernel.installation)
    try:
        with kernel.database.owner(tenant.database) as connection:
            count = _load_schema(kernel, connection, path, manifest, tenant, progress)
        accounts = restore_accounts(kernel, path, manifest, tenant, has_passwords=wish.has_passwords)
        rewrap_keys(kernel, tenant, str(manifest.tenant["id"]))
        with kernel.database.owner() as connection:
            note_steps(connection, tenant, count)
    except BaseException:
        service.drop_tenant(tenant.name)
        raise
    return _open(kernel, manifest, tenant, accounts, is_suspended=wish.is_suspended)


def _open(
    kernel: Kernel, manifest: Manifest, tenant: TenantRecord, accounts: Accounts, *, is_suspended: bool
) -> ImportReport:
    """Indexes on hot keys, grants of users who got another id, and only then everybody."""
    tenant = replace(kernel.directory.get(tenant.name), state="suspended")
    with kernel.operate(tenant) as ctx:
        missing, types = ctx.runtime.unavailable, list(ctx.runtime.catalogue.types.values())
        # Without all its applets the tenant is read-only, for its operator too.
        if not missing:
            accounts.renumber_in(ctx)
    refresh_indexes(kernel.database, tenant, types)
    state = "suspended" if is_suspended or manifest.tenant["state"] == "suspended" else "active"
    with kernel.database.owner() as connection:
        connection.execute("UPDATE bos.tenants SET state = %s WHERE id = %s", [state, tenant.id])
    return ImportReport(kernel.directory.get(tenant.name), manifest, accounts, missing)


def _check_steps(manifest: Manifest, path: Path) -> None:
    unknown = sorted(set(manifest.steps) - {step.stem for step in steps("tenant")})
    if unknown:
        raise ArchiveTooNew(path=path, steps=", ".join(unknown))


def _make_row(kernel: Kernel, manifest: Manifest, wish: ImportWish, path: Path) -> TenantRecord:
    """The id stays the same where nobody has it: keys and whatever lies outside may be bound to it."""
    old = manifest.tenant
    given = str(old.get("id"))
    if not _ID.fullmatch(given):
        raise ArchiveUnreadable(path=path, reason="its tenant has no id")
    kept = {name: str(old[name]) for name in ("title", "currency", "timezone", "locale", "plan") if name in old}
    wanted = NewTenant(name=wish.name or str(old.get("name")), database=wish.database, **{"title": "", **kept})
    with kernel.database.owner() as connection:
        taken = connection.execute("SELECT 1 FROM bos.tenants WHERE id = %s", [given]).fetchone()
    service = TenantService(kernel.database, kernel.directory, kernel.installation)
    id = new_id() if taken else given
    moment: datetime = kernel.clock()
    service.reserve_tenant(
        wanted, moment, id=id, limits=dict(old.get("limits") or {}), flags=dict(old.get("flags") or {})
    )
    return kernel.directory.get(wanted.name)


def _load_schema(
    kernel: Kernel, connection: psycopg.Connection[Any], path: Path, manifest: Manifest, tenant: TenantRecord,
    progress: Callable[[int], None],
) -> int:  # fmt: skip
    """The schema as it was, its rows, and then the steps that came since; how many steps it has had."""
    with connection.transaction():
        migrate_schema_of(connection, tenant, only=manifest.steps)
        _empty(connection, tenant.schema, manifest)
        _switch_triggers(connection, tenant.schema, manifest, "DISABLE")
        entries = {entry.name: entry for entry in manifest.tables}
        with Loader(connection, entries, lambda table: sql.Identifier(tenant.schema, table)) as loader:
            for folder, table, content in read_parts(path, kernel.keyring, manifest):
                progress(len(content))
                if folder == TENANT:
                    loader.write(table, content)
        _switch_triggers(connection, tenant.schema, manifest, "ENABLE")
        for entry in manifest.tables:
            _continue_sequence(connection, tenant.schema, entry)
        _check_balance(connection, tenant.schema, path)
        connection.execute(f"UPDATE \"{tenant.schema}\".meta SET value = value + 1 WHERE name = 'generation'")
        _, count = migrate_schema_of(connection, tenant)
    # Without statistics the first lists would be planned for empty tables.
    for entry in manifest.tables:
        connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(tenant.schema, entry.name)))
    return count


def _empty(connection: psycopg.Connection[Any], schema: str, manifest: Manifest) -> None:
    """What the steps have put into new tables is in the archive too."""
    for entry in reversed(manifest.tables):
        connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(schema, entry.name)))


def _switch_triggers(connection: psycopg.Connection[Any], schema: str, manifest: Manifest, how: str) -> None:
    """What triggers watched was watched when the rows were written first; off, they also write nothing twice."""
    for entry in manifest.tables:
        table = sql.Identifier(schema, entry.name)
        connection.execute(sql.SQL("ALTER TABLE {} {} TRIGGER USER").format(table, sql.SQL(how)))


def _continue_sequence(connection: psycopg.Connection[Any], schema: str, entry: TableEntry) -> None:
    if entry.sequence is not None:
        column, value = entry.sequence
        connection.execute(
            "SELECT setval(pg_get_serial_sequence(%s, %s), %s)", [f'"{schema}"."{entry.name}"', column, value]
        )


def _check_balance(connection: psycopg.Connection[Any], schema: str, path: Path) -> None:
    """What a trigger has held when the movements were written."""
    if connection.execute(sql.SQL(_UNBALANCED).format(schema=sql.Identifier(schema))).fetchone():
        raise ArchiveUnreadable(path=path, reason="it holds a document whose movements do not balance")
