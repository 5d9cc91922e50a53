"""Points for what was earned."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sdk import Balance, Context, Document, Event, Question, hooks

ACCOUNT = "loyalty.account"
REVENUE = "rental.revenue"
FIRST_DAY = date(2020, 1, 1)


@hooks.action(ACCOUNT, "count")
def count(ctx: Context, document: Document) -> None:
    where = {"earned_by": document["item"]}
    earned, outside = ctx.registers.balances(
        Question(REVENUE, where=where, group_by=("tier_code",)),
        Question("rental.units_out", where={"asset": document["item"]}),
    )
    document["points"] = int(sum(balance.resources["earned"] for balance in earned))
    document["best"] = max(earned, key=_earned).dimensions["tier_code"] if earned else None
    document["outside"] = int(sum(balance.resources["units_outside"] for balance in outside))


def _earned(balance: Balance) -> Decimal:
    return balance.resources["earned"]


@hooks.action(ACCOUNT, "report")
def take_from_report(ctx: Context, document: Document) -> None:
    rows = ctx.reports.run("rental.income", {"since": FIRST_DAY, "until_day": ctx.today, "tier_wanted": "gold"})
    document["income"] = sum((row["income"] for row in rows if row["earned_by"] == document["item"]), Decimal(0))
    document["points"] = sum(int(row["days_total"]) for row in rows)


@hooks.on("rental.contract.activated")
def remember_last(ctx: Context, event: Event) -> None:
    contract = ctx.documents.get(event.aggregate_type, event.aggregate_id)
    for line in contract["lines"]:
        for account in ctx.documents.find_all(ACCOUNT, item=line["equipment"]):
            turnover = ctx.registers.turnover(
                REVENUE, since=contract["starts_on"], until=None, where={"earned_by": line["equipment"]}
            )
            points = sum(int(one.resources["days_earned"]) for one in turnover)
            ctx.documents.update(ACCOUNT, account.id, {"last": contract.id, "points": points})
