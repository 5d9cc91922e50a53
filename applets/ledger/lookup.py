"""What other documents say: many of them in one query, one where a link leads."""

from __future__ import annotations

from collections.abc import Iterable

from sdk import Context, Document
from sdk.document_errors import DocumentNotFound

IDS_PER_QUERY = 200


def get_by_ids(ctx: Context, type: str, ids: Iterable[str]) -> dict[str, Document]:
    """Documents by id, under the applet's own capabilities; those that are not there are left out."""
    wanted = sorted(set(ids))
    found: dict[str, Document] = {}
    for start in range(0, len(wanted), IDS_PER_QUERY):
        chunk = wanted[start : start + IDS_PER_QUERY]
        page = ctx.elevated.documents.query(type, "id in param.ids", parameters={"ids": chunk}, limit=len(chunk))
        found |= {document.id: document for document in page.items}
    return found


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
