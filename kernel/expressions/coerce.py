"""From typed pieces to SQL of one type; values are bound, never written into the text."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Never

from sqlalchemy import bindparam, cast, false, func, not_, null, true
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.elements import Grouping

from kernel.expressions.typed import NULL, SQL_TYPES, UUID, Typed
from sdk.expressions.errors import InvalidExpression
from sdk.expressions.kinds import BOOLEAN, DATE, DECIMAL, INSTANT, TEXT, as_date, as_instant, as_number, read_instant

Sql = ColumnElement[Any]


def operate(left: Sql, operator: str, right: Any, kind: str = BOOLEAN) -> Sql:
    """An operator of PostgreSQL, always in parentheses: SQLAlchemy rewrites none of it when it is negated."""
    return left.op(operator, return_type=SQL_TYPES[kind])(right).self_group()


def negate(condition: Sql) -> Sql:
    # Grouped, for NOT binds weaker than IS NULL and SQLAlchemy leaves the parentheses out.
    return Grouping(not_(condition))


def unknown(kind: str = BOOLEAN) -> Sql:
    return cast(null(), SQL_TYPES[kind])


def bind(kind: str, value: Any) -> Sql:
    """The value as a parameter of the kind's type."""
    if value is None:
        return unknown(kind)
    if kind == TEXT:
        refuse_unstorable(value)
    return bindparam(None, value, SQL_TYPES[kind], unique=True)


def refuse_unstorable(text: str) -> None:
    """PostgreSQL's text holds neither the null character nor half of a surrogate pair."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidExpression("a text holds a character that cannot be stored")


def mismatch(typed: Typed, wanted: str) -> Never:
    raise InvalidExpression(f"a value of kind {typed.kind} is no {wanted}")


def as_boolean(typed: Typed) -> Sql:
    if typed.kind == NULL:
        return unknown()
    if typed.kind != BOOLEAN:
        mismatch(typed, "condition")
    if typed.sql is None:
        return true() if typed.value else false()
    return typed.sql


def as_numeric(typed: Typed) -> Sql:
    if typed.kind not in (DECIMAL, NULL):
        mismatch(typed, "number")
    return typed.sql if typed.sql is not None else bind(DECIMAL, as_number(typed.value))


def as_text(typed: Typed) -> Sql:
    if typed.kind not in (TEXT, UUID, NULL):
        mismatch(typed, "text")
    if typed.sql is None:
        return bind(TEXT, typed.value)
    return cast(typed.sql, SQL_TYPES[TEXT]) if typed.kind == UUID else typed.sql


def as_ordered_text(typed: Typed) -> Sql:
    """A text that is compared by code point."""
    return as_text(typed) if typed.is_collated else as_text(typed).collate("C")


def as_uuid(typed: Typed) -> Sql:
    return typed.sql if typed.sql is not None else bind(UUID, uuid.UUID(typed.value) if typed.value else None)


def is_canonical_uuid(value: Any) -> bool:
    """Whether the text is how a uuid is written; any other text equals no uuid."""
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False


def as_sql_date(typed: Typed) -> Sql:
    """A date of type date, from whatever has one."""
    if typed.kind not in (DATE, TEXT, INSTANT, NULL):
        mismatch(typed, "date")
    if typed.sql is None:
        return bind(DATE, as_date(typed.value))
    if typed.kind == INSTANT:
        return cast(func.timezone("UTC", typed.sql), SQL_TYPES[DATE])
    if typed.kind == TEXT or typed.is_iso:
        return func.bos.to_date(typed.sql, type_=SQL_TYPES[DATE])
    return typed.sql


def as_iso(typed: Typed) -> Sql:
    """A date as ISO text: how documents store it and indexes order it."""
    if typed.sql is None:
        day = as_date(typed.value)
        return bind(TEXT, day.isoformat() if day else None).collate("C")
    return typed.sql if typed.is_iso else func.to_char(typed.sql, "YYYY-MM-DD", type_=SQL_TYPES[TEXT]).collate("C")


def as_sql_instant(typed: Typed) -> Sql:
    if typed.kind not in (DATE, TEXT, INSTANT, NULL):
        mismatch(typed, "instant")
    if typed.sql is None:
        value = typed.value
        found = read_instant(value) if isinstance(value, str) else value and as_instant(value)
        return bind(INSTANT, found)
    if typed.kind == INSTANT:
        return typed.sql
    if typed.kind == TEXT or typed.is_iso:
        return func.bos.to_instant(typed.sql, type_=SQL_TYPES[INSTANT])
    return func.bos.midnight(typed.sql, type_=SQL_TYPES[INSTANT])


def same_kind(values: Sequence[Typed]) -> tuple[list[Sql], Typed]:
    """SQL of one type for all, and a Typed of their kind for result_of."""
    kinds = {typed.kind for typed in values} - {NULL} or {NULL}
    if kinds == {DATE}:
        is_iso = all(typed.is_iso or typed.is_constant for typed in values)
        read = as_iso if is_iso else as_sql_date
        return [read(typed) for typed in values], Typed(DATE, is_iso=is_iso)
    if kinds <= {TEXT, UUID}:
        return [as_ordered_text(typed) for typed in values], Typed(TEXT, is_collated=True)
    readers = {DECIMAL: as_numeric, BOOLEAN: as_boolean, INSTANT: as_sql_instant, NULL: as_text}
    kind = kinds.pop()
    if kinds or kind not in readers:
        raise InvalidExpression(f"values of different kinds: {', '.join(sorted({kind, *kinds}))}")
    return [readers[kind](typed) for typed in values], Typed(kind)


def result_of(result: Typed, sql: Sql) -> Typed:
    """What same_kind told, as this SQL. Of nothing but unknown values it stays a value without a kind."""
    return result if result.kind == NULL else replace(result, sql=sql)
