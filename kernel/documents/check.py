"""From what was sent to a document that may be written: cast, validated, completed by hooks and computed fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.context import KernelContext
from kernel.documents.validator import violations_of
from sdk.document import SYSTEM_FIELDS, Document
from sdk.document_errors import DocumentInvalid
from sdk.errors import Violation
from sdk.schema import DocumentType, compute, dump, load
from sdk.states import StateMachine


def cast_input(
    ctx: KernelContext, type: DocumentType, data: Mapping[str, Any], previous: Document | None
) -> dict[str, Any]:
    """What was sent, as values. Every fault at once: casts, schema, read-only and masked fields."""
    sent = {name: value for name, value in data.items() if name not in SYSTEM_FIELDS}
    values, violations = load(type, sent)
    if not violations:
        violations = violations_of(type, dump(type, values))
    before = previous.fields if previous else {}
    masked = ctx.permissions.mask(type, "update" if previous else "create", previous, ctx.scope())
    refused = masked if ctx.applet else masked | type.read_only_fields
    violations = [*violations, *(_refused(name, values, before) for name in sorted(refused) if _differs(name, values, before))]
    if violations:
        raise DocumentInvalid(type=type.name, violations=violations)
    return values


def complete(
    ctx: KernelContext, type: DocumentType, document: Document, previous: Document | None, *, is_action: bool = False
) -> dict[str, Any]:
    """Call the hooks that may change and those that may veto; the JSON to store, valid once more."""
    hooks, call = ctx.runtime.catalogue.hooks, {"ctx": ctx, "document": document, "previous": previous}
    changed = is_action or hooks.call("before_save", type.name, **call)
    changed = compute(type, document.fields, document.scope()) or changed
    if not is_action:
        hooks.call("validate_document", type.name, **call)
    stored = dump(type, document.fields)
    if changed and (violations := violations_of(type, stored)):
        raise DocumentInvalid(type=type.name, violations=violations)
    return stored


def check_action_arguments(machine: StateMachine, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The action's arguments, cast and validated by their schema."""
    values, violations = machine.load_arguments(action, arguments)
    if violations:
        raise DocumentInvalid(type=f"{machine.type}.{action}", violations=violations)
    return dict(values)


def _differs(name: str, values: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    return values.get(name) != before.get(name)


def _refused(name: str, values: Mapping[str, Any], before: Mapping[str, Any]) -> Violation:
    return Violation(f"/{name}", "read_only", "this field is not yours to set", f"{before.get(name)!r}, or leave it out")
