"""Making a cluster: a superuser with a password of its own, one database, one locale everywhere."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from kernel.postgres.account import Account
from kernel.postgres.binaries import Binaries
from kernel.postgres.cluster import DATABASE, SUPERUSER, Cluster
from kernel.postgres.programs import run_program

BUILTIN_LOCALE_SINCE = 17


def make_cluster(cluster: Cluster, binaries: Binaries, *, is_synced: bool = True) -> None:
    """Made beside its place and moved there when complete, so that one killed half-way leaves nothing half-made."""
    partial = cluster.data.with_name("postgres.new")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    cluster.account.give(partial)
    password_file = _write_password(cluster)
    try:
        _run_initdb(cluster.account, binaries, partial, password_file, is_synced=is_synced)
    finally:
        password_file.unlink()
    _include_conf(partial, cluster.account)
    _create_database(cluster.account, binaries, partial)
    partial.rename(cluster.data)


def _write_password(cluster: Cluster) -> Path:
    """Keep a new password where only we can read it, and lend a copy to initdb."""
    password = secrets.token_urlsafe(24)
    lent = cluster.data.with_name("postgres.initial")
    for path in (cluster.password_file, lent):
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(password + "\n")
    cluster.account.give(lent)
    return lent


def _run_initdb(account: Account, binaries: Binaries, data: Path, password_file: Path, *, is_synced: bool) -> None:
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    if binaries.major < BUILTIN_LOCALE_SINCE:
        locale = ["--locale=C.UTF-8"]
    command: list[str | Path] = [
        binaries.initdb, "--pgdata", data, "--username", SUPERUSER, "--pwfile", password_file, "--encoding=UTF8",
        "--auth=scram-sha-256", *locale, *([] if is_synced else ["--no-sync"]),
    ]  # fmt: skip
    run_program(account, command)


def _create_database(account: Account, binaries: Binaries, data: Path) -> None:
    # Single-user mode needs no server and no socket yet; it takes the statement from its standard input.
    command: list[str | Path] = [binaries.postgres, "--single", "-D", data, "postgres"]
    run_program(account, command, f"CREATE DATABASE {DATABASE}\n")


def _include_conf(data: Path, account: Account) -> None:
    with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\ninclude_if_exists 'bos.conf'\n")
