"""Pure rules of what a sale posts: receivable against revenue, freight and tax, in both currencies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sdk import round_half_up
from sdk.values import spread_rest

BASE_SCALE = 2
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class EntryLine:
    """account: id. Debit positive, credit negative."""

    account: str
    currency: str
    amount: Decimal
    base_amount: Decimal
    party: str | None = None

    def as_json(self) -> dict[str, Any]:
        party = {"party": self.party} if self.party else {}
        return {
            "account": self.account,
            "currency": self.currency,
            "amount": self.amount,
            "base_amount": self.base_amount,
            **party,
        }


@dataclass(frozen=True, slots=True)
class Money:
    """A currency with the rate to the company's."""

    currency: str
    rate: Decimal

    def base(self, amount: Decimal) -> Decimal:
        return amount if self.rate == 1 else round_half_up(amount * self.rate, BASE_SCALE)


def sale_lines(receivable: EntryLine, credits: Iterable[tuple[str, Decimal]], money: Money) -> list[EntryLine]:
    """The receivable and the opposite credits by account; what rounding leaves goes to the largest that can bear it."""
    sums: dict[str, Decimal] = {}
    for account, amount in credits:
        sums[account] = sums.get(account, ZERO) + amount
    lines = [
        EntryLine(account, money.currency, -amount, money.base(-amount)) for account, amount in sums.items() if amount
    ]
    return [receivable, *settle_rest(receivable, lines)] if lines else []


def settle_rest(receivable: EntryLine, lines: Sequence[EntryLine]) -> list[EntryLine]:
    """Lines that balance with the receivable in base."""
    rest = receivable.base_amount + sum((line.base_amount for line in lines), ZERO)
    if not rest:
        return list(lines)
    settled = spread_rest([line.base_amount for line in lines], [line.amount for line in lines], rest)
    return [replace(line, base_amount=base_amount) for line, base_amount in zip(lines, settled, strict=True)]


def opposite(lines: Iterable[EntryLine]) -> list[EntryLine]:
    """Debit for credit: what a credit note posts."""
    return [replace(line, amount=-line.amount, base_amount=-line.base_amount) for line in lines]


def difference_line(difference: Decimal, base: str, gain_account: str, loss_account: str) -> list[EntryLine]:
    """The exchange difference that makes an entry balance: a gain is credited, a loss debited.

    difference: sum of the entry's other base amounts; above zero it is a gain.
    """
    if not difference:
        return []
    account = gain_account if difference > 0 else loss_account
    return [EntryLine(account, base, -difference, -difference)]
