"""Lists of documents: filter, search, sort and keyset pagination, compiled to SQL under the caller's permissions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import orjson
from sqlalchemy import ColumnElement, and_, literal_column, or_, true

from kernel.context import KernelContext
from kernel.documents.casting import show_rows
from kernel.documents.cursors import decode_cursor, encode_cursor
from kernel.documents.keyset import SortKey, after
from kernel.documents.rows import COLUMNS, TEXT_COLUMNS, Row, flatten, flatten_text
from kernel.documents.search import matches_text
from kernel.documents.tables import documents
from kernel.documents.titles import titles_of
from kernel.expressions import DocumentColumns, kinds_of_schema, render, to_sql
from kernel.expressions.mixed import Mixture
from kernel.permissions import DENIED
from kernel.search.narrow import narrow
from kernel.secrets.fields import blinder_of
from sdk.document_errors import PageSizeExceeded, PermissionDenied
from sdk.errors import Forbidden
from sdk.expressions import InvalidExpression, parse
from sdk.schema import DocumentType

Archived = Literal["false", "true", "all"]
ARCHIVED: tuple[Archived, ...] = ("false", "true", "all")
SORT_FIELDS_MAX = 5
REMEMBERED_VALUES_LENGTH_MAX = 500
TYPES_REMEMBERED_MAX = 2048
SORT_KEYS_REMEMBERED_MAX = 4096
# Columns that are no field of a document.
_PARTS = ("data", "kept")
_SCHEMA_VERSION, _DATA = Row._fields.index("schema_version"), Row._fields.index("data")


@dataclass(frozen=True)
class ListRequest:
    """What is asked for. parameters: the filter's `param.<name>`; q: text looked for in the fields marked x-search.

    deleted: the bin instead of what is there. archived: `false` leaves archived documents out, `true` lists only them.
    Code sees all unless it asks otherwise; lists for people leave them out.
    """

    filter: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    sort: Sequence[str] = ()
    limit: int = 50
    cursor: str | None = None
    q: str = ""
    deleted: bool = False
    archived: Archived = "all"


@dataclass(frozen=True)
class RowPage:
    """One page of rows; `titles` holds the title of every document they link to."""

    rows: list[Row]
    cursor: str | None
    titles: Mapping[str, str]


def list_rows(ctx: KernelContext, type: DocumentType, wanted: ListRequest) -> RowPage:
    """The page as stored rows, with titles: two statements more at most, however many links there are."""
    rows, cursor = read_page(ctx, type, wanted)
    return RowPage(rows, cursor, titles_of(ctx, type, [row.id for row in rows]))


def list_json(ctx: KernelContext, type: DocumentType, wanted: ListRequest) -> dict[str, Any]:
    """The page as an answer, for a caller nothing of the type is hidden from. Fields that are shown as they are stored
    are passed on as the text PostgreSQL gives: reading them only to write them again took most of a list's own time.
    """
    if type.encrypted:
        page = list_rows(ctx, type, wanted)
        items: list[Any] = [flatten(row, frozenset()) for row in page.rows]
        return {"items": items, "titles": page.titles, "cursor": page.cursor}
    found, cursor = _fetch(ctx, type, wanted, TEXT_COLUMNS)
    titles = titles_of(ctx, type, [row[0] for row in found])
    return {"items": [_flatten(ctx, type, row) for row in found], "titles": titles, "cursor": cursor}


def _flatten(ctx: KernelContext, type: DocumentType, found: tuple[Any, ...]) -> Any:
    """The JSON of a row of TEXT_COLUMNS."""
    if found[_SCHEMA_VERSION] == type.version:
        return flatten_text(found)
    row = Row(*found)
    (shown,) = show_rows(ctx, type, [row._replace(data=orjson.loads(found[_DATA]))])
    return flatten(shown, frozenset())


def read_page(ctx: KernelContext, type: DocumentType, wanted: ListRequest) -> tuple[list[Row], str | None]:
    """The rows of a page and the cursor of the next one, in one statement; in two where the values end on the page
    and the documents without one follow.
    """
    found, cursor = _fetch(ctx, type, wanted, COLUMNS)
    return show_rows(ctx, type, [Row(*row) for row in found]), cursor


def _fetch(
    ctx: KernelContext, type: DocumentType, wanted: ListRequest, columns: str
) -> tuple[list[tuple[Any, ...]], str | None]:
    if not 1 <= wanted.limit <= ctx.kernel.settings.page_size_max:
        raise PageSizeExceeded(limit=wanted.limit, maximum=ctx.kernel.settings.page_size_max)
    hidden = ctx.permissions.mask(type, "read", None, ctx.scope())
    _refuse_masked(hidden, wanted)
    keys = _sort_keys(type, wanted.sort)
    narrowed = narrow(ctx, type, wanted.q) if wanted.q and not wanted.deleted else None
    more, bound = (f" AND {narrowed[0]}", narrowed[1]) if narrowed is not None else ("", {})
    fetched: list[tuple[Any, ...]] = []
    for where, values in _wheres(ctx, type, keys, wanted, hidden):
        limits = {"limit": wanted.limit + 1 - len(fetched)}
        fetched += ctx.uow.execute(_page_sql(columns, where + more, keys), {**values, **bound, **limits}).fetchall()
        if len(fetched) > wanted.limit:
            break
    page, width = fetched[: wanted.limit], len(Row._fields)
    cursor = encode_cursor(page[-1][width:]) if len(fetched) > wanted.limit else None
    return [row[:width] for row in page], cursor


def _page_sql(columns: str, where: str, keys: Sequence[SortKey]) -> str:
    """The values a page is sorted by come along, so that its last row can say where the next page begins."""
    return (
        f"SELECT {', '.join([columns, *(key.sql for key in keys)])} FROM {{t}}.documents"
        f" WHERE {where} ORDER BY {', '.join(key.order for key in keys)} LIMIT %(limit)s"
    )


def compile_list(
    ctx: KernelContext, type: DocumentType, wanted: ListRequest
) -> tuple[str, dict[str, Any], list[SortKey]]:
    """The condition of a list as SQL, its values, and what it is sorted by: for exports, which read rows their own way.

    Not remembered as those of lists are: every page of an export begins somewhere else.
    """
    hidden = ctx.permissions.mask(type, "read", None, ctx.scope())
    _refuse_masked(hidden, wanted)
    keys = _sort_keys(type, wanted.sort)
    where, values = render(and_(*_conditions(ctx, type, wanted, hidden), or_(*_parts(keys, wanted))))
    return where, values, keys


def _refuse_masked(hidden: frozenset[str], wanted: ListRequest) -> None:
    """A field that may not be seen may not be filtered or sorted by either: the answer would tell its value."""
    named = {_top(name.removeprefix("-")) for name in wanted.sort}
    if wanted.filter and hidden:
        named |= {_top(name) for name in parse(wanted.filter).names}
    if named & hidden:
        raise Forbidden(action="filter by", resource=", ".join(sorted(named & hidden)))


def _wheres(
    ctx: KernelContext, type: DocumentType, keys: Sequence[SortKey], wanted: ListRequest, hidden: frozenset[str]
) -> list[tuple[str, dict[str, Any]]]:
    """The conditions of a page as text and values, in their order. Compiling costs more than most queries, and applets
    ask the same again and again (the account of this code, the period of this day), so what was asked with the same
    values is remembered.
    """
    condition = ctx.permissions.filter("read", type)
    values = repr(sorted(wanted.parameters.items()))
    given = (wanted.filter, values, wanted.q, wanted.deleted, wanted.archived, wanted.cursor)
    key = ("list", type, given, condition, ctx.actor, ctx.today, hidden, tuple(key.order for key in keys))
    found: list[tuple[str, dict[str, Any]]] | None = ctx.runtime.compiled.get(key)
    if found is None:
        every = _conditions(ctx, type, wanted, hidden)
        found = [render(and_(*every, part)) for part in _parts(keys, wanted)]
        if len(given[1]) <= REMEMBERED_VALUES_LENGTH_MAX:
            ctx.runtime.remember(key, found)
    return found


def _parts(keys: Sequence[SortKey], wanted: ListRequest) -> list[ColumnElement[bool]]:
    """What follows the cursor."""
    if not wanted.cursor:
        return [true()]
    return after(keys, decode_cursor(wanted.cursor, [key.element.type for key in keys]))


def _conditions(
    ctx: KernelContext, type: DocumentType, wanted: ListRequest, hidden: frozenset[str]
) -> list[ColumnElement[bool]]:
    columns = columns_for(ctx, type)
    conditions = [is_of_type(type), allowed(ctx, type, columns, wanted.deleted)]
    if wanted.archived != "all":
        column = documents.c.archived_at
        conditions.append(column.is_(None) if wanted.archived == "false" else column.is_not(None))
    if wanted.filter:
        scope = {**ctx.scope(), "param": dict(wanted.parameters)}
        conditions.append(to_sql(parse(wanted.filter), columns, scope))
    if wanted.q:
        # Nor is it searched: whether something is found would tell it too.
        seen = (field for field in type.searchable if not field.in_array and _top(field.path) not in hidden)
        places = [element_of(columns, field.path) for field in seen]
        conditions.append(matches_text([*places, documents.c.number], wanted.q))
    return conditions


def allowed(ctx: KernelContext, type: DocumentType, columns: DocumentColumns, deleted: bool) -> ColumnElement[bool]:
    """The rows the caller may read, as SQL: the same conditions that decide one document."""
    condition = ctx.permissions.filter("read", type)
    if condition is DENIED:
        raise PermissionDenied(action="read", resource=type.name)
    present = documents.c.deleted_at.is_not(None) if deleted else documents.c.deleted_at.is_(None)
    if condition is None:
        return present
    return and_(present, to_sql(condition, columns.whole(), ctx.scope()))


@lru_cache(maxsize=TYPES_REMEMBERED_MAX)
def columns_of(type: DocumentType) -> DocumentColumns:
    """The columns that a type's fields are in SQL."""
    return DocumentColumns(documents, kinds_of_schema(type.schema), mixture=Mixture.of(type))


def columns_for(ctx: KernelContext, type: DocumentType) -> DocumentColumns:
    """The same with marks of encrypted fields, so that they can be compared."""
    columns = columns_of(type)
    if not type.encrypted:
        return columns
    return DocumentColumns(documents, columns.kinds, blinder_of(ctx, type), columns.mixture)


def element_of(columns: DocumentColumns, name: str) -> ColumnElement[Any]:
    """The SQL of a field, by its dotted name."""
    is_plain = name not in _PARTS and not (name == "state" and columns.mixture)
    if name in documents.c and is_plain:
        return documents.c[name]
    element = columns.resolve(tuple(name.split("."))).sql
    assert element is not None
    return element


def is_of_type(type: DocumentType) -> ColumnElement[bool]:
    """A literal, not a bound value: a generic plan would leave partial indexes aside."""
    return documents.c.type == literal_column(f"'{type.name}'")


def _sort_keys(type: DocumentType, sort: Sequence[str]) -> list[SortKey]:
    """The sort as asked, made total by the id; without one, newest first."""
    if len(sort) > SORT_FIELDS_MAX:
        raise InvalidExpression(f"a list is sorted by {SORT_FIELDS_MAX} fields at most")
    names = list(sort) or ["-id"]
    if "id" not in {name.removeprefix("-") for name in names}:
        names.append("-id" if names[-1].startswith("-") else "id")
    return [_sort_key(type, name.removeprefix("-"), name.startswith("-")) for name in names]


@lru_cache(maxsize=SORT_KEYS_REMEMBERED_MAX)
def _sort_key(type: DocumentType, name: str, descending: bool) -> SortKey:
    field = type.fields.get(name)
    if field is not None and (field.in_array or field.kind in ("array", "object")):
        raise InvalidExpression(f"{name} has several values in one document, so nothing is sorted by it")
    if field is not None and field.encrypted:
        raise InvalidExpression(f"{name} is encrypted, so nothing is sorted by it")
    return SortKey.of(element_of(columns_of(type), name), descending)


def _top(path: str) -> str:
    """The field a path begins with: masks hide whole fields."""
    return path.partition(".")[0]
