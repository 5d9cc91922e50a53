"""Three real journals, imported into the ledger, exported, and computed anew by hledger and beancount."""

from __future__ import annotations

import io
import json
import re
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from kernel.transfer.beancount import name_accounts, write_beancount
from kernel.transfer.books import open_books
from kernel.transfer.caller import Caller
from kernel.transfer.hledger import account_name, write_hledger
from kernel.transfer.importer import Importer, ImportOptions
from kernel.transfer.mapping import read_mapping
from kernel.transfer.records import Records
from kernel.transfer.rejects import Rejects
from kernel.transfer.sources import Dialect, Source
from sdk.values import round_half_up
from tests.integration.kernel.shipped import make_tenant, open_shipped
from tests.prerequisites import require
from tests.unit.kernel.transfer import test_beancount, test_hledger

JOURNALS = Path(__file__).resolve().parents[4] / "shared" / "data" / "plaintext" / "expected"
BASE = "XXX"
KINDS = {"assets": "asset", "liabilities": "liability", "equity": "equity", "income": "income", "expenses": "expense"}
BOOKS = read_mapping({"type": "ledger.journal", "fields": {"code": "code", "name": "code"}})
ACCOUNTS = read_mapping({"type": "ledger.account", "fields": {"code": "code", "name": "name", "account_type": "kind"}})
ENTRIES = read_mapping(
    {
        "type": "ledger.journal_entry",
        "fields": {
            "journal": {"link": "ledger.journal", "by": "code", "from": {"value": "GEN"}},
            "posted_on": "date",
            "memo": "memo",
            "lines": {
                "each": "lines",
                "fields": {
                    "account": {"link": "ledger.account", "by": "code", "from": "account"},
                    "amount": "amount",
                    "currency": "currency",
                    "base_amount": "weight",
                },
            },
        },
        "perform": ["post"],
    }
)


def read_journal(name):
    path = JOURNALS / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"the journals are not here: {path}")
    return json.loads(path.read_text(encoding="utf-8"))


def currency_of(symbol):
    return "USD" if symbol == "$" else symbol


def weight_of(line):
    """What a line is worth one to one: its cost if it has one, else its amount; in cents, as the journals balance."""
    amount, cost = Decimal(line["amount"]), line.get("cost")
    if cost is None:
        return amount
    given = Decimal(cost["amount"])
    return round_half_up(amount * given, 2) if cost["kind"] == "unit" else given.copy_sign(amount)


def bring(caller, mapping, rows):
    text = "".join(json.dumps(row) + "\n" for row in rows)
    source = Source("given", io.BytesIO(text.encode()), Dialect("jsonl"))
    with caller.begin() as uow:
        company = caller.context(uow).company_id
    with Records(source, mapping, date(2026, 3, 10)) as records, Rejects(None) as bin:
        report = Importer(caller, ImportOptions(mapping.type, mapping, company_id=company), bin).run(records)
    assert (report.created, report.rejected) == (len(rows), 0)


def bring_journal(caller, journal):
    names = sorted({line["account"] for entry in journal["entries"] for line in entry["lines"]})
    codes = {name: f"A{number:04}" for number, name in enumerate(names)}
    kinds = {name: KINDS.get(name.split(":")[0].lower(), "asset") for name in names}
    bring(caller, ACCOUNTS, [{"code": codes[name], "name": name, "kind": kinds[name]} for name in names])
    bring(
        caller,
        ENTRIES,
        [{**entry, "lines": [_line(line, codes) for line in entry["lines"]]} for entry in journal["entries"]],
    )


def _line(line, codes):
    return {
        "account": codes[line["account"]],
        "amount": line["amount"],
        "currency": currency_of(line["currency"]),
        "weight": format(weight_of(line), "f"),
    }


@pytest.fixture(scope="module")
def shipped(empty_database):
    with open_shipped(empty_database()) as kernel:
        yield kernel


LARGE = [pytest.param(name, marks=pytest.mark.slow) for name in ("1ktxns-100accts", "bcexample")]


@pytest.mark.parametrize("name", ["sample", *LARGE])
def test_what_is_exported_closes_as_the_journal_does(shipped, name, tmp_path):
    program, journal = require("hledger"), read_journal(name)
    caller = Caller(shipped, make_tenant(shipped, "t" + re.sub(r"\W", "", name), "ledger", currency=BASE))
    bring(caller, BOOKS, [{"code": "GEN"}])
    bring_journal(caller, journal)
    path, closing = tmp_path / "books.journal", closing_of(journal)
    with caller.begin() as uow:
        ctx = caller.context(uow)
        books = open_books(ctx, "ledger.journal_entry")
        path.write_text("".join(write_hledger(books)), encoding="utf-8")
        again = open_books(ctx, "ledger.journal_entry")
        text = "".join(write_beancount(again))
    titles = {id: account.path[0][1] for id, account in books.accounts.items()}
    by_hledger = {account_name(account): titles[id] for id, account in books.accounts.items()}
    by_beancount = {given: titles[id] for id, given in name_accounts(again.accounts).items()}
    assert renamed(test_hledger.read_balances(program, path), by_hledger) == closing
    assert renamed(test_beancount.read_balances(text), by_beancount) == closing


def closing_of(journal):
    """What the entries add up to. The file says the same, except of a currency that came at several prices:

    of such a one it has the lot of the last price only, where hledger itself says the sum.
    """
    sums, prices = defaultdict(Decimal), defaultdict(set)
    for line in (line for entry in journal["entries"] for line in entry["lines"]):
        key = line["account"], line["currency"]
        sums[key] += Decimal(line["amount"])
        prices[key].add(json.dumps(line.get("cost")))
    for account, amounts in journal["closing"].items():
        for symbol, amount in amounts.items():
            assert len(prices[account, symbol]) > 1 or sums[account, symbol] == Decimal(amount)
    return {(account, currency_of(symbol)): amount for (account, symbol), amount in sums.items() if amount}


def renamed(balances, names):
    return {(names[account], currency): amount for (account, currency), amount in balances.items()}
