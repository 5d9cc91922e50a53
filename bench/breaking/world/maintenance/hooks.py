"""What comes back is looked at; what fails is put aside."""

from __future__ import annotations

from sdk import Context, Document, Event, hooks

from .orders import inspection_of, worst

ITEM = "rental.item"
INSPECTION = "rental.inspection"


@hooks.on("rental.contract.given_back")
def inspect_everything(ctx: Context, event: Event) -> None:
    contract = ctx.documents.get("rental.contract", event.aggregate_id)
    has_damage = bool(contract.get("damage"))
    found = ctx.documents.get_many({ITEM: [line["equipment"] for line in contract["lines"]]})
    for item in found.values():
        if item.get("is_insured") or has_damage:
            ctx.documents.create(INSPECTION, inspection_of(item, ctx.today, passed=not has_damage))


@hooks.after_save(INSPECTION)
def put_aside(ctx: Context, document: Document, previous: Document | None) -> None:
    is_bad = not document.get("passed", True) or worst(document.get("findings") or []) == "high"
    if is_bad or document.get("score", 100) < 20:
        ctx.documents.update(ITEM, document["inspected"], {"condition": "broken"})
