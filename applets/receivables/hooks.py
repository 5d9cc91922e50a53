"""The hooks of receivables, gathered from where their subjects are."""

from __future__ import annotations

from sdk import Context, hooks

from .books import refuse_foreign_reversal
from .credit_notes import (
    allocate_credit_note,
    cancel_credit_note,
    complete_credit_note,
    follow_up_credit_note,
    post_credit_note,
)
from .demo import load_demo
from .guards import open_items_equal_control_account
from .invoices import cancel_invoice, complete_invoice, post_invoice, reverse_invoice_entry, settle_invoice
from .payments import allocate_payment, cancel_payment, complete_payment, follow_up_payment, post_payment

__all__ = [
    "allocate_credit_note", "allocate_payment", "cancel_credit_note", "cancel_invoice", "cancel_payment",
    "complete_credit_note", "complete_invoice", "complete_payment", "follow_up_credit_note", "follow_up_payment",
    "load_demo_data", "open_items_equal_control_account", "post_credit_note", "post_invoice", "post_payment",
    "refuse_foreign_reversal", "reverse_invoice_entry", "settle_invoice",
]  # fmt: skip


@hooks.demo_data
def load_demo_data(ctx: Context, seed: int) -> None:
    """A year of invoices, payments and a few credit notes."""
    load_demo(ctx, seed)
