"""Allocations and exchange differences, by table."""

from dataclasses import replace
from decimal import Decimal

import pytest

from applets.receivables.entry_lines import EntryLine, Money, difference_line, opposite, sale_lines
from applets.receivables.errors import (
    AllocationDuplicate,
    AllocationExceedsOutstanding,
    AllocationInvoiceUnfit,
    AllocationsExceedAmount,
)
from applets.receivables.settlement import (
    Allocation,
    OpenInvoice,
    check_sum,
    check_unique,
    merge_allocations,
    portion,
    settle,
)

INVOICE = OpenInvoice("i", "INV-1", "co", "cu", "USD", "posted", Decimal("100.00"), Decimal("90.01"))
ABOUT = {"company_id": "co", "customer": "cu", "currency": "USD"}


def allocation(amount, invoice="i"):
    return Allocation(invoice, Decimal(amount))


@pytest.mark.parametrize(
    ("amount", "whole", "base", "part"),
    [
        ("100.00", "100.00", "90.01", "90.01"),
        ("50.00", "100.00", "90.01", "45.01"),
        ("33.33", "100.00", "100.00", "33.33"),
        ("0.01", "3.00", "2.00", "0.01"),
        ("0.00", "0.00", "0.00", "0.00"),
    ],
)
def test_a_part_takes_its_share_of_the_base_amount(amount, whole, base, part):
    assert portion(Decimal(amount), Decimal(whole), Decimal(base)) == Decimal(part)


def test_parts_one_after_the_other_leave_nothing():
    outstanding, base = Decimal("100.00"), Decimal("90.01")
    for amount in map(Decimal, ("33.33", "33.33", "33.34")):
        taken = portion(amount, outstanding, base)
        outstanding, base = outstanding - amount, base - taken
    assert (outstanding, base) == (0, 0)


def test_allocations_stay_within_the_amount():
    check_sum([allocation("60"), allocation("40")], Decimal(100))
    with pytest.raises(AllocationsExceedAmount) as refused:
        check_sum([allocation("60"), allocation("40.01")], Decimal(100))
    assert refused.value.details == {"allocated": "100.01", "available": "100.00", "count": 1}


def test_an_invoice_is_named_once():
    check_unique([allocation("1"), allocation("1", "j")])
    with pytest.raises(AllocationDuplicate):
        check_unique([allocation("1"), allocation("1")])


def test_more_than_is_outstanding_is_refused():
    (settled,) = settle([allocation("100")], {"i": INVOICE}, **ABOUT)
    assert settled.base_amount == Decimal("90.01")
    with pytest.raises(AllocationExceedsOutstanding) as refused:
        settle([allocation("100.01")], {"i": INVOICE}, **ABOUT)
    assert refused.value.code == "allocation_exceeds_outstanding"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": "draft"}, "it is not posted"),
        ({"state": "cancelled"}, "it is not posted"),
        ({"customer": "other"}, "it belongs to another customer"),
        ({"company_id": "other"}, "it belongs to another company"),
        ({"currency": "EUR"}, "it is in EUR"),
    ],
)
def test_an_invoice_that_does_not_fit_is_refused(change, reason):
    with pytest.raises(AllocationInvoiceUnfit) as refused:
        settle([allocation("1")], {"i": replace(INVOICE, **change)}, **ABOUT)
    assert refused.value.details["reason"] == reason


def test_later_allocations_join_earlier_ones():
    merged = merge_allocations([allocation("10"), allocation("5", "j")], [allocation("2", "j"), allocation("1", "k")])
    assert merged == [allocation("10"), allocation("7", "j"), allocation("1", "k")]


def test_credits_to_one_account_become_one_line():
    receivable = EntryLine("r", "EUR", Decimal(119), Decimal(119), "cu")
    credits = [("s", Decimal(60)), ("s", Decimal(40)), ("t", Decimal(19)), ("f", Decimal(0))]
    lines = sale_lines(receivable, credits, Money("EUR", Decimal(1)))
    assert [(line.account, line.amount) for line in lines] == [("r", 119), ("s", -100), ("t", -19)]


def test_what_rounding_leaves_goes_to_the_largest_credit():
    money = Money("USD", Decimal("0.905"))
    receivable = EntryLine("r", "USD", Decimal("1.00"), money.base(Decimal("1.00")), "cu")
    credits = [("a", Decimal("0.33")), ("b", Decimal("0.34")), ("c", Decimal("0.33"))]
    lines = sale_lines(receivable, credits, money)
    assert sum(line.base_amount for line in lines) == 0
    assert [line.base_amount for line in lines] == [Decimal(x) for x in ("0.91", "-0.30", "-0.31", "-0.30")]


def test_no_credit_turns_into_a_debit_however_much_rounding_leaves():
    money = Money("JPY", Decimal("0.0061"))
    credits = [(account, Decimal("0.82")) for account in "abcdef"]
    receivable = EntryLine("r", "JPY", Decimal("4.92"), money.base(Decimal("4.92")), "cu")
    lines = sale_lines(receivable, credits, money)
    assert [line.base_amount for line in lines] == [Decimal(x) for x in ("0.03", "0", "0", "0", *["-0.01"] * 3)]


def test_a_sale_of_nothing_posts_nothing():
    assert (
        sale_lines(EntryLine("r", "EUR", Decimal(0), Decimal(0)), [("s", Decimal(0))], Money("EUR", Decimal(1))) == []
    )


def test_a_credit_note_posts_the_opposite():
    (line,) = opposite([EntryLine("r", "EUR", Decimal(5), Decimal(5), "cu")])
    assert (line.amount, line.base_amount, line.party) == (-5, -5, "cu")


@pytest.mark.parametrize(("difference", "account"), [("0.50", "gain"), ("-0.50", "loss")])
def test_a_difference_is_a_gain_or_a_loss(difference, account):
    (line,) = difference_line(Decimal(difference), "EUR", "gain", "loss")
    assert (line.account, line.currency, line.base_amount) == (account, "EUR", -Decimal(difference))
    assert difference_line(Decimal(0), "EUR", "gain", "loss") == []
