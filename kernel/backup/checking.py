"""An archive read from end to end, before anything is believed or made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kernel.backup.errors import ArchiveUnreadable
from kernel.backup.manifest import MANIFEST, Manifest, TableEntry, parse_manifest
from kernel.backup.tape import read_tape
from kernel.secrets.keyring import Keyring

TENANT, PLATFORM = "tenant", "platform"


@dataclass
class _Seen:
    """What was found of a table. rows: every row ends in a line feed, those within values are escaped."""

    parts: int = 0
    rows: int = 0
    size: int = 0
    hash: Any = field(default_factory=hashlib.sha256)

    def add(self, content: bytes) -> None:
        self.parts += 1
        self.rows += content.count(b"\n")
        self.size += len(content)
        self.hash.update(content)

    def is_of(self, entry: TableEntry) -> bool:
        return (self.rows, self.size, self.hash.hexdigest()) == (entry.rows, entry.bytes, entry.sha256)


def check_archive(path: Path, keyring: Keyring, progress: Callable[[int], None] = lambda bytes: None) -> Manifest:
    """The manifest, once every table is what it says. Raises ArchiveUnreadable."""
    seen: dict[tuple[str, str], _Seen] = {}
    manifest: Manifest | None = None
    for name, content in read_tape(path, keyring):
        if manifest is not None:
            raise ArchiveUnreadable(path=path, reason="something follows its manifest")
        if name == MANIFEST:
            manifest = parse_manifest(content, path)
        else:
            seen.setdefault(_place(name, path), _Seen()).add(content)
            progress(len(content))
    if manifest is None:
        raise ArchiveUnreadable(path=path, reason="it has no manifest")
    _compare(path, manifest, seen)
    return manifest


def read_parts(path: Path, keyring: Keyring, manifest: Manifest) -> Iterator[tuple[str, str, bytes]]:
    """Folder, table and content again, as they were written; compared once more, as the file may have changed.

    Raises ArchiveUnreadable, at the latest at the end: nothing read here is to be kept before that.
    """
    seen: dict[tuple[str, str], _Seen] = {}
    for name, content in read_tape(path, keyring):
        if name == MANIFEST:
            continue
        place = _place(name, path)
        seen.setdefault(place, _Seen()).add(content)
        yield *place, content
    _compare(path, manifest, seen)


def _compare(path: Path, manifest: Manifest, seen: dict[tuple[str, str], _Seen]) -> None:
    wanted = {(TENANT, entry.name): entry for entry in manifest.tables}
    wanted |= {(PLATFORM, entry.name): entry for entry in manifest.platform}
    if seen.keys() - wanted.keys():
        raise ArchiveUnreadable(path=path, reason="it holds tables its manifest does not name")
    for place, entry in wanted.items():
        if not seen.get(place, _Seen()).is_of(entry):
            raise ArchiveUnreadable(path=path, reason=f"the table {entry.name} is not what the manifest says")


def _place(name: str, path: Path) -> tuple[str, str]:
    match name.split("/"):
        case [("tenant" | "platform") as folder, table, number] if number.isdigit():
            return folder, table
    raise ArchiveUnreadable(path=path, reason=f"{name} is nothing of an archive")
