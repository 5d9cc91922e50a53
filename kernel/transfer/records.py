"""From rows to records: joined with other files, grouped, their cells read; each record becomes one document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kernel.transfer.coerce import unflatten
from kernel.transfer.columns import read_cells
from kernel.transfer.errors import RowRefused, SourceUnreadable
from kernel.transfer.makers import ROWS, Call, FindLink
from kernel.transfer.mapping import ImportMapping, Join
from kernel.transfer.sources import Source, SourceRow
from kernel.transfer.spool import Spool, key_of, spool_source
from sdk.errors import Violation


@dataclass(frozen=True)
class Record:
    """What one document is made of. number: its first row. raw: its rows as they stand in the file."""

    number: int
    raw: Sequence[Mapping[str, Any]]
    scope: Mapping[str, Any] = field(default_factory=dict)
    faults: Sequence[Violation] = ()

    def make(self, mapping: ImportMapping, find_link: FindLink) -> dict[str, Any]:
        """The document's data. Raises RowRefused with every fault of the row and the mapping's fields."""
        faults = list(self.faults)
        made = _make(mapping, self.scope, Call(find_link, faults)) if not faults else {}
        if faults:
            raise RowRefused(violations=faults)
        return made


class Records:
    """The records of a file. As a context manager, since joined files are kept on disk while it is read."""

    def __init__(self, source: Source, mapping: ImportMapping, today: date) -> None:
        self._source, self._mapping, self._today = source, mapping, today
        self._stack = ExitStack()
        self._joins: list[tuple[Join, Spool]] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for join in self._mapping.joins:
                spool = _spool_join(join, self._source)
                self._joins.append((join, stack.enter_context(spool)))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def __iter__(self) -> Iterator[Record]:
        for rows in self._groups():
            yield self._record(rows)

    def _groups(self) -> Iterable[list[SourceRow]]:
        if not self._mapping.group_by:
            return ([row] for row in self._source.rows())
        spool = self._stack.enter_context(spool_source(self._source, self._mapping.group_by))
        return spool.groups()

    def _record(self, rows: Sequence[SourceRow]) -> Record:
        faults = [Violation("", "source", row.fault) for row in rows if row.fault]
        read = [read_cells(row.values, self._mapping.columns, faults) if not row.fault else {} for row in rows]
        first = dict(read[0])
        for join, spool in self._joins:
            first[join.name] = _joined(join, spool, first, faults)
        scope = {"row": first, ROWS: read, "today": self._today}
        return Record(rows[0].number, [row.values for row in rows], scope, faults)


def _make(mapping: ImportMapping, scope: Mapping[str, Any], call: Call) -> dict[str, Any]:
    if mapping.make is None:
        return unflatten(scope["row"])
    made = mapping.make(scope, call, "")
    return made if isinstance(made, dict) else {}


def _spool_join(join: Join, beside: Source) -> Spool:
    path = Path(beside.name).parent / join.file
    try:
        with path.open("rb") as stream:
            source = Source(str(path), stream, beside.dialect.for_file(path))
            return spool_source(source, list(join.on.values()))
    except OSError as error:
        raise SourceUnreadable(file=str(path), reason=error.strerror or str(error)) from error


def _joined(join: Join, spool: Spool, row: Mapping[str, Any], faults: list[Violation]) -> Any:
    found = spool.find(key_of(row, list(join.on)))
    faults += [Violation(f"/{join.name}", "source", f"row {each.number}: {each.fault}") for each in found if each.fault]
    read = [read_cells(each.values, join.columns, faults) for each in found if not each.fault]
    if join.many:
        return read
    return read[0] if read else {}
