"""Every kind of hook. Titles such as `forbidden` make them refuse, crash or do what is not allowed."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sdk import Context, Document, Event, hooks

from . import rules


@hooks.before_save("workshop.order")
def enter(ctx: Context, document: Document, previous: Document | None) -> None:
    if document["title"] == "forbidden":
        raise rules.TitleForbidden(title=document["title"])
    if document["title"] == "crash":
        raise ZeroDivisionError
    if document["title"] == "binary":
        document["hours"] = 1 / 10
    if document["title"] == "unrounded":
        document["hours"] = Decimal("1.005")
    if previous is None:
        document["entered_by"] = ctx.actor.id


@hooks.before_save("workshop.part")
def sign_part(ctx: Context, document: Document) -> None:
    document["trace"] = "workshop"


@hooks.validate_document("workshop.order")
def check_due(ctx: Context, document: Document) -> None:
    if rules.is_due_too_early(document["ordered_on"], document.get("due_at")):
        raise rules.DueTooEarly


@hooks.after_save("workshop.order")
def follow_up(ctx: Context, document: Document, previous: Document | None) -> None:
    if document["title"] == "with a log":
        ctx.documents.create("workshop.log", {"text": "entered", "about": document.id})
    if document["title"] == "regretted":
        ctx.documents.create("workshop.log", {"text": "about to be rolled back"})
        raise rules.TitleForbidden(title=document["title"])
    if document["title"] == "too late":
        move_stock(ctx, document, "x", Decimal(1), document["ordered_on"])


@hooks.before_delete("workshop.part")
def keep_anvil(ctx: Context, document: Document) -> None:
    if document["name"] == "Anvil":
        raise rules.AnvilKept


@hooks.validate_action("workshop.order", "finish")
def check_hours(ctx: Context, document: Document, action: str, arguments: Mapping[str, Any]) -> None:
    hours = arguments.get("hours", Decimal(0))
    if hours > ctx.settings["hours_max"]:
        raise rules.HoursExceeded(hours=hours, maximum=ctx.settings["hours_max"])


@hooks.action("workshop.part", "receive")
def receive(ctx: Context, document: Document, arguments: Mapping[str, Any]) -> None:
    move_stock(ctx, document, document.id, arguments["quantity"], arguments.get("received_on", ctx.today))


@hooks.action("workshop.order", "start")
def start(ctx: Context, document: Document) -> None:
    day = document["ordered_on"]
    for part, quantity in rules.quantities_by_part(document["lines"]).items():
        move_stock(ctx, document, part, -quantity, day)
    for line in document["lines"]:
        book(ctx, document, "material", line, line.get("amount", Decimal(0)))
        if document["title"] != "unbalanced":
            book(ctx, document, "stock", line, -line.get("amount", Decimal(0)))


@hooks.action("workshop.order", "finish")
def finish(ctx: Context, document: Document, arguments: Mapping[str, Any]) -> None:
    document["finished_on"] = arguments["finished_on"]
    document["hours"] = arguments.get("hours")
    ctx.events.emit("workshop.order.inspected", document, {"by": ctx.actor.id, "hours": arguments.get("hours")})


@hooks.action("workshop.order", "cancel")
def cancel(ctx: Context, document: Document) -> None:
    ctx.registers.reverse(document)


@hooks.after_action("workshop.order", "cancel")
def note_cancelled(ctx: Context, document: Document) -> None:
    ctx.documents.create("workshop.log", {"text": f"cancelled {document.state}"})


@hooks.on("workshop.order.started")
def log_started(ctx: Context, event: Event) -> None:
    text = f"started by {event.actor}, logged by {ctx.actor.id}"
    log = {"text": text, "about": event.aggregate_id, "position": ctx.sequence("log")}
    ctx.documents.create("workshop.log", log)


@hooks.on("workshop.order.inspected")
def log_inspected(ctx: Context, event: Event) -> None:
    ctx.documents.create("workshop.log", {"text": f"inspected, {event.payload['hours']} h"})


@hooks.on("workshop.part.*")
def listen(ctx: Context, event: Event) -> None:
    ctx.documents.create("workshop.log", {"text": f"heard {event.type} {event.version}", "about": event.aggregate_id})
    if ctx.settings["is_deaf"]:
        raise RuntimeError("what?")


@hooks.resolve("price")
def price_part(ctx: Context, product_id: str, quantity: Decimal, on: date, currency: str) -> Decimal | None:
    part = ctx.documents.find("workshop.part", id=product_id)
    return part.get("price") if part else None


@hooks.resolve("tax_rate")
def tax_line(ctx: Context, line: Mapping[str, Any]) -> Decimal | None:
    return Decimal(19) if "part" in line else None


@hooks.resolve("exchange_rate")
def rate_of_par(ctx: Context, currency: str, base: str) -> Decimal | None:
    return Decimal(1) if currency == base else None


@hooks.enabled
def open_workshop(ctx: Context) -> None:
    ctx.documents.create("workshop.log", {"text": "opened"})


@hooks.disabled
def close_workshop(ctx: Context) -> None:
    running = len(ctx.documents.query("workshop.order", "state == 'started'").items)
    if running:
        raise rules.OrdersRunning(count=running)
    ctx.documents.create("workshop.log", {"text": "closed"})


@hooks.demo_data
def stock_shelves(ctx: Context, seed: int) -> None:
    for number in range(1, 4):
        code = f"P{seed}-{number}"
        part = ctx.documents.create("workshop.part", {"code": code, "name": f"Part {number}", "price": str(number)})
        ctx.documents.perform("workshop.part", part.id, "receive", {"quantity": 10 * number})


def move_stock(ctx: Context, document: Document, part: str, quantity: Decimal, day: date) -> None:
    dimensions = {"part": part, "place": "shelf"}
    resources = {"quantity": quantity}
    ctx.registers.record(document, "workshop.stock", occurred_at=day, dimensions=dimensions, resources=resources)


def book(ctx: Context, document: Document, account: str, line: Mapping[str, Any], amount: Decimal) -> None:
    dimensions = {"account": account, "part": line["part"]}
    resources = {"amount": amount, "quantity": line["quantity"]}
    day = document["ordered_on"]
    ctx.registers.record(document, "workshop.costs", occurred_at=day, dimensions=dimensions, resources=resources)
