"""From a report's rows to its columns and measures: one statement, whatever the source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Numeric,
    Select,
    Subquery,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
)

from kernel.expressions import FieldResolver, PlainColumns, Typed, to_sql, to_typed_sql
from kernel.expressions.coerce import as_sql_date
from kernel.expressions.typed import ARRAY, ENCRYPTED, OBJECT
from kernel.reports.errors import ReportUnusable
from kernel.reports.links import Links
from sdk.errors import Violation
from sdk.expressions import Expression, InvalidExpression
from sdk.expressions.kinds import DATE, DECIMAL, LIST, TEXT
from sdk.reports import Measure, Report

REPORT_ROWS_MAX = 100_000
# With its type: by itself it would come back as an int, which is no amount.
ZERO: ColumnElement[Any] = literal_column("0::numeric", Numeric)

# (kind, SQL) by name, as PlainColumns takes them.
Shown = dict[str, tuple[str, ColumnElement[Any]]]


@dataclass
class Rows:
    """A source ready to be measured. amounts: of register measures, what a row adds, by the measure's name.

    keep_empty: groups stay whose measures are all zero. order: what a listing is sorted by unless it says otherwise.
    """

    table: FromClause
    names: FieldResolver
    links: Links
    conditions: list[ColumnElement[bool]]
    amounts: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)
    order: Sequence[ColumnElement[Any]] = ()
    keep_empty: bool = True


@dataclass(frozen=True)
class Compiler:
    """Compiles the expressions of one report. scope: `actor`, `today`, `param`."""

    report: Report
    scope: Mapping[str, Any]

    def typed(self, expression: Expression, names: FieldResolver, pointer: str) -> Typed:
        """SQL of a value; a fault is told with where in the definition it stands."""
        try:
            return to_typed_sql(expression, names, self.scope)
        except InvalidExpression as error:
            raise self.unusable(pointer, error) from None

    def condition(self, expression: Expression, names: FieldResolver, pointer: str) -> ColumnElement[bool]:
        try:
            return to_sql(expression, names, self.scope)
        except InvalidExpression as error:
            raise self.unusable(pointer, error) from None

    def unusable(self, pointer: str, error: InvalidExpression) -> ReportUnusable:
        return ReportUnusable(report=self.report.name, violations=[Violation(pointer, "expression", error.message)])

    def number(self, expression: Expression, names: FieldResolver, pointer: str) -> ColumnElement[Any]:
        typed = self.typed(expression, names, pointer)
        if typed.kind not in (DECIMAL, "null"):
            fault = Violation(pointer, "type", f"this is a {typed.kind}", "a number")
            raise ReportUnusable(report=self.report.name, violations=[fault])
        return cast(typed.sql, Numeric)

    def filters(self, rows: Rows) -> list[ColumnElement[bool]]:
        """The report's filter and those of parameters that have a value."""
        found = [("/filter", self.report.filter)]
        found += [
            (f"/parameters/{parameter.name}/filter", parameter.filter)
            for parameter in self.report.parameters.values()
            if self.scope["param"].get(parameter.name) is not None
        ]
        return [self.condition(wanted, rows.names, pointer) for pointer, wanted in found if wanted is not None]

    def columns(self, rows: Rows) -> Shown:
        shown: Shown = {}
        for column in self.report.columns.values():
            pointer = f"/columns/{column.name}/value"
            typed = self.typed(column.value, rows.names, pointer)
            if typed.kind.startswith((ARRAY, OBJECT, LIST, ENCRYPTED)):
                fault = Violation(pointer, "type", f"this is an {typed.kind}", "one value in the clear")
                raise ReportUnusable(report=self.report.name, violations=[fault])
            shown[column.name] = plain(typed)
        return shown


def plain(typed: Typed) -> tuple[str, ColumnElement[Any]]:
    """Kind and SQL of the SQL type the kind has elsewhere: a date of a document becomes a date."""
    if typed.kind == DATE and typed.is_iso:
        return DATE, as_sql_date(typed)
    assert typed.sql is not None
    return (TEXT if typed.kind == "null" else typed.kind), typed.sql


def summarize(compiler: Compiler, rows: Rows) -> tuple[Select[Any], dict[str, str]]:
    """One row per group of columns; and the kind of everything shown, by name."""
    columns = compiler.columns(rows)
    measures = {
        measure.name: _aggregate(compiler, rows, measure)
        for measure in compiler.report.measures.values()
        if measure.function != "calculate"
    }
    # Filters are compiled last of all, but before the links they need are joined.
    conditions = [*rows.conditions, *compiler.filters(rows)]
    groups = [sql for _, sql in columns.values()]
    grouped = select(
        *(sql.label(f"c_{name}") for name, (_, sql) in columns.items()),
        *(sql.label(f"m_{name}") for name, (_, sql) in measures.items()),
    ).select_from(rows.links.apply(rows.table))
    grouped = grouped.where(*conditions).group_by(*_positions(len(groups)))
    if not rows.keep_empty and groups and measures:
        grouped = grouped.having(or_(*(sql != ZERO for _, sql in measures.values())))
    table = grouped.subquery("grouped")
    shown = _inner(table, "c", columns) | _inner(table, "m", measures)
    return _finish(compiler, table, shown, [])


def enumerate_rows(compiler: Compiler, rows: Rows) -> tuple[Select[Any], dict[str, str]]:
    """One row per source row."""
    columns = compiler.columns(rows)
    measures = {
        measure.name: _value(compiler, rows, measure)
        for measure in compiler.report.measures.values()
        if measure.function not in ("calculate", "running")
    }
    running = {f"_{name}": (DECIMAL, sql) for name, sql in rows.amounts.items() if _is_running(compiler.report, name)}
    conditions = [*rows.conditions, *compiler.filters(rows)]
    listed = select(
        *(sql.label(f"c_{name}") for name, (_, sql) in columns.items()),
        *(sql.label(f"m_{name}") for name, (_, sql) in (measures | running).items()),
        *(sql.label(f"o_{number}") for number, sql in enumerate(rows.order)),
    )
    table = listed.select_from(rows.links.apply(rows.table)).where(*conditions).subquery("listed")
    shown = _inner(table, "c", columns) | _inner(table, "m", measures | running)
    order: list[ColumnElement[Any]] = [table.c[f"o_{number}"] for number in range(len(rows.order))]
    return _finish(compiler, table, shown, order)


def _finish(
    compiler: Compiler, table: Subquery, shown: Shown, order: list[ColumnElement[Any]]
) -> tuple[Select[Any], dict[str, str]]:
    """Calculated measures, `having`, the order and the bound."""
    report = compiler.report
    for measure in report.measures.values():
        if measure.function == "calculate" and measure.value is not None:
            typed = compiler.typed(measure.value, PlainColumns(shown), f"/measures/{measure.name}/calculate")
            shown[measure.name] = plain(typed)
    statement = select(*(sql.label(name) for name, (_, sql) in shown.items())).select_from(table)
    if report.having is not None:
        statement = statement.where(compiler.condition(report.having, PlainColumns(shown), "/having"))
    sort = report.sort or (() if order else tuple(report.columns))
    statement = statement.order_by(*(_sorted(shown, name) for name in sort), *order).limit(REPORT_ROWS_MAX + 1)
    return statement, {name: kind for name, (kind, _) in shown.items()}


def _inner(table: Subquery, prefix: str, columns: Shown) -> Shown:
    return {name: (kind, table.c[f"{prefix}_{name}"]) for name, (kind, _) in columns.items()}


def _positions(count: int) -> list[ColumnElement[Any]]:
    """By number: an expression with bound values in it is not the same twice to PostgreSQL."""
    return [literal_column(str(number + 1)) for number in range(count)]


def _sorted(shown: Shown, name: str) -> ColumnElement[Any]:
    kind, sql = shown[name.removeprefix("-")]
    ordered = sql.collate("C") if kind == TEXT else sql
    return ordered.desc().nulls_last() if name.startswith("-") else ordered.asc().nulls_last()


def _is_running(report: Report, name: str) -> bool:
    return report.measures[name].function == "running"


def _row_amount(compiler: Compiler, rows: Rows, measure: Measure) -> ColumnElement[Any]:
    """What a row adds to the measure, with its sign."""
    pointer = f"/measures/{measure.name}"
    if measure.value is not None:
        amount = compiler.number(measure.value, rows.names, f"{pointer}/{measure.function}")
    else:
        amount = rows.amounts[measure.name]
    if measure.sign is None:
        return amount
    return amount * compiler.number(measure.sign, rows.names, f"{pointer}/sign")


def _when(compiler: Compiler, rows: Rows, measure: Measure) -> ColumnElement[bool] | None:
    if measure.when is None:
        return None
    return compiler.condition(measure.when, rows.names, f"/measures/{measure.name}/when")


def _aggregate(compiler: Compiler, rows: Rows, measure: Measure) -> tuple[str, ColumnElement[Any]]:
    when = _when(compiler, rows, measure)
    if measure.function == "count":
        counted = func.count()
        return DECIMAL, cast(counted if when is None else counted.filter(when), Numeric)
    if measure.function in ("min", "max") and measure.value is not None and measure.sign is None:
        kind, value = plain(compiler.typed(measure.value, rows.names, f"/measures/{measure.name}/{measure.function}"))
        best = getattr(func, measure.function)(value)
        return kind, (best if when is None else best.filter(when))
    function = measure.function if measure.function in ("min", "max", "avg") else "sum"
    total = getattr(func, function)(_row_amount(compiler, rows, measure))
    total = total if when is None else total.filter(when)
    return DECIMAL, (func.coalesce(total, ZERO) if function == "sum" else total)


def _value(compiler: Compiler, rows: Rows, measure: Measure) -> tuple[str, ColumnElement[Any]]:
    """The measure of one row of a listing; NULL where `when` does not hold."""
    when = _when(compiler, rows, measure)
    if measure.value is not None and measure.sign is None:
        kind, amount = plain(compiler.typed(measure.value, rows.names, f"/measures/{measure.name}/value"))
    else:
        kind, amount = DECIMAL, _row_amount(compiler, rows, measure)
    return kind, (amount if when is None else case((when, amount)))
