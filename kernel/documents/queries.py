"""Lists for code: `query` and `find`, over the same SQL as lists on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.context import KernelContext
from kernel.documents.listing import ListRequest, list_rows
from kernel.documents.rows import to_document
from sdk.context import Page
from sdk.document import Document
from sdk.document_errors import NotUnambiguous


def query(ctx: KernelContext, type_name: str, wanted: ListRequest) -> Page:
    """One page of documents a filter holds for."""
    type = ctx.runtime.catalogue.type(type_name)
    page = list_rows(ctx, type, wanted)
    return Page(tuple(to_document(type, row) for row in page.rows), page.cursor, page.titles)


def find(ctx: KernelContext, type_name: str, fields: Mapping[str, Any]) -> Document | None:
    """The one document with these values."""
    filter = " and ".join(f"{name} == param.{name}" for name in fields)
    found = query(ctx, type_name, ListRequest(filter, fields, limit=2)).items
    if len(found) > 1:
        raise NotUnambiguous(type=type_name, fields=dict(fields))
    return found[0] if found else None
