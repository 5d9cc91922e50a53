"""Lists for code: `query` and `find`, over the same SQL as lists on the wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from kernel.context import KernelContext
from kernel.documents.listing import ListRequest, read_page, titles_of
from kernel.documents.rows import Row, to_document
from sdk.context import Page
from sdk.document import Document
from sdk.document_errors import NotUnambiguous
from sdk.schema import DocumentType


def query(ctx: KernelContext, type_name: str, wanted: ListRequest) -> Page:
    """One page of documents a filter holds for."""
    type = ctx.runtime.catalogue.type(type_name)
    rows, cursor = read_page(ctx, type, wanted)
    return Page(tuple(to_document(type, row) for row in rows), cursor, _Titles(ctx, type, rows))


class _Titles(Mapping[str, str]):
    """Titles of what the rows link to, read when somebody asks: code mostly does not."""

    def __init__(self, ctx: KernelContext, type: DocumentType, rows: Sequence[Row]) -> None:
        self._ctx = ctx
        self._type = type
        self._rows = rows

    @cached_property
    def _found(self) -> dict[str, str]:
        return titles_of(self._ctx, self._type, self._rows)

    def __getitem__(self, id: str) -> str:
        return self._found[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def find(ctx: KernelContext, type_name: str, fields: Mapping[str, Any]) -> Document | None:
    """The one document with these values."""
    filter = " and ".join(f"{name} == param.{name}" for name in fields)
    found = query(ctx, type_name, ListRequest(filter, fields, limit=2)).items
    if len(found) > 1:
        raise NotUnambiguous(type=type_name, fields=dict(fields))
    return found[0] if found else None
