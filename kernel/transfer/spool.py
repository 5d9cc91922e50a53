"""Rows kept on disk by a key, so that files of any size can be joined and grouped with flat memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from kernel.lazy import LazyModule
from kernel.transfer.errors import SourceUnreadable
from kernel.transfer.sources import Source, SourceRow

sqlite3 = LazyModule("sqlite3")


class Spool:
    """A temporary SQLite file that vanishes with its connection. Decimals come back as text."""

    def __init__(self) -> None:
        # An empty name is an anonymous file: in memory while small, on disk when it grows.
        self._connection = sqlite3.connect("")
        self._connection.execute("CREATE TABLE rows (number INTEGER PRIMARY KEY, key TEXT, data TEXT, fault TEXT)")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def fill(self, rows: Iterable[SourceRow], key: Sequence[str]) -> None:
        records = ((row.number, key_of(row.values, key), _text(row.values), row.fault) for row in rows)
        with self._connection:
            self._connection.executemany("INSERT INTO rows VALUES (?, ?, ?, ?)", records)
            self._connection.execute("CREATE INDEX rows_key ON rows (key, number)")

    def find(self, key: str) -> list[SourceRow]:
        """The rows of a key, in the order of the file."""
        found = self._connection.execute("SELECT number, data, fault FROM rows WHERE key = ? ORDER BY number", [key])
        return [SourceRow(number, json.loads(data), fault) for number, data, fault in found]

    def groups(self) -> Iterator[list[SourceRow]]:
        """Rows of one key together, wherever in the file they stood; groups in the order of their first rows.

        Rows without a key do not belong together: each is a group of its own, and at fault.
        """
        keys = self._connection.execute(
            "SELECT key, min(number) FROM rows GROUP BY key, CASE WHEN key = '' THEN number END ORDER BY min(number)"
        )
        for key, number in keys:
            yield self.find(key) if key else [self._keyless(number)]

    def _keyless(self, number: int) -> SourceRow:
        data, fault = self._connection.execute("SELECT data, fault FROM rows WHERE number = ?", [number]).fetchone()
        return SourceRow(number, json.loads(data), fault or "the row has nothing in the columns it is grouped by")


def key_of(values: Mapping[str, Any], names: Sequence[str]) -> str:
    """Several columns as one text, which no other values have. Empty where all of them are."""
    parts = ["" if values.get(name) is None else str(values[name]) for name in names]
    return json.dumps(parts) if any(parts) else ""


def spool_source(source: Source, key: Sequence[str]) -> Spool:
    """A whole file by a key. Raises SourceUnreadable where a column of the key is not there."""
    spool = Spool()
    spool.fill(_checked(source, key), key)
    return spool


def _checked(source: Source, key: Sequence[str]) -> Iterator[SourceRow]:
    for row in source.rows():
        missing = [name for name in key if name not in row.values]
        if missing and not row.fault:
            raise SourceUnreadable(file=source.name, reason=f"row {row.number} has no column {', '.join(missing)}")
        yield row


def _text(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, default=str)
