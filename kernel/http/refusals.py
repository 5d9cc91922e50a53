"""Which problems an operation may be answered with: said once each as a component, by status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kernel.http.operations import problem_reference

Operation = Mapping[str, Any]

_MEDIA_TYPE = "application/problem+json"
_WORDS: Mapping[int, str] = {
    400: "The request cannot be read: its JSON, a header.",
    401: "No valid credentials came with the request.",
    403: "The caller may not do this, or not without proving anew who they are.",
    404: "There is none, or the caller may not see it.",
    409: "It does not fit the present state, or another change won.",
    412: "The document has another version by now.",
    413: "The request, or what it asks for, is too large.",
    415: "The body is no JSON.",
    422: "What was sent breaks rules; `violations` names each.",
    428: "The version that was read must be sent as `If-Match`.",
    429: "The caller asks too often, or a limit of the tenant is reached.",
    431: "The request line and the headers are too large.",
    500: "Something failed inside Bos.",
    503: "The database, or what else is needed, cannot be reached now.",
}
_HEADERS: Mapping[int, Mapping[str, Any]] = {
    401: {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}},
    429: {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}}},
    503: {"Retry-After": {"description": "Seconds.", "required": True, "schema": {"type": "integer", "minimum": 0}}},
}
REQUEST_ID = {
    "X-Request-Id": {
        "description": "What the log and events of the request carry.", "required": True, "schema": {"type": "string"},
    }
}  # fmt: skip
_ANY = (431, 500, 503)
_WITH_TOKEN = (401, 403, 429)
_WITH_BODY = (400, 413, 415, 422)
_CHANGING = (400, 409, 413, 422)


def problem_responses() -> dict[str, Any]:
    """The components."""
    return {
        f"Problem{status}": {
            "description": words,
            "headers": {**REQUEST_ID, **_HEADERS.get(status, {})},
            "content": {_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, words in _WORDS.items()
    }


def refusals_of(path: str, method: str, operation: Operation) -> dict[str, Any]:
    """References to those that any operation of its kind may be answered with."""
    return {str(status): problem_reference(status) for status in sorted(set(_statuses(path, method, operation)))}


def _statuses(path: str, method: str, operation: Operation) -> Iterator[int]:
    parameters = operation.get("parameters", ())
    yield from _ANY
    if operation.get("security") != []:
        yield from _WITH_TOKEN
    if "{" in path:
        yield 404
    if parameters:
        yield 422
    if "requestBody" in operation:
        yield from _WITH_BODY
    if method != "get":
        yield from _CHANGING
    for parameter in parameters:
        if parameter["name"] == "If-Match":
            yield from (400, 412, 428) if parameter.get("required") else (400, 412)
