"""Up to which position the event log can no longer change: everything there is committed, or never will be.

Positions are given out in order, but transactions commit in any order. Whoever adds an event holds a lock on the table
from before it has its position until its commit is visible; so once all that held it when a position was the last
have ended, nothing can appear at or before it. Asked per tenant: a long transaction elsewhere stalls nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

# The snapshot is taken before the locks are read: who ended between the two is seen by the next statement.
_LOOK = """
SELECT (SELECT coalesce(max(position), 0) FROM "{schema}".events),
       ARRAY(SELECT l.virtualtransaction FROM pg_catalog.pg_locks l
              WHERE l.locktype = 'relation' AND l.relation = '"{schema}".events'::pg_catalog.regclass
                AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
                AND l.mode = 'RowExclusiveLock' AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid())
"""

# Runs one statement and gives its cursor; the transaction must be READ COMMITTED.
Execute = Callable[[str], Any]


class Mark(NamedTuple):
    """A position that was the last one, and who was writing then."""

    position: int
    writers: frozenset[str]


@dataclass
class Horizon:
    """Of one tenant; it remembers between two looks. Two looks at least while somebody is writing all the time."""

    schema: str
    decided: int = 0
    _mark: Mark | None = field(default=None, repr=False)

    @property
    def is_settled(self) -> bool:
        """Whether the last look has seen nobody writing any more of whom an event may still come."""
        return self._mark is None

    def look(self, execute: Execute) -> int:
        """The last position up to which nothing can change any more."""
        last, holders = execute(_LOOK.format(schema=self.schema)).fetchone()
        writers = frozenset(holders)
        if self._mark is not None and not self._mark.writers & writers:
            self._decide(self._mark.position)
            self._mark = None
        if not writers:
            self._decide(last)
            self._mark = None
        elif self._mark is None and last > self.decided:
            self._mark = Mark(last, writers)
        return self.decided

    def _decide(self, position: int) -> None:
        self.decided = max(self.decided, position)
