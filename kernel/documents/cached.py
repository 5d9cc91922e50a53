"""Documents of types marked x-cached, kept in memory with the tenant's runtime, hence for one generation.

Whoever changes one raises the generation in the same transaction, so that whatever begins after its commit, in any
process, sees it. A transaction that has changed one itself reads the database as for any other type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kernel.context import KernelContext
from kernel.documents.casting import show_rows
from kernel.documents.rows import COLUMNS, Row, to_document
from kernel.runtime import CACHED_TYPES
from sdk.document import Document
from sdk.schema import DocumentType

CACHED_DOCUMENTS_MAX = 1_000
CACHED_BYTES_MAX = 1_048_576

_RAISE_GENERATION = "UPDATE {t}.meta SET value = value + 1 WHERE name = 'generation'"
# One row at least: too much of it is told from none at all by what stands beside the first one.
_READ = f"""
WITH measured AS (
    SELECT count(*) <= %(documents)s AND coalesce(sum(pg_column_size(data)), 0) <= %(bytes)s AS fits
      FROM {{t}}.documents WHERE type = %(type)s AND deleted_at IS NULL
)
SELECT measured.fits, {COLUMNS} FROM measured
  LEFT JOIN {{t}}.documents ON measured.fits AND type = %(type)s AND deleted_at IS NULL ORDER BY id
"""
_TEXTS = ("text", "uuid")
_SYSTEM_TEXTS = ("id", "company_id", "state", "number")


@dataclass
class CachedDocuments:
    """All of a type that are not deleted, by id and, once asked for, by the values of fields."""

    by_id: Mapping[str, Document]
    _indexes: dict[tuple[str, ...], dict[tuple[Any, ...], list[Document]]] = field(default_factory=dict)

    def having(self, values: Mapping[str, str]) -> Sequence[Document]:
        """Those with these values, in the order of their ids."""
        names = tuple(sorted(values))
        index = self._indexes.get(names)
        if index is None:
            index = {}
            for document in self.by_id.values():
                index.setdefault(tuple(_value(document, name) for name in names), []).append(document)
            self._indexes[names] = index
        return index.get(tuple(values[name] for name in names), ())


def known_document(ctx: KernelContext, type: DocumentType, id: str) -> Document | None:
    """A copy of what is in memory: of a cached type, or read together with others before."""
    cached = _cached(ctx, type)
    if cached is not None:
        found = cached.by_id.get(id)
        return found.copy() if found is not None else None
    seen: Document | None = ctx.work.seen.get(id)
    if seen is not None:
        return seen.copy() if seen.type == type.name else None
    row: Row | None = ctx.work.ahead.row(ctx.uow, id) if ctx.work.ahead is not None else None
    if row is None or row.type != type.name:
        return None
    return to_document(type, *show_rows(ctx, type, [row]))


def find_cached(ctx: KernelContext, type: DocumentType, fields: Mapping[str, Any]) -> list[Document] | None:
    """Those with these values; None where it takes SQL to find them or to tell which of them may be read."""
    if not type.is_cached or not all(_is_text(type, name, value) for name, value in fields.items()):
        return None
    if ctx.permissions.filter("read", type) is not None or ctx.permissions.mask(type, "read"):
        return None
    cached = _cached(ctx, type)
    return None if cached is None else [document.copy() for document in cached.having(fields)]


def note_change(ctx: KernelContext, type: DocumentType) -> None:
    """A document of the type was written. What is derived from it elsewhere ends with the commit."""
    if not type.is_cached and type.name not in CACHED_TYPES:
        return
    if not ctx.work.changed_types:
        # Last of all, since whoever else changes such a document waits for this row; and never undone by a savepoint.
        ctx.uow.before_commit(lambda: ctx.uow.execute(_RAISE_GENERATION))
    ctx.work.changed_types.add(type.name)


def _cached(ctx: KernelContext, type: DocumentType) -> CachedDocuments | None:
    """What there is of the type; None where the database must be asked."""
    # What is encrypted is not kept in the clear.
    if not type.is_cached or type.is_protected or type.name in ctx.work.changed_types:
        return None
    kept: dict[str, CachedDocuments | None] = ctx.runtime.references
    if type.name not in kept:
        # Whenever the generation goes up everybody wants them at once.
        with ctx.runtime.references_lock:
            if type.name not in kept:
                kept[type.name] = _read(ctx, type)
    return kept[type.name]


def _read(ctx: KernelContext, type: DocumentType) -> CachedDocuments | None:
    bounds = {"type": type.name, "documents": CACHED_DOCUMENTS_MAX, "bytes": CACHED_BYTES_MAX}
    # Of the type nothing is held back: it would be among those that this transaction has changed.
    found = ctx.uow.execute_beside(_READ, bounds).fetchall()
    if not found[0][0]:
        return None
    rows = [Row(*row) for _, *row in found if row[0] is not None]
    return CachedDocuments({row.id: to_document(type, row) for row in show_rows(ctx, type, rows)})


def _is_text(type: DocumentType, name: str, value: Any) -> bool:
    """Texts are equal in Python when they are in PostgreSQL; of other values only their type knows."""
    if not isinstance(value, str):
        return False
    declared = type.fields.get(name)
    return name in _SYSTEM_TEXTS if declared is None else declared.kind in _TEXTS and "." not in name


def _value(document: Document, name: str) -> Any:
    return getattr(document, name) if name in _SYSTEM_TEXTS else document.get(name)
