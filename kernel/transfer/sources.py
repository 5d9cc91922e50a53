"""Rows of a CSV, JSONL or XLSX file, one at a time. A row that cannot be read is told and does not end the file."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from kernel.transfer.cells import plain
from kernel.transfer.errors import SourceUnreadable
from kernel.transfer.sheets import Cells, Workbook
from kernel.transfer.unpacking import GZIP_MAGIC, gunzip, seekable, starts_with
from sdk.values import to_decimal

FIELD_CHARACTERS_MAX = 10_000_000
LINE_BYTES_MAX = 50_000_000
FORMATS = ("csv", "jsonl", "xlsx")
STDIN = "-"
# Python knows them as encodings of texts, but they are of names, or of literals; they keep all they have read until a
# point comes, which in a large file never does.
_NO_ENCODINGS_OF_FILES = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "unicode-escape",
                                    "raw-unicode-escape"})  # fmt: skip
# No database stores it.
_NUL = "the row has a NUL character"
_NO_TEXT = "the row has half of a surrogate pair, which is no character"
_HALF = re.compile(r"[\ud800-\udfff]")
_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".xlsx": "xlsx"}


@dataclass(frozen=True, slots=True)
class SourceRow:
    """number: counted from 1, the header of a CSV left out. fault: why it cannot be read."""

    number: int
    values: Mapping[str, Any]
    fault: str = ""


@dataclass(frozen=True)
class Dialect:
    """How a file is written."""

    format: str = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"

    def for_file(self, path: Path) -> Dialect:
        """The same for another file, whose name may say that it has the other format."""
        return Dialect(guess_format(path.name), self.delimiter, self.encoding)


@dataclass
class Source:
    """An open file, and how far it has been read."""

    name: str
    stream: BinaryIO
    dialect: Dialect = field(default_factory=Dialect)

    def rows(self) -> Iterator[SourceRow]:
        """Raises SourceUnreadable where the file as a whole is wrong (its encoding, its header), SourceTooLarge."""
        try:
            yield from self._read()
        except (UnicodeError, LookupError, csv.Error, OSError, EOFError, zlib.error) as error:
            # LookupError: there is no such encoding.
            raise SourceUnreadable(file=self.name, reason=str(error)) from error

    def size(self) -> int | None:
        """Bytes of the file; None where that is not known."""
        try:
            return os.fstat(self.stream.fileno()).st_size if self.name != STDIN else None
        except OSError:
            return None

    def position(self) -> int:
        """Bytes taken from the file so far."""
        return self.stream.tell()

    def _read(self) -> Iterator[SourceRow]:
        if self.dialect.format == "xlsx":
            return self._read_workbook()
        is_packed = starts_with(self.stream, GZIP_MAGIC)
        stream = gunzip(self.stream, self.name, self.size()) if is_packed else self.stream
        return _read_jsonl(stream) if self.dialect.format == "jsonl" else self._read_csv(stream)

    def _read_workbook(self) -> Iterator[SourceRow]:
        book, names, number = Workbook(seekable(self.stream), self.name), None, 0
        try:
            for sheet in book.sheets:
                rows = book.rows(sheet)
                header = next(rows, None)
                if header is None or (names is not None and _titles(header) != names):
                    continue
                names = self._checked(_titles(header))
                for cells in rows:
                    number += 1
                    yield _sheet_row(number, cells, names)
        finally:
            book.close()

    def _read_csv(self, stream: BinaryIO) -> Iterator[SourceRow]:
        if len(self.dialect.delimiter) != 1:
            raise SourceUnreadable(file=self.name, reason="its delimiter has to be one character")
        csv.field_size_limit(FIELD_CHARACTERS_MAX)
        encoding = "utf-8-sig" if self.dialect.encoding.lower() in ("utf-8", "utf8") else self.dialect.encoding
        if codecs.lookup(encoding).name in _NO_ENCODINGS_OF_FILES:
            raise SourceUnreadable(file=self.name, reason=f"no file is written in {encoding}")
        text = io.TextIOWrapper(stream, encoding=encoding, newline="")
        try:
            yield from self._read_table(text)
        finally:
            # The wrapper must not close a stream it was only lent (standard input, say).
            with suppress(ValueError):
                # It may be closed already, where somebody stopped in the middle of it.
                text.detach()

    def _read_table(self, text: TextIO) -> Iterator[SourceRow]:
        reader = csv.reader(text, delimiter=self.dialect.delimiter)
        header = next(reader, None)
        if header is None:
            return
        names = self._checked([plain(name.strip()) for name in header])
        number = 0
        for row in reader:
            if not row:
                continue
            number += 1
            cells = [plain(cell) if cell[:1] == "'" else cell for cell in row]
            if len(cells) != len(names):
                fault = f"the row has {len(cells)} cells and the header {len(names)}"
                yield SourceRow(number, dict(zip(names, cells, strict=False)), fault)
            else:
                values = dict(zip(names, cells, strict=True))
                yield SourceRow(number, values, _fault_of("".join(cells)))

    def _checked(self, names: list[str]) -> list[str]:
        if not names or "" in names or len(set(names)) < len(names):
            raise SourceUnreadable(file=self.name, reason="its header has an empty or a repeated name")
        if _fault_of("".join(names)):
            raise SourceUnreadable(file=self.name, reason="its header has a name that is no text")
        return names


def _titles(header: Cells) -> list[str]:
    cells = header[0] or {0: ""}
    return [cells.get(place, "").strip() for place in range(max(cells) + 1)]


def _sheet_row(number: int, found: Cells, names: Sequence[str]) -> SourceRow:
    cells, fault = found
    values = {name: cells.get(place, "") for place, name in enumerate(names)}
    if cells and not fault and max(cells) >= len(names):
        fault = f"the row has {max(cells) + 1} cells and the header {len(names)}"
    return SourceRow(number, values, fault or _fault_of("".join(cells.values())))


def _fault_of(text: str) -> str:
    """What the cells of a row have that no database stores."""
    if "\0" in text:
        return _NUL
    # Some encodings, and escapes in workbooks, can write it.
    return "" if text.isascii() or not _HALF.search(text) else _NO_TEXT


def guess_format(name: str) -> str:
    """`jsonl` for .jsonl and .ndjson, `xlsx` for .xlsx, otherwise `csv`; .gz behind it does not count."""
    return _SUFFIXES.get(Path(name.lower().removesuffix(".gz")).suffix, "csv")


def _read_jsonl(stream: BinaryIO) -> Iterator[SourceRow]:
    number = 0
    while line := stream.readline(LINE_BYTES_MAX):
        if not line.strip():
            continue
        number += 1
        yield _read_line(number, line)


def _read_line(number: int, line: bytes) -> SourceRow:
    try:
        # Decimals, so that 0.1 stays what is written.
        value = json.loads(line, parse_float=to_decimal, parse_constant=_refuse_constant)
        if b"\\u" in line:
            _check_texts(value)
    except (ValueError, RecursionError) as error:
        return SourceRow(number, {}, f"the line is no JSON: {error}")
    if not isinstance(value, dict):
        return SourceRow(number, {}, "the line is no JSON object")
    return SourceRow(number, value)


def _check_texts(value: Any) -> None:
    """Escapes can write what is no text: NUL, half of a surrogate pair. Raises ValueError."""
    if isinstance(value, dict):
        _check_texts([*value, *value.values()])
    elif isinstance(value, list):
        for item in value:
            _check_texts(item)
    elif isinstance(value, str) and "\0" in value.encode().decode():
        raise ValueError("it has a NUL character")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
