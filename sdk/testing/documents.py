"""The verbs that change documents, in the fake: the same steps in the same order as in the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sdk.document import SYSTEM_FIELDS, Document
from sdk.document_errors import (
    CompanyRequired,
    DocumentArchived,
    DocumentDeleted,
    DocumentInvalid,
    DocumentNotArchivable,
    DocumentNotDeletable,
    DocumentNotEditable,
    DocumentNotFound,
    NoStateMachine,
)
from sdk.errors import StaleVersion
from sdk.identifiers import new_id
from sdk.schema import (
    DocumentType,
    apply,
    check_writable,
    compute,
    diff,
    dump,
    fill_defaults,
    load,
    merge_violations,
    read_input,
    validate,
)
from sdk.schema.patch import is_same
from sdk.states import StateMachine
from sdk.testing.events import append
from sdk.testing.references import refuse_while_linked, write_references
from sdk.testing.registers import write_staged
from sdk.testing.transaction import Transaction

# What decides what happens in the tenant is not put out of sight.
STEERING_TYPES = frozenset({"kernel.role", "kernel.grant", "kernel.setting", "kernel.company", "kernel.custom_field"})


@dataclass(frozen=True)
class Change:
    """One change about to be written. stored, before, arguments: JSON; before is that of the fields until now."""

    type: DocumentType
    document: Document
    stored: Mapping[str, Any]
    verb: str
    before: Mapping[str, Any] = field(default_factory=dict)
    previous: Document | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)


def create(ctx: Transaction, type_name: str, data: Mapping[str, Any], company_id: str | None) -> Document:
    type = ctx.catalogue.type(type_name)
    ctx.permissions.check_document("create", type.name)
    machine = ctx.catalogue.machines.get(type_name)
    document = Document(
        id=new_id(),
        type=type.name,
        fields=_read(ctx, type, fill_defaults(type, data), None),
        company_id=_company(ctx, type, company_id or data.get("company_id")),
        state=machine.initial if machine else None,
        created_at=ctx.now,
        created_by=ctx.actor.id,
    )
    with ctx.writing(document):
        stored = _complete(ctx, type, document, None)
        assign_number(ctx, type, document, "create")
        save(ctx, Change(type, document, stored, "created"))
        ctx.catalogue.hooks.call("after_save", type.name, ctx=ctx, document=document, previous=None)
    return document


def update(ctx: Transaction, type_name: str, id: str, patch: Mapping[str, Any], version: int | None) -> Document:
    type = ctx.catalogue.type(type_name)
    previous = for_change(ctx, type, id, "update", version)
    _refuse_archived(previous)
    machine = ctx.catalogue.machines.get(type_name)
    if machine and not machine.is_editable(previous.state):
        raise DocumentNotEditable(type=type.name, id=id, state=previous.state)
    before = dump(type, previous.fields)
    document = previous.copy()
    document.fields = _read(ctx, type, apply(before, patch), previous)
    with ctx.writing(document):
        stored = _complete(ctx, type, document, previous)
        if not diff(before, stored) and not ctx.work.staged.get(document.id):
            return previous
        save(ctx, Change(type, document, stored, "updated", before, previous))
        ctx.catalogue.hooks.call("after_save", type.name, ctx=ctx, document=document, previous=previous)
    return document


def perform(
    ctx: Transaction, type_name: str, id: str, action: str, arguments: Mapping[str, Any], version: int | None
) -> Document:
    type = ctx.catalogue.type(type_name)
    machine = _machine(ctx, type)
    document = for_change(ctx, type, id, action, version)
    _refuse_archived(document)
    before, previous = dump(type, document.fields), document.copy()
    values = _read_arguments(machine, action, arguments)
    target = machine.check({**document.scope(), **ctx.scope(), "arguments": values}, document.state, action)
    call = {"ctx": ctx, "document": document, "action": action, "arguments": values}
    hooks, subject = ctx.catalogue.hooks, f"{type.name}.{action}"
    hooks.call("validate_action", subject, **call)
    with ctx.writing(document):
        assign_number(ctx, type, document, action)
        hooks.call("perform_action", subject, **call)
        stored = _settle(ctx, type, document)
        document.state = target
        done = machine.action(action)
        given = dump(done.arguments, values) if done.arguments else {}
        save(ctx, Change(type, document, stored, done.event, before, previous, given))
        hooks.call("after_action", subject, **call)
    return document


def delete(ctx: Transaction, type_name: str, id: str, version: int | None) -> None:
    type = ctx.catalogue.type(type_name)
    previous = for_change(ctx, type, id, "delete", version)
    machine = ctx.catalogue.machines.get(type_name)
    if machine and not machine.is_deletable(previous.state):
        raise DocumentNotDeletable(type=type.name, id=id, state=previous.state)
    ctx.catalogue.hooks.call("before_delete", type.name, ctx=ctx, document=previous)
    refuse_while_linked(ctx.store, previous)
    document = previous.copy()
    document.deleted_at = ctx.now
    _save_unchanged(ctx, type, document, "deleted", previous)


def restore(ctx: Transaction, type_name: str, id: str) -> Document:
    type = ctx.catalogue.type(type_name)
    previous = read(ctx, type, id)
    ctx.permissions.check_document("delete", type.name)
    if not previous.is_deleted:
        return previous
    document = previous.copy()
    document.deleted_at = None
    before = dump(type, previous.fields)
    with ctx.writing(document):
        stored = _complete_restored(ctx, type, document, previous)
        save(ctx, Change(type, document, stored, "restored", before, previous))
        ctx.catalogue.hooks.call("after_save", type.name, ctx=ctx, document=document, previous=previous)
    return document


def archive(ctx: Transaction, type_name: str, id: str, version: int | None) -> Document:
    if type_name in STEERING_TYPES:
        raise DocumentNotArchivable(type=type_name)
    return _set_archived(ctx, type_name, id, version, "archive", ctx.now)


def unarchive(ctx: Transaction, type_name: str, id: str, version: int | None) -> Document:
    return _set_archived(ctx, type_name, id, version, "unarchive", None)


def _set_archived(
    ctx: Transaction, type_name: str, id: str, version: int | None, action: str, moment: datetime | None
) -> Document:
    type = ctx.catalogue.type(type_name)
    previous = for_change(ctx, type, id, "archive", version)
    if previous.is_archived == (moment is not None):
        return previous
    document = previous.copy()
    document.archived_at = moment
    call = {"ctx": ctx, "document": document, "action": action, "arguments": {}}
    ctx.catalogue.hooks.call("validate_action", f"{type.name}.{action}", **call)
    with ctx.writing(document):
        _save_unchanged(ctx, type, document, f"{action}d", previous)
        ctx.catalogue.hooks.call("after_action", f"{type.name}.{action}", **call)
    return document


def _refuse_archived(document: Document) -> None:
    if document.is_archived:
        raise DocumentArchived(type=document.type, id=document.id)


def read(ctx: Transaction, type: DocumentType, id: str) -> Document:
    """The document, deleted or not, as the caller's own copy."""
    ctx.permissions.check_document("read", type.name)
    found = ctx.store.tables.documents.get(id)
    if found is None or found.type != type.name:
        raise DocumentNotFound(resource=type.name, id=id)
    return found.copy()


def for_change(ctx: Transaction, type: DocumentType, id: str, action: str, version: int | None) -> Document:
    document = read(ctx, type, id)
    ctx.permissions.check_document(action, type.name)
    if document.is_deleted:
        raise DocumentDeleted(type=type.name, id=id)
    if version is not None and version != document.version:
        raise StaleVersion(expected=version, actual=document.version)
    return document


def save(ctx: Transaction, change: Change) -> None:
    """Write the document with its references, event, deliveries and movements."""
    document, previous = change.document, change.previous
    document.version += 1
    document.schema_version = change.type.version
    document.updated_at, document.updated_by = ctx.now, ctx.actor.id
    write_references(ctx.store, change.type, document, change.stored)
    ctx.store.tables.documents[document.id] = document.copy()
    # From here on it is written: a movement recorded by an after_ hook would come too late.
    ctx.work.writing.discard(document.id)
    append(ctx, f"{document.type}.{change.verb}", document, _payload(change, previous))
    write_staged(ctx, document)


def assign_number(ctx: Transaction, type: DocumentType, document: Document, action: str) -> None:
    """Number the document if this is the moment for it; a number once given stays."""
    rule = type.number
    if rule is None or rule.on != action or document.number is not None:
        return
    day = (document.get(rule.date) if rule.date else None) or ctx.today
    number = ctx.store.next_number(type.name, document.company_id, rule.period(day))
    document.number = rule.format(number, day)


def _read(ctx: Transaction, type: DocumentType, data: Mapping[str, Any], previous: Document | None) -> dict[str, Any]:
    """What was sent, as values. Every fault at once: casts, schema, read-only fields."""
    sent = {name: value for name, value in data.items() if name not in SYSTEM_FIELDS}
    values, violations = read_input(type, sent)
    if ctx.applet is None:
        before = previous.fields if previous else None
        violations = merge_violations(violations, check_writable(type, values, before))
    if violations:
        raise DocumentInvalid(type=type.name, violations=violations)
    return values


def _complete(ctx: Transaction, type: DocumentType, document: Document, previous: Document | None) -> dict[str, Any]:
    """Call the hooks that may change and those that may veto; the JSON to store, valid once more."""
    call = {"ctx": ctx, "document": document, "previous": previous}
    ctx.catalogue.hooks.call("before_save", type.name, **call)
    _compute(ctx, type, document)
    ctx.catalogue.hooks.call("validate_document", type.name, **call)
    return _settle(ctx, type, document)


def _complete_restored(ctx: Transaction, type: DocumentType, document: Document, previous: Document) -> dict[str, Any]:
    """What hooks leave alone comes back as it was, whatever rules were made since."""
    call = {"ctx": ctx, "document": document, "previous": previous}
    before = dump(type, document.fields)
    ctx.catalogue.hooks.call("before_save", type.name, **call)
    is_changed = not is_same(dump(type, document.fields), before)
    if is_changed:
        _compute(ctx, type, document)
    ctx.catalogue.hooks.call("validate_document", type.name, **call)
    return _settle(ctx, type, document) if is_changed else before


def _settle(ctx: Transaction, type: DocumentType, document: Document) -> dict[str, Any]:
    """Computed fields, validity and canonical values: what a caller holds is what a later `get` gives."""
    _compute(ctx, type, document)
    values, refused = load(type, document.fields)
    stored = dump(type, values)
    violations = merge_violations(refused, validate(type, stored))
    if violations:
        raise DocumentInvalid(type=type.name, violations=violations)
    document.fields = values
    return stored


def _compute(ctx: Transaction, type: DocumentType, document: Document) -> None:
    compute(type, document.fields, {**document.scope(), **ctx.scope()})


def _read_arguments(machine: StateMachine, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    values, violations = machine.action(action).read_arguments(arguments)
    if violations:
        raise DocumentInvalid(type=f"{machine.type}.{action}", violations=violations)
    return values


def _save_unchanged(ctx: Transaction, type: DocumentType, document: Document, verb: str, previous: Document) -> None:
    stored = dump(type, document.fields)
    save(ctx, Change(type, document, stored, verb, stored, previous))


def _payload(change: Change, previous: Document | None) -> dict[str, Any]:
    document = change.document
    payload: dict[str, Any] = {"diff": diff(change.before, change.stored)}
    for name in ("state", "number"):
        if getattr(document, name) != (getattr(previous, name) if previous else None):
            payload[name] = getattr(document, name)
    if document.schema_version != (previous.schema_version if previous is not None else 1):
        payload["schema_version"] = document.schema_version
    if change.arguments:
        payload["arguments"] = dict(change.arguments)
    if previous is None and document.company_id:
        payload["company_id"] = document.company_id
    return payload


def _machine(ctx: Transaction, type: DocumentType) -> StateMachine:
    machine = ctx.catalogue.machines.get(type.name)
    if machine is None:
        raise NoStateMachine(type=type.name)
    return machine


def _company(ctx: Transaction, type: DocumentType, given: Any) -> str | None:
    if type.company == "none":
        return None
    chosen = given or ctx.company_id
    known = ctx.kernel.company_ids()
    if not isinstance(chosen, str) or chosen not in known:
        raise CompanyRequired(type=type.name, company=chosen, known=sorted(known))
    return chosen
