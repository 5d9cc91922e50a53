"""Allocating payments and credit notes to invoices, at once or later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sdk import Context, Document

from .books import find_accounts, post_entry, reverse_entries
from .entry_lines import EntryLine, difference_line
from .invoices import INVOICE, open_invoice
from .posting import record_open_item
from .settlement import Allocation, Settled, check_sum, check_unique, merge_allocations, portion, settle

PAYMENT, CREDIT_NOTE = "receivables.payment", "receivables.credit_note"
# Where each of the two has its date.
DATE_FIELDS = {PAYMENT: "received_on", CREDIT_NOTE: "issued_on"}
ZERO = Decimal(0)


def read_allocations(items: Iterable[Mapping[str, Any]]) -> list[Allocation]:
    return [Allocation(item["invoice"], item["amount"]) for item in items]


def write_allocations(allocations: Iterable[Allocation]) -> list[dict[str, Any]]:
    return [{"invoice": allocation.invoice, "amount": allocation.amount} for allocation in allocations]


def check_allocations(allocations: Sequence[Allocation], available: Decimal) -> None:
    check_unique(allocations)
    check_sum(allocations, available)


def settle_allocations(ctx: Context, document: Document, allocations: Sequence[Allocation]) -> list[Settled]:
    """Lock the invoices, in the order of their ids so that no two payments wait for each other, and check each."""
    invoices = {id: open_invoice(ctx, id) for id in sorted({allocation.invoice for allocation in allocations})}
    return settle(
        allocations,
        invoices,
        company_id=document.company_id,
        customer=document["customer"],
        currency=document["currency"],
    )


def record_settled(ctx: Context, document: Document, on: date, settled: Iterable[Settled]) -> None:
    for item in settled:
        record_open_item(ctx, document, on, item.invoice, -item.amount, -item.base_amount)


def update_invoices(ctx: Context, invoices: Iterable[str]) -> None:
    """Have the invoices read anew what is outstanding, once the movements are written."""
    for invoice in sorted(set(invoices)):
        ctx.elevated.documents.perform(INVOICE, invoice, "settle")


def allocate_rest(ctx: Context, document: Document, arguments: Mapping[str, Any]) -> None:
    """Move credit not allocated yet to invoices; an exchange difference goes to the ledger."""
    added = read_allocations(arguments["allocations"])
    check_allocations(added, document["unallocated"])
    on = arguments.get("allocated_on") or document[DATE_FIELDS[document.type]]
    settled = settle_allocations(ctx, document, added)
    amount = sum((item.amount for item in settled), ZERO)
    base_amount = portion(amount, document["unallocated"], document["base_unallocated"])
    record_open_item(ctx, document, on, "", amount, base_amount)
    record_settled(ctx, document, on, settled)
    difference = base_amount - sum((item.base_amount for item in settled), ZERO)
    if difference:
        entry = _post_difference(ctx, document, on, difference)
        document["difference_entries"] = [*document.get("difference_entries", ()), entry]
    present = read_allocations(document.get("allocations", ()))
    document["allocations"] = write_allocations(merge_allocations(present, added))
    document["unallocated"] -= amount
    document["base_unallocated"] -= base_amount


def _post_difference(ctx: Context, document: Document, on: date, difference: Decimal) -> str | None:
    settings = ctx.settings
    codes = [settings[f"{name}_account"] for name in ("receivable", "exchange_gain", "exchange_loss")]
    accounts = find_accounts(ctx, document.company_id, codes)
    receivable, gain, loss = (accounts[code] for code in codes)
    lines = [
        EntryLine(receivable, document["currency"], ZERO, difference, document["customer"]),
        *difference_line(difference, document["base_currency"], gain, loss),
    ]
    return post_entry(ctx, document, settings["payment_journal"], on, lines, "Exchange difference of")


def cancel_source(ctx: Context, document: Document, arguments: Mapping[str, Any]) -> None:
    """Undo a payment or credit note with all its allocations."""
    document["cancelled_on"] = arguments.get("cancelled_on") or document[DATE_FIELDS[document.type]]
    ctx.registers.reverse(document, occurred_at=document["cancelled_on"])
    document["unallocated"] = document["base_unallocated"] = ZERO


def follow_up(ctx: Context, document: Document, action: str) -> None:
    """After the movements of a payment or credit note were written."""
    update_invoices(ctx, (item["invoice"] for item in document.get("allocations", ())))
    if action == "cancel":
        reverse_entries(ctx, document)
