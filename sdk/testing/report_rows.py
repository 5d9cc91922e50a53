"""The rows a report of the fake is made of: movements, documents, or lines of documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sdk.document import Document
from sdk.expressions import Expression
from sdk.registers import Register
from sdk.reports import Report
from sdk.testing.transaction import Transaction
from sdk.values import start_of_day

Row = dict[str, Any]


@dataclass(frozen=True)
class SourceRow:
    """scope: what expressions may name of the row itself; around: `param`, `actor` and `today`."""

    ctx: Transaction
    scope: Row
    around: Row
    occurred_on: date | None = None
    amounts: Mapping[str, Decimal] = field(default_factory=dict)

    def value(self, expression: Expression) -> Any:
        return expression.evaluate({**_open_links(self.ctx, self.scope, expression), **self.around})

    def holds(self, expression: Expression | None) -> bool:
        return expression is None or self.value(expression) is True


def source_rows(ctx: Transaction, report: Report, around: Row) -> Iterator[SourceRow]:
    """Every row of the report's source, unfiltered."""
    source = report.source
    if source.register:
        yield from _movement_rows(ctx, ctx.catalogue.register(source.register), around)
        return
    for document in list(ctx.store.tables.documents.values()):
        if document.type == source.type and not document.is_deleted:
            yield from _document_rows(ctx, document, source.each, around)


def _movement_rows(ctx: Transaction, register: Register, around: Row) -> Iterator[SourceRow]:
    for entry in ctx.store.tables.entries:
        movement = entry.movement
        if movement.register == register.name:
            scope = {dimension.name: movement.dimensions.get(dimension.name, "") for dimension in register.dimensions}
            own = {"occurred_at": movement.occurred_at, "company_id": movement.company_id}
            whole = {**scope, **own, **movement.resources, "document": entry.document_id}
            day = start_of_day(movement.occurred_at).date()
            yield SourceRow(ctx, whole, around, day, movement.resources)


def _document_rows(ctx: Transaction, document: Document, each: str | None, around: Row) -> Iterator[SourceRow]:
    whole = dict(document.scope())
    if each is None:
        yield SourceRow(ctx, whole, around)
        return
    for line in whole.get(each, []):
        yield SourceRow(ctx, {**line, "document": whole, "company_id": document.company_id}, around)


def _open_links(ctx: Transaction, scope: Row, expression: Expression) -> Row:
    """The scope with those ids replaced by their documents that the expression has a path into: `account.code`."""
    opened = scope
    for name in sorted(expression.names):
        opened = _open(ctx, opened, name.split("."))
    return opened


def _open(ctx: Transaction, holder: Mapping[str, Any], path: list[str]) -> Row:
    first, *rest = path
    value = holder.get(first)
    if not rest:
        return dict(holder)
    target = ctx.store.tables.documents.get(value) if isinstance(value, str) else None
    below: Any = target.scope() if target else value
    return {**holder, first: _open(ctx, below, rest)} if isinstance(below, Mapping) else dict(holder)
