"""What other documents say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sdk import Context, Document
from sdk.document_errors import DocumentNotFound

COMPANIES_AT_ONCE = 50


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


def list_companies(ctx: Context) -> Iterator[Sequence[Document]]:
    """All companies, so many at a time that one statement can be asked about them."""
    cursor = None
    while True:
        page = ctx.documents.query("kernel.company", sort=("id",), limit=COMPANIES_AT_ONCE, cursor=cursor)
        if page.items:
            yield page.items
        cursor = page.cursor
        if cursor is None:
            return
