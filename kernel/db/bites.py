"""Removing many rows in bites, each a transaction of its own: no long lock, no statement that runs out of time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, LiteralString

import psycopg
from psycopg import sql

ROWS_AT_ONCE = 5_000

# Rows somebody else is at are left for the next time, so that several processes may be at it at once.
_DELETE = """
DELETE FROM {table} WHERE {key} IN (
    SELECT {key} FROM {table} WHERE {condition} LIMIT %(rows_at_once)s FOR UPDATE SKIP LOCKED)
"""


def delete_in_bites(
    connection: psycopg.Connection[Any], table: tuple[str, str], condition: LiteralString, values: Mapping[str, Any], *,
    key: str = "id", rows_at_once: int = ROWS_AT_ONCE,
) -> int:  # fmt: skip
    """How many rows of a table (schema, name) fulfilled the condition and are gone. The connection is in autocommit."""
    statement = sql.SQL(_DELETE).format(
        table=sql.Identifier(*table), key=sql.Identifier(key), condition=sql.SQL(condition)
    )
    total, removed = 0, rows_at_once
    while removed == rows_at_once:
        removed = connection.execute(statement, {**values, "rows_at_once": rows_at_once}).rowcount
        total += removed
    return total
