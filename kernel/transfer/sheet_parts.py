"""What the cells of an XLSX file refer to: shared texts, kept on disk, and which styles are dates."""

from __future__ import annotations

import re
import tempfile
from array import array
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from types import TracebackType
from typing import BinaryIO, Self

from kernel.transfer.xml_events import XmlEvents
from sdk.values import decimal_text

CELL_CHARACTERS_MAX = 32_767
TEXTS_REMEMBERED_MAX = 20_000
SHORT_BYTES_MAX = 200
# ECMA-376 part 1, 18.8.30: formats of dates and times that need no declaration.
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_EXPONENT_MAX = 50
_SERIAL_MAX = 2_958_466


class SharedTexts:
    """Texts by their number, in a temporary file: a table of a million different ones takes eight megabytes."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the reader
        self._ends = array("Q", [0])
        self._parts: list[str] | None = None
        self._size = 0
        self._is_text = self._is_phonetic = False
        self._remembered = lru_cache(TEXTS_REMEMBERED_MAX)(self._read)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def fill(self, stream: BinaryIO, name: str) -> None:
        XmlEvents(name, self._start, self._end, self._text).run(stream)
        self._file.flush()

    def get(self, number: int) -> str | None:
        """None where there is no such text."""
        if not 0 <= number < len(self._ends) - 1:
            return None
        if self._ends[number + 1] - self._ends[number] <= SHORT_BYTES_MAX:
            return self._remembered(number)
        return self._read(number)

    def _read(self, number: int) -> str:
        self._file.seek(self._ends[number])
        return self._file.read(self._ends[number + 1] - self._ends[number]).decode()

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "si":
            self._parts, self._size = [], 0
        elif name == "rPh":
            self._is_phonetic = True
        elif name == "t":
            self._is_text = not self._is_phonetic

    def _end(self, name: str) -> None:
        if name == "t":
            self._is_text = False
        elif name == "rPh":
            self._is_phonetic = False
        elif name == "si" and self._parts is not None:
            data = "".join(self._parts).encode()
            self._file.write(data)
            self._ends.append(self._ends[-1] + len(data))
            self._parts = None

    def _text(self, data: str) -> None:
        # One character more than a cell may have is kept, so that its reader sees that it is too long.
        if self._is_text and self._parts is not None and self._size <= CELL_CHARACTERS_MAX:
            self._parts.append(data[: CELL_CHARACTERS_MAX + 1])
            self._size += len(data)


class Styles:
    """Which of the styles a cell may name are dates."""

    def __init__(self) -> None:
        self._formats: dict[str, str] = {}
        self._is_in_cells = False
        self.dates: list[bool] = []

    def fill(self, stream: BinaryIO, name: str) -> None:
        XmlEvents(name, self._start, self._end).run(stream)

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "numFmt":
            self._formats[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")[:500]
        elif name == "cellXfs":
            self._is_in_cells = True
        elif name == "xf" and self._is_in_cells:
            self.dates.append(self._is_date(attributes.get("numFmtId", "0")))

    def _end(self, name: str) -> None:
        if name == "cellXfs":
            self._is_in_cells = False

    def _is_date(self, id: str) -> bool:
        code = self._formats.get(id)
        if code is None:
            return id.isdigit() and len(id) < 4 and int(id) in _DATE_FORMATS
        return bool(set(_QUOTED.sub("", code).lower().partition(";")[0]) & set("ymdhs"))


def number_text(text: str) -> str:
    """A number as people write it: what a spreadsheet stores as 0.30000000000000004 was 0.3."""
    if text.lstrip("-").isdigit():
        return text
    try:
        number = Decimal(f"{float(text):.15g}")
    except (ValueError, InvalidOperation):
        return text
    if not number.is_finite() or abs(number.adjusted()) > _EXPONENT_MAX:
        return text
    return decimal_text(number)


def date_text(text: str, *, is_1904: bool) -> str:
    """A date or an instant as ISO text, from the days a spreadsheet counts; what is none stays as it is."""
    try:
        serial = float(text)
    except ValueError:
        return text
    if not 0 <= serial < _SERIAL_MAX:
        return text
    # The calendar that begins in 1900 knows a 29th of February in that year.
    first = datetime(1904, 1, 1, tzinfo=UTC) if is_1904 else datetime(1899, 12, 30 if serial >= 60 else 31, tzinfo=UTC)
    moment = first + timedelta(seconds=round(serial * 86_400))
    if (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return moment.date().isoformat()
    return moment.isoformat().replace("+00:00", "Z")
