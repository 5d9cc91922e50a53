"""Pure rules of invoices: nets, discounts, taxes, totals. Amounts have two digits, rounded half up once each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sdk import round_half_up

CENTS = 2
HUNDRED = Decimal(100)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class TaxRate:
    """percent: 19 for 19 %. account: id of the ledger account the tax is owed on."""

    id: str
    percent: Decimal
    account: str


@dataclass(frozen=True, slots=True)
class TaxSum:
    """The tax of all nets of one rate."""

    rate: TaxRate
    net: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """net: of the lines, freight apart. total: net, freight and tax."""

    net: Decimal
    freight: Decimal
    taxes: tuple[TaxSum, ...]

    @property
    def tax(self) -> Decimal:
        return sum((tax.amount for tax in self.taxes), ZERO)

    @property
    def total(self) -> Decimal:
        return self.net + self.freight + self.tax


def line_net(quantity: Decimal, unit_price: Decimal, discount_percent: Decimal = ZERO) -> Decimal:
    """Quantity times price less discount, rounded half up to cents."""
    return round_half_up(quantity * unit_price * (HUNDRED - discount_percent) / HUNDRED, CENTS)


def percent_of(net: Decimal, percent: Decimal) -> Decimal:
    """A tax, rounded half up to cents."""
    return round_half_up(net * percent / HUNDRED, CENTS)


def sum_taxes(nets: Iterable[tuple[str | None, Decimal]], rates: Mapping[str, TaxRate]) -> tuple[TaxSum, ...]:
    """Tax per rate, of the sum of its nets (not of each line), in the order rates first occur."""
    sums: dict[str, Decimal] = {}
    for tax, net in nets:
        if tax is not None:
            sums[tax] = sums.get(tax, ZERO) + net
    return tuple(TaxSum(rates[tax], net, percent_of(net, rates[tax].percent)) for tax, net in sums.items())


def sum_up(
    lines: Sequence[tuple[str | None, Decimal]], freight: Decimal, freight_tax: str | None, rates: Mapping[str, TaxRate]
) -> Totals:
    """Totals of lines given as (tax rate id, net)."""
    net = sum((net for _, net in lines), ZERO)
    return Totals(net, freight, sum_taxes([*lines, (freight_tax if freight else None, freight)], rates))


def due_date(issued_on: date, terms_days: int) -> date:
    """The day terms later, or the calendar's last where that lies beyond it."""
    return issued_on + min(timedelta(days=terms_days), date.max - issued_on)
