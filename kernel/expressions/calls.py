"""SQL of the functions of the whitelist, except those that fold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import cast, extract, func

from kernel.expressions.coerce import (
    Sql,
    as_iso,
    as_numeric,
    as_sql_date,
    as_text,
    mismatch,
    result_of,
    same_kind,
)
from kernel.expressions.typed import ARRAY, SQL_TYPES, Typed
from sdk.expressions.kinds import BOOLEAN, DATE, DECIMAL, INSTANT, TEXT

Arguments = Sequence[Typed]
_NUMBER, _DATE, _TEXT, _TRUTH = SQL_TYPES[DECIMAL], SQL_TYPES[DATE], SQL_TYPES[TEXT], SQL_TYPES[BOOLEAN]


def call(function: str, arguments: Arguments) -> Typed:
    """The call, typed. Raises InvalidExpression for arguments of the wrong kind."""
    return CALLS[function](*arguments)


def _number(sql: Sql) -> Typed:
    return Typed(DECIMAL, cast(sql, _NUMBER))


def _text(sql: Sql) -> Typed:
    return Typed(TEXT, sql)


def _date(sql: Sql) -> Typed:
    return Typed(DATE, sql)


def _length(value: Typed) -> Typed:
    if value.kind.startswith(ARRAY) and value.sql is not None:
        return _number(func.jsonb_array_length(func.bos.as_array(value.sql)))
    return _number(func.char_length(as_text(value)))


def _coalesce(*values: Typed) -> Typed:
    parts, result = same_kind(values)
    return result_of(result, func.coalesce(*parts))


def _concat(*values: Typed) -> Typed:
    return _text(func.concat(*(_shown(value) for value in values), type_=_TEXT))


def _shown(value: Typed) -> Sql:
    if value.kind == DECIMAL:
        return cast(func.trim_scale(as_numeric(value)), _TEXT)
    if value.kind == DATE:
        return as_iso(value)
    if value.kind in (BOOLEAN, INSTANT):
        mismatch(value, "text")
    return as_text(value)


def _round(value: Typed, places: Typed | None = None) -> Typed:
    number = as_numeric(value)
    return _number(func.bos.round_half_up(number, as_numeric(places)) if places else func.round(number))


def _text_test(name: str) -> Callable[[Typed, Typed], Typed]:
    function: Any = getattr(func.bos, name)
    return lambda text, part: Typed(BOOLEAN, function(as_text(text), as_text(part), type_=_TRUTH))


def _on_text(name: str) -> Callable[[Typed], Typed]:
    function: Any = getattr(func.bos, name)
    return lambda text: _text(function(as_text(text), type_=_TEXT))


def _on_date(name: str) -> Callable[[Typed], Typed]:
    function: Any = getattr(func.bos, name)
    return lambda value: _date(function(as_sql_date(value), type_=_DATE))


def _shifted(name: str) -> Callable[[Typed, Typed], Typed]:
    function: Any = getattr(func.bos, name)
    return lambda value, count: _date(function(as_sql_date(value), as_numeric(count), type_=_DATE))


CALLS: Final[dict[str, Callable[..., Typed]]] = {
    "abs": lambda value: _number(func.abs(as_numeric(value))),
    "add_days": _shifted("add_days"),
    "add_months": _shifted("add_months"),
    "coalesce": _coalesce,
    "concat": _concat,
    "contains": _text_test("contains"),
    "date": lambda value: _date(as_sql_date(value)),
    "days_between": lambda a, b: _number(as_sql_date(b).op("-")(as_sql_date(a)).self_group()),
    "end_of_month": _on_date("end_of_month"),
    "endswith": _text_test("ends_with"),
    "len": _length,
    "lower": _on_text("lower_text"),
    "month": lambda value: _number(extract("month", as_sql_date(value))),
    "round": _round,
    "start_of_month": _on_date("start_of_month"),
    "startswith": _text_test("begins_with"),
    "upper": _on_text("upper_text"),
    "year": lambda value: _number(extract("year", as_sql_date(value))),
}
