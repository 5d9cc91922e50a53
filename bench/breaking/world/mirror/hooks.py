"""Copies of contracts, with a number of their own and a register."""

from __future__ import annotations

from sdk import Context, Document, decimal_text, hooks
from sdk.errors import Invalid, Violation

from .sheet import Sheet


class CopyUseless(Invalid):
    """The copy breaks {count} rule(s)."""


@hooks.before_save("mirror.copy")
def fill(ctx: Context, document: Document, previous: Document | None) -> None:
    if previous is not None and previous.get("serial_no"):
        return
    sheet = Sheet.load(ctx, document["contract"])
    document["serial_no"] = ctx.sequence("copies")
    document["total"] = sheet.total
    document["headline"] = sheet.headline()
    contract = ctx.elevated.documents.get("rental.contract", document["contract"])
    document["digest"] = " ".join(f"{key}={contract.scope()[key]}" for key in ("state", "version", "tier"))
    ctx.log.info("copied")


@hooks.validate_document("mirror.copy")
def refuse_worthless(ctx: Context, document: Document) -> None:
    if document["total"] <= 0:
        text = decimal_text(document["total"], 2)
        raise CopyUseless(violations=[Violation("/total", "worth", f"{text} is not worth it")])


@hooks.action("mirror.copy", "keep")
def keep(ctx: Context, document: Document) -> None:
    sheet = Sheet.load(ctx, document["contract"])
    ctx.registers.record(
        document,
        "mirror.value",
        occurred_at=ctx.today,
        dimensions={"tier": sheet.tier},
        resources={"worth": document["total"]},
    )
    ctx.events.emit("mirror.copy.weighed", document, {"worth": str(document["total"]), "in": ctx.tenant.currency})


@hooks.action("mirror.copy", "void")
def void(ctx: Context, document: Document) -> None:
    ctx.registers.reverse(document, occurred_at=ctx.now)
