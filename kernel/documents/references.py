"""Keys and links of a document: what its type says must be unique, and what it points to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from kernel.documents.write import Key, Link
from kernel.series.service import NO_COMPANY
from sdk.schema import DocumentType, Field

TYPES_REMEMBERED_MAX = 2048


def keys_of(type: DocumentType, data: Mapping[str, Any], company_id: str | None) -> list[Key]:
    """(field, company or the nil id, value) of each unique field that has a value."""
    return [
        (field.path, (company_id or NO_COMPANY) if field.unique == "company" else NO_COMPANY, str(value))
        for field in _marked(type)[0]
        for value in values_at(data, field.path.split("."))
    ]


def links_of(type: DocumentType, data: Mapping[str, Any]) -> list[Link]:
    """(field, target, its type) of each link, once per field and target."""
    found = (
        (field.path, str(value), field.link or "*")
        for field in _marked(type)[1]
        for value in values_at(data, field.path.split("."))
    )
    return list(dict.fromkeys(found))


@lru_cache(maxsize=TYPES_REMEMBERED_MAX)
def _marked(type: DocumentType) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    """The unique and the link fields of a type, looked for once."""
    fields = type.fields.values()
    return tuple(f for f in fields if f.unique), tuple(f for f in fields if f.link)


def values_at(data: Any, path: Sequence[str]) -> Iterator[Any]:
    """All values a path leads to, through lists of child lines too."""
    if isinstance(data, list):
        for element in data:
            yield from values_at(element, path)
    elif not path:
        if data is not None:
            yield data
    elif isinstance(data, Mapping) and path[0] in data:
        yield from values_at(data[path[0]], path[1:])
