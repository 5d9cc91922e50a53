"""What invoices and credit notes post: the journal entry, the open item and the sales."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from sdk import Context, Document

from .books import find_accounts
from .entry_lines import EntryLine, Money, sale_lines

OPEN_ITEMS = "receivables.open_items"
SALES = "receivables.sales"
ZERO = Decimal(0)
ONE = Decimal(1)


def lines_of_sale(ctx: Context, document: Document, money: Money, base_total: Decimal) -> list[EntryLine]:
    """The entry of an invoice; a credit note posts its opposite."""
    settings = ctx.settings
    default = settings["revenue_account"]
    codes = {settings["receivable_account"], *(line.get("revenue_account", default) for line in document["lines"])}
    if document.get("freight"):
        codes.add(settings["freight_account"])
    accounts = find_accounts(ctx, document.company_id, codes)
    receivable = EntryLine(
        accounts[settings["receivable_account"]], money.currency, document["total"], base_total, document["customer"]
    )
    return sale_lines(receivable, _credits(document, settings, accounts), money)


def _credits(
    document: Document, settings: Mapping[str, str], accounts: Mapping[str, str]
) -> Iterable[tuple[str, Decimal]]:
    for line in document["lines"]:
        yield accounts[line.get("revenue_account", settings["revenue_account"])], line["net"]
    if document.get("freight"):
        yield accounts[settings["freight_account"]], document["freight"]
    for tax in document.get("taxes", ()):
        yield tax["account"], tax["amount"]


def record_open_item(
    ctx: Context, document: Document, on: date, invoice: str, amount: Decimal, base_amount: Decimal
) -> None:
    """One movement of what the customer owes; `invoice` is empty for credit not allocated."""
    if amount or base_amount:
        ctx.registers.record(
            document,
            OPEN_ITEMS,
            occurred_at=on,
            dimensions={"customer": document["customer"], "invoice": invoice, "currency": document["currency"]},
            resources={"amount": amount, "base_amount": base_amount},
        )


def record_sales(ctx: Context, document: Document, money: Money, sign: int) -> None:
    """One movement per product: of revenue and quantity."""
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for line in document["lines"]:
        net, quantity = sums.get(line.get("product", ""), (ZERO, ZERO))
        sums[line.get("product", "")] = (net + line["net"], quantity + line.get("quantity", ONE))
    for product, (net, quantity) in sums.items():
        ctx.registers.record(
            document,
            SALES,
            occurred_at=document["issued_on"],
            dimensions={"customer": document["customer"], "product": product, "currency": document["currency"]},
            resources={"amount": sign * net, "base_amount": money.base(sign * net), "quantity": sign * quantity},
        )
