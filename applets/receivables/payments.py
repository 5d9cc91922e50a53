"""Payments received: for invoices, in part too, or on account."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sdk import Context, Document, hooks

from .allocations import (
    PAYMENT,
    allocate_rest,
    cancel_source,
    check_allocations,
    follow_up,
    read_allocations,
    record_settled,
    settle_allocations,
)
from .books import find_accounts, find_money, post_entry
from .entry_lines import EntryLine, Money, difference_line
from .lookup import base_currency
from .posting import record_open_item

ZERO = Decimal(0)


@hooks.before_save(PAYMENT)
def complete_payment(ctx: Context, document: Document) -> None:
    """The currency where it was left out; allocations within the amount."""
    document["base_currency"] = base_currency(ctx, document.company_id)
    document.setdefault("currency", document["base_currency"])
    check_allocations(read_allocations(document.get("allocations", ())), document["amount"])


@hooks.action(PAYMENT, "post")
def post_payment(ctx: Context, document: Document) -> None:
    """Bank against receivables; what is not allocated stays the customer's credit."""
    on = document["received_on"]
    money = find_money(ctx, document["currency"], document["base_currency"], on)
    settled = settle_allocations(ctx, document, read_allocations(document.get("allocations", ())))
    rest = document["amount"] - sum((item.amount for item in settled), ZERO)
    base_rest = money.base(rest)
    base_settled = sum((item.base_amount for item in settled), ZERO)
    lines = _lines(ctx, document, money, base_settled + base_rest)
    document["journal_entry"] = post_entry(ctx, document, ctx.settings["payment_journal"], on, lines, "Payment")
    record_settled(ctx, document, on, settled)
    record_open_item(ctx, document, on, "", -rest, -base_rest)
    document["unallocated"], document["base_unallocated"] = rest, base_rest
    document["exchange_rate"], document["base_amount"] = money.rate, money.base(document["amount"])


def _lines(ctx: Context, document: Document, money: Money, base_credit: Decimal) -> list[EntryLine]:
    """What the bank received at its rate, what is settled at the invoices' rates, and the difference."""
    settings, amount = ctx.settings, document["amount"]
    base_amount = money.base(amount)
    codes = [settings["receivable_account"]]
    if "bank_account" not in document:
        codes.append(settings["bank_account"])
    if base_amount != base_credit:
        codes += [settings["exchange_gain_account"], settings["exchange_loss_account"]]
    accounts = find_accounts(ctx, document.company_id, codes)
    bank = document.get("bank_account") or accounts[settings["bank_account"]]
    receivable = accounts[settings["receivable_account"]]
    gain, loss = (accounts.get(settings[f"exchange_{way}_account"], "") for way in ("gain", "loss"))
    return [
        EntryLine(bank, money.currency, amount, base_amount),
        EntryLine(receivable, money.currency, -amount, -base_credit, document["customer"]),
        *difference_line(base_amount - base_credit, document["base_currency"], gain, loss),
    ]


@hooks.action(PAYMENT, "allocate")
def allocate_payment(ctx: Context, document: Document, arguments: Mapping[str, Any]) -> None:
    allocate_rest(ctx, document, arguments)


@hooks.action(PAYMENT, "cancel")
def cancel_payment(ctx: Context, document: Document, arguments: Mapping[str, Any]) -> None:
    cancel_source(ctx, document, arguments)


@hooks.after_action(PAYMENT, "post", "allocate", "cancel")
def follow_up_payment(ctx: Context, document: Document, action: str) -> None:
    follow_up(ctx, document, action)
