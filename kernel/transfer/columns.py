"""Typed columns: what the texts of a file are to be read as."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sdk.definition import Reader
from sdk.errors import Violation
from sdk.values import to_date, to_decimal, to_instant

KINDS = ("text", "decimal", "integer", "boolean", "date", "instant")
COLUMN_KEYS = ("kind", "format", "decimal_point")
_TRUE, _FALSE = frozenset({"true", "t", "yes", "y", "1"}), frozenset({"false", "f", "no", "n", "0"})


@dataclass(frozen=True, slots=True)
class Column:
    """kind: see KINDS. format: of a date, as strptime has it. decimal_point: `,` in 1.234,50."""

    kind: str = "text"
    format: str = ""
    decimal_point: str = "."

    def read(self, value: Any) -> Any:
        """The value of a cell; an empty one is None. Raises ValueError."""
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            return to_decimal(value) if self.kind == "decimal" and isinstance(value, int | Decimal) else value
        return _READERS[self.kind](self, value.strip() if self.kind != "text" else value)


def read_columns(reader: Reader, key: str) -> dict[str, Column]:
    """The declared columns of a mapping: a kind, or an object with more to say."""
    declared = reader.data.get(key, {})
    if not isinstance(declared, Mapping):
        reader.fault(key, "type", f"{key} is not an object", "an object of column and kind")
        return {}
    columns = {}
    for name, value in declared.items():
        below = Reader({"kind": value} if isinstance(value, str) else value, reader.faults, f"{reader.at(key)}/{name}")
        below.keys(COLUMN_KEYS, ("kind",))
        kind = below.choice("kind", KINDS)
        columns[name] = Column(kind or "text", below.text("format"), below.text("decimal_point", "."))
    return columns


def read_cells(values: Mapping[str, Any], columns: Mapping[str, Column], faults: list[Violation]) -> dict[str, Any]:
    """A row with its declared columns read; empty cells are None."""
    read = {name: None if value == "" else value for name, value in values.items()}
    for name, column in columns.items():
        try:
            read[name] = column.read(values.get(name))
        except ValueError as error:
            faults.append(
                Violation(f"/{name}", column.kind, f"{str(values[name])[:80]!r}: {error}", f"a {column.kind}")
            )
    return read


def _read_decimal(column: Column, text: str) -> Decimal:
    if column.decimal_point != ".":
        text = text.replace(".", "").replace(column.decimal_point, ".")
    return to_decimal(text)


def _read_boolean(column: Column, text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise ValueError("neither true nor false")
    return text.lower() in _TRUE


def _read_date(column: Column, text: str) -> date:
    if not column.format:
        return to_date(text[:10] if len(text) > 10 and text[10] in " T" else text)
    parsed = time.strptime(text, column.format)
    return date(parsed.tm_year, parsed.tm_mon, parsed.tm_mday)


_READERS: Mapping[str, Callable[[Column, str], Any]] = {
    "text": lambda column, text: text,
    "decimal": _read_decimal,
    "integer": lambda column, text: int(text),
    "boolean": _read_boolean,
    "date": _read_date,
    "instant": lambda column, text: to_instant(text),
}
