"""The schemas of the OpenAPI description: documents as they come and go, problems, reports of bulk creation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sdk.schema import DocumentType

INPUT_SUFFIX = ".input"
PATCH_SUFFIX = ".patch"

_TEXT = {"type": "string"}
_INSTANT = {"type": "string", "format": "date-time"}
_ID = {"type": "string", "format": "uuid"}
_SYSTEM: Mapping[str, Any] = {
    "id": _ID, "type": _TEXT, "company_id": _ID, "version": {"type": "integer", "minimum": 1}, "state": _TEXT,
    "number": _TEXT, "created_at": _INSTANT, "created_by": _TEXT, "updated_at": _INSTANT, "updated_by": _TEXT,
    "deleted_at": _INSTANT, "archived_at": _INSTANT,
}  # fmt: skip
_ALWAYS = ("id", "type", "version", "created_at", "created_by", "updated_at", "updated_by")
_VIOLATION = {
    "type": "object",
    "required": ["pointer", "rule", "message"],
    "properties": {"pointer": _TEXT, "rule": _TEXT, "message": _TEXT, "expected": _TEXT},
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `code` is stable and listed in docs/errors.md.",
    "required": ["type", "title", "status", "detail", "code", "instance", "request_id"],
    "properties": {
        "type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT, "code": _TEXT,
        "instance": _TEXT, "request_id": _TEXT, "violations": {"type": "array", "items": _VIOLATION},
    },
}  # fmt: skip
_BULK_REPORT = {
    "type": "object",
    "required": ["created", "rejected"],
    "properties": {
        "created": {"type": "array", "items": {"type": "object"}},
        "rejected": {"type": "array", "items": {"type": "object"}},
    },
}

_NODE = {
    "type": "object",
    "required": ["id", "type", "title", "level"],
    "properties": {
        "id": _ID, "type": _TEXT, "title": _TEXT, "state": _TEXT, "number": _TEXT,
        "level": {"type": "integer", "minimum": 0, "description": "How many links away."},
    },
}  # fmt: skip
_EDGE = {
    "type": "object",
    "required": ["from", "field", "to"],
    "properties": {"from": _ID, "field": _TEXT, "to": _ID},
}
_GRAPH = {
    "type": "object",
    "required": ["nodes", "edges", "truncated"],
    "properties": {
        "nodes": {"type": "array", "items": _NODE},
        "edges": {"type": "array", "items": _EDGE},
        "truncated": {"type": "boolean", "description": "There is more than was asked for."},
    },
}


def reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def json_content(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


# Every operation may answer with any of them, so they are said once, as the default.
ProblemsByStatus: dict[str, Any] = {
    "description": "A problem.",
    "content": {"application/problem+json": {"schema": reference("Problem")}},
}


def component_schemas(types: Iterable[DocumentType]) -> dict[str, Any]:
    """Per type: as it is answered, as it is sent to create one, and as a merge patch."""
    schemas: dict[str, Any] = {"Problem": _PROBLEM, "BulkReport": _BULK_REPORT, "Graph": _GRAPH}
    for type in types:
        schemas[type.name] = _answered(type)
        schemas[type.name + INPUT_SUFFIX] = _sent(type)
        schemas[type.name + PATCH_SUFFIX] = _patched(type)
    return schemas


def _answered(type: DocumentType) -> dict[str, Any]:
    """Nothing but the system fields is promised: a mask or `fields=` may leave any other out."""
    schema = {key: value for key, value in type.schema.items() if key != "required"}
    return {**schema, "title": type.title, "properties": {**_SYSTEM, **_properties(type.schema)},
            "required": list(_ALWAYS)}  # fmt: skip


def _sent(type: DocumentType) -> dict[str, Any]:
    schema = dict(type.input_schema)
    properties = {name: field for name, field in _properties(schema).items() if not field.get("readOnly")}
    company = {"company_id": _ID} if type.company == "required" else {}
    return {**schema, "title": f"{type.title}, new", "properties": {**company, **properties}}


def _patched(type: DocumentType) -> dict[str, Any]:
    """A merge patch: every field may be left out, and null takes one away."""
    sent = {key: value for key, value in _sent(type).items() if key != "required"}
    sent["properties"] = {
        name: {"anyOf": [field, {"type": "null"}]} for name, field in sent["properties"].items() if name != "company_id"
    }
    return {**sent, "title": f"{type.title}, change"}


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = schema.get("properties", {})
    return properties


def lower_to_30(value: Any) -> Any:
    """The same in the words of OpenAPI 3.0, for tools that know no newer: no null type, no patternProperties."""
    if isinstance(value, list):
        return [lower_to_30(item) for item in value]
    if not isinstance(value, dict):
        return value
    lowered = {key: lower_to_30(item) for key, item in value.items() if key not in ("patternProperties", "$defs")}
    if isinstance(lowered.get("type"), list):
        kinds = [kind for kind in lowered["type"] if kind != "null"]
        lowered.update(type=kinds[0] if kinds else "string", nullable="null" in value["type"])
    if isinstance(lowered.get("anyOf"), list):
        others = [item for item in lowered["anyOf"] if item != {"type": "null"}]
        if len(others) == 1 and len(others) < len(lowered["anyOf"]):
            return {"nullable": True, "allOf": others}
        lowered["anyOf"] = others
    if "const" in lowered and not isinstance(lowered["const"], dict):
        lowered["enum"] = [lowered.pop("const")]
    return lowered
