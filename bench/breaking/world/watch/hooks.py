"""Keeps notes of what was done with contracts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdk import Context, Document, Event, hooks

NOTE = "watch.note"
WATCHED = ("ends_on", "discount_percent", "billing_currency")
FINAL = {"returned", "cancelled"}


@hooks.after_save("rental.contract")
def note_changes(ctx: Context, document: Document, previous: Document | None) -> None:
    if previous is None:
        return
    changed = [name for name in WATCHED if document.get(name) != previous.get(name)]
    if changed:
        _note(ctx, document, f"{ctx.actor.name} changed {', '.join(changed)}")


@hooks.after_action("rental.contract")
def note_action(ctx: Context, document: Document, action: str, arguments: Mapping[str, Any]) -> None:
    if action in ("give_back", "cancel"):
        given = "; ".join(f"{name}: {value}" for name, value in sorted(arguments.items()))
        is_final = document.state in FINAL
        _note(ctx, document, f"{action} ({given}) {'for good' if is_final else ''}")
    elif action == "extend":
        _note(ctx, document, f"until {arguments['until']}: {arguments.get('reason', 'no reason')}")


@hooks.before_delete("rental.item")
def keep_dear_items(ctx: Context, document: Document) -> None:
    if document.get("owned", 0) > 1 or "replacement" in document:
        text = f"{document['code']} deleted, tags {' '.join(document.get('tags', ()))}"
        ctx.documents.create(NOTE, {"text": text})


@hooks.on("rental.contract.*", "rental.item.created")
def note_colour(ctx: Context, event: Event) -> None:
    if event.type == "rental.item.created":
        colour = event.payload["diff"].get("colour")
        text = f"new item, {colour}" if colour else ""
    else:
        text = {"rental.contract.reminded": "reminded", "rental.contract.cancelled": "called off"}.get(event.type, "")
    if text:
        ctx.documents.create(NOTE, {"text": text})


def _note(ctx: Context, document: Document, text: str) -> None:
    ctx.documents.create(NOTE, {"text": text, "about": document.id})
