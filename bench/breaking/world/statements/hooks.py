"""Statements about contracts, put together of parts."""

from __future__ import annotations

from functools import partial

from sdk import Context, Document, decimal_text, hooks

from .parts import PARTS, Head, Sum

MAIL = "{customer_name} <{customer_email}>"


@hooks.before_save("statements.statement")
def write(ctx: Context, document: Document) -> None:
    read = partial(ctx.documents.get, "rental.contract")
    contract = read(document["contract"])
    head = Head.read(contract)
    document["head"] = f"{head.customer_name} from {head.starts_on:%d.%m.%Y} by {head.channel}"
    document["mail"] = MAIL.format_map(contract)
    document["parts"] = "; ".join(map(str, (part(ctx, contract) for part in PARTS)))
    sums = {kind.name.lower(): contract[kind] for kind in Sum}
    if (fee := (contract.get("delivery") or {}).get("fee")) is not None:
        sums |= {"fee": fee}
    document["sums"] = " ".join(f"{name}={decimal_text(value, 2)}" for name, value in sums.items())
    match contract:
        case {"tier": "gold" | "silver"}:
            document["care"] = "call them"
        case {"discount_percent": percent} if percent > 10:
            document["care"] = "look at it"
        case _:
            document["care"] = "none"
