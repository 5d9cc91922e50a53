"""Reports about contracts, as somebody wants them."""

from __future__ import annotations

from sdk import Context, Document, hooks

from .figures import figure, piece_count


@hooks.before_save("steward.report")
def tell(ctx: Context, document: Document) -> None:
    contract = ctx.documents.get("rental.contract", document["contract"])
    wanted = document.get("wanted") or ["net", "all"]
    document["figures"] = "; ".join([*(figure(contract, name) for name in wanted), f"pieces: {piece_count(contract)}"])
    settings = ctx.documents.find("kernel.setting", applet="rental")
    values = settings["values"] if settings else {}
    document["grace"] = values.get("grace_days", 0)
    document["told"] = values.get("reminder_role", "nobody")
