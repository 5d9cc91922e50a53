"""Keys and links of a document: what its type says must be unique, and what it points to."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from kernel.documents.casting import stored_name
from kernel.documents.write import MARKED, Key
from kernel.secrets.blind import Blinder
from kernel.series.service import NO_COMPANY
from sdk.schema import DocumentType, Link, collect_links, find_values

# A key of PostgreSQL's holds 2,700 bytes; a longer value is told from others by its digest.
KEY_BYTES_MAX = 1_000


def keys_of(
    type: DocumentType, data: Mapping[str, Any], company_id: str | None, mark: Blinder | None = None
) -> list[Key]:
    """(field, company or the nil id, value) of each unique field that has a value. mark: for encrypted ones."""
    return [
        (
            stored_name(type, field.path),
            (company_id or NO_COMPANY) if field.unique == "company" else NO_COMPANY,
            f"{MARKED}{mark(field.path, value)}" if mark and field.encrypted else _text(value),
        )
        for field in type.unique
        for _, value in find_values(data, field.path)
    ]


def links_of(type: DocumentType, data: Mapping[str, Any]) -> list[Link]:
    """Its links, each once, with its field as the table of links calls it."""
    found = collect_links(type, data)
    if type.lenses is None:
        return found
    return [link._replace(field=stored_name(type, link.field)) for link in found]


def _text(value: Any) -> str:
    text = str(value)
    encoded = text.encode()
    return text if len(encoded) <= KEY_BYTES_MAX else f"sha256 {sha256(encoded).hexdigest()}"
