"""Links that come back with what is kept beside documents of other versions: no table has them until those are cast."""

from __future__ import annotations

from collections.abc import Iterator

from kernel.context import KernelContext
from kernel.documents.casting import cast_row
from kernel.documents.rows import COLUMNS, Row
from sdk.document import Document
from sdk.document_errors import DocumentUncastable
from sdk.schema import DocumentType, Link, collect_links

# Asked only while documents of several versions are stored, and only of types that link to what is to go.
_WAITING = f"""
SELECT {COLUMNS} FROM {{t}}.documents
 WHERE type = %s AND schema_version <> %s AND deleted_at IS NULL AND strpos(kept::text, %s) > 0 ORDER BY id
"""


def waiting_links(ctx: KernelContext, target: Document) -> Iterator[tuple[Row, Link]]:
    """Who links to the document by what waits in a keep-box, and by which of its fields."""
    for type in ctx.runtime.catalogue.types.values():
        if type.is_mixed and any(field.link in (target.type, "*") for field in type.fields.values()):
            for found in ctx.uow.execute(_WAITING, [type.name, type.version, target.id]).fetchall():
                yield from _links_to(type, Row(*found), target.id)


def _links_to(type: DocumentType, row: Row, id: str) -> Iterator[tuple[Row, Link]]:
    try:
        cast = cast_row(type, row)
    except DocumentUncastable:
        # As long as it cannot be read it links to nothing.
        return
    yield from ((cast, link) for link in collect_links(type, cast.data) if link.id == id and row.id != id)
