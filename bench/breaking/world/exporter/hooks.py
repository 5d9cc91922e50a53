"""Writes active contracts as rows of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sdk import Context, Document, decimal_text, hooks

COLUMNS = ("customer_name", "starts_on", "billing_currency")
MONEY = ("subtotal", "grand_total")
PAGE = 2
SORT = ["-starts_on", "customer_name"]


@hooks.action("exporter.batch", "run")
def export(ctx: Context, document: Document) -> None:
    document["text"] = "\n".join(_row(contract) for contract in _active(ctx))
    late = ctx.documents.query(
        "rental.contract", "state == 'active' and ends_on < param.day", parameters={"day": document["day"]}, limit=100
    )
    document["late"] = len(late.items)


def _active(ctx: Context) -> Iterator[Document]:
    cursor = None
    while True:
        page = ctx.documents.query("rental.contract", "state == 'active'", sort=SORT, limit=PAGE, cursor=cursor)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def _row(contract: Document) -> str:
    texts = [str(contract[name]) for name in COLUMNS]
    amounts = [decimal_text(contract[name], 2) for name in MONEY]
    return ";".join([contract.number or "", *texts, *amounts, _place(contract)])


def _place(contract: Document) -> str:
    delivery: dict[str, Any] = contract.get("delivery") or {}
    return f"{delivery.get('address', '')} ({delivery.get('zone', 'desk')})"
