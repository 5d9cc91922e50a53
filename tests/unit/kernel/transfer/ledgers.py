"""Small books to write down."""

from datetime import date
from decimal import Decimal

from kernel.transfer.books import BookAccount, BookCost, BookEntry, BookLine, Books

ACCOUNTS = {
    "bank": BookAccount("1020", "asset", (("1000", "Assets"), ("1020", "Bank; Café  (main)"))),
    "loan": BookAccount("2500", "liability", (("2500", "Loan"),)),
    "sales": BookAccount("4100", "income", (("4100", "Sales"),)),
    "rent": BookAccount("Rent", "expense", (("Rent", "Rent"),)),
    "capital": BookAccount("3100", "equity", (("3100", "Капитал"),)),
}


def line(account, amount, currency="EUR", base=None, memo="", cost=None):
    kept = BookCost(Decimal(cost[0]), cost[1], cost[2:] == ("total",)) if cost else None
    return BookLine(account, Decimal(amount), currency, Decimal(amount if base is None else base), memo, kept)


def entry(*lines, on=date(2025, 1, 31), number="JE-1", memo="Rent"):
    return BookEntry(on, number, memo, lines)


def books(*entries, accounts=ACCOUNTS, currency="EUR"):
    return Books("Acme Ltd", currency, accounts, iter(entries), entries[0].posted_on if entries else None)


# Lots: bought at two costs, one of them named as a total; sold from one; worth something else than its cost; in a
# currency that is not the books'.
LOTS = (
    entry(line("bank", "10", "ACME", "1089.50", cost=("108.95", "EUR")), line("capital", "-1089.50")),
    entry(line("bank", "3", "ACME", "100", cost=("100", "EUR", "total")), line("capital", "-100")),
    entry(line("bank", "-4", "ACME", "-435.80", cost=("108.95", "EUR")), line("capital", "435.80")),
    entry(line("bank", "-1", "ACME", "-120", cost=("108.95", "EUR")), line("sales", "120")),
    entry(line("bank", "2", "ACME", "190", cost=("105", "USD")), line("capital", "-190")),
)
LOT_BALANCES = {("bank", "ACME"): "10", ("capital", "EUR"): "-943.7", ("sales", "EUR"): "120"}

# Every way in which two amounts of a line can be said.
HARD = (
    entry(line("bank", "-100.10"), line("rent", "100.10"), memo='Rent; "January" \\ paid\n in cash'),
    entry(line("bank", "100", "USD", "92.5"), line("sales", "-92.50"), number="JE-2 (b)"),
    entry(line("bank", "-3", "USD", "-2.7777777777"), line("rent", "2.7777777777"), number=""),
    # A difference of exchange rates: worth something, though nothing moved.
    entry(line("bank", "0", "USD", "1.5"), line("sales", "-1.5"), memo=""),
    # Worth less than nothing.
    entry(line("bank", "1", "USD", "-1"), line("sales", "1")),
    entry(line("bank", "7", "A", "0"), line("capital", "0.5", memo="a, b; c"), line("loan", "-0.5")),
)
EXPECTED = {
    ("bank", "EUR"): "-99.6", ("bank", "USD"): "98", ("bank", "A"): "7", ("rent", "EUR"): "102.8777777777",
    ("sales", "EUR"): "-93", ("capital", "EUR"): "0.5", ("loan", "EUR"): "-0.5",
}  # fmt: skip
