"""The OpenAPI 3.1 description of one tenant: the fixed routes, and those of its enabled applets' types and actions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kernel.documents.graph import DIRECTIONS, GRAPH_DEPTH_MAX, GRAPH_NODES, GRAPH_NODES_MAX
from kernel.documents.listing import ARCHIVED
from kernel.http.schemas import (
    INPUT_SUFFIX,
    PATCH_SUFFIX,
    ProblemsByStatus,
    component_schemas,
    json_content,
    reference,
)
from sdk.catalogue import Catalogue
from sdk.schema import DocumentType

OPENAPI_VERSION = "3.1.0"
Operation = dict[str, Any]
Paths = dict[str, dict[str, Operation]]

SECURITY_SCHEME = "bearer"
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
_IF_MATCH = {
    "name": "If-Match", "in": "header", "description": "The version that was read, e.g. \"3\".",
    "schema": {"type": "string"},
}  # fmt: skip
_FIELDS = {"name": "fields", "in": "query", "description": "Only these, between commas.", "schema": {"type": "string"}}
_PAGE = (
    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1}},
    {"name": "cursor", "in": "query", "description": "From the page before.", "schema": {"type": "string"}},
)
_AS_OF = {
    "name": "as_of", "in": "query", "description": "As it was then: an instant, or the end of a day.",
    "schema": {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]},
}  # fmt: skip
_PAST = (
    _AS_OF,
    {"name": "revision", "in": "query", "description": "At this version.", "schema": {"type": "integer", "minimum": 1}},
)
_GRAPH = (
    {"name": "depth", "in": "query", "description": "How many links far.",
     "schema": {"type": "integer", "minimum": 1, "maximum": GRAPH_DEPTH_MAX, "default": 1}},
    {"name": "direction", "in": "query", "description": "To what it points to, or to what points to it.",
     "schema": {"enum": list(DIRECTIONS), "default": "both"}},
    {"name": "limit", "in": "query", "description": "Documents at most.",
     "schema": {"type": "integer", "minimum": 1, "maximum": GRAPH_NODES_MAX, "default": GRAPH_NODES}},
)  # fmt: skip
_LIST = (
    {"name": "filter", "in": "query", "description": "An expression over the fields; values as param.<name>.",
     "schema": {"type": "string"}},
    {"name": "q", "in": "query", "description": "Text to look for.", "schema": {"type": "string"}},
    {"name": "sort", "in": "query", "description": "Fields between commas; - turns the order.",
     "schema": {"type": "string"}},
    {"name": "deleted", "in": "query", "description": "The bin instead of what is there.",
     "schema": {"type": "boolean"}},
    {"name": "archived", "in": "query", "description": "Archived documents: without them, only them, or both.",
     "schema": {"enum": list(ARCHIVED), "default": "false"}},
    _FIELDS,
    *_PAGE,
)  # fmt: skip


def build_openapi(title: str, version: str, fixed: Mapping[str, Any], catalogue: Catalogue | None) -> dict[str, Any]:
    """The whole document. fixed: what the framework says of the fixed routes; catalogue: None before log-in."""
    paths: Paths = {path: dict(item) for path, item in fixed.get("paths", {}).items()}
    schemas = dict(fixed.get("components", {}).get("schemas", {}))
    types = list(catalogue.types.values()) if catalogue else []
    for type in types:
        paths.update(_type_paths(type, catalogue))
    schemas.update(component_schemas(types))
    for operation in _operations(paths):
        operation.setdefault("responses", {})["default"] = ProblemsByStatus
    return {
        "openapi": OPENAPI_VERSION,
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                SECURITY_SCHEME: {"type": "http", "scheme": "bearer", "description": "An access token or an API key."}
            },
        },
        "security": [{SECURITY_SCHEME: []}],
        "tags": [{"name": name} for name in sorted({tag for o in _operations(paths) for tag in o.get("tags", ())})],
    }


def _operations(paths: Paths) -> Iterator[Operation]:
    for item in paths.values():
        for operation in item.values():
            if isinstance(operation, dict):
                yield operation


def _type_paths(type: DocumentType, catalogue: Catalogue | None) -> Paths:
    collection = f"/api/v1/{type.applet}/{type.collection}"
    one = reference(type.name)
    paths: Paths = {
        collection: {
            "get": _operation(type, "list", f"List {type.collection}", 200, json_content(_page_of(one)), _LIST),
            "post": _operation(
                type, "create", f"Create: {type.title}", 201, json_content(one), _perform(type, catalogue),
                body=INPUT_SUFFIX,
            ),
        },
        f"{collection}/bulk": {"post": _bulk(type)},
        f"{collection}/{{id}}": {
            "get": _operation(type, "get", f"Get: {type.title}", 200, json_content(one), (_ID, _FIELDS, *_PAST)),
            "patch": _operation(
                type, "update", f"Change: {type.title}", 200, json_content(one), (_ID, _required(_IF_MATCH)),
                body=PATCH_SUFFIX,
            ),
            "delete": _operation(type, "delete", f"Delete: {type.title}", 204, None, (_ID, _required(_IF_MATCH))),
        },
        f"{collection}/{{id}}/restore": {"post": _restore(type)},
        f"{collection}/{{id}}/archive": {
            "post": _operation(type, "archive", f"Archive: {type.title}", 200, json_content(one), (_ID, _IF_MATCH))
        },
        f"{collection}/{{id}}/unarchive": {
            "post": _operation(type, "unarchive", f"Unarchive: {type.title}", 200, json_content(one), (_ID, _IF_MATCH))
        },
        f"{collection}/{{id}}/links": {
            "get": _operation(
                type, "links", f"Links: {type.title}", 200, json_content(reference("Graph")), (_ID, *_GRAPH)
            )
        },
        f"{collection}/{{id}}/revisions": {
            "get": _operation(
                type, "revisions", f"History: {type.title}", 200, json_content(_page_of({"type": "object"})),
                (_ID, _AS_OF, *_PAGE),
            )
        },
    }  # fmt: skip
    paths.update(_action_paths(type, catalogue, f"{collection}/{{id}}"))
    return paths


def _action_paths(type: DocumentType, catalogue: Catalogue | None, one_path: str) -> Paths:
    machine = catalogue.machines.get(type.name) if catalogue else None
    paths: Paths = {}
    for action in machine.actions.values() if machine else ():
        operation = _operation(
            type, action.name, f"{action.title}: {type.title}", 200, json_content(reference(type.name)),
            (_ID, _IF_MATCH),
        )  # fmt: skip
        schema = action.arguments.schema if action.arguments else {"type": "object", "additionalProperties": False}
        operation["requestBody"] = {"required": False, "content": json_content(schema)}
        paths[f"{one_path}/{action.name}"] = {"post": operation}
    return paths


def _perform(type: DocumentType, catalogue: Catalogue | None) -> tuple[Operation, ...]:
    """What may follow the creation at once; nothing for types without actions."""
    machine = catalogue.machines.get(type.name) if catalogue else None
    names = sorted(machine.actions) if machine else []
    said = "An action that follows at once, in the same transaction, without arguments."
    parameter = {"name": "perform", "in": "query", "description": said, "schema": {"enum": names}}
    return (parameter,) if names else ()


def _restore(type: DocumentType) -> Operation:
    content = json_content(reference(type.name))
    operation = _operation(type, "restore", f"Undo a delete, or go back: {type.title}", 200, content, (_ID, _IF_MATCH))
    revision = {"type": "integer", "minimum": 1, "description": "The version whose fields come back."}
    schema = {"type": "object", "additionalProperties": False, "properties": {"revision": revision}}
    operation["requestBody"] = {"required": False, "content": json_content(schema)}
    return operation


def _bulk(type: DocumentType) -> Operation:
    item = reference(type.name + INPUT_SUFFIX)
    operation = _operation(type, "bulk", f"Create many: {type.title}", 201, json_content(reference("BulkReport")))
    schema = {"type": "object", "required": ["items"], "additionalProperties": False,
              "properties": {"items": {"type": "array", "items": item}, "keep_good": {"type": "boolean"}}}  # fmt: skip
    operation["requestBody"] = {"required": True, "content": json_content(schema)}
    return operation


def _operation(
    type: DocumentType,
    verb: str,
    summary: str,
    status: int,
    content: Mapping[str, Any] | None,
    parameters: tuple[Mapping[str, Any], ...] = (),
    body: str | None = None,
) -> Operation:
    answer: dict[str, Any] = {"description": "Done."}
    if content:
        answer["content"] = content
    operation: Operation = {
        "operationId": f"{type.name}.{verb}",
        "summary": summary,
        "tags": [type.applet],
        "responses": {str(status): answer},
    }
    if parameters:
        operation["parameters"] = list(parameters)
    if body is not None:
        operation["requestBody"] = {"required": True, "content": json_content(reference(type.name + body))}
    return operation


def _page_of(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["items", "cursor"],
        "properties": {
            "items": {"type": "array", "items": item},
            "titles": {"type": "object", "additionalProperties": {"type": "string"}},
            "cursor": {"type": ["string", "null"]},
        },
    }


def _required(parameter: Mapping[str, Any]) -> dict[str, Any]:
    return {**parameter, "required": True}
