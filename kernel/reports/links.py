"""Paths from a row into the documents it points to: each target is joined once, as its reader may see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, and_, case, cast, false, literal_column
from sqlalchemy.dialects.postgresql import UUID

from kernel.context import KernelContext
from kernel.documents.tables import documents
from kernel.expressions import DocumentColumns, Item, Typed, kinds_of_schema, to_sql
from kernel.expressions.columns import SYSTEM_KINDS
from kernel.expressions.mixed import Mixture
from kernel.permissions import DENIED
from kernel.reports.errors import FieldMasked
from sdk.expressions import InvalidExpression
from sdk.schema import DocumentType

LINKS_MAX = 3
_UUID_FORM = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_ID = UUID(as_uuid=False)


@dataclass
class Links:
    """The documents joined so far, by the path that leads to them."""

    ctx: KernelContext
    report: str
    scope: Mapping[str, Any]
    joins: list[tuple[FromClause, ColumnElement[bool]]] = field(default_factory=list)
    _aliases: dict[tuple[str, ...], FromClause] = field(default_factory=dict)

    def field_of(self, document: Place, path: tuple[str, ...]) -> Typed:
        """The column a path below `document` leads to, joining what lies on the way."""
        for length in range(1, len(path)):
            link = document.link_at(path[:length])
            if link is not None:
                self.check_mask(document, path[:length])
                target = self.follow(document, path[:length], link)
                return self.field_of(target, path[length:])
        self.check_mask(document, path)
        return document.columns.resolve(path, document.item)

    def follow(self, document: Place, path: tuple[str, ...], type_name: str) -> Place:
        """The document an id in `path` is of."""
        return self.join((*document.trail, *path), _text_of(document.columns.resolve(path, document.item)), type_name)

    def join(self, trail: tuple[str, ...], id: ColumnElement[Any], type_name: str, *, of_any: bool = False) -> Place:
        """The document of this id, joined as one the caller may read. of_any: only what every document has."""
        if trail.count("/") >= LINKS_MAX:
            raise InvalidExpression(f"{'.'.join(trail)} goes over more than {LINKS_MAX} links")
        type = None if type_name == "*" or of_any else self.ctx.runtime.catalogue.type(type_name)
        found = self._aliases.get(trail)
        if found is None:
            found = self._aliases[trail] = documents.alias(f"link{len(self._aliases) + 1}")
            self.joins.append((found, self._is_target(found, id, type)))
        return Place.of_table(found, type, (*trail, "/"))

    def apply(self, source: FromClause) -> FromClause:
        """The source with everything joined to it that was asked for."""
        for alias, condition in self.joins:
            source = source.outerjoin(alias, condition)
        return source

    def check_mask(self, document: Place, path: tuple[str, ...]) -> None:
        """A field that is hidden from the caller in some document must not shape a sum either."""
        if document.type is None:
            return
        masked = self.ctx.permissions.mask(document.type, "read")
        full = (*document.prefix, *path)
        if any(".".join(full[:length]) in masked for length in range(1, len(full) + 1)):
            raise FieldMasked(report=self.report, field=".".join(full), type=document.type.name)

    def readable(self, table: FromClause, type: DocumentType) -> ColumnElement[bool] | None:
        """What holds for documents of the type the caller may read; None when that is all of them."""
        allowed = self.ctx.permissions.filter("read", type)
        if allowed is DENIED:
            return false()
        return None if allowed is None else to_sql(allowed, Place.of_table(table, type, ()).columns, self.scope)

    def _is_target(self, alias: FromClause, id: ColumnElement[Any], type: DocumentType | None) -> ColumnElement[bool]:
        conditions = [alias.c.id == id]
        if type is not None:
            # A literal, or PostgreSQL would not use the indexes of the type.
            conditions.append(alias.c.type == literal_column(f"'{type.name}'", Text))
            readable = self.readable(alias, type)
            conditions += [] if readable is None else [readable]
        return and_(*conditions)


@dataclass(frozen=True)
class Place:
    """A document, or one element of an array of it, that paths begin at. type: None = only system fields."""

    columns: DocumentColumns
    type: DocumentType | None
    trail: tuple[str, ...]
    item: Item | None = None

    @classmethod
    def of_table(cls, table: FromClause, type: DocumentType | None, trail: tuple[str, ...]) -> Place:
        kinds = kinds_of_schema(type.schema) if type else {}
        return cls(DocumentColumns(table, kinds, mixture=Mixture.of(type)).whole(), type, trail)

    @property
    def prefix(self) -> tuple[str, ...]:
        return self.item.path if self.item else ()

    def link_at(self, path: tuple[str, ...]) -> str | None:
        """The type an id at this path is of."""
        if self.type is None:
            return None
        found = self.type.fields.get(".".join((*self.prefix, *path)))
        return found.link if found else None


def _text_of(typed: Typed) -> ColumnElement[Any]:
    assert typed.sql is not None
    return id_of_text(typed.sql)


def id_of_text(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """A text as an id, NULL where it is none."""
    return case((text.op("~")(literal_column(f"'{_UUID_FORM}'", Text)), cast(text, _ID)))


def is_system_field(path: tuple[str, ...]) -> bool:
    return len(path) == 1 and path[0] in SYSTEM_KINDS
