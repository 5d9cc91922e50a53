"""JSON Schema on the hot path: jsonschema-rs, compiled once per document type, in the SDK's own words."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs

from sdk.definition import escape
from sdk.errors import Violation
from sdk.schema import DocumentType, explain, merge_violations
from sdk.schema.formats import FORMATS

VALIDATORS_MAX = 4096


def violations_of(
    type: DocumentType, data: Mapping[str, Any], *, as_input: bool = False, most: int | None = None
) -> list[Violation]:
    """Every rule canonical JSON data break. as_input: what hooks and expressions fill in may be missing still.

    most: findings explained, which costs more than finding them; None explains all.
    """
    validator = _validator(type, as_input)
    if validator.is_valid(data):
        return []
    errors = islice(validator.iter_errors(data), most)
    violations = merge_violations(v for error in errors for v in _explain(type, as_input, error))
    # Refused even where nobody has words for it.
    return violations or [Violation("", "schema", f"this is no valid {type.name}")]


@lru_cache(maxsize=VALIDATORS_MAX)
def _validator(type: DocumentType, as_input: bool) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        dict(_schema(type, as_input)), validate_formats=True, formats=dict(FORMATS), ignore_unknown_formats=False
    )


def _schema(type: DocumentType, as_input: bool) -> Mapping[str, Any]:
    return type.input_schema if as_input else type.schema


def _explain(type: DocumentType, as_input: bool, error: jsonschema_rs.ValidationError) -> list[Violation]:
    keyword = str(error.schema_path[-1]) if error.schema_path else "false schema"
    value: Any = _schema(type, as_input)
    for part in error.schema_path:
        value = value[part]
    pointer = "".join(f"/{escape(str(part))}" for part in error.instance_path)
    return explain(type, keyword, pointer, value, error.instance)
