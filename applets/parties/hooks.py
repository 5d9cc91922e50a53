"""What parties does when its documents are saved."""

from __future__ import annotations

from sdk import Context, Document, hooks

from .demo import load_demo
from .rules import check_default_addresses, normalize_code, normalize_tax_ids


@hooks.before_save("parties.customer", "parties.supplier")
def tidy_party(ctx: Context, document: Document) -> None:
    """One spelling of codes and tax ids, and no two default addresses of a kind."""
    document["code"] = normalize_code(document["code"])
    if "tax_ids" in document:
        document["tax_ids"] = normalize_tax_ids(document["tax_ids"])
    check_default_addresses(document.get("addresses", ()))


@hooks.demo_data
def load_demo_data(ctx: Context, seed: int) -> None:
    """Customers, suppliers and contacts of a small trading company."""
    load_demo(ctx, seed)
