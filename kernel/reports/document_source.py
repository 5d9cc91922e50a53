"""Document sources: documents of a type, or the elements of one of their arrays, as the caller may read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, bindparam, func, literal_column, true
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from kernel.context import KernelContext
from kernel.documents.tables import documents
from kernel.permissions import DENIED
from kernel.reports.errors import ReportNotPermitted
from kernel.reports.links import Links, Place
from kernel.reports.query import Rows
from kernel.reports.rows import DocumentRows, LineRows, line_of
from kernel.series.service import NO_COMPANY
from sdk.reports import Report
from sdk.schema import DocumentType


@dataclass(frozen=True)
class DocumentSource:
    """What a report over documents reads. companies: None is all; the nil company stands for those of none."""

    ctx: KernelContext
    report: Report
    type: DocumentType
    scope: Mapping[str, Any]
    companies: Sequence[str] | None

    def rows(self) -> Rows:
        links = Links(self.ctx, self.report.name, self.scope)
        table = documents.alias("d")
        place = Place.of_table(table, self.type, ())
        conditions = self._conditions(table, links)
        each = self.report.source.each
        if each is None:
            return Rows(table, DocumentRows(place, links), links, conditions, order=(table.c.id,))
        links.check_mask(place, (each,))
        lines = (
            func.jsonb_array_elements(func.bos.as_array(place.columns.resolve((each,)).sql))
            .table_valued("value", with_ordinality="position", name="line")
            .render_derived(name="line")
        )
        names = LineRows(place, line_of(place, each, "line"), links)
        order = (table.c.id, lines.c.position)
        return Rows(table.join(lines, true()), names, links, conditions, order=order)

    def values(self) -> dict[str, Any]:
        return {}

    def _conditions(self, table: FromClause, links: Links) -> list[ColumnElement[bool]]:
        if self.ctx.permissions.filter("read", self.type) is DENIED:
            raise ReportNotPermitted(action="read", resource=self.type.name)
        found = [table.c.type == literal_column(f"'{self.type.name}'", Text), table.c.deleted_at.is_(None)]
        readable = links.readable(table, self.type)
        if readable is not None:
            found.append(readable)
        if self.companies is not None:
            listed = bindparam("companies", list(self.companies), ARRAY(UUID(as_uuid=False)))
            company = table.c.company_id
            found.append(
                func.coalesce(company, literal_column(f"'{NO_COMPANY}'::uuid", company.type)) == func.any(listed)
            )
        return found
