"""The statements of a small year."""

from decimal import Decimal

import pytest


@pytest.fixture
def year(books):
    books.post(("1020", "10000"), ("3100", "-10000"), on="2026-01-01", journal="OPN")
    books.post(("1200", "1190"), ("4100", "-1000"), ("2200", "-190"), on="2026-02-10", journal="SAL")
    books.post(("6200", "400"), ("1020", "-400"), on="2026-02-28")
    books.post(("1020", "1190"), ("1200", "-1190"), on="2026-03-05", journal="BNK")
    return books


def rows(books, report, **parameters):
    return {row["code"]: row for row in books.kernel.reports.run(report, parameters)}


def test_the_trial_balance_is_zero(year):
    found = rows(year, "ledger.trial_balance", at="2026-02-28")
    assert {code: str(row["closing"]) for code, row in found.items()} == {
        "1020": "9600.00",
        "1200": "1190.00",
        "2200": "-190.00",
        "3100": "-10000.00",
        "4100": "-1000.00",
        "6200": "400.00",
    }
    assert sum(row["closing"] for row in found.values()) == 0
    assert sum(row["debit"] - row["credit"] for row in found.values()) == 0


def test_the_trial_balance_of_a_month_begins_with_what_was_there(year):
    bank = rows(year, "ledger.trial_balance", since="2026-02-01", at="2026-02-28")["1020"]
    assert [bank[name] for name in ("opening", "debit", "credit", "closing")] == [10000, 0, 400, 9600]


def test_the_balance_sheet_balances_on_any_day(year):
    for at, total in (("2026-01-01", "10000"), ("2026-02-28", "10790"), ("2026-12-31", "10790")):
        found = year.kernel.reports.run("ledger.balance_sheet", {"at": at})
        sides = {True: Decimal(0), False: Decimal(0)}
        for row in found:
            sides[row["root"] == "asset"] += row["balance"]
        assert sides == {True: Decimal(total), False: Decimal(total)}


def test_the_result_so_far_stands_in_equity(year):
    found = year.kernel.reports.run("ledger.balance_sheet", {"at": "2026-12-31"})
    (result,) = (row for row in found if row["name"] == "Result")
    assert (result["root"], result["balance"]) == ("equity", 600)


def test_the_income_statement_is_of_its_span(year):
    found = rows(year, "ledger.income_statement", since="2026-02-01", until="2026-02-28")
    assert {code: row["amount"] for code, row in found.items()} == {"4100": 1000, "6200": 400}
    assert rows(year, "ledger.income_statement", since="2026-03-01", until="2026-12-31") == {}


def test_the_general_ledger_runs_from_posting_to_posting(year):
    found = year.kernel.reports.run("ledger.general_ledger", {"account": year.account("1020"), "until": "2026-12-31"})
    assert [(row["debit"], row["credit"], row["balance"]) for row in found] == [
        (10000, None, 10000),
        (None, 400, 9600),
        (1190, None, 10790),
    ]
    assert [row["number"] for row in found] == ["JE-2026-000001", "JE-2026-000003", "JE-2026-000004"]
    assert found[0]["journal"] == "OPN"


def test_demo_books_balance(books):
    fresh = type(books.kernel)(books.kernel.catalogue.applet("ledger"), today=books.kernel.today)
    fresh.add_company()
    fresh.load_demo_data()
    assert fresh.registers.balance("ledger.postings")[0].resources["base_amount"] == 0
    assert len(fresh.documents.query("ledger.journal_entry", limit=200).items) == 61
