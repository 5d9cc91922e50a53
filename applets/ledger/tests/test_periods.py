"""Fiscal years, periods and exchange rates."""

import pytest

from applets.ledger.errors import (
    ExchangeRateOfSame,
    FiscalYearClosed,
    FiscalYearHasPeriods,
    FiscalYearOverlaps,
    PeriodClosed,
    PeriodOutsideFiscalYear,
    PeriodOverlaps,
)
from sdk.document_errors import UniqueKeyTaken
from sdk.states import ActionNotAllowed


def test_fiscal_years_do_not_overlap(books):
    books.fiscal_year(periods=False)
    with pytest.raises(FiscalYearOverlaps) as refused:
        books.fiscal_year("2026-12-31", "2027-12-30", "2027")
    assert refused.value.details["other"] == "2026"
    assert books.fiscal_year("2027-01-01", "2027-12-31", "2027").state == "open"


def test_fiscal_years_of_two_companies_may_overlap(books):
    books.fiscal_year(periods=False)
    other = books.kernel.add_company("Other Ltd")
    data = {"name": "2026", "starts_on": "2026-01-01", "ends_on": "2026-12-31"}
    assert books.documents.create("ledger.fiscal_year", data, company_id=other).state == "open"


def test_opening_periods_makes_one_for_each_month_once(books):
    year = books.fiscal_year()
    periods = books.documents.query("ledger.period", sort=["starts_on"]).items
    assert [period["name"] for period in periods] == [f"2026-{month:02}" for month in range(1, 13)]
    with pytest.raises(FiscalYearHasPeriods):
        books.perform(year, "open_periods")


def test_a_year_with_periods_keeps_its_days(books):
    year = books.fiscal_year()
    with pytest.raises(FiscalYearHasPeriods):
        books.documents.update(year.type, year.id, {"ends_on": "2026-11-30"})


def test_closing_a_year_closes_what_is_open_of_it(books):
    year = books.fiscal_year()
    books.perform(books.period("2026-01"), "close")
    books.perform(books.period("2026-01"), "lock")
    books.perform(year, "close")
    states = [period.state for period in books.documents.query("ledger.period", sort=["starts_on"]).items]
    assert states == ["locked"] + ["closed"] * 11


def test_a_period_is_reopened_in_an_open_year_only(books):
    year = books.perform(books.fiscal_year(), "close")
    with pytest.raises(FiscalYearClosed):
        books.perform(books.period("2026-02"), "reopen")
    books.perform(year, "reopen")
    assert books.perform(books.period("2026-02"), "reopen").state == "open"


def test_a_locked_period_stays_locked(books):
    books.fiscal_year()
    period = books.perform(books.perform(books.period("2026-02"), "close"), "lock")
    with pytest.raises(ActionNotAllowed):
        books.perform(period, "reopen")


def test_a_period_lies_in_its_year_and_beside_the_others(books):
    year = books.fiscal_year(periods=False)
    outside = {"name": "13", "fiscal_year": year.id, "starts_on": "2026-12-01", "ends_on": "2027-01-31"}
    with pytest.raises(PeriodOutsideFiscalYear):
        books.documents.create("ledger.period", outside)
    books.documents.create("ledger.period", {**outside, "ends_on": "2026-12-31"})
    with pytest.raises(PeriodOverlaps):
        books.documents.create("ledger.period", {**outside, "name": "14", "ends_on": "2026-12-15"})


def test_there_is_one_rate_a_day_and_none_of_a_currency_to_itself(books):
    assert books.rate("USD", "0.9")["pair"] == "USD/EUR 2026-01-01"
    with pytest.raises(UniqueKeyTaken):
        books.rate("USD", "0.91")
    with pytest.raises(ExchangeRateOfSame):
        books.rate("EUR", "1")


def test_a_period_is_not_restored_over_a_locked_one(books):
    year = books.fiscal_year(periods=False)
    half = {"name": "H1", "fiscal_year": year.id, "starts_on": "2026-01-01", "ends_on": "2026-06-30"}
    first = books.documents.create("ledger.period", half)
    books.documents.delete("ledger.period", first.id)
    second = books.documents.create("ledger.period", {**half, "name": "H1 again"})
    books.documents.delete("ledger.period", second.id)
    books.documents.restore("ledger.period", first.id)
    books.perform(books.perform(first, "close"), "lock")
    with pytest.raises(PeriodOverlaps):
        books.documents.restore("ledger.period", second.id)
    with pytest.raises(PeriodClosed) as refused:
        books.post(("6200", "1"), ("1020", "-1"), on="2026-03-15")
    assert refused.value.details == {"period": "H1", "state": "locked"}
