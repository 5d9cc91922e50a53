"""Invoices: draft, posted, cancelled; what is outstanding follows from the register."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sdk import Context, Document, decimal_text, hooks

from .books import find_money, post_entry, reverse_entries
from .errors import InvoiceHasAllocations
from .posting import OPEN_ITEMS, lines_of_sale, record_open_item, record_sales
from .sales import complete_sale
from .settlement import OpenInvoice

INVOICE = "receivables.invoice"
ZERO = Decimal(0)


@hooks.before_save(INVOICE)
def complete_invoice(ctx: Context, document: Document) -> None:
    complete_sale(ctx, document)


@hooks.action(INVOICE, "post")
def post_invoice(ctx: Context, document: Document) -> None:
    """Post the entry, open the item, count the sales."""
    issued_on = document["issued_on"]
    money = find_money(ctx, document["currency"], document["base_currency"], issued_on)
    base_total = money.base(document["total"])
    lines = lines_of_sale(ctx, document, money, base_total)
    document["journal_entry"] = post_entry(ctx, document, ctx.settings["sales_journal"], issued_on, lines, "Invoice")
    record_open_item(ctx, document, issued_on, document.id, document["total"], base_total)
    record_sales(ctx, document, money, 1)
    document["exchange_rate"], document["base_total"] = money.rate, base_total
    _set_outstanding(document, document["total"], base_total)


def _set_outstanding(document: Document, outstanding: Decimal, base_outstanding: Decimal) -> None:
    document["paid"] = document["total"] - outstanding
    document["outstanding"], document["base_outstanding"] = outstanding, base_outstanding


@hooks.action(INVOICE, "settle")
def settle_invoice(ctx: Context, document: Document) -> None:
    """What is outstanding is what the register says; nobody can set it to anything else."""
    where = {"customer": document["customer"], "invoice": document.id}
    found = ctx.registers.balance(OPEN_ITEMS, where=where, company_id=document.company_id)
    sums = found[0].resources if found else {}
    _set_outstanding(document, sums.get("amount", ZERO), sums.get("base_amount", ZERO))


@hooks.action(INVOICE, "cancel")
def cancel_invoice(ctx: Context, document: Document, arguments: Mapping[str, Any]) -> None:
    """Undo it, as long as nothing was paid or credited."""
    if document["paid"]:
        raise InvoiceHasAllocations(paid=decimal_text(document["paid"], 2))
    document["cancelled_on"] = arguments.get("cancelled_on") or document["issued_on"]
    ctx.registers.reverse(document, occurred_at=document["cancelled_on"])
    document["outstanding"] = document["base_outstanding"] = ZERO


@hooks.after_action(INVOICE, "cancel")
def reverse_invoice_entry(ctx: Context, document: Document) -> None:
    reverse_entries(ctx, document)


def open_invoice(ctx: Context, id: str) -> OpenInvoice:
    """What is open of an invoice, which nobody else can settle until this transaction ends."""
    invoice = ctx.elevated.documents.get(INVOICE, id, lock=True)
    return OpenInvoice(
        id=invoice.id,
        number=invoice.number,
        company_id=invoice.company_id,
        customer=invoice["customer"],
        currency=invoice["currency"],
        state=invoice.state,
        outstanding=invoice.get("outstanding", ZERO),
        base_outstanding=invoice.get("base_outstanding", ZERO),
    )
