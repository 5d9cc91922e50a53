"""A quarter as an accountant would tell it: sold, paid in part, credited, closed, and everything agrees."""

from decimal import Decimal

import pytest

from sdk.errors import Conflict


@pytest.fixture
def year(shop):
    data = {"name": "2026", "starts_on": "2026-01-01", "ends_on": "2026-12-31"}
    created = shop.documents.create("ledger.fiscal_year", data)
    shop.perform(created, "open_periods")
    return shop


def close(shop, month):
    shop.perform(shop.documents.find("ledger.period", name=month), "close")


def test_a_quarter_from_first_invoice_to_closed_books(year):
    big = year.invoice(year.line("1000", tax=year.standard), freight="12.50", issued_on="2026-01-20")
    small = year.invoice({"product": year.product, "quantity": "7", "discount_percent": "2.5"}, issued_on="2026-02-03")
    assert (big["total"], small["total"]) == (Decimal("1202.50"), Decimal("68.25"))

    year.payment("600", (big, "600"), received_on="2026-02-10")
    deposit = year.payment("100", received_on="2026-02-11")
    year.credit(year.line("200", tax=year.standard), invoice=big.id, issued_on="2026-02-20")
    year.allocate(deposit, (small, "68.25"))
    assert year.again(big)["outstanding"] == Decimal("364.50")
    assert year.again(small)["outstanding"] == 0
    assert year.open_items() == Decimal("-31.75")
    assert year.agrees()

    for month in ("2026-01", "2026-02"):
        close(year, month)
    late = year.draft(issued_on="2026-02-27")
    with pytest.raises(Conflict) as refused:
        year.perform(late, "post")
    assert refused.value.code == "period_closed"
    assert year.again(late).number is None

    year.payment("364.50", (big, "364.50"), received_on="2026-03-02")
    assert year.again(big)["outstanding"] == 0
    assert year.ledger() == {
        "1020": Decimal("1064.50"), "1200": Decimal("-31.75"), "2200": Decimal("-152.00"),
        "4100": Decimal("-868.25"), "4300": Decimal("-12.50"),
    }  # fmt: skip


def test_what_is_in_a_closed_period_is_cancelled_in_an_open_one(year):
    invoice = year.invoice(issued_on="2026-01-20")
    close(year, "2026-01")
    with pytest.raises(Conflict) as refused:
        year.perform(invoice, "cancel")
    assert refused.value.code == "period_closed"
    assert year.again(invoice).state == "posted"
    assert year.perform(invoice, "cancel", cancelled_on="2026-02-01").state == "cancelled"
    january = {
        row["code"]: row["closing"] for row in year.kernel.reports.run("ledger.trial_balance", {"at": "2026-01-31"})
    }
    february = year.kernel.reports.run("ledger.trial_balance", {"at": "2026-02-28"})
    assert january == {"1200": Decimal("100.00"), "4100": Decimal("-100.00")}
    assert [row["closing"] for row in february] == [0, 0]
    assert year.agrees()


def test_two_companies_keep_their_books_apart(shop):
    other = shop.kernel.add_company("Other Ltd", currency="EUR")
    chart = shop.documents.create("ledger.chart", {"name": "Other"}, company_id=other)
    shop.perform(chart, "load")
    for company in (shop.company, other, other):
        data = {"customer": shop.customer, "issued_on": "2026-03-10", "lines": [shop.line()]}
        invoice = shop.documents.create("receivables.invoice", data, company_id=company)
        posted = shop.perform(invoice, "post")
    assert posted.number == "INV-2026-00002"
    sums = {
        company: shop.kernel.registers.balance("receivables.open_items", company_id=company)[0].resources["amount"]
        for company in (shop.company, other)
    }
    assert sums == {shop.company: Decimal("100.00"), other: Decimal("200.00")}
