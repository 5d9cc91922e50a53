"""What one applet may do to another's documents, and what it may not."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sdk import Context, Document, Event, hooks


@hooks.before_save("workshop.part")
def sign_part(ctx: Context, document: Document) -> None:
    document["trace"] = f"{document['trace']}, depot"


@hooks.on("workshop.order.started")
def count_started(ctx: Context, event: Event) -> None:
    ctx.documents.create("depot.shelf", {"name": f"order {ctx.sequence('shelf')}"})


@hooks.resolve("price")
def price_nothing(ctx: Context) -> Decimal | None:
    return Decimal("0.01")


@hooks.action("depot.shelf", "probe")
def probe(ctx: Context, document: Document, arguments: Mapping[str, Any]) -> None:
    document["found"] = str(PROBES[arguments["what"]](ctx, document))


def read_part(ctx: Context, document: Document) -> str:
    return str(ctx.documents.get("workshop.part", document["part"])["code"])


def read_orders(ctx: Context, document: Document) -> int:
    return len(ctx.documents.query("workshop.order").items)


def read_orders_elevated(ctx: Context, document: Document) -> int:
    return len(ctx.elevated.documents.query("workshop.order").items)


def read_part_elevated(ctx: Context, document: Document) -> str:
    return str(ctx.elevated.documents.get("workshop.part", document["part"])["code"])


def rename_part(ctx: Context, document: Document) -> str:
    return ctx.documents.update("workshop.part", document["part"], {"name": "Renamed"}).id


def read_stock(ctx: Context, document: Document) -> Decimal:
    return ctx.registers.balance("workshop.stock")[0].resources["quantity"]


def read_costs(ctx: Context, document: Document) -> Decimal:
    return ctx.registers.balance("workshop.costs")[0].resources["amount"]


def forge_movement(ctx: Context, document: Document) -> None:
    dimensions, resources = {"part": document["part"]}, {"quantity": Decimal(1)}
    ctx.registers.record(document, "workshop.stock", occurred_at=ctx.today, dimensions=dimensions, resources=resources)


def forge_event(ctx: Context, document: Document) -> None:
    ctx.events.emit("workshop.part.stolen", document)


PROBES: dict[str, Callable[[Context, Document], object]] = {
    "part": read_part,
    "part elevated": read_part_elevated,
    "orders": read_orders,
    "orders elevated": read_orders_elevated,
    "rename": rename_part,
    "stock": read_stock,
    "costs": read_costs,
    "movement": forge_movement,
    "event": forge_event,
}
