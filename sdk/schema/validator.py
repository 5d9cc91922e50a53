"""The reference validator: JSON Schema 2020-12 with our formats asserted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from jsonschema import Draft202012Validator, FormatChecker

from sdk.definition import escape
from sdk.errors import Violation
from sdk.schema.cast import dump, load
from sdk.schema.document_type import DocumentType
from sdk.schema.formats import FORMATS
from sdk.schema.plain_words import explain, merge_violations

Validator = Callable[[Mapping[str, Any]], list[Violation]]

_checker = FormatChecker(formats=())
for _name, _check in FORMATS.items():
    _checker.checks(_name)(_check)
# Only the schema is held: a type kept alive by its own entry would never be forgotten.
_validators: WeakKeyDictionary[DocumentType, dict[bool, Draft202012Validator]] = WeakKeyDictionary()


def validate(type: DocumentType, data: Mapping[str, Any], *, as_input: bool = False) -> list[Violation]:
    """Every way in which canonical JSON data break the type's schema.

    as_input: the data are what a caller sent, so fields that hooks and expressions fill in may be missing.
    """
    return merge_violations(
        violation
        for error in _validator(type, as_input).iter_errors(data)
        for violation in explain(
            type,
            str(error.validator or "false schema"),
            "".join(f"/{escape(str(part))}" for part in error.absolute_path),
            error.validator_value,
            error.instance,
        )
    )


def read_input(
    type: DocumentType, data: Mapping[str, Any], validator: Validator | None = None
) -> tuple[dict[str, Any], list[Violation]]:
    """Python values of what a caller sent, with all that is wrong with it: of casting and of the schema together.

    validator: another one than the reference, given canonical JSON.
    """
    values, refused = load(type, data)
    canonical = dump(type, values)
    found = validator(canonical) if validator is not None else validate(type, canonical, as_input=True)
    return values, merge_violations(refused, found)


def _validator(type: DocumentType, as_input: bool) -> Draft202012Validator:
    known = _validators.setdefault(type, {})
    if as_input not in known:
        schema = type.input_schema if as_input else type.schema
        known[as_input] = Draft202012Validator(schema, format_checker=_checker)
    return known[as_input]
