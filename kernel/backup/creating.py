"""Making backups: of a whole server, by PostgreSQL's own means, and of single tenants, as archives."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from kernel.backup.errors import BackupImpossible
from kernel.backup.exporting import ExportWish, export_tenant
from kernel.backup.shelf import READ_BYTES, Backup, Shelf, sha256_of
from kernel.backup.tape import write_packed
from kernel.parts import Parts
from kernel.postgres import PostgresUnavailable
from kernel.postgres.binaries import find_binaries
from kernel.postgres.programs import clean_environment
from kernel.secrets.envelope import platform_key

BASE, TENANT = "base.tar.gz", "tenant.tar.gz"
ERROR_CHARACTERS_MAX = 2000
# Temporary: it goes with the connection. Reserved at once: from here on no log is removed that may be needed.
_KEEP_LOG = "SELECT pg_create_physical_replication_slot(%s, immediately_reserve => true, temporary => true)"
_LIBPQ_VARIABLES: Mapping[str, str] = {"password": "PGPASSWORD", "sslpassword": "PGSSLPASSWORD"}


@dataclass(frozen=True)
class BackupWish:
    """tenant: only this one. database: which server, a configured name; None is the default one."""

    tenant: str | None = None
    database: str | None = None
    is_encrypted: bool = False


def create_backup(parts: Parts, shelf: Shelf, wish: BackupWish, progress: Callable[[int], None]) -> Backup:
    """Make one; it exists when this returns. progress: told bytes, or rows of a tenant.

    Raises BackupImpossible, ArchiveUnwritable, TenantUnknown.
    """
    moment: datetime = parts.clock()
    tenant = parts.directory.get(wish.tenant) if wish.tenant else None
    place = shelf.make_place(moment, wish.tenant)
    started = time.monotonic()
    try:
        file = place / (TENANT if tenant else BASE)
        if tenant:
            export_wish = ExportWish(has_credentials=True, is_encrypted=wish.is_encrypted)
            manifest = export_tenant(parts, tenant, file, export_wish, lambda table, rows: progress(rows))
            entries = (*manifest.tables, *manifest.platform)
            about: dict[str, Any] = {"kind": "tenant", "unpacked": sum(entry.bytes for entry in entries)}
        else:
            about = {"kind": "whole", **_back_up_server(parts, wish, file, progress)}
        backup = Backup(
            id=place.name, made_at=moment, seconds=round(time.monotonic() - started, 3), file=file.name,
            bytes=file.stat().st_size, sha256=sha256_of(file), is_encrypted=wish.is_encrypted, tenant=wish.tenant,
            **about,
        )  # fmt: skip
        shelf.keep(backup)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return backup


def _back_up_server(parts: Parts, wish: BackupWish, file: Path, progress: Callable[[int], None]) -> dict[str, Any]:
    with parts.database.owner(wish.database) as connection:
        major = connection.info.server_version // 10_000
        about = {
            "postgresql": major,
            "database": connection.info.dbname,
            "owner": connection.info.user,
            "start_segment": _one(connection, "SELECT pg_walfile_name(pg_current_wal_lsn())"),
            "positions": _positions(parts, wish.database, connection),
        }
    if wish.is_encrypted:
        platform_key(parts)
    unpacked = 0
    with (
        write_packed(file, parts.keyring if wish.is_encrypted else None) as target,
        _log_kept(parts, wish.database),
        _base_backup(parts, wish.database, major) as source,
    ):
        while block := source.read(READ_BYTES):
            target.write(block)
            unpacked += len(block)
            progress(len(block))
    return {**about, "unpacked": unpacked}


@contextmanager
def _log_kept(parts: Parts, database: str | None) -> Iterator[None]:
    """The log of a backup is fetched at its end: a busy server would have removed the beginning of it by then."""
    with parts.database.owner(database) as connection:
        try:
            connection.execute(_KEEP_LOG, [f"bos_backup_{uuid4().hex}"])
        except psycopg.Error as error:
            reason = f"its log cannot be kept meanwhile: {error.diag.message_primary or error}"
            raise BackupImpossible(reason=reason) from error
        yield


@contextmanager
def _base_backup(parts: Parts, database: str | None, major: int) -> Iterator[IO[bytes]]:
    """The server's files as one tar, with the log that is needed to make them consistent and a hash of each."""
    dsn, secrets = _split(parts.database.owner_dsn(database))
    try:
        program = find_binaries(parts.settings.pg_bin, major).folder / "pg_basebackup"
    except PostgresUnavailable as error:
        raise BackupImpossible(reason=error.details["reason"]) from error
    command: list[str | Path] = [
        program, "--dbname", dsn, "--pgdata=-", "--format=tar", "--wal-method=fetch", "--checkpoint=fast",
        "--no-password", "--manifest-checksums=SHA256",
    ]  # fmt: skip
    with tempfile.TemporaryFile() as words, subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=words, env={**clean_environment(), **secrets}, cwd="/"
    ) as running:  # fmt: skip
        assert running.stdout is not None
        try:
            yield running.stdout
        except BaseException:
            running.terminate()
            raise
        if running.wait():
            words.seek(0)
            said = words.read(ERROR_CHARACTERS_MAX).decode(errors="replace").strip()
            raise BackupImpossible(reason=said or f"pg_basebackup ended with {running.returncode}")


def _split(dsn: str) -> tuple[str, dict[str, str]]:
    """What everybody may see in the list of processes, and what nobody may, as variables of the program's."""
    given = conninfo_to_dict(dsn)
    secrets = {_LIBPQ_VARIABLES[name]: str(given.pop(name)) for name in list(given) if name in _LIBPQ_VARIABLES}
    return make_conninfo("", **given), {name: value for name, value in secrets.items() if value != os.devnull}


def _positions(parts: Parts, database: str | None, connection: psycopg.Connection[Any]) -> dict[str, int]:
    return {
        tenant.name: _one(connection, f'SELECT coalesce(max(position), 0) FROM "{tenant.schema}".events')
        for tenant in parts.directory.list()
        if tenant.database == database and tenant.steps and tenant.state != "dropping"
    }


def _one(connection: psycopg.Connection[Any], asked: str) -> Any:
    row = connection.execute(asked).fetchone()
    return row[0] if row else None
