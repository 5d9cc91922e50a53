"""Demo year 2025: invoices, payments, credit notes. The same seed gives the same documents."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sdk import Context, Document, decimal_text, round_half_up

from .books import find_accounts

YEAR = 2025
INVOICES, DRAFTS, CREDIT_NOTES = 300, 6, 8
# In percent.
PAID_SHARE, PARTLY_SHARE, FREIGHT_SHARE, DISCOUNT_SHARE = 70, 12, 40, 15
PAGE = 200
LAST_DAY = date(YEAR, 12, 31)
# code, name, percent, tax category, account
# The last drafts are large enough to need approval.
LARGE_DRAFTS, LARGE_FACTOR = 2, 15
PRICED_FROM = 20
_RATES = (("STD", "Standard rate", "19", "standard", "2200"), ("RED", "Reduced rate", "7", "reduced", "2210"))


def load_demo(ctx: Context, seed: int) -> None:
    """Create tax rates, 300 invoices of which most are posted, payments for about 70 % and a few credit notes."""
    rng = random.Random(f"receivables {seed}")
    _create_rates(ctx)
    customers = ctx.documents.query("parties.customer", sort=("code",), limit=PAGE).items
    products = ctx.documents.query("catalog.product", sort=("code",), limit=PAGE).items
    if not customers or not products:
        return
    days = sorted(date(YEAR, 1, 2) + timedelta(days=rng.randrange(360)) for _ in range(INVOICES))
    posted = [_create_invoice(ctx, rng, customers, products, day, index) for index, day in enumerate(days)]
    invoices = [invoice for invoice in posted if invoice.state == "posted"]
    for invoice in rng.sample(invoices, CREDIT_NOTES):
        _credit(ctx, rng, invoice)
    for invoice in invoices:
        _maybe_pay(ctx, rng, invoice.id)


def _create_rates(ctx: Context) -> None:
    accounts = find_accounts(ctx, ctx.company_id, [rate[-1] for rate in _RATES])
    for code, name, percent, category, account in _RATES:
        rate = {"code": code, "name": name, "percent": percent, "tax_category": category, "account": accounts[account]}
        ctx.documents.create("receivables.tax_rate", rate)


def _create_invoice(
    ctx: Context, rng: random.Random, customers: Sequence[Document], products: Sequence[Document], day: date, index: int
) -> Document:
    factor = LARGE_FACTOR if index >= INVOICES - LARGE_DRAFTS else 1
    lines = [_line(rng, product, factor) for product in rng.sample(list(products), rng.randint(1, 6))]
    data: dict[str, Any] = {"customer": rng.choice(customers).id, "issued_on": day, "lines": lines}
    if rng.randrange(100) < FREIGHT_SHARE:
        data["freight"] = decimal_text(Decimal(rng.randrange(490, 3900)) / 100, 2)
    invoice = ctx.documents.create("receivables.invoice", data)
    if index >= INVOICES - DRAFTS:
        return invoice
    return ctx.documents.perform("receivables.invoice", invoice.id, "post")


def _line(rng: random.Random, product: Document, factor: int) -> dict[str, Any]:
    quantity = rng.choice((1, 2, 3, 5, 6, 10, 12, 20, 24)) * factor
    line: dict[str, Any] = {"product": product.id, "quantity": str(quantity)}
    # Larger quantities ask the price list.
    if quantity < PRICED_FROM:
        line["unit_price"] = product["sales_price"]
    if rng.randrange(100) < DISCOUNT_SHARE:
        line["discount_percent"] = rng.choice(("3", "5", "10"))
    return line


def _credit(ctx: Context, rng: random.Random, invoice: Document) -> None:
    """Take back one unit of the invoice's first line."""
    line = {name: value for name, value in invoice["lines"][0].items() if name not in ("net", "tax_percent")}
    day = min(invoice["issued_on"] + timedelta(days=rng.randrange(3, 15)), LAST_DAY)
    data = {
        "customer": invoice["customer"],
        "invoice": invoice.id,
        "issued_on": day,
        "memo": rng.choice(("Damaged in transit", "Returned", "Wrong article")),
        "lines": [{**line, "quantity": "1"}],
    }
    note = ctx.documents.create("receivables.credit_note", data)
    ctx.documents.perform("receivables.credit_note", note.id, "post")


def _maybe_pay(ctx: Context, rng: random.Random, invoice_id: str) -> None:
    luck = rng.randrange(100)
    if luck >= PAID_SHARE + PARTLY_SHARE:
        return
    invoice = ctx.documents.get("receivables.invoice", invoice_id)
    amount = invoice["outstanding"] if luck < PAID_SHARE else round_half_up(invoice["outstanding"] / 2, 2)
    received_on = min(invoice["due_on"] + timedelta(days=rng.randrange(-10, 25)), LAST_DAY)
    if not amount:
        return
    data = {
        "customer": invoice["customer"],
        "received_on": max(received_on, invoice["issued_on"]),
        "amount": amount,
        "reference": invoice.number,
        "allocations": [{"invoice": invoice.id, "amount": amount}],
    }
    payment = ctx.documents.create("receivables.payment", data)
    ctx.documents.perform("receivables.payment", payment.id, "post")
