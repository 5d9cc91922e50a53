"""A backup of a whole server made into a data folder of its own, which Bos then starts like any other."""

from __future__ import annotations

import os
import secrets
import shutil
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from kernel.backup.errors import BackupBroken, RestoreFailed, RestoreTargetUsed
from kernel.backup.sealed import NotSealed
from kernel.backup.shelf import Backup, Shelf, sha256_of
from kernel.backup.tape import open_packed
from kernel.postgres import PostgresUnavailable
from kernel.postgres.account import bring_into_reach
from kernel.postgres.archiving import restore_command
from kernel.postgres.binaries import Binaries, find_binaries
from kernel.postgres.cluster import DATABASE, PORT, SUPERUSER, Cluster, locate_cluster, remove_socket_folder
from kernel.postgres.lease import open_lease
from kernel.postgres.programs import run_program
from kernel.postgres.server import ensure_running, stop_server
from kernel.secrets.keyring import Keyring

RECOVERY_POLL_S = 0.1
# Over a socket in a folder that the server's account alone may enter, while the passwords are set.
_TRUSTING = "local all all trust\n"
_ASKING = "local all all scram-sha-256\nlocal replication all scram-sha-256\nhost all all samehost scram-sha-256\n"


@dataclass(frozen=True)
class RestoreWish:
    """into: an empty folder, the data folder of the restored installation. until: no later than this moment.

    wal_archive: where the log since the backup was archived; None restores the moment the backup was made.
    """

    into: Path
    until: datetime | None = None
    wal_archive: Path | None = None
    pg_bin: Path | None = None


@dataclass(frozen=True)
class RestoreReport:
    """Seconds it took to check and unpack the files, and to recover from the log. until: the last transaction there."""

    folder: Path
    unpack_s: float
    recover_s: float
    until: datetime | None

    def as_json(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder), "unpack_s": self.unpack_s, "recover_s": self.recover_s,
            "last_transaction_at": self.until,
        }  # fmt: skip


def restore_backup(
    shelf: Shelf, backup: Backup, keyring: Keyring, wish: RestoreWish, progress: Callable[[int], None]
) -> RestoreReport:
    """Unpack, check every file, recover. The folder has a password of its own; `bos serve` with it serves the tenants.

    Raises RestoreTargetUsed, BackupBroken, RestoreFailed, PostgresUnavailable.
    """
    home = wish.into.expanduser().resolve()
    if home.exists() and any(home.iterdir()):
        raise RestoreTargetUsed(folder=home)
    path = shelf.file(backup)
    started = time.monotonic()
    if not path.exists() or sha256_of(path) != backup.sha256:
        raise BackupBroken(backup=backup.id, reason="its file is not the one that was written")
    home.mkdir(parents=True, exist_ok=True)
    with open_lease(home / "postgres.lease"):
        cluster = locate_cluster(home)
        binaries = bring_into_reach(find_binaries(wish.pg_bin, backup.postgresql), cluster.account)
        _unpack(backup, path, keyring, cluster, binaries, progress)
        unpacked = time.monotonic()
        with _recovering(cluster, binaries, backup, wish) as connection:
            until = _last_moment(connection)
            _take_over(connection, cluster, backup)
        _write_private(cluster, "pg_hba.conf", _ASKING)
    recovered = time.monotonic()
    return RestoreReport(home, round(unpacked - started, 3), round(recovered - unpacked, 3), until)


def discard_restored(home: Path) -> None:
    """Remove a restored data folder, and the server's files where they lie beside it."""
    data = locate_cluster(home).data
    shutil.rmtree(data if data.is_relative_to(home) else data.parent, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def _unpack(
    backup: Backup, path: Path, keyring: Keyring, cluster: Cluster, binaries: Binaries, progress: Callable[[int], None]
) -> None:
    """Beside its place and moved there when every file was found to be what it was."""
    partial = cluster.data.with_name("postgres.new")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    try:
        with open_packed(path, keyring) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                # Nothing of it leaves the folder, is a device, or keeps an owner.
                tar.extract(member, partial, set_attrs=False, filter="data")
                progress(member.size)
    except (EOFError, zlib.error, tarfile.TarError, NotSealed) as error:
        raise BackupBroken(backup=backup.id, reason=str(error) or "it is cut off") from error
    _close_to_others(partial, cluster)
    try:
        run_program(cluster.account, [binaries.folder / "pg_verifybackup", "--quiet", "--exit-on-error", partial])
    except PostgresUnavailable as error:
        raise BackupBroken(backup=backup.id, reason=error.details["reason"]) from error
    partial.rename(cluster.data)
    # Of the running server: whose it is, its socket, its log, its role.
    for pattern in ("postmaster.*", ".s.PGSQL.*", "server.log*", "bos.conf", "*.signal"):
        for left in cluster.data.glob(pattern):
            left.unlink()
    _include_conf(cluster)


def _close_to_others(folder: Path, cluster: Cluster) -> None:
    """PostgreSQL starts on nothing that others may read."""
    for parent, folders, files in os.walk(folder):
        for names, mode in ((folders, 0o700), (files, 0o600)):
            for name in names:
                path = Path(parent, name)
                if not path.is_symlink():
                    path.chmod(mode)
                    cluster.account.give(path)
    cluster.account.give(folder)


def _include_conf(cluster: Cluster) -> None:
    """A server that was not made by Bos has settings of its own, for another machine: it gets ours."""
    conf = cluster.data / "postgresql.conf"
    if not conf.exists() or "bos.conf" not in conf.read_text(encoding="utf-8"):
        _write_private(cluster, conf.name, "include_if_exists 'bos.conf'\n")


@contextmanager
def _recovering(
    cluster: Cluster, binaries: Binaries, backup: Backup, wish: RestoreWish
) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's connection once the server has recovered as far as it is to; then the server is stopped."""
    _write_private(cluster, "pg_hba.conf", _TRUSTING)
    cluster.password_file.unlink(missing_ok=True)
    descriptor = os.open(cluster.password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(24) + "\n")
    try:
        ensure_running(cluster, binaries, _recovery_conf(cluster, wish))
        with psycopg.connect(_dsn(cluster, backup), autocommit=True) as connection:
            _wait_for_the_end(connection)
            yield connection
    except (PostgresUnavailable, psycopg.OperationalError) as error:
        raise RestoreFailed(reason=f"{error}; see {cluster.log}") from error
    finally:
        stop_server(cluster, binaries)
        remove_socket_folder(cluster)


def _recovery_conf(cluster: Cluster, wish: RestoreWish) -> dict[str, str]:
    if wish.wal_archive is None:
        return {}
    _write_private(cluster, "recovery.signal", "")
    conf = {"restore_command": restore_command(wish.wal_archive), "recovery_target_action": "promote"}
    if wish.until is not None:
        conf["recovery_target_time"] = wish.until.isoformat()
    return conf


def _wait_for_the_end(connection: psycopg.Connection[Any]) -> None:
    """However long the log is. A server that gives up hangs up, which ends the wait."""
    while True:
        row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
        if row is None or not row[0]:
            return
        time.sleep(RECOVERY_POLL_S)


def _last_moment(connection: psycopg.Connection[Any]) -> datetime | None:
    row = connection.execute("SELECT pg_last_xact_replay_timestamp()").fetchone()
    moment: datetime | None = row[0] if row else None
    return moment


def _take_over(connection: psycopg.Connection[Any], cluster: Cluster, backup: Backup) -> None:
    """The superuser and the database have the names that Bos expects of its own server."""
    password = cluster.password_file.read_text(encoding="ascii").strip()
    role = sql.Identifier(SUPERUSER)
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [SUPERUSER]).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {}").format(role))
    connection.execute(sql.SQL("ALTER ROLE {} SUPERUSER LOGIN PASSWORD {}").format(role, sql.Literal(password)))
    if backup.database != DATABASE:
        with psycopg.connect(_dsn(cluster, backup, "template1"), autocommit=True) as aside:
            connection.close()
            names = (sql.Identifier(backup.database), sql.Identifier(DATABASE))
            aside.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*names))


def _dsn(cluster: Cluster, backup: Backup, database: str = "") -> str:
    sockets = quote(str(cluster.sockets), safe="")
    return f"postgresql://{quote(backup.owner)}@/{quote(database or backup.database)}?host={sockets}&port={PORT}"


def _write_private(cluster: Cluster, name: str, text: str) -> None:
    path = cluster.data / name
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    cluster.account.give(path)
