"""Bookings of the web shop become contracts."""

from __future__ import annotations

from typing import Any

from sdk import Context, Document, hooks

MAPPING = {
    "who": "customer_name",
    "mail": "customer_email",
    "arrival": "starts_on",
    "departure": "ends_on",
    "wish": "memo",
}


@hooks.action("intake.booking", "book")
def book(ctx: Context, document: Document) -> None:
    data: dict[str, Any] = {ours: document[theirs] for theirs, ours in MAPPING.items() if theirs in document}
    data.update(channel="web", tier="silver", lines=[_line(ctx, code) for code in document.get("codes", [])])
    if document.get("street"):
        data["delivery"] = dict(address=document["street"], zone="near")  # noqa: C408
    contract = ctx.documents.create("rental.contract", data, perform="activate")
    document["contract"] = contract.id


def _line(ctx: Context, code: str) -> dict[str, Any]:
    item = ctx.documents.find("rental.item", code=code)
    assert item is not None
    days = 7 if item.get("weekly_rate") else 1
    return {"equipment": item.id, "units": 1, "unit_rate": item.get("daily_rate"), "rental_days": days, "remark": code}


@hooks.action("intake.booking", "drop")
def drop(ctx: Context, document: Document) -> None:
    contract = ctx.documents.get("rental.contract", document["contract"])
    if contract.state == "active":
        ctx.documents.perform("rental.contract", contract.id, "cancel", {"cause": f"dropped by {document['who']}"})
