"""From rows to lines: sections with headings and totals, opening and running balances, results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Any

from kernel.reports.result import Line, ResultLine
from sdk.reports import Report, Section

Row = Mapping[str, Any]
Path = tuple[Any, ...]


@dataclass
class Layout:
    """One run's rows being laid out. openings: by section, the balances it begins with and its columns.

    Amounts stay exact here; they are rounded when the lines are done.
    """

    report: Report
    scope: Mapping[str, Any]
    openings: Mapping[Path, Row] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    outermost: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def lay_out(self, rows: Sequence[Row]) -> Mapping[str, Any]:
        """Fill `lines`; the totals of everything."""
        numbered = list(enumerate(rows))
        # A section without rows is there for its opening balance.
        ids = {self._path(row) for row in rows}
        entries = [(self._path(row), number, row) for number, row in numbered]
        entries += [(path, -1, row) for path, row in self.openings.items() if path not in ids]
        if not self.report.sections:
            entries = [entry for entry in entries if entry[1] >= 0]
        for level in reversed(range(len(self.report.sections))):
            entries.sort(key=lambda entry: _rank(self.report.sections[level], entry[0][level]))
        return self._lay_out_level(entries, 0)

    def results(self) -> tuple[ResultLine, ...]:
        """Lines computed from the totals of the outermost sections; call after `lay_out`."""
        return tuple(
            ResultLine(result.name, result.title, {name: self._result(result.sections, name) for name in self._totals})
            for result in self.report.results
        )

    @property
    def _totals(self) -> tuple[str, ...]:
        return self.report.totals

    @property
    def _running(self) -> list[str]:
        return [measure.name for measure in self.report.measures.values() if measure.function == "running"]

    def _path(self, row: Row) -> Path:
        return tuple(row[section.by] for section in self.report.sections)

    def _lay_out_level(self, entries: Sequence[tuple[Path, int, Row]], level: int) -> Mapping[str, Any]:
        if level == len(self.report.sections):
            return self._lay_out_rows(entries, level)
        parts = []
        for value, group in groupby(entries, key=lambda entry: entry[0][level]):
            members = list(group)
            path = members[0][0][: level + 1]
            title = self._heading(self.report.sections[level], value, members[0][2])
            self.lines.append(Line("heading", {}, level, path, title))
            totals = self._lay_out_level(members, level + 1)
            if self._totals:
                self.lines.append(Line("total", totals, level, path, title))
            if level == 0:
                self.outermost[str(value)] = totals
            parts.append(totals)
        return {name: _sum(part[name] for part in parts) for name in self._totals}

    def _lay_out_rows(self, entries: Sequence[tuple[Path, int, Row]], level: int) -> Mapping[str, Any]:
        path = entries[0][0] if entries else ()
        opening = self.openings.get(path, {})
        state = {name: opening.get(name) or Decimal(0) for name in self._running}
        if state:
            self.lines.append(Line("opening", dict(state), level, path))
        rows = [(number, self._run(row, state)) for _, number, row in entries if number >= 0]
        limit = self.report.limit
        self.lines += [Line("row", row, level, path) for number, row in rows if limit is None or number < limit]
        return {name: state[name] if name in state else _sum(row[name] for _, row in rows) for name in self._totals}

    def _run(self, row: Row, state: dict[str, Decimal]) -> Row:
        """The row with its running balances, in the order of the report."""
        if not state:
            return row
        for name in state:
            state[name] += row[f"_{name}"]
        values = {**row, **state}
        return {name: values[name] for name in (*self.report.columns, *self.report.measures)}

    def _heading(self, section: Section, value: Any, row: Row) -> str:
        if str(value) in section.titles:
            return section.titles[str(value)]
        title = value if section.title is None else section.title.evaluate({**row, **self.scope})
        return "" if title is None else str(title)

    def _result(self, factors: Mapping[str, int], name: str) -> Decimal:
        found = ((self.outermost.get(section, {}).get(name), factor) for section, factor in factors.items())
        return sum((total * factor for total, factor in found if total is not None), Decimal(0))


def _rank(section: Section, value: Any) -> tuple[int, bool, Any]:
    """Values with a place in the declared order first, then the others by value, what has none last."""
    if str(value) in section.order:
        return section.order.index(str(value)), False, ""
    return len(section.order), value is None, "" if value is None else value


def _sum(values: Iterator[Any]) -> Decimal:
    return sum((value for value in values if isinstance(value, Decimal)), Decimal(0))
