"""What a validator found, said in plain words. Knows no validator library: the kernel's fast one uses them too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from sdk.definition import escape
from sdk.errors import Violation
from sdk.nearest import nearest_or_all
from sdk.schema.document_type import CUSTOM_PATTERN, DocumentType
from sdk.schema.formats import EXPECTED

# Of one finding; nobody reads more, and for each the nearest known name is looked for.
VIOLATIONS_MAX = 1_000
_SHOWN_MAX = 80
_CUSTOM = re.compile(CUSTOM_PATTERN)
_TYPES = {
    "string": "a text", "integer": "a whole number", "boolean": "true or false", "object": "an object",
    "array": "a list", "number": "a number", "null": "nothing",
}  # fmt: skip
# keyword: (message, what is expected); {} is the schema's value.
_WORDS = {
    "minLength": ("the text is too short", "at least {} character(s)"),
    "maxLength": ("the text is too long", "at most {} character(s)"),
    "minimum": ("the number is too small", "at least {}"),
    "maximum": ("the number is too large", "at most {}"),
    "exclusiveMinimum": ("the number is too small", "more than {}"),
    "exclusiveMaximum": ("the number is too large", "less than {}"),
    "multipleOf": ("the number is no multiple", "a multiple of {}"),
    "minItems": ("the list is too short", "at least {} item(s)"),
    "maxItems": ("the list is too long", "at most {} item(s)"),
    "uniqueItems": ("the list holds an item twice", "different items"),
    "minProperties": ("the object has too few members", "at least {}"),
    "maxProperties": ("the object has too many members", "at most {}"),
    "pattern": ("the text does not match the pattern", "{}"),
    "const": ("this is another value", "{}"),
    "not": ("this value is not allowed here", None),
    "anyOf": ("none of the allowed forms fits", None),
    "oneOf": ("exactly one of the allowed forms must fit", None),
    "false schema": ("there must be nothing here", None),
}


def explain(type: DocumentType, keyword: str, pointer: str, value: Any, instance: Any) -> list[Violation]:
    """The violations behind one finding of a validator.

    keyword: that failed; value: what the schema says of it.
    pointer: to the data that failed it; instance: those data.
    """
    special = _SPECIAL.get(keyword)
    if special is not None:
        return special(type, pointer, value, instance)
    message, expected = _WORDS.get(keyword, (f"this breaks the rule {keyword}", None))
    return [Violation(pointer, keyword, message, expected.format(_shown(value)) if expected else None)]


def merge_violations(*groups: Iterable[Violation]) -> list[Violation]:
    """All violations, one per pointer and rule; what a later group says below or at a refused pointer is left out."""
    merged: dict[tuple[str, str], Violation] = {}
    refused: set[str] = set()
    for group in groups:
        fresh = [violation for violation in group if violation.pointer not in refused]
        merged.update({(violation.pointer, violation.rule): violation for violation in fresh})
        refused |= {violation.pointer for violation in fresh}
    return sorted(merged.values(), key=lambda violation: (violation.pointer, violation.rule))


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…"


def _explain_required(type: DocumentType, pointer: str, value: Any, instance: Any) -> list[Violation]:
    return [
        Violation(f"{pointer}/{escape(name)}", "required", f"{name} is missing", "a value")
        for name in value
        if name not in instance
    ]


def _explain_dependent(type: DocumentType, pointer: str, value: Any, instance: Any) -> list[Violation]:
    return [
        Violation(f"{pointer}/{escape(name)}", "dependentRequired", f"{name} is missing beside {given}", "a value")
        for given, names in value.items()
        for name in names
        if given in instance and name not in instance
    ]


def _explain_unknown(type: DocumentType, pointer: str, value: Any, instance: Any) -> list[Violation]:
    known = fields_at(type, pointer)
    unknown = (name for name in instance if name not in known and (pointer or not _CUSTOM.fullmatch(str(name))))
    return [
        Violation(
            f"{pointer}/{escape(str(name))}",
            "unknown_field",
            f"there is no field {_shown(name)}",
            nearest_or_all(name, known),
        )
        for name in islice(unknown, VIOLATIONS_MAX)
    ]


def _explain_type(type: DocumentType, pointer: str, value: Any, instance: Any) -> list[Violation]:
    expected = " or ".join(_TYPES.get(name, name) for name in ([value] if isinstance(value, str) else value))
    return [Violation(pointer, "type", f"this is not {expected}", expected)]


def _explain_enum(type: DocumentType, pointer: str, value: Any, instance: Any) -> list[Violation]:
    expected = _shown(", ".join(_shown(item) for item in value))
    return [Violation(pointer, "enum", f"{_shown(instance)} is not one of the allowed values", expected)]


def _explain_format(type: DocumentType, pointer: str, value: Any, instance: Any) -> list[Violation]:
    return [Violation(pointer, str(value), f"this is not of format {value}", EXPECTED.get(str(value)))]


_SPECIAL: Mapping[str, Callable[[DocumentType, str, Any, Any], list[Violation]]] = {
    "required": _explain_required,
    "dependentRequired": _explain_dependent,
    "additionalProperties": _explain_unknown,
    "type": _explain_type,
    "enum": _explain_enum,
    "format": _explain_format,
}


def fields_at(type: DocumentType, pointer: str) -> Mapping[str, Any]:
    """The schemas of the members an object of a document may have, by the pointer to it."""
    schema: Mapping[str, Any] = type.schema
    for token in pointer.split("/")[1:]:
        below = schema.get("properties", {}).get(token) or schema.get("items")
        if below is None:
            return {}
        schema = below
    properties: Mapping[str, Any] = schema.get("properties", {})
    return properties
