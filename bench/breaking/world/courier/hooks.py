"""Brings what is handed out and fetches what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sdk import Context, Document, Event, hooks

from .trips import ITEM, TRIP, Trip

RENTED = "rental.contract"
PLACE = ("address", "zone")


def _bring(ctx: Context, contract: Document) -> None:
    place = contract.get("delivery") or {}
    if not place.get("address"):
        return
    first, *_ = contract["lines"]
    Trip(ctx).of(contract).to(**{name: place[name] for name in PLACE if name in place}).knowing(
        first["equipment"]
    ).make()


def _fetch(ctx: Context, contract: Document) -> None:
    for trip in ctx.documents.find_all(TRIP, contract=contract.id):
        damaged = "damage" in contract.fields and contract["damage"] is not None
        ctx.documents.update(TRIP, trip.id, {"note": f"fetch{', damaged' if damaged else ''}"})


HANDLERS: Mapping[str, Callable[[Context, Document], None]] = {
    "activated": _bring,
    "given_back": _fetch,
    "cancelled": _fetch,
}


@hooks.on(*(f"{RENTED}.{name}" for name in HANDLERS))
def follow(ctx: Context, event: Event) -> None:
    contract = ctx.documents.get(event.aggregate_type, event.aggregate_id)
    HANDLERS[event.type.rpartition(".")[2]](ctx, contract)


@hooks.action(TRIP, "refuse")
def refuse(ctx: Context, document: Document, arguments: Mapping[str, Any]) -> None:
    contract = ctx.documents.get(RENTED, document["contract"])
    if contract.state in {"draft", "active"}:
        ctx.documents.perform(RENTED, contract.id, "cancel", {"cause": arguments["why"]})


@hooks.action(TRIP, "delay")
def delay(ctx: Context, document: Document, arguments: Mapping[str, Any]) -> None:
    given = {"until": arguments["day"]}
    given["reason"] = f"{document['address']} is far"
    ctx.documents.perform(RENTED, document["contract"], action="extend", arguments=given)


@hooks.action(TRIP, "check")
def check(ctx: Context, document: Document) -> None:
    base = dict.fromkeys(("score",), 50)
    for line in ctx.documents.get(RENTED, document["contract"])["lines"]:
        finding = {"part": document.get("note", "all of it"), "severity": "low"}
        report = {**base, "inspected": line["equipment"], "inspector": ctx.actor.name, "findings": [finding]}
        ctx.documents.create("rental.inspection", report)
        if bay := document.get("yard"):
            ctx.documents.update(ITEM, line["equipment"], {"depot": {"bay": bay}, "tags": ["back"]})
