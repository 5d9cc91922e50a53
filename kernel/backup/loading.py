"""Parts of an archive into tables, one COPY a table, whatever its size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, Self

import psycopg
from psycopg import sql

from kernel.backup.manifest import TableEntry


class Loader:
    """target: where the rows of a table go. Parts of one table come one after the other."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        entries: Mapping[str, TableEntry],
        target: Callable[[str], sql.Identifier],
    ) -> None:
        self._connection, self._entries, self._target = connection, entries, target
        self._stack, self._table = ExitStack(), ""
        self._copy: psycopg.Copy | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        self._stack.__exit__(kind, error, trace)

    def write(self, table: str, content: bytes) -> None:
        if table != self._table or self._copy is None:
            # The end of one COPY is where PostgreSQL tells what was wrong with it.
            self._stack.close()
            columns = sql.SQL(", ").join(map(sql.Identifier, self._entries[table].columns))
            cursor = self._stack.enter_context(self._connection.cursor())
            asked = sql.SQL("COPY {} ({}) FROM STDIN").format(self._target(table), columns)
            self._copy, self._table = self._stack.enter_context(cursor.copy(asked)), table
        self._copy.write(content)
