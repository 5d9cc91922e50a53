"""Sheets of the fleet with the columns somebody has chosen."""

from __future__ import annotations

from functools import reduce
from typing import Any

from sdk import Context, Document, hooks

PLACES = "depot.city depot.bay"


@hooks.before_save("columns.sheet")
def fill(ctx: Context, document: Document) -> None:
    items = ctx.documents.query("rental.item", sort=["code"]).items
    names = [name.strip() for name in ctx.settings["shown"].split(",")]
    document["body"] = "\n".join("|".join(str(item[name]) for name in names) for item in items)
    document["sum"] = sum(item[ctx.settings["summed"]] for item in items)
    document["cities"] = ", ".join("/".join(_dig(item, path) for path in PLACES.split()) for item in items)


def _dig(document: Document, path: str) -> str:
    value: Any = reduce(lambda found, name: found[name], path.split("."), document)
    return str(value)
