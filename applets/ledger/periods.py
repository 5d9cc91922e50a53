"""Fiscal years and periods: opening, closing, and whether a day may be posted to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sdk import Context, Document, hooks

from .errors import (
    FiscalYearClosed,
    FiscalYearHasPeriods,
    FiscalYearOverlaps,
    PeriodClosed,
    PeriodMissing,
    PeriodOutsideFiscalYear,
    PeriodOverlaps,
)
from .lookup import find_linked
from .spans import Span, check_fiscal_year, check_span, monthly_periods

PERIODS_MAX = 100
STATES = ("open", "closed", "locked")
_OVERLAPPING = "company_id == param.company and starts_on <= param.last and ends_on >= param.first and id != param.id"


def span_of(document: Document) -> Span:
    return Span(document["name"], document["starts_on"], document["ends_on"])


def _overlapping(ctx: Context, document: Document) -> Document | None:
    span = span_of(document)
    parameters = {"company": document.company_id, "first": span.starts_on, "last": span.ends_on, "id": document.id}
    found = ctx.elevated.documents.query(document.type, _OVERLAPPING, parameters=parameters, limit=1).items
    return found[0] if found else None


def _periods_of(ctx: Context, year: Document, states: Iterable[str] = STATES) -> tuple[Document, ...]:
    return ctx.elevated.documents.query(
        "ledger.period",
        "fiscal_year == param.year and state in param.states",
        parameters={"year": year.id, "states": list(states)},
        sort=("starts_on",),
        limit=PERIODS_MAX,
    ).items


@hooks.before_save("ledger.fiscal_year")
def check_year(ctx: Context, document: Document, previous: Document | None) -> None:
    check_fiscal_year(span_of(document))
    other = _overlapping(ctx, document)
    if other is not None:
        raise FiscalYearOverlaps(other=other["name"])
    moved = previous is not None and span_of(previous) != span_of(document)
    if moved and _periods_of(ctx, document):
        raise FiscalYearHasPeriods(name=document["name"])


@hooks.before_save("ledger.period")
def check_period(ctx: Context, document: Document) -> None:
    span = span_of(document)
    check_span(span)
    year = find_linked(ctx, "ledger.fiscal_year", document["fiscal_year"])
    if year is not None and (year.company_id != document.company_id or not span_of(year).contains(span)):
        raise PeriodOutsideFiscalYear(name=span.name, fiscal_year=year["name"])
    other = _overlapping(ctx, document)
    if other is not None:
        raise PeriodOverlaps(other=other["name"])


@hooks.action("ledger.fiscal_year", "open_periods")
def open_periods(ctx: Context, document: Document) -> None:
    """One period per calendar month."""
    if _periods_of(ctx, document):
        raise FiscalYearHasPeriods(name=document["name"])
    for span in monthly_periods(span_of(document)):
        period = {"name": span.name, "fiscal_year": document.id, "starts_on": span.starts_on, "ends_on": span.ends_on}
        ctx.elevated.documents.create("ledger.period", period, company_id=document.company_id)


@hooks.action("ledger.fiscal_year", "close")
def close_year(ctx: Context, document: Document) -> None:
    """Close what is open of it."""
    for period in _periods_of(ctx, document, ("open",)):
        ctx.elevated.documents.perform("ledger.period", period.id, "close")


@hooks.validate_action("ledger.period", "reopen")
def refuse_in_closed_year(ctx: Context, document: Document) -> None:
    year = ctx.elevated.documents.get("ledger.fiscal_year", document["fiscal_year"])
    if year.state == "closed":
        raise FiscalYearClosed(name=year["name"])


def require_open_period(ctx: Context, company_id: str | None, posted_on: date) -> Document | None:
    """The open period of a day; None while the company keeps no fiscal years. Raises PeriodClosed, PeriodMissing.

    Nobody closes it until this transaction ends.
    """
    years = ctx.elevated.documents.find_all("ledger.fiscal_year", company_id=company_id)
    found = [
        period for year in years if _is_within(posted_on, year) for period in _periods_around(ctx, year, posted_on)
    ]
    if not found:
        if ctx.settings["require_periods"] or years:
            raise PeriodMissing(posted_on=posted_on)
        return None
    # One that was restored from the bin may overlap another: then the closed one counts.
    strictest = next((each for each in found if each.state != "open"), found[0])
    # Read anew under a lock, which others who post may hold as well: it may be closed between now and the commit.
    period = ctx.elevated.documents.get("ledger.period", strictest.id, lock="shared")
    if period.state != "open":
        raise PeriodClosed(period=period["name"], state=period.state)
    return period


def _periods_around(ctx: Context, year: Document, day: date) -> list[Document]:
    periods = ctx.elevated.documents.find_all("ledger.period", fiscal_year=year.id)
    return [period for period in periods if _is_within(day, period)]


def _is_within(day: date, span: Document) -> bool:
    return bool(span["starts_on"] <= day <= span["ends_on"])
