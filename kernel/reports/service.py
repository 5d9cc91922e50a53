"""The verbs of reports."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from kernel.context import KernelContext
from kernel.db.unit_of_work import compile_statement
from kernel.documents.titles import titles_by_id
from kernel.registers.access import readable_companies
from kernel.reports.document_source import DocumentSource
from kernel.reports.errors import ReportNotPermitted, ReportTooLarge
from kernel.reports.layout import Layout
from kernel.reports.movement_source import MovementSource, Period
from kernel.reports.parameters import read_parameters
from kernel.reports.query import REPORT_ROWS_MAX, Compiler, enumerate_rows, summarize
from kernel.reports.result import Line, ReportResult, ResultColumn, ResultLine
from kernel.series.service import NO_COMPANY
from sdk.definition import roots
from sdk.expressions.nodes import Name
from sdk.reports import Measure, Report
from sdk.values import round_half_up

Source = MovementSource | DocumentSource
Row = Mapping[str, Any]


def run(ctx: KernelContext, name: str, parameters: Mapping[str, Any]) -> ReportResult:
    """Run a report under the caller's permissions.

    Raises ReportUnknown, PermissionDenied, ReportNotPermitted, FieldMasked, ReportParametersInvalid, ReportTooLarge,
    ReportUnusable.
    """
    report = ctx.runtime.catalogue.report(name)
    permitted = ctx.permissions.report(report.name)
    values = read_parameters(report, parameters, ctx.today)
    scope = {**ctx.scope(), "param": values}
    companies = _companies(ctx, report, permitted, values["company_id"])
    rows, kinds = _fetch(ctx, report, scope, companies)
    layout = Layout(report, scope, _openings(ctx, report, scope, companies))
    totals = layout.lay_out(rows)
    columns = _columns(ctx, report, kinds)
    scales = {column.name: column.scale for column in columns if column.scale is not None}
    return ReportResult(
        report=report,
        parameters=values,
        columns=columns,
        lines=[Line(n.kind, _rounded(n.values, scales), n.level, n.section, n.title) for n in layout.lines],
        totals=_rounded(totals, scales) if report.grand_total else {},
        results=tuple(ResultLine(r.name, r.title, _rounded(r.values, scales)) for r in layout.results()),
        titles=_titles(ctx, report, layout.lines),
        scope=scope,
    )


def list_reports(ctx: KernelContext) -> list[Report]:
    """The reports the caller may run, by name."""
    reports = ctx.runtime.catalogue.reports
    return [reports[name] for name in sorted(reports) if ctx.permissions.reaches("report", name, "run")]


def _companies(
    ctx: KernelContext, report: Report, permitted: frozenset[str] | None, company_id: str | None
) -> list[str] | None:
    """The companies both the report and its register may be read for; the nil company stands for those of none."""
    allowed = None if permitted is None else {*permitted, NO_COMPANY}
    if company_id is not None and allowed is not None and company_id not in allowed:
        raise ReportNotPermitted(action=f"run for the company {company_id}", resource=report.name)
    if report.source.register is not None:
        register = ctx.runtime.catalogue.register(report.source.register)
        readable = readable_companies(ctx, register, company_id)
        if readable is not None:
            allowed = set(readable) if allowed is None else allowed & set(readable)
    elif company_id is not None:
        allowed = {company_id}
    return None if allowed is None else sorted(allowed)


def _source(ctx: KernelContext, report: Report, scope: Mapping[str, Any], companies: Sequence[str] | None) -> Source:
    catalogue, source = ctx.runtime.catalogue, report.source
    if source.register is not None:
        register = catalogue.register(source.register)
        return MovementSource(ctx, report, register, Period.of(report, scope), scope, companies)
    return DocumentSource(ctx, report, catalogue.type(source.type or ""), scope, companies)


def _fetch(
    ctx: KernelContext, report: Report, scope: Mapping[str, Any], companies: Sequence[str] | None
) -> tuple[list[Row], Mapping[str, str]]:
    """The rows, and the kind of everything in them."""
    source = _source(ctx, report, scope, companies)
    sql, fixed, kinds = _compiled(ctx, report, source)
    found = ctx.uow.execute(sql, {**fixed, **source.values()}).fetchmany(REPORT_ROWS_MAX + 1)
    if len(found) > REPORT_ROWS_MAX:
        raise ReportTooLarge(report=report.name, limit="report", maximum=REPORT_ROWS_MAX)
    return [dict(zip(kinds, map(_plain, row), strict=True)) for row in found], kinds


def _compiled(ctx: KernelContext, report: Report, source: Source) -> tuple[str, Mapping[str, Any], Mapping[str, str]]:
    """The statement: of these parameters and permissions, as both are compiled into it."""
    scope, companies = source.scope, source.companies
    # What is asked for the opening balances of a listing has its name, but another shape.
    key = (
        "report", report.name, report.shape, ctx.permissions, ctx.actor, ctx.today,
        tuple(scope["param"].items()), None if companies is None else tuple(companies),
    )  # fmt: skip
    found = ctx.runtime.compiled.get(key)
    if found is None:
        compiler = Compiler(report, scope)
        statement, kinds = (enumerate_rows if report.is_listing else summarize)(compiler, source.rows())
        found = ctx.runtime.remember(key, (*compile_statement(statement), kinds))
    sql, fixed, kinds = found
    return sql, fixed, kinds


def _openings(
    ctx: KernelContext, report: Report, scope: Mapping[str, Any], companies: Sequence[str] | None
) -> dict[tuple[Any, ...], Row]:
    """What the running balances of each section begin with."""
    running = [measure for measure in report.measures.values() if measure.function == "running"]
    if not running or Period.of(report, scope).since is None:
        return {}
    names = {section.by for section in report.sections}
    names |= {name for section in report.sections if section.title is not None for name in roots(section.title)}
    asked = replace(
        report,
        shape="summary",
        columns={name: column for name, column in report.columns.items() if name in names},
        measures={m.name: Measure(m.name, m.title, "opening", m.resource) for m in running},
        at=None, having=None, sort=(), limit=None, totals=(), sections=(), results=(), drill_down=None,
    )  # fmt: skip
    openings: dict[tuple[Any, ...], Row] = {}
    for row in _fetch(ctx, asked, scope, companies)[0]:
        path = tuple(row[section.by] for section in report.sections)
        before = openings.get(path, {})
        sums = {m.name: row[m.name] + before.get(m.name, Decimal(0)) for m in running}
        openings[path] = {**row, **sums}
    return openings


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else value


def _columns(ctx: KernelContext, report: Report, kinds: Mapping[str, str]) -> tuple[ResultColumn, ...]:
    columns = [
        ResultColumn(c.name, c.title, c.type or kinds[c.name], None, c.link, c.hidden) for c in report.columns.values()
    ]
    measures = [
        ResultColumn(
            m.name,
            m.title,
            "integer" if m.function == "count" else kinds.get(m.name, "decimal"),
            _scale(ctx, report, m),
            is_measure=True,
        )
        for m in report.measures.values()
    ]
    return (*columns, *measures)


def _scale(ctx: KernelContext, report: Report, measure: Measure) -> int | None:
    """The measure's own, that of its resource, or that of the field it simply names."""
    if measure.scale is not None or measure.function == "count":
        return measure.scale or 0
    catalogue, source = ctx.runtime.catalogue, report.source
    if source.register is not None and measure.resource is not None:
        return catalogue.register(source.register).resource(measure.resource).scale
    if source.type is None or measure.value is None or not isinstance(measure.value.root, Name):
        return None
    path = measure.value.root.path
    full = path[1:] if path[0] == "document" else (*([source.each] if source.each else []), *path)
    field = catalogue.type(source.type).fields.get(".".join(full))
    return field.scale if field else None


def _rounded(values: Row, scales: Mapping[str, int]) -> Row:
    """Half up to the scale of each column, which is the very last thing done to an amount."""
    rounded = dict(values)
    for name, scale in scales.items():
        value = rounded.get(name)
        if isinstance(value, Decimal):
            rounded[name] = round_half_up(value, scale)
    return rounded


def _titles(ctx: KernelContext, report: Report, lines: Sequence[Line]) -> dict[str, str]:
    links = [column.name for column in report.columns.values() if column.link and not column.hidden]
    ids = {line.values[name] for line in lines if line.kind == "row" for name in links if line.values[name]}
    return titles_by_id(ctx, sorted(ids))
