"""What an archive says of itself: whose it is, of which version, and each table with its rows and their hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from kernel.backup.errors import ArchiveUnreadable
from kernel.db.names import check_identifier

FORMAT = "bos-tenant-archive-1"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class TableEntry:
    """rows in PostgreSQL's text format of COPY. sequence: the column that counts, and how far it has come."""

    name: str
    columns: tuple[str, ...]
    rows: int
    bytes: int
    sha256: str
    sequence: tuple[str, int] | None = None


@dataclass(frozen=True)
class Manifest:
    """tenant: its row in the directory. steps: migrations its schema has had. platform: rows of the platform's tables.

    has_passwords: of users; has_credentials: keys, factors and clients too. versions: of Bos and PostgreSQL.
    """

    format: str
    made_at: str
    versions: Mapping[str, str]
    installation: str
    tenant: Mapping[str, Any]
    steps: tuple[str, ...]
    tables: tuple[TableEntry, ...]
    platform: tuple[TableEntry, ...]
    has_passwords: bool
    has_credentials: bool

    def as_json(self) -> bytes:
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2)

    @property
    def counts(self) -> dict[str, int]:
        """Rows by table."""
        return {entry.name: entry.rows for entry in (*self.tables, *self.platform)}


_ADAPTER = TypeAdapter(Manifest)


def parse_manifest(text: bytes, path: Path) -> Manifest:
    """Raises ArchiveUnreadable. Names of tables and columns are checked: they become part of SQL."""
    try:
        found = _ADAPTER.validate_json(text)
        _check_names(found.tables)
        _check_names(found.platform)
    except ValidationError as error:
        raise ArchiveUnreadable(path=path, reason=f"its manifest is not one: {error.errors()[0]['msg']}") from None
    except ValueError as error:
        raise ArchiveUnreadable(path=path, reason=str(error)) from None
    if found.format != FORMAT:
        raise ArchiveUnreadable(path=path, reason=f"it is of the format {found.format}, not {FORMAT}")
    return found


def _check_names(entries: Sequence[TableEntry]) -> None:
    names = [entry.name for entry in entries]
    if len(set(names)) != len(names):
        raise ValueError("it has a table twice")
    for entry in entries:
        check_identifier(entry.name)
        for column in (*entry.columns, *(entry.sequence or ())[:1]):
            check_identifier(str(column))
