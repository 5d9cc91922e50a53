"""The verb of the room: one question over all types the caller may read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.types import Numeric, Uuid

from kernel.context import KernelContext
from kernel.documents.casting import show_rows
from kernel.documents.cursors import decode_cursor, encode_cursor
from kernel.documents.listing import allowed, columns_for
from kernel.documents.rows import COLUMNS, Row, to_document
from kernel.documents.tables import documents
from kernel.documents.titles import title_of
from kernel.permissions import DENIED
from kernel.search import store
from kernel.search.errors import SearchTypeUnknown
from kernel.search.highlight import Highlight, highlight
from kernel.search.query import SET_SIMILARITY, Question, Source, compile_question
from kernel.search.refresh import Plan, plan_of
from kernel.search.shape import Shape, text_at
from kernel.search.terms import Term, read_terms
from sdk.document_errors import PageSizeExceeded
from sdk.nearest import nearest

PAGE_SIZE = 20
HIGHLIGHTS_MAX = 5


@dataclass(frozen=True)
class SearchRequest:
    """types: names, or `applet.*`; none is all. archived: None for both, else only those that are or are not."""

    q: str
    types: Sequence[str] = ()
    company_id: str | None = None
    archived: bool | None = False
    limit: int = PAGE_SIZE
    cursor: str | None = None


@dataclass(frozen=True)
class Hit:
    """One document that was found, as far as the caller sees it."""

    type: str
    id: str
    title: str
    number: str | None
    state: str | None
    company_id: str | None
    rank: Decimal
    highlights: tuple[Highlight, ...]


@dataclass(frozen=True)
class SearchPage:
    """pending: changes not yet in the index. is_complete: whether the index is that of today's declarations."""

    items: tuple[Hit, ...]
    cursor: str | None
    pending: int
    is_complete: bool


def search(ctx: KernelContext, wanted: SearchRequest) -> SearchPage:
    """The best matches first. Raises SearchTextInvalid, SearchTypeUnknown, PageSizeExceeded, CursorInvalid."""
    maximum = ctx.kernel.settings.page_size_max
    if not 1 <= wanted.limit <= maximum:
        raise PageSizeExceeded(limit=wanted.limit, maximum=maximum)
    terms = read_terms(wanted.q)
    after = _read_cursor(wanted.cursor)
    plan = plan_of(ctx.uow, ctx.runtime)
    sources = _sources(ctx, plan, _chosen(plan, wanted.types))
    rows = _ask(ctx, plan, wanted, terms, sources, after) if sources else []
    page = rows[: wanted.limit]
    progress = store.read_progress(ctx.uow)
    return SearchPage(
        items=tuple(_hit(ctx, plan, Row(*row[:-1]), row[-1], terms) for row in page),
        cursor=encode_cursor([page[-1][-1], page[-1][0]]) if len(rows) > wanted.limit else None,
        pending=store.count_pending(ctx.uow, [source.type for source in sources], progress.position),
        is_complete=progress.shape == plan.digest,
    )


def _read_cursor(cursor: str | None) -> tuple[str, str] | None:
    if cursor is None:
        return None
    rank, id = decode_cursor(cursor, [Numeric(), Uuid()])
    return (rank, id) if rank is not None and id is not None else None


def _chosen(plan: Plan, names: Sequence[str]) -> list[Shape]:
    """The types asked for. Whether one that is not searched exists is not told."""
    if not names:
        return list(plan.shapes.values())
    chosen: dict[str, Shape] = {}
    for name in names:
        prefix = name.removesuffix("*")
        found = {
            each: shape
            for each, shape in plan.shapes.items()
            if each == name or (name.endswith(".*") and each.startswith(prefix))
        }
        if not found:
            raise SearchTypeUnknown(type=name[:120], nearest=nearest(name[:120], plan.shapes) or "no type is like it")
        chosen |= found
    return list(chosen.values())


def _sources(ctx: KernelContext, plan: Plan, shapes: Sequence[Shape]) -> list[Source]:
    """Those of the types that the caller may read, each with what of it."""
    sources = []
    for shape in shapes:
        type = shape.type
        if ctx.permissions.filter("read", type) is DENIED:
            continue
        hidden = ctx.permissions.mask(type, "read", None, ctx.scope())
        lines = shape.visible_lines(hidden)
        sees_all = len(lines) == len(shape.paths) + 1
        condition = allowed(ctx, type, columns_for(ctx, type), False)
        sources.append(Source(type.name, shape.digest, condition, None if sees_all else lines))
    return sources


def _ask(
    ctx: KernelContext,
    plan: Plan,
    wanted: SearchRequest,
    terms: Sequence[Term],
    sources: Sequence[Source],
    after: tuple[str, str] | None,
) -> list[tuple[Any, ...]]:
    if plan.trigrams:
        ctx.uow.execute(SET_SIMILARITY)
    question = Question(
        terms=terms,
        sources=sources,
        language=plan.language,
        trigrams=plan.trigrams,
        limit=wanted.limit + 1,
        columns=COLUMNS,
        conditions=_conditions(wanted),
        after=after,
    )
    sql, values = compile_question(question)
    return ctx.uow.execute(sql, values).fetchall()


def _conditions(wanted: SearchRequest) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.company_id is not None:
        conditions.append(documents.c.company_id == wanted.company_id)
    if wanted.archived is not None:
        archived_at = documents.c.archived_at
        conditions.append(archived_at.is_not(None) if wanted.archived else archived_at.is_(None))
    return conditions


def _hit(ctx: KernelContext, plan: Plan, row: Row, rank: str, terms: Sequence[Term]) -> Hit:
    shape = plan.shapes[row.type]
    (row,) = show_rows(ctx, shape.type, [row])
    # As wide as that of the question: a field that was not searched is not shown as found.
    hidden = ctx.permissions.mask(shape.type, "read", None, ctx.scope())
    own = ctx.permissions.mask(shape.type, "read", to_document(shape.type, row), ctx.scope()) if hidden else hidden
    return Hit(
        type=row.type,
        id=row.id,
        title=title_of(shape.type, row, own),
        number=row.number,
        state=row.state,
        company_id=row.company_id,
        rank=Decimal(rank),
        highlights=_highlights(shape, row, hidden, terms),
    )


def _highlights(shape: Shape, row: Row, hidden: frozenset[str], terms: Sequence[Term]) -> tuple[Highlight, ...]:
    texts = {"number": row.number or ""} | {
        path: text_at(row.data, path) for path in shape.paths if path.partition(".")[0] not in hidden
    }
    found = (highlight(path, text, terms) for path, text in texts.items() if text)
    return tuple(each for each in found if each is not None)[:HIGHLIGHTS_MAX]


def describe(page: SearchPage) -> Mapping[str, Any]:
    """The page as JSON."""
    items = [
        {
            name: value
            for name in ("type", "id", "title", "number", "state", "company_id", "rank")
            if (value := getattr(hit, name)) is not None
        }
        | {"highlights": [{"field": h.field, "text": h.text, "marks": h.marks} for h in hit.highlights]}
        for hit in page.items
    ]
    return {"items": items, "cursor": page.cursor, "pending": page.pending, "is_complete": page.is_complete}
