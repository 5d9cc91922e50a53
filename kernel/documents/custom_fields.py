"""Definitions of a tenant's own fields: what is checked, and what changes with them, when one comes, changes or goes.

In the transaction that writes the definition, values that documents hold already are looked at, and their keys and
links follow. Who is writing such a value meanwhile is waited for, see definition_lock.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kernel.context import KernelContext
from kernel.documents.custom_types import CUSTOM_FIELD, extend, field_schema
from kernel.documents.definition_lock import take_definitions
from kernel.documents.errors import CustomFieldInUse, CustomFieldUnfit
from kernel.documents.keys import keys_of
from kernel.documents.validator import violations_of
from sdk.document import Document
from sdk.document_errors import DocumentInvalid
from sdk.errors import Violation
from sdk.nearest import nearest_or_all
from sdk.schema import DocumentType, collect_links, dump, load

CUSTOM_FIELDS_PER_TYPE_MAX = 100
VALUES_AT_ONCE = 5_000
DOCUMENTS_NAMED_MAX = 10
# What steers the tenant is read by the kernel itself, which knows nothing of fields added to it.
_CLOSED_TYPES = frozenset({"kernel.role", "kernel.grant", "kernel.setting", CUSTOM_FIELD})
_FIXED = ("document_type", "name")
# What only a definition of this kind may say, and must where it is marked.
_OF_KIND = {"max_length": "text", "search": "text", "scale": "decimal", "target": "link", "options": "choice"}
_NEEDED = {"link": "target", "choice": "options"}
# Parts of a field's schema that say nothing about which values it holds.
_HARMLESS = frozenset({"title", "description", "default", "x-index", "x-search", "x-unique"})
_NIL = "00000000-0000-0000-0000-000000000000"
# A schema without fields, to look at one field of any type by itself.
_BARE = DocumentType.from_schema("custom.field", {})

_VALUES = """
SELECT id::text, data -> %(name)s FROM {t}.documents
 WHERE type = %(type)s AND deleted_at IS NULL AND data ? %(name)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
"""
_COUNT = "SELECT count(*) FROM {t}.documents WHERE type = %s AND deleted_at IS NULL AND data ? %s"
_TAKE_KEYS = """
INSERT INTO {t}.keys (type, field, company_id, value, document_id)
SELECT %s, n.field, n.company_id, n.value, n.id
  FROM unnest(%s::text[], %s::uuid[], %s::text[], %s::uuid[]) AS n (field, company_id, value, id)
ON CONFLICT DO NOTHING RETURNING document_id::text
"""
_DROP_KEYS = "DELETE FROM {t}.keys WHERE type = %s AND field = %s"
_TAKE_LINKS = """
WITH target AS (
    SELECT id FROM {t}.documents
     WHERE id = ANY(%(targets)s::uuid[]) AND deleted_at IS NULL AND %(type)s IN ('*', type) FOR KEY SHARE
)
INSERT INTO {t}.links (from_id, field, to_id)
SELECT n.id, %(field)s, n.target FROM unnest(%(ids)s::uuid[], %(targets)s::uuid[]) AS n (id, target)
  JOIN target t ON t.id = n.target ON CONFLICT DO NOTHING RETURNING from_id::text
"""
_DROP_LINKS = """
DELETE FROM {t}.links l USING {t}.documents d WHERE d.id = l.from_id AND d.type = %s AND l.field = %s
"""

Values = Sequence[tuple[str, Any]]


def settle_definition(ctx: KernelContext, document: Document, previous: Document | None) -> None:
    """Before a definition is written; other types pass. previous: None when it is new or comes back from the bin.

    Raises DocumentInvalid where it makes no sense, CustomFieldUnfit where documents hold what would not fit.
    """
    if document.type != CUSTOM_FIELD:
        return
    take_definitions(ctx)
    faults = list(_faults(ctx, document, previous))
    if faults:
        raise DocumentInvalid(type=CUSTOM_FIELD, violations=faults)
    schema, before = field_schema(document), field_schema(previous) if previous is not None else {}
    is_same_kind = _meaning(schema) == _meaning(before)
    is_unique = schema.get("x-unique", False)
    if before and before.get("x-unique") and not (is_unique and is_same_kind):
        ctx.uow.execute(_DROP_KEYS, [document["document_type"], document["name"]])
    if before.get("x-link") and before["x-link"] != schema.get("x-link"):
        ctx.uow.execute(_DROP_LINKS, [document["document_type"], document["name"]])
    if not is_same_kind or (is_unique and not before.get("x-unique")):
        _take_values(ctx, document)


def settle_removal(ctx: KernelContext, document: Document) -> None:
    """Before a definition is deleted; other types pass. Raises CustomFieldInUse where documents hold values."""
    if document.type != CUSTOM_FIELD:
        return
    take_definitions(ctx)
    about = [document["document_type"], document["name"]]
    row = ctx.uow.execute(_COUNT, about).fetchone()
    count = row[0] if row else 0
    if count and not document.get("keep_values"):
        raise CustomFieldInUse(type=about[0], field=about[1], count=count)
    ctx.uow.execute(_DROP_KEYS, about)
    ctx.uow.execute(_DROP_LINKS, about)


def _meaning(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in _HARMLESS}


def _faults(ctx: KernelContext, document: Document, previous: Document | None) -> Iterator[Violation]:
    types, kind = ctx.runtime.catalogue.types, document["kind"]
    open_types = sorted(types.keys() - _CLOSED_TYPES)
    if document["document_type"] not in open_types:
        message = f"{document['document_type']} is no document type that takes fields"
        yield Violation(
            "/document_type", "unknown_type", message, nearest_or_all(document["document_type"], open_types)
        )
    for name in _FIXED:
        if previous is not None and document[name] != previous[name]:
            yield Violation(f"/{name}", "fixed", f"the {name} stays as it is", str(previous[name]))
    for name, only in _OF_KIND.items():
        if document.get(name) and kind != only:
            yield Violation(f"/{name}", "misplaced_key", f"{name} does not go with the kind {kind}", f"the kind {only}")
    needed = _NEEDED.get(kind)
    if needed and not document.get(needed):
        yield Violation(f"/{needed}", "required", f"the kind {kind} needs {needed}", "a value")
    elif kind == "link" and document["target"] not in ("*", *types):
        message = f"there is no document type {document['target']}"
        yield Violation("/target", "unknown_type", message, nearest_or_all(document["target"], types))
    elif "default" in document:
        yield from _faults_of_default(document)
    if previous is None and _count_fields(ctx, document["document_type"]) >= CUSTOM_FIELDS_PER_TYPE_MAX:
        limit = f"at most {CUSTOM_FIELDS_PER_TYPE_MAX}"
        yield Violation("/document_type", "too_many_fields", "the type has too many fields of this sort", limit)


def _faults_of_default(document: Document) -> Iterator[Violation]:
    name, alone = document["name"], extend(_BARE, [document])
    values, refused = load(alone, {name: field_schema(document)["default"]})
    for fault in refused or violations_of(alone, dump(alone, values)):
        yield Violation("/default", fault.rule, fault.message, fault.expected)


def _count_fields(ctx: KernelContext, type_name: str) -> int:
    type = ctx.runtime.catalogue.types.get(type_name)
    return sum(name.startswith("custom_") for name in type.fields) if type else 0


def _take_values(ctx: KernelContext, document: Document) -> None:
    """Make values that are there already the field's: they must fit, and their keys and links are written."""
    type_name, name = document["document_type"], document["name"]
    alone = extend(_BARE, [{**document.fields, "required": False}])
    unfit: list[str] = []
    for values in _stored_values(ctx, type_name, name):
        spelled = ((id, _as_declared(alone, name, value)) for id, value in values)
        good = [(id, value) for id, value in spelled if value is not None]
        held = {id for id, _ in good} & _take_keys(ctx, type_name, alone, good) & _take_links(ctx, alone, good)
        unfit += [id for id, _ in values if id not in held]
    if unfit:
        raise CustomFieldUnfit(type=type_name, field=name, count=len(unfit), documents=unfit[:DOCUMENTS_NAMED_MAX])


def _stored_values(ctx: KernelContext, type_name: str, name: str) -> Iterator[Values]:
    about = {"type": type_name, "name": name, "after": _NIL, "limit": VALUES_AT_ONCE}
    while rows := ctx.uow.execute(_VALUES, about).fetchall():
        yield rows
        about["after"] = rows[-1][0]


def _as_declared(alone: DocumentType, name: str, value: Any) -> Any:
    """A value as it would be stored, None where it does not fit. Keys are told by that: 2.5 is 2.50."""
    values, refused = load(alone, {name: value})
    stored = dump(alone, values)
    return None if refused or violations_of(alone, stored) else stored.get(name)


def _take_keys(ctx: KernelContext, type_name: str, alone: DocumentType, values: Values) -> set[str]:
    """Ids of the documents whose values were free."""
    if not alone.unique:
        return {id for id, _ in values}
    name = alone.unique[0].path
    keys = [(*key, id) for id, value in values for key in keys_of(alone, {name: value}, None)]
    columns = [list(column) for column in zip(*keys, strict=True)] or [[], [], [], []]
    return {id for (id,) in ctx.uow.execute(_TAKE_KEYS, [type_name, *columns])}


def _take_links(ctx: KernelContext, alone: DocumentType, values: Values) -> set[str]:
    """Ids of the documents whose targets are there."""
    if not alone.links:
        return {id for id, _ in values}
    name = alone.links[0].path
    links = [(id, link.id) for id, value in values for link in collect_links(alone, {name: value})]
    about = {"type": alone.links[0].link, "field": name, "ids": [id for id, _ in links]}
    return {id for (id,) in ctx.uow.execute(_TAKE_LINKS, {**about, "targets": [target for _, target in links]})}
