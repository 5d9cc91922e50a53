"""Document types with a tenant's own fields: made from the definitions, `kernel.custom_field`, once per generation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import orjson

from sdk.catalogue import Catalogue
from sdk.schema import DocumentType

CUSTOM_FIELD = "kernel.custom_field"
TEXT_LENGTH_MAX = 10_000
TYPES_REMEMBERED_MAX = 1_024
# Of a definition, what a document type is made of; the rest only says how it came to be.
_MADE_OF = (
    "name", "title", "description", "kind", "max_length", "scale", "target", "options", "default", "required", "index",
    "search", "unique",
)  # fmt: skip


def extend_catalogue(catalogue: Catalogue, definitions: Sequence[Mapping[str, Any]]) -> Catalogue:
    """The catalogue with the fields of these definitions; the very same one where there are none."""
    by_type: dict[str, list[bytes]] = defaultdict(list)
    for data in definitions:
        # Of a type whose applet is not enabled now the definition is kept until it is.
        if data["document_type"] in catalogue.types:
            kept = {name: data[name] for name in _MADE_OF if name in data}
            by_type[data["document_type"]].append(orjson.dumps(kept))
    if not by_type:
        return catalogue
    extended = {name: _extended(catalogue.types[name], tuple(texts)) for name, texts in by_type.items()}
    return replace(catalogue, types={**catalogue.types, **extended})


@lru_cache(maxsize=TYPES_REMEMBERED_MAX)
def _extended(type: DocumentType, definitions: tuple[bytes, ...]) -> DocumentType:
    """Remembered over generations, as validators and compiled filters hang on the type."""
    given = [orjson.loads(text) for text in definitions]
    return extend(type, given)


def extend(type: DocumentType, definitions: Sequence[Mapping[str, Any]]) -> DocumentType:
    """A document type with the fields of these definitions."""
    properties = {data["name"]: field_schema(data) for data in definitions}
    return type.extended(properties, [data["name"] for data in definitions if data.get("required")])


def field_schema(data: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of the field a definition describes."""
    schema: dict[str, Any] = {"title": data["title"], **_kind_schema(data)}
    if "description" in data:
        schema["description"] = data["description"]
    for name in ("index", "unique", "search"):
        if data.get(name):
            schema[f"x-{name}"] = True
    if "default" in data:
        schema["default"] = read_default(data["kind"], data["default"])
    return schema


def _kind_schema(data: Mapping[str, Any]) -> dict[str, Any]:
    match data["kind"]:
        case "text":
            return {"type": "string", "maxLength": data.get("max_length", TEXT_LENGTH_MAX)}
        case "integer" | "boolean" as kind:
            return {"type": kind}
        case "decimal":
            return {"x-decimal": {"scale": data["scale"]} if "scale" in data else {}}
        case "link":
            return {"x-link": data["target"]}
        case "choice":
            return {"enum": data["options"]}
        case format:
            return {"format": format}


def read_default(kind: str, text: str) -> Any:
    """The JSON value a text stands for; where it stands for none the text itself, for the validator to refuse."""
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if kind == "integer":
        try:
            return int(text)
        except ValueError:
            return text
    return text
