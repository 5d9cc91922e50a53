"""Pure rules of settling: what an allocation takes off an invoice, and the exchange difference it leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sdk import decimal_text, round_half_up

from .errors import (
    AllocationDuplicate,
    AllocationExceedsOutstanding,
    AllocationInvoiceUnfit,
    AllocationsExceedAmount,
)

BASE_SCALE = 2
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """What of an invoice is open, in its currency and in the company's."""

    id: str
    number: str | None
    company_id: str | None
    customer: str
    currency: str
    state: str | None
    outstanding: Decimal
    base_outstanding: Decimal


@dataclass(frozen=True, slots=True)
class Allocation:
    invoice: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Settled:
    """An allocation with the part of the invoice's base amount that it settles."""

    invoice: str
    amount: Decimal
    base_amount: Decimal


def portion(amount: Decimal, whole: Decimal, base_whole: Decimal) -> Decimal:
    """The base amount of a part; the last part takes what is left, so that nothing remains."""
    if amount == whole:
        return base_whole
    return round_half_up(base_whole * amount / whole, BASE_SCALE)


def check_sum(allocations: Iterable[Allocation], available: Decimal) -> None:
    """Raises AllocationsExceedAmount."""
    allocated = sum((allocation.amount for allocation in allocations), ZERO)
    if allocated > available:
        raise AllocationsExceedAmount(allocated=decimal_text(allocated, 2), available=decimal_text(available, 2))


def check_unique(allocations: Sequence[Allocation]) -> None:
    """Raises AllocationDuplicate."""
    invoices = [allocation.invoice for allocation in allocations]
    for invoice in invoices:
        if invoices.count(invoice) > 1:
            raise AllocationDuplicate(invoice=invoice)


def settle(
    allocations: Sequence[Allocation],
    invoices: Mapping[str, OpenInvoice],
    *,
    company_id: str | None,
    customer: str,
    currency: str,
) -> list[Settled]:
    """Raises AllocationInvoiceUnfit, AllocationExceedsOutstanding."""
    settled = []
    for allocation in allocations:
        invoice = invoices[allocation.invoice]
        _check_fit(invoice, company_id, customer, currency)
        if allocation.amount > invoice.outstanding:
            raise AllocationExceedsOutstanding(
                invoice=invoice.number,
                amount=decimal_text(allocation.amount, 2),
                outstanding=decimal_text(invoice.outstanding, 2),
            )
        base_amount = portion(allocation.amount, invoice.outstanding, invoice.base_outstanding)
        settled.append(Settled(invoice.id, allocation.amount, base_amount))
    return settled


def _check_fit(invoice: OpenInvoice, company_id: str | None, customer: str, currency: str) -> None:
    reasons = {
        "it is not posted": invoice.state == "posted",
        "it belongs to another company": invoice.company_id == company_id,
        "it belongs to another customer": invoice.customer == customer,
        f"it is in {invoice.currency}": invoice.currency == currency,
    }
    for reason, fits in reasons.items():
        if not fits:
            raise AllocationInvoiceUnfit(invoice=invoice.number or invoice.id, reason=reason)


def merge_allocations(present: Iterable[Allocation], added: Iterable[Allocation]) -> list[Allocation]:
    """One allocation per invoice."""
    sums: dict[str, Decimal] = {}
    for allocation in (*present, *added):
        sums[allocation.invoice] = sums.get(allocation.invoice, ZERO) + allocation.amount
    return [Allocation(invoice, amount) for invoice, amount in sums.items()]
