"""Erasing a person: current values go, the keys of past ones are destroyed, and what was done is on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kernel.context import KernelContext
from kernel.documents.casting import Recast, show_rows
from kernel.documents.rows import FOR_CHANGE, Row, read_row, to_document
from kernel.documents.save import Change, save
from kernel.privacy.plan import Plan, Step, plan_erasure
from kernel.privacy.subjects import Subject
from kernel.privacy.tombstones import erase_fields
from kernel.secrets.reveal import ERASED, reveal_each
from sdk.document import Document
from sdk.schema import DocumentType, dump, load
from sdk.schema.fields import Field

ERASURE = "kernel.erasure"
VERB = "erased"
# Both are kernel.erasure's own actions, which roles grant.
ERASE, EXPORT = "erase", "export"
KEPT_NAMED_MAX = 1_000

_HAS_KEYS = """
SELECT EXISTS (SELECT FROM {t}.events e JOIN {t}.cipher_keys k ON k.id = e.id
 WHERE e.aggregate_id = %(id)s AND k.wrapped IS NOT NULL AND (NOT %(partial)s OR e.type <> %(erased)s))
"""
_DESTROY_OF_DOCUMENT = """
UPDATE {t}.cipher_keys k SET wrapped = NULL, destroyed_at = %(now)s FROM {t}.events e
 WHERE e.aggregate_id = %(id)s AND e.version < %(version)s AND k.id = e.id AND k.wrapped IS NOT NULL
"""
# Of documents that were about somebody else later, of applets that are not enabled now, of what is not there any more.
_DESTROY_OF_SUBJECT = """
UPDATE {t}.cipher_keys k SET wrapped = NULL, destroyed_at = %(now)s FROM {t}.events e
 WHERE k.kind = 'subject' AND k.subject_id = %(subject)s AND e.id = k.id AND k.wrapped IS NOT NULL
   AND e.aggregate_id <> ALL(%(kept)s::uuid[])
"""
# The index follows within a second; this is sooner.
_FORGET_SEARCH = "DELETE FROM {t}.search WHERE document_id = ANY(%s::uuid[])"
# The words of an error may be values of the document.
_FORGET_ERRORS = "UPDATE {t}.deliveries SET last_error = %s WHERE aggregate_id = %s AND last_error IS NOT NULL"
# Whatever is kept in memory, answers of reports among it, is kept for one generation.
_RAISE_GENERATION = "UPDATE {t}.meta SET value = value + 1 WHERE name = 'generation'"


def erase(ctx: KernelContext, subject: Subject) -> dict[str, Any]:
    """Erase everything about a person that no rule keeps; the certificate. Repeatable: what is erased stays so.

    Raises PermissionDenied, DocumentNotFound, NoSubject, SubjectTooLarge.
    """
    ctx.permissions.check(ERASE, ctx.runtime.catalogue.type(ERASURE))
    return _erase(ctx, subject)


def show_plan(ctx: KernelContext, subject: Subject) -> dict[str, Any]:
    """What `erase` would do, and what it would keep; nothing is changed."""
    ctx.permissions.check(ERASE, ctx.runtime.catalogue.type(ERASURE))
    return plan_erasure(ctx, subject).as_json()


def erase_due(ctx: KernelContext, subject: Subject) -> dict[str, Any]:
    """The rest of an earlier erasure, now that it need not be kept any more."""
    return _erase(ctx, subject)


def erase_document(ctx: KernelContext, step: Step) -> bool:
    """Erase the fields of one document and destroy the keys of what its events tell; whether there was anything."""
    type, id = step.found.type, step.found.document.id
    row = read_row(ctx.uow, type.name, id, FOR_CHANGE)
    if row is None:
        return False
    # As it is now that nobody else changes it, which may be more than what was planned with.
    (shown,) = show_rows(ctx, type, [row])
    previous = to_document(type, shown)
    before = dump(type, previous.fields)
    stored = erase_fields(type, before, step.fields, id)
    if stored == before and not shown.kept and not (step.fields and _has_keys(ctx, step)):
        return False
    document = _changed(previous, type, stored)
    restated = _restated(type, stored, step.fields) if step.is_partial else ()
    gone = frozenset(field.path for field in step.fields)
    with ctx.writing(document):
        change = Change(type, document, stored, before, VERB, previous, erased=gone, restated=restated)
        save(ctx, replace(change, recast=_without_box(ctx, type, row)))
    ctx.uow.execute(_DESTROY_OF_DOCUMENT, {"id": id, "version": document.version, "now": ctx.now})
    ctx.uow.execute(_FORGET_SEARCH, [[id]])
    ctx.uow.execute(_FORGET_ERRORS, [ERASED, id])
    return True


def _erase(ctx: KernelContext, subject: Subject) -> dict[str, Any]:
    plan = plan_erasure(ctx, subject)
    # What an earlier version of a type had of them may be kept beside documents of one that has nothing of them.
    steps = [step for step in plan.steps if step.fields or not step.found.type.personal]
    erased = [step for step in steps if erase_document(ctx, step)]
    kept = [step.found.document.id for step in plan.keep]
    # Last of all, since others wait for that row.
    ctx.uow.before_commit(lambda: ctx.uow.execute(_RAISE_GENERATION))
    destroyed = ctx.uow.execute(_DESTROY_OF_SUBJECT, {"subject": subject.id, "kept": kept, "now": ctx.now}).rowcount
    return _certify(ctx, plan, erased, destroyed)


def _has_keys(ctx: KernelContext, step: Step) -> bool:
    """Whether past values are readable still. What a partial erasure has told anew is there to stay."""
    type, id = step.found.type, step.found.document.id
    found = ctx.uow.execute(_HAS_KEYS, {"id": id, "partial": step.is_partial, "erased": f"{type.name}.{VERB}"})
    row = found.fetchone()
    return bool(row and row[0])


def _without_box(ctx: KernelContext, type: DocumentType, row: Row) -> Recast | None:
    """Nobody can tell which of what other versions of the type have left beside the document is personal: all goes."""
    if row.schema_version == type.version and not row.kept:
        return None
    return Recast(reveal_each(ctx, type, [row])[0], None)


def _changed(previous: Document, type: DocumentType, stored: dict[str, Any]) -> Document:
    document = previous.copy()
    document.fields, _ = load(type, stored)
    document.version += 1
    return document


def _restated(type: DocumentType, stored: dict[str, Any], gone: Sequence[Field]) -> list[str]:
    """The fields that stay, told once more under a new key, since the keys of all earlier events go."""
    paths = {field.path for field in gone}
    names = {field.path.partition(".")[0] for field in type.personal if field.path not in paths}
    return sorted(names & stored.keys())


def _certify(ctx: KernelContext, plan: Plan, erased: Sequence[Step], destroyed: int) -> dict[str, Any]:
    """One certificate a person, which tells what was erased and what is kept until when, and no personal value."""
    kept = plan.kept_json()
    told: dict[str, Any] = {
        "subject_type": plan.subject.type,
        "subject_id": plan.subject.id,
        "erased_at": ctx.now,
        "kept": kept[:KEPT_NAMED_MAX],
        "kept_count": len(kept),
        "next_due_on": plan.next_due_on,
    }
    own = ctx.bind("kernel").elevated.documents
    found = own.find(ERASURE, subject_id=plan.subject.id)
    counts = {"documents": len(erased), "keys": destroyed}
    if found is None:
        certificate = own.create(ERASURE, {**told, **counts})
    else:
        added = {name: found[name] + count for name, count in counts.items()}
        certificate = own.update(ERASURE, found.id, {**told, **added})
    return {**plan.as_json(), "certificate": certificate.id, "documents": len(erased)}
