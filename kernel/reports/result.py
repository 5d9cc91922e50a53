"""What a run of a report gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sdk.reports import Report


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """type: text, date, instant, decimal, integer, uuid or boolean. scale: digits shown, None = a number's own."""

    name: str
    title: str
    type: str
    scale: int | None = None
    link: str | None = None
    is_hidden: bool = False
    is_measure: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """kind: `row`, `heading`, `opening` or `total`. level: how many sections it is in. section: their values."""

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)
    level: int = 0
    section: tuple[Any, ...] = ()
    title: str | None = None


@dataclass(frozen=True, slots=True)
class ResultLine:
    """A line computed from totals of sections."""

    name: str
    title: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class ReportResult:
    """Columns and lines, in order. Amounts are Decimals, rounded to the scale of their column.

    titles: of the documents whose ids stand in shown columns with a link. scope: what drill-down may name.
    """

    report: Report
    parameters: Mapping[str, Any]
    columns: tuple[ResultColumn, ...]
    lines: Sequence[Line]
    totals: Mapping[str, Any] = field(default_factory=dict)
    results: tuple[ResultLine, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    scope: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> list[Mapping[str, Any]]:
        """The values of plain rows: without headings, opening lines and totals."""
        return [line.values for line in self.lines if line.kind == "row"]

    @property
    def shown(self) -> list[ResultColumn]:
        """Columns that are printed."""
        return [column for column in self.columns if not column.is_hidden]
