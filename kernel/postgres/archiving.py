"""The write-ahead log, copied away as it is written: with it a backup is brought up to any moment since."""

from __future__ import annotations

import re
from pathlib import Path

from kernel.postgres.account import Account
from kernel.postgres.errors import PostgresUnavailable

# What was committed is in the archive after so many seconds at the latest, however little is written.
ARCHIVE_INTERVAL_S = 300
# The commands are a shell's, so nothing in the path may mean anything to one, or to PostgreSQL.
_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")


def archive_conf(folder: Path, account: Account) -> dict[str, str]:
    """Settings of a server that archives. The folder is made, and given to its account. Raises PostgresUnavailable."""
    path = _checked(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    account.give(folder)
    if not account.can_enter(folder):
        raise PostgresUnavailable(reason=f"its account (uid {account.uid}) cannot get into {folder}")
    # Under another name until it is whole; a segment that is sent twice is the same one.
    command = f'gzip -1 < "%p" > "{path}/%f.partial" && mv "{path}/%f.partial" "{path}/%f.gz"'
    return {"archive_mode": "on", "archive_command": command, "archive_timeout": str(ARCHIVE_INTERVAL_S)}


def restore_command(folder: Path) -> str:
    """How a server that recovers gets a segment back."""
    return f'gzip -dc "{_checked(folder)}/%f.gz" > "%p"'


def _checked(folder: Path) -> str:
    path = str(folder.absolute())
    if not _PLAIN.fullmatch(path):
        raise PostgresUnavailable(reason=f"the path {path} holds more than letters, digits and _ . - /")
    return path
