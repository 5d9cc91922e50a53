"""The schemas of the OpenAPI description: documents as they come and go, problems, reports of bulk creation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kernel.http.shapes import (
    ANYTHING,
    COUNT,
    FLAG,
    ID,
    INSTANT,
    NUMBER,
    TEXT,
    listed,
    members,
    nullable,
)
from sdk.schema import DocumentType
from sdk.schema.formats import CURRENCY, DECIMAL
from sdk.schema.vocabulary import COMBINING

INPUT_SUFFIX = ".input"
PATCH_SUFFIX = ".patch"

# Of whole texts; a pattern is looked for anywhere otherwise.
_PATTERNS = {"decimal": f"^{DECIMAL.pattern}$", "currency": f"^{CURRENCY.pattern}$"}
_SYSTEM: Mapping[str, Any] = {
    "id": ID, "type": TEXT, "company_id": ID, "version": {"type": "integer", "minimum": 1}, "state": TEXT,
    "number": TEXT, "created_at": INSTANT, "created_by": TEXT, "updated_at": INSTANT, "updated_by": TEXT,
    "deleted_at": INSTANT, "archived_at": INSTANT,
}  # fmt: skip
# What says how fields go together: not so where some of them are left out.
_TOGETHER = ("required", *COMBINING, "minProperties")
_VIOLATION = members({"expected": TEXT}, pointer=TEXT, rule=TEXT, message=TEXT)
_PROBLEM = {
    "description": "RFC 9457. `code` is stable and listed in docs/errors.md.",
    **members(
        {"violations": listed(_VIOLATION), "violations_left_out": COUNT},
        type=TEXT, title=TEXT, status=NUMBER, detail=TEXT, code=TEXT, instance=TEXT, request_id=TEXT,
    ),
}  # fmt: skip
_BULK_REPORT = members(
    created=listed(members(index=COUNT, id=ID, number=nullable(TEXT))),
    rejected=listed(members(index=COUNT, code=TEXT, detail=TEXT, violations=listed(_VIOLATION))),
)
_NODE = members({"state": TEXT, "number": TEXT}, id=ID, type=TEXT, title=TEXT, level=COUNT)
_EDGE = members(**{"from": ID, "field": TEXT, "to": ID})
_GRAPH = members(nodes=listed(_NODE), edges=listed(_EDGE), truncated=FLAG)
_REVISION = members(
    {"diff": ANYTHING, "state": TEXT, "number": TEXT},
    event_id=ID, event=TEXT, version=COUNT, occurred_at=INSTANT, actor=TEXT, applet=nullable(TEXT),
    correlation_id=ID, request=nullable(ANYTHING),
)  # fmt: skip


def reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def component_schemas(types: Iterable[DocumentType]) -> dict[str, Any]:
    """Per type: as it is answered, as it is sent to create one, and as a merge patch."""
    schemas: dict[str, Any] = {"Problem": _PROBLEM, "BulkReport": _BULK_REPORT, "Graph": _GRAPH, "Revision": _REVISION}
    for type in types:
        schemas[type.name] = _answered(type)
        schemas[type.name + INPUT_SUFFIX] = _sent(type)
        schemas[type.name + PATCH_SUFFIX] = _patched(type)
    return schemas


def _answered(type: DocumentType) -> dict[str, Any]:
    """Nothing but the id is promised: `fields=`, a mask, or a permission that is missing leave out any other."""
    schema = {key: value for key, value in told(type.schema).items() if key not in _TOGETHER}
    return {**schema, "title": type.title, "properties": {**_SYSTEM, **_properties(schema)},
            "required": ["id"]}  # fmt: skip


def _sent(type: DocumentType) -> dict[str, Any]:
    schema = dict(told(type.input_schema))
    properties = {name: field for name, field in _properties(schema).items() if not field.get("readOnly")}
    company = {"company_id": ID} if type.company == "required" else {}
    return {**schema, "title": f"{type.title}, new", "properties": {**company, **properties}}


def _patched(type: DocumentType) -> dict[str, Any]:
    """A merge patch: every field may be left out, and null takes one away."""
    sent = {key: value for key, value in _sent(type).items() if key not in _TOGETHER}
    sent["properties"] = {
        name: {"anyOf": [field, {"type": "null"}]} for name, field in sent["properties"].items() if name != "company_id"
    }
    return {**sent, "title": f"{type.title}, change"}


def told(schema: Any) -> Any:
    """A schema of ours in the words everybody knows: formats that are only ours are said as patterns too."""
    if isinstance(schema, Sequence) and not isinstance(schema, str):
        return [told(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    plain = {key: told(value) for key, value in schema.items()}
    if isinstance(pattern := _PATTERNS.get(str(plain.get("format"))), str):
        plain.setdefault("pattern", pattern)
    if isinstance(plain.get("x-link"), str):
        plain.setdefault("format", "uuid")
    return plain


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
