"""Defaults of new documents: what `default` says in the schema, at the top and in lines."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from sdk.schema.document_type import DocumentType


def fill_defaults(type: DocumentType, data: Mapping[str, Any]) -> dict[str, Any]:
    """JSON data of a new document with the defaults of what it leaves out; null counts as left out."""
    return _fill(type.schema, data)


def _fill(schema: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    filled = {name: value for name, value in data.items() if value is not None}
    for name, field in schema.get("properties", {}).items():
        if name not in filled and "default" in field:
            filled[name] = deepcopy(field["default"])
        elif name in filled:
            filled[name] = _fill_below(field, filled[name])
    return filled


def _fill_below(field: Mapping[str, Any], value: Any) -> Any:
    if field["type"] == "object" and isinstance(value, Mapping):
        return _fill(field, value)
    if field["type"] == "array" and isinstance(value, list):
        return [_fill_below(field["items"], item) for item in value]
    return value
