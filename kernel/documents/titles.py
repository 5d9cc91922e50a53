"""What documents are called, for lists, searches and reports that only name them: one statement for a whole page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kernel.context import KernelContext
from kernel.documents.casting import show_rows, stored_names
from kernel.documents.rows import Row, read_rows, to_document
from kernel.documents.tombstones import shows_title, title_fields
from sdk.document_errors import DocumentUncastable
from sdk.schema import DocumentType

# Only what names a document is fetched: number and title field. `x-title: number` names no field of the data.
_NAMES = """
SELECT {distinct} d.id::text, d.type, d.schema_version, d.number, d.data ->> w.field
  FROM {source} LEFT JOIN unnest(%(types)s::text[], %(fields)s::text[]) AS w (type, field) ON w.type = d.type
 WHERE {condition} AND d.deleted_at IS NULL
"""
_LINKED = _NAMES.replace("{distinct}", "DISTINCT").replace(
    "{source}", "{t}.links l JOIN {t}.documents d ON d.id = l.to_id"
).replace(
    "{condition}", "l.from_id = ANY(%(ids)s::uuid[]) AND split_part(l.field, '.', 1) <> ALL(%(hidden)s::text[])"
)  # fmt: skip
_BY_ID = (
    _NAMES.replace("{distinct}", "")
    .replace("{source}", "{t}.documents d")
    .replace("{condition}", "d.id = ANY(%(ids)s::uuid[])")
)


def titles_of(ctx: KernelContext, type: DocumentType, ids: Sequence[str]) -> dict[str, str]:
    """Titles of what these documents of a type link to, as far as the caller may read it.

    Nothing of what hidden fields link to: the title would tell the value.
    """
    hidden = ctx.permissions.mask(type, "read", None, ctx.scope())
    if hidden and type.lenses is not None:
        # What the table calls by another name; as whole fields are hidden, so is whatever began in the same one.
        hidden |= {name.partition(".")[0] for path, name in stored_names(type).items() if _top(path) in hidden}
    return _titles(ctx, _LINKED, {"ids": list(ids), "hidden": sorted(hidden)}) if ids else {}


def titles_by_id(ctx: KernelContext, ids: Sequence[str]) -> dict[str, str]:
    """The title of each of these documents that is there and may be read."""
    return _titles(ctx, _BY_ID, {"ids": list(ids)}) if ids else {}


def title_of(type: DocumentType, row: Row, hidden: frozenset[str] = frozenset()) -> str:
    """What people call a document: its title field, its number, or failing both its id. hidden: fields not to show."""
    is_shown = type.title_field not in (None, "number", *hidden)
    named = row.data.get(type.title_field) if is_shown and type.title_field else row.number
    return str(named or row.number or row.id)


def _titles(ctx: KernelContext, sql: str, values: Mapping[str, Any]) -> dict[str, str]:
    fields = _title_fields(ctx)
    is_open: dict[str, bool] = {}
    titles, asked = {}, []
    for id, name, schema_version, number, title in ctx.uow.execute(sql, {**values, **fields}).fetchall():
        type = ctx.runtime.catalogue.types.get(name)
        if type is None:
            if ctx.runtime.tombstones and shows_title(ctx, name):
                titles[id] = str(title or number or id)
            continue
        if name not in is_open:
            is_open[name] = ctx.permissions.sees_all(type) and not type.encrypted
        if is_open[name] and schema_version == type.version:
            titles[id] = str(title or number or id)
        else:
            asked.append(id)
    return titles | _titles_asked(ctx, asked) if asked else titles


def _title_fields(ctx: KernelContext) -> Mapping[str, list[str | None]]:
    found: Mapping[str, list[str | None]] | None = ctx.runtime.compiled.get("title fields")
    if found is None:
        named = {type.name: type.title_field for type in ctx.runtime.catalogue.types.values()}
        named |= title_fields(ctx)
        found = ctx.runtime.remember("title fields", {"types": list(named), "fields": list(named.values())})
    return found


def _titles_asked(ctx: KernelContext, ids: Sequence[str]) -> dict[str, str]:
    """Of documents of which it must be asked one by one whether they may be read, and what of them."""
    titles = {}
    for row in read_rows(ctx.uow, ids):
        type = ctx.runtime.catalogue.types[row.type]
        try:
            (shown,) = show_rows(ctx, type, [row])
        except DocumentUncastable:
            # What links to it is none the worse for it.
            continue
        document = to_document(type, shown)
        if ctx.permissions.allows("read", type, document, ctx.scope()):
            titles[row.id] = title_of(type, shown, ctx.permissions.mask(type, "read", document, ctx.scope()))
    return titles


def _top(path: str) -> str:
    return path.partition(".")[0]
