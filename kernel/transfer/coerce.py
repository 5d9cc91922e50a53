"""Texts of files as what a document type's schema wants: a CSV has nothing but texts, a field may be a number."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sdk.document import SYSTEM_FIELDS
from sdk.schema import DocumentType

_TRUE, _FALSE = frozenset({"true", "yes", "1", "t", "y"}), frozenset({"false", "no", "0", "f", "n"})
# Longer ones would be no number of any field, and Python reads no more than some thousand digits.
_INTEGER = re.compile(r"-?[0-9]{1,100}")


def coerce(type: DocumentType, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data with texts read where the schema has another kind; what cannot be read stays, to be refused by it."""
    found: dict[str, Any] = _coerce(data, type.schema)
    return found


def unflatten(row: Mapping[str, Any]) -> dict[str, Any]:
    """Columns as fields: `address.city` becomes the city within the address; empty ones are left out."""
    data: dict[str, Any] = {}
    for name, value in row.items():
        if value is not None:
            target, place = _descend(data, name)
            target[place] = value
    return data


def _descend(data: dict[str, Any], name: str) -> tuple[dict[str, Any], str]:
    """Where a column's value belongs. Below something that is no object it stays where it is, and is refused there."""
    *parents, last = name.split(".")
    target = data
    for part in parents:
        below = target.setdefault(part, {})
        if not isinstance(below, dict):
            return data, name
        target = below
    return target, last


def without_filled(type: DocumentType, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data without what the system fills in, so that an export can be imported as it is."""
    kept = {name: value for name, value in data.items() if name == "company_id" or name not in SYSTEM_FIELDS}
    found: dict[str, Any] = _writable(kept, type.schema)
    return found


def _writable(value: Any, schema: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        properties = schema.get("properties", {})
        return {
            name: _writable(item, properties.get(name, {}))
            for name, item in value.items()
            if not _is_filled(properties.get(name, {}))
        }
    if isinstance(value, list):
        return [_writable(item, schema.get("items", {})) for item in value]
    return value


def _is_filled(field: Mapping[str, Any]) -> bool:
    return field.get("readOnly") is True or "x-computed" in field


def _coerce(value: Any, schema: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return _read_text(value, schema.get("type"))
    if isinstance(value, Mapping):
        properties = schema.get("properties", {})
        return {name: _coerce(item, properties.get(name, {})) for name, item in value.items()}
    if isinstance(value, list):
        return [_coerce(item, schema.get("items", {})) for item in value]
    return value


def _read_text(text: str, kind: Any) -> Any:
    if kind == "boolean" and text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if kind in ("array", "object") and text[:1] in ("[", "{"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text
