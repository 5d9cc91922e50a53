"""What hot keys are declared, which of them have an index, and whether anybody uses it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from kernel.documents.indexes import INDEXES_PER_TENANT_MAX, HotIndex, declared_indexes
from sdk.schema import DocumentType

# Who has not been asked for so long is worth a look; nothing is dropped for that alone.
UNUSED_AFTER = timedelta(days=30)
LAST_SCAN_SINCE = 160_000
_USAGE = """
SELECT c.relname, i.indisvalid, pg_relation_size(c.oid), coalesce(s.idx_scan, 0), {last_scan}
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = i.indexrelid
 WHERE i.indrelid = %s::regclass AND starts_with(c.relname, 'hot_') ORDER BY c.relname
"""


@dataclass(frozen=True)
class IndexState:
    """field: `type.path`, None for an index nobody declares. state: `built`, `missing`, `invalid`, `over_budget` or
    `undeclared`. scans: since the database's statistics were reset. is_unused: it was never used, or not for 30 days.
    """

    field: str | None
    name: str
    state: str
    size_bytes: int = 0
    scans: int = 0
    last_scan_at: datetime | None = None
    is_unused: bool = False


def list_indexes(
    connection: psycopg.Connection[Any], schema: str, types: Iterable[DocumentType], now: datetime
) -> list[IndexState]:
    """One state for each declared hot key, then the indexes nobody declares."""
    last_scan = "s.last_idx_scan" if connection.info.server_version >= LAST_SCAN_SINCE else "NULL::timestamptz"
    rows = connection.execute(_USAGE.format(last_scan=last_scan), [f'"{schema}".documents']).fetchall()
    usage = {row[0]: row for row in rows}
    declared = declared_indexes(types)
    states = [
        _state(index, usage.pop(index.name, None), place >= INDEXES_PER_TENANT_MAX, now)
        for place, index in enumerate(declared)
    ]
    return states + [_measured(None, row, "undeclared", now) for row in usage.values()]


def _state(index: HotIndex, row: tuple[Any, ...] | None, is_over: bool, now: datetime) -> IndexState:
    field = f"{index.type}.{index.path}"
    if row is None:
        return IndexState(field, index.name, "over_budget" if is_over else "missing")
    return _measured(field, row, "over_budget" if is_over else "built" if row[1] else "invalid", now)


def _measured(field: str | None, row: tuple[Any, ...], state: str, now: datetime) -> IndexState:
    name, _, size, scans, last_scan = row
    is_unused = scans == 0 or (last_scan is not None and now - last_scan > UNUSED_AFTER)
    return IndexState(field, name, state, size, scans, last_scan, is_unused)
