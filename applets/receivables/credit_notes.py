"""Credit notes: an invoice taken back in part or whole, or credit given to a customer."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sdk import Context, Document, decimal_text, hooks

from .allocations import (
    CREDIT_NOTE,
    allocate_rest,
    cancel_source,
    follow_up,
    record_settled,
    settle_allocations,
    write_allocations,
)
from .books import find_money, post_entry
from .entry_lines import Money, opposite
from .errors import AllocationExceedsOutstanding, CreditExceedsOutstanding
from .invoices import INVOICE
from .lookup import find_linked
from .posting import lines_of_sale, record_open_item, record_sales
from .sales import complete_sale
from .settlement import Allocation, Settled

ZERO = Decimal(0)


@hooks.before_save(CREDIT_NOTE)
def complete_credit_note(ctx: Context, document: Document) -> None:
    if "invoice" in document and "currency" not in document:
        invoice = find_linked(ctx, INVOICE, document["invoice"])
        document["currency"] = invoice["currency"] if invoice else None
    complete_sale(ctx, document)


@hooks.action(CREDIT_NOTE, "post")
def post_credit_note(ctx: Context, document: Document) -> None:
    """The opposite of an invoice; with an invoice it is allocated to it at the invoice's rate."""
    on, total = document["issued_on"], document["total"]
    settled = _settle_invoice(ctx, document)
    money = _find_money(ctx, document)
    base_total = settled[0].base_amount if settled else money.base(total)
    lines = opposite(lines_of_sale(ctx, document, money, base_total))
    document["journal_entry"] = post_entry(ctx, document, ctx.settings["sales_journal"], on, lines, "Credit note")
    record_sales(ctx, document, money, -1)
    record_settled(ctx, document, on, settled)
    document["exchange_rate"], document["base_total"] = money.rate, base_total
    if settled:
        document["allocations"] = write_allocations([Allocation(settled[0].invoice, total)])
        document["unallocated"] = document["base_unallocated"] = ZERO
    else:
        record_open_item(ctx, document, on, "", -total, -base_total)
        document["unallocated"], document["base_unallocated"] = total, base_total


def _settle_invoice(ctx: Context, document: Document) -> list[Settled]:
    if "invoice" not in document:
        return []
    try:
        return settle_allocations(ctx, document, [Allocation(document["invoice"], document["total"])])
    except AllocationExceedsOutstanding as error:
        outstanding = error.details["outstanding"]
        raise CreditExceedsOutstanding(total=decimal_text(document["total"], 2), outstanding=outstanding) from None


def _find_money(ctx: Context, document: Document) -> Money:
    if "invoice" not in document:
        return find_money(ctx, document["currency"], document["base_currency"], document["issued_on"])
    rate = ctx.elevated.documents.get(INVOICE, document["invoice"])["exchange_rate"]
    return Money(document["currency"], rate)


@hooks.action(CREDIT_NOTE, "allocate")
def allocate_credit_note(ctx: Context, document: Document, arguments: Mapping[str, Any]) -> None:
    allocate_rest(ctx, document, arguments)


@hooks.action(CREDIT_NOTE, "cancel")
def cancel_credit_note(ctx: Context, document: Document, arguments: Mapping[str, Any]) -> None:
    cancel_source(ctx, document, arguments)


@hooks.after_action(CREDIT_NOTE, "post", "allocate", "cancel")
def follow_up_credit_note(ctx: Context, document: Document, action: str) -> None:
    follow_up(ctx, document, action)
