"""What catalog does when its documents are saved, and its answer to what a product costs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sdk import Context, Document, hooks

from .demo import load_demo
from .rules import check_price_list, is_valid, pick_price, read_lines


@hooks.validate_document("catalog.price_list")
def check_lines(ctx: Context, document: Document) -> None:
    """Spans of validity run forward, and no two lines say different prices for the same."""
    check_price_list(document)


@hooks.resolve("price")
def price_of_product(ctx: Context, product_id: str, quantity: Decimal, on: date, currency: str) -> Decimal | None:
    """The price by the price lists of the currency, else the product's own sales price if it is in the currency."""
    lines = [
        line
        for price_list in ctx.elevated.documents.find_all("catalog.price_list", currency=currency)
        if is_valid(price_list.get("valid_from"), price_list.get("valid_until"), on)
        for line in read_lines(price_list, product_id)
    ]
    price = pick_price(lines, quantity, on)
    return price if price is not None else _sales_price(ctx, product_id, currency)


def _sales_price(ctx: Context, product_id: str, currency: str) -> Decimal | None:
    product = ctx.elevated.documents.get("catalog.product", product_id)
    is_in_currency = product.get("currency", ctx.tenant.currency) == currency
    price: Decimal | None = product.get("sales_price") if is_in_currency else None
    return price


@hooks.demo_data
def load_demo_data(ctx: Context, seed: int) -> None:
    """Units, products and a price list of a small trading company."""
    load_demo(ctx, seed)
