"""Three real journals are kept in the ledger, and leave it again for the tools they came from."""

import csv
import io
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from beancount.core import data as beancount_data

from tests.acceptance.installation import Client, Installation, Server, shared_data
from tests.acceptance.journal_files import JournalFile, Lot, kind_of, read_lot, sums
from tests.prerequisites import require

MAPPINGS = Path(__file__).parent / "journals"
HLEDGER_S_MAX = 60
# XXX is ISO 4217 for no currency: the units of the largest journal, A to Z, are none that books are kept in.
JOURNALS = (("sample", "USD"), ("bcexample", "USD"), ("1ktxns-100accts", "XXX"))
ROOTS = {
    "asset": "Assets", "liability": "Liabilities", "equity": "Equity", "income": "Income", "expense": "Expenses",
}  # fmt: skip


class Books:
    """A journal in a tenant of its own."""

    def __init__(self, installation: Installation, file: JournalFile) -> None:
        self.installation, self.file = installation, file
        self.tenant = "books_" + re.sub(r"\W", "_", file.name)
        self.password = ""

    def open(self) -> None:
        self.password = self.installation.create_tenant(
            self.tenant, self.file.name, self.file.base, "lucy@books.example"
        )
        self.ask("applet", "enable", "ledger")
        self.ask("doc", "create", "ledger.journal", "--set", "code=GEN", "--set", "name=General")

    def ask(self, *arguments: str | Path) -> Any:
        return self.installation.ask(*arguments, "--tenant", self.tenant)

    def export(self, format: str) -> Path:
        """The file `bos export` writes."""
        path = self.installation.folder / f"{self.tenant}.{format}"
        wanted = ("export", "ledger.journal_entry", "--format", format, "--out", path, "--tenant", self.tenant)
        self.installation.run(*wanted)
        return path


@pytest.fixture(scope="module")
def server(installation: Installation) -> Iterator[Server]:
    shared_data("plaintext", "expected")
    with installation.serve() as server:
        yield server


@pytest.fixture(
    scope="module",
    params=[*JOURNALS[:-1], pytest.param(JOURNALS[-1], marks=pytest.mark.slow)],
    ids=[name for name, _ in JOURNALS],
)
def books(request: pytest.FixtureRequest, installation: Installation, server: Server) -> Books:
    """Opened before the story of each journal is told."""
    books = Books(installation, JournalFile(*request.param))
    books.open()
    return books


@pytest.fixture(scope="module")
def lucy(books: Books, server: Server) -> Client:
    """Who keeps them."""
    return server.log_in(books.tenant, "lucy@books.example", books.password)


def test_accounts_and_entries_come_in(books: Books, lucy: Client):
    accounts, entries = books.file.write(books.installation.folder)
    made = books.ask("import", accounts, "--mapping", MAPPINGS / "accounts.json")
    assert (made["created"], made["rejected"]) == (len(books.file.accounts), 0)
    made = books.ask("import", entries, "--mapping", MAPPINGS / "entries.json")
    assert (made["created"], made["rejected"]) == (len(books.file.entries), 0)
    posted = lucy.every("ledger/journal-entries", filter="state == 'posted'", fields="lines")
    assert len(posted) == len(books.file.entries)
    assert sum(len(entry["lines"]) for entry in posted) == sum(len(each["lines"]) for each in books.file.entries)


def test_closing_balances_equal_the_file_to_the_last_digit(books: Books, lucy: Client):
    codes = {account["id"]: account["code"] for account in lucy.every("ledger/accounts", fields="code")}
    held: Counter[tuple[str, str, Lot]] = Counter()
    for each in lucy.get("registers/ledger.postings/balance", group_by="account,currency,lot")["items"]:
        at = each["dimensions"]
        held[codes[at["account"]], at["currency"], read_lot(at["lot"])] += Decimal(each["resources"]["amount"])
    last = books.file.last_lots
    found = {(account, unit): held[account, unit, lot] for (account, unit), lot in last.items()}
    assert {key: amount for key, amount in found.items() if amount or key in books.file.closing} == books.file.closing


def test_accounts_hold_all_their_lots(books: Books, lucy: Client):
    codes = {account["id"]: account["code"] for account in lucy.every("ledger/accounts", fields="code")}
    balances = lucy.get("registers/ledger.postings/balance", group_by="account,currency")["items"]
    held = sums(
        (codes[each["dimensions"]["account"]], each["dimensions"]["currency"], Decimal(each["resources"]["amount"]))
        for each in balances
    )
    assert held == books.file.totals


def test_debit_equals_credit_in_the_currency_of_the_books(books: Books, lucy: Client):
    totals = lucy.report("ledger.trial_balance")["totals"]
    assert totals["debit"] == totals["credit"]
    assert Decimal(totals["closing"]) == 0
    assert Decimal(totals["debit"]) > 0


def test_hledger_accepts_the_export_and_comes_to_the_same(books: Books):
    hledger = require("hledger")
    path = str(books.export("hledger"))
    ask = [hledger, "-f", path]
    subprocess.run([*ask, "check"], check=True, capture_output=True, timeout=HLEDGER_S_MAX)
    wanted = ["balance", "--flat", "--no-total", "--empty", "--layout", "bare", "--output-format", "csv"]
    done = subprocess.run([*ask, *wanted], check=True, capture_output=True, text=True, timeout=HLEDGER_S_MAX)
    rows = csv.DictReader(io.StringIO(done.stdout))
    assert sums((row["account"], row["commodity"], Decimal(row["balance"])) for row in rows) == books.file.totals


def test_beancount_accepts_the_export_and_comes_to_the_same(books: Books):
    entries, errors, _ = loader.load_file(str(books.export("beancount")))
    assert errors == []
    transactions = [entry for entry in entries if isinstance(entry, beancount_data.Transaction)]
    assert len(transactions) == len(books.file.entries)
    held = sums(
        (posting.account, posting.units.currency, posting.units.number)
        for entry in transactions
        for posting in entry.postings
    )
    assert held == {beancount_name(account): units for account, units in books.file.totals.items()}


def beancount_name(account: str) -> str:
    part = re.sub(r"[^A-Za-z0-9]+", "-", account)
    return f"{ROOTS[kind_of(account)]}:{part[0].upper()}{part[1:]}"
