"""Lists for code: `query` and `find`, over the same SQL as lists on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any
from uuid import UUID

from kernel.context import KernelContext
from kernel.documents.cached import find_cached, known_document
from kernel.documents.casting import show_rows
from kernel.documents.listing import ListRequest, read_page
from kernel.documents.rows import Row, read_rows, to_document
from kernel.documents.titles import titles_of
from sdk.context import Page
from sdk.document import Document
from sdk.document_errors import NotUnambiguous, TooManyFound
from sdk.schema import DocumentType

FOUND_MAX = 500


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
        return titles_of(self._ctx, self._type, [row.id for row in self._rows])

    def __getitem__(self, id: str) -> str:
        return self._found[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def find(ctx: KernelContext, type_name: str, fields: Mapping[str, Any]) -> Document | None:
    """The one document with these values."""
    found, _ = _having(ctx, type_name, fields, 2)
    if len(found) > 1:
        raise NotUnambiguous(type=type_name, fields=dict(fields))
    return found[0] if found else None


def find_all(ctx: KernelContext, type_name: str, fields: Mapping[str, Any]) -> Sequence[Document]:
    """All documents with these values."""
    found, is_cut = _having(ctx, type_name, fields, FOUND_MAX)
    if is_cut or len(found) > FOUND_MAX:
        raise TooManyFound(type=type_name, maximum=FOUND_MAX)
    return found


def _having(
    ctx: KernelContext, type_name: str, fields: Mapping[str, Any], limit: int
) -> tuple[Sequence[Document], bool]:
    """Documents with these values, and whether there are more of them."""
    type = ctx.runtime.catalogue.type(type_name)
    known = find_cached(ctx, type, fields)
    if known is not None:
        return known, False
    filter = " and ".join(f"{name} == param.{name}" for name in fields)
    page = query(ctx, type_name, ListRequest(filter, fields, ("id",), limit))
    return page.items, page.cursor is not None


def get_many(ctx: KernelContext, wanted: Mapping[str, Iterable[str]]) -> dict[str, Document]:
    """Documents by id, those that are there and may be read: what is in memory, and the rest in one statement."""
    types = {name: ctx.runtime.catalogue.type(name) for name in wanted}
    found: dict[str, Document] = {}
    missing: set[tuple[str, str]] = set()
    for name, ids in wanted.items():
        ctx.permissions.check("read", types[name])
        for id in filter(_is_id, ids):
            document = known_document(ctx, types[name], id)
            if document is None:
                missing.add((id, name))
            else:
                found[id] = document
    for row in read_rows(ctx.uow, sorted({id for id, _ in missing})) if missing else ():
        if (row.id, row.type) in missing:
            found[row.id] = to_document(types[row.type], *show_rows(ctx, types[row.type], [row]))
            if ctx.work.writing:
                ctx.work.seen[row.id] = found[row.id].copy()
    scope = ctx.scope()
    return {id: one for id, one in found.items() if ctx.permissions.allows("read", types[one.type], one, scope)}


def _is_id(id: str) -> bool:
    try:
        UUID(id)
    except ValueError:
        return False
    return True
