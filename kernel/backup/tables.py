"""Which tables and columns a schema has, asked of PostgreSQL: a table somebody adds is in the next archive."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import psycopg

# Made anew by whoever reads the archive, or worth nothing a day later, or about files that lie elsewhere.
LEFT_OUT = frozenset({"schema_ledger", "idempotency", "transfers"})

_COLUMNS = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum), max(a.attname::text) FILTER (WHERE a.attidentity <> '')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
   AND a.attgenerated = ''
 GROUP BY c.relname
"""
_REFERENCES = """
SELECT conrelid::regclass::oid::text, o.relname, f.relname FROM pg_constraint k
  JOIN pg_class o ON o.oid = k.conrelid JOIN pg_class f ON f.oid = k.confrelid
 WHERE k.contype = 'f' AND o.relnamespace = %s::regnamespace AND f.relnamespace = o.relnamespace
   AND k.conrelid <> k.confrelid
"""


@dataclass(frozen=True)
class Table:
    """columns: those that are stored, not computed. identity: the one that counts by itself."""

    name: str
    columns: tuple[str, ...]
    identity: str | None


def tables_of(connection: psycopg.Connection[Any], schema: str) -> list[Table]:
    """All of a schema, each after those it refers to."""
    quoted = f'"{schema}"'
    found = {row[0]: Table(row[0], tuple(row[1]), row[2]) for row in connection.execute(_COLUMNS, [quoted])}
    order: TopologicalSorter[str] = TopologicalSorter({name: set() for name in sorted(found)})
    for _, name, referred in connection.execute(_REFERENCES, [quoted]):
        order.add(name, referred)
    return [found[name] for name in order.static_order() if name not in LEFT_OUT]


def sequence_value(connection: psycopg.Connection[Any], schema: str, table: Table) -> tuple[str, int] | None:
    """How far the counting column has come; None where nothing counts or was counted yet."""
    if table.identity is None:
        return None
    row = connection.execute(
        "SELECT pg_sequence_last_value(pg_get_serial_sequence(%s, %s)::regclass)",
        [f'"{schema}"."{table.name}"', table.identity],
    ).fetchone()
    return (table.identity, row[0]) if row and row[0] is not None else None
