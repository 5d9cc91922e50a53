"""Keys of a document: what its type says must be unique."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.documents.write import Key
from kernel.series.service import NO_COMPANY
from sdk.schema import DocumentType, find_values


def keys_of(type: DocumentType, data: Mapping[str, Any], company_id: str | None) -> list[Key]:
    """(field, company or the nil id, value) of each unique field that has a value."""
    return [
        (field.path, (company_id or NO_COMPANY) if field.unique == "company" else NO_COMPANY, str(value))
        for field in type.unique
        for _, value in find_values(data, field.path)
    ]
