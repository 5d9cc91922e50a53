"""What an applet has left in a tenant: types, registers, documents, and who links to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kernel.db.unit_of_work import UnitOfWork

# Of those that link, for people to look at.
EXAMPLES_MAX = 5

# One look into the index for each value there is, whatever the number of rows.
_DISTINCT = """
WITH RECURSIVE found AS (
    (SELECT {column} AS name FROM {{t}}.{table} ORDER BY {column} LIMIT 1)
    UNION ALL
    SELECT (SELECT n.{column} FROM {{t}}.{table} n WHERE n.{column} > found.name ORDER BY n.{column} LIMIT 1)
      FROM found WHERE found.name IS NOT NULL
)
SELECT name FROM found WHERE starts_with(name, %s || '.') ORDER BY name
"""
_TYPES = _DISTINCT.format(column="type", table="documents")
_REGISTERS = _DISTINCT.format(column="register", table="movements")
_TOTALLED = _DISTINCT.format(column="register", table="totals")

_LINKED = """
SELECT f.type, d.type, count(*), (array_agg(f.id::text ORDER BY f.id))[:%(examples)s]
  FROM {t}.documents d JOIN {t}.links l ON l.to_id = d.id JOIN {t}.documents f ON f.id = l.from_id
 WHERE d.type = ANY(%(types)s) AND f.type <> ALL(%(types)s) AND f.deleted_at IS NULL
 GROUP BY f.type, d.type ORDER BY f.type, d.type
"""
_COUNT_LINKED = """
SELECT count(DISTINCT d.id)
  FROM {t}.documents d JOIN {t}.links l ON l.to_id = d.id JOIN {t}.documents f ON f.id = l.from_id
 WHERE d.type = ANY(%s) AND f.type <> ALL(%s)
"""
_DOCUMENTS = "SELECT type, count(*) FROM {t}.documents WHERE type = ANY(%s) GROUP BY type ORDER BY type"
_WAITING = "SELECT count(*) FROM {t}.deliveries WHERE starts_with(subscriber, %s || ':')"


class Linking(NamedTuple):
    """So many links from documents of one type to documents of another. examples: ids of the first that link."""

    from_type: str
    to_type: str
    links: int
    examples: Sequence[str]

    @property
    def applet(self) -> str:
        """Whose documents they are that link."""
        return self.from_type.partition(".")[0]


def types_of(uow: UnitOfWork, applet: str) -> list[str]:
    """Types of which documents of the applet are stored, those of earlier versions among them."""
    return [row[0] for row in uow.execute(_TYPES, [applet])]


def registers_of(uow: UnitOfWork, applet: str) -> list[str]:
    """Registers of the applet that have movements or totals."""
    return sorted({row[0] for sql in (_REGISTERS, _TOTALLED) for row in uow.execute(sql, [applet])})


def find_linking(uow: UnitOfWork, types: Sequence[str]) -> list[Linking]:
    """Who links to documents of these types from outside of them, archived or not; what is in the bin links to none."""
    if not types:
        return []
    return [Linking(*row) for row in uow.execute(_LINKED, {"types": list(types), "examples": EXAMPLES_MAX})]


def count_linked(uow: UnitOfWork, types: Sequence[str]) -> int:
    """How many documents of these types others link to."""
    row = uow.execute(_COUNT_LINKED, [list(types), list(types)]).fetchone() if types else None
    return int(row[0]) if row else 0


def count_documents(uow: UnitOfWork, types: Sequence[str]) -> Mapping[str, int]:
    """How many documents there are of each type, deleted ones too."""
    return dict(uow.execute(_DOCUMENTS, [list(types)]).fetchall()) if types else {}


def count_waiting(uow: UnitOfWork, applet: str) -> int:
    """Events the applet has not heard of yet."""
    row = uow.execute(_WAITING, [applet]).fetchone()
    return int(row[0]) if row else 0
