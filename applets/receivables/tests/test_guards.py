"""Open items equal the receivable account: through every way of settling, and the sentence where they do not."""

from decimal import Decimal

import pytest

from sdk import Balance

from ..guards import find_differences


def balance(currency, amount, base_amount=None):
    amounts = {"amount": Decimal(amount), "base_amount": Decimal(base_amount or amount)}
    return Balance({"currency": currency}, amounts)


@pytest.mark.parametrize(
    ("items", "held", "differing"),
    [
        ([], [], []),
        ([balance("EUR", "5")], [balance("EUR", "5.00")], []),
        ([balance("EUR", "5")], [], ["EUR"]),
        ([], [balance("EUR", "5")], ["EUR"]),
        ([balance("USD", "5", "4")], [balance("USD", "5", "4.01")], ["USD"]),
        ([balance("USD", "5"), balance("EUR", "1")], [balance("EUR", "1"), balance("USD", "6")], ["USD"]),
    ],
)
def test_a_currency_differs_where_one_of_its_amounts_does(items, held, differing):
    assert [currency for currency, *_ in find_differences(items, held)] == differing


def test_items_equal_the_account_through_every_way_of_settling(shop):
    first, second = shop.invoice(), shop.invoice(shop.line("50", tax=shop.standard))
    shop.payment("30", (first, "30"))
    credit = shop.payment("500")
    shop.allocate(credit, (second, "20"))
    note = shop.credit(shop.line("10"), invoice=first.id)
    shop.perform(note, "cancel")
    shop.perform(credit, "cancel")
    assert shop.kernel.broken_invariants() == []


def test_items_equal_the_account_in_foreign_currency_and_its_differences(shop):
    shop.rate("USD", "0.90")
    shop.rate("USD", "0.80", on="2026-03-15")
    invoice = shop.invoice(currency="USD")
    credit = shop.payment("100", currency="USD")
    shop.allocate(credit, (invoice, "60"))
    assert shop.kernel.broken_invariants() == []


def test_what_somebody_books_on_the_account_by_hand_is_told(shop):
    shop.invoice()
    journal = shop.documents.find("ledger.journal", code="GEN", company_id=shop.company).id
    lines = [
        {"account": shop.account("1200"), "amount": "-40", "party": shop.customer},
        {"account": shop.account("1020"), "amount": "40"},
    ]
    entry = {"journal": journal, "posted_on": "2026-03-11", "lines": lines}
    shop.perform(shop.documents.create("ledger.journal_entry", entry), "post")
    assert shop.kernel.broken_invariants() == [
        "receivables:open_items_equal_control_account: open items of company Shop Ltd"
        f" ({shop.company}) in EUR come to 100.00, and the account 1200 holds 60.00"
    ]


def test_a_company_without_the_account_owes_nothing_on_it(shop):
    shop.kernel.add_company("Idle Ltd")
    assert shop.kernel.broken_invariants() == []
