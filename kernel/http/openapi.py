"""The OpenAPI 3.1 description of one tenant: the fixed routes, and those of its enabled applets' types and actions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kernel.http.document_operations import Operation, Paths, type_paths
from kernel.http.refusals import REQUEST_ID, problem_responses, refusals_of
from kernel.http.schemas import component_schemas
from sdk.catalogue import Catalogue

OPENAPI_VERSION = "3.1.0"
SECURITY_SCHEME = "bearer"
# What the framework says of any route with parameters, in its own shape of errors.
_GUESSED = "422"


def build_openapi(title: str, version: str, fixed: Mapping[str, Any], catalogue: Catalogue | None) -> dict[str, Any]:
    """The whole document. fixed: what the framework says of the fixed routes; catalogue: None before log-in."""
    types = list(catalogue.types.values()) if catalogue else []
    paths: Paths = {path: _fixed_item(item) for path, item in fixed.get("paths", {}).items()}
    for type in types:
        paths.update(type_paths(type, catalogue))
    for path, method, operation in _operations(paths):
        operation["responses"] = {**operation["responses"], **refusals_of(path, method, operation)}
    return {
        "openapi": OPENAPI_VERSION,
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {
            "schemas": component_schemas(types),
            "responses": problem_responses(),
            "securitySchemes": {
                SECURITY_SCHEME: {"type": "http", "scheme": "bearer", "description": "An access token or an API key."}
            },
        },
        "security": [{SECURITY_SCHEME: []}],
        "tags": [
            {"name": name} for name in sorted({tag for _, _, o in _operations(paths) for tag in o.get("tags", ())})
        ],
    }


def _operations(paths: Paths) -> Iterator[tuple[str, str, Operation]]:
    """Path, method and operation."""
    for path, item in paths.items():
        for method, operation in item.items():
            yield path, method, operation


def _fixed_item(item: Mapping[str, Any]) -> dict[str, Operation]:
    return {
        method: {
            **operation,
            "responses": {
                status: _without_guess(answer)
                for status, answer in operation.get("responses", {}).items()
                if status != _GUESSED
            },
        }
        for method, operation in item.items()
    }


def _without_guess(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer without content nobody has described: the framework takes it for JSON of any kind."""
    if "$ref" in answer:
        return dict(answer)
    content = {kind: said for kind, said in answer.get("content", {}).items() if said.get("schema") != {}}
    kept = {name: value for name, value in answer.items() if name != "content"}
    return {**kept, "headers": {**REQUEST_ID, **answer.get("headers", {})}, **({"content": content} if content else {})}
