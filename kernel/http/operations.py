"""What the description says of a fixed route: given to the route as `openapi_extra`.

Bodies and parameters are read from the request itself, so the framework does not know them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from pydantic import BaseModel

from kernel.http.parameters import COUNT_MAX, OneOf, Reader, read_count, read_flag, read_moment, read_names
from kernel.http.shapes import FLAG, MOMENT, TEXT, Schema

Query = Mapping[str, Reader | Schema]

JSON_TYPE = "application/json"
_DEFINITIONS = "#/$defs/"
_OF_READERS: Mapping[Callable[[str], Any], Schema] = {
    str: TEXT, read_names: TEXT, read_flag: FLAG, read_moment: MOMENT,
    read_count: {"type": "integer", "minimum": 1, "maximum": COUNT_MAX},
}  # fmt: skip


def describe(
    answer: Schema | None = None,
    *,
    body: type[BaseModel] | Schema | None = None,
    query: Query | None = None,
    required: Collection[str] = (),
    media_types: Collection[str] = (),
    status: int = 200,
    refusals: Collection[int] = (),
    is_open: bool = False,
) -> dict[str, Any]:
    """answer: its JSON, None for none. query: parameters by name, `required` those that must be there.

    media_types: in which the answer may come beside or instead of JSON. refusals: statuses of problems beyond those
    any request of its kind may get. is_open: it takes no token.
    """
    content: dict[str, Any] = {JSON_TYPE: {"schema": answer}} if answer is not None else {}
    content |= {name: {"schema": {"type": "string", "format": "binary"}} for name in media_types}
    said: dict[str, Any] = {
        "responses": {str(status): {"description": "Done.", **({"content": content} if content else {})}}
    }
    said["responses"] |= {str(refusal): problem_reference(refusal) for refusal in refusals}
    if query:
        said["parameters"] = [_parameter(name, value, name in required) for name, value in query.items()]
    if body is not None:
        schema = body if isinstance(body, dict) else model_schema(body)
        # Where everything may be left out the body may be, too.
        is_needed = isinstance(body, type)
        said["requestBody"] = {"required": is_needed, "content": {JSON_TYPE: {"schema": schema}}}
    if is_open:
        said["security"] = []
    return said


def problem_reference(status: int) -> dict[str, str]:
    return {"$ref": f"#/components/responses/Problem{status}"}


def model_schema(model: type[BaseModel]) -> Schema:
    """The schema of a body, with what it is made of in its place: references would lead out of it."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    inlined: Schema = _inline(schema, definitions)
    return inlined


def _inline(value: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_inline(item, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    if str(value.get("$ref", "")).startswith(_DEFINITIONS):
        return _inline(definitions[value["$ref"].removeprefix(_DEFINITIONS)], definitions)
    return {name: _inline(each, definitions) for name, each in value.items()}


def _parameter(name: str, value: Reader | Schema, is_required: bool) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": is_required, "schema": _schema_of(value)}


def _schema_of(value: Reader | Schema) -> Schema:
    if isinstance(value, dict):
        return value
    if isinstance(value, OneOf):
        return {"type": "string", "enum": list(value.words)}
    return _OF_READERS[value]
