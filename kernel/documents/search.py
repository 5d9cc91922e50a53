"""Text search in lists: every word must stand in one of the fields marked x-search, or in the number."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_

from kernel.documents.tables import documents
from kernel.expressions import DocumentColumns
from sdk.schema import DocumentType

SEARCH_WORDS_MAX = 8


def matches_text(type: DocumentType, columns: DocumentColumns, text: str) -> ColumnElement[bool]:
    """A condition on documents, without regard to case."""
    searched = [columns.element(path) for path, field in type.fields.items() if field.search and not field.in_array]
    places = [*searched, documents.c.number]
    words = text.split()[:SEARCH_WORDS_MAX]
    return and_(*(or_(*(place.icontains(word, autoescape=True) for place in places)) for word in words))
