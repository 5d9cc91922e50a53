"""From what was sent to a document that may be written: cast, validated, completed by hooks and computed fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.context import KernelContext
from kernel.documents.validator import violations_of
from sdk.document import SYSTEM_FIELDS, Document
from sdk.document_errors import DocumentInvalid
from sdk.errors import Violation
from sdk.schema import DocumentType, check_writable, compute, dump, fill_defaults, find_values, load, merge_violations
from sdk.schema.patch import is_same
from sdk.schema.plain_words import VIOLATIONS_MAX

# `type` says what is meant anyway, and the company is chosen when a document is created.
_FREE_ON_CREATE = ("type", "company_id")
# Each of at most four bytes; a key of PostgreSQL's holds 2,700.
INDEXED_CHARACTERS_MAX = 500


def cast_new(ctx: KernelContext, type: DocumentType, data: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent for a new document, as values. Raises DocumentInvalid with every fault of it."""
    if not isinstance(data, Mapping):
        raise DocumentInvalid(type=type.name, violations=[Violation("", "type", "this is not an object", "an object")])
    refused = [_system(name) for name in SYSTEM_FIELDS if name not in _FREE_ON_CREATE and data.get(name) is not None]
    return _cast(ctx, type, fill_defaults(type, _without_system(data)), None, refused)


def cast_changed(
    ctx: KernelContext, type: DocumentType, data: Mapping[str, Any], patch: Mapping[str, Any], previous: Document
) -> dict[str, Any]:
    """A changed document's values. data: its JSON with the patch applied."""
    current = previous.scope()
    refused = [_system(name) for name in SYSTEM_FIELDS if name in patch and not _is_same(patch[name], current[name])]
    return _cast(ctx, type, _without_system(data), previous, refused)


def complete(ctx: KernelContext, type: DocumentType, document: Document, previous: Document | None) -> dict[str, Any]:
    """Call the hooks that may change and those that may veto; the JSON to store, valid once more."""
    hooks, call = ctx.runtime.catalogue.hooks, {"ctx": ctx, "document": document, "previous": previous}
    hooks.call("before_save", type.name, **call)
    fill_computed(ctx, type, document)
    hooks.call("validate_document", type.name, **call)
    return to_stored(type, document)


def complete_restored(ctx: KernelContext, type: DocumentType, document: Document, previous: Document) -> dict[str, Any]:
    """The same for one that comes back from the bin. What no hook has changed was valid when it was written, and a rule
    made since must not keep it there: it could not be mended while it is deleted.
    """
    hooks, call = ctx.runtime.catalogue.hooks, {"ctx": ctx, "document": document, "previous": previous}
    before = dump(type, document.fields)
    hooks.call("before_save", type.name, **call)
    is_changed = not is_same(dump(type, document.fields), before)
    if is_changed:
        fill_computed(ctx, type, document)
    hooks.call("validate_document", type.name, **call)
    return to_stored(type, document) if is_changed else before


def fill_computed(ctx: KernelContext, type: DocumentType, document: Document) -> None:
    """Set the fields whose value follows from others, `today` or the actor."""
    if type.computed:
        compute(type, document.fields, {**document.scope(), **ctx.scope()})


def to_stored(type: DocumentType, document: Document) -> dict[str, Any]:
    """The JSON of a complete document; raises DocumentInvalid where a hook has left a fault."""
    stored = dump(type, document.fields)
    # What code goes on with is what a later reader finds: decimals rounded to their scale, nulls gone.
    values, faults = load(type, stored)
    if violations := merge_violations(
        faults, violations_of(type, stored, most=VIOLATIONS_MAX), _too_long_to_index(type, stored)
    ):
        raise DocumentInvalid(type=type.name, violations=violations)
    document.fields = values
    return stored


def _too_long_to_index(type: DocumentType, stored: Mapping[str, Any]) -> list[Violation]:
    """PostgreSQL would refuse to write a row whose indexed value does not fit into its index."""
    expected = f"at most {INDEXED_CHARACTERS_MAX} characters"
    return [
        Violation(pointer, "indexed_length", "the text is too long for a field with an index", expected)
        for field in type.indexed
        if not field.in_array
        for pointer, value in find_values(stored, field.path)
        if isinstance(value, str) and len(value) > INDEXED_CHARACTERS_MAX
    ]


def _cast(
    ctx: KernelContext,
    type: DocumentType,
    data: Mapping[str, Any],
    previous: Document | None,
    refused: list[Violation],
) -> dict[str, Any]:
    values, faults = load(type, data)
    before = previous.fields if previous is not None else None
    if ctx.applet is None:
        refused += check_writable(type, values, before)
    masked = ctx.permissions.mask(type, "create" if previous is None else "update", previous, ctx.scope())
    refused += [_masked(name) for name in sorted(masked) if values.get(name) != (before or {}).get(name)]
    violations = merge_violations(
        refused, faults, violations_of(type, dump(type, values), as_input=True, most=VIOLATIONS_MAX)
    )
    if type.demanded and ctx.applet is not None:
        # An applet knows nothing of the fields a tenant has added, so they are asked of people only.
        violations = [v for v in violations if v.rule != "required" or v.pointer[1:] not in type.demanded]
    if violations:
        raise DocumentInvalid(type=type.name, violations=violations)
    return values


def _without_system(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in SYSTEM_FIELDS}


def _is_same(sent: Any, current: Any) -> bool:
    """Whether a system field was merely sent back as it had been read; instants are compared loosely."""
    return sent == current or hasattr(current, "tzinfo")


def _system(name: str) -> Violation:
    return Violation(f"/{name}", "read_only", f"{name} is set by the system", "leave it out")


def _masked(name: str) -> Violation:
    return Violation(f"/{name}", "masked", f"you may not set {name}", "leave it out")
