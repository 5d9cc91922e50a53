"""The closed vocabulary of document-type schemas, and the check that a schema keeps to it.

Misspelt keywords of JSON Schema are silently ignored by validators; here every keyword is known or refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from jsonschema import Draft202012Validator

from sdk.definition import NAME, QUALIFIED_NAME, escape, parse_expression
from sdk.errors import Violation
from sdk.nearest import nearest_or_all
from sdk.schema.formats import FORMATS
from sdk.schema.numbering import NUMBER_KEYS, check_number
from sdk.schema.protection import check_personal

TYPE_KEYS = ("x-collection", "x-title", "x-number", "x-company", "x-cached", "x-subject", "x-version")
FIELD_KEYS = (
    "x-link", "x-index", "x-unique", "x-search", "x-computed", "x-decimal", "x-encrypted", "x-personal",
)  # fmt: skip
X_KEYS = (*TYPE_KEYS, *FIELD_KEYS)
DECIMAL_KEYS = ("scale", "min", "max")
# What combines schemas: they may narrow what fields hold, never declare fields of their own.
COMBINING = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentRequired")
ANNOTATIONS = ("title", "description", "default", "examples", "deprecated", "readOnly", "$comment")
ASSERTIONS = (
    "type", "enum", "const", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "items", "minItems", "maxItems", "uniqueItems", "properties", "required",
    "additionalProperties", "minProperties", "maxProperties",
)  # fmt: skip
KNOWN_AT_FIELD = (*ANNOTATIONS, *ASSERTIONS, *COMBINING, *FIELD_KEYS)
KNOWN_AT_TYPE = ("$schema", "$id", *ANNOTATIONS, *ASSERTIONS, *COMBINING, *TYPE_KEYS)
SYSTEM_FIELDS = (
    "id", "type", "company_id", "version", "schema_version", "state", "number",
    "created_at", "created_by", "updated_at", "updated_by", "deleted_at", "archived_at",
)  # fmt: skip
# What expressions call the world around a document; a field of that name could never be named in one.
SCOPE_NAMES = ("actor", "param", "today")
DEPTH_MAX = 8
FIELDS_MAX = 500
SCALE_MAX = 12
VERSION_MAX = 1_000

_FORMAT_KINDS = {"decimal": "decimal", "date": "date", "date-time": "instant", "uuid": "uuid"}
_TYPE_KINDS = {"string": "text", "integer": "integer", "boolean": "boolean", "object": "object", "array": "array"}
_JSON_TYPES = {"text": "string", "decimal": "string", "date": "string", "instant": "string", "uuid": "string"}
_META = Draft202012Validator(Draft202012Validator.META_SCHEMA)

Faults = list[Violation]


def kind_of(schema: Mapping[str, Any]) -> str | None:
    """What a field's values are, by its schema; None where it does not say."""
    for key, kind in (("x-link", "uuid"), ("x-decimal", "decimal")):
        if key in schema:
            return kind
    if isinstance(schema.get("format"), str):
        return _FORMAT_KINDS.get(schema["format"], "text")
    if isinstance(schema.get("type"), str):
        return _TYPE_KINDS.get(schema["type"])
    return _implied_kind(schema)


def _implied_kind(schema: Mapping[str, Any]) -> str | None:
    for key, kind in (("properties", "object"), ("items", "array")):
        if key in schema:
            return kind
    enum = schema.get("enum")
    return "text" if isinstance(enum, list) and enum and all(isinstance(item, str) for item in enum) else None


def json_type(kind: str) -> str:
    """The JSON Schema type values of a kind have."""
    return _JSON_TYPES.get(kind, kind)


def check_schema(schema: Any) -> Faults:
    """Every way in which a document type's schema breaks the vocabulary."""
    if not isinstance(schema, Mapping):
        return [Violation("", "type", "a document type is an object", "an object")]
    if _depth(schema) > 4 * DEPTH_MAX:
        return [Violation("", "depth", "the schema is nested too deeply", f"at most {DEPTH_MAX} levels of fields")]
    faults: Faults = []
    _check_keys(schema, "", KNOWN_AT_TYPE, faults)
    if schema.get("type", "object") != "object":
        faults.append(Violation("/type", "type", "a document is an object", "object"))
    if schema.get("additionalProperties", False) is not False:
        faults.append(Violation("/additionalProperties", "closed", "a document holds declared fields only", "false"))
    _check_type_keys(schema, faults)
    _check_combining(schema, "", faults)
    _check_properties(schema, "", 1, False, faults)
    if not faults:
        faults += _check_meta(schema)
    return faults


def _depth(value: Any, limit: int = 200) -> int:
    """Levels of nesting, without recursion: the schema may be hostile."""
    depth, level = 0, [value]
    while level and depth < limit:
        depth += 1
        level = [
            below
            for item in level
            if isinstance(item, Mapping | list)
            for below in (item.values() if isinstance(item, Mapping) else item)
        ]
    return depth


def _check_meta(schema: Mapping[str, Any]) -> Faults:
    """What JSON Schema itself asks of its keywords' values; asked last, as its words are the least plain."""
    return [
        Violation("".join(f"/{escape(str(part))}" for part in error.absolute_path), "json_schema", error.message[:300])
        for error in _META.iter_errors(schema)
    ]


def _check_keys(schema: Mapping[str, Any], pointer: str, known: tuple[str, ...], faults: Faults) -> None:
    for key in schema:
        if key in known:
            continue
        where = f"{pointer}/{escape(str(key))}"
        if key in X_KEYS:
            level = "a type" if key in TYPE_KEYS else "a field"
            faults.append(Violation(where, "misplaced_key", f"{key} belongs to {level}, not here"))
        else:
            alike = [name for name in known if name.startswith("x-") == str(key).startswith("x-")]
            faults.append(Violation(where, "unknown_key", f"there is no keyword {key}", nearest_or_all(key, alike)))


def _check_type_keys(schema: Mapping[str, Any], faults: Faults) -> None:
    fields = schema["properties"] if isinstance(schema.get("properties"), Mapping) else {}
    collection = schema.get("x-collection", "a")
    if not isinstance(collection, str) or not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", collection):
        faults.append(Violation("/x-collection", "name", "not a name for URLs", "such as journal-entries"))
    title = schema.get("x-title", "number")
    if title != "number" and (not isinstance(title, str) or title not in fields):
        expected = nearest_or_all(title, [*map(str, fields), "number"])
        faults.append(Violation("/x-title", "unknown_field", f"there is no field {title}", expected))
    if schema.get("x-company", "none") not in ("required", "none"):
        faults.append(Violation("/x-company", "enum", "x-company is required or none", "required, none"))
    if not isinstance(schema.get("x-cached", False), bool):
        faults.append(Violation("/x-cached", "type", "x-cached is true or false", "true or false"))
    version = schema.get("x-version", 1)
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= VERSION_MAX:
        faults.append(Violation("/x-version", "range", "not a number of a version", f"1 to {VERSION_MAX}"))
    if "x-number" in schema:
        check_number(schema["x-number"], fields, faults)


def _check_properties(schema: Mapping[str, Any], pointer: str, depth: int, in_array: bool, faults: Faults) -> None:
    properties = schema.get("properties", {})
    if not isinstance(properties, Mapping):
        faults.append(Violation(f"{pointer}/properties", "type", "properties is not an object", "an object"))
        return
    if depth > DEPTH_MAX or len(properties) > FIELDS_MAX:
        limit = f"at most {DEPTH_MAX} levels of at most {FIELDS_MAX} fields"
        faults.append(Violation(pointer, "depth", "there are too many fields or levels", limit))
        return
    for name, field in properties.items():
        where = f"{pointer}/properties/{escape(str(name))}"
        _check_name(str(name), where, depth, in_array, faults)
        _check_field(field, where, depth, in_array, faults)
    required = schema.get("required", [])
    for name in required if isinstance(required, list) else []:
        # JSON Schema itself refuses what is no text; here it only must not fail.
        if isinstance(name, str) and name not in properties:
            message = f"{name} is required but not declared"
            faults.append(Violation(f"{pointer}/required", "unknown_field", message, nearest_or_all(name, properties)))


def _check_name(name: str, where: str, depth: int, in_array: bool, faults: Faults) -> None:
    reserved = (*SCOPE_NAMES, *(SYSTEM_FIELDS if depth == 1 else ()), *(("document",) if in_array else ()))
    if name in reserved:
        faults.append(Violation(where, "reserved_name", f"{name} is reserved", "another name"))
    elif name.startswith("custom_") and depth == 1:
        faults.append(Violation(where, "reserved_name", "custom_ fields belong to the tenant", "another name"))
    elif not NAME.fullmatch(name):
        faults.append(Violation(where, "name", f"{name[:80]} is not a field name", "snake_case, at most 63 characters"))


def _check_field(schema: Any, pointer: str, depth: int, in_array: bool, faults: Faults) -> None:
    if not isinstance(schema, Mapping):
        faults.append(Violation(pointer, "type", "a field's schema is an object", "an object"))
        return
    _check_keys(schema, pointer, KNOWN_AT_FIELD, faults)
    _check_combining(schema, pointer, faults)
    kind = kind_of(schema)
    if kind is None:
        _refuse_kind(schema, pointer, faults)
        return
    _check_meanings(schema, kind, pointer, faults)
    for key, check in _FIELD_CHECKS.items():
        if key in schema:
            check(schema[key], f"{pointer}/{key}", faults)
    _check_place(schema, pointer, depth, in_array, faults)
    if kind == "object":
        _check_properties(schema, pointer, depth + 1, in_array, faults)
    if kind == "array":
        _check_items(schema, pointer, depth, faults)


def _refuse_kind(schema: Mapping[str, Any], pointer: str, faults: Faults) -> None:
    declared = schema.get("type")
    if declared == "number":
        faults.append(Violation(f"{pointer}/type", "no_floats", "numbers are exact here", "format decimal, or integer"))
    else:
        expected = f"one of {', '.join(_TYPE_KINDS)}"
        faults.append(Violation(f"{pointer}/type", "kind", "the field does not say what it holds", expected))


def _check_meanings(schema: Mapping[str, Any], kind: str, pointer: str, faults: Faults) -> None:
    """A field means one thing: a link is not also an amount."""
    meanings = {key for key in ("x-link", "x-decimal") if key in schema}
    said = schema.get("format")
    if isinstance(said, str) and said != {"uuid": "uuid", "decimal": "decimal"}.get(kind):
        meanings.add(f"format {said}")
    if "x-computed" in schema and "default" in schema:
        faults.append(Violation(f"{pointer}/default", "two_meanings", "a computed field has no default"))
    if len(meanings) > 1:
        faults.append(Violation(pointer, "two_meanings", f"{' and '.join(sorted(meanings))} exclude each other"))
    elif schema.get("type", json_type(kind)) != json_type(kind):
        message = f"the field is {json_type(kind)} in JSON, not {schema['type']}"
        faults.append(Violation(f"{pointer}/type", "two_meanings", message, json_type(kind)))


def _check_place(schema: Mapping[str, Any], pointer: str, depth: int, in_array: bool, faults: Faults) -> None:
    kind = kind_of(schema)
    nested = kind in ("object", "array")
    if nested and any(key in schema for key in FIELD_KEYS):
        keys = ", ".join(key for key in FIELD_KEYS if key in schema)
        faults.append(Violation(pointer, "misplaced_key", f"{keys} does not go with type {kind}", "a single value"))
    if in_array:
        for key in ("x-index", "x-unique", "x-search"):
            if key in schema:
                message = f"{key} has no meaning inside an array"
                faults.append(Violation(f"{pointer}/{key}", "misplaced_key", message, "a field outside of arrays"))
    if "x-unique" in schema and depth > 1 and not in_array:
        faults.append(Violation(f"{pointer}/x-unique", "misplaced_key", "x-unique is for fields at the top"))
    if schema.get("x-search") is True and kind != "text":
        faults.append(Violation(f"{pointer}/x-search", "misplaced_key", f"x-search is for texts, not {kind}"))


def _check_items(schema: Mapping[str, Any], pointer: str, depth: int, faults: Faults) -> None:
    items = schema.get("items")
    where = f"{pointer}/items"
    if isinstance(items, Mapping) and kind_of(items) == "array":
        expected = "objects with an array field"
        faults.append(Violation(where, "nested_array", "an array holds values or objects", expected))
        return
    if isinstance(items, Mapping):
        for key in ("x-computed", "default", "readOnly"):
            if key in items:
                faults.append(Violation(f"{where}/{key}", "misplaced_key", f"{key} has no meaning for items"))
    _check_field(items, where, depth, True, faults)


def _check_combining(schema: Mapping[str, Any], pointer: str, faults: Faults) -> None:
    for key in COMBINING:
        if key in schema:
            for path in _find_x_keys(schema[key], f"{pointer}/{key}"):
                faults.append(Violation(path, "misplaced_key", f"x- keys have no meaning under {key}"))


def _find_x_keys(value: Any, pointer: str) -> list[str]:
    if isinstance(value, list):
        return [path for index, item in enumerate(value) for path in _find_x_keys(item, f"{pointer}/{index}")]
    if not isinstance(value, Mapping):
        return []
    found = [f"{pointer}/{escape(str(key))}" for key in value if str(key).startswith("x-")]
    return found + [path for key, item in value.items() for path in _find_x_keys(item, f"{pointer}/{escape(str(key))}")]


def _check_link(value: Any, where: str, faults: Faults) -> None:
    if value != "*" and not (isinstance(value, str) and QUALIFIED_NAME.fullmatch(value)):
        faults.append(Violation(where, "link", "not a document type", "applet.noun, or * for any"))


def _check_flag(value: Any, where: str, faults: Faults) -> None:
    if not isinstance(value, bool):
        faults.append(Violation(where, "type", "not true or false", "true or false"))


def _check_unique(value: Any, where: str, faults: Faults) -> None:
    if not isinstance(value, bool) and value != "company":
        faults.append(Violation(where, "enum", "not a scope of uniqueness", "true (per tenant) or company"))


def _check_format(value: Any, where: str, faults: Faults) -> None:
    if not isinstance(value, str) or value not in FORMATS:
        faults.append(Violation(where, "enum", f"there is no format {value}", nearest_or_all(value, FORMATS)))


def _check_pattern(value: Any, where: str, faults: Faults) -> None:
    try:
        re.compile(value)
    except (re.error, TypeError, RecursionError, OverflowError):
        faults.append(Violation(where, "pattern", "not a regular expression"))


def _check_decimal(value: Any, where: str, faults: Faults) -> None:
    if not isinstance(value, Mapping):
        faults.append(Violation(where, "type", "x-decimal is not an object", '{"scale": 2}'))
        return
    for key in value:
        if key not in DECIMAL_KEYS:
            expected = nearest_or_all(key, DECIMAL_KEYS)
            faults.append(Violation(f"{where}/{escape(str(key))}", "unknown_key", f"there is no key {key}", expected))
    scale = value.get("scale", 0)
    if isinstance(scale, bool) or not isinstance(scale, int) or not 0 <= scale <= SCALE_MAX:
        faults.append(Violation(f"{where}/scale", "range", "not a number of digits", f"0 to {SCALE_MAX}"))
    for key in ("min", "max"):
        bound = value.get(key, 0)
        exact = isinstance(bound, int) and not isinstance(bound, bool)
        if not exact and not (isinstance(bound, str) and FORMATS["decimal"](bound)):
            faults.append(Violation(f"{where}/{key}", "decimal_text", "not an exact decimal", 'such as "0.01"'))


def _check_computed(value: Any, where: str, faults: Faults) -> None:
    parse_expression(value, where, faults)


_FIELD_CHECKS: dict[str, Callable[[Any, str, Faults], None]] = {
    "x-link": _check_link, "x-index": _check_flag, "x-unique": _check_unique, "x-search": _check_flag,
    "x-computed": _check_computed, "x-decimal": _check_decimal, "format": _check_format, "pattern": _check_pattern,
    "readOnly": _check_flag, "x-encrypted": _check_flag, "x-personal": check_personal,
}  # fmt: skip

__all__ = ["NUMBER_KEYS", "X_KEYS", "check_schema", "json_type", "kind_of"]
