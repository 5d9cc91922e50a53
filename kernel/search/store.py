"""SQL of the search index, except the question itself (`query.py`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from kernel.db.unit_of_work import UnitOfWork

# One writer per tenant: two would wait for each other's rows.
_LOCK = 0x626F7373
PENDING_COUNTED_MAX = 10_000

# Documents with an event in the span whose entry is not of their version; deleted ones have an entry to lose.
_STALE = """
SELECT d.id::text, d.type, d.version, d.number, d.data, d.deleted_at IS NOT NULL, d.schema_version, d.kept
  FROM (SELECT DISTINCT aggregate_id FROM {t}.events
         WHERE position > %(after)s AND position <= %(up_to)s AND aggregate_type = ANY(%(types)s)) e
  JOIN {t}.documents d ON d.id = e.aggregate_id
  LEFT JOIN {t}.search s ON s.document_id = d.id
 WHERE CASE WHEN d.deleted_at IS NULL THEN s.version IS DISTINCT FROM d.version ELSE s.version IS NOT NULL END
"""
_SPAN = """
SELECT coalesce(max(position), 0), count(*) FROM (
    SELECT position FROM {t}.events WHERE position > %s AND position <= %s ORDER BY position LIMIT %s) span
"""
_OTHER_SHAPE = """
SELECT d.id::text, d.type, d.version, d.number, d.data, false, d.schema_version, d.kept
  FROM {t}.documents d
  JOIN unnest(%(types)s::text[], %(shapes)s::int[]) AS w (type, shape) ON w.type = d.type
  LEFT JOIN {t}.search s ON s.document_id = d.id
 WHERE d.deleted_at IS NULL AND d.id > %(after)s::uuid AND (s.shape IS DISTINCT FROM w.shape OR %(all)s)
 ORDER BY d.id LIMIT %(limit)s
"""
_UPSERT = """
INSERT INTO {t}.search AS s (document_id, type, shape, version, words, text)
SELECT id, type, shape, version,
       setweight(to_tsvector(%(language)s::regconfig, title), 'A') || to_tsvector(%(language)s::regconfig, rest), text
  FROM unnest(%(ids)s::uuid[], %(types)s::text[], %(shapes)s::int[], %(versions)s::int[], %(titles)s::text[],
              %(rests)s::text[], %(texts)s::text[]) AS n (id, type, shape, version, title, rest, text)
ON CONFLICT (document_id) DO UPDATE SET type = excluded.type, shape = excluded.shape, version = excluded.version,
       words = excluded.words, text = excluded.text
 WHERE s.version <= excluded.version
"""
_CAPABILITIES = """
SELECT (SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
         WHERE e.extname = 'pg_trgm'),
       EXISTS (SELECT 1 FROM pg_catalog.pg_ts_config WHERE cfgname = %s
                  AND cfgnamespace = 'pg_catalog'::pg_catalog.regnamespace)
"""
_DELETE_ORPHANS = """
DELETE FROM {t}.search s WHERE NOT EXISTS (
    SELECT 1 FROM {t}.documents d WHERE d.id = s.document_id AND d.type = s.type AND d.deleted_at IS NULL)
"""
_PENDING = """
SELECT count(*) FROM (
    SELECT 1 FROM {t}.events WHERE position > %s AND aggregate_type = ANY(%s) LIMIT %s) later
"""


class Stale(NamedTuple):
    """A document whose entry has to be written or removed."""

    id: str
    type: str
    version: int
    number: str | None
    data: Mapping[str, Any]
    is_deleted: bool
    schema_version: int
    kept: Mapping[str, Any] | None


class Entry(NamedTuple):
    """A row of the index. title, rest: what ranks high, and what ranks low."""

    id: str
    type: str
    shape: int
    version: int
    title: str
    rest: str
    text: str


@dataclass(frozen=True)
class Progress:
    """position: every event up to it is in the index. shape: digest of the declarations all of it was built for."""

    position: int
    shape: int


def try_lock(uow: UnitOfWork) -> bool:
    """Whether this transaction alone writes the index until it ends."""
    assert uow.tenant is not None
    row = uow.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, uow.tenant.schema]).fetchone()
    return bool(row and row[0])


def hold_lock(uow: UnitOfWork) -> None:
    """Wait until this transaction alone writes the index."""
    assert uow.tenant is not None
    uow.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, uow.tenant.schema])


def read_progress(uow: UnitOfWork) -> Progress:
    rows = uow.execute("SELECT name, value FROM {t}.meta WHERE name IN ('search_position', 'search_shape')").fetchall()
    values = dict(rows)
    return Progress(values["search_position"], values["search_shape"])


def write_progress(uow: UnitOfWork, name: str, value: int) -> None:
    """name: `position` or `shape`."""
    uow.execute("UPDATE {t}.meta SET value = %s WHERE name = %s", [value, f"search_{name}"])


def find_span(uow: UnitOfWork, after: int, up_to: int, limit: int) -> tuple[int, int]:
    """The next so many events after a position: the position of the last of them, and how many there are."""
    row = uow.execute(_SPAN, [after, up_to, limit]).fetchone()
    assert row is not None
    return row[0], row[1]


def find_stale(uow: UnitOfWork, after: int, up_to: int, types: Sequence[str]) -> list[Stale]:
    """Documents whose entries are behind, of those with events in the span."""
    rows = uow.execute(_STALE, {"after": after, "up_to": up_to, "types": list(types)})
    return [Stale(*row) for row in rows]


def find_other_shapes(uow: UnitOfWork, shapes: Mapping[str, int], after: str, limit: int, *, all: bool) -> list[Stale]:
    """Documents after an id, in the order of ids, without an entry of their type's shape. all: with one too."""
    values = {"types": list(shapes), "shapes": list(shapes.values()), "after": after, "limit": limit, "all": all}
    return [Stale(*row) for row in uow.execute(_OTHER_SHAPE, values)]


def write_entries(uow: UnitOfWork, entries: Sequence[Entry], language: str) -> None:
    if not entries:
        return
    ids, types, shapes, versions, titles, rests, texts = (list(column) for column in zip(*entries, strict=True))
    uow.execute(
        _UPSERT,
        {
            "language": language, "ids": ids, "types": types, "shapes": shapes, "versions": versions,
            "titles": titles, "rests": rests, "texts": texts,
        },
    )  # fmt: skip


def delete_entries(uow: UnitOfWork, ids: Sequence[str]) -> None:
    if ids:
        uow.execute("DELETE FROM {t}.search WHERE document_id = ANY(%s::uuid[])", [list(ids)])


def delete_other_types(uow: UnitOfWork, types: Sequence[str]) -> int:
    """Entries of types that are searched no longer; how many there were."""
    return uow.execute("DELETE FROM {t}.search WHERE type <> ALL(%s::text[])", [list(types)]).rowcount


def delete_orphans(uow: UnitOfWork, types: Sequence[str]) -> None:
    """Entries of what is not there or not searched."""
    delete_other_types(uow, types)
    uow.execute(_DELETE_ORPHANS)


def count_pending(uow: UnitOfWork, types: Sequence[str], position: int, counted_max: int = PENDING_COUNTED_MAX) -> int:
    """Events after a position that may have changed what is found, counted up to a bound."""
    row = uow.execute(_PENDING, [position, list(types), counted_max]).fetchone()
    assert row is not None
    return int(row[0])


def count_documents(uow: UnitOfWork, types: Sequence[str]) -> int:
    sql = "SELECT count(*) FROM {t}.documents WHERE type = ANY(%s) AND deleted_at IS NULL"
    row = uow.execute(sql, [list(types)]).fetchone()
    assert row is not None
    return int(row[0])


def read_capabilities(uow: UnitOfWork, language: str) -> tuple[str | None, bool]:
    """The schema of pg_trgm, if the database has it; whether it knows the language."""
    row = uow.execute(_CAPABILITIES, [language]).fetchone()
    assert row is not None
    return row[0], row[1]
