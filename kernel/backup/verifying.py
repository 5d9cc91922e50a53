"""Whether a backup is still what it was when it was made, without restoring it."""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from collections.abc import Callable
from typing import IO, Any

import orjson

from kernel.backup.checking import check_archive
from kernel.backup.errors import BackupBroken
from kernel.backup.sealed import NotSealed
from kernel.backup.shelf import READ_BYTES, Backup, Shelf, sha256_of
from kernel.backup.tape import open_packed
from kernel.secrets.keyring import Keyring

BACKUP_MANIFEST = "backup_manifest"


def verify_backup(
    shelf: Shelf, backup: Backup, keyring: Keyring, progress: Callable[[int], None] = lambda bytes: None
) -> int:
    """Read all of it, and hash every file in it; how many files or tables those were. Raises BackupBroken."""
    path = shelf.file(backup)
    if not path.exists() or sha256_of(path) != backup.sha256:
        raise BackupBroken(backup=backup.id, reason="its file is not the one that was written")
    if backup.kind == "tenant":
        manifest = check_archive(path, keyring, progress)
        return len(manifest.tables) + len(manifest.platform)
    try:
        with open_packed(path, keyring) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            return _compare(backup, *_hash_all(tar, progress))
    except (EOFError, zlib.error, tarfile.TarError, NotSealed, OSError) as error:
        raise BackupBroken(backup=backup.id, reason=str(error) or "it is cut off") from error


def _hash_all(tar: tarfile.TarFile, progress: Callable[[int], None]) -> tuple[dict[str, str], dict[str, Any]]:
    """Hashes of all files by name, and PostgreSQL's own manifest, which comes last."""
    found: dict[str, str] = {}
    manifest: dict[str, Any] = {}
    for member in tar:
        # A stream's members are kept for looking back, which nobody does here.
        tar.members.clear()  # type: ignore[attr-defined]
        content = tar.extractfile(member) if member.isreg() else None
        if content is None:
            continue
        if member.name == BACKUP_MANIFEST:
            manifest = orjson.loads(content.read())
        else:
            found[member.name] = _hash(content, progress)
    return found, manifest


def _hash(content: IO[bytes], progress: Callable[[int], None]) -> str:
    digest = hashlib.sha256()
    while block := content.read(READ_BYTES):
        digest.update(block)
        progress(len(block))
    return digest.hexdigest()


def _compare(backup: Backup, found: dict[str, str], manifest: dict[str, Any]) -> int:
    files = {each.get("Path", ""): each["Checksum"] for each in manifest.get("Files", ())}
    if not files:
        raise BackupBroken(backup=backup.id, reason="it does not say which files are in it")
    wrong = sorted(name for name, checksum in files.items() if found.get(name) != checksum)
    if wrong:
        raise BackupBroken(
            backup=backup.id, reason=f"{len(wrong)} of its files are not as they were, such as {wrong[0]}"
        )
    return len(files)
