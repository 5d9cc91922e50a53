"""Documents that are going to be asked for one by one, read together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kernel.db.unit_of_work import UnitOfWork
from kernel.documents.rows import Row, read_rows


@dataclass
class Ahead:
    """What the deliveries of one transaction are about. Nothing is read before the first of it is asked for.

    What was read counts for nothing as soon as the transaction has changed or locked something.
    """

    ids: Sequence[str]
    _rows: Mapping[str, Row] | None = field(default=None, repr=False)
    _effects: int = 0

    def row(self, uow: UnitOfWork, id: str) -> Row | None:
        """The row of a document that is not deleted; None where the database must be asked."""
        if id not in self.ids or len(self.ids) == 1:
            return None
        if self._rows is None:
            self._rows, self._effects = {row.id: row for row in read_rows(uow, self.ids)}, uow.effects
        return self._rows.get(id) if self._effects == uow.effects else None
