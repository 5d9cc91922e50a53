"""What other documents say."""

from __future__ import annotations

from sdk import Context, Document
from sdk.document_errors import DocumentNotFound


def base_currency(ctx: Context, company_id: str | None) -> str:
    """The currency a company keeps its books in."""
    company = ctx.elevated.documents.get("kernel.company", company_id) if company_id else {}
    currency: str = company.get("currency") or ctx.tenant.currency
    return currency


def find_linked(ctx: Context, type: str, id: str) -> Document | None:
    """What a link leads to; None where it leads nowhere, which the kernel refuses by itself, with a pointer."""
    try:
        return ctx.elevated.documents.get(type, id)
    except DocumentNotFound:
        return None
