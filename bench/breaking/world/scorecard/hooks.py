"""Grades items by their inspections."""

from __future__ import annotations

from decimal import Decimal
from operator import itemgetter

from sdk import Context, Document, hooks

PERIODS = ("daily", "weekly")
POINTS = {"fresh": 100, "good": 80, "worn": 40, "broken": 0}
of_who_and_when = itemgetter("inspector", "inspected_on")


@hooks.before_save("scorecard.card")
def grade(ctx: Context, document: Document) -> None:
    item = ctx.documents.get("rental.item", document["item"])
    page = ctx.documents.query(
        "rental.inspection", "inspected == param.item", parameters={"item": item.id}, sort=("-inspected_on",)
    )
    document["points"] = POINTS[item["condition"]] + sum(one["score"] for one in page.items)
    document["rates"] = " ".join(f"{period}={item[f'{period}_rate']}" for period in PERIODS)
    document["grade"] = _grade(item)
    if page.items:
        last = page.items[0]
        who, when = of_who_and_when(last)
        cost = sum((finding["repair_cost"] for finding in last["findings"]), Decimal(0))
        document["summary"] = f"{who} on {when}: {cost}"


def _grade(item: Document) -> str:
    match item["category"]:
        case "tool" | "other":
            return "light"
        case "vehicle":
            return "licensed"
        case _:
            return "heavy"
