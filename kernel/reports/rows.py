"""What names stand for in the rows of each kind of source."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.sql.selectable import FromClause

from kernel.expressions import Item, Typed
from kernel.expressions.typed import UUID as UUID_KIND
from kernel.reports.links import Links, Place, id_of_text, is_system_field
from sdk.expressions import InvalidExpression
from sdk.expressions.kinds import DECIMAL, INSTANT, TEXT
from sdk.nearest import nearest_or_all
from sdk.registers import Register
from sdk.reports import Source


@dataclass(frozen=True)
class MovementRows:
    """Rows of movements, or of sums by dimension (then `table` has neither moment, document nor resources)."""

    register: Register
    source: Source
    links: Links
    table: FromClause

    def resolve(self, path: tuple[str, ...], item: Item | None = None) -> Typed:
        head, rest = path[0], path[1:]
        if head == "document" and item is None:
            return self._of_document(rest)
        dimensions = {dimension.name: dimension for dimension in self.register.dimensions}
        if head in dimensions and rest:
            place = self._of_dimension(head, dimensions[head].link)
            return self.links.field_of(place, rest)
        found = None if item or rest else self._column(head)
        if found is None:
            known = [*dimensions, *(resource.name for resource in self.register.resources), "occurred_at", "company_id"]
            raise InvalidExpression(f"there is no {'.'.join(path)}", instead=nearest_or_all(".".join(path), known))
        return found

    def _column(self, name: str) -> Typed | None:
        slots: dict[str, tuple[str, str]] = {
            "occurred_at": ("occurred_at", INSTANT),
            "company_id": ("company_id", UUID_KIND),
        }
        slots |= {d.name: (self.register.slot_of_dimension(d.name), TEXT) for d in self.register.dimensions}
        slots |= {r.name: (self.register.slot_of_resource(r.name), DECIMAL) for r in self.register.resources}
        if name not in slots or slots[name][0] not in self.table.c:
            return None
        return Typed(slots[name][1], self.table.c[slots[name][0]])

    def _of_dimension(self, name: str, link: str | None) -> Place:
        if link is None:
            raise InvalidExpression(f"{name} links to nothing")
        id = id_of_text(self.table.c[self.register.slot_of_dimension(name)])
        return self.links.join((name,), id, link)

    def _of_document(self, path: tuple[str, ...]) -> Typed:
        id = self.table.c.document_id
        if not path:
            return Typed(UUID_KIND, id)
        if is_system_field(path) or self.source.documents is None:
            place = self.links.join(("document",), id, "*", of_any=True)
            return place.columns.resolve(path)
        return self.links.field_of(self.links.join(("document", "typed"), id, self.source.documents), path)


@dataclass(frozen=True)
class DocumentRows:
    """Rows of documents: names are fields of the document."""

    document: Place
    links: Links

    def resolve(self, path: tuple[str, ...], item: Item | None = None) -> Typed:
        if item is not None:
            return self.document.columns.resolve(path, item)
        return self.links.field_of(self.document, path)


@dataclass(frozen=True)
class LineRows:
    """Rows of the elements of an array: names are the element's fields, `document.` leads to the rest."""

    document: Place
    line: Place
    links: Links

    def resolve(self, path: tuple[str, ...], item: Item | None = None) -> Typed:
        if item is not None:
            return self.document.columns.resolve(path, item)
        if path[0] == "document":
            if len(path) == 1:
                return self.document.columns.resolve(("id",))
            return self.links.field_of(self.document, path[1:])
        return self.links.field_of(self.line, path)


def line_of(document: Place, each: str, name: str) -> Place:
    """The place an element of the array `each` is, whose jsonb is the column `value` of `name`."""
    return Place(document.columns, document.type, (*document.trail, each), Item((each,), f"{name}.value"))
