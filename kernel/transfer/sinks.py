"""Where exported lines go: JSONL, CSV or XLSX, written as they come, in flat memory."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, BinaryIO, Protocol

import orjson

from kernel.transfer.cells import harmless
from kernel.transfer.reading import Line
from kernel.transfer.table import TableColumn, rows_of

# What is written at once, in bytes, and compressed at once.
BUFFER_BYTES = 1 << 20
GZIP_LEVEL = 5
LINES_AT_ONCE = 50
FORMATS = ("csv", "jsonl", "xlsx")
_COMPUTED_KINDS = frozenset({"text", "object", "array"})


class Sink(Protocol):
    """Takes lines of JSON, a page of them at a time."""

    def write(self, lines: Iterable[Line]) -> int:
        """How many documents these were."""

    def flush(self) -> None:
        """Everything taken so far is with the stream below."""

    def close(self) -> None:
        """Complete the file. The stream below stays open."""

    def discard(self) -> None:
        """Let go of what was kept beside the file, whether it is complete or not."""


class Packed:
    """A stream that compresses what is written: every write is a gzip member of its own, so a file may be continued
    behind any of them.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, data: bytes) -> None:
        # No moment of writing in it: the same documents make the same file.
        self._stream.write(gzip.compress(data, GZIP_LEVEL, mtime=0))


class _Buffered:
    def __init__(self, stream: BinaryIO | Packed) -> None:
        self._stream = stream
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._size >= BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        if self._parts:
            self._stream.write(b"".join(self._parts))
            self._parts, self._size = [], 0

    def close(self) -> None:
        self.flush()

    def discard(self) -> None:
        self._parts.clear()


class JsonlSink(_Buffered):
    """One JSON object a line. columns: when they are chosen, their titles are the members."""

    def __init__(self, stream: BinaryIO | Packed, columns: Sequence[TableColumn] = (), lines: str = "") -> None:
        super().__init__(stream)
        self._titles = [column.title for column in columns]
        self._rows = rows_of(columns, lines) if columns else None

    def write(self, lines: Iterable[Line]) -> int:
        count = 0
        if self._rows is None:
            remaining = iter(lines)
            while some := list(islice(remaining, LINES_AT_ONCE)):
                self.add(b"".join(some))
                count += len(some)
            return count
        for line in lines:
            count += 1
            for row in self._rows(orjson.loads(line)):
                members = {title: value for title, value in zip(self._titles, row, strict=True) if value is not None}
                self.add(orjson.dumps(members, option=orjson.OPT_APPEND_NEWLINE))
        return count


class CsvSink(_Buffered):
    """RFC 4180 in UTF-8, lines ending with LF. is_raw: texts a spreadsheet would compute stand as they are."""

    def __init__(
        self,
        stream: BinaryIO | Packed,
        columns: Sequence[TableColumn],
        lines: str = "",
        *,
        is_raw: bool = False,
        has_header: bool = True,
    ) -> None:
        super().__init__(stream)
        self._rows = rows_of(columns, lines)
        self._cells = [_cell_writer(column, is_raw) for column in columns]
        self._text = io.StringIO()
        self._writer = csv.writer(self._text, lineterminator="\n")
        if has_header:
            self._writer.writerow([column.title if is_raw else harmless(column.title) for column in columns])

    def write(self, lines: Iterable[Line]) -> int:
        count = 0
        for line in lines:
            count += 1
            for row in self._rows(orjson.loads(line)):
                self._writer.writerow([cell(value) for cell, value in zip(self._cells, row, strict=True)])
            if self._text.tell() >= BUFFER_BYTES:
                self._move()
        self._move()
        return count

    def flush(self) -> None:
        self._move()
        super().flush()

    def _move(self) -> None:
        text = self._text.getvalue()
        if text:
            self._text.seek(0)
            self._text.truncate()
            self.add(text.encode())


def cell_text(value: Any) -> str:
    """A value as the text of a cell; lists and objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _cell_writer(column: TableColumn, is_raw: bool) -> Callable[[Any], str]:
    # Amounts and dates are no texts: -5 is to be computed.
    if is_raw or column.kind not in _COMPUTED_KINDS:
        return cell_text
    return lambda value: harmless(cell_text(value)) if value is not None else ""
