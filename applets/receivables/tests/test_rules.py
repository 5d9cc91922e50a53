"""Nets, discounts and taxes, by table."""

from datetime import date
from decimal import Decimal

import pytest

from applets.receivables.rules import TaxRate, due_date, line_net, percent_of, sum_taxes, sum_up

RATES = {
    "std": TaxRate("std", Decimal("19"), "2200"),
    "red": TaxRate("red", Decimal("7"), "2210"),
    "odd": TaxRate("odd", Decimal("8.875"), "2200"),
    "nil": TaxRate("nil", Decimal(0), "2200"),
}


@pytest.mark.parametrize(
    ("quantity", "price", "discount", "net"),
    [
        ("12", "14", "0", "168.00"),
        ("10", "9.80", "15", "83.30"),
        ("1", "0.005", "0", "0.01"),
        ("1", "0.0049", "0", "0.00"),
        ("-1", "0.005", "0", "-0.01"),
        ("3", "0.3333", "0", "1.00"),
        ("1", "2.345", "0", "2.35"),
        ("1", "2.675", "0", "2.68"),
        ("0.333", "99.99", "0", "33.30"),
        ("7", "13.37", "33.33", "62.40"),
        ("5", "20", "100", "0.00"),
        ("0", "20", "0", "0.00"),
    ],
)
def test_a_line_is_rounded_half_up_once(quantity, price, discount, net):
    assert line_net(Decimal(quantity), Decimal(price), Decimal(discount)) == Decimal(net)


@pytest.mark.parametrize(
    ("net", "percent", "tax"),
    [
        ("100", "19", "19.00"),
        ("0.50", "7", "0.04"),
        ("0.07", "7", "0.00"),
        ("10.50", "8.875", "0.93"),
        ("-10.50", "19", "-2.00"),
    ],
)
def test_a_tax_is_rounded_half_up(net, percent, tax):
    assert percent_of(Decimal(net), Decimal(percent)) == Decimal(tax)


def test_tax_is_taken_of_the_sum_of_a_rate_not_of_each_line():
    nets = [("std", Decimal("0.33"))] * 3
    assert sum(percent_of(net, Decimal(19)) for _, net in nets) == Decimal("0.18")
    (tax,) = sum_taxes(nets, RATES)
    assert (tax.net, tax.amount) == (Decimal("0.99"), Decimal("0.19"))


def test_each_rate_is_summed_by_itself():
    taxes = sum_taxes([("red", Decimal(50)), ("std", Decimal(100)), (None, Decimal(7)), ("red", Decimal(50))], RATES)
    assert [(tax.rate.id, tax.net, tax.amount) for tax in taxes] == [
        ("red", Decimal(100), Decimal("7.00")),
        ("std", Decimal(100), Decimal("19.00")),
    ]


@pytest.mark.parametrize(
    ("lines", "freight", "freight_tax", "expected"),
    [
        ([], "0", None, ("0", "0", "0")),
        ([(None, "440.00")], "32.38", None, ("440.00", "0", "472.38")),
        ([("std", "100.00")], "10.00", "std", ("100.00", "20.90", "130.90")),
        ([("std", "100.00")], "10.00", "red", ("100.00", "19.70", "129.70")),
        ([("std", "100.00")], "0", "red", ("100.00", "19.00", "119.00")),
        ([("std", "100.00"), ("std", "-100.00")], "0", None, ("0", "0", "0")),
        ([("nil", "100.00")], "0", None, ("100.00", "0", "100.00")),
    ],
)
def test_the_total_is_net_freight_and_tax(lines, freight, freight_tax, expected):
    totals = sum_up([(tax, Decimal(net)) for tax, net in lines], Decimal(freight), freight_tax, RATES)
    assert (totals.net, totals.tax, totals.total) == tuple(map(Decimal, expected))


def test_terms_are_calendar_days():
    assert due_date(date(2024, 2, 15), 14) == date(2024, 2, 29)
    assert due_date(date(2026, 1, 1), 0) == date(2026, 1, 1)
    assert due_date(date(9999, 12, 30), 30) == date(9999, 12, 31)
