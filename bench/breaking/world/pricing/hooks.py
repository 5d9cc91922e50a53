"""Sets discount and surcharge of a contract."""

from __future__ import annotations

from decimal import Decimal

from sdk import Context, Document, hooks

from .lookup import rates_of
from .rules import Terms, discount, surcharge


@hooks.before_save("rental.contract")
def set_price(ctx: Context, document: Document, previous: Document | None) -> None:
    terms = Terms.of(document)
    document["discount_percent"] = discount(terms, ctx.settings["gold_percent"])
    if previous is None:
        document["surcharge"] = surcharge(terms, rates_of(ctx, document))


@hooks.resolve("price")
def quote(ctx: Context, product_id: str, quantity: Decimal, currency: str) -> Decimal | None:
    item = ctx.documents.find("rental.item", code=product_id)
    return None if item is None else item["weekly_rate"] * quantity
