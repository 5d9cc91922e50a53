"""What a line of an entry is in plain-text accounting: postings whose sign and price say both of its amounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from kernel.transfer.books import BookCost, BookEntry
from sdk.values import decimal_text


@dataclass(frozen=True, slots=True)
class Posting:
    """total: what it is worth altogether in the books' currency, never negative; None where it is in that currency.

    cost: the lot it belongs to.
    """

    account: str
    amount: Decimal
    currency: str
    total: Decimal | None = None
    memo: str = ""
    cost: BookCost | None = None


def postings_of(entry: BookEntry, base: str) -> Iterator[Posting]:
    """The entry's lines. Where a price cannot say it (nothing is worth something, or less than nothing): two postings,
    one worth nothing and one in the books' currency.
    """
    for line in entry.lines:
        if line.currency == base:
            # An applet may let both amounts of a line in the books' own currency differ; what balances is the base one.
            yield Posting(line.account, line.base_amount, base, None, line.memo, line.cost)
        elif line.amount and (line.amount < 0) == (line.base_amount < 0) and line.base_amount:
            yield Posting(line.account, line.amount, line.currency, abs(line.base_amount), line.memo, line.cost)
        else:
            if line.amount or not line.base_amount:
                yield Posting(line.account, line.amount, line.currency, Decimal(0), line.memo, line.cost)
            if line.base_amount:
                yield Posting(line.account, line.base_amount, base, None, line.memo)


def number(value: Decimal) -> str:
    """Every digit, plainly: a journal read back has the same sums."""
    return decimal_text(value)


def one_line(text: str) -> str:
    """Text without line breaks, tabs and runs of blanks."""
    return re.sub(r"\s+", " ", text).strip()
