"""Late customers are told once; those who owe much get no more time."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sdk import Context, Event, hooks

CONTRACT = "rental.contract"
FRIENDLY_DAYS = 7
MUCH = Decimal(1000)


@hooks.on(f"{CONTRACT}.overdue_found")
def give_time(ctx: Context, event: Event) -> None:
    due = Decimal(event.payload["amount_due"])
    if event.payload["days_late"] > FRIENDLY_DAYS or due > MUCH:
        tell(ctx, event, title=f"Late: {event.payload['contact']}")
        return
    until = ctx.today + timedelta(days=3)
    ctx.documents.perform(CONTRACT, event.aggregate_id, "extend", {"until": until, "reason": "a friendly reminder"})


@hooks.on(f"{CONTRACT}.extended")
def confirm(ctx: Context, event: Event) -> None:
    changes: dict[str, Any] = event.payload["diff"]
    tell(ctx, event, title=f"Extended until {changes['ends_on']}", body=changes.get("memo", ""))


def tell(ctx: Context, event: Event, **words: str) -> None:
    note = {"role": "rental.clerk", "document_type": event.aggregate_type, "document_id": event.aggregate_id}
    ctx.documents.create("kernel.notification", {**note, **words})
