"""Text search in lists: every word must stand in one of the fields marked x-search, or in the number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, true

SEARCH_WORDS_MAX = 8


def matches_text(places: Sequence[ColumnElement[Any]], text: str) -> ColumnElement[bool]:
    """A condition, without regard to case; `%` and `_` in the text stand for themselves."""
    words = text.split()[:SEARCH_WORDS_MAX]
    return and_(true(), *(or_(*(place.icontains(word, autoescape=True) for place in places)) for word in words))
