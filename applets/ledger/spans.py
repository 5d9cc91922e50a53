"""Pure rules of fiscal years and periods."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from .errors import FiscalYearTooLong, SpanReversed

MONTHS_MAX = 24
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Days from the first to the last, both inclusive."""

    name: str
    starts_on: date
    ends_on: date

    def overlaps(self, other: Span) -> bool:
        return self.starts_on <= other.ends_on and other.starts_on <= self.ends_on

    def contains(self, other: Span) -> bool:
        return self.starts_on <= other.starts_on and other.ends_on <= self.ends_on


def check_span(span: Span) -> None:
    """Raises SpanReversed."""
    if span.ends_on < span.starts_on:
        raise SpanReversed(name=span.name, starts_on=span.starts_on, ends_on=span.ends_on)


def check_fiscal_year(year: Span) -> None:
    """Raises SpanReversed, FiscalYearTooLong."""
    check_span(year)
    if _months_between(year.starts_on, year.ends_on) > MONTHS_MAX:
        raise FiscalYearTooLong(maximum=MONTHS_MAX)


def first_overlap(span: Span, others: Iterable[Span]) -> Span | None:
    return next((other for other in others if span.overlaps(other)), None)


def monthly_periods(year: Span) -> list[Span]:
    """Calendar months of a fiscal year, the first and the last cut to it: 2025-01, 2025-02, …"""
    periods = []
    first = year.starts_on
    while first <= year.ends_on:
        last = min(_end_of_month(first), year.ends_on)
        periods.append(Span(f"{first:%Y-%m}", first, last))
        first = last + ONE_DAY
    return periods


def _end_of_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - ONE_DAY


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month + 1
