"""The kinds of a document type's fields, from its JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kernel.expressions.typed import ARRAY, ENCRYPTED, OBJECT, array_of
from sdk.expressions.kinds import BOOLEAN, DATE, DECIMAL, INSTANT, TEXT

_FORMATS = {"decimal": DECIMAL, "date": DATE, "date-time": INSTANT}
_TYPES = {"integer": DECIMAL, "number": DECIMAL, "boolean": BOOLEAN, "string": TEXT}


def kinds_of_schema(schema: Mapping[str, Any]) -> dict[str, str]:
    """Kind by dotted path: {"total": "decimal", "lines": "array", "lines.account": "text", "tags": "array[text]"}."""
    return dict(_kinds(schema, ""))


def _kinds(schema: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, field in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        field_type = _type_of(field)
        if field_type == "array":
            yield from _array_kinds(field.get("items", {}), path)
        elif field_type == "object":
            yield path, OBJECT
            yield from _kinds(field, f"{path}.")
        else:
            yield path, _scalar_kind(field)


def _array_kinds(items: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    if _type_of(items) == "object":
        yield path, ARRAY
        yield from _kinds(items, f"{path}.")
    else:
        yield path, array_of(_scalar_kind(items))


def _scalar_kind(field: Mapping[str, Any]) -> str:
    if field.get("x-encrypted"):
        return ENCRYPTED
    return _FORMATS.get(field.get("format", ""), _TYPES.get(_type_of(field), TEXT))


def _type_of(field: Mapping[str, Any]) -> str:
    declared = field.get("type", "object" if "properties" in field else "string")
    return declared if isinstance(declared, str) else next((t for t in declared if t != "null"), "string")
