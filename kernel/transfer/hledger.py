"""A journal for hledger."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kernel.transfer.books import BookAccount, BookCost, BookEntry, Books
from kernel.transfer.postings import Posting, number, one_line, postings_of

_TYPES = {"asset": "A", "liability": "L", "equity": "E", "income": "R", "expense": "X"}
_PLAIN_COMMODITY = re.compile(r"[A-Za-z]+")
# At the start of a name these would be a mark, a comment, or a virtual posting.
_MARKS = "*!;#([{\"'~="


def write_hledger(books: Books) -> Iterator[str]:
    """The journal line by line: accounts with their types, then transactions."""
    names = {id: account_name(account) for id, account in books.accounts.items()}
    yield f"; {one_line(books.title)}, books in {books.currency}\n\n"
    for id, account in sorted(books.accounts.items(), key=lambda item: names[item[0]]):
        kind = _TYPES.get(account.kind)
        yield f"account {names[id]}" + (f"  ; type: {kind}" if kind else "") + "\n"
    for entry in books.entries:
        yield from _write_entry(entry, books.currency, names)


def account_name(account: BookAccount) -> str:
    """Codes and names from the top down: `1000 Assets:1200 Trade receivables`. Codes keep it unambiguous."""
    return ":".join(_part(code, name) for code, name in account.path)


def _part(code: str, name: str) -> str:
    text = code if name == code else f"{code} {name}"
    cleaned = one_line(text).replace(";", ",").lstrip(_MARKS).strip()
    return cleaned.strip(":") or "account"


def _write_entry(entry: BookEntry, base: str, names: dict[str, str]) -> Iterator[str]:
    code = f" ({one_line(entry.number).replace(')', '')})" if entry.number else ""
    # A semicolon would begin a comment, a bar would part payee and note.
    memo = one_line(entry.memo).replace(";", ",").lstrip("*!(")
    yield f"\n{entry.posted_on.isoformat()} *{code} {memo}".rstrip() + "\n"
    for posting in postings_of(entry, base):
        yield _write_posting(posting, base, names[posting.account])


def _write_posting(posting: Posting, base: str, name: str) -> str:
    price = "" if posting.total is None else f" @@ {number(posting.total)} {_commodity(base)}"
    memo = f"  ; {one_line(posting.memo)}" if posting.memo else ""
    # hledger reads the lot and computes with the price; Ledger knows them both.
    lot = "" if posting.cost is None else f" {_lot(posting.cost)}"
    return f"    {name}  {number(posting.amount)} {_commodity(posting.currency)}{lot}{price}{memo}\n"


def _lot(cost: BookCost) -> str:
    text = f"{number(cost.amount)} {_commodity(cost.currency)}"
    return f"{{{{{text}}}}}" if cost.is_total else f"{{{text}}}"


def _commodity(code: str) -> str:
    return code if _PLAIN_COMMODITY.fullmatch(code) else f'"{code}"'
