"""x-encrypted, x-personal and x-subject: what goes together with them, and what would give a protected value away."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sdk.errors import Violation
from sdk.nearest import nearest_or_all
from sdk.schema.fields import Field, mentioned_paths, pointer_of

# The category of a personal field that names none.
PERSONAL = "personal"
# x-subject of a type whose documents are about themselves: a customer, a contact.
SELF = "id"
_CATEGORY = re.compile(r"[a-z][a-z0-9_]{0,39}")
# A boolean has two values, so equality alone would tell it; the others hold what can be guessed only by trying.
ENCRYPTED_KINDS = ("text", "decimal", "integer", "date", "instant", "uuid")

Faults = list[Violation]


def check_personal(value: Any, where: str, faults: Faults) -> None:
    """The value of x-personal in a schema."""
    if value is not True and not (isinstance(value, str) and _CATEGORY.fullmatch(value)):
        faults.append(Violation(where, "enum", "not true, nor the name of a category", "true, or such as contact"))


def read_personal(schema: Mapping[str, Any]) -> str | None:
    """The category of a field's values, None where they are not personal. On an array of values it is on its items."""
    said = schema.get("x-personal", schema.get("items", {}).get("x-personal"))
    return PERSONAL if said is True else said


def check_protection(schema: Mapping[str, Any], fields: Mapping[str, Field], faults: Faults) -> None:
    """Every way in which the type would give away what it protects, or could not keep what it promises."""
    _check_subject(schema, fields, faults)
    for field in fields.values():
        if field.encrypted:
            _check_encrypted(schema, field, faults)
        if field.personal and field.link:
            message = "a link is no personal value: declare the fields of the document it points to"
            faults.append(_misplaced(field, "x-personal", message))
    for field in fields.values():
        if field.computed is not None:
            _check_computed(field, fields, faults)


def _check_subject(schema: Mapping[str, Any], fields: Mapping[str, Field], faults: Faults) -> None:
    subject = schema.get("x-subject", SELF)
    if subject != SELF:
        links = [path for path, field in fields.items() if field.link and "." not in path and field.kind == "uuid"]
        if subject not in links:
            message = f"{subject} is no field that links to whom the document is about"
            faults.append(Violation("/x-subject", "unknown_field", message, nearest_or_all(subject, [*links, SELF])))
    if "x-subject" in schema and not any(field.personal for field in fields.values()):
        faults.append(Violation("/x-subject", "misplaced_key", "the type has no field with x-personal"))


def _check_encrypted(schema: Mapping[str, Any], field: Field, faults: Faults) -> None:
    if field.kind not in ENCRYPTED_KINDS:
        expected = f"one of {', '.join(ENCRYPTED_KINDS)}"
        faults.append(_misplaced(field, "x-encrypted", f"a field of kind {field.kind} is not encrypted", expected))
    if field.in_array:
        faults.append(_misplaced(field, "x-encrypted", "x-encrypted has no meaning inside an array", "outside"))
    for key, reason in _EXCLUDED.items():
        if _HAS[key](field):
            faults.append(_misplaced(field, "x-encrypted", f"x-encrypted does not go with {key}: {reason}"))
    if schema.get("x-cached"):
        faults.append(_misplaced(field, "x-encrypted", "documents of a type with x-cached are kept in memory"))
    if schema.get("x-title") == field.path:
        faults.append(_misplaced(field, "x-encrypted", "the title of a document stands in lists in the clear"))
    number = schema.get("x-number")
    if isinstance(number, Mapping) and number.get("date") == field.path:
        faults.append(_misplaced(field, "x-encrypted", "the number of a document would tell its date"))


_EXCLUDED = {
    "x-index": "it is found by == and `in` only, through its blind index",
    "x-search": "the words would stand in the index in the clear",
    "x-link": "the link would stand beside it in the clear",
    "x-computed": "it could be computed by whoever may read what it is computed from",
}
_HAS: dict[str, Callable[[Field], bool]] = {
    "x-index": lambda field: field.index,
    "x-search": lambda field: field.search,
    "x-link": lambda field: field.link is not None,
    "x-computed": lambda field: field.computed is not None,
}


def _check_computed(field: Field, fields: Mapping[str, Field], faults: Faults) -> None:
    """What is computed from a protected value tells of it."""
    where = f"{pointer_of(field.path)}/x-computed"
    for path in mentioned_paths(field):
        for named in (each for each in fields.values() if each.path == path or each.path.startswith(f"{path}.")):
            if named.encrypted:
                message = f"{named.path} is encrypted, and {field.path} would hold it in the clear"
                faults.append(Violation(where, "protected", message))
            elif named.personal and not field.personal and named.path == path:
                message = f"{named.path} is personal, so what is computed from it is as well"
                faults.append(Violation(where, "protected", message, "x-personal here too"))


def _misplaced(field: Field, key: str, message: str, expected: str | None = None) -> Violation:
    return Violation(f"{pointer_of(field.path)}/{key}", "misplaced_key", message, expected)
