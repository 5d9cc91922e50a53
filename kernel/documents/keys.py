"""Keys of a document: what its type says must be unique."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from kernel.documents.write import MARKED, Key
from kernel.secrets.blind import Blinder
from kernel.series.service import NO_COMPANY
from sdk.schema import DocumentType, find_values

# A key of PostgreSQL's holds 2,700 bytes; a longer value is told from others by its digest.
KEY_BYTES_MAX = 1_000


def keys_of(
    type: DocumentType, data: Mapping[str, Any], company_id: str | None, mark: Blinder | None = None
) -> list[Key]:
    """(field, company or the nil id, value) of each unique field that has a value. mark: for encrypted ones."""
    return [
        (
            field.path,
            (company_id or NO_COMPANY) if field.unique == "company" else NO_COMPANY,
            f"{MARKED}{mark(field.path, value)}" if mark and field.encrypted else _text(value),
        )
        for field in type.unique
        for _, value in find_values(data, field.path)
    ]


def _text(value: Any) -> str:
    text = str(value)
    encoded = text.encode()
    return text if len(encoded) <= KEY_BYTES_MAX else f"sha256 {sha256(encoded).hexdigest()}"
