"""A ledger for beancount."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date

from kernel.transfer.books import BookAccount, BookCost, BookEntry, Books
from kernel.transfer.postings import Posting, number, one_line, postings_of

_ROOTS = {
    "asset": "Assets", "liability": "Liabilities", "equity": "Equity", "income": "Income", "expense": "Expenses",
}  # fmt: skip
_UNFIT = re.compile(r"[^A-Za-z0-9]+")
# beancount multiplies a unit price it has divided out itself, with 28 digits: that much, and no more, may be left.
_TOLERANCE = "0.000000000001"


def write_beancount(books: Books) -> Iterator[str]:
    """The ledger line by line: options, `open` for every account, then transactions."""
    names = name_accounts(books.accounts)
    yield f'option "title" "{_quoted(books.title)}"\n'
    # Lots stay as the entries name them: none is looked for, and none is missed.
    yield 'option "booking_method" "NONE"\n'
    yield f'option "operating_currency" "{books.currency}"\n'
    yield f'option "inferred_tolerance_default" "*:{_TOLERANCE}"\n\n'
    opened_on = (books.first_on or date(1970, 1, 1)).isoformat()
    yield from (f"{opened_on} open {name}\n" for name in sorted(names.values()))
    for entry in books.entries:
        yield from _write_entry(entry, books.currency, names)


def name_accounts(accounts: Mapping[str, BookAccount]) -> dict[str, str]:
    """A legal name for each account by its id; two that would be the same get a number."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for id, account in sorted(accounts.items(), key=lambda item: item[1].path):
        wanted = ":".join([_ROOTS.get(account.kind, "Equity"), *(_part(code, name) for code, name in account.path)])
        names[id] = _free(wanted, taken)
        taken.add(names[id])
    return names


def _free(wanted: str, taken: set[str]) -> str:
    number, name = 1, wanted
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _part(code: str, name: str) -> str:
    """Letters, digits and dashes, the first an upper-case letter or a digit."""
    text = code if name == code else f"{code} {name}"
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    part = _UNFIT.sub("-", plain).strip("-")
    if not part:
        return "X" + text.encode().hex()
    return part[0].upper() + part[1:]


def _write_entry(entry: BookEntry, base: str, names: Mapping[str, str]) -> Iterator[str]:
    yield f'\n{entry.posted_on.isoformat()} * "{_quoted(entry.memo)}"\n'
    if entry.number:
        yield f'  number: "{_quoted(entry.number)}"\n'
    for posting in postings_of(entry, base):
        yield _write_posting(posting, base, names[posting.account])


def _write_posting(posting: Posting, base: str, name: str) -> str:
    price = "" if posting.total is None else f" @@ {number(posting.total)} {base}"
    notes = f'    memo: "{_quoted(posting.memo)}"\n' if posting.memo else ""
    if posting.cost is not None:
        cost = f"{number(posting.cost.amount)} {posting.cost.currency}"
        if _is_worth_its_cost(posting, posting.cost, base):
            price = f" {{{{{cost}}}}}" if posting.cost.is_total else f" {{{cost}}}"
        else:
            notes += f'    cost: "{"total " if posting.cost.is_total else ""}{cost}"\n'
    return f"  {name}  {number(posting.amount)} {posting.currency}{price}\n{notes}"


def _is_worth_its_cost(posting: Posting, cost: BookCost, base: str) -> bool:
    """Whether the cost says what the posting is worth: for beancount it does, whatever the price says."""
    worth = cost.amount if cost.is_total else abs(posting.amount) * cost.amount
    return posting.total is not None and cost.currency == base and worth == posting.total and bool(worth)


def _quoted(text: str) -> str:
    return one_line(text).replace("\\", "\\\\").replace('"', '\\"')
