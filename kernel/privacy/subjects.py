"""Whose data are where: the documents about a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kernel.context import KernelContext
from kernel.documents.casting import show_rows, stored_name
from kernel.documents.rows import COLUMNS, Row, read_row, to_document
from kernel.privacy.errors import NoSubject, SubjectTooLarge
from sdk.document import Document
from sdk.document_errors import DocumentNotFound
from sdk.lenses import Path
from sdk.schema import DocumentType
from sdk.schema.protection import SELF

SUBJECT_DOCUMENTS_MAX = 10_000

# About somebody is what links to them by the field their type names; what once did, whose events hold their values
# still; and what did when it was deleted, since deleted documents have no links.
_ABOUT = f"""
SELECT {COLUMNS} FROM {{t}}.documents d WHERE d.id IN (
    SELECT l.from_id FROM {{t}}.links l JOIN {{t}}.documents o ON o.id = l.from_id
      JOIN unnest(%(types)s::text[], %(links)s::text[]) AS s (type, field) ON s.type = o.type AND s.field = l.field
     WHERE l.to_id = %(id)s::uuid
    UNION
    SELECT e.aggregate_id FROM {{t}}.cipher_keys k JOIN {{t}}.events e ON e.id = k.id
     WHERE k.kind = 'subject' AND k.subject_id = %(id)s::uuid
    UNION
    SELECT o.id FROM {{t}}.documents o
      JOIN unnest(%(typed)s::text[], %(fields)s::text[]) AS s (type, field) ON s.type = o.type
     WHERE o.deleted_at IS NOT NULL AND o.data #>> string_to_array(s.field, '.') = %(text_id)s::text
) AND d.id <> %(id)s::uuid ORDER BY d.id LIMIT %(limit)s
"""
_LINKING = f"""
SELECT {COLUMNS} FROM {{t}}.documents d
 WHERE d.id IN (SELECT from_id FROM {{t}}.links WHERE to_id = ANY(%(ids)s::uuid[]))
 ORDER BY d.id LIMIT %(limit)s
"""


@dataclass(frozen=True)
class Subject:
    """A person: the document that stands for them."""

    type: str
    id: str


@dataclass(frozen=True)
class Found:
    """A document about a subject."""

    type: DocumentType
    document: Document


def find_subject(ctx: KernelContext, subject: Subject) -> Found:
    """The document that stands for a person, deleted or not. Raises DocumentNotFound, NoSubject."""
    type = ctx.runtime.catalogue.type(subject.type)
    if not (type.personal and type.subject == SELF) and not _about(ctx, type.name):
        raise NoSubject(type=type.name)
    row = read_row(ctx.uow, type.name, subject.id) if _is_uuid(subject.id) else None
    if row is None:
        raise DocumentNotFound(resource=type.name, id=subject.id)
    return _found(ctx, type, row)


def find_about(ctx: KernelContext, subject: Subject) -> list[Found]:
    """Every document with personal values of the subject, the subject's own first. Raises SubjectTooLarge as well."""
    own, about = find_subject(ctx, subject), _about(ctx, subject.type)
    types = ctx.runtime.catalogue.types
    found = [(type, place) for type, field in about for place in _places(ctx, type, field)]
    values: dict[str, Any] = {"types": [type for type, _ in about]}
    values |= {"links": [stored_name(types[type], field) for type, field in about]}
    values |= {"typed": [type for type, _ in found], "fields": [place for _, place in found]}
    values |= {"id": subject.id, "text_id": subject.id, "limit": SUBJECT_DOCUMENTS_MAX + 1}
    return [own, *_all(ctx, subject, ctx.uow.execute(_ABOUT, values).fetchall())]


def find_linking(ctx: KernelContext, subject: Subject, ids: Iterable[str]) -> list[Found]:
    """Documents that link to one of these."""
    rows = ctx.uow.execute(_LINKING, {"ids": list(ids), "limit": SUBJECT_DOCUMENTS_MAX + 1}).fetchall()
    return list(_all(ctx, subject, rows))


def _about(ctx: KernelContext, subject_type: str) -> list[tuple[str, str]]:
    """(type, field) of what is about subjects of a type."""
    return [
        (type.name, type.subject)
        for type in ctx.runtime.catalogue.types.values()
        if type.personal and type.subject != SELF and type.fields[type.subject].link in (subject_type, "*")
    ]


def _places(ctx: KernelContext, type_name: str, field: str) -> Iterator[str]:
    """The paths a field has or had in documents of the type, as far as they may be stored so."""
    type = ctx.runtime.catalogue.types[type_name]
    yield field
    if type.lenses is not None and type.is_mixed:
        for version in range(1, type.lenses.latest + 1):
            source = type.lenses.source(field, at=version, now=type.version)
            if isinstance(source, Path):
                yield source.path


def _all(ctx: KernelContext, subject: Subject, rows: list[tuple[object, ...]]) -> Iterator[Found]:
    if len(rows) > SUBJECT_DOCUMENTS_MAX:
        raise SubjectTooLarge(limit="documents of a person", maximum=SUBJECT_DOCUMENTS_MAX, subject=subject.id)
    for found in rows:
        row = Row(*found)  # type: ignore[arg-type]
        type = ctx.runtime.catalogue.types.get(row.type)
        # What belongs to an applet that is not enabled now cannot be told apart; its keys are found all the same.
        if type is not None:
            yield _found(ctx, type, row)


def _found(ctx: KernelContext, type: DocumentType, row: Row) -> Found:
    return Found(type, to_document(type, *show_rows(ctx, type, [row])))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
