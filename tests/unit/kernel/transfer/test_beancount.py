"""Ledgers for beancount: what stands in them, and that beancount agrees."""

from decimal import Decimal

import pytest
from beancount import loader
from beancount.core import data, realization

from kernel.transfer.beancount import name_accounts, write_beancount
from kernel.transfer.books import BookAccount
from tests.unit.kernel.transfer.ledgers import ACCOUNTS, EXPECTED, HARD, LOT_BALANCES, LOTS, books, entry, line


def test_a_ledger_opens_its_accounts_and_tells_entries():
    simple = entry(line("bank", "-3", "USD", "-2.70", memo='"x"'), line("rent", "2.70"), memo='say "hi" \\')
    text = "".join(write_beancount(books(simple, accounts={id: ACCOUNTS[id] for id in ("bank", "rent")})))
    assert text.startswith('option "title" "Acme Ltd"\noption "booking_method" "NONE"\n')
    assert text.endswith(
        "2025-01-31 open Assets:1000-Assets:1020-Bank-Cafe-main\n"
        "2025-01-31 open Expenses:Rent\n"
        '\n2025-01-31 * "say \\"hi\\" \\\\"\n'
        '  number: "JE-1"\n'
        "  Assets:1000-Assets:1020-Bank-Cafe-main  -3 USD @@ 2.7 EUR\n"
        '    memo: "\\"x\\""\n'
        "  Expenses:Rent  2.7 EUR\n"
    )


def named(**paths):
    return name_accounts({id: BookAccount(path[-1][0], "asset", tuple(path)) for id, path in paths.items()})


def test_names_are_letters_digits_and_dashes_below_a_root():
    assert named(a=[("1.1", "Büro & Café")], b=[("x", "x")], c=[("Капитал", "Капитал")]) == {
        "a": "Assets:1-1-Buro-Cafe",
        "b": "Assets:X",
        "c": "Assets:X" + "Капитал".encode().hex(),
    }


def test_names_that_would_be_the_same_get_a_number():
    assert named(a=[("1.1", "1.1")], b=[("1-1", "1-1")], c=[("1 1", "1 1")]) == {
        "c": "Assets:1-1",
        "b": "Assets:1-1-2",
        "a": "Assets:1-1-3",
    }


@pytest.mark.parametrize(
    ("kind", "root"),
    [("asset", "Assets"), ("liability", "Liabilities"), ("equity", "Equity"), ("income", "Income"),
     ("expense", "Expenses"), ("memorandum", "Equity")],
)  # fmt: skip
def test_the_type_of_an_account_is_its_root(kind, root):
    assert name_accounts({"a": BookAccount("1", kind, (("1", "1"),))}) == {"a": f"{root}:1"}


def test_beancount_agrees_about_every_balance():
    found = read_balances("".join(write_beancount(books(*HARD))))
    names = name_accounts(ACCOUNTS)
    assert found == {(names[id], currency): Decimal(amount) for (id, currency), amount in EXPECTED.items()}


def test_lots_are_costs_where_those_say_what_they_are_worth_and_notes_elsewhere():
    lines = "".join(write_beancount(books(*LOTS))).splitlines()
    said = [line.split("  ")[-1] for line in lines if "ACME" in line or " cost:" in line]
    assert said == [
        "10 ACME {108.95 EUR}",
        "3 ACME {{100 EUR}}",
        "-4 ACME {108.95 EUR}",
        "-1 ACME @@ 120 EUR",
        'cost: "108.95 EUR"',
        "2 ACME @@ 190 EUR",
        'cost: "105 USD"',
    ]


def test_beancount_agrees_about_the_balances_of_lots():
    found = read_balances("".join(write_beancount(books(*LOTS))))
    names = name_accounts(ACCOUNTS)
    assert found == {(names[id], currency): Decimal(amount) for (id, currency), amount in LOT_BALANCES.items()}


def test_a_ledger_without_entries_is_one_too():
    assert read_balances("".join(write_beancount(books()))) == {}


def read_balances(text):
    """The balances beancount computes, by account and currency, without those that are zero."""
    entries, errors, _ = loader.load_string(text)
    assert [error.message for error in errors] == []
    assert all(entry.date for entry in data.filter_txns(entries))
    found = {
        (account.account, position.units.currency): position.units.number
        for account in realization.iter_children(realization.realize(entries))
        for position in account.balance.reduce(lambda position: position.units).get_positions()
    }
    return {key: amount for key, amount in found.items() if amount}
