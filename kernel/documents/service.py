"""The verbs of documents. Each runs in the context's transaction and leaves the commit to its caller."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from kernel.context import KernelContext
from kernel.documents.cached import known_document
from kernel.documents.casting import Recast, cast_row, recast_of, shown_name
from kernel.documents.check import cast_changed, cast_new, complete, complete_restored, fill_computed, to_stored
from kernel.documents.custom_fields import settle_definition, settle_removal
from kernel.documents.numbering import assign_number, settle_number
from kernel.documents.rows import FOR_CHANGE, FOR_DELETION, FOR_KEEPING, read_row, to_document
from kernel.documents.save import Change, Prepared, drop, hold_back, save
from kernel.documents.settings import check_setting
from kernel.documents.sight import check_seen, check_sight
from kernel.documents.tombstones import refuse_held
from kernel.documents.waiting_links import waiting_links
from kernel.permissions.guards import check_change, check_removal
from kernel.privacy.rule_checks import check_rule
from kernel.secrets.reveal import reveal_each
from sdk.context import Lock
from sdk.document import Document
from sdk.document_errors import (
    CompanyRequired,
    DocumentArchived,
    DocumentDeleted,
    DocumentInvalid,
    DocumentLinked,
    DocumentNotDeletable,
    DocumentNotEditable,
    DocumentNotFound,
    NoStateMachine,
    PermissionDenied,
)
from sdk.errors import StaleVersion
from sdk.identifiers import new_id
from sdk.schema import DocumentType, apply, diff, dump

LINKED_DOCUMENTS_NAMED_MAX = 10
_LOCKS: Mapping[Lock, str] = {False: "", True: FOR_CHANGE, "shared": FOR_KEEPING}

_LINKING = """
SELECT d.id::text, d.type, l.field FROM {t}.links l JOIN {t}.documents d ON d.id = l.from_id
 WHERE l.to_id = %s AND d.deleted_at IS NULL AND d.id <> l.to_id LIMIT %s
"""
# A company is no link of its documents, but what they belong to.
_OF_COMPANY = """
SELECT id::text, type, 'company_id' FROM {t}.documents WHERE company_id = %s AND deleted_at IS NULL LIMIT %s
"""


class Held(NamedTuple):
    """A locked document. stored: its JSON as it stands there, which a type declared since may spell otherwise.

    recast: where it is of another version of its type there.
    """

    document: Document
    stored: Mapping[str, Any]
    recast: Recast | None = None


def create(
    ctx: KernelContext,
    type_name: str,
    data: Mapping[str, Any],
    *,
    company_id: str | None = None,
    perform: str | None = None,
) -> Document:
    """Create a document. Raises DocumentInvalid with every fault, UniqueKeyTaken, LinkBroken, Forbidden.

    perform: an action that follows at once; its errors are those of `perform`.
    """
    type = ctx.runtime.catalogue.type(type_name)
    ctx.permissions.check("create", type)
    machine = ctx.runtime.catalogue.machines.get(type_name)
    document = Document(
        id=new_id(),
        type=type.name,
        fields=cast_new(ctx, type, data),
        company_id=_company(ctx, type, company_id or data.get("company_id")),
        schema_version=type.version,
        state=machine.initial if machine else None,
        created_at=ctx.now,
        created_by=ctx.actor.id,
    )
    with ctx.writing(document):
        stored = complete(ctx, type, document, None)
        # The condition of a grant must hold for what hooks and computed fields have made of it.
        ctx.permissions.check("create", type, document, ctx.scope())
        _check_kernel_types(ctx, document)
        ctx.kernel.quotas.admit_document(ctx.uow, type_name, ctx.now)
        document = assign_number(ctx, type, document, "create")
        created = Change(type, document, stored, None, "created")
        if perform is not None:
            return _perform_at_once(ctx, created, perform)
        save(ctx, created)
        ctx.runtime.catalogue.hooks.call("after_save", type.name, ctx=ctx, document=document, previous=None)
    return document


def _perform_at_once(ctx: KernelContext, created: Change, action: str) -> Document:
    """Create and act as one write; as two where a hook wants to see the document in between."""
    type, document, hooks = created.type, created.document, ctx.runtime.catalogue.hooks
    if hooks.caller("after_save", type.name):
        save(ctx, created)
        hooks.call("after_save", type.name, ctx=ctx, document=document, previous=None)
        return perform(ctx, type.name, document.id, action, {})
    # A guard or a grant may name the number it has got by being created.
    settle_number(document)
    held = hold_back(ctx, created)
    ctx.work.writing.pop()
    try:
        return _act(ctx, type, Held(document, created.stored), created.stored, action, {}, held)
    except BaseException:
        drop(ctx, held)
        raise


def get(ctx: KernelContext, type_name: str, id: str, *, lock: Lock = False) -> Document:
    """The document, which is not deleted. lock: others wait to change it until this transaction ends."""
    document = get_any(ctx, type_name, id, _LOCKS[lock])
    if document.is_deleted:
        raise DocumentNotFound(resource=type_name, id=id)
    return document


def get_any(ctx: KernelContext, type_name: str, id: str, lock: str = "") -> Document:
    """The document, deleted or not."""
    type = ctx.runtime.catalogue.type(type_name)
    check_sight(ctx, type)
    document = _read(ctx, type, id, lock)
    check_seen(ctx, type, document)
    return document


def update(
    ctx: KernelContext,
    type_name: str,
    id: str,
    patch: Mapping[str, Any],
    *,
    version: int | None = None,
    revision: int | None = None,
) -> Document:
    """Apply a merge patch. A patch that changes nothing writes nothing. Raises StaleVersion, DocumentNotEditable.

    revision: the one the patch leads back to, as history.py works it out; it is recorded with the event.
    """
    type = ctx.runtime.catalogue.type(type_name)
    previous, was, recast = for_change(ctx, type, id, version, FOR_CHANGE)
    ctx.permissions.check("update", type, previous, ctx.scope())
    refuse_archived(previous)
    ctx.kernel.quotas.admit_change(ctx.uow, type_name)
    machine = ctx.runtime.catalogue.machines.get(type_name)
    if machine and previous.state and not machine.is_editable(previous.state):
        raise DocumentNotEditable(type=type.name, id=id, state=previous.state)
    before = dump(type, previous.fields)
    document = previous.copy()
    document.fields = cast_changed(ctx, type, apply(before, patch), patch, previous)
    with ctx.writing(document):
        stored = complete(ctx, type, document, previous)
        # The condition of a grant must hold for what the document becomes, not only for what it was.
        ctx.permissions.check("update", type, document, ctx.scope())
        if not diff(before, stored) and not ctx.work.staged.get(document.id):
            return previous
        _check_kernel_types(ctx, document, previous)
        document.version += 1
        change = Change(type, document, stored, before, "updated", previous, was=was, revision=revision, recast=recast)
        save(ctx, change)
        ctx.runtime.catalogue.hooks.call("after_save", type.name, ctx=ctx, document=document, previous=previous)
    return document


def perform(
    ctx: KernelContext,
    type_name: str,
    id: str,
    action: str,
    arguments: Mapping[str, Any],
    *,
    version: int | None = None,
) -> Document:
    """Perform an action: guard, veto, what it does, new state, event. Raises ActionNotAllowed, GuardRefused."""
    type = ctx.runtime.catalogue.type(type_name)
    if type_name not in ctx.runtime.catalogue.machines:
        raise NoStateMachine(type=type_name)
    held = for_change(ctx, type, id, version, FOR_CHANGE)
    return _act(ctx, type, held, dump(type, held.document.fields), action, arguments)


def _act(
    ctx: KernelContext,
    type: DocumentType,
    locked: Held,
    before: Mapping[str, Any],
    action: str,
    arguments: Mapping[str, Any],
    held: Prepared | None = None,
) -> Document:
    """before: the JSON of its fields. held: its creation, when it is to be written with that."""
    document, was, recast = locked
    machine = ctx.runtime.catalogue.machines.get(type.name)
    if machine is None:
        raise NoStateMachine(type=type.name)
    check_seen(ctx, type, document)
    ctx.permissions.check(action, type, document, ctx.scope())
    refuse_archived(document)
    previous = document.copy()
    asked = machine.action(action)
    values, faults = asked.read_arguments(arguments)
    if faults:
        raise DocumentInvalid(type=f"{type.name}.{action}", violations=faults)
    target = machine.check({**document.scope(), **ctx.scope(), "arguments": values}, document.state, action)
    hooks = ctx.runtime.catalogue.hooks
    call: dict[str, Any] = {"ctx": ctx, "document": document, "action": action, "arguments": values}
    subject = f"{type.name}.{action}"
    hooks.call("validate_action", subject, **call)
    with ctx.writing(document):
        document = call["document"] = assign_number(ctx, type, document, action)
        hooks.call("perform_action", subject, **call)
        fill_computed(ctx, type, document)
        stored = to_stored(type, document)
        document.state = target
        document.version += 1
        given = dump(asked.arguments, values) if asked.arguments else {}
        save(
            ctx,
            Change(
                type,
                document,
                stored,
                before,
                asked.event,
                previous,
                given,
                was,
                arguments_type=asked.arguments,
                recast=recast,
            ),
            held,
        )
        hooks.call("after_action", subject, **call)
    return document


def delete(ctx: KernelContext, type_name: str, id: str, *, version: int | None = None) -> None:
    """Mark as deleted. Raises DocumentLinked while another document points to it, DocumentNotDeletable."""
    type = ctx.runtime.catalogue.type(type_name)
    previous, was, recast = for_change(ctx, type, id, version, FOR_DELETION)
    ctx.permissions.check("delete", type, previous, ctx.scope())
    machine = ctx.runtime.catalogue.machines.get(type_name)
    if machine and previous.state and not machine.is_deletable(previous.state):
        raise DocumentNotDeletable(type=type.name, id=id, state=previous.state)
    hooks = ctx.runtime.catalogue.hooks
    # Once a hook may have written something, a refusal must not leave that behind.
    with ctx.undivided() if hooks.caller("before_delete", type.name) else nullcontext():
        hooks.call("before_delete", type.name, ctx=ctx, document=previous)
        check_removal(ctx, previous)
        _refuse_while_linked(ctx, previous)
        settle_removal(ctx, previous)
    document = previous.copy()
    document.version += 1
    document.deleted_at = ctx.now
    stored = dump(type, document.fields)
    save(ctx, Change(type, document, stored, stored, "deleted", previous, was=was, recast=recast))


def restore(ctx: KernelContext, type_name: str, id: str) -> Document:
    """Undo a delete; its unique values must still be free, its company and its links' targets still be there.

    The hooks of a save run, so whoever may veto a document may veto its return.
    """
    type = ctx.runtime.catalogue.type(type_name)
    check_sight(ctx, type)
    previous, was, recast = _read_stored(ctx, type, id, FOR_CHANGE)
    check_seen(ctx, type, previous)
    ctx.permissions.check("delete", type, previous, ctx.scope())
    if not previous.is_deleted:
        return previous
    if previous.company_id is not None:
        _known_company(ctx, type, previous.company_id)
    document = previous.copy()
    document.version += 1
    document.deleted_at = None
    before = dump(type, previous.fields)
    with ctx.writing(document):
        stored = complete_restored(ctx, type, document, previous)
        _check_kernel_types(ctx, document)
        save(ctx, Change(type, document, stored, before, "restored", previous, was=was, recast=recast))
        ctx.runtime.catalogue.hooks.call("after_save", type.name, ctx=ctx, document=document, previous=previous)
    return document


def refuse_archived(document: Document) -> None:
    """Raises DocumentArchived."""
    if document.archived_at is not None:
        raise DocumentArchived(type=document.type, id=document.id)


def _read(ctx: KernelContext, type: DocumentType, id: str, lock: str) -> Document:
    known = known_document(ctx, type, _checked_id(type, id)) if not lock else None
    return known if known is not None else _read_stored(ctx, type, id, lock).document


def _read_stored(ctx: KernelContext, type: DocumentType, id: str, lock: str) -> Held:
    id = _checked_id(type, id)
    row = read_row(ctx.uow, type.name, id, lock, is_held=id in ctx.work.held or ctx.work.bulk is not None)
    if row is None:
        raise DocumentNotFound(resource=type.name, id=id)
    shown = cast_row(type, row)
    if type.encrypted:
        (shown,) = reveal_each(ctx, type, [shown])
    return Held(to_document(type, shown), shown.data, recast_of(ctx, type, row, shown))


def for_change(ctx: KernelContext, type: DocumentType, id: str, version: int | None, lock: str) -> Held:
    """The document, locked. Raises DocumentNotFound, PermissionDenied, DocumentDeleted, StaleVersion."""
    check_sight(ctx, type)
    held = _read_stored(ctx, type, id, lock)
    document = held.document
    check_seen(ctx, type, document)
    if document.is_deleted:
        raise DocumentDeleted(type=type.name, id=id)
    if version is not None and version != document.version:
        raise StaleVersion(expected=version, actual=document.version)
    return held


def _checked_id(type: DocumentType, id: str) -> str:
    """Text that is no UUID names no document; PostgreSQL would answer with an error and end the transaction."""
    try:
        return str(UUID(id))
    except ValueError:
        raise DocumentNotFound(resource=type.name, id=id) from None


def _check_kernel_types(ctx: KernelContext, document: Document, previous: Document | None = None) -> None:
    """What steers the tenant must make sense: roles, grants, settings."""
    check_change(ctx, document, previous)
    check_setting(ctx, document)
    check_rule(ctx, document)
    settle_definition(ctx, document, previous)
    if document.type == "kernel.company" and previous is None:
        ctx.kernel.quotas.admit_company(ctx.uow)


def _company(ctx: KernelContext, type: DocumentType, given: Any) -> str | None:
    if type.company == "none":
        return None
    chosen = _known_company(ctx, type, given or ctx.company_id)
    permitted = ctx.permissions.companies("create", type)
    # Before any hook: what it says about another company's books would be told to a stranger.
    if permitted is not None and chosen not in permitted:
        raise PermissionDenied(action="create", resource=type.name)
    return chosen


def _known_company(ctx: KernelContext, type: DocumentType, company_id: Any) -> str:
    if not isinstance(company_id, str) or company_id not in ctx.runtime.companies:
        raise CompanyRequired(type=type.name, company=company_id, known=sorted(ctx.runtime.companies))
    return company_id


def _refuse_while_linked(ctx: KernelContext, document: Document) -> None:
    for sql in (_LINKING, _OF_COMPANY) if document.type == "kernel.company" else (_LINKING,):
        rows = ctx.uow.execute(sql, [document.id, LINKED_DOCUMENTS_NAMED_MAX]).fetchall()
        if rows:
            refuse_held(ctx, document.type, document.id, [row[1] for row in rows])
            types = ctx.runtime.catalogue.types
            linked = [{"id": id, "type": type, "field": shown_name(types.get(type), field)} for id, type, field in rows]
            raise DocumentLinked(type=document.type, id=document.id, links=linked)
    waiting = islice(waiting_links(ctx, document), LINKED_DOCUMENTS_NAMED_MAX)
    if linked := [{"id": row.id, "type": row.type, "field": link.field} for row, link in waiting]:
        raise DocumentLinked(type=document.type, id=document.id, links=linked)
