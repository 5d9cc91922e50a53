"""Where backups lie: a folder for each, with what was backed up and a file that says what it is."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import TypeAdapter, ValidationError

from kernel.backup.errors import BackupBroken, BackupUnknown

RECORD = "backup.json"
READ_BYTES = 1024 * 1024
_ID = re.compile(r"[0-9]{8}-[0-9]{6}(-[a-z0-9_]+)?(-[0-9]+)?")
_SEGMENT = re.compile(r"[0-9A-F]{24}\.gz")


@dataclass(frozen=True)
class Backup:
    """What is known of one. kind: a whole server, or one tenant. bytes: of the file; unpacked: of what is in it.

    positions: of each tenant's last event when it began, which a restored server must have reached. start_segment: the
    first of the write-ahead log that is needed to restore it. owner: the role that owns the database in it.
    """

    id: str
    kind: Literal["whole", "tenant"]
    made_at: datetime
    seconds: float
    file: str
    bytes: int
    unpacked: int
    sha256: str
    is_encrypted: bool
    tenant: str | None = None
    postgresql: int = 0
    database: str = ""
    owner: str = ""
    start_segment: str = ""
    positions: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


_ADAPTER = TypeAdapter(Backup)


@dataclass(frozen=True)
class Shelf:
    """The backups in one folder."""

    folder: Path

    def list(self) -> list[Backup]:
        """The oldest first; what was left half-made is none."""
        found = [self._read(path) for path in sorted(self.folder.glob(f"*/{RECORD}"))]
        return sorted(found, key=lambda backup: (backup.made_at, backup.id))

    def get(self, id: str) -> Backup:
        """Raises BackupUnknown, BackupBroken."""
        path = self.folder / id / RECORD
        if not _ID.fullmatch(id) or not path.exists():
            raise BackupUnknown(backup=id, folder=self.folder)
        return self._read(path)

    def newest(self, kind: str) -> Backup:
        """Raises BackupUnknown."""
        found = [backup for backup in self.list() if backup.kind == kind]
        if not found:
            raise BackupUnknown(backup=f"of the kind {kind}", folder=self.folder)
        return found[-1]

    def file(self, backup: Backup) -> Path:
        return self.folder / backup.id / Path(backup.file).name

    def make_place(self, moment: datetime, tenant: str | None) -> Path:
        """An empty folder of a name nobody has."""
        base = f"{moment:%Y%m%d-%H%M%S}" + (f"-{tenant}" if tenant else "")
        number = 1
        while True:
            place = self.folder / (base if number == 1 else f"{base}-{number}")
            try:
                place.mkdir(parents=True, mode=0o700)
            except FileExistsError:
                number += 1
            else:
                return place

    def keep(self, backup: Backup) -> None:
        """From now on it is one: written last."""
        path = self.folder / backup.id / RECORD
        partial = path.with_suffix(".partial")
        partial.write_bytes(orjson.dumps(backup.as_json(), option=orjson.OPT_INDENT_2))
        partial.replace(path)

    def remove(self, backup: Backup) -> None:
        """The record first, so that what is half removed is none any more."""
        (self.folder / backup.id / RECORD).unlink()
        shutil.rmtree(self.folder / backup.id)

    def _read(self, path: Path) -> Backup:
        try:
            return _ADAPTER.validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise BackupBroken(backup=path.parent.name, reason=f"its record cannot be read: {error}") from None


def superfluous(backups: Sequence[Backup], keep: int) -> list[Backup]:
    """All but the newest `keep` whole ones, and the newest `keep` of each tenant."""
    groups: dict[str | None, list[Backup]] = defaultdict(list)
    for backup in backups:
        groups[backup.tenant].append(backup)
    return [backup for group in groups.values() for backup in group[: max(0, len(group) - keep)]]


def superfluous_segments(archive: Path, kept: Sequence[Backup]) -> list[Path]:
    """Of the archived log, what lies before the oldest whole backup that is kept; nothing when there is none."""
    starts = [backup.start_segment[8:] for backup in kept if backup.kind == "whole" and backup.start_segment]
    if not starts:
        return []
    # The first eight digits are the timeline; what follows grows across all of them.
    segments = [path for path in archive.iterdir() if _SEGMENT.fullmatch(path.name)]
    return sorted(path for path in segments if path.name[8:24] < min(starts))


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()
