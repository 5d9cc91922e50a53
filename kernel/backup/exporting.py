"""A whole tenant into one file: every table of its schema and its rows in the platform's, at one moment."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import IsolationLevel, sql

import sdk
from kernel.backup.manifest import FORMAT, MANIFEST, Manifest, TableEntry
from kernel.backup.tables import Table, sequence_value, tables_of
from kernel.backup.tape import MEMBER_BYTES_MAX, Tape, write_tape
from kernel.db.migrate import read_ledger
from kernel.db.names import PLATFORM_SCHEMA
from kernel.parts import Parts
from kernel.secrets.envelope import platform_key
from kernel.tenancy.record import TenantRecord

# Rows of the platform's tables that are a tenant's, by the column that says so. Sessions, tokens and challenges are
# nobody's after a restore: whoever was logged in logs in again.
OF_TENANT = ("users", "auth_events")
CREDENTIALS_OF_TENANT = ("oauth_clients", "oidc_providers", "oidc_links")
CREDENTIALS_OF_USERS = ("api_keys", "auth_factors", "recovery_codes", "oauth_consents")
KEPT_OF_TENANT = ("id", "name", "title", "state", "plan", "limits", "flags", "currency", "timezone", "locale")
# An offset within a table's parts that sorts as it counts.
_PART = "{part:09}"

_ALL = sql.SQL("true")

# Told the table and how many rows more.
Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class ExportWish:
    """has_passwords: of users, as hashes. has_credentials: API keys, second factors and OAuth clients as well.

    is_encrypted: under the installation's master key.
    """

    has_passwords: bool = True
    has_credentials: bool = False
    is_encrypted: bool = False


def export_tenant(
    parts: Parts, tenant: TenantRecord, path: Path, wish: ExportWish | None = None,
    progress: Progress = lambda name, rows: None,
) -> Manifest:  # fmt: skip
    """Write the archive, in one snapshot while the tenant works on; memory stays flat whatever its size.

    Raises ArchiveUnwritable, DatabaseUnavailable.
    """
    wish = wish or ExportWish()
    if wish.is_encrypted:
        # It unwraps, or is made: so the master key is that of the installation, not one made by mistake.
        platform_key(parts)
    with (
        write_tape(path, parts.keyring if wish.is_encrypted else None) as tape,
        parts.database.owner(tenant.database) as connection,
    ):
        connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
        with connection.transaction():
            writer = _Writer(tape, connection, progress)
            steps = tuple(sorted(read_ledger(connection, tenant.schema)))
            tables = [
                writer.write("tenant", tenant.schema, table, sequence=sequence_value(connection, tenant.schema, table))
                for table in tables_of(connection, tenant.schema)
            ]
        manifest = Manifest(
            format=FORMAT,
            made_at=parts.clock().isoformat(),
            versions={"bos": sdk.__version__, "postgresql": str(connection.info.server_version)},
            installation=parts.installation.id,
            tenant={name: getattr(tenant, name) for name in KEPT_OF_TENANT},
            steps=steps,
            tables=tuple(tables),
            platform=tuple(_write_platform(parts, tape, tenant, wish, progress)),
            has_passwords=wish.has_passwords,
            has_credentials=wish.has_credentials,
        )
        tape.add(MANIFEST, manifest.as_json())
    return manifest


def count_rows(parts: Parts, tenant: TenantRecord) -> dict[str, int]:
    """Rows by table, without writing them."""
    with parts.database.owner(tenant.database) as connection:
        return count_tables(connection, tenant.schema)


def count_tables(connection: psycopg.Connection[Any], schema: str) -> dict[str, int]:
    counts = {}
    for table in tables_of(connection, schema):
        asked = sql.SQL("SELECT count(*) FROM {}.{}").format(sql.Identifier(schema), sql.Identifier(table.name))
        row = connection.execute(asked).fetchone()
        counts[table.name] = row[0] if row else 0
    return counts


def _write_platform(
    parts: Parts, tape: Tape, tenant: TenantRecord, wish: ExportWish, progress: Progress
) -> list[TableEntry]:
    """After the tenant's own: whoever is named in its snapshot is among the users of a moment later."""
    id = sql.Literal(tenant.id)
    of_tenant = sql.SQL("tenant_id = {}").format(id)
    of_users = sql.SQL("user_id IN (SELECT id FROM bos.users WHERE tenant_id = {})").format(id)
    names = OF_TENANT + (CREDENTIALS_OF_TENANT + CREDENTIALS_OF_USERS if wish.has_credentials else ())
    with parts.database.owner() as connection:
        connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
        with connection.transaction():
            writer = _Writer(tape, connection, progress)
            found = {table.name: table for table in tables_of(connection, PLATFORM_SCHEMA)}
            return [
                writer.write(
                    "platform", PLATFORM_SCHEMA, found[name],
                    where=of_users if name in CREDENTIALS_OF_USERS else of_tenant,
                    left_out=() if wish.has_passwords else ("password_hash",),
                )
                for name in names if name in found
            ]  # fmt: skip


@dataclass(frozen=True)
class _Writer:
    """Tables of one connection onto the tape."""

    tape: Tape
    connection: psycopg.Connection[Any]
    progress: Progress

    def write(
        self, folder: str, schema: str, table: Table, *, where: sql.Composable = _ALL,
        sequence: tuple[str, int] | None = None, left_out: tuple[str, ...] = (),
    ) -> TableEntry:  # fmt: skip
        columns = tuple(column for column in table.columns if column not in left_out)
        asked = sql.SQL("COPY (SELECT {} FROM {}.{} WHERE {}) TO STDOUT").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(schema), sql.Identifier(table.name), where
        )
        part = _Part(self.tape, f"{folder}/{table.name}")
        with self.connection.cursor() as cursor, cursor.copy(asked) as copy:
            for row in copy:
                part.add(row)
                if part.is_full:
                    self.progress(table.name, part.flush())
        self.progress(table.name, part.flush())
        return TableEntry(table.name, columns, part.rows, part.bytes, part.hash.hexdigest(), sequence)


class _Part:
    """What of a table is gathered for the next member."""

    def __init__(self, tape: Tape, name: str) -> None:
        self._tape, self._name = tape, name
        self._waiting, self._number, self._told = bytearray(), 0, 0
        self.rows = self.bytes = 0
        self.hash = hashlib.sha256()

    @property
    def is_full(self) -> bool:
        return len(self._waiting) >= MEMBER_BYTES_MAX

    def add(self, row: Any) -> None:
        """One row, as PostgreSQL sends them."""
        self._waiting += row
        self.rows += 1

    def flush(self) -> int:
        """Onto the tape; how many rows that were. A row may be longer than a member."""
        while self._waiting:
            content = bytes(self._waiting[:MEMBER_BYTES_MAX])
            del self._waiting[:MEMBER_BYTES_MAX]
            self._tape.add(f"{self._name}/{_PART.format(part=self._number)}", content)
            self.hash.update(content)
            self.bytes += len(content)
            self._number += 1
        told, self._told = self.rows - self._told, self.rows
        return told
