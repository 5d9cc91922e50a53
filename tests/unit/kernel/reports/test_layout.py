"""From rows to lines with headings, totals, opening and running balances."""

from decimal import Decimal

from sdk.reports import Report
from tests.unit.kernel.reports.statement import LEDGER, ROWS, SHEET, lay_out, report, told


def test_sections_come_in_their_order_and_the_others_by_value():
    layout, totals = lay_out(SHEET, ROWS)
    assert told(layout, "name", "amount") == [
        ("heading", 0, "Assets", None, None),
        ("row", 1, None, "Cash", 100),
        ("total", 0, "Assets", None, 100),
        ("heading", 0, "debt", None, None),
        ("row", 1, None, "Loan", Decimal("30.005")),
        ("row", 1, None, "Tax", Decimal("0.005")),
        ("total", 0, "debt", None, Decimal("30.01")),
        ("heading", 0, "", None, None),
        ("row", 1, None, "Nowhere", 1),
        ("total", 0, "", None, 1),
    ]
    assert totals == {"amount": Decimal("131.01")}


def test_results_add_up_sections_and_one_that_is_not_there_counts_nothing():
    layout, _ = lay_out(SHEET, ROWS)
    assert [(line.name, line.values) for line in layout.results()] == [("net", {"amount": Decimal("69.99")})]


def test_sections_nest():
    nested = {**SHEET, "sections": [{"by": "root"}, {"by": "name", "title": "root + '/' + name"}], "results": []}
    layout, _ = lay_out(nested, [{"root": "a", "name": name, "amount": Decimal(2)} for name in ("y", "x", "y")])
    assert told(layout, "amount") == [
        ("heading", 0, "a", None),
        ("heading", 1, "a/x", None),
        ("row", 2, None, 2),
        ("total", 1, "a/x", 2),
        ("heading", 1, "a/y", None),
        ("row", 2, None, 2),
        ("row", 2, None, 2),
        ("total", 1, "a/y", 4),
        ("total", 0, "a", 6),
    ]


def test_nothing_is_no_line_and_zero_in_total():
    layout, totals = lay_out(SHEET, [])
    assert (layout.lines, totals) == ([], {"amount": 0})


def test_a_limit_cuts_what_is_shown_and_not_what_is_summed():
    layout, totals = lay_out(report(SHEET, limit=2), ROWS)
    assert [line.values["name"] for line in layout.lines if line.kind == "row"] == ["Loan", "Nowhere"]
    assert totals == {"amount": Decimal("131.01")}


def movement(code, memo, amount):
    amount = Decimal(amount)
    return {"code": code, "memo": memo, "debit": amount if amount > 0 else None, "_balance": amount}


def test_a_balance_runs_from_its_opening_and_begins_anew_in_each_section():
    rows = [movement("1", "in", 5), movement("2", "other", 7), movement("1", "out", -8)]
    layout, totals = lay_out(LEDGER, rows, {("1",): {"code": "1", "balance": Decimal(10)}})
    assert told(layout, "memo", "debit", "balance") == [
        ("heading", 0, "Account 1", None, None, None),
        ("opening", 1, None, None, None, 10),
        ("row", 1, None, "in", 5, 15),
        ("row", 1, None, "out", None, 7),
        ("total", 0, "Account 1", None, 5, 7),
        ("heading", 0, "Account 2", None, None, None),
        ("opening", 1, None, None, None, 0),
        ("row", 1, None, "other", 7, 7),
        ("total", 0, "Account 2", None, 7, 7),
    ]
    assert totals == {"debit": 12, "balance": 14}


def test_a_section_with_an_opening_and_no_rows_appears_too():
    layout, totals = lay_out(LEDGER, [], {("3",): {"code": "3", "balance": Decimal(4)}})
    assert told(layout, "balance") == [
        ("heading", 0, "Account 3", None),
        ("opening", 1, None, 4),
        ("total", 0, "Account 3", 4),
    ]
    assert totals == {"debit": 0, "balance": 4}


def test_without_sections_the_whole_report_runs():
    plain = Report.from_data({**LEDGER, "sections": []})
    layout, totals = lay_out(plain, [movement("1", "in", 5)], {(): {"balance": Decimal(10)}})
    assert told(layout, "balance") == [("opening", 0, None, 10), ("row", 0, None, 15)]
    assert totals["balance"] == 15


def test_rows_hold_what_is_declared_and_nothing_else():
    layout, _ = lay_out(LEDGER, [movement("1", "in", 5)])
    row = next(line for line in layout.lines if line.kind == "row")
    assert list(row.values) == ["code", "memo", "debit", "balance"]
