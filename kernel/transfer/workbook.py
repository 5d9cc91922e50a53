"""Documents as an XLSX file: real numbers and dates, a new sheet where one is full, nothing cut off."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from kernel.lazy import LazyModule
from kernel.transfer.errors import CellTooLong
from kernel.transfer.reading import Line
from kernel.transfer.sinks import cell_text
from kernel.transfer.table import TableColumn, rows_of

# ECMA-376 and Excel's own specification of its limits.
CELL_CHARACTERS_MAX = 32_767
SHEET_ROWS_MAX = 1_048_576
SHEET_TITLE_MAX = 31
# A spreadsheet computes with binary floating point: more digits than these would not come back as they went in.
DIGITS_EXACT_MAX = 15
# Its calendar begins there, and 1900-02-29 is in it.
YEAR_MIN = 1901
_UNFIT = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))

xlsxwriter = LazyModule("xlsxwriter")


class XlsxSink:
    """Written row by row; xlsxwriter keeps the sheets in files beside the final one until it is closed."""

    def __init__(
        self, path: Path, columns: Sequence[TableColumn], lines: str = "", *, title: str = "",
        rows_max: int = SHEET_ROWS_MAX,
    ) -> None:  # fmt: skip
        # Beside the final file, where there is room for it.
        self._folder = tempfile.TemporaryDirectory(dir=path.parent, prefix=".xlsx-")
        options = {"constant_memory": True, "tmpdir": self._folder.name, "strings_to_formulas": False}
        self._book = xlsxwriter.Workbook(str(path), options)
        self._columns, self._rows, self._rows_max = columns, rows_of(columns, lines), rows_max
        self._title = title.translate(_UNFIT).strip()[: SHEET_TITLE_MAX - 4] or "Sheet"
        self._formats = [_format_of(self._book, column) for column in columns]
        self._bold = self._book.add_format({"bold": True})
        self._sheets = 0
        self._add_sheet()

    def write(self, lines: Iterable[Line]) -> int:
        try:
            return self._write(lines)
        except BaseException:
            self.discard()
            raise

    def _write(self, lines: Iterable[Line]) -> int:
        count = 0
        for line in lines:
            count += 1
            document = orjson.loads(line)
            for row in self._rows(document):
                if self._row == self._rows_max:
                    self._add_sheet()
                self._write_row(row, document.get("id"))
        return count

    def flush(self) -> None:
        """Nothing of a workbook is complete before its end."""

    def close(self) -> None:
        self._book.close()
        self._folder.cleanup()

    def discard(self) -> None:
        """Leave nothing behind of a workbook that is not going to be completed."""
        for sheet in self._book.worksheets():
            # xlsxwriter has no way to give one up; a closed sheet has no such file any more.
            if sheet.row_data_fh is not None:
                sheet.row_data_fh.close()
        self._folder.cleanup()

    def _add_sheet(self) -> None:
        self._sheets += 1
        self._sheet = self._book.add_worksheet(self._title if self._sheets == 1 else f"{self._title} {self._sheets}")
        for place, column in enumerate(self._columns):
            self._sheet.write_string(0, place, column.title[:CELL_CHARACTERS_MAX], self._bold)
        self._row = 1

    def _write_row(self, row: Sequence[Any], id: Any) -> None:
        for place, (value, column) in enumerate(zip(row, self._columns, strict=True)):
            if value is not None:
                self._write_cell(place, value, column, id)
        self._row += 1

    def _write_cell(self, place: int, value: Any, column: TableColumn, id: Any) -> None:
        if isinstance(value, bool):
            self._sheet.write_boolean(self._row, place, value)
            return
        number = _number_of(value, column)
        if number is not None:
            self._sheet.write_number(self._row, place, number, self._formats[place])
            return
        day = _date_of(value) if column.kind == "date" else None
        if day is not None:
            self._sheet.write_datetime(self._row, place, day, self._formats[place])
            return
        text = cell_text(value)
        if len(text.encode("utf-16-le")) // 2 > CELL_CHARACTERS_MAX:
            raise CellTooLong(column=column.title, id=id, characters=len(text), maximum=CELL_CHARACTERS_MAX)
        self._sheet.write_string(self._row, place, text)


def _number_of(value: Any, column: TableColumn) -> float | int | None:
    if column.kind == "integer" and isinstance(value, int):
        return value if len(str(abs(value))) <= DIGITS_EXACT_MAX else None
    if column.kind != "decimal" or not isinstance(value, str):
        return None
    number = Decimal(value)
    return float(number) if len(number.as_tuple().digits) <= DIGITS_EXACT_MAX else None


def _date_of(value: Any) -> date | None:
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return day if day.year >= YEAR_MIN else None


def _format_of(book: Any, column: TableColumn) -> Any:
    if column.kind == "date":
        return book.add_format({"num_format": "yyyy-mm-dd"})
    if column.kind == "decimal" and column.scale:
        return book.add_format({"num_format": "0." + "0" * column.scale})
    return None
