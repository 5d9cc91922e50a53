"""Everything that is known of a person, for the person (GDPR, articles 15 and 20)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kernel.context import KernelContext
from kernel.documents.rows import flatten, stored_row
from kernel.privacy.erasure import ERASURE, EXPORT
from kernel.privacy.plan import plan_erasure
from kernel.privacy.subjects import Found, Subject, find_about, find_linking
from kernel.secrets.reveal import ERASED, reveal_payloads
from sdk.schema import dump
from sdk.schema.protection import SELF
from sdk.values import instant_text

FORMAT = "bos-subject-1"
EVENTS_OF_DOCUMENT_MAX = 10_000

_EVENTS = """
SELECT id::text, type, version, occurred_at, actor, payload FROM {t}.events
 WHERE aggregate_id = %s AND aggregate_type = %s ORDER BY position LIMIT %s
"""


def export_subject(ctx: KernelContext, subject: Subject) -> dict[str, Any]:
    """Every document about a person or linking to them, with every revision that is readable still, as JSON.

    Documents about somebody else are left out, though they link here: what they hold is not this person's to have.
    Raises PermissionDenied, DocumentNotFound, NoSubject, SubjectTooLarge.
    """
    ctx.permissions.check(EXPORT, ctx.runtime.catalogue.type(ERASURE))
    about = find_about(ctx, subject)
    known = {found.document.id for found in about}
    linking = [found for found in find_linking(ctx, subject, [subject.id]) if found.document.id not in known]
    return {
        "format": FORMAT,
        "subject_type": subject.type,
        "subject_id": subject.id,
        "exported_at": instant_text(ctx.now),
        "documents": list(_told(ctx, about)),
        "linking": list(_told(ctx, [found for found in linking if not _is_about_another(found, subject)])),
        "kept": plan_erasure(ctx, subject).kept_json(),
    }


def _is_about_another(found: Found, subject: Subject) -> bool:
    type = found.type
    return bool(type.personal) and (type.subject == SELF or found.document.get(type.subject) != subject.id)


def _told(ctx: KernelContext, documents: list[Found]) -> Iterator[dict[str, Any]]:
    for found in documents:
        document = found.document
        now = flatten(stored_row(document, dump(found.type, document.fields)), frozenset())
        personal = {field.path: field.personal for field in found.type.personal}
        yield {"document": now, "personal": personal, "revisions": _revisions(ctx, found)}


def _revisions(ctx: KernelContext, found: Found) -> list[dict[str, Any]]:
    id, type = found.document.id, found.type.name
    rows = ctx.uow.execute(_EVENTS, [id, type, EVENTS_OF_DOCUMENT_MAX]).fetchall()
    payloads = reveal_payloads(ctx, [(type, id, row[-1]) for row in rows], erased=ERASED)
    return [
        {"event": name, "version": version, "occurred_at": instant_text(at), "actor": actor, **payload}
        for (_, name, version, at, actor, _), payload in zip(rows, payloads, strict=True)
    ]
