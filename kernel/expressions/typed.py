"""A piece of SQL with its kind, or a value known while compiling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Boolean, Date, DateTime, Numeric, Text, Uuid
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import TypeEngine

from sdk.expressions.kinds import BOOLEAN, DATE, DECIMAL, INSTANT, LIST, TEXT, kind_of

NULL, UUID, ARRAY, OBJECT, ENCRYPTED = "null", "uuid", "array", "object", "encrypted"
SQL_TYPES: dict[str, TypeEngine[Any]] = {
    TEXT: Text(), DECIMAL: Numeric(), BOOLEAN: Boolean(), DATE: Date(), INSTANT: DateTime(timezone=True), UUID: Uuid(),
}  # fmt: skip
CONSTANT_KINDS = (*SQL_TYPES, LIST)


def array_of(kind: str) -> str:
    """The kind of a list of scalars: array[text]."""
    return f"{ARRAY}[{kind}]"


@dataclass(frozen=True, slots=True)
class Typed:
    """kind: text, decimal, boolean, date, instant, uuid, array (of objects), array[…], object, encrypted, null, list
    (constant).

    sql: None for a constant, which is `value`. is_iso: a date as ISO text COLLATE "C", as documents store it.
    is_collated: a text that is already COLLATE "C". mark: of an encrypted field, whose sql is the mark of its value.
    """

    kind: str
    sql: ColumnElement[Any] | None = None
    value: Any = None
    is_iso: bool = False
    is_collated: bool = False
    mark: Callable[[Any], str | None] | None = None

    @property
    def is_constant(self) -> bool:
        return self.sql is None


def constant(value: Any) -> Typed:
    """A value known while compiling; one of a kind the language does not know is unknown."""
    kind = None if value is None else kind_of(value)
    return Typed(kind, value=value) if kind in CONSTANT_KINDS and kind else Typed(NULL)


@dataclass(frozen=True, slots=True)
class Item:
    """The item of a loop: the path of its list, and the SQL text naming the item (jsonb, or text for scalars)."""

    path: tuple[str, ...]
    sql: str


class FieldResolver(Protocol):
    """Knows the columns a name stands for."""

    def resolve(self, path: tuple[str, ...], item: Item | None = None) -> Typed:
        """The typed column of a path: of the row, or of a loop's item (an empty path is the item itself).

        A list of objects gives kind `array` and its jsonb; scalars `array[kind]`. Raises InvalidExpression naming the
        nearest known field.
        """
