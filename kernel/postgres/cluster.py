"""The files of one PostgreSQL cluster: where they lie and how the server that opens them is configured."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from kernel.postgres.account import Account, choose_account, make_shared_folder
from kernel.postgres.errors import PostgresUnavailable

SUPERUSER = "postgres"
DATABASE = "bos"
PORT = 5432
SOCKET_PATH_BYTES_MAX = 103  # of macOS; Linux allows 107
_CONF = {
    "listen_addresses": "",
    "wal_level": "logical",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "unix_socket_permissions": "0700",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """home: the data folder of Bos. data: the folder of the cluster, below home where the account can get there."""

    home: Path
    data: Path
    account: Account

    @property
    def exists(self) -> bool:
        return (self.data / "PG_VERSION").exists()

    @property
    def major(self) -> int | None:
        return int((self.data / "PG_VERSION").read_text(encoding="ascii")) if self.exists else None

    @property
    def sockets(self) -> Path:
        """The same folder for every process, however long the path of the data folder is."""
        if len(os.fsencode(self.data)) + len(f"/.s.PGSQL.{PORT}") <= SOCKET_PATH_BYTES_MAX:
            return self.data
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        return Path("/tmp") / f"bos-{self.account.uid}-{digest}"  # TMPDIR differs between processes

    @property
    def log(self) -> Path:
        return self.data / "server.log"

    @property
    def pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    @property
    def socket_lock(self) -> Path:
        return self.sockets / f".s.PGSQL.{PORT}.lock"

    @property
    def password_file(self) -> Path:
        return self.home / "postgres.password"

    @property
    def dsn(self) -> str:
        password = self.password_file.read_text(encoding="ascii").strip()
        return f"postgresql://{SUPERUSER}:{password}@/{DATABASE}?host={quote(str(self.sockets), safe='')}&port={PORT}"


def locate_cluster(home: Path) -> Cluster:
    """Where the cluster of a data folder is, or will be: beside it in /var/lib/bos when the account may not enter."""
    pointer = home / "postgres.location"
    data = Path(pointer.read_text(encoding="utf-8").strip()) if pointer.exists() else home / "postgres"
    account = choose_account(data)
    if not data.exists() and not account.can_enter(home):
        # A random name: a data folder that was removed and made again must not find the old files.
        data = make_shared_folder(secrets.token_hex(8)) / "postgres"
        pointer.write_text(f"{data}\n", encoding="utf-8")
    return Cluster(home, data, account)


def remove_socket_folder(cluster: Cluster) -> None:
    """What a stopped server leaves in /tmp."""
    if cluster.sockets != cluster.data:
        shutil.rmtree(cluster.sockets, ignore_errors=True)


def write_conf(cluster: Cluster, conf: Mapping[str, str]) -> None:
    """In a file, not on the command line: a server started by other means must have the same wal_level."""
    settings = {**_CONF, "unix_socket_directories": str(cluster.sockets), **conf}
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items()]
    path = cluster.data / "bos.conf"
    path.write_text("".join(lines), encoding="utf-8")
    cluster.account.give(path)


def make_socket_folder(cluster: Cluster) -> None:
    folder = cluster.sockets
    if not folder.exists():
        folder.mkdir(mode=0o700)
        cluster.account.give(folder)
    state = folder.lstat()
    # /tmp is everybody's: a folder somebody else put there first could answer in our server's place.
    if state.st_uid != cluster.account.uid or state.st_mode & 0o077 or folder.is_symlink():
        raise PostgresUnavailable(reason=f"{folder} is not the server's own; remove it")
