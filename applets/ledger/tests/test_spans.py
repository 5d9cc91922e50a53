"""Fiscal years and their months, by table."""

from datetime import date

import pytest

from applets.ledger.errors import FiscalYearTooLong, SpanReversed
from applets.ledger.spans import Span, check_fiscal_year, first_overlap, monthly_periods


def span(first, last, name="y"):
    return Span(name, date.fromisoformat(first), date.fromisoformat(last))


def test_a_calendar_year_has_twelve_months():
    periods = monthly_periods(span("2024-01-01", "2024-12-31"))
    assert [period.name for period in periods] == [f"2024-{month:02}" for month in range(1, 13)]
    assert periods[1] == span("2024-02-01", "2024-02-29", "2024-02")
    assert periods[-1].ends_on == date(2024, 12, 31)


def test_months_at_the_ends_are_cut_to_the_year():
    periods = monthly_periods(span("2025-11-15", "2026-01-10"))
    assert periods == [
        span("2025-11-15", "2025-11-30", "2025-11"),
        span("2025-12-01", "2025-12-31", "2025-12"),
        span("2026-01-01", "2026-01-10", "2026-01"),
    ]


def test_a_year_of_one_day_is_one_period():
    assert monthly_periods(span("2026-02-28", "2026-02-28")) == [span("2026-02-28", "2026-02-28", "2026-02")]


@pytest.mark.parametrize(
    ("first", "last", "overlaps"),
    [("2025-01-01", "2025-12-31", False), ("2026-12-31", "2027-12-30", True), ("2027-01-01", "2027-12-31", False),
     ("2026-03-01", "2026-03-01", True), ("2020-01-01", "2030-01-01", True)],
)  # fmt: skip
def test_spans_overlap_when_they_share_a_day(first, last, overlaps):
    other = span(first, last, "other")
    assert first_overlap(span("2026-01-01", "2026-12-31"), [other]) == (other if overlaps else None)


@pytest.mark.parametrize(
    ("inner", "contained"),
    [
        (("2026-01-01", "2026-12-31"), True),
        (("2025-12-31", "2026-01-31"), False),
        (("2026-12-01", "2027-01-01"), False),
    ],
)
def test_a_year_contains_its_periods(inner, contained):
    assert span("2026-01-01", "2026-12-31").contains(span(*inner)) is contained


def test_a_year_does_not_end_before_it_begins():
    with pytest.raises(SpanReversed) as refused:
        check_fiscal_year(span("2026-01-02", "2026-01-01"))
    assert refused.value.code == "span_reversed"


def test_a_year_has_at_most_two_years_of_months():
    check_fiscal_year(span("2026-01-01", "2027-12-31"))
    with pytest.raises(FiscalYearTooLong):
        check_fiscal_year(span("2026-01-01", "2028-01-01"))
