"""A whole tenant in one zip file: everything that is dropped with it, one JSONL file for each kind of row."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from kernel.db.unit_of_work import UnitOfWork
from kernel.documents.rows import COLUMNS, Row, flatten
from kernel.tenancy.record import TenantRecord
from kernel.transfer.errors import SourceUnreadable

FORMAT = "bos-tenant-1"
ROWS_AT_ONCE = 1_000

# Tables and the column to go through them by. Rows are taken as PostgreSQL's own JSON text, which keeps every digit.
_TABLES = (("events", "position"), ("movements", "id"), ("deliveries", "id"))
_SMALL = ("applets", "series")


@dataclass
class ArchiveReport:
    """How many rows each file has."""

    path: Path
    counts: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"path": str(self.path), "bytes": self.path.stat().st_size, "counts": self.counts}


class Archive:
    """Written beside its final place and moved there when it is whole."""

    def __init__(self, path: Path, progress: Callable[[str, int], None] | None = None) -> None:
        self._path, self._progress = path, progress or (lambda name, count: None)

    def write(self, uow: UnitOfWork, tenant: TenantRecord, users: Sequence[Mapping[str, Any]]) -> ArchiveReport:
        """All documents (deleted ones too), events, movements, deliveries, applets and series, and the users given.

        The tenant should be suspended: rows written meanwhile may or may not be in it. Raises SourceUnreadable where
        the file cannot be written.
        """
        partial = self._path.with_name(self._path.name + ".partial")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            report = self._write_whole(partial, uow, tenant, users)
            partial.replace(self._path)
        except OSError as error:
            raise SourceUnreadable(f"{self._path} cannot be written: {error.strerror}") from error
        return report

    def _write_whole(
        self, partial: Path, uow: UnitOfWork, tenant: TenantRecord, users: Sequence[Mapping[str, Any]]
    ) -> ArchiveReport:
        report = ArchiveReport(self._path)
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, rows in _files(uow, users):
                report.counts[name] = self._write_file(archive, f"{name}.jsonl", rows)
            about = {"format": FORMAT, "tenant": _describe(tenant), "counts": report.counts}
            archive.writestr("tenant.json", orjson.dumps(about, option=orjson.OPT_INDENT_2))
        return report

    def _write_file(self, archive: zipfile.ZipFile, name: str, rows: Iterator[bytes]) -> int:
        count = 0
        with archive.open(name, "w", force_zip64=True) as stream:
            for row in rows:
                stream.write(row + b"\n")
                count += 1
                self._progress(name, 1)
        return count


def count_rows(uow: UnitOfWork) -> dict[str, int]:
    """What an archive would hold, without writing it."""
    counts = {f"documents/{type}": count for type, count in _types(uow)}
    for name in (*(name for name, _ in _TABLES), *_SMALL):
        row = uow.execute(f"SELECT count(*) FROM {{t}}.{name}").fetchone()
        counts[name] = row[0] if row else 0
    return counts


def _files(uow: UnitOfWork, users: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Iterator[bytes]]]:
    for type, _ in _types(uow):
        yield f"documents/{type}", _documents(uow, type)
    for name, key in _TABLES:
        yield name, _paged(uow, name, key)
    for name in _SMALL:
        rows = uow.execute(f"SELECT to_jsonb(x)::text FROM {{t}}.{name} x ORDER BY 1").fetchall()
        yield name, (text.encode() for (text,) in rows)
    yield "users", (orjson.dumps(user, option=orjson.OPT_UTC_Z) for user in users)


def _types(uow: UnitOfWork) -> list[tuple[str, int]]:
    return uow.execute("SELECT type, count(*) FROM {t}.documents GROUP BY type ORDER BY type").fetchall()


def _documents(uow: UnitOfWork, type: str) -> Iterator[bytes]:
    after = "00000000-0000-0000-0000-000000000000"
    sql = f"SELECT {COLUMNS} FROM {{t}}.documents WHERE type = %s AND id > %s ORDER BY id LIMIT %s"
    while rows := uow.execute(sql, [type, after, ROWS_AT_ONCE]).fetchall():
        for found in rows:
            yield orjson.dumps(flatten(Row(*found), frozenset()))
        after = rows[-1][0]


def _paged(uow: UnitOfWork, table: str, key: str) -> Iterator[bytes]:
    after = -1
    sql = f"SELECT x.{key}, to_jsonb(x)::text FROM {{t}}.{table} x WHERE x.{key} > %s ORDER BY x.{key} LIMIT %s"
    while rows := uow.execute(sql, [after, ROWS_AT_ONCE]).fetchall():
        yield from (text.encode() for _, text in rows)
        after = rows[-1][0]


def _describe(tenant: TenantRecord) -> dict[str, Any]:
    kept = ("id", "name", "title", "plan", "currency", "timezone", "locale", "limits", "flags")
    return {name: getattr(tenant, name) for name in kept}
