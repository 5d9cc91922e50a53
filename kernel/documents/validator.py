"""JSON Schema on the hot path: jsonschema-rs, one compiled validator per document type, the SDK's messages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jsonschema_rs

from sdk.errors import Violation
from sdk.schema import FORMATS, DocumentType, explain_violation

VALIDATORS_MAX = 2048


def violations_of(type: DocumentType, data: Mapping[str, Any]) -> list[Violation]:
    """Every broken rule of the stored shape, in the order of the schema."""
    validator = _validator(type)
    if validator.is_valid(data):
        return []
    return [_violation(error) for error in validator.iter_errors(data)]


@lru_cache(maxsize=VALIDATORS_MAX)
def _validator(type: DocumentType) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(type.schema, validate_formats=True, formats=dict(FORMATS))


def _violation(error: jsonschema_rs.ValidationError) -> Violation:
    raise NotImplementedError
