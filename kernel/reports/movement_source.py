"""Register sources: sums from folded totals wherever dimensions alone decide, movements where more is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Numeric, Subquery, case, func, literal_column, select

from kernel.context import KernelContext
from kernel.registers.cells import cell_values, cells, raw_cells, raw_values, times
from kernel.registers.periods import boundary, end_of, start_of
from kernel.registers.tables import POSITIVE_SLOTS, RESOURCE_SLOTS
from kernel.reports.errors import ReportUnusable
from kernel.reports.links import Links
from kernel.reports.query import ZERO, Rows
from kernel.reports.rows import MovementRows
from sdk.definition import roots
from sdk.errors import Violation
from sdk.expressions import Expression
from sdk.expressions.kinds import as_date
from sdk.registers import Register
from sdk.reports import Measure, Report

# What a measure makes of an amount and how often it counts.
Total = Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[Any]]

WORLD = frozenset({"param", "today", "actor", "company_id"})


@dataclass(frozen=True, slots=True)
class Period:
    """Moments: `since` is the first one, `until` and `at` are the first ones after; None is open."""

    since: datetime | None
    until: datetime | None
    at: datetime | None

    @classmethod
    def of(cls, report: Report, scope: Mapping[str, Any]) -> Period:
        since = start_of(_day(report, "since", report.since, scope))
        until = end_of(_day(report, "until", report.until, scope))
        if since is not None and until is not None:
            until = max(since, until)
        at = end_of(_day(report, "at", report.at, scope)) if report.at is not None else until
        return cls(since, until, at)


@dataclass(frozen=True)
class MovementSource:
    """What a report over a register reads. companies: None is all."""

    ctx: KernelContext
    report: Report
    register: Register
    period: Period
    scope: Mapping[str, Any]
    companies: Sequence[str] | None

    @property
    def moments(self) -> list[datetime | None]:
        """The moments sums are taken up to, each once."""
        found = [moment for measure in self._summed for moment, _ in self._ends(measure)]
        return list(dict.fromkeys(found))

    def rows(self) -> Rows:
        links = Links(self.ctx, self.report.name, self.scope)
        if self.report.is_listing:
            table = self._raw(0)
            amounts = {m.name: _listed(m, table.c[self._slot(m)]) for m in self._summed}
            names = MovementRows(self.register, self.report.source, links, table)
            return Rows(table, names, links, [], amounts, (table.c.occurred_at, table.c.id))
        table, amounts = self._sums() if self.is_folded else self._each()
        names = MovementRows(self.register, self.report.source, links, table)
        return Rows(table, names, links, [], amounts, keep_empty=False)

    def values(self) -> dict[str, Any]:
        """What `rows` leaves to be bound; it depends on the moment it is run at."""
        name, period = self.register.name, self.period
        if self.report.is_listing:
            return raw_values(name, period.since, period.until, [], self.companies)
        moments = self.moments
        if self.is_folded:
            ends = [boundary(moment, self.ctx.now) for moment in moments]
            return cell_values(name, ends, self.companies, is_total=self._is_total)
        last = None if None in moments else max(moment for moment in moments if moment)
        return raw_values(name, None if self._is_total else period.since, last, moments, self.companies)

    @property
    def is_folded(self) -> bool:
        """Whether nothing but dimensions decides how movements are filtered, grouped and counted."""
        known = WORLD | {dimension.name for dimension in self.register.dimensions}
        given = self.scope["param"]
        return all(
            roots(expression) <= known
            for pointer, expression in self.report.source_expressions().items()
            if not pointer.startswith("/parameters/") or given.get(pointer.split("/")[2]) is not None
        )

    @property
    def _summed(self) -> list[Measure]:
        return [measure for measure in self.report.measures.values() if measure.resource is not None]

    @property
    def _is_total(self) -> bool:
        return any(measure.function in ("balance", "opening") for measure in self._summed) or self.period.since is None

    @property
    def _resources(self) -> list[str]:
        return sorted({self._slot(measure) for measure in self._summed})

    @property
    def _slots(self) -> list[str]:
        names = {name for e in self.report.source_expressions().values() for name in roots(e)}
        return [self.register.slot_of_dimension(d.name) for d in self.register.dimensions if d.name in names]

    def _slot(self, measure: Measure) -> str:
        return self.register.slot_of_resource(measure.resource or "")

    def _ends(self, measure: Measure) -> list[tuple[datetime | None, int]]:
        """The moments a measure is the sum up to, and how often that sum counts."""
        period = self.period
        if measure.function == "balance":
            return [(period.at, 1)]
        sign = 1 if measure.function == "opening" else -1
        before: list[tuple[datetime | None, int]] = [] if period.since is None else [(period.since, sign)]
        return before if measure.function == "opening" else [(period.until, 1), *before]

    def _raw(self, boundaries: int) -> Subquery:
        resources = RESOURCE_SLOTS[: len(self.register.resources)]
        return raw_cells(self._slots, resources, boundaries, of_companies=self.companies is not None)

    def _amounts(self, table: Subquery, total: Total) -> dict[str, ColumnElement[Any]]:
        moments = self.moments
        return {
            measure.name: _weighted(
                measure,
                table,
                self._slot(measure),
                [(moments.index(m), sign) for m, sign in self._ends(measure)],
                total,
            )
            for measure in self._summed
        }

    def _each(self) -> tuple[Subquery, dict[str, ColumnElement[Any]]]:
        table = self._raw(len(self.moments))
        return table, self._amounts(table, lambda amount, weight: amount * weight)

    def _sums(self) -> tuple[Subquery, dict[str, ColumnElement[Any]]]:
        """Summed by dimension first: what is joined and computed then are as many rows as there are values."""
        table = cells(self._slots, self._resources, len(self.moments), of_companies=self.companies is not None)
        groups = [table.c[slot] for slot in self._slots]
        if any("company_id" in roots(e) for e in self.report.source_expressions().values()):
            groups.append(table.c.company_id)
        amounts = self._amounts(table, lambda amount, weight: func.sum(times(amount, weight)))
        labelled = [amount.label(f"v{number}") for number, amount in enumerate(amounts.values())]
        sums = select(*groups, *labelled).group_by(*groups).subquery("sums")
        return sums, {name: func.coalesce(sums.c[f"v{number}"], ZERO) for number, name in enumerate(amounts)}


def _day(report: Report, key: str, expression: Expression | None, scope: Mapping[str, Any]) -> date | datetime | None:
    value = None if expression is None else expression.evaluate(scope)
    if value is None or isinstance(value, datetime):
        return value
    day = as_date(value)
    if day is None:
        fault = Violation(f"/{key}", "type", f"{key} came to {str(value)[:60]}", "a date")
        raise ReportUnusable(report=report.name, violations=[fault])
    return day


def _weighted(
    measure: Measure, table: Subquery, slot: str, ends: Sequence[tuple[int, int]], total: Total
) -> ColumnElement[Any]:
    """What a row adds to the measure, times how often it counts."""
    if not ends:
        return ZERO
    weight: Any = None
    for number, sign in ends:
        column = table.c[f"w{number}"]
        weight = column if weight is None and sign > 0 else -column if weight is None else weight - column
    positive = table.c[POSITIVE_SLOTS[RESOURCE_SLOTS.index(slot)]]
    amount = {"debit": positive, "credit": positive - table.c[slot]}.get(measure.function, table.c[slot])
    return total(amount, weight)


def _listed(measure: Measure, amount: ColumnElement[Any]) -> ColumnElement[Any]:
    """The measure of one movement; debit and credit are empty on the other side."""
    if measure.function == "debit":
        return case((amount > ZERO, amount))
    if measure.function == "credit":
        return case((amount < ZERO, -amount))
    return func.coalesce(amount, literal_column("0", Numeric))
