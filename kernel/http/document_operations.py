"""What the description says of the routes of one document type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.documents.bulk import BULK_DOCUMENTS_MAX
from kernel.documents.graph import DIRECTIONS, GRAPH_DEPTH_MAX, GRAPH_NODES, GRAPH_NODES_MAX
from kernel.documents.listing import ARCHIVED
from kernel.http.idempotency import KEY_CHARACTERS_MAX
from kernel.http.operations import JSON_TYPE, problem_reference
from kernel.http.parameters import COUNT_MAX
from kernel.http.refusals import REQUEST_ID
from kernel.http.schemas import INPUT_SUFFIX, PATCH_SUFFIX, reference, told
from kernel.http.shapes import FLAG, ID, MOMENT, TEXT, Schema, listed, named, one_of_words, page_of
from sdk.catalogue import Catalogue
from sdk.schema import DocumentType

Operation = dict[str, Any]
Parameter = dict[str, Any]
Paths = dict[str, dict[str, Operation]]

_POSITIVE: Schema = {"type": "integer", "minimum": 1, "maximum": COUNT_MAX}
_ETAG: Schema = {"type": "string", "pattern": '^"[1-9][0-9]{0,8}(-[1-9][0-9]{0,3})?"$'}
_ETAG_HEADER = {"ETag": {"description": "The version answered.", "required": True, "schema": _ETAG}}
_LOCATION_HEADER = {"Location": {"description": "Where it is read.", "required": True, "schema": TEXT}}

# Of what a new document needs: an exchange rate, the action that is to follow.
_MISSING = {"404": problem_reference(404)}


def _query(name: str, schema: Schema, said: str) -> Parameter:
    return {"name": name, "in": "query", "description": said, "schema": schema}


def _header(name: str, schema: Schema, said: str) -> Parameter:
    return {"name": name, "in": "header", "description": said, "schema": schema}


_ID = {"name": "id", "in": "path", "required": True, "schema": ID}
_IF_MATCH = _header(
    "If-Match", {"type": "string", "pattern": r'^("[1-9][0-9]{0,8}"|\*)$'}, 'The version that was read, e.g. "3".'
)
_IF_MATCH_REQUIRED = {**_IF_MATCH, "required": True}
_IF_NONE_MATCH = _header("If-None-Match", TEXT, "A version that is known already.")
_KEY = _header(
    "Idempotency-Key",
    {"type": "string", "pattern": r"^[\x21-\x7e]+$", "minLength": 1, "maxLength": KEY_CHARACTERS_MAX},
    "Sent again with the same one within a day, the request takes effect once.",
)
_FIELDS = _query("fields", TEXT, "Only these, between commas.")
_AS_OF = _query("as_of", MOMENT, "As it was then: an instant, or the end of a day.")
_PAST = (_AS_OF, _query("revision", _POSITIVE, "At this version."))
_PAGE = (_query("limit", _POSITIVE, "Items at most."), _query("cursor", TEXT, "From the page before."))
_GRAPH = (
    _query("depth", {**_POSITIVE, "maximum": GRAPH_DEPTH_MAX, "default": 1}, "How many links far."),
    _query(
        "direction", {**one_of_words(*DIRECTIONS), "default": "both"}, "To what it points to, or what points to it."
    ),
    _query("limit", {**_POSITIVE, "maximum": GRAPH_NODES_MAX, "default": GRAPH_NODES}, "Documents at most."),
)
_LIST = (
    _query("filter", TEXT, "An expression over the fields; values as param.<name>."),
    _query("q", TEXT, "Text to look for."),
    _query("sort", TEXT, "Fields between commas; - turns the order."),
    _query("deleted", FLAG, "The bin instead of what is there."),
    _query("archived", {**one_of_words(*ARCHIVED), "default": "false"}, "Without archived ones, only them, or both."),
    _FIELDS,
    *_PAGE,
)


def type_paths(type: DocumentType, catalogue: Catalogue | None) -> Paths:
    """Everything there is for documents of the type, its actions too."""
    collection = f"/api/v1/{type.applet}/{type.collection}"
    one = f"{collection}/{{id}}"
    return {
        collection: {"get": _list(type), "post": _create(type, catalogue)},
        f"{collection}/bulk": {"post": _bulk(type)},
        one: {"get": _get(type), "patch": _update(type), "delete": _delete(type)},
        f"{one}/restore": {"post": _restore(type)},
        f"{one}/archive": {"post": _changed(type, "archive", "Archive")},
        f"{one}/unarchive": {"post": _changed(type, "unarchive", "Unarchive")},
        f"{one}/links": {"get": _read(type, "links", "Links", reference("Graph"), (_ID, *_GRAPH))},
        f"{one}/revisions": {
            "get": _read(type, "revisions", "History", page_of(reference("Revision")), (_ID, _AS_OF, *_PAGE))
        },
        **_action_paths(type, catalogue, one),
    }


def _list(type: DocumentType) -> Operation:
    page = page_of(reference(type.name), titles=named(TEXT))
    return {**_read(type, "list", "List", page, _LIST), "summary": f"List {type.collection}"}


def _create(type: DocumentType, catalogue: Catalogue | None) -> Operation:
    answers = {"201": _answer(reference(type.name), {**_ETAG_HEADER, **_LOCATION_HEADER}), **_MISSING}
    operation = _operation(type, "create", "Create", answers, (*_perform(type, catalogue), _KEY))
    return {**operation, "requestBody": _body(reference(type.name + INPUT_SUFFIX))}


def _bulk(type: DocumentType) -> Operation:
    report = _answer(reference("BulkReport"))
    items = {**listed(reference(type.name + INPUT_SUFFIX)), "maxItems": BULK_DOCUMENTS_MAX}
    whole = {"type": "object", "required": ["items"], "additionalProperties": False,
             "properties": {"items": items, "keep_good": FLAG}}  # fmt: skip
    answers = {"201": report, "200": {**report, "description": "None was good."}, **_MISSING}
    operation = _operation(type, "bulk", "Create many", answers, (_KEY,))
    return {**operation, "requestBody": _body({"anyOf": [items, whole]})}


def _get(type: DocumentType) -> Operation:
    operation = _read(type, "get", "Get", reference(type.name), (_ID, _FIELDS, *_PAST, _IF_NONE_MATCH), _ETAG_HEADER)
    known = {"description": "It has the version that is known.", "headers": {**REQUEST_ID, **_ETAG_HEADER}}
    return {**operation, "responses": {**operation["responses"], "304": known}}


def _update(type: DocumentType) -> Operation:
    body = _body(reference(type.name + PATCH_SUFFIX))
    return {**_changed(type, "update", "Change", _IF_MATCH_REQUIRED), "requestBody": body}


def _delete(type: DocumentType) -> Operation:
    return _operation(type, "delete", "Delete", {"204": _answer(None)}, (_ID, _IF_MATCH_REQUIRED, _KEY))


def _restore(type: DocumentType) -> Operation:
    revision = {**_POSITIVE, "description": "The version whose fields come back."}
    schema = {"type": "object", "additionalProperties": False, "properties": {"revision": revision}}
    return {**_changed(type, "restore", "Undo a delete, or go back"), "requestBody": _body(schema, required=False)}


def _action_paths(type: DocumentType, catalogue: Catalogue | None, one: str) -> Paths:
    machine = catalogue.machines.get(type.name) if catalogue else None
    paths: Paths = {}
    for action in machine.actions.values() if machine else ():
        schema: Schema = {"type": "object", "additionalProperties": False}
        if action.arguments:
            schema = dict(told(action.arguments.schema))
        operation = {**_changed(type, action.name, action.title), "requestBody": _body(schema, required=False)}
        paths[f"{one}/{action.name}"] = {"post": operation}
    return paths


def _perform(type: DocumentType, catalogue: Catalogue | None) -> tuple[Parameter, ...]:
    """What may follow the creation at once; nothing for types without actions."""
    machine = catalogue.machines.get(type.name) if catalogue else None
    said = "An action that follows at once, in the same transaction, without arguments."
    return (_query("perform", one_of_words(*sorted(machine.actions)), said),) if machine and machine.actions else ()


def _changed(type: DocumentType, verb: str, title: str, if_match: Parameter = _IF_MATCH) -> Operation:
    """What answers the document as it is now."""
    answers = {"200": _answer(reference(type.name), _ETAG_HEADER)}
    return _operation(type, verb, title, answers, (_ID, if_match, _KEY))


def _read(
    type: DocumentType,
    verb: str,
    title: str,
    schema: Schema,
    parameters: tuple[Parameter, ...],
    headers: Mapping[str, Any] | None = None,
) -> Operation:
    return _operation(type, verb, title, {"200": _answer(schema, headers)}, parameters)


def _operation(
    type: DocumentType, verb: str, title: str, answers: Mapping[str, Any], parameters: tuple[Parameter, ...]
) -> Operation:
    return {
        "operationId": f"{type.name}.{verb}",
        "summary": f"{title}: {type.title}",
        "tags": [type.applet],
        "parameters": list(parameters),
        "responses": dict(answers),
    }


def _answer(schema: Schema | None, headers: Mapping[str, Any] | None = None) -> dict[str, Any]:
    content = {"content": _content(schema)} if schema is not None else {}
    return {"description": "Done.", "headers": {**REQUEST_ID, **(headers or {})}, **content}


def _body(schema: Schema, *, required: bool = True) -> dict[str, Any]:
    return {"required": required, "content": _content(schema)}


def _content(schema: Schema) -> dict[str, Any]:
    return {JSON_TYPE: {"schema": schema}}
