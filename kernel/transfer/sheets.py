"""Rows of an XLSX file (ECMA-376), read as they come: neither a sheet nor its texts are ever held in memory.

The first sheet is read, and of the others those with the same header, since a full sheet is continued on the next.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import BinaryIO

from kernel.transfer.errors import SourceUnreadable
from kernel.transfer.sheet_parts import CELL_CHARACTERS_MAX, SharedTexts, Styles, date_text, number_text
from kernel.transfer.unpacking import open_entry
from kernel.transfer.xml_events import XmlEvents

COLUMNS_MAX = 16_384
SHEETS_MAX = 1_000
_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_LETTERS = re.compile(r"[A-Z]{1,3}")
# Beyond those of XML: a null character, say, as _x0000_.
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")

# RuntimeError: encrypted; NotImplementedError: packed in an unknown way.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError, ValueError)

# The cells of a row by column, and what is wrong with it.
Cells = tuple[dict[int, str], str]


class Workbook:
    """An open XLSX file. Raises SourceUnreadable, SourceTooLarge."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._name, self._stack = name, ExitStack()
        try:
            self._zip = self._stack.enter_context(zipfile.ZipFile(stream))
            self._texts = self._stack.enter_context(SharedTexts())
            self._styles = Styles()
            self._is_1904 = False
            self.sheets = self._read_parts()
        except BaseException as error:
            self._stack.close()
            raise self._told(error) from error

    def close(self) -> None:
        self._stack.close()

    def rows(self, sheet: str) -> Iterator[Cells]:
        """The rows of a sheet that have anything in them."""
        try:
            with self._open(sheet) as stream:
                reader = _SheetReader(self._name, self._texts, self._styles.dates, self._is_1904)
                events = XmlEvents(self._name, reader.start, reader.end, reader.text)
                while events.feed(stream):
                    yield from reader.take()
        except Exception as error:
            raise self._told(error) from error

    def _read_parts(self) -> list[str]:
        names, targets = self._read_workbook(), self._read_relations()
        for part, fill in (("xl/sharedStrings.xml", self._texts.fill), ("xl/styles.xml", self._styles.fill)):
            if part in self._zip.NameToInfo:
                with self._open(part) as stream:
                    fill(stream, self._name)
        found = [targets[id] for id in names if targets.get(id) in self._zip.NameToInfo]
        if not found:
            raise SourceUnreadable(file=self._name, reason="it has no sheet")
        return found[:SHEETS_MAX]

    def _read_workbook(self) -> list[str]:
        ids: list[str] = []

        def start(name: str, attributes: Mapping[str, str]) -> None:
            if name == "sheet":
                ids.extend(value for key, value in attributes.items() if key.rpartition(" ")[2] == "id")
            elif name == "workbookPr":
                self._is_1904 = attributes.get("date1904") in ("1", "true")

        self._run(_WORKBOOK, start)
        return ids

    def _read_relations(self) -> dict[str, str]:
        targets: dict[str, str] = {}

        def start(name: str, attributes: Mapping[str, str]) -> None:
            if name == "Relationship":
                target = attributes.get("Target", "")
                # Only names within the archive: nothing outside of it is ever opened.
                targets[attributes.get("Id", "")] = (
                    target[1:] if target.startswith("/") else posixpath.normpath(f"xl/{target}")
                )

        self._run(_RELATIONS, start)
        return targets

    def _run(self, part: str, start: object) -> None:
        with self._open(part) as stream:
            XmlEvents(self._name, start).run(stream)  # type: ignore[arg-type]

    def _open(self, part: str) -> BinaryIO:
        entry = self._zip.NameToInfo.get(part)
        if entry is None:
            raise SourceUnreadable(file=self._name, reason=f"it is no XLSX file: {part} is missing")
        return open_entry(self._zip, entry, self._name)

    def _told(self, error: BaseException) -> BaseException:
        if isinstance(error, _BROKEN):
            return SourceUnreadable(file=self._name, reason=f"it is no XLSX file: {error}")
        return error


class _SheetReader:
    """Handlers for the XML of a sheet that gather rows."""

    def __init__(self, name: str, texts: SharedTexts, dates: list[bool], is_1904: bool) -> None:
        self._name, self._texts, self._dates, self._is_1904 = name, texts, dates, is_1904
        self._done: list[Cells] = []
        self._cells: dict[int, str] = {}
        self._fault, self._column, self._kind, self._style = "", -1, "n", ""
        self._parts: list[str] = []
        self._size = 0
        self._is_value = self._is_phonetic = False

    def take(self) -> list[Cells]:
        done, self._done = self._done, []
        return done

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "c":
            self._column = _column_of(attributes.get("r", ""), self._column + 1)
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._parts, self._size = [], 0
        elif name in ("v", "t"):
            self._is_value = not self._is_phonetic
        elif name == "rPh":
            self._is_phonetic = True
        elif name == "row":
            self._cells, self._fault, self._column = {}, "", -1

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._is_value = False
        elif name == "c":
            self._add(self._value("".join(self._parts)))
        elif name == "rPh":
            self._is_phonetic = False
        elif name == "row" and (self._cells or self._fault):
            self._done.append((self._cells, self._fault))

    def text(self, data: str) -> None:
        if self._is_value and self._size <= CELL_CHARACTERS_MAX:
            self._parts.append(data)
            self._size += len(data)

    def _add(self, value: str | None) -> None:
        if not value:
            return
        if self._column >= COLUMNS_MAX:
            self._fault = f"the row has more than {COLUMNS_MAX} cells"
        elif len(value) > CELL_CHARACTERS_MAX:
            self._cells[self._column] = value[:80]
            self._fault = f"a cell has more than {CELL_CHARACTERS_MAX} characters"
        else:
            self._cells[self._column] = value

    def _value(self, text: str) -> str | None:
        kind = self._kind
        if kind == "n":
            if not text:
                return None
            is_date = self._style.isdigit() and len(self._style) < 7 and int(self._style) < len(self._dates)
            if is_date and self._dates[int(self._style)]:
                return date_text(text, is_1904=self._is_1904)
            return number_text(text)
        if kind == "s":
            found = self._texts.get(int(text)) if text.isdigit() and len(text) < 12 else None
            if found is None:
                self._fault = "a cell names a text that is not there"
            return _unescape(found) if found else None
        if kind == "b":
            return "true" if text == "1" else "false"
        if kind == "e":
            self._fault = f"a cell holds an error: {text[:20]}"
        return _unescape(text)


def _column_of(reference: str, following: int) -> int:
    """0 for A, 26 for AA; the next one where the cell does not say."""
    found = _LETTERS.match(reference)
    if found is None:
        return following
    number = 0
    for letter in found[0]:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _unescape(text: str) -> str:
    if "_x" not in text:
        return text
    units = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    # They are of UTF-16: two of them may be one character.
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
