"""Journals for hledger: what stands in them, and that hledger agrees."""

import json
import subprocess
from collections import defaultdict
from decimal import Decimal

import pytest

from kernel.transfer.books import BookAccount
from kernel.transfer.hledger import account_name, write_hledger
from tests.prerequisites import require
from tests.unit.kernel.transfer.ledgers import ACCOUNTS, EXPECTED, HARD, LOT_BALANCES, LOTS, books, entry, line


def test_a_journal_names_accounts_with_their_types_and_entries():
    simple = entry(line("bank", "-100.10"), line("rent", "100.10", memo="flat"))
    assert "".join(write_hledger(books(simple))) == (
        "; Acme Ltd, books in EUR\n\n"
        "account 1000 Assets:1020 Bank, Café (main)  ; type: A\n"
        "account 2500 Loan  ; type: L\n"
        "account 3100 Капитал  ; type: E\n"
        "account 4100 Sales  ; type: R\n"
        "account Rent  ; type: X\n"
        "\n2025-01-31 * (JE-1) Rent\n"
        "    1000 Assets:1020 Bank, Café (main)  -100.1 EUR\n"
        "    Rent  100.1 EUR  ; flat\n"
    )


def test_another_currency_is_said_with_what_it_is_worth():
    text = "".join(write_hledger(books(entry(line("bank", "-3", "USD", "-2.7"), line("rent", "2.7")))))
    assert "  -3 USD @@ 2.7 EUR\n" in text


def test_currencies_with_digits_are_quoted():
    text = "".join(write_hledger(books(entry(line("bank", "1", "A1"), line("rent", "-1", "A1")), currency="A1")))
    assert '  1 "A1"\n' in text


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ((("1", "(virtual)"),), "1 (virtual)"),
        ((("*x", "*x"),), "x"),
        ((("1", "a  b"), ("2", "c;d")), "1 a b:2 c,d"),
        ((("Assets:Bank", "Assets:Bank"),), "Assets:Bank"),
        (((":", ":"),), "account"),
    ],
)
def test_names_are_ones_hledger_reads_as_written(path, name):
    assert account_name(BookAccount("1", "asset", path)) == name


def test_lots_are_said_beside_what_they_are_worth():
    text = "".join(write_hledger(books(*LOTS)))
    said = [line.split("  ")[-1] for line in text.splitlines() if "ACME" in line]
    assert said == [
        "10 ACME {108.95 EUR} @@ 1089.5 EUR",
        "3 ACME {{100 EUR}} @@ 100 EUR",
        "-4 ACME {108.95 EUR} @@ 435.8 EUR",
        "-1 ACME {108.95 EUR} @@ 120 EUR",
        "2 ACME {105 USD} @@ 190 EUR",
    ]


def test_hledger_agrees_about_the_balances_of_lots(tmp_path):
    program, journal = require("hledger"), tmp_path / "lots.journal"
    journal.write_text("".join(write_hledger(books(*LOTS))), encoding="utf-8")
    assert read_balances(program, journal) == {
        (account_name(ACCOUNTS[id]), currency): Decimal(amount) for (id, currency), amount in LOT_BALANCES.items()
    }


def test_hledger_agrees_about_every_balance(tmp_path):
    program, journal = require("hledger"), tmp_path / "books.journal"
    journal.write_text("".join(write_hledger(books(*HARD))), encoding="utf-8")
    subprocess.run([program, "-f", journal, "check", "accounts"], check=True)
    assert read_balances(program, journal) == {
        (account_name(ACCOUNTS[id]), currency): Decimal(amount) for (id, currency), amount in EXPECTED.items()
    }


def read_balances(program, journal):
    """The balances hledger computes, by account and currency, without those that are zero."""
    command = [program, "-f", journal, "balance", "--flat", "--no-total", "--empty", "--output-format", "json"]
    rows, _ = json.loads(subprocess.run(command, check=True, capture_output=True).stdout, parse_float=str)
    found = defaultdict(Decimal)
    for name, _, _, amounts in rows:
        # Amounts of one currency at different prices are told apart.
        for amount in amounts:
            quantity = amount["aquantity"]
            found[name, amount["acommodity"]] += Decimal(quantity["decimalMantissa"]).scaleb(-quantity["decimalPlaces"])
    return {key: amount for key, amount in found.items() if amount}
