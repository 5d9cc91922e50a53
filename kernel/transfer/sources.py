"""Rows of a CSV or JSONL file, one at a time. A row that cannot be read is told and does not end the file."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from kernel.transfer.errors import SourceUnreadable
from sdk.values import to_decimal

FIELD_CHARACTERS_MAX = 10_000_000
LINE_BYTES_MAX = 50_000_000
FORMATS = ("csv", "jsonl")
STDIN = "-"
# No database stores it.
_NUL = "the row has a NUL character"
_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl"}


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
        """Raises SourceUnreadable where the file as a whole is wrong: its encoding, its header."""
        read = _read_jsonl if self.dialect.format == "jsonl" else self._read_csv
        try:
            yield from read(self.stream)
        except (UnicodeError, LookupError, csv.Error, OSError) as error:
            # LookupError: there is no such encoding.
            raise SourceUnreadable(file=self.name, reason=str(error)) from error

    def size(self) -> int | None:
        """Bytes of the file; None where that is not known."""
        return os.fstat(self.stream.fileno()).st_size if self.name != STDIN else None

    def position(self) -> int:
        """Bytes taken from the file so far."""
        return self.stream.tell()

    def _read_csv(self, stream: BinaryIO) -> Iterator[SourceRow]:
        if len(self.dialect.delimiter) != 1:
            raise SourceUnreadable(file=self.name, reason="its delimiter has to be one character")
        csv.field_size_limit(FIELD_CHARACTERS_MAX)
        encoding = "utf-8-sig" if self.dialect.encoding.lower() in ("utf-8", "utf8") else self.dialect.encoding
        text = io.TextIOWrapper(stream, encoding=encoding, newline="")
        try:
            yield from self._read_table(text)
        finally:
            # The wrapper must not close a stream it was only lent (standard input, say).
            text.detach()

    def _read_table(self, text: TextIO) -> Iterator[SourceRow]:
        reader = csv.reader(text, delimiter=self.dialect.delimiter)
        header = next(reader, None)
        if header is None:
            return
        names = [name.strip() for name in header]
        if not names or "" in names or len(set(names)) < len(names):
            raise SourceUnreadable(file=self.name, reason="its header has an empty or a repeated name")
        number = 0
        for cells in reader:
            if not cells:
                continue
            number += 1
            if len(cells) != len(names):
                fault = f"the row has {len(cells)} cells and the header {len(names)}"
                yield SourceRow(number, dict(zip(names, cells, strict=False)), fault)
            else:
                values = dict(zip(names, cells, strict=True))
                yield SourceRow(number, values, _NUL if any("\0" in cell for cell in cells) else "")


def guess_format(name: str) -> str:
    """`jsonl` for .jsonl and .ndjson, otherwise `csv`."""
    return _SUFFIXES.get(Path(name).suffix.lower(), "csv")


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
