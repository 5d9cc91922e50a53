"""Who owes what, since when, and what was sold."""

from decimal import Decimal

import pytest


@pytest.fixture
def quarter(shop):
    """Three invoices, one paid in part, one credited; due 24 March, 24 February, 24 January."""
    shop.march = shop.invoice({"product": shop.product, "quantity": "10"}, freight="5")
    shop.february = shop.invoice(shop.line("200"), issued_on="2026-02-10")
    shop.january = shop.invoice({"product": shop.product, "quantity": "4"}, issued_on="2026-01-10")
    shop.payment("150", (shop.february, "120"), received_on="2026-03-01")
    shop.credit({"product": shop.product}, invoice=shop.january.id, issued_on="2026-03-02")
    return shop


def ageing(shop, at):
    (row,) = shop.kernel.reports.run("receivables.ageing", {"at": at})
    return {name: row[name] for name in ("unallocated", "not_due", "days_30", "days_60", "days_90", "older", "total")}


def test_ageing_counts_days_past_due(quarter):
    assert ageing(quarter, "2026-03-24") == {
        "unallocated": Decimal("-30.00"), "not_due": Decimal("105.00"), "days_30": Decimal("80.00"),
        "days_60": Decimal("30.00"), "days_90": 0, "older": 0, "total": Decimal("185.00"),
    }  # fmt: skip
    # a month on: January's 91 days, February's 60, March's 32
    assert ageing(quarter, "2026-04-25") == {
        "unallocated": Decimal("-30.00"), "not_due": 0, "days_30": 0, "days_60": Decimal("185.00"), "days_90": 0,
        "older": Decimal("30.00"), "total": Decimal("185.00"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("at", "bucket"),
    [
        ("2026-03-24", "not_due"), ("2026-03-25", "days_30"), ("2026-04-23", "days_30"), ("2026-04-24", "days_60"),
        ("2026-05-23", "days_60"), ("2026-05-24", "days_90"), ("2026-06-22", "days_90"), ("2026-06-23", "older"),
    ],
)  # fmt: skip
def test_an_invoice_is_in_one_bucket_by_its_due_date(shop, at, bucket):
    shop.invoice()
    found = ageing(shop, at)
    assert {name for name, amount in found.items() if amount} == {bucket, "total"}


def test_ageing_of_a_day_knows_nothing_of_later_payments(quarter):
    assert ageing(quarter, "2026-02-28")["total"] == Decimal("240.00")


def test_open_items_list_what_is_not_paid(quarter):
    found = quarter.kernel.reports.run("receivables.open_items", {"at": "2026-06-30"})
    assert {row["number"]: row["outstanding"] for row in found} == {
        quarter.january.number: Decimal("30.00"), quarter.february.number: Decimal("80.00"),
        quarter.march.number: Decimal("105.00"), None: Decimal("-30.00"),
    }  # fmt: skip


def test_the_statement_of_account_runs_to_what_is_owed(quarter):
    found = quarter.kernel.reports.run(
        "receivables.statement_of_account", {"customer": quarter.customer, "until": "2026-06-30"}
    )
    assert [row["balance"] for row in found][-1] == Decimal("185.00")
    assert sum(row["charge"] or 0 for row in found) == Decimal("345.00")
    assert sum(row["payment"] or 0 for row in found) == Decimal("160.00")


def test_revenue_is_net_of_credit_and_without_freight(quarter):
    found = quarter.kernel.reports.run("receivables.revenue", {})
    assert [(row["year"], row["month"], row["revenue"]) for row in found] == [
        (2026, 1, Decimal("40.00")), (2026, 2, Decimal("200.00")), (2026, 3, Decimal("90.00")),
    ]  # fmt: skip


def test_revenue_is_told_by_product_and_customer(quarter):
    products = quarter.kernel.reports.run("receivables.revenue_by_product", {})
    assert {row["product"]: (row["revenue"], row["quantity"]) for row in products}[quarter.product] == (
        Decimal("130.00"),
        Decimal("13.000"),
    )
    (customer,) = quarter.kernel.reports.run("receivables.revenue_by_customer", {})
    assert customer["revenue"] == Decimal("330.00")


def test_a_cancelled_invoice_is_no_revenue(shop):
    shop.perform(shop.invoice(), "cancel")
    assert shop.kernel.reports.run("receivables.revenue", {}) == []
