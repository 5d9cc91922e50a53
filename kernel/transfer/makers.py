"""From a row to a field: what the `fields` of a mapping say, checked once and compiled to functions of a scope.

A text is a column's name or an expression over the row; see docs/cli.md for the other forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sdk.definition import QUALIFIED_NAME, Reader, escape, parse_expression
from sdk.errors import Violation
from sdk.expressions import EvaluationTooLong, Expression
from sdk.values import decimal_text, instant_text

Scope = Mapping[str, Any]
# Finds the id of a linked document by type, field and value; None where it is not known.
FindLink = Callable[[str, str, str], str | None]
ROWS = "rows"

_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Call:
    """One row being made into a document. faults: what is wrong with it."""

    find_link: FindLink
    faults: list[Violation]


Maker = Callable[[Scope, Call, str], Any]


def read_maker(data: Any, reader: Reader, key: str) -> Maker:
    """The maker of one field; what is wrong with it goes to the reader's faults."""
    if isinstance(data, str):
        return _read_text(data, reader, key)
    if isinstance(data, list):
        return _list_maker([read_maker(item, reader, f"{key}/{index}") for index, item in enumerate(data)])
    form = next((name for name in _READERS if name in data), None) if isinstance(data, Mapping) else None
    if form is None:
        expected = f"a text, a list, or an object with one of {', '.join(_READERS)}"
        reader.faults.append(Violation(f"{reader.pointer}/{key}", "field", "this is no way to make a field", expected))
        return _constant(None)
    return _READERS[form](Reader(data, reader.faults, f"{reader.pointer}/{key}"))


def read_members(reader: Reader, key: str) -> Maker:
    """The maker of an object from its `fields`."""
    data = reader.data.get(key)
    if not isinstance(data, Mapping):
        reader.fault(key, "type", f"{key} is not an object", "an object of field and source")
        return _constant(None)
    below = Reader(data, reader.faults, reader.at(key))
    return _object_maker({str(name): read_maker(value, below, escape(str(name))) for name, value in data.items()})


def to_plain(value: Any) -> Any:
    """What documents take: decimals, dates and instants as text."""
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: to_plain(item) for name, item in value.items()}
    return value


def _read_text(text: str, reader: Reader, key: str) -> Maker:
    if _COLUMN.fullmatch(text):
        return _column(text)
    expression = parse_expression(text, f"{reader.pointer}/{key}", reader.faults)
    return _expression(expression) if expression else _constant(None)


def _constant(value: Any) -> Maker:
    return lambda scope, call, pointer: value


def _column(name: str) -> Maker:
    return lambda scope, call, pointer: to_plain(scope["row"].get(name))


def _expression(expression: Expression) -> Maker:
    def make(scope: Scope, call: Call, pointer: str) -> Any:
        try:
            return to_plain(expression.evaluate(scope))
        except EvaluationTooLong as error:
            call.faults.append(Violation(pointer, error.code, error.message))
            return None

    return make


def _list_maker(makers: list[Maker]) -> Maker:
    def make(scope: Scope, call: Call, pointer: str) -> Any:
        made = [maker(scope, call, f"{pointer}/{index}") for index, maker in enumerate(makers)]
        return [value for value in made if value is not None] or None

    return make


def _object_maker(makers: Mapping[str, Maker]) -> Maker:
    def make(scope: Scope, call: Call, pointer: str) -> Any:
        made = {name: maker(scope, call, f"{pointer}/{escape(name)}") for name, maker in makers.items()}
        return {name: value for name, value in made.items() if value is not None} or None

    return make


def _read_constant(reader: Reader) -> Maker:
    reader.keys(("value",))
    return _constant(reader.data["value"])


def _read_column(reader: Reader) -> Maker:
    reader.keys(("column",))
    return _column(reader.text("column"))


def _read_fields(reader: Reader) -> Maker:
    reader.keys(("fields",))
    return read_members(reader, "fields")


def _read_link(reader: Reader) -> Maker:
    """{"link": type, "by": field, "from": …}: the id of the document that has this value in that field."""
    reader.keys(("link", "by", "from"), ("link", "by", "from"))
    type, by = reader.name("link", QUALIFIED_NAME, "applet.noun"), reader.text("by")
    source = read_maker(reader.data["from"], reader, "from") if "from" in reader.data else _constant(None)

    def make(scope: Scope, call: Call, pointer: str) -> Any:
        value = source(scope, call, pointer)
        if value is None or value == "":
            return None
        id = call.find_link(type, by, str(value))
        if id is None:
            message = f"there is no {type} with {by} {str(value)[:80]}"
            call.faults.append(Violation(pointer, "link", message, f"the {by} of a {type}"))
        return id

    return make


def _read_each(reader: Reader) -> Maker:
    """{"each": name, "fields": …}: one object for each row of a group (`rows`), a join, or a list in the row."""
    reader.keys(("each", "fields"), ("each", "fields"))
    name, item = reader.text("each"), read_members(reader, "fields")

    def make(scope: Scope, call: Call, pointer: str) -> Any:
        items = scope[ROWS] if name == ROWS else scope["row"].get(name)
        if items and not _are_rows(items):
            call.faults.append(Violation(pointer, "each", f"{name} is no list of objects", "a list of objects"))
            return None
        below = [
            item({**scope, "row": row, "parent": scope["row"]}, call, f"{pointer}/{index}")
            for index, row in enumerate(items or ())
        ]
        return [value for value in below if value is not None] or None

    return make


def _are_rows(items: Any) -> bool:
    return isinstance(items, list | tuple) and all(isinstance(item, Mapping) for item in items)


_READERS: Mapping[str, Callable[[Reader], Maker]] = {
    "value": _read_constant,
    "column": _read_column,
    "link": _read_link,
    "each": _read_each,
    "fields": _read_fields,
}
