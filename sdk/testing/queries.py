"""Lists in the fake: filter, sort and pages over what is in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sdk.context import Page
from sdk.document import SYSTEM_FIELDS, Document
from sdk.document_errors import CursorInvalid, NotUnambiguous, PageSizeExceeded, TooManyFound
from sdk.errors import Invalid, Violation
from sdk.expressions import InvalidExpression, parse, scope_of
from sdk.nearest import nearest_or_all
from sdk.schema import DocumentType, collect_links, dump
from sdk.testing.transaction import Transaction

PAGE_SIZE_MAX = 500


class FieldUnknown(Invalid):
    """The {type} has no field {field}; expected {expected}."""


def query(
    ctx: Transaction,
    type_name: str,
    filter: str,
    parameters: Mapping[str, Any],
    sort: Sequence[str],
    limit: int,
    cursor: str | None,
) -> Page:
    """One page of the documents the filter holds for."""
    type = ctx.catalogue.type(type_name)
    ctx.permissions.check_document("read", type.name)
    if not 1 <= limit <= PAGE_SIZE_MAX:
        raise PageSizeExceeded(limit=limit, maximum=PAGE_SIZE_MAX)
    found = _sorted(type, _matching(ctx, type, filter, parameters), sort)
    start = _position_after(found, cursor)
    page = found[start : start + limit]
    following = page[-1].id if len(found) > start + limit else None
    return Page(tuple(document.copy() for document in page), following, titles_of(ctx, type, page))


def find(ctx: Transaction, type_name: str, fields: Mapping[str, Any]) -> Document | None:
    """The one document with these values."""
    filter = " and ".join(f"{name} == param.{name}" for name in fields)
    found = query(ctx, type_name, filter, fields, (), 2, None).items
    if len(found) > 1:
        raise NotUnambiguous(type=type_name, fields=dict(fields))
    return found[0] if found else None


def find_all(ctx: Transaction, type_name: str, fields: Mapping[str, Any]) -> Sequence[Document]:
    """All documents with these values."""
    filter = " and ".join(f"{name} == param.{name}" for name in fields)
    page = query(ctx, type_name, filter, fields, ("id",), PAGE_SIZE_MAX, None)
    if page.cursor is not None:
        raise TooManyFound(type=type_name, maximum=PAGE_SIZE_MAX)
    return page.items


def get_many(ctx: Transaction, wanted: Mapping[str, Iterable[str]]) -> dict[str, Document]:
    """Documents by id, those that are there."""
    found: dict[str, Document] = {}
    for type_name, ids in wanted.items():
        ctx.permissions.check_document("read", ctx.catalogue.type(type_name).name)
        present = (ctx.store.tables.documents.get(id) for id in set(ids))
        found |= {one.id: one.copy() for one in present if one and one.type == type_name and not one.is_deleted}
    return found


def titles_of(ctx: Transaction, type: DocumentType, page: Sequence[Document]) -> dict[str, str]:
    """What people call the documents a page links to."""
    ids = {link.id for document in page for link in collect_links(type, dump(type, document.fields))}
    targets = (ctx.store.tables.documents.get(id) for id in ids)
    return {target.id: title_of(ctx, target) for target in targets if target and not target.is_deleted}


def title_of(ctx: Transaction, document: Document) -> str:
    """Its title field, its number, or failing both its id."""
    type = ctx.catalogue.types.get(document.type)
    name = type.title_field if type else None
    titled = document.get(name) if name and name != "number" else None
    return str(titled or document.number or document.id)


def _matching(ctx: Transaction, type: DocumentType, filter: str, parameters: Mapping[str, Any]) -> list[Document]:
    present = [one for one in ctx.store.tables.documents.values() if one.type == type.name and not one.is_deleted]
    if not filter:
        return present
    expression = parse(filter)
    for name in expression.names:
        _check_field(type, name.partition(".")[0], {"param", "actor", "today"})
    around = ctx.scope()
    return [
        document
        for document in present
        if expression.holds(
            scope_of(document.scope(), actor=around["actor"], today=around["today"], parameters=parameters)
        )
    ]


def _sorted(type: DocumentType, documents: list[Document], sort: Sequence[str]) -> list[Document]:
    """By the names given, made total by the id; without one, newest first. Nulls count as the largest."""
    names = list(sort) or ["-id"]
    if "id" not in {name.removeprefix("-") for name in names}:
        names.append("-id" if names[-1].startswith("-") else "id")
    ordered = documents
    for name in reversed(names):
        _check_field(type, name.removeprefix("-"), set())
        declared = type.fields.get(name.removeprefix("-"))
        if declared is not None and declared.encrypted:
            raise InvalidExpression(f"{declared.path} is encrypted, so nothing is sorted by it")
        ordered = sorted(ordered, key=lambda one: _rank(one, name.removeprefix("-")), reverse=name.startswith("-"))
    return ordered


def _rank(document: Document, name: str) -> tuple[bool, Any]:
    value = document.scope().get(name)
    if value is None:
        return True, ""
    return False, value if isinstance(value, str | int | Decimal | date | datetime) else str(value)


def _check_field(type: DocumentType, name: str, others: set[str]) -> None:
    known = {*type.fields, *SYSTEM_FIELDS, *others}
    if name not in known and not name.startswith("custom_"):
        expected = nearest_or_all(name, known)
        violation = Violation(f"/{name}", "unknown_field", f"there is no field {name}", expected)
        raise FieldUnknown(type=type.name, field=name, expected=expected, violations=[violation])


def _position_after(documents: Sequence[Document], cursor: str | None) -> int:
    if cursor is None:
        return 0
    for position, document in enumerate(documents, 1):
        if document.id == cursor:
            return position
    raise CursorInvalid
