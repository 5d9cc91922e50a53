"""Reports in the fake: summaries and listings evaluated row by row; every expression as the kernel's SQL means it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sdk.errors import Invalid, Violation
from sdk.expressions import Expression
from sdk.reports import Measure, Parameter, Report
from sdk.testing.report_rows import Row, SourceRow, source_rows
from sdk.testing.transaction import Transaction
from sdk.values import round_half_up, to_date, to_decimal


class ReportParametersInvalid(Invalid):
    """The parameters of the report {report} break {count} rule(s)."""


@dataclass(frozen=True)
class Period:
    """The days a report is about, as its expressions say. at: of balances."""

    at: date | None
    since: date | None
    until: date | None


def run(ctx: Transaction, name: str, parameters: Mapping[str, Any]) -> list[Row]:
    """The rows of kind `row`, in the order the report says."""
    report = ctx.catalogue.report(name)
    ctx.permissions.check_report(name)
    around = {**ctx.scope(), "param": read_parameters(ctx, report, parameters)}
    period = _period(report, around)
    rows = [row for row in source_rows(ctx, report, around) if _counts(report, row)]
    build = _list if report.is_listing else _summarize
    results = [row for row in build(report, rows, period, around) if _holds(report.having, {**around, **row})]
    return _ordered(report, results)[: report.limit]


def read_parameters(ctx: Transaction, report: Report, given: Mapping[str, Any]) -> Row:
    """The values of all parameters: as given, else as defaulted, else None."""
    values: Row = {"company_id": given.get("company_id")}
    faults = [
        Violation(f"/{name}", "unknown_parameter", f"the report has no parameter {name}")
        for name in given
        if name not in report.parameters and name != "company_id"
    ]
    for parameter in report.parameters.values():
        try:
            values[parameter.name] = _read_parameter(ctx, parameter, given.get(parameter.name))
        except ValueError as error:
            faults.append(Violation(f"/{parameter.name}", parameter.type, str(error), f"a {parameter.type}"))
        if parameter.required and given.get(parameter.name) is None:
            faults.append(Violation(f"/{parameter.name}", "required", f"{parameter.name} is missing", "a value"))
    if faults:
        raise ReportParametersInvalid(report=report.name, violations=faults)
    return values


def _read_parameter(ctx: Transaction, parameter: Parameter, value: Any) -> Any:
    if value is None:
        return parameter.default.evaluate(ctx.scope()) if parameter.default else None
    if parameter.choices and value not in parameter.choices:
        raise ValueError(f"{value} is not one of {', '.join(parameter.choices)}")
    if parameter.type == "date" and isinstance(value, str):
        return to_date(value)
    if parameter.type == "decimal":
        return to_decimal(value)
    return value


def _period(report: Report, around: Row) -> Period:
    at, since, until = (
        expression.evaluate(around) if expression else None for expression in (report.at, report.since, report.until)
    )
    return Period(at if report.at else until, since, until)


def _counts(report: Report, row: SourceRow) -> bool:
    """Whether a source row passes the report's filter, and those of the parameters that have a value."""
    filters = [report.filter]
    given = row.around["param"]
    filters += [one.filter for one in report.parameters.values() if given[one.name] is not None]
    if given["company_id"] not in (None, row.scope.get("company_id")):
        return False
    return all(row.holds(expression) for expression in filters)


def _holds(expression: Expression | None, scope: Row) -> bool:
    return expression is None or expression.holds(scope)


def _summarize(report: Report, rows: Iterable[SourceRow], period: Period, around: Row) -> list[Row]:
    groups: dict[tuple[Any, ...], list[SourceRow]] = {} if report.columns else {(): []}
    for row in rows:
        groups.setdefault(tuple(row.value(column.value) for column in report.columns.values()), []).append(row)
    results = []
    for key, members in groups.items():
        result: Row = dict(zip(report.columns, key, strict=True))
        kept = [_measure(measure, members, period, around, result) for measure in report.measures.values()]
        if any(kept) or not report.columns:
            results.append(_rounded(report, result))
    return results


def _measure(measure: Measure, members: Sequence[SourceRow], period: Period, around: Row, result: Row) -> bool:
    """Set the measure's value; whether it had any rows."""
    if measure.function == "calculate":
        result[measure.name] = measure.value.evaluate({**around, **result}) if measure.value else None
        return False
    counted = [row for row in members if row.holds(measure.when) and _is_in(measure, row, period)]
    result[measure.name] = _aggregate(measure, [_amount(measure, row) for row in counted])
    return bool(counted)


def _is_in(measure: Measure, row: SourceRow, period: Period) -> bool:
    day = row.occurred_on
    if day is None:
        return True
    if measure.function == "balance":
        return period.at is None or day <= period.at
    if measure.function == "opening":
        return period.since is not None and day < period.since
    return _is_listed(day, period)


def _amount(measure: Measure, row: SourceRow) -> Any:
    if measure.resource is not None:
        amount = row.amounts.get(measure.resource, Decimal(0))
        if measure.function == "debit":
            amount = max(amount, Decimal(0))
        elif measure.function == "credit":
            amount = max(-amount, Decimal(0))
    else:
        amount = row.value(measure.value) if measure.value else Decimal(1)
    sign = row.value(measure.sign) if measure.sign else None
    return amount if sign is None or amount is None else amount * sign


def _aggregate(measure: Measure, values: Sequence[Any]) -> Any:
    known = [value for value in values if value is not None]
    match measure.function:
        case "min":
            return min(known, default=None)
        case "max":
            return max(known, default=None)
        case "avg":
            return sum(known, Decimal(0)) / len(known) if known else None
        case _:
            return sum(known, Decimal(0))


def _list(report: Report, rows: Iterable[SourceRow], period: Period, around: Row) -> list[Row]:
    results: list[Row] = []
    running: defaultdict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for row in sorted(rows, key=lambda one: one.occurred_on or date.min):
        result: Row = {name: row.value(column.value) for name, column in report.columns.items()}
        section = tuple(result[one.by] for one in report.sections)
        for measure in report.measures.values():
            if measure.function == "running":
                running[(measure.name, *section)] += row.amounts.get(measure.resource or "", Decimal(0))
                result[measure.name] = running[(measure.name, *section)]
            else:
                result[measure.name] = _listed(measure, row, around, result)
        if _is_listed(row.occurred_on, period):
            results.append(_rounded(report, result))
    return results


def _is_listed(day: date | None, period: Period) -> bool:
    if day is None:
        return True
    return (period.since is None or day >= period.since) and (period.until is None or day <= period.until)


def _listed(measure: Measure, row: SourceRow, around: Row, result: Row) -> Any:
    if measure.function == "calculate":
        return measure.value.evaluate({**around, **result}) if measure.value else None
    if not row.holds(measure.when):
        return None
    amount = _amount(measure, row)
    return None if measure.function in ("debit", "credit") and not amount else amount


def _rounded(report: Report, result: Row) -> Row:
    for measure in report.measures.values():
        value = result[measure.name]
        if measure.scale is not None and isinstance(value, Decimal):
            result[measure.name] = round_half_up(value, measure.scale)
    return result


def _ordered(report: Report, rows: list[Row]) -> list[Row]:
    names = report.sort or (() if report.is_listing else tuple(report.columns))
    for name in reversed(names):
        rows = sorted(rows, key=lambda row: _rank(row[name.removeprefix("-")]), reverse=name.startswith("-"))
    return rows


def _rank(value: Any) -> tuple[bool, Any]:
    return value is None, "" if value is None else value
