"""What is read of the items."""

from __future__ import annotations

from decimal import Decimal

from sdk import Context, Document


def rates_of(ctx: Context, contract: Document) -> list[Decimal]:
    """Rates a day of everything on the contract that has one."""
    wanted = {line["equipment"] for line in contract["lines"]}
    items = ctx.documents.get_many({"rental.item": wanted})
    return [item["daily_rate"] for item in items.values() if "daily_rate" in item]
